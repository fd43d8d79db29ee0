"""Who is asked about a waiting lead?

One router an installation, by lease. Events ring it; it asks routing, and writes offers and decisions in a transaction of
its own. What it keeps between rounds is nothing: the rows are the truth.
"""

from __future__ import annotations

import structlog

from gateway.context import Gateway
from gateway.rules import setup_of
from routing.times import SECOND
from storage.dealing import route_waiting
from storage.errors import LeaseLost, Unavailable
from storage.leases import Lease, acquire, release, renew

log = structlog.get_logger(__name__)
LEASE = 9.0
LOOK = 4.0


class Router:
    """Stands by until it holds the lease, then routes."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._held: Lease | None = None

    async def run(self) -> None:
        """Route until cancelled; then let another process go on at once."""
        try:
            with self._gateway.bells.listening("router", "leases") as bell:
                while True:
                    await bell.wait(await self._round())
        finally:
            if self._held is not None:
                await self._gateway.database.write(release, [self._held])

    async def _round(self) -> float:
        """One look; how many seconds until the next."""
        try:
            if not await self._hold():
                return LOOK
            assert self._held is not None
            setup = await setup_of(self._gateway)
            weights = {live.row.id: live.channel.can().weight for live in self._gateway.sources.all()}
            wait = await self._gateway.database.write(route_waiting, self._held, setup.schedule, weights)
            return min(LOOK, max(0.02, wait / SECOND))
        except (Unavailable, LeaseLost):
            self._held = None
            return 1.0
        except Exception:
            log.exception("routing failed")
            return LOOK

    async def _hold(self) -> bool:
        database = self._gateway.database
        now = self._gateway.now()
        if self._held is not None and self._held.until - now < LEASE / 2 * SECOND:
            self._held = next(iter(await database.write(renew, [self._held], LEASE)), None)
        if self._held is None:
            self._held = next(
                iter(await database.write(acquire, ["router"], self._gateway.holder, LEASE)), None
            )
        return self._held is not None
