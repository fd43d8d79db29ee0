"""Targets are counted in working time: the warning, the breach and each step above it, exactly."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.pipelines import Planned, Present, decent_hour, stale
from routing.schedule import (
    Schedule,
    add_working,
    before_working,
    closed_since,
    in_force,
    is_working,
    noon_after,
    working_between,
)
from routing.supervision import step_of, warn_at
from routing.times import HOUR, MINUTE, SECOND

NINE_TO_SIX = (540, 1080)
MOSCOW = Schedule(zone="Europe/Moscow", week=((NINE_TO_SIX,),) * 5 + ((), ()))


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


@pytest.mark.parametrize(
    ("now", "step"),
    [
        ("2026-11-27 14:54:59", 0),  # Friday, 17:54:59 in Moscow; due at 18:00 with a target of 15 minutes
        ("2026-11-27 14:55", 1),
        ("2026-11-27 14:59:59", 1),
        ("2026-11-27 15:00", 2),
        ("2026-11-29 12:00", 2),  # the weekend does not count
        ("2026-11-30 06:14:59", 2),
        ("2026-11-30 06:15", 3),
        ("2026-11-30 06:30", 4),
    ],
)
def test_late_answers_go_up_in_working_time(now: str, step: int) -> None:
    due = at("2026-11-27 15:00")
    assert step_of(due, 15 * MINUTE, MOSCOW, at(now)) == step


def test_a_long_target_is_warned_of_half_an_hour_before() -> None:
    due = at("2026-11-30 06:10")  # ten working minutes into Monday
    assert warn_at(due, 4 * HOUR, MOSCOW) == at("2026-11-27 14:40")


def test_the_end_of_the_last_interval_begins_the_closed_period() -> None:
    assert closed_since(MOSCOW, at("2026-11-29 20:00")) == at("2026-11-27 15:00")
    assert closed_since(MOSCOW, at("2026-11-30 06:00")) is None
    holidays = frozenset(date(2027, 1, day).toordinal() for day in range(1, 11))
    newyear = in_force(None, Schedule(zone="Europe/Moscow", week=MOSCOW.week, holidays=holidays))
    assert closed_since(newyear, at("2027-01-08 12:00")) == at("2026-12-31 15:00")


def test_a_person_s_own_hours_keep_the_company_s_holidays_unless_a_shift_is_set_on_one() -> None:
    day = date(2027, 1, 5).toordinal()
    company = Schedule(zone="Europe/Moscow", week=MOSCOW.week, holidays=frozenset({day}))
    own = Schedule(zone="Asia/Yekaterinburg", week=MOSCOW.week)
    assert not is_working(in_force(own, company), at("2027-01-05 06:00"))
    shift = Schedule(zone="Asia/Yekaterinburg", week=MOSCOW.week, dated={day: (NINE_TO_SIX,)})
    assert is_working(in_force(shift, company), at("2027-01-05 06:00"))


def test_noon_of_the_next_working_day() -> None:
    assert noon_after(MOSCOW, at("2026-11-27 15:00")) == at("2026-11-30 09:00")
    late = Schedule(zone="Europe/Moscow", week=((((14 * 60), 20 * 60),),) * 7)
    assert noon_after(late, at("2026-11-27 18:00")) == at("2026-11-28 11:00")


@given(st.integers(0, 10_000), st.integers(1, 20_000))
def test_before_working_is_the_way_back(minute: int, duration: int) -> None:
    now = at("2026-03-25 00:00") + minute * MINUTE
    back = before_working(MOSCOW, now, duration * MINUTE)
    assert back is not None
    assert working_between(MOSCOW, back, now) == duration * MINUTE
    forth = add_working(MOSCOW, back, duration * MINUTE)
    assert forth is not None and forth <= now


@pytest.mark.parametrize(
    ("zone", "moment", "written"),
    [
        ("Europe/Moscow", "2026-11-29 05:59", "2026-11-29 06:00"),
        ("Europe/Moscow", "2026-11-29 06:00", "2026-11-29 06:00"),
        ("Europe/Moscow", "2026-11-29 17:59:59", "2026-11-29 17:59:59"),
        ("Europe/Moscow", "2026-11-29 18:00", "2026-11-30 06:00"),
        ("Europe/Berlin", "2026-03-28 20:00", "2026-03-29 07:00"),  # the clocks go forward in between
    ],
)
def test_a_robot_writes_between_nine_and_nine(zone: str, moment: str, written: str) -> None:
    assert decent_hour(zone, at(moment)) == at(written)


PLANNED = Planned(
    stage_id="s", planned_at=100, premises=frozenset({"deal_open", "on_stage", "client_silent"})
)


@pytest.mark.parametrize(
    ("planned", "present", "reason"),
    [
        (PLANNED, Present(open=True, stage_id="s", last_client_at=99), ""),
        (PLANNED, Present(open=True, stage_id="s", last_client_at=101), "client_silent"),
        (PLANNED, Present(open=False, stage_id="s"), "deal_open"),
        (PLANNED, Present(open=True, stage_id="other"), "on_stage"),
        (
            Planned(stage_id="s", planned_at=1, premises=frozenset({"window_open"})),
            Present(open=True, stage_id="s", window_open=False),
            "window_open",
        ),
        (
            Planned(stage_id="s", planned_at=1, premises=frozenset({"unanswered"})),
            Present(open=True, stage_id="s"),
            "unanswered",
        ),
        (
            Planned(stage_id="s", planned_at=1, due_at=500),
            Present(open=True, stage_id="s", due_at=600),
            "moved",
        ),
        (Planned(stage_id="s", planned_at=1, due_at=500), Present(open=True, stage_id="s"), "moved"),
        (Planned(stage_id="s", planned_at=1, due_at=500), Present(open=True, stage_id="s", due_at=500), ""),
    ],
)
def test_what_was_planned_looks_again_when_it_fires(planned: Planned, present: Present, reason: str) -> None:
    assert stale(planned, present) == reason
