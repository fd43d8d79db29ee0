"""Who carries messages out?

A source has one sender, by lease, so its network's limits are kept in this process's memory; a new one reads from the rows when
the last one called. A part is committed as `sending` before the call; no transaction is open during it; a call that outlives the
lease is cut off, so that nobody else can be calling meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import structlog

from channels.base import OutboundMessage
from channels.errors import OutcomeUnknown, SendFailed
from gateway.afterwards import carry_out
from gateway.context import Gateway
from gateway.daily import Daily
from gateway.ending import end
from gateway.failing import look_up_at, outcome_of
from gateway.metrics import SENDS
from gateway.outgoing import message_of
from gateway.pace import Pace
from gateway.pulse import REST
from gateway.sources import Live
from routing.times import MINUTE, SECOND
from storage import outbox
from storage.bells import Bell
from storage.errors import LeaseLost, Unavailable
from storage.leases import Lease, acquire, release, renew
from storage.outbox import Outcome, Ready

log = structlog.get_logger(__name__)
LOOK = 2.0
LEASE = 10.0
RENEW = 2.5
REMEMBERED = MINUTE
"""Calls so long ago may count against a network's limits still."""
AT_ONCE = 16
IDLE = 20.0


class Senders:
    """Starts a sender for every source that has something to send."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._running: dict[str, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()
        self._daily = Daily()

    async def run(self) -> None:
        """Look for work until stopped, and end the calls in hand; or until cancelled, which cuts them off."""
        try:
            with self._gateway.bells.listening("outbox") as bell:
                while not self._stopping.is_set():
                    await bell.wait(await self._look())
            await asyncio.gather(*self._running.values(), return_exceptions=True)
        finally:
            await end(self._running.values())

    def stop(self) -> None:
        """End the calls in hand and begin no new ones."""
        self._stopping.set()
        self._gateway.bells.ring_here(["outbox"])

    async def _look(self) -> float:
        """Seconds until something is due."""
        try:
            work = await self._gateway.database.read(outbox.sources_with_work)
        except Unavailable:
            return LOOK
        now = self._gateway.now()
        for source_id, due in work.items():
            live = self._gateway.sources.get(source_id)
            running = self._running.get(source_id)
            idle = running is None or running.done()
            if live is not None and due <= now and idle and not _paused(live, now):
                self._running[source_id] = asyncio.create_task(
                    _Sender(self._gateway, source_id, self._stopping, self._daily).run()
                )
        soonest = min((due for due in work.values() if due > now), default=now + int(REST * SECOND))
        return min(REST, max(0.02, (soonest - now) / SECOND))


def _paused(live: Live, now: int) -> bool:
    return live.row.state not in ("active", "draft") or (live.row.paused_until or 0) > now


class _Sender:
    """Sends for one source while there is work."""

    def __init__(self, gateway: Gateway, source_id: str, stopping: asyncio.Event, daily: Daily) -> None:
        self._gateway = gateway
        self._source_id = source_id
        self._stopping = stopping
        self._daily = daily
        self._pace: Pace | None = None
        self._held: Lease | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self._unsettled: list[Outcome] = []

    async def run(self) -> None:
        live = self._gateway.sources.get(self._source_id)
        if live is None:
            return
        try:
            taken = await self._gateway.database.write(acquire, [self._name], self._gateway.holder, LEASE)
            self._held = next(iter(taken), None)
            if self._held is not None:
                await self._while_held(live)
        except (Unavailable, LeaseLost) as error:
            log.warning("sender stopped", source=self._source_id, error=type(error).__name__)
        except Exception:
            log.exception("sender failed", source=self._source_id)
        finally:
            if self._held is not None:
                await asyncio.shield(self._release())

    @property
    def _name(self) -> str:
        return f"send:{self._source_id}"

    async def _while_held(self, live: Live) -> None:
        """Send as long as the lease is ours. When it cannot be kept, calls end before it does."""
        working = asyncio.create_task(self._work(live))
        keeping = asyncio.create_task(self._keep_lease())
        try:
            await asyncio.wait([working, keeping], return_when=asyncio.FIRST_COMPLETED)
            if keeping.done():
                keeping.result()
        finally:
            await end([working, keeping])
        working.result()

    async def _keep_lease(self) -> None:
        """Renew until cancelled. Raises LeaseLost early enough to end a call before another may begin one."""
        while self._held is not None:
            await asyncio.sleep(RENEW)
            with contextlib.suppress(Unavailable):
                kept = await self._gateway.database.write_alone(renew, [self._held], LEASE)
                self._held = next(iter(kept), None)
            if self._left() < RENEW:
                break
        raise LeaseLost(self._name)

    def _left(self) -> float:
        """Seconds for which the lease is certainly ours."""
        return 0.0 if self._held is None else (self._held.until - self._gateway.now()) / SECOND

    async def _release(self) -> None:
        try:
            await self._settle()
            if self._held is not None:
                await self._gateway.database.write(release, [self._held])
        except (Unavailable, LeaseLost) as error:
            log.warning("send lease not given back", error=type(error).__name__)

    async def _work(self, live: Live) -> None:
        """Settle what a dead sender left, then send until there is nothing to do."""
        assert self._held is not None
        database, can = self._gateway.database, live.channel.can()
        now = self._gateway.now()
        await database.write(
            outbox.recover, self._held, self._source_id, can.idempotent, look_up_at(can, now)
        )
        self._pace = Pace(can.rate)
        for thread, at in await database.read(outbox.tries, self._source_id, now - REMEMBERED):
            self._pace.happened(*live.channel.pace(thread), (now - at) / SECOND)
        with self._gateway.bells.listening("outbox") as bell:
            try:
                await self._send(bell)
                await asyncio.gather(*self._calls)  # those in hand end by themselves
            finally:
                await end(self._calls)

    async def _send(self, bell: Bell) -> None:
        """Keep calls under way, so that a slow one holds up its own conversation only."""
        idle_since = self._gateway.now()
        while self._gateway.now() - idle_since < IDLE * SECOND and not self._stopping.is_set():
            live = self._gateway.sources.get(self._source_id)
            if live is None or _paused(live, self._gateway.now()):
                return
            await self._settle()
            began = await self._begin(live, bell)
            if self._calls:
                idle_since = self._gateway.now()
            if not began:
                await bell.wait(0.2)

    async def _begin(self, live: Live, bell: Bell) -> bool:
        """Begin what is ready; False: there was nothing, or enough is under way."""
        assert self._held is not None
        room = AT_ONCE - len(self._calls)
        if room <= 0 or await self._daily.rests(self._gateway, live):
            return False
        ready = await self._gateway.database.write(
            outbox.take_ready, self._held, self._source_id, live.window, room, live.lent
        )
        for part in ready:
            call = asyncio.create_task(self._attempt(live, part))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
            call.add_done_callback(lambda _: bell.ring())
        return bool(ready)

    async def _settle(self) -> None:
        """Store what became of the calls that have ended."""
        if not self._unsettled:
            return
        ended, self._unsettled = self._unsettled, []
        try:
            await self._gateway.database.write(outbox.settle, self._held, ended)
        except BaseException:
            self._unsettled = ended + self._unsettled
            raise

    async def _attempt(self, live: Live, part: Ready) -> None:
        """Make the call when its turn comes; what became of it is among the unsettled, whatever ends us."""
        assert self._pace is not None
        turn = self._pace.turn(*live.channel.pace(part.thread))
        try:
            await self._wait(turn)
            ready = not self._stopping.is_set() and self._left() > RENEW
        except asyncio.CancelledError:
            self._unsettled.append(_untouched(part, self._gateway.now()))
            raise
        outcome = await self._outcome(live, part) if ready else _untouched(part, self._gateway.now())
        self._unsettled.append(outcome)  # looked up only now: the list is another one after each settling

    async def _wait(self, seconds: float) -> None:
        """Until the turn comes, or we have to stop."""
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._stopping.wait()

    async def _outcome(self, live: Live, part: Ready) -> Outcome:
        try:
            async with asyncio.timeout(live.channel.can().send_timeout):
                ids = await self._call(live, part)
        except SendFailed as error:
            return await outcome_of(self._gateway, live, part, error)
        except TimeoutError:
            return await outcome_of(
                self._gateway, live, part, OutcomeUnknown("no answer in time", code="timeout")
            )
        except Exception as error:
            log.exception("channel raised what it must not", source=self._source_id)
            return await outcome_of(
                self._gateway, live, part, OutcomeUnknown(type(error).__name__, code="channel_failed")
            )
        SENDS.labels("sent").inc()
        self._daily.sent(self._source_id, self._gateway.now())
        return Outcome(part.id, part.message_id, "sent", tuple(ids))

    async def _call(self, live: Live, part: Ready) -> tuple[str, ...]:
        """Do at the network what the row asks; the ids of what was sent."""
        if part.act == "send":
            return await live.channel.send(await self._prepared(live, part))
        await carry_out(live.channel, part)
        return ()

    async def _prepared(self, live: Live, part: Ready) -> OutboundMessage:
        """The message with what must be the same at every attempt; made and kept before the first."""
        message = message_of(self._gateway, part)
        if part.prepared or not (prepared := live.channel.prepare(message)):
            return message
        assert self._held is not None
        await self._gateway.database.write(outbox.keep_prepared, self._held, part.id, prepared)
        return replace(message, prepared=prepared)


def _untouched(part: Ready, now: int) -> Outcome:
    """Its call was never begun: as before."""
    return Outcome(part.id, part.message_id, "queued", not_before=now)
