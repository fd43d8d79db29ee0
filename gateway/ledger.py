"""Who keeps the books? Seals the journal, lets old words go, and writes the nightly certificate.

One an installation, by lease, in the processes of workers; it works beside the messages, and nothing waits for it.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from gateway.certificate import certify, show
from gateway.context import Gateway
from gateway.holding import hold
from gateway.metrics import SEALED, UNSEALED_AGE
from gateway.retention import empty_quarantine, forget_private, retain, sweep
from gateway.sealer import seal_until
from routing.times import DAY, HOUR, MINUTE, SECOND
from storage import seal
from storage.certificates import newest
from storage.errors import LeaseLost, Unavailable
from storage.leases import Lease, release
from storage.seal import Horizon

log = structlog.get_logger(__name__)
LEASE: Final = 60.0
TICK: Final = 5.0
LEASE_NAME: Final = "ledger"
SUNDAY: Final = 3
"""Days since 1970 began on a Thursday."""


class Bookkeeper:
    """Stands by until it holds the lease, then keeps the books."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._held: Lease | None = None
        self._seen: Horizon | None = None
        self._retained_at = gateway.now()
        self._forgot_at = 0
        self._certify_at = 0

    async def run(self) -> None:
        """Keep the books until cancelled; then let another process go on."""
        try:
            while True:
                await asyncio.sleep(TICK)
                await self._round()
        finally:
            if self._held is not None:
                await self._gateway.database.write(release, [self._held])

    async def _round(self) -> None:
        try:
            if await self._hold():
                await self._seal()
                await self._retain()
                await self._certify()
        except (Unavailable, LeaseLost):
            self._held = None
        except Exception:
            log.exception("books not kept")

    async def _hold(self) -> bool:
        self._held = await hold(self._gateway, self._held, LEASE_NAME, LEASE)
        return self._held is not None

    async def _seal(self) -> None:
        """Seal up to the horizon of an earlier round, as soon as all who were writing then have ended."""
        database = self._gateway.database
        if not await self._anything_unsealed():
            return
        if self._seen is not None and await database.read(seal.final, self._seen):
            SEALED.inc(await seal_until(self._gateway, self._seen, whole=False))
            self._seen = None
        if self._seen is None:
            self._seen = await database.read(seal.horizon)
        await self._anything_unsealed()

    async def _anything_unsealed(self) -> bool:
        oldest = await self._gateway.database.read(seal.oldest_unsealed)
        UNSEALED_AGE.set(0 if oldest is None else max(0, self._gateway.now() - oldest) / SECOND)
        return oldest is not None

    async def _retain(self) -> None:
        if self._gateway.now() - self._forgot_at >= MINUTE:
            self._forgot_at = self._gateway.now()
            await forget_private(self._gateway)
        if self._gateway.now() - self._retained_at < HOUR:
            return
        self._retained_at = self._gateway.now()
        await sweep(self._gateway)
        emptied = await empty_quarantine(self._gateway)
        if emptied:
            log.info("quarantine emptied", messages=emptied)
        count = await retain(self._gateway)
        if count:
            log.info("old bodies erased", envelopes=count)

    async def _certify(self) -> None:
        """A certificate a day, at the hour of `certificate_hour` in UTC; at once where there is none yet or it is overdue.

        On Sundays every body is read again; on other days those that came since the last certificate.
        """
        now = self._gateway.now()
        if now < self._certify_at:
            return
        before = await self._gateway.database.read(newest, 1)
        due = next_hour(before[0].at, self._gateway.config.certificate_hour) if before else now
        if due <= now:
            made = await certify(self._gateway, bodies=now // DAY % 7 == SUNDAY)
            level = log.info if made.balanced else log.critical
            level("certificate", nothing_lost=made.balanced, id=made.id, gaps=made.document["gaps"])
            due = next_hour(made.at, self._gateway.config.certificate_hour)
        elif before:
            show(before[0])
        self._certify_at = min(due, now + HOUR)


def next_hour(after: int, hour: int) -> int:
    """The first moment behind `after` at which it is so many o'clock, UTC."""
    today = after // DAY * DAY + hour * HOUR
    return today if today > after else today + DAY
