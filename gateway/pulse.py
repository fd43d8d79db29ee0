"""How does a process notice that something has come due, without every part of it asking again and again?

It looks once a second for all of them, by one statement, and rings their bells. So what a lost bell missed, and what time
alone brings, waits a second at most (three where there is one process), and at rest nobody else asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog

from gateway.context import Gateway
from storage.errors import Unavailable
from storage.pulse import Pulse, pulse

log = structlog.get_logger(__name__)
BEAT: Final = 1.0
BEAT_ALONE: Final = 3.0
"""Where one process is all there is, no bell is lost: only the clock brings anything."""
AGAIN: Final[Mapping[str, int]] = {
    "envelopes": 1,
    "outbox": 2,
    "lookups": 5,
    "media": 5,
    "cut": 5,
    "push": 5,
    "imports": 10,
}
SELDOM: Final = 4
"""Beats between two rings for what stays due: whoever was rung may not be able to help it."""
REST: Final = 30.0
"""Seconds after which a part looks by itself, though nobody rang."""


class Heart:
    """Beats until cancelled."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._head = -1
        self._rung: dict[str, int] = {}
        """bell -> how many beats ago it was rung for what is still due."""

    async def run(self) -> None:
        """Look and ring, once a second."""
        while True:
            await asyncio.sleep(BEAT_ALONE if self._gateway.database.embedded else BEAT)
            await self.beat()

    async def beat(self) -> None:
        """One look."""
        try:
            found = await self._gateway.database.read(pulse, self._gateway.now())
        except Unavailable:
            self._gateway.bells.ring_here(["live"])  # who tells people that the database is gone
            return
        except Exception:
            log.exception("nobody looked what is due")
            return
        self._gateway.bells.ring_here(self.bells(found))

    def bells(self, found: Pulse) -> list[str]:
        """What is newly due rings at once, what stays due now and then."""
        ages = {name: self._rung[name] + 1 if name in self._rung else 0 for name in found.due}
        self._rung = {name: age % AGAIN.get(name, SELDOM) for name, age in ages.items()}
        bells = [name for name, age in self._rung.items() if age == 0]
        if found.head != self._head:
            self._head = found.head
            bells.append("live")
        return bells
