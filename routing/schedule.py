"""When is somebody at work?

Hours are wall-clock minutes in a zone of their own; answers are moments in UTC. A shift belongs to the day
it begins on: leave beats a dated shift, a dated shift a holiday, a holiday the week. Wall-clock times that
a clock change skips are the moment of the change; those that happen twice begin at the first and end at the
second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from routing.decision import Facts, Json, flag, inner, text
from routing.times import DAY, FOREVER, SECOND, Micros
from routing.values import value

Hours: TypeAlias = tuple[int, int]
"""Minutes after local midnight, half-open; beyond 1440 is the next day (22:00 to 6:00 is 1320, 1800)."""
Span: TypeAlias = tuple[Micros, Micros]

HORIZON_DAYS: Final = 400
MEMO_DAYS: Final = 1024
LONGEST_DAYS: Final = 14
EPOCH: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """Working time. Days are proleptic ordinals (`date.toordinal`); leave counts both its ends."""

    zone: str = "UTC"
    week: tuple[tuple[Hours, ...], ...] = ((), (), (), (), (), (), ())
    """Seven days from Monday, each with any number of intervals."""
    dated: Mapping[int, tuple[Hours, ...]] = field(default_factory=dict)
    """Shifts by date, also on holidays; () is a day off."""
    holidays: frozenset[int] = frozenset()
    leave: tuple[tuple[int, int], ...] = ()
    always: bool = False
    _memo: dict[int, tuple[Span, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def to_json(self) -> dict[str, Json]:
        """The same as a plain dict, dates as 2026-03-08."""
        return {
            "zone": self.zone,
            "week": [[list(hours) for hours in day] for day in self.week],
            "dated": {
                _iso(day): [list(hours) for hours in spans] for day, spans in sorted(self.dated.items())
            },
            "holidays": [_iso(day) for day in sorted(self.holidays)],
            "leave": [[_iso(first), _iso(last)] for first, last in self.leave],
            "always": self.always,
        }

    @classmethod
    def from_json(cls, record: Facts) -> Schedule:
        """The schedule that `to_json` made the dict of; ValueError for an impossible date or interval."""
        week = tuple(_hours(day) for day in _lists(record.get("week"))) or ((),) * 7
        if len(week) != 7:
            raise ValueError("a week has seven days")
        return cls(
            zone=text(record, "zone") or "UTC",
            week=week,
            dated={_ordinal(day): _hours(spans) for day, spans in inner(record, "dated").items()},
            holidays=frozenset(_ordinal(str(day)) for day in _lists(record.get("holidays"))),
            leave=tuple(
                (_ordinal(str(a)), _ordinal(str(b))) for a, b in map(_lists, _lists(record.get("leave")))
            ),
            always=flag(record, "always"),
        )


ALWAYS: Final = Schedule(always=True)


@value(frozen=True, kw_only=True, slots=True)
class Shift:
    """One working interval `[opens_at, closes_at)`: the present one, or the next."""

    opens_at: Micros
    closes_at: Micros

    def covers(self, at: Micros) -> bool:
        """Whether it is working time at that moment."""
        return self.opens_at <= at < self.closes_at


ROUND_THE_CLOCK: Final = Shift(opens_at=0, closes_at=FOREVER)


def in_force(own: Schedule | None, company: Schedule | None) -> Schedule:
    """A person's own hours with the company's holidays, else the company's hours, else always.

    Who says only a zone or when they are on leave works the company's hours by their own clock.
    """
    if own is not None and not (own.always or own.dated or any(own.week)):
        own = replace(company or ALWAYS, zone=own.zone, leave=own.leave)
    if own is None or company is None or company.holidays <= own.holidays:
        return own or company or ALWAYS
    return replace(own, holidays=own.holidays | company.holidays)


def is_working(schedule: Schedule, at: Micros) -> bool:
    """Whether `at` is working time."""
    if schedule.always:
        return True
    return any(opens <= at < closes for opens, closes in _spans_of_day(schedule, at // DAY))


def on_leave(schedule: Schedule, at: Micros) -> bool:
    """Whether the day is one of leave."""
    if not schedule.leave:
        return False
    day = local_day(schedule.zone, at)
    return any(first <= day <= last for first, last in schedule.leave)


def current_shift(schedule: Schedule, at: Micros) -> Shift | None:
    """The interval that holds `at`, else the next one; None: none within a year.

    Of an interval without a break it shows two weeks to each side.
    """
    if schedule.always:
        return ROUND_THE_CLOCK
    first = next(_pieces(schedule, at), None)
    if first is None:
        return None
    opens, closes = first
    day = opens // DAY
    for earlier in range(day - 1, day - LONGEST_DAYS, -1):
        if opens != (earlier + 1) * DAY or not _ends_at(schedule, earlier, opens):
            break
        opens = _spans_of_day(schedule, earlier)[-1][0]
    for later in range(day + 1, day + LONGEST_DAYS):
        if closes != later * DAY or not _begins_at(schedule, later, closes):
            break
        closes = _spans_of_day(schedule, later)[0][1]
    return Shift(opens_at=opens, closes_at=closes)


def next_opening(schedule: Schedule, at: Micros) -> Micros | None:
    """The first working moment from `at` on (`at` itself while working); None: none within a year."""
    shift = current_shift(schedule, at)
    return None if shift is None else max(at, shift.opens_at)


def add_working(schedule: Schedule, at: Micros, duration: Micros) -> Micros | None:
    """The moment when `duration` of working time has passed since `at`; None: never within a year."""
    if schedule.always:
        return at + duration
    left = duration
    for opens, closes in _pieces(schedule, at):
        begins = max(at, opens)
        if begins + left <= closes:
            return begins + left
        left -= closes - begins
    return None


def before_working(schedule: Schedule, at: Micros, duration: Micros) -> Micros | None:
    """The latest moment since which `duration` of working time has passed at `at`; None: not within a year."""
    if schedule.always:
        return at - duration
    left = duration
    for opens, closes in _pieces_back(schedule, at):
        ends = min(at, closes)
        if ends - left >= opens:
            return ends - left
        left -= ends - opens
    return None


def closed_since(schedule: Schedule, at: Micros) -> Micros | None:
    """When the last working interval ended, at a moment outside of all; None while working, or none within a year."""
    if schedule.always or is_working(schedule, at):
        return None
    last = next(_pieces_back(schedule, at), None)
    return None if last is None else last[1]


def noon_after(schedule: Schedule, at: Micros) -> Micros | None:
    """Noon of the next working day after the day of `at`, or its opening where that is later; None: none within a year."""
    zone = ZoneInfo(schedule.zone)
    following = _utc(zone, local_day(schedule.zone, at) + 1, 0, fold=0)
    opens = next_opening(schedule, following)
    if opens is None:
        return None
    return max(opens, _utc(zone, local_day(schedule.zone, opens), 720, fold=0))


def working_between(schedule: Schedule, since: Micros, until: Micros) -> Micros:
    """How much working time lies in `[since, until)`."""
    if schedule.always:
        return max(0, until - since)
    return sum(closes - opens for opens, closes in spans_between(schedule, since, until))


def spans_between(schedule: Schedule, since: Micros, until: Micros) -> tuple[Span, ...]:
    """The working intervals inside `[since, until)`, cut at its ends."""
    if since >= until:
        return ()
    if schedule.always:
        return ((since, until),)
    found: list[Span] = []
    for day in range(since // DAY, (until - 1) // DAY + 1):
        for opens, closes in _spans_of_day(schedule, day):
            begins, ends = max(opens, since), min(closes, until)
            if begins < ends:
                _join(found, begins, ends)
    return tuple(found)


def local_minute(zone: str, at: Micros) -> int:
    """Minutes after midnight that a clock in `zone` shows."""
    clock = datetime.fromtimestamp(at // SECOND, ZoneInfo(zone))
    return clock.hour * 60 + clock.minute


def local_day(zone: str, at: Micros) -> int:
    """The date in `zone`, as an ordinal."""
    return datetime.fromtimestamp(at // SECOND, ZoneInfo(zone)).toordinal()


def _pieces(schedule: Schedule, at: Micros) -> Iterator[Span]:
    """Working time that ends after `at`, in order, in pieces of one UTC day at most."""
    first = at // DAY
    for day in range(first, first + HORIZON_DAYS):
        for span in _spans_of_day(schedule, day):
            if span[1] > at:
                yield span


def _pieces_back(schedule: Schedule, at: Micros) -> Iterator[Span]:
    """Working time that begins before `at`, the latest first, in pieces of one UTC day at most."""
    last = at // DAY
    for day in range(last, last - HORIZON_DAYS, -1):
        for span in reversed(_spans_of_day(schedule, day)):
            if span[0] < at:
                yield span


def _ends_at(schedule: Schedule, day: int, at: Micros) -> bool:
    spans = _spans_of_day(schedule, day)
    return bool(spans) and spans[-1][1] == at


def _begins_at(schedule: Schedule, day: int, at: Micros) -> bool:
    spans = _spans_of_day(schedule, day)
    return bool(spans) and spans[0][0] == at


def _spans_of_day(schedule: Schedule, day: int) -> tuple[Span, ...]:
    """Working intervals within one UTC day, joined, in order; remembered, as every message asks for them."""
    known = schedule._memo.get(day)
    if known is not None:
        return known
    opens, closes = day * DAY, (day + 1) * DAY
    found: list[Span] = []
    # A zone is at most 14 hours off, and a shift may last until the end of the next day.
    pieces = [span for local in range(day - 2, day + 2) for span in _spans_of_date(schedule, EPOCH + local)]
    for begins, ends in sorted(pieces):
        if max(begins, opens) < min(ends, closes):
            _join(found, max(begins, opens), min(ends, closes))
    if len(schedule._memo) >= MEMO_DAYS:
        schedule._memo.clear()
    spans = schedule._memo[day] = tuple(found)
    return spans


def _spans_of_date(schedule: Schedule, ordinal: int) -> Iterator[Span]:
    """The shifts that begin on a local date, in UTC."""
    hours = _hours_of_date(schedule, ordinal)
    if hours:
        zone = ZoneInfo(schedule.zone)
        for opens, closes in hours:
            begins, ends = _utc(zone, ordinal, opens, fold=0), _utc(zone, ordinal, closes, fold=1)
            if begins < ends:
                yield begins, ends


def _hours_of_date(schedule: Schedule, ordinal: int) -> tuple[Hours, ...]:
    if any(first <= ordinal <= last for first, last in schedule.leave):
        return ()
    dated = schedule.dated.get(ordinal)
    if dated is not None:
        return dated
    return () if ordinal in schedule.holidays else schedule.week[(ordinal - 1) % 7]


def _utc(zone: ZoneInfo, ordinal: int, minute: int, *, fold: int) -> Micros:
    """The moment when clocks in `zone` show `minute` of that date."""
    wall = datetime.fromordinal(ordinal) + timedelta(minutes=minute)
    moment = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != wall:
        moment = _clock_change(zone, wall)
    return int(moment.timestamp()) * SECOND


def _clock_change(zone: ZoneInfo, wall: datetime) -> datetime:
    """When the clocks went forward over `wall`, a time they never showed."""
    low = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    high = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    after = high.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        low, high = (low, middle) if middle.astimezone(zone).utcoffset() == after else (middle, high)
    return high.replace(microsecond=0)


def _join(spans: list[Span], begins: Micros, ends: Micros) -> None:
    if spans and spans[-1][1] >= begins:
        spans[-1] = (spans[-1][0], max(spans[-1][1], ends))
    else:
        spans.append((begins, ends))


def _lists(value: object) -> Sequence[Json]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise ValueError("a list is expected")
    return value


def _hours(value: object) -> tuple[Hours, ...]:
    spans: list[Hours] = []
    for pair in _lists(value):
        opens, closes = _lists(pair)
        if not (
            isinstance(opens, int)
            and isinstance(closes, int)
            and 0 <= opens < 1440
            and opens < closes <= 2880
        ):
            raise ValueError("an interval begins within its day and ends after its beginning")
        spans.append((opens, closes))
    return tuple(spans)


def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()


def _iso(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()
