"""Who asks the networks that do not call us?

One listener a source, by lease. What a look brought and the cursor are kept in one transaction; only then does the channel
acknowledge.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import structlog

from channels.base import Polled, PolledEnvelope, PollingChannel
from channels.errors import ChannelError, Disconnected, TryLater
from channels.events import Micros
from gateway.context import Gateway
from gateway.ending import end
from gateway.sources import Live
from gateway.watcher import read_back
from gateway.webhooks import make_entry
from routing.times import SECOND
from storage.cursors import cursor_of, keep_polled
from storage.errors import LeaseLost, Unavailable
from storage.journal import Entry
from storage.leases import Lease, acquire, release, renew
from storage.sources import change_source

log = structlog.get_logger(__name__)
LEASE = 10.0
RENEW = 3.0
LOOK = 3.0
HEALTHY = 600 * SECOND
"""Who listened so long without a fault begins to count faults anew."""


class Listeners:
    """Keeps one listener running for every polled source whose lease this process gets."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._running: dict[str, tuple[object, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Look for polled sources until cancelled; then stop every listener."""
        try:
            with self._gateway.bells.listening("sources", "leases") as bell:
                while True:
                    await self._look()
                    await bell.wait(LOOK)
        finally:
            await self._stop(list(self._running))

    async def _look(self) -> None:
        polled = {live.row.id: live for live in self._gateway.sources.all() if live.polled}
        changed = [
            source_id
            for source_id, (channel, task) in self._running.items()
            if task.done() or source_id not in polled or polled[source_id].channel is not channel
        ]
        await self._stop(changed)
        for source_id, live in polled.items():
            if source_id not in self._running:
                task = asyncio.create_task(_Listener(self._gateway, live).run())
                self._running[source_id] = (live.channel, task)

    async def _stop(self, source_ids: list[str]) -> None:
        await end([self._running.pop(source_id)[1] for source_id in source_ids])


class _Listener:
    def __init__(self, gateway: Gateway, live: Live) -> None:
        self._gateway = gateway
        self._live = live
        self._held: Lease | None = None

    async def run(self) -> None:
        """Hold the lease and listen; on a fault wait, longer each time, and go on from the cursor."""
        failures = 0
        try:
            while True:
                if not await self._hold():
                    await asyncio.sleep(LOOK)
                    continue
                began = self._gateway.now()
                try:
                    await self._listen()
                    failures = 0
                except Exception as error:
                    failures = 1 if self._gateway.now() - began >= HEALTHY else failures + 1
                    await self._note(error, failures)
        finally:
            if self._held is not None:
                await asyncio.shield(self._give_back())

    async def _hold(self) -> bool:
        try:
            if self._held is None:
                name = f"listen:{self._live.row.id}"
                taken = await self._gateway.database.write(acquire, [name], self._gateway.holder, LEASE)
                self._held = taken[0] if taken else None
            return self._held is not None
        except Unavailable:
            return False

    async def _listen(self) -> None:
        """Until a fault: keep each look, then let the channel go on."""
        channel = self._live.channel
        assert isinstance(channel, PollingChannel)
        cursor = await self._gateway.database.read(cursor_of, self._live.row.id)
        async with asyncio.TaskGroup() as group:
            renewing = group.create_task(self._renew())
            try:
                async for polled in channel.listen(cursor):
                    await self._keep(polled)
            finally:
                renewing.cancel()

    async def _read_back(self) -> None:
        """What the network gave up here, from its history. Raises TryLater: then the place does not move."""
        try:
            await read_back(self._gateway, self._gateway.sources.get(self._live.row.id) or self._live)
        except TryLater:
            raise
        except ChannelError:
            log.warning("a part is lost", source=self._live.row.id)

    async def _keep(self, polled: Polled) -> None:
        assert self._held is not None
        if polled.lost:
            await self._read_back()
        # A channel reads no clock: what was asked for is received when it is here.
        now = self._gateway.now()
        try:
            entries = [await self._entry(row, now) for row in polled.envelopes]
        except OSError as error:  # no room, as a rule: what was not kept is asked for again
            raise TryLater(str(error)[:200], code="not_kept") from error
        await self._gateway.database.write(keep_polled, self._held, self._live.row.id, entries, polled.cursor)

    async def _entry(self, row: PolledEnvelope, now: Micros) -> Entry:
        envelope = replace(row.envelope, received_at=now)
        return await make_entry(
            self._gateway.files, self._live.row.id, row.lane, row.key, envelope, row.number
        )

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW)
            assert self._held is not None
            kept = await self._gateway.database.write_alone(renew, [self._held], LEASE)
            if not kept:
                raise LeaseLost(self._held.name)
            self._held = kept[0]

    async def _note(self, error: Exception, failures: int) -> None:
        """Say what is wrong where people look, and wait."""
        causes = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
        cause = causes[0]
        if isinstance(cause, LeaseLost):
            self._held = None
            return
        code = cause.code if isinstance(cause, ChannelError) else type(cause).__name__
        log.warning("listening stopped", source=self._live.row.id, error=code, failures=failures)
        try:
            if isinstance(cause, Disconnected):
                await self._gateway.database.write(
                    change_source, self._live.row.id, state="broken", last_error=code
                )
            elif self._live.row.last_error != code:
                await self._gateway.database.write(change_source, self._live.row.id, last_error=code)
        except Unavailable:
            self._held = None
        channel = self._live.channel
        assert isinstance(channel, PollingChannel)
        wait = min(channel.longest_wait, 0.5 * 2 ** min(failures, 10)) * (0.5 + random.random() / 2)
        if isinstance(cause, TryLater) and cause.after is not None:
            wait = max(wait, cause.after)
        await self._wait_holding(wait)

    async def _wait_holding(self, seconds: float) -> None:
        """Wait without letting another process run into the same fault."""
        until = self._gateway.now() + int(seconds * SECOND)
        while self._gateway.now() < until and self._held is not None:
            await asyncio.sleep(min(RENEW, (until - self._gateway.now()) / SECOND))
            try:
                kept = await self._gateway.database.write_alone(renew, [self._held], LEASE)
                self._held = kept[0] if kept else None
            except Unavailable:
                self._held = None

    async def _give_back(self) -> None:
        try:
            if self._held is not None:
                await self._gateway.database.write(release, [self._held])
        except Unavailable:
            log.warning("listen lease not given back")
