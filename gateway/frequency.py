"""Who comes too often?

Counted for all processes together where there is Redis, else in this process's memory, and there too while Redis is gone.
Nothing is refused for it, so counts that a restart or a flush forgets cost nothing but a little patience with a robot.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable

from channels.base import Limit
from routing.times import SECOND
from storage.tallies import Tallies

REMEMBERED = 50_000
"""Counts kept at most; the longest untouched goes first."""


class Frequency:
    """Sliding counts: what came in the last whole span weighs in by the part of it that is still within reach."""

    def __init__(self, together: Tallies) -> None:
        self._together = together
        self._counts: OrderedDict[tuple[str, str, str, int], tuple[int, int, int]] = OrderedDict()

    async def count(self, source_id: str, limits: Iterable[Limit], now: int) -> frozenset[str]:
        """Count one more under each limit; the names of those gone over. `now` is microseconds UTC."""
        limits = tuple(limits)
        here = [self._one(source_id, limit, now) for limit in limits]
        told = await self._together.add([_names(source_id, limit, now) for limit in limits])
        counts = here if told is None else [
            max(mine, _weighed(before, current, limit, now))
            for mine, (before, current), limit in zip(here, told, limits, strict=True)
        ]  # fmt: skip
        return frozenset(
            limit.name for limit, count in zip(limits, counts, strict=True) if count > limit.times
        )

    def _one(self, source_id: str, limit: Limit, now: int) -> float:
        key = (source_id, limit.name, limit.value, limit.seconds)
        place = now // (limit.seconds * SECOND)
        last, before, current = self._counts.pop(key, (place, 0, 0))
        if place != last:
            before, current = (current if place == last + 1 else 0), 0
        self._counts[key] = (place, before, current + 1)
        while len(self._counts) > REMEMBERED:
            self._counts.popitem(last=False)
        return _weighed(before, current + 1, limit, now)

    async def close(self) -> None:
        """Count no more."""
        await self._together.close()


def _weighed(before: int, current: int, limit: Limit, now: int) -> float:
    span = limit.seconds * SECOND
    return current + before * (1 - now % span / span)


def _names(source_id: str, limit: Limit, now: int) -> tuple[str, str, int]:
    """Nobody's address or number leaves the process: counters are named by digests."""
    place = now // (limit.seconds * SECOND)
    told = "\0".join((source_id, limit.name, limit.value, str(limit.seconds)))
    digest = hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"inbox:often:{digest}:{place}", f"inbox:often:{digest}:{place - 1}", 2 * limit.seconds
