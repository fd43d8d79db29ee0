"""How long is a minute?

Moments and durations are integers: microseconds, moments since 1970 UTC.
"""

from __future__ import annotations

from typing import Final, TypeAlias

Micros: TypeAlias = int

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY

FOREVER: Final = 2**53 - 1
"""A moment after all others that a browser's number still holds exactly (the year 2255)."""
