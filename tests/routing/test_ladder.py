"""From single offers to the admins (rules.md, section 4), and what is always true of it."""

from __future__ import annotations

import pytest

from routing.assignment import Queue
from routing.ladder import (
    FRESH,
    Ladder,
    declined,
    expired,
    first_told,
    kept,
    next_step,
    offered,
    reminded,
    takes_break,
    withdrawn,
)
from routing.times import MINUTE
from tests.routing.made import MOSCOW, NOON, at, weekdays

QUEUE = Queue(id="q", order=("a", "b"), heads=("olga",), deputies=("dina",), admins=("root",))


def test_a_fresh_lead_is_to_be_offered() -> None:
    assert next_step(FRESH, QUEUE, NOON).kind == "offer"


def test_an_open_offer_is_waited_for_until_it_expires() -> None:
    ladder = offered(FRESH, ("a",), NOON + MINUTE, everyone=False)
    assert (next_step(ladder, QUEUE, NOON).kind, next_step(ladder, QUEUE, NOON).at) == (
        "wait",
        NOON + MINUTE,
    )
    assert next_step(ladder, QUEUE, NOON + MINUTE).kind == "expire"


def test_a_single_decline_goes_on_to_the_next() -> None:
    ladder = declined(offered(FRESH, ("a",), NOON + MINUTE, everyone=False), "a")
    assert (ladder.open, ladder.declined, ladder.singles) == ((), ("a",), 1)
    assert next_step(ladder, QUEUE, NOON).kind == "offer"


def test_one_decline_of_many_leaves_the_offer_to_the_others() -> None:
    ladder = declined(offered(FRESH, ("a", "b"), NOON + MINUTE, everyone=True), "a")
    assert (ladder.open, ladder.expires_at) == (("b",), NOON + MINUTE)
    assert declined(ladder, "b").expires_at is None


def test_an_expired_offer_is_remembered_with_its_last_time() -> None:
    once = expired(offered(FRESH, ("a",), NOON, everyone=False), NOON)
    twice = expired(offered(once, ("a", "b"), NOON, everyone=True), NOON + MINUTE)
    assert once.expired == (("a", NOON),)
    assert twice.expired == (("a", NOON + MINUTE), ("b", NOON + MINUTE))


def test_a_withdrawn_offer_is_nobodys_fault() -> None:
    ladder = withdrawn(offered(FRESH, ("a",), NOON, everyone=False))
    assert (ladder.open, ladder.expired, ladder.declined) == ((), (), ())


@pytest.mark.parametrize(
    ("minutes", "reminders", "kind", "told"),
    [
        (14, 0, "wait", ()),
        (15, 0, "remind", ("olga",)),
        (29, 1, "wait", ()),
        (30, 1, "remind", ("olga", "dina")),
        (45, 2, "remind", ("olga", "dina", "root")),
        (60, 3, "remind", ("olga", "dina", "root")),
    ],
)
def test_the_head_is_reminded_then_the_deputy_then_the_admins(
    minutes: int, reminders: int, kind: str, told: tuple[str, ...]
) -> None:
    ladder = kept(FRESH, NOON)
    for _ in range(reminders):
        ladder = reminded(ladder)
    step = next_step(ladder, QUEUE, NOON + minutes * MINUTE)
    assert (step.kind, step.tell) == (kind, told)
    assert step.at == NOON + 15 * (reminders + 1) * MINUTE


def test_reminders_stand_still_over_the_weekend() -> None:
    queue = Queue(id="q", order=(), heads=("olga",), hours=weekdays())
    friday = at("2026-03-06T17:50", MOSCOW)
    assert next_step(kept(FRESH, friday), queue, friday).at == at("2026-03-09T09:05", MOSCOW)


def test_a_head_who_keeps_a_lead_keeps_it_since_the_first_time() -> None:
    assert kept(kept(FRESH, NOON), NOON + MINUTE).kept_since == NOON


def test_an_offer_ends_the_keeping() -> None:
    assert offered(reminded(kept(FRESH, NOON)), ("a",), NOON, everyone=False).kept_since is None


def test_somebody_is_always_told() -> None:
    assert first_told(QUEUE) == ("olga",)
    lonely = Queue(id="q", order=(), admins=("root",))
    assert first_told(lonely) == ("root",)
    assert next_step(kept(FRESH, NOON), lonely, NOON + 15 * MINUTE).tell == ("root",)


def test_two_expired_offers_in_a_row_are_a_break() -> None:
    assert not takes_break(1)
    assert takes_break(2)


@pytest.mark.parametrize(
    "ladder",
    [
        FRESH,
        Ladder(singles=2, declined=("a",), expired=(("b", NOON),)),
        Ladder(singles=3, everyone=True, open=("a", "b"), expires_at=NOON),
        Ladder(everyone=True, kept_since=NOON, reminders=3),
    ],
)
def test_a_ladder_survives_json(ladder: Ladder) -> None:
    assert Ladder.from_json(ladder.to_json()) == ladder
