"""Who comes too often?

Counted in this process's memory: many processes count each for itself, a restart forgets. Nothing is refused for it, so an
exact count is not worth a write a request.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from channels.base import Limit
from routing.times import SECOND

REMEMBERED = 50_000
"""Counts kept at most; the longest untouched goes first."""


class Frequency:
    """Sliding counts: what came in the last whole span weighs in by the part of it that is still within reach."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[str, str, str, int], tuple[int, int, int]] = OrderedDict()

    def count(self, source_id: str, limits: Iterable[Limit], now: int) -> frozenset[str]:
        """Count one more under each limit; the names of those gone over. `now` is microseconds UTC."""
        return frozenset(limit.name for limit in limits if self._one(source_id, limit, now) > limit.times)

    def _one(self, source_id: str, limit: Limit, now: int) -> float:
        span = limit.seconds * SECOND
        key = (source_id, limit.name, limit.value, limit.seconds)
        place, into = divmod(now, span)
        last, before, current = self._counts.pop(key, (place, 0, 0))
        if place != last:
            before, current = (current if place == last + 1 else 0), 0
        self._counts[key] = (place, before, current + 1)
        while len(self._counts) > REMEMBERED:
            self._counts.popitem(last=False)
        return current + 1 + before * (1 - into / span)
