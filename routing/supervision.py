"""Is an answer late, and how far up must it be told?

Steps grow: 1 a warning before the target, 2 at the target, 3 and 4 each fifteen working minutes later.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from routing.schedule import Schedule, add_working, before_working
from routing.times import MINUTE, Micros

Step: TypeAlias = Literal[0, 1, 2, 3, 4]

WARN_SHARE: Final = 3
"""The warning comes when this part of the target is left."""
WARN_MOST: Final = 30 * MINUTE
FURTHER: Final = 15 * MINUTE
LAST: Final = 2 * FURTHER
GONE_AFTER: Final = 30 * MINUTE
"""Working time without a sign of somebody, after which leads nobody has spoken to are routed anew."""
IDLE_AFTER: Final = 10 * MINUTE
"""Without a heartbeat for so long somebody on shift is on an automatic break."""


def warn_at(due_at: Micros, target: Micros, hours: Schedule) -> Micros:
    """When to warn that an answer is due soon."""
    before = min(target // WARN_SHARE, WARN_MOST)
    at = before_working(hours, due_at, before)
    return due_at - before if at is None else at


def step_of(due_at: Micros, target: Micros, hours: Schedule, now: Micros) -> Step:
    """How far an unanswered message has come; 0: nothing to say yet."""
    if now < warn_at(due_at, target, hours):
        return 0
    if now < due_at:
        return 1
    for step, after in ((4, LAST), (3, FURTHER)):
        at = add_working(hours, due_at, after)
        if at is not None and at <= now:
            return 4 if step == 4 else 3
    return 2
