"""What is missing is asked before a move; what was planned looks again at its reason when it fires."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.pipelines import (
    Attempt,
    Attempts,
    Planned,
    Premise,
    Present,
    Stage,
    Standing,
    count_attempts,
    filled,
    may_move,
    stale,
)
from routing.recurrence import Every, next_due
from routing.times import DAY, HOUR, MINUTE, SECOND

LEAD = Stage(id="lead", kind="lead", required=("requirements", "name"))
OFFER = Stage(id="offer", kind="open", required=("amount",))
WON = Stage(id="won", kind="won")
LOST = Stage(id="lost", kind="lost", comment=True)
SILENT = Stage(id="silent", kind="lost", attempts=True)
ENOUGH = Attempts(counted=(), days=2, channels=2, missing=())
FEW = Attempts(counted=(), days=1, channels=1, missing=("attempts",))


@pytest.mark.parametrize(
    ("start", "to", "standing", "obstacle", "missing"),
    [
        (LEAD, OFFER, Standing(), "fields", ("requirements", "name")),
        (LEAD, OFFER, Standing(filled=frozenset({"name"})), "fields", ("requirements",)),
        (LEAD, OFFER, Standing(filled=frozenset({"name", "requirements"})), None, ()),
        (OFFER, LEAD, Standing(), "fields", ("amount",)),
        (OFFER, LOST, Standing(), "comment", ("comment",)),
        (OFFER, LOST, Standing(comment="  "), "comment", ("comment",)),
        (OFFER, LOST, Standing(comment="dear"), None, ()),
        (OFFER, SILENT, Standing(), "attempts", ()),
        (OFFER, SILENT, Standing(attempts=FEW), "attempts", ()),
        (OFFER, SILENT, Standing(attempts=ENOUGH), "approval", ()),
        (OFFER, SILENT, Standing(attempts=ENOUGH, approved=True), None, ()),
        (WON, LOST, Standing(open=False, comment="x"), "closed", ()),
        (WON, OFFER, Standing(open=False), None, ()),
        (OFFER, Stage(id="m", kind="merged"), Standing(), "not_a_stage", ()),
        (OFFER, Stage(id="x", kind="open", pipeline_id="other"), Standing(), "other_pipeline", ()),
    ],
)
def test_a_move_asks_for_what_is_missing_before_it_happens(
    start: Stage, to: Stage, standing: Standing, obstacle: str | None, missing: tuple[str, ...]
) -> None:
    found = may_move(start, to, standing)
    assert (found.obstacle, found.missing) == (obstacle, missing)
    assert found.allowed == (obstacle is None)


def test_empty_and_blank_values_fill_nothing() -> None:
    assert filled({"a": "", "b": "  ", "c": None, "d": 0, "e": "x", "f": []}) == {"d", "e"}


def at(hours: float, channel: str = "call") -> Attempt:
    return Attempt(at=int(hours * HOUR), channel=channel)


@pytest.mark.parametrize(
    ("tries", "since", "reachable", "counted", "missing"),
    [
        ([], 0, 2, 0, ("attempts", "days", "channels")),
        ([at(1), at(2), at(30)], 0, 1, 2, ("attempts",)),
        ([at(1), at(3), at(30)], 0, 1, 3, ()),
        ([at(1), at(3), at(30)], 0, 2, 3, ("channels",)),
        ([at(1), at(3, "chat"), at(30)], 0, 2, 3, ()),
        ([at(1), at(3, "chat"), at(5)], 0, 2, 3, ("days",)),
        ([at(1), at(3, "chat"), at(30)], 2 * HOUR, 2, 2, ("attempts",)),
    ],
)
def test_attempts_count_when_apart_on_two_days_and_two_channels_since_the_last_sign_of_life(
    tries: list[Attempt], since: int, reachable: int, counted: int, missing: tuple[str, ...]
) -> None:
    found = count_attempts(tries, since, reachable, "UTC")
    assert (len(found.counted), found.missing) == (counted, missing)


@given(st.lists(st.builds(Attempt, at=st.integers(0, 10 * DAY), channel=st.sampled_from(["a", "b"]))))
def test_no_order_of_tries_matters_and_counted_ones_are_apart(tries: list[Attempt]) -> None:
    found = count_attempts(tries, 0, 2, "Europe/Moscow")
    assert found == count_attempts(tries[::-1], 0, 2, "Europe/Moscow")
    times = [one.at for one in found.counted]
    assert all(later - earlier >= 2 * HOUR for earlier, later in itertools.pairwise(times))
    assert found.enough == (len(times) >= 3 and found.days >= 2 and found.channels >= 2)


@pytest.mark.parametrize(
    ("premises", "due_at", "now", "why"),
    [
        (("deal_open",), None, Present(open=True, stage_id="other"), ""),
        (("deal_open",), None, Present(open=False, stage_id="s"), "deal_open"),
        (("on_stage",), None, Present(open=True, stage_id="other"), "on_stage"),
        (("on_stage",), None, Present(open=True, stage_id="s"), ""),
        (("unanswered",), None, Present(open=True, stage_id="s"), "unanswered"),
        (("unanswered",), None, Present(open=True, stage_id="s", waiting_since=1), ""),
        (("no_activity",), None, Present(open=True, stage_id="s", last_activity_at=11), "no_activity"),
        (("no_activity",), None, Present(open=True, stage_id="s", last_activity_at=10), ""),
        (("window_open",), None, Present(open=True, stage_id="s", window_open=False), "window_open"),
        (("task_open",), None, Present(open=True, stage_id="s"), "task_open"),
        ((), 50, Present(open=True, stage_id="s", due_at=60), "moved"),
        ((), 50, Present(open=True, stage_id="s"), "moved"),
        ((), 50, Present(open=True, stage_id="s", due_at=50), ""),
    ],
)
def test_an_automatic_act_looks_again_at_its_reason(
    premises: tuple[Premise, ...], due_at: int | None, now: Present, why: str
) -> None:
    planned = Planned(stage_id="s", planned_at=10, premises=frozenset(premises), due_at=due_at)
    assert stale(planned, now) == why


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp()) * SECOND


@pytest.mark.parametrize(
    ("due", "every", "after", "expected"),
    [
        ("2026-03-06T10:00+03:00", "day", "2026-03-06T12:00+03:00", "2026-03-07T10:00+03:00"),
        ("2026-03-06T10:00+03:00", "workday", "2026-03-06T12:00+03:00", "2026-03-09T10:00+03:00"),
        ("2026-03-06T10:00+03:00", "week", "2026-03-30T12:00+03:00", "2026-04-03T10:00+03:00"),
        ("2026-01-31T10:00+03:00", "month", "2026-01-31T10:00+03:00", "2026-02-28T10:00+03:00"),
        ("2026-01-31T10:00+03:00", "month", "2026-03-01T10:00+03:00", "2026-03-31T10:00+03:00"),
        ("2028-02-29T10:00+03:00", "year", "2028-03-01T10:00+03:00", "2029-02-28T10:00+03:00"),
    ],
)
def test_a_task_comes_again_at_the_same_time_of_day(
    due: str, every: Every, after: str, expected: str
) -> None:
    assert next_due(moment(due), every, "Europe/Moscow", moment(after)) == moment(expected)


def test_the_wall_clock_stays_over_a_change_of_clocks() -> None:
    due = moment("2026-03-28T09:00+01:00")
    assert next_due(due, "day", "Europe/Berlin", due + MINUTE) == moment("2026-03-29T09:00+02:00")
