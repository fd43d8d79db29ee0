"""Who takes a new lead (rules.md, section 4): the check table, the strategies, the reasons to wait."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from routing.assignment import Lead, Offer, Queue, Waiting, failures, lead_order, route
from routing.codes import RouteVerdict, Strategy, WaitReason
from routing.ladder import Ladder, declined, expired, kept, offered
from routing.members import Member
from routing.schedule import Shift
from routing.times import HOUR, MINUTE, SECOND, Micros
from tests.routing.made import MOSCOW, NOON, answers_again, at, present, weekdays

LEAD = Lead(id="lead", created_at=NOON, source_id="vk")
OFF = Shift(opens_at=NOON + HOUR, closes_at=NOON + 9 * HOUR)


def queue(*refs: str, strategy: Strategy = "in_order", **more: Any) -> Queue:
    return Queue(id="retail", order=refs or ("anna", "pyotr", "ira"), strategy=strategy, **more)


def offer(lead: Lead, members: list[Member], among: Queue, now: Micros = NOON) -> Offer:
    found = route(lead, members, among, now)
    assert isinstance(found, Offer)
    assert answers_again(found.decision)
    return found


def waiting(lead: Lead, members: list[Member], among: Queue, now: Micros = NOON) -> Waiting:
    found = route(lead, members, among, now)
    assert isinstance(found, Waiting)
    assert answers_again(found.decision)
    return found


@pytest.mark.parametrize(
    ("member", "verdict"),
    [
        (present("stranger"), "not_member"),
        (present("anna", sources=frozenset({"mail"})), "not_on_source"),
        (present("anna", may_own=False), "cannot_own"),
        (present("anna", active=False), "inactive"),
        (present("anna", shift=OFF), "off_hours"),
        (present("anna", shift=None), "off_hours"),
        (present("anna", on_leave=True), "on_leave"),
        (present("anna", presence="off"), "off_shift"),
        (present("anna", presence="break"), "on_break"),
        (present("anna", presence="dnd"), "do_not_disturb"),
        (present("anna", on_call=True), "on_call"),
        (present("anna", push_until=0), "unreachable"),
        (present("anna", open_offers=1), "has_offer"),
        (present("anna", load=10, capacity=10), "at_capacity"),
        (present("anna", load=9.5, capacity=10), "at_capacity"),
        (present("anna", overdue_tasks=1), "overdue_tasks"),
        (present("anna", idle_deals=1), "deals_without_task"),
    ],
)
def test_each_check_that_fails_is_a_reason(member: Member, verdict: RouteVerdict) -> None:
    assert failures(member, LEAD, queue(), NOON) == (verdict,)
    rows = route(LEAD, [member, present("ira")], queue(), NOON).decision.candidates
    assert {row.ref: row.verdict for row in rows} == {"ira": "chosen", member.id: verdict}


@pytest.mark.parametrize(
    "member",
    [
        present("anna"),
        present("anna", push_until=0, seen_at=NOON - 90 * SECOND),
        present("anna", load=9, capacity=10),
        present("anna", load=99, capacity=0),
        present("anna", sources=frozenset({"vk"})),
        present("anna", load=99, lifted={"capacity": NOON + 1}),
        present("anna", overdue_tasks=3, lifted={"discipline": NOON + 1}),
    ],
)
def test_who_passes_every_check(member: Member) -> None:
    assert failures(member, LEAD, queue(), NOON) == ()


def test_a_heartbeat_is_good_for_90_seconds() -> None:
    silent = present("anna", push_until=0, seen_at=NOON - 90 * SECOND - 1)
    assert failures(silent, LEAD, queue(), NOON) == ("unreachable",)


def test_an_override_ends_at_its_time() -> None:
    spent = present("anna", overdue_tasks=1, lifted={"discipline": NOON})
    assert failures(spent, LEAD, queue(), NOON) == ("overdue_tasks",)


def test_every_skill_asked_for_is_needed() -> None:
    lead = replace(LEAD, skills=frozenset({"english", "kitchens"}))
    able = present("pyotr", skills=frozenset({"english", "kitchens", "law"}))
    found = offer(lead, [present("anna", skills=frozenset({"english"})), able], queue())
    assert found.members == ("pyotr",)


@pytest.mark.parametrize(
    ("strategy", "chosen"),
    [
        ("in_order", ("anna",)),
        ("evenly", ("pyotr",)),
        ("least_loaded", ("ira",)),
        ("all_at_once", ("pyotr", "ira", "anna")),
    ],
)
def test_the_strategy_chooses(strategy: Strategy, chosen: tuple[str, ...]) -> None:
    members = [
        present("anna", last_offer_at=NOON - 1, load=2),
        present("pyotr", last_offer_at=NOON - 3, load=4),
        present("ira", last_offer_at=NOON - 2, load=3, weight=2),
    ]
    found = offer(LEAD, members, queue(strategy=strategy))
    assert found.members == chosen
    assert offer(LEAD, members[::-1], queue(strategy=strategy)) == found


def test_ties_go_to_the_oldest_last_offer_then_to_the_id() -> None:
    members = [present("ira", last_offer_at=5), present("anna", last_offer_at=9), present("pyotr")]
    assert offer(LEAD, members, queue(strategy="least_loaded")).members == ("pyotr",)
    twins = [present("pyotr"), present("anna")]
    assert offer(LEAD, twins, queue(strategy="evenly")).members == ("anna",)


def test_a_single_offer_runs_2_minutes_and_one_to_all_3() -> None:
    single = offer(LEAD, [present("anna")], queue())
    assert (single.expires_at, single.everyone) == (NOON + 2 * MINUTE, False)
    everyone = offer(LEAD, [present("anna")], queue(strategy="all_at_once"))
    assert (everyone.expires_at, everyone.everyone) == (NOON + 3 * MINUTE, True)


def test_an_offer_near_closing_time_runs_on_in_the_morning() -> None:
    now = at("2026-03-06T17:59", MOSCOW)
    found = offer(replace(LEAD, created_at=now), [present("anna")], queue(hours=weekdays()), now)
    assert found.expires_at == at("2026-03-09T09:01", MOSCOW)


def test_out_of_hours_waits_for_the_opening() -> None:
    now = at("2026-03-06T19:00", MOSCOW)
    found = waiting(replace(LEAD, created_at=now), [present("anna")], queue(hours=weekdays()), now)
    assert (found.reason, found.until, found.keep) == (
        "out_of_hours",
        at("2026-03-09T09:00", MOSCOW),
        False,
    )


def test_the_clients_own_manager_comes_first() -> None:
    lead = replace(LEAD, managers=("ira", "anna"))
    strategies: tuple[Strategy, ...] = ("in_order", "all_at_once")
    for strategy in strategies:
        found = offer(lead, [present("anna"), present("ira")], queue(strategy=strategy))
        assert (found.members, found.rule, found.everyone) == (("ira",), "sticky", False)


def test_discipline_and_queues_hold_back_nobody_from_their_own_client() -> None:
    lead = replace(LEAD, managers=("boss",))
    found = offer(lead, [present("anna"), present("boss", overdue_tasks=5)], queue())
    assert (found.members, found.rule) == (("boss",), "sticky")
    row = found.decision.candidates[0]
    assert (row.verdict, row.facts["failed"]) == ("chosen", ["not_member", "overdue_tasks"])


@pytest.mark.parametrize(
    "busy",
    [
        present("ira", on_call=True),
        present("ira", open_offers=1),
        present("ira", load=10),
        present("ira", push_until=0),
    ],
)
def test_the_clients_own_manager_on_shift_is_waited_for_10_minutes(busy: Member) -> None:
    lead = replace(LEAD, managers=("ira",))
    found = waiting(lead, [present("anna"), busy], queue())
    assert (found.reason, found.until) == ("sticky", NOON + 10 * MINUTE)
    assert offer(lead, [present("anna"), busy], queue(), NOON + 10 * MINUTE).members == ("anna",)


@pytest.mark.parametrize(
    "away",
    [
        present("ira", shift=OFF),
        present("ira", presence="break"),
        present("ira", on_leave=True),
        present("ira", active=False),
    ],
)
def test_the_clients_own_manager_off_shift_is_not_waited_for(away: Member) -> None:
    lead = replace(LEAD, managers=("ira",))
    assert offer(lead, [present("anna"), away], queue()).members == ("anna",)


def test_a_manager_who_declined_is_not_waited_for() -> None:
    ladder = declined(offered(LEAD.ladder, ("ira",), NOON + 1, everyone=False), "ira")
    lead = replace(LEAD, managers=("ira",), ladder=ladder)
    assert offer(lead, [present("anna"), present("ira")], queue()).members == ("anna",)


def test_if_only_discipline_holds_everybody_back_the_one_with_fewest_violations_gets_it() -> None:
    members = [
        present("anna", overdue_tasks=2, idle_deals=1),
        present("pyotr", idle_deals=2),
        present("ira", presence="break"),
    ]
    found = offer(LEAD, members, queue())
    assert (found.members, found.rule, found.tell_head) == (("pyotr",), "gate_relaxed", True)


def test_discipline_is_not_relaxed_while_somebody_passes() -> None:
    found = offer(LEAD, [present("anna", overdue_tasks=1), present("ira")], queue())
    assert (found.members, found.tell_head) == (("ira",), False)


def test_with_nobody_the_head_is_told_at_once() -> None:
    found = waiting(LEAD, [present("anna", presence="break")], queue())
    assert (found.reason, found.until, found.keep) == ("nobody", None, True)
    kept = replace(LEAD, ladder=Ladder(kept_since=NOON))
    assert not waiting(kept, [], queue()).keep


def test_a_lead_that_waits_for_nobody_goes_to_the_first_who_is_free() -> None:
    kept = replace(LEAD, ladder=Ladder(kept_since=NOON - HOUR))
    assert offer(kept, [present("anna")], queue()).members == ("anna",)


def tried(*refs: str, at: Micros = NOON) -> Ladder:
    ladder = LEAD.ladder
    for ref in refs:
        ladder = expired(offered(ladder, (ref,), at, everyone=False), at)
    return ladder


def test_after_three_single_offers_everybody_else_is_asked_at_once() -> None:
    members = [present(ref) for ref in ("a", "b", "c", "d", "e")]
    lead = replace(LEAD, ladder=tried("a", "b", "c"))
    found = offer(lead, members, queue("a", "b", "c", "d", "e"))
    assert (found.members, found.rule, found.everyone) == (("d", "e"), "everyone", True)


def test_expired_members_are_asked_again_after_30_minutes() -> None:
    lead = replace(LEAD, ladder=tried("anna"))
    members = [present("anna")]
    assert waiting(lead, members, queue(), NOON + 30 * MINUTE - 1).reason == "nobody"
    assert offer(lead, members, queue(), NOON + 30 * MINUTE).members == ("anna",)


def test_an_empty_rung_is_skipped_at_once() -> None:
    lead = replace(LEAD, ladder=tried("a", "b", "c"))
    found = waiting(lead, [present(ref) for ref in "abc"], queue("a", "b", "c"))
    assert (found.reason, found.keep) == ("ladder_end", True)
    ended = replace(lead, ladder=kept(lead.ladder, NOON, ended=True))
    assert waiting(ended, [present("a")], queue("a", "b", "c"), NOON + HOUR).reason == "ladder_end"


def test_after_everybody_the_head_keeps_it_though_somebody_is_free() -> None:
    lead = replace(LEAD, ladder=Ladder(singles=3, everyone=True))
    assert waiting(lead, [present("anna")], queue()).reason == "ladder_end"


@pytest.mark.parametrize(
    ("handed_over", "after", "reason"),
    [
        (None, 0, "being_qualified"),
        (None, 15 * MINUTE - 1, "being_qualified"),
        (None, 15 * MINUTE, None),
        (NOON + MINUTE, MINUTE, None),
    ],
)
def test_where_operators_answer_first_the_lead_waits_to_be_handed_over(
    handed_over: Micros | None, after: Micros, reason: WaitReason | None
) -> None:
    lead = replace(LEAD, handed_over_at=handed_over)
    found = route(lead, [present("anna")], queue(first_answer="operator"), NOON + after)
    assert answers_again(found.decision)
    assert (found.reason if isinstance(found, Waiting) else None) == reason
    if isinstance(found, Waiting):
        assert found.until == NOON + 15 * MINUTE


def test_waiting_leads_go_by_priority_then_missed_calls_and_todays_forms_then_age() -> None:
    now = at("2026-03-09T09:00", MOSCOW)
    night = at("2026-03-09T01:00", MOSCOW)
    friday = at("2026-03-06T20:00", MOSCOW)
    leads = [
        Lead(id="message", created_at=friday),
        Lead(id="old form", created_at=friday + 1, kind="form"),
        Lead(id="form", created_at=night, kind="form"),
        Lead(id="call", created_at=friday + 2, kind="missed_call"),
        Lead(id="urgent", created_at=night, priority=1),
    ]
    ordered = sorted(leads, key=lambda lead: lead_order(lead, now, MOSCOW))
    assert [lead.id for lead in ordered] == ["urgent", "call", "form", "message", "old form"]


def test_the_record_shows_every_member_with_every_reason() -> None:
    members = [
        present("anna"),
        present("pyotr", overdue_tasks=2, on_call=True),
        present("ira", last_offer_at=1),
    ]
    rows = offer(LEAD, members, queue()).decision.candidates
    assert [(row.ref, row.verdict) for row in rows] == [
        ("anna", "chosen"),
        ("ira", "available"),
        ("pyotr", "on_call"),
    ]
    assert rows[2].facts["failed"] == ["on_call", "overdue_tasks"]
    assert rows[2].facts["overdue_tasks"] == 2
