"""Whose turn it is, and the one queue (rules.md, section 6; peers.md, section 5, finding 17)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.codes import Place, SkipReason
from routing.conversations import (
    NEW,
    TARGETS,
    Row,
    Status,
    answer_due,
    answered,
    close,
    deadline,
    heard,
    in_order,
    no_answer_needed,
    rank,
    reopen,
    skip_reason,
    snooze,
    take_next,
    wake,
)
from routing.times import DAY, HOUR, MINUTE, Micros
from tests.routing.made import MOSCOW, NOON, at, some, weekdays


def test_a_clients_message_opens_and_an_answer_passes_the_turn() -> None:
    open_one = heard(NEW, NOON, NOON)
    assert (open_one.state, open_one.waiting_since) == ("open", NOON)
    done = answered(open_one, NOON + MINUTE)
    assert (done.state, done.waiting_since) == ("waiting", None)


def test_the_client_waits_since_the_first_unanswered_message() -> None:
    status = heard(heard(NEW, NOON, NOON), NOON + HOUR, NOON + HOUR)
    assert status.waiting_since == NOON


def test_a_late_older_message_lengthens_the_wait() -> None:
    status = heard(heard(NEW, NOON, NOON), NOON - HOUR, NOON + MINUTE)
    assert status.waiting_since == NOON - HOUR


def test_what_the_answerer_had_before_them_is_answered() -> None:
    done = answered(heard(NEW, NOON, NOON), NOON + MINUTE)
    assert heard(done, NOON, NOON) == done


def test_a_message_said_before_the_answer_but_received_after_it_is_unanswered() -> None:
    done = answered(heard(NEW, NOON, NOON), NOON + MINUTE)
    status = heard(done, NOON + 1, NOON + 2 * MINUTE)
    assert (status.state, status.waiting_since) == ("open", NOON + 1)


def test_an_answer_that_is_learnt_of_late_leaves_newer_messages_open() -> None:
    status = heard(heard(NEW, NOON, NOON), NOON + HOUR, NOON + HOUR)
    status = answered(status, NOON + MINUTE, unanswered_since=NOON + HOUR)
    assert (status.state, status.waiting_since) == ("open", NOON + HOUR)


def test_no_answer_needed_stops_the_clock() -> None:
    assert no_answer_needed(heard(NEW, NOON, NOON), NOON + MINUTE).state == "waiting"


def test_a_snoozed_conversation_comes_back_at_its_time_or_when_the_client_writes() -> None:
    asleep = snooze(answered(heard(NEW, NOON, NOON), NOON + 1), NOON + DAY)
    assert wake(asleep, NOON + DAY - 1) == asleep
    woken = wake(asleep, NOON + DAY)
    assert (woken.state, woken.waiting_since, woken.snoozed_until) == ("open", NOON + DAY, None)
    written = heard(asleep, NOON + HOUR, NOON + HOUR)
    assert (written.state, written.waiting_since, written.snoozed_until) == ("open", NOON + HOUR, None)


def test_an_unanswered_conversation_keeps_its_clock_through_a_snooze() -> None:
    asleep = snooze(heard(NEW, NOON, NOON), NOON + DAY)
    assert wake(asleep, NOON + DAY).waiting_since == NOON


def test_closing_stops_the_clock_and_a_new_message_opens_again() -> None:
    shut = close(heard(NEW, NOON, NOON), NOON + HOUR)
    assert (shut.state, shut.waiting_since) == ("closed", None)
    assert heard(shut, NOON, NOON + MINUTE) == shut
    assert heard(shut, NOON + 2 * HOUR, NOON + 2 * HOUR).state == "open"


def test_an_answer_in_a_closed_conversation_leaves_it_closed() -> None:
    shut = close(NEW, NOON)
    assert answered(shut, NOON + 1).state == "closed"
    assert reopen(shut).state == "waiting"
    assert reopen(heard(NEW, NOON, NOON)).state == "open"


words = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)).map(sorted), max_size=6)


@some
@given(words, st.lists(st.integers(0, 99), max_size=4), st.permutations(range(10)))
def test_the_turn_does_not_depend_on_the_order_in_which_clients_messages_are_processed(
    client: list[list[int]], answers: list[int], shuffle: list[int]
) -> None:
    """Answers are our own and come in their order; clients' messages come in any."""
    last_answer = max(answers, default=0)
    unanswered = [said for said, received in client if received > last_answer]
    for order in (client, [client[index] for index in shuffle if index < len(client)]):
        status = Status()
        for at_ in sorted(answers):
            status = answered(status, at_)
        for said, received in order:
            status = heard(status, said, received)
        assert (status.state == "open") is bool(unanswered)
        assert status.waiting_since == (min(unanswered) if unanswered else None)


def test_targets() -> None:
    assert {kind: target // MINUTE for kind, target in TARGETS.items()} == {
        "messenger": 15,
        "form": 15,
        "missed_call": 15,
        "mail": 240,
    }


def test_an_answer_is_due_in_working_time() -> None:
    written = at("2026-03-06T17:50", MOSCOW)
    assert answer_due(written, TARGETS["messenger"], weekdays()) == at("2026-03-09T09:05", MOSCOW)
    assert answer_due(written) == written + 15 * MINUTE


@pytest.mark.parametrize(
    ("due", "closes", "expected"), [(None, None, None), (5, None, 5), (None, 7, 7), (5, 7, 5), (9, 7, 7)]
)
def test_the_deadline_is_the_earlier_of_target_and_window(
    due: int | None, closes: int | None, expected: int | None
) -> None:
    assert deadline(due, closes) == expected


def row(ref: str = "row", **more: object) -> Row:
    plain = Row(
        id=ref,
        waiting_since=NOON - MINUTE,
        due_at=NOON + 14 * MINUTE,
        closes_at=NOON + 20 * HOUR,
        gone_at=NOON + 20 * HOUR,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "tier", "reason"),
    [
        (row(closes_at=NOON + 30 * MINUTE), 1, "closing"),
        (row(closes_at=NOON + 30 * MINUTE + 1), 2, "target"),
        (row(closes_at=NOON + HOUR, due_at=NOON + 2 * HOUR), 2, "window_end"),
        (row(due_at=NOON), 2, "overdue"),
        (row(due_at=None, closes_at=None, gone_at=None), 2, "target"),
        (row(closes_at=NOON, gone_at=NOON), 3, "call_them"),
        (row(closes_at=NOON - DAY, gone_at=NOON + DAY), 2, "target"),
        (row(closes_at=NOON - DAY, gone_at=NOON + MINUTE), 1, "closing"),
        (row(closes_at=NOON - DAY, gone_at=None), 2, "target"),
        (row(state="waiting"), 4, "rest"),
        (row(state="snoozed"), 4, "rest"),
        (row(state="closed"), 4, "rest"),
    ],
)
def test_each_row_has_a_place_and_a_reason(asked: Row, tier: int, reason: Place) -> None:
    placed = rank(asked, NOON)
    assert (placed.key[0], placed.reason) == (tier, reason)


def test_the_one_queue() -> None:
    rows = [
        row("rest", state="waiting", last_at=NOON),
        row("older rest", state="waiting", last_at=NOON - DAY),
        row("lost", closes_at=NOON - HOUR, gone_at=NOON - HOUR, waiting_since=NOON - 25 * HOUR),
        row("lost lately", closes_at=NOON - 1, gone_at=NOON - 1, waiting_since=NOON - 24 * HOUR),
        row("due later", due_at=NOON + 10 * MINUTE),
        row("due soon", due_at=NOON + MINUTE),
        row("closing", closes_at=NOON + 20 * MINUTE, due_at=NOON + HOUR),
        row("closing first", closes_at=NOON + 5 * MINUTE, due_at=NOON + HOUR),
    ]
    assert [one.id for one in in_order(rows, NOON)] == [
        "closing first",
        "closing",
        "due soon",
        "due later",
        "lost lately",
        "lost",
        "rest",
        "older rest",
    ]


def test_who_waits_longest_is_first_whatever_happened_last() -> None:
    noted = row("noted", waiting_since=NOON - HOUR, due_at=NOON - 45 * MINUTE, last_at=NOON)
    quiet = row("quiet", waiting_since=NOON - MINUTE, due_at=NOON + 14 * MINUTE, last_at=NOON - MINUTE)
    assert [one.id for one in in_order([quiet, noted], NOON)] == ["noted", "quiet"]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (row(), None),
        (row(state="waiting"), "answered"),
        (row(allowed=False), "not_allowed"),
        (row(claimed_by="ira", claimed_until=NOON + 1), "claimed"),
        (row(claimed_by="ira", claimed_until=NOON), None),
        (row(claimed_by="me", claimed_until=NOON + 1), None),
        (row(offered=True), "offered"),
        (row(offered=True, waiting_since=NOON - 5 * MINUTE), None),
        (row(assignee="ira", assignee_on_shift=True), "owned"),
        (row(assignee="ira", assignee_on_shift=True, open_to_queue=True), None),
        (row(assignee="ira"), None),
        (row(assignee="me", assignee_on_shift=True), None),
    ],
)
def test_take_next_skips_what_is_claimed_offered_or_owned(asked: Row, reason: SkipReason | None) -> None:
    assert skip_reason(asked, "me", NOON) == reason


def test_take_next_says_what_it_passed_over() -> None:
    first = row("first", due_at=NOON - 2, claimed_by="ira", claimed_until=NOON + MINUTE)
    second, third = row("second", due_at=NOON - 1), row("third")
    taken = take_next([third, second, first], "me", NOON)
    assert taken.row == second
    assert taken.skipped == (("first", "claimed"),)


def test_take_next_gives_nothing_when_all_is_answered() -> None:
    assert take_next([row(state="waiting")], "me", NOON).row is None


@some
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["", "ira", "me"]), st.booleans(), st.booleans()),
        max_size=6,
    )
)
def test_two_people_never_get_the_same_row(shape: list[tuple[int, str, bool, bool]]) -> None:
    rows = [
        row(str(index), due_at=NOON + due, assignee=who, assignee_on_shift=on, offered=offered)
        for index, (due, who, on, offered) in enumerate(shape)
    ]
    given_out: list[str] = []
    for person in ("me", "ira", "oleg"):
        taken = take_next(rows, person, NOON).row
        if taken is not None:
            given_out.append(taken.id)
            until: Micros = NOON + MINUTE
            rows = [
                replace(one, claimed_by=person, claimed_until=until) if one.id == taken.id else one
                for one in rows
            ]
    assert len(given_out) == len(set(given_out))
