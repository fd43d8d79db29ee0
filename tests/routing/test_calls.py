"""Calls as projections of facts (rules.md, section 5; telephony.md, sections 5.4 and 13)."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.calls import (
    Call,
    Fact,
    Situation,
    asks_first,
    call_back_due,
    consequences,
    project,
)
from routing.times import HOUR, MINUTE, SECOND
from tests.routing.made import MOSCOW, NOON, at, some, weekdays

CLIENT = "+79161234567"
MUCH_LATER = NOON + HOUR


def fact(key: str, second: int, authority: Any, phase: Any, **more: Any) -> Fact:
    return Fact(
        key=key, at=NOON + second * SECOND, authority=authority, phase=phase, **{"client": CLIENT, **more}
    )


IVR_THEN_ANSWER = (
    fact("1", 0, "leg", "ringing", leg="ivr"),
    fact("2", 1, "leg", "answered", leg="ivr"),
    fact("3", 6, "leg_end", "ended", leg="ivr"),
    fact("4", 7, "leg", "ringing", member="101", leg="a"),
    fact("5", 12, "leg", "answered", member="101", leg="a"),
    fact("6", 90, "leg_end", "ended", member="101", leg="a"),
    fact(
        "7",
        90,
        "summary",
        "ended",
        talk_seconds=78,
        started_at=NOON,
        ended_at=NOON + 90 * SECOND,
        recording="rec",
    ),
)
GROUP_MISSED = (
    fact("1", 0, "leg", "ringing", member="101"),
    fact("2", 0, "leg", "ringing", member="102"),
    fact("3", 20, "leg_end", "ended", member="101"),
    fact("4", 20, "leg_end", "ended", member="102"),
    fact("5", 21, "history", "ended", talk_seconds=0, answered=False),
)
GROUP_ANSWERED = (
    fact("1", 0, "leg", "ringing", member="101"),
    fact("2", 0, "leg", "ringing", member="102"),
    fact("3", 5, "leg_end", "ended", member="101"),
    fact("4", 5, "leg", "answered", member="102"),
    fact("5", 65, "leg_end", "ended", member="102"),
    fact("6", 70, "history", "ended", talk_seconds=60, member="102"),
)
IN_THE_MENU = (
    fact("1", 0, "leg", "ringing", leg="ivr"),
    fact("2", 1, "leg", "answered", leg="ivr"),
    fact("3", 14, "summary", "ended", talk_seconds=0, outcome="1170"),
)
CLICK_TO_CALL_REJECTED = (
    fact("1", 0, "leg", "ringing", direction="out", member="101", leg="a", answered=False),
    fact("2", 3, "leg", "answered", direction="out", member="101", leg="a", answered=False),
    fact("3", 4, "leg", "ringing", direction="out", leg="b"),
    fact("4", 15, "leg_end", "ended", direction="out", leg="b"),
    fact("5", 15, "leg_end", "ended", direction="out", member="101", leg="a"),
    fact("6", 16, "summary", "ended", direction="out", talk_seconds=0),
)
OUT_ANSWERED = (
    fact("1", 0, "leg", "ringing", direction="out", member="101"),
    fact("2", 9, "leg", "answered", direction="out", member="101", answered=True),
    fact("3", 40, "summary", "ended", direction="out", talk_seconds=31, member="101"),
)
TRANSFERRED = (
    fact("1", 0, "leg", "ringing", member="101", leg="a"),
    fact("2", 4, "leg", "answered", member="101", leg="a"),
    fact("3", 30, "leg", "ringing", member="102", leg="b", direction="internal", client=""),
    fact("4", 33, "leg", "answered", member="102", leg="b", direction="internal", client=""),
    fact("5", 40, "leg_end", "ended", member="101", leg="a"),
    fact("6", 80, "leg_end", "ended", member="102", leg="b"),
)
TRACES = (
    IVR_THEN_ANSWER,
    GROUP_MISSED,
    GROUP_ANSWERED,
    IN_THE_MENU,
    CLICK_TO_CALL_REJECTED,
    OUT_ANSWERED,
    TRANSFERRED,
)


def test_a_call_through_the_menu_to_a_person() -> None:
    call = project(IVR_THEN_ANSWER, MUCH_LATER)
    assert (call.state, call.outcome, call.answered_by, call.rang) == ("finished", "talk", "101", ("101",))
    assert (call.wait, call.talk) == (12 * SECOND, 78 * SECOND)
    assert call.recordings == ("rec",)
    assert (call.client, call.direction) == (CLIENT, "in")


def test_a_menu_that_picks_up_answers_nobody() -> None:
    assert project(IVR_THEN_ANSWER[:2], NOON + 2 * SECOND).state == "ringing"
    call = project(IN_THE_MENU, MUCH_LATER)
    assert (call.state, call.outcome, call.wait) == ("missed", "missed", 14 * SECOND)


def test_a_whole_call_that_nobody_answered_still_tells_which_way_it_went() -> None:
    legs = (
        fact("1", 0, "leg", "ringing", member="101"),
        fact("2", 20, "leg_end", "ended", member="101"),
    )
    told = fact("3", 21, "history", "ended", direction="out", answered=False, talk_seconds=0)
    for order in permutations((*legs, told)):
        call = project(order, MUCH_LATER)
        assert (call.direction, call.state, call.outcome) == ("out", "finished", "not_reached")


def test_a_group_that_nobody_answers_is_one_missed_call() -> None:
    call = project(GROUP_MISSED, MUCH_LATER)
    assert (call.state, call.rang, call.answered) == ("missed", ("101", "102"), False)


def test_losing_legs_of_a_group_miss_nothing() -> None:
    for upto in range(1, len(GROUP_ANSWERED) + 1):
        assert project(GROUP_ANSWERED[:upto], NOON + 66 * SECOND).state != "missed"
    assert project(GROUP_ANSWERED, MUCH_LATER).answered_by == "102"


def test_the_end_of_every_leg_ends_a_call_only_after_20_seconds() -> None:
    legs = GROUP_MISSED[:4]
    ringing = project(legs, NOON + 39 * SECOND)
    assert (ringing.state, ringing.settles_at) == ("ringing", NOON + 40 * SECOND)
    settled = project(legs, NOON + 40 * SECOND)
    assert (settled.state, settled.settles_at) == ("missed", None)


def test_a_late_proof_of_an_answer_takes_the_missed_call_back() -> None:
    missed = project(GROUP_MISSED, MUCH_LATER)
    proof = fact("9", 30, "history", "ended", talk_seconds=44, member="102")
    corrected = project((*GROUP_MISSED, proof), MUCH_LATER)
    assert (missed.state, corrected.state, corrected.answered_by) == ("missed", "finished", "102")


def test_an_answer_stays_proved() -> None:
    denial = fact("9", 30, "history", "ended", talk_seconds=0, answered=False)
    assert project((*GROUP_ANSWERED[:5], denial), MUCH_LATER).answered


def test_our_own_leg_of_a_click_to_call_is_no_answer() -> None:
    call = project(CLICK_TO_CALL_REJECTED, MUCH_LATER)
    assert (call.state, call.outcome, call.direction, call.answered) == (
        "finished",
        "not_reached",
        "out",
        False,
    )
    assert call.rang == ()


def test_an_outgoing_call_that_the_client_took() -> None:
    call = project(OUT_ANSWERED, MUCH_LATER)
    assert (call.outcome, call.answered_by, call.talk) == ("talk", "101", 31 * SECOND)


def test_a_transferred_call_keeps_its_client_and_direction() -> None:
    call = project(TRANSFERRED, MUCH_LATER)
    assert (call.direction, call.client, call.answered_by) == ("in", CLIENT, "101")
    assert call.talk == 76 * SECOND


def test_a_recording_that_comes_first_waits_for_its_call() -> None:
    early = replace(IVR_THEN_ANSWER[-1], key="rec", phase="answered", talk_seconds=None, ended_at=None)
    assert project((early,), MUCH_LATER).state == "ringing"
    assert project((early, *IVR_THEN_ANSWER), MUCH_LATER).recordings == ("rec",)


def test_a_blocked_number_is_not_missed() -> None:
    call = project((*IN_THE_MENU[:2], replace(IN_THE_MENU[2], outcome="blocked")), MUCH_LATER)
    assert (call.state, call.outcome) == ("finished", "blocked")


def test_a_call_that_never_ends_is_to_be_looked_up() -> None:
    assert not project(GROUP_MISSED[:2], NOON + 5 * MINUTE).stale
    assert project(GROUP_MISSED[:2], NOON + 5 * MINUTE + 1).stale
    talking = GROUP_ANSWERED[:4]
    assert not project(talking, NOON + 4 * HOUR).stale
    assert project(talking, NOON + 4 * HOUR + 6 * SECOND).stale
    assert not project(GROUP_MISSED, NOON + 9 * HOUR).stale


def test_a_call_without_facts_is_none() -> None:
    with pytest.raises(ValueError, match="without facts"):
        project((), NOON)


@pytest.mark.parametrize("trace", [GROUP_MISSED, IN_THE_MENU, OUT_ANSWERED])
def test_every_order_of_a_trace_gives_the_same_call(trace: tuple[Fact, ...]) -> None:
    whole = project(trace, MUCH_LATER)
    for order in permutations(trace):
        assert project(order, MUCH_LATER) == whole


@some
@given(st.data())
def test_order_and_duplicates_change_nothing(data: st.DataObject) -> None:
    trace = data.draw(st.sampled_from(TRACES))
    shuffled = data.draw(st.permutations(trace))
    doubled = [*shuffled, *data.draw(st.lists(st.sampled_from(trace), max_size=4))]
    assert project(data.draw(st.permutations(doubled)), MUCH_LATER) == project(trace, MUCH_LATER)


facts = st.builds(
    Fact,
    key=st.sampled_from("abcdefgh"),
    at=st.integers(NOON, NOON + 100 * SECOND),
    authority=st.sampled_from(["leg", "leg_end", "summary", "history"]),
    phase=st.sampled_from(["ringing", "answered", "ended"]),
    direction=st.sampled_from(["in", "out", "internal"]),
    client=st.sampled_from(["", CLIENT]),
    member=st.sampled_from(["", "101", "102"]),
    answered=st.sampled_from([None, True, False]),
    talk_seconds=st.sampled_from([None, 0, 7]),
    recording=st.sampled_from(["", "rec"]),
)


@some
@given(st.lists(facts, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_even_nonsense_is_projected_the_same_in_every_order(known: list[Fact], random: Any) -> None:
    whole = project(known, MUCH_LATER)
    turned = [*known, *known]
    random.shuffle(turned)
    assert project(turned, MUCH_LATER) == whole
    assert (whole.state == "missed") is (whole.outcome == "missed")
    assert not (whole.state == "missed" and whole.answered)
    assert whole.talk is None or whole.talk >= 0


@some
@given(st.lists(facts, min_size=2, max_size=8, unique_by=lambda known: known.key))
def test_more_facts_never_take_an_answer_back(known: list[Fact]) -> None:
    answered = False
    for upto in range(1, len(known) + 1):
        call = project(known[:upto], MUCH_LATER)
        assert call.answered or not answered
        answered = call.answered


MISSED = project(GROUP_MISSED, MUCH_LATER)
TALKED = project(GROUP_ANSWERED, MUCH_LATER)
STRANGER = Situation(opens_lead=True)


def test_unknown_and_answered_is_a_lead_of_the_person_who_answered() -> None:
    found = consequences(TALKED, STRANGER)
    assert (found.lead, found.owner, found.call_back) == ("owned", "102", False)


def test_an_operator_who_answered_passes_the_lead_on() -> None:
    found = consequences(TALKED, Situation(opens_lead=True, answerer_may_own=False))
    assert (found.lead, found.owner, found.talked_with) == ("routed", "", "102")


def test_an_answer_by_nobody_knows_whom_is_routed() -> None:
    assert consequences(replace(TALKED, answered_by=""), STRANGER).lead == "routed"


def test_unknown_and_missed_is_a_lead_to_be_routed_with_a_call_back() -> None:
    found = consequences(MISSED, STRANGER)
    assert (found.lead, found.call_back, found.call_back_by) == ("routed", True, "")


def test_known_is_attached() -> None:
    assert consequences(TALKED, Situation()).lead == "attached"
    assert consequences(MISSED, Situation()).lead == "attached"


@pytest.mark.parametrize(
    ("situation", "rang", "by"),
    [
        (Situation(rung="rita", deal_owner="pyotr", responsible="anna"), ("101", "102"), "rita"),
        (Situation(deal_owner="pyotr", responsible="anna"), ("101",), "101"),
        (Situation(deal_owner="pyotr", responsible="anna"), ("101", "102"), "pyotr"),
        (Situation(responsible="anna"), (), "anna"),
        (Situation(), ("101", "102"), ""),
    ],
)
def test_the_call_back_is_for_whoever_was_rung_in_person_then_owner_then_responsible_then_queue(
    situation: Situation, rang: tuple[str, ...], by: str
) -> None:
    found = consequences(replace(MISSED, rang=rang), situation)
    assert (found.call_back, found.call_back_by) == (True, by)


@pytest.mark.parametrize(
    ("call", "situation", "silence"),
    [
        (replace(MISSED, client=""), STRANGER, "hidden"),
        (replace(TALKED, client=""), STRANGER, "hidden"),
        (MISSED, Situation(opens_lead=True, internal=True), "internal"),
        (MISSED, Situation(opens_lead=True, blocked=True), "blocked"),
        (replace(MISSED, state="finished", outcome="blocked"), STRANGER, "blocked"),
        (replace(MISSED, wait=3 * SECOND - 1), STRANGER, "short_ring"),
        (project(GROUP_MISSED[:2], NOON), STRANGER, "not_over"),
    ],
)
def test_hidden_internal_blocked_and_short_rings_make_nothing(
    call: Call, situation: Situation, silence: str
) -> None:
    found = consequences(call, situation)
    assert (found.silence, found.lead, found.call_back) == (silence, "none", False)


def test_a_short_ring_of_a_known_client_is_kept_on_the_deal_without_a_task() -> None:
    found = consequences(replace(MISSED, wait=SECOND), Situation())
    assert (found.lead, found.call_back) == ("attached", False)
    assert consequences(replace(MISSED, wait=3 * SECOND), Situation()).call_back


def test_outgoing_calls_never_make_a_lead() -> None:
    call = project(OUT_ANSWERED, MUCH_LATER)
    assert consequences(call, STRANGER).lead == "none"
    assert consequences(call, Situation()).lead == "attached"


def test_a_call_back_is_due_in_15_working_minutes() -> None:
    missed = at("2026-03-06T17:50", MOSCOW)
    assert call_back_due(weekdays(), missed) == at("2026-03-09T09:05", MOSCOW)


@pytest.mark.parametrize(
    ("clock", "asks"), [("08:59", True), ("09:00", False), ("20:59", False), ("21:00", True)]
)
def test_calling_at_night_asks_first_by_the_clients_clock(clock: str, asks: bool) -> None:
    assert asks_first("Asia/Vladivostok", at(f"2026-03-02T{clock}", "Asia/Vladivostok")) is asks
