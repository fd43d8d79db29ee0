"""How often did it happen in all processes together? Counted in Redis, which may forget it at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from storage import wire

log = structlog.get_logger(__name__)
PATIENCE: Final = 0.25
"""Seconds; whoever counts holds up a visitor."""


class Tallies:
    """Counters that all processes share; without an address there are none."""

    def __init__(self, url: str) -> None:
        self._redis = wire.connect(url, PATIENCE, PATIENCE) if url else None

    async def add(self, names: Sequence[tuple[str, str, int]]) -> list[tuple[int, int]] | None:
        """Count one more of each: (name, name of the span before, seconds to keep) -> that span's number and this one's.

        None: nobody counts for all, or not now."""
        if self._redis is None or not names:
            return None
        try:
            async with asyncio.timeout(PATIENCE), self._redis.pipeline(transaction=False) as asked:
                for name, before, seconds in names:
                    asked.get(before)
                    asked.incr(name)
                    asked.expire(name, seconds)
                told = await asked.execute()
        except wire.failures() as error:
            log.info("not counted together", error=type(error).__name__)
            return None
        return [(int(told[at] or 0), int(told[at + 1])) for at in range(0, len(told), 3)]

    async def close(self) -> None:
        """End the connection."""
        if self._redis is not None:
            await self._redis.aclose()
