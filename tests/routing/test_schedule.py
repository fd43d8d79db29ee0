"""Working time, over midnight, holidays, leave and clock changes (peers.md, section 5, finding 16)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.schedule import (
    ALWAYS,
    Hours,
    Schedule,
    Shift,
    add_working,
    current_shift,
    in_force,
    is_working,
    local_minute,
    next_opening,
    spans_between,
    working_between,
)
from routing.times import DAY, HOUR, MINUTE, Micros
from tests.routing.made import BERLIN, MOSCOW, NOON, at, few, weekdays


def day(iso: str) -> int:
    return date.fromisoformat(iso).toordinal()


def every_day(*hours: Hours, zone: str = BERLIN) -> Schedule:
    return Schedule(zone=zone, week=(hours,) * 7)


NIGHT = Schedule(zone=MOSCOW, week=((), (), (), (), ((22 * 60, 30 * 60),), (), ()))
"""From Friday 22:00 to Saturday 6:00."""


@pytest.mark.parametrize(
    ("clock", "working"),
    [
        ("2026-03-02T08:59:59", False),
        ("2026-03-02T09:00", True),
        ("2026-03-02T17:59:59", True),
        ("2026-03-02T18:00", False),
        ("2026-03-07T12:00", False),
    ],
)
def test_hours_are_half_open_in_the_persons_own_zone(clock: str, working: bool) -> None:
    assert is_working(weekdays(), at(clock, MOSCOW)) is working


@pytest.mark.parametrize(
    ("clock", "working"),
    [
        ("2026-03-06T21:59", False),
        ("2026-03-06T22:00", True),
        ("2026-03-07T05:59", True),
        ("2026-03-07T06:00", False),
        ("2026-03-06T03:00", False),
    ],
)
def test_a_shift_over_midnight_belongs_to_the_day_it_begins_on(clock: str, working: bool) -> None:
    assert is_working(NIGHT, at(clock, MOSCOW)) is working


def test_a_shift_over_midnight_is_one_shift() -> None:
    assert current_shift(NIGHT, at("2026-03-07T01:00", MOSCOW)) == Shift(
        opens_at=at("2026-03-06T22:00", MOSCOW), closes_at=at("2026-03-07T06:00", MOSCOW)
    )


def test_leave_beats_a_dated_shift_beats_a_holiday_beats_the_week() -> None:
    holiday = day("2026-03-09")
    plain = weekdays(holidays=frozenset({holiday}))
    on_duty = weekdays(holidays=frozenset({holiday}), dated={holiday: ((600, 720),)})
    away = weekdays(dated={holiday: ((600, 720),)}, leave=((day("2026-03-08"), holiday),))
    moment = at("2026-03-09T10:30", MOSCOW)
    assert not is_working(plain, moment)
    assert is_working(on_duty, moment)
    assert not is_working(on_duty, at("2026-03-09T12:30", MOSCOW))
    assert not is_working(away, moment)


def test_a_moved_holiday_is_a_dated_shift_on_a_saturday() -> None:
    moved = weekdays(dated={day("2026-03-07"): ((540, 1080),)}, holidays=frozenset({day("2026-03-09")}))
    assert next_opening(moved, at("2026-03-06T19:00", MOSCOW)) == at("2026-03-07T09:00", MOSCOW)
    assert next_opening(moved, at("2026-03-07T18:00", MOSCOW)) == at("2026-03-10T09:00", MOSCOW)


def test_a_dated_day_off_is_a_day_off() -> None:
    assert not is_working(weekdays(dated={day("2026-03-02"): ()}), at("2026-03-02T12:00", MOSCOW))


def test_no_schedule_is_the_companys_and_none_at_all_is_always() -> None:
    company, own = weekdays(), NIGHT
    assert in_force(own, company) is own
    assert in_force(None, company) is company
    assert in_force(None, None) is ALWAYS
    assert is_working(ALWAYS, NOON)


def test_a_schedule_without_hours_never_opens() -> None:
    empty = Schedule()
    assert current_shift(empty, NOON) is None
    assert next_opening(empty, NOON) is None
    assert add_working(empty, NOON, MINUTE) is None
    assert working_between(empty, NOON, NOON + 9 * DAY) == 0


def test_working_minutes_stand_still_over_the_night_and_the_weekend() -> None:
    missed = at("2026-03-06T17:50", MOSCOW)
    assert add_working(weekdays(), missed, 15 * MINUTE) == at("2026-03-09T09:05", MOSCOW)
    assert add_working(weekdays(), missed, 10 * MINUTE) == at("2026-03-06T18:00", MOSCOW)
    assert add_working(weekdays(), at("2026-03-07T12:00", MOSCOW), 0) == at("2026-03-09T09:00", MOSCOW)


def test_a_call_missed_on_friday_evening_and_called_back_on_monday_took_ten_working_minutes() -> None:
    since, until = at("2026-03-06T19:55", MOSCOW), at("2026-03-09T09:10", MOSCOW)
    assert working_between(weekdays(9, 19), since, until) == 10 * MINUTE
    assert until - since == 61 * HOUR + 15 * MINUTE


def test_several_intervals_a_day_leave_the_lunch_out() -> None:
    lunch = Schedule(zone=MOSCOW, week=(((540, 780), (840, 1080)),) * 7)
    morning = at("2026-03-02T12:30", MOSCOW)
    assert add_working(lunch, morning, HOUR) == at("2026-03-02T14:30", MOSCOW)
    assert spans_between(lunch, morning, morning + 2 * HOUR) == (
        (morning, at("2026-03-02T13:00", MOSCOW)),
        (at("2026-03-02T14:00", MOSCOW), morning + 2 * HOUR),
    )


def test_hours_that_meet_at_midnight_are_one_shift() -> None:
    round_the_clock = every_day((0, 1440))
    shift = current_shift(round_the_clock, NOON)
    assert shift is not None
    assert shift.opens_at < NOON - 7 * DAY < NOON + 7 * DAY < shift.closes_at


def test_a_night_shift_loses_an_hour_in_spring_and_gains_one_in_autumn() -> None:
    night = every_day((22 * 60, 30 * 60))
    spring = current_shift(night, at("2026-03-28T23:00", BERLIN))
    autumn = current_shift(night, at("2026-10-24T23:00", BERLIN))
    assert spring is not None
    assert autumn is not None
    assert spring.closes_at - spring.opens_at == 7 * HOUR
    assert autumn.closes_at - autumn.opens_at == 9 * HOUR


def test_the_shop_opens_at_nine_by_the_clock_on_both_sides_of_a_clock_change() -> None:
    shop = every_day((540, 1080))
    assert next_opening(shop, at("2026-03-28T20:00", BERLIN)) == at("2026-03-29T07:00")
    assert next_opening(shop, at("2026-03-27T20:00", BERLIN)) == at("2026-03-28T08:00")


def test_hours_that_the_clock_skips_do_not_exist() -> None:
    skipped = every_day((2 * 60 + 10, 2 * 60 + 50))
    assert spans_between(skipped, at("2026-03-29T00:00", BERLIN), at("2026-03-29T12:00", BERLIN)) == ()
    reaching_out = every_day((2 * 60 + 30, 4 * 60))
    assert spans_between(reaching_out, at("2026-03-29T00:00", BERLIN), at("2026-03-29T12:00", BERLIN)) == (
        (at("2026-03-29T01:00"), at("2026-03-29T02:00")),
    )


def test_hours_that_the_clock_repeats_count_twice() -> None:
    repeated = every_day((2 * 60, 3 * 60))
    assert spans_between(repeated, at("2026-10-25T00:00", BERLIN), at("2026-10-25T12:00", BERLIN)) == (
        (at("2026-10-25T00:00"), at("2026-10-25T02:00")),
    )


def test_zones_at_the_ends_of_the_world() -> None:
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kathmandu"):
        shop = weekdays(zone=zone)
        assert is_working(shop, at("2026-03-02T09:00", zone))
        assert not is_working(shop, at("2026-03-02T08:59", zone))
        assert next_opening(shop, at("2026-03-06T18:00", zone)) == at("2026-03-09T09:00", zone)


def test_a_schedule_survives_json() -> None:
    full = weekdays(
        dated={day("2026-03-07"): ((600, 1500),), day("2026-03-10"): ()},
        holidays=frozenset({day("2026-03-09")}),
        leave=((day("2026-07-01"), day("2026-07-14")),),
    )
    assert Schedule.from_json(full.to_json()) == full
    assert Schedule.from_json(ALWAYS.to_json()) == ALWAYS


@pytest.mark.parametrize(
    "record",
    [
        {"week": [[[540, 1080]]]},
        {"week": [[[540, 500]], [], [], [], [], [], []]},
        {"week": [[[-1, 500]], [], [], [], [], [], []]},
        {"week": [[[1440, 1500]], [], [], [], [], [], []]},
        {"week": [[["9", "18"]], [], [], [], [], [], []]},
        {"week": [[[540, 1080, 7]], [], [], [], [], [], []]},
        {"week": [7, [], [], [], [], [], []]},
        {"holidays": ["2026-02-30"]},
    ],
)
def test_an_impossible_schedule_is_refused(record: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        Schedule.from_json(record)  # type: ignore[arg-type]


def test_local_clock() -> None:
    assert local_minute(MOSCOW, at("2026-03-02T21:07", MOSCOW)) == 21 * 60 + 7


hours = st.tuples(st.integers(0, 1439), st.integers(60, 1440)).map(lambda pair: (pair[0], pair[0] + pair[1]))
schedules = st.builds(
    Schedule,
    zone=st.sampled_from([MOSCOW, BERLIN, "America/New_York", "Pacific/Apia", "Australia/Lord_Howe", "UTC"]),
    week=st.tuples(*[st.lists(hours, max_size=2).map(tuple)] * 7),
    holidays=st.frozensets(st.integers(day("2026-03-20"), day("2026-04-10")), max_size=3),
)
moments = st.integers(at("2026-03-20T00:00"), at("2026-04-10T00:00"))


@few
@given(schedules, moments, moments, moments)
def test_working_time_adds_up(schedule: Schedule, one: Micros, two: Micros, three: Micros) -> None:
    a, b, c = sorted((one, two, three))
    whole = working_between(schedule, a, c)
    assert whole == working_between(schedule, a, b) + working_between(schedule, b, c)
    assert 0 <= whole <= c - a


@few
@given(schedules, moments, st.integers(1, 40 * HOUR))
def test_adding_working_time_lands_where_that_much_has_passed(
    schedule: Schedule, since: Micros, duration: Micros
) -> None:
    until = add_working(schedule, since, duration)
    if until is None:
        assert not any(schedule.week)
    else:
        assert working_between(schedule, since, until) == duration
        assert is_working(schedule, until - 1)


@few
@given(schedules, moments)
def test_the_current_shift_is_the_first_working_time_from_now_on(schedule: Schedule, now: Micros) -> None:
    shift = current_shift(schedule, now)
    if shift is None:
        assert not any(schedule.week)
        return
    assert shift.covers(now) is is_working(schedule, now)
    assert shift.closes_at > now
    assert is_working(schedule, shift.opens_at)
    assert not is_working(schedule, shift.opens_at - 1)
    assert not is_working(schedule, shift.closes_at)
    assert working_between(schedule, now, shift.opens_at) == 0
