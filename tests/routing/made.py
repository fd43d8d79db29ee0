"""Values that the tests of this room are made of."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings

from routing.decision import Decision
from routing.members import Member
from routing.replay import reevaluate
from routing.schedule import Hours, Schedule
from routing.times import FOREVER, SECOND, Micros

MOSCOW = "Europe/Moscow"
BERLIN = "Europe/Berlin"
NOON: Micros = 1_772_366_400 * SECOND
"""2026-03-01 12:00 UTC, a Sunday."""

few = settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
some = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def at(clock: str, zone: str = "UTC") -> Micros:
    """The moment when clocks in `zone` show `clock`."""
    moment = datetime.fromisoformat(clock).replace(tzinfo=ZoneInfo(zone))
    return int(moment.timestamp()) * SECOND


def weekdays(opens: int = 9, closes: int = 18, zone: str = MOSCOW, **more: Any) -> Schedule:
    """Monday to Friday, whole hours."""
    day: tuple[Hours, ...] = ((opens * 60, closes * 60),)
    return Schedule(zone=zone, week=(day, day, day, day, day, (), ()), **more)


def present(ref: str, **more: Any) -> Member:
    """Somebody on shift round the clock who can always be told something."""
    return Member(id=ref, **{"push_until": FOREVER, **more})


def answers_again(decision: Decision) -> bool:
    """Whether the record alone, through JSON, gives the same decision."""
    stored = Decision.from_json(json.loads(json.dumps(decision.to_json())))
    return stored == decision and reevaluate(stored) == decision
