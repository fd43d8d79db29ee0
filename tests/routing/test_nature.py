"""Rules of natures (rules.md, section 0)."""

from __future__ import annotations

from dataclasses import asdict
from typing import get_args

import pytest

from routing.codes import Nature, NatureRule
from routing.nature import MAY, Traits, group_needs_answer, nature_of, nature_of_message


@pytest.mark.parametrize(
    ("traits", "nature", "rule"),
    [
        (Traits(), "client", "client"),
        (Traits(insider=True), "internal", "insider"),
        (Traits(insider=True, as_client=True), "client", "as_client"),
        (Traits(test=True, insider=True), "test", "test"),
        (Traits(automatic=True), "automatic", "automatic"),
        (Traits(group=True, insider=True), "group", "group"),
        (Traits(spam=True, group=True), "spam", "spam"),
        (Traits(imported=True, spam=True), "imported", "imported"),
        (Traits(private_chat=True, in_a_deal=True), "client", "client"),
        (Traits(private_chat=True, owners_mark="personal", in_a_deal=True), "personal", "marked_personal"),
        (Traits(private_chat=True, owners_mark="client"), "client", "marked_client"),
    ],
)
def test_nature_of_a_conversation(traits: Traits, nature: Nature, rule: NatureRule) -> None:
    found = nature_of(traits)
    assert (found.nature, found.rule, found.asked) == (nature, rule, False)


@pytest.mark.parametrize(
    "traits",
    [Traits(private_chat=True), Traits(private_chat=True, in_a_deal=True, owner_wrote_first=True)],
)
def test_a_private_chat_that_may_be_personal_is_asked_about(traits: Traits) -> None:
    found = nature_of(traits)
    assert (found.nature, found.asked) == ("personal", True)


def test_only_a_client_makes_leads_offers_tasks_clocks_reports_and_gets_automatic_replies() -> None:
    assert set(MAY) == set(get_args(Nature))
    for nature, may in MAY.items():
        for effect, allowed in asdict(may).items():
            if effect != "notify":
                assert allowed is (nature == "client"), (nature, effect)


def test_spam_notifies_nobody() -> None:
    assert not MAY["spam"].notify


@pytest.mark.parametrize(
    ("conversation", "own", "nature"),
    [
        ("client", None, "client"),
        ("client", "automatic", "automatic"),
        ("client", "imported", "imported"),
        ("spam", "client", "spam"),
        ("test", "automatic", "test"),
        ("group", "automatic", "automatic"),
    ],
)
def test_a_message_may_override_its_conversation(
    conversation: Nature, own: Nature | None, nature: Nature
) -> None:
    assert nature_of_message(conversation, own) == nature


def test_a_group_is_unanswered_only_when_the_bot_is_addressed_or_a_person_bound_it() -> None:
    assert not group_needs_answer(addressed=False, bound=False)
    assert group_needs_answer(addressed=True, bound=False)
    assert group_needs_answer(addressed=False, bound=True)
