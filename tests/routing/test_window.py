"""Rules of the reply window (rules.md, section 1; peers.md, section 5, findings 1, 2, 18 and 19)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.codes import AuthorKind, Reach, Refusal, Tone
from routing.schedule import Schedule
from routing.times import DAY, HOUR, MINUTE, SECOND
from routing.window import (
    COMPANY_RULE,
    HUMAN_AGENT_RULE,
    NO_WINDOW,
    PROVIDER_RULE,
    TEMPLATE_RULE,
    Address,
    ClientAct,
    Content,
    WindowPolicy,
    advance_anchor,
    alerts,
    closes_at,
    fallbacks,
    gone_at,
    not_before,
    opens_window,
    reply_window,
    tone,
)
from tests.routing.made import BERLIN, MOSCOW, NOON, at, some, weekdays


def test_window_is_open_until_the_last_moment_and_shut_at_it() -> None:
    assert reply_window(COMPANY_RULE, NOON, NOON).allow
    assert reply_window(COMPANY_RULE, NOON, NOON + 24 * HOUR - 1).allow
    shut = reply_window(COMPANY_RULE, NOON, NOON + 24 * HOUR)
    assert (shut.phase, shut.allow, shut.refusal) == ("closed", False, "window_closed")
    assert shut.closes_at == NOON + 24 * HOUR


def test_a_providers_window_closes_30_seconds_early() -> None:
    assert reply_window(PROVIDER_RULE, NOON, NOON + 24 * HOUR - 30 * SECOND - 1).allow
    assert not reply_window(PROVIDER_RULE, NOON, NOON + 24 * HOUR - 30 * SECOND).allow


def test_the_anchor_belongs_to_the_address_so_a_new_conversation_closes_nothing() -> None:
    address = Address(ref="tg", policy=COMPANY_RULE, last_client_at=NOON - 2 * HOUR)
    assert reply_window(address.policy, address.last_client_at, NOON).phase == "open"


def test_a_delayed_webhook_does_not_lengthen_the_window() -> None:
    said, received = at("2026-03-01T10:00"), at("2026-03-01T14:00")
    anchor = advance_anchor(None, said, received)
    assert closes_at(COMPANY_RULE, anchor, received) == at("2026-03-02T10:00")


def test_a_providers_clock_ahead_of_ours_does_not_lengthen_the_window() -> None:
    assert advance_anchor(None, NOON + HOUR, NOON) == NOON


def test_without_a_providers_time_our_receipt_counts() -> None:
    assert advance_anchor(None, None, NOON) == NOON


def test_an_older_message_that_arrives_late_moves_nothing() -> None:
    assert advance_anchor(NOON, NOON - HOUR, NOON + MINUTE) == NOON


@some
@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1))
def test_the_anchor_is_the_same_in_every_order_and_never_after_any_receipt(
    times: list[tuple[int, int]],
) -> None:
    anchors = []
    for order in (times, sorted(times), times[::-1]):
        anchor: int | None = None
        for said, received in order:
            moved = advance_anchor(anchor, said, received)
            assert anchor is None or moved >= anchor
            anchor = moved
        anchors.append(anchor)
    assert len(set(anchors)) == 1
    assert anchors[0] == max(min(pair) for pair in times)


def test_a_night_with_a_clock_change_still_has_24_hours() -> None:
    said = at("2026-03-28T20:00", BERLIN)
    assert closes_at(COMPANY_RULE, said, said) == at("2026-03-29T21:00", BERLIN)


@pytest.mark.parametrize(
    ("act", "opens"),
    [
        ("message", True),
        ("button", True),
        ("start", True),
        ("allow", True),
        ("contact_card", True),
        ("edit", False),
        ("deletion", False),
        ("reaction", False),
        ("vote", False),
        ("join", False),
        ("leave", False),
        ("read", False),
        ("automatic", False),
    ],
)
def test_only_what_the_client_says_opens_a_window(act: ClientAct, opens: bool) -> None:
    assert opens_window(act) is opens


@pytest.mark.parametrize(
    ("after", "content", "author", "refusal"),
    [
        (HOUR, Content(purpose="promotion", links=True), "robot", None),
        (25 * HOUR, Content(), "person", None),
        (25 * HOUR, Content(), "robot", "by_hand_only"),
        (25 * HOUR, Content(), "system", "by_hand_only"),
        (25 * HOUR, Content(links=True), "person", "no_links"),
        (25 * HOUR, Content(purpose="promotion"), "person", "no_promotion"),
        (7 * DAY - 30 * SECOND - 1, Content(), "person", None),
        (7 * DAY - 30 * SECOND, Content(), "person", "window_closed"),
    ],
)
def test_after_the_first_day_instagram_takes_only_what_a_person_writes_without_links(
    after: int, content: Content, author: AuthorKind, refusal: Refusal | None
) -> None:
    window = reply_window(HUMAN_AGENT_RULE, NOON, NOON + after, content, author)
    assert (window.refusal, window.allow) == (refusal, refusal is None)


def test_a_limited_window_says_how_a_message_must_be() -> None:
    window = reply_window(HUMAN_AGENT_RULE, NOON, NOON + 25 * HOUR)
    assert window.phase == "limited"
    assert window.limits == ("by_hand", "no_links", "no_promotion")
    assert window.closes_at == NOON + 7 * DAY - 30 * SECOND


def test_a_closed_whatsapp_window_takes_an_approved_template_and_nothing_else() -> None:
    late = NOON + 2 * DAY
    assert reply_window(TEMPLATE_RULE, NOON, late, Content(template=True)).allow
    refused = reply_window(TEMPLATE_RULE, NOON, late)
    assert (refused.allow, refused.template, refused.overridable) == (False, True, False)


def test_a_template_may_be_the_first_word_where_the_network_has_templates() -> None:
    assert reply_window(TEMPLATE_RULE, None, NOON, Content(template=True)).allow
    assert not reply_window(COMPANY_RULE, None, NOON, Content(template=True)).allow


def test_a_bot_cannot_write_first() -> None:
    window = reply_window(COMPANY_RULE, None, NOON)
    assert (window.phase, window.refusal, window.closes_at) == ("never_opened", "never_opened", None)
    assert not window.overridable


def test_mail_and_telephone_have_no_window() -> None:
    for anchor in (None, NOON - 400 * DAY):
        window = reply_window(NO_WINDOW, anchor, NOON)
        assert (window.phase, window.allow, window.closes_at, window.enforcement) == (
            "none",
            True,
            None,
            "off",
        )


@pytest.mark.parametrize(
    "reach", ["blocked_by_client", "no_permission_at_provider", "source_down", "no_address", "address_dead"]
)
def test_an_unreachable_address_is_refused_whatever_its_window(reach: Reach) -> None:
    for policy in (NO_WINDOW, COMPANY_RULE):
        window = reply_window(policy, NOON, NOON, reach=reach)
        assert (window.phase, window.allow, window.refusal) == ("unreachable", False, reach)


def test_the_companys_own_rule_can_be_overridden_by_a_person_only() -> None:
    assert reply_window(COMPANY_RULE, NOON, NOON + DAY, author_kind="person").overridable
    assert not reply_window(COMPANY_RULE, NOON, NOON + DAY, author_kind="robot").overridable
    assert not reply_window(PROVIDER_RULE, NOON, NOON + DAY, author_kind="person").overridable


def test_a_warning_lets_a_person_write_but_no_robot() -> None:
    warn = WindowPolicy(phases=COMPANY_RULE.phases, enforcement="warn", writes_first=False)
    window = reply_window(warn, NOON, NOON + DAY)
    assert (window.allow, window.refusal, window.enforcement) == (True, "window_closed", "warn")
    assert not reply_window(warn, NOON, NOON + DAY, author_kind="robot").allow


def test_enforcement_off_lets_everything_pass() -> None:
    off = WindowPolicy(phases=COMPANY_RULE.phases, enforcement="off", writes_first=False)
    window = reply_window(off, NOON, NOON + 9 * DAY, author_kind="robot")
    assert (window.allow, window.refusal) == (True, None)


def test_a_policy_survives_json() -> None:
    for policy in (NO_WINDOW, COMPANY_RULE, PROVIDER_RULE, HUMAN_AGENT_RULE, TEMPLATE_RULE):
        assert WindowPolicy.from_json(policy.to_json()) == policy


@pytest.mark.parametrize(
    ("left", "held"),
    [
        (None, 5 * SECOND),
        (HOUR, 5 * SECOND),
        (15 * SECOND, 5 * SECOND),
        (14 * SECOND, 4 * SECOND),
        (10 * SECOND, 0),
        (3 * SECOND, 0),
        (-HOUR, 0),
    ],
)
def test_the_undo_hold_shrinks_before_the_closing_and_never_reaches_back(left: int | None, held: int) -> None:
    assert not_before(NOON, None if left is None else NOON + left) == NOON + held


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (6 * HOUR + 1, "calm"),
        (6 * HOUR, "soon"),
        (HOUR + 1, "soon"),
        (HOUR, "near"),
        (10 * MINUTE + 1, "near"),
        (10 * MINUTE, "last"),
        (1, "last"),
        (0, "closed"),
        (-1, "closed"),
    ],
)
def test_the_countdown_changes_colour_at_6_h_1_h_and_10_min(left: int, expected: Tone) -> None:
    assert tone(NOON + left, NOON) == expected


def test_no_window_has_no_colour() -> None:
    assert tone(None, NOON) == "none"


def test_nothing_more_can_be_sent_from_the_end_of_the_last_phase() -> None:
    assert gone_at(COMPANY_RULE, NOON) == NOON + DAY
    assert gone_at(HUMAN_AGENT_RULE, NOON) == NOON + 7 * DAY - 30 * SECOND
    for policy in (NO_WINDOW, TEMPLATE_RULE, WindowPolicy(phases=COMPANY_RULE.phases, enforcement="warn")):
        assert gone_at(policy, NOON) is None
    assert gone_at(COMPANY_RULE, None) is None


def test_closing_in_working_time_warns_2_h_and_30_min_before() -> None:
    anchor = at("2026-03-02T15:00", MOSCOW)
    assert alerts(anchor, anchor + DAY, weekdays()) == (
        (at("2026-03-03T13:00", MOSCOW), "closes_in_2h"),
        (at("2026-03-03T14:30", MOSCOW), "closes_in_30m"),
    )


def test_closing_at_night_has_its_last_call_an_hour_before_the_days_end() -> None:
    anchor = at("2026-03-02T21:00", MOSCOW)
    assert alerts(anchor, anchor + DAY, weekdays()) == ((at("2026-03-03T17:00", MOSCOW), "last_call"),)


def test_the_last_call_of_a_friday_message_is_on_friday() -> None:
    anchor = at("2026-03-06T17:30", MOSCOW)
    assert alerts(anchor, anchor + DAY, weekdays()) == ((at("2026-03-06T17:30", MOSCOW), "last_call"),)


def test_a_window_without_working_time_warns_nobody() -> None:
    anchor = at("2026-03-07T10:00", MOSCOW)
    assert alerts(anchor, anchor + DAY, weekdays()) == ()
    assert alerts(anchor, anchor + DAY, Schedule()) == ()


def fallback_refs(*addresses: Address, template: bool = False) -> list[tuple[str, str]]:
    return [(way.kind, way.ref) for way in fallbacks(addresses, NOON, template=template, refused="tg")]


def test_fallbacks_come_in_the_order_of_the_clients_last_use() -> None:
    assert fallback_refs(
        Address(ref="tg", policy=COMPANY_RULE, last_client_at=NOON - 2 * DAY, used_at=NOON - 2 * DAY),
        Address(ref="mail", policy=NO_WINDOW, used_at=NOON - 9 * DAY),
        Address(ref="vk", policy=COMPANY_RULE, last_client_at=NOON - HOUR, used_at=NOON - HOUR),
        Address(ref="phone", policy=NO_WINDOW, calls=True, used_at=NOON),
        template=True,
    ) == [("address", "vk"), ("address", "mail"), ("template", "tg"), ("call", "phone"), ("wait", "tg")]


@pytest.mark.parametrize(
    "address",
    [
        Address(ref="vk", policy=COMPANY_RULE, last_client_at=NOON - DAY),
        Address(ref="vk", policy=COMPANY_RULE),
        Address(ref="vk", policy=NO_WINDOW, reach="blocked_by_client"),
        Address(ref="vk", policy=NO_WINDOW, consent=False),
        Address(ref="vk", policy=NO_WINDOW, verified=False),
        Address(ref="vk", policy=NO_WINDOW, calls=True, reach="no_address"),
    ],
)
def test_a_fallback_that_may_not_be_used_is_not_offered(address: Address) -> None:
    assert fallback_refs(address) == [("wait", "tg")]


def test_a_fallback_says_when_its_own_window_closes() -> None:
    vk = Address(ref="vk", policy=COMPANY_RULE, last_client_at=NOON - HOUR)
    assert fallbacks([vk], NOON)[0].closes_at == NOON + 23 * HOUR
