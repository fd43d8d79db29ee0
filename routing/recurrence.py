"""When does a task come again?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from routing.times import SECOND, Micros

Every: TypeAlias = Literal["day", "workday", "week", "month", "year"]


def next_due(due: Micros, every: Every, zone: str, after: Micros) -> Micros:
    """The first repetition after `after`: the same wall-clock time; a month that is too short has its last day."""
    local = datetime.fromtimestamp(due // SECOND, UTC).astimezone(ZoneInfo(zone))
    count = 0
    while True:
        count += 1
        found = _moved(local, every, count)
        if every == "workday" and found.weekday() >= 5:
            continue
        at = int(found.astimezone(UTC).timestamp()) * SECOND + due % SECOND
        if at > after:
            return at


def _moved(start: datetime, every: Every, count: int) -> datetime:
    match every:
        case "day" | "workday":
            return start + timedelta(days=count)
        case "week":
            return start + timedelta(weeks=count)
        case "month":
            return _month(start, count)
        case "year":
            return _month(start, 12 * count)


def _month(start: datetime, months: int) -> datetime:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    for day in range(start.day, 27, -1):
        try:
            return start.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return start.replace(year=year, month=month + 1, day=start.day)
