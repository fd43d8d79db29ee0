"""Who is asked about a waiting lead?

One router an installation, by lease. Events ring it; it asks routing, and writes offers and decisions in a transaction of
its own. What it keeps between rounds is how far down the waiting leads it has looked: the rows are the truth.
"""

from __future__ import annotations

import asyncio
import time

import structlog

from gateway.context import Gateway
from gateway.holding import hold, rest
from gateway.pulse import REST
from gateway.rules import setup_of
from routing.times import SECOND
from storage.dealing import Pages, route_waiting
from storage.errors import LeaseLost, Unavailable
from storage.leases import Lease, release

log = structlog.get_logger(__name__)
NAME = "router"
LEASE = 9.0
LOOK = 4.0
BUSY = 0.05
"""Seconds; a round that takes longer is one of many leads."""


class Router:
    """Stands by until it holds the lease, then routes."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._held: Lease | None = None
        self._pages = Pages()

    async def run(self) -> None:
        """Route until cancelled; then let another process go on at once."""
        try:
            bells = self._gateway.bells
            with bells.listening("router", "leads", "leases") as bell, bells.listening("router") as freed:
                looked_at, waited_out = -LOOK, True
                while True:
                    began = time.monotonic()
                    stuck = freed.rung() or waited_out or bool(self._pages.after) or began - looked_at >= LOOK
                    looked_at = began if stuck else looked_at
                    wait = await self._round(stuck=stuck)
                    # A flood of leads leaves three quarters of the time to the messages that bring them.
                    took = time.monotonic() - began
                    await asyncio.sleep(min(LOOK, 3 * took) if took > BUSY else 0)
                    slept = time.monotonic()
                    self._held = await rest(self._gateway, self._held, NAME, LEASE, bell, wait)
                    waited_out = time.monotonic() - slept >= wait  # the clock alone may have freed somebody
        finally:
            if self._held is not None:
                await self._gateway.database.write(release, [self._held])

    async def _round(self, *, stuck: bool) -> float:
        """One look; how many seconds until the next. `stuck`: somebody may have become free."""
        try:
            if not await self._hold():
                return LOOK
            assert self._held is not None
            setup = await setup_of(self._gateway)
            weights = {live.row.id: live.channel.can().weight for live in self._gateway.sources.all()}
            wait = await self._gateway.database.write(
                route_waiting, self._held, setup.schedule, weights, stuck, self._pages
            )
            return min(REST, max(0.02, wait / SECOND))
        except (Unavailable, LeaseLost):
            self._held = None
            return 1.0
        except Exception:
            log.exception("routing failed")
            return LOOK

    async def _hold(self) -> bool:
        self._held = await hold(self._gateway, self._held, NAME, LEASE)
        return self._held is not None
