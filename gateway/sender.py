"""Who carries messages out?

A source has one sender, by lease, so its network's limits are kept in this process's memory. A part is committed as
`sending` before the call; no transaction is open during it; no call is begun with less lease left than it may take.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable

import structlog

from channels.base import OutboundFile, OutboundMessage, Rate
from channels.errors import (
    Disconnected,
    OutcomeUnknown,
    Refused,
    SendFailed,
    TryLater,
    Unreachable,
    WindowClosed,
)
from channels.events import Identity
from gateway.afterwards import carry_out, spans_of
from gateway.context import Gateway
from gateway.metrics import SENDS
from gateway.sources import Live
from routing.times import HOUR, SECOND
from storage import outbox
from storage.errors import LeaseLost, Unavailable
from storage.leases import Lease, acquire, release, renew
from storage.outbox import Outcome, Ready
from storage.sources import change_source

log = structlog.get_logger(__name__)
LOOK = 2.0
LEASE_MARGIN = 15.0
AT_ONCE = 16
IDLE = 20.0
FIRST_WAIT, LONGEST_WAIT = 2.0, 600.0
GIVE_UP = 24 * HOUR
CHATS = 5000


class Senders:
    """Starts a sender for every source that has something to send."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look for work until cancelled; then stop every sender."""
        try:
            with self._gateway.bells.listening("outbox") as bell:
                while True:
                    await bell.wait(await self._look())
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

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
                self._running[source_id] = asyncio.create_task(_Sender(self._gateway, source_id).run())
        soonest = min((due for due in work.values() if due > now), default=now + int(LOOK * SECOND))
        return min(LOOK, max(0.02, (soonest - now) / SECOND))


def _paused(live: Live, now: int) -> bool:
    return live.row.state not in ("active", "draft") or (live.row.paused_until or 0) > now


class _Sender:
    """Sends for one source while there is work."""

    def __init__(self, gateway: Gateway, source_id: str) -> None:
        self._gateway = gateway
        self._source_id = source_id
        self._pace: _Pace | None = None
        self._held: Lease | None = None
        self._unsettled: list[Outcome] = []

    async def run(self) -> None:
        name = f"send:{self._source_id}"
        database = self._gateway.database
        live = self._gateway.sources.get(self._source_id)
        if live is None:
            return
        seconds = live.channel.can().send_timeout + LEASE_MARGIN
        try:
            self._held = next(
                iter(await database.write(acquire, [name], self._gateway.holder, seconds)), None
            )
            if self._held is None:
                return
            await database.write(outbox.recover, self._held, self._source_id, live.channel.can().idempotent)
            await self._work(seconds)
        except (Unavailable, LeaseLost) as error:
            log.warning("sender stopped", source=self._source_id, error=type(error).__name__)
        except Exception:
            log.exception("sender failed", source=self._source_id)
        finally:
            if self._held is not None:
                await asyncio.shield(self._release())

    async def _release(self) -> None:
        try:
            if self._unsettled:
                await self._gateway.database.write(outbox.settle, self._held, self._unsettled)
            if self._held is not None:
                await self._gateway.database.write(release, [self._held])
        except (Unavailable, LeaseLost) as error:
            log.warning("send lease not given back", error=type(error).__name__)

    async def _work(self, seconds: float) -> None:
        idle_since = self._gateway.now()
        with self._gateway.bells.listening("outbox") as bell:
            while self._gateway.now() - idle_since < IDLE * SECOND:
                live = self._gateway.sources.get(self._source_id)
                if live is None or _paused(live, self._gateway.now()):
                    return
                await self._renew(seconds)
                if await self._send_ready(live):
                    idle_since = self._gateway.now()
                else:
                    await bell.wait(0.2)

    async def _renew(self, seconds: float) -> None:
        assert self._held is not None
        if self._held.until - self._gateway.now() < (seconds - LEASE_MARGIN / 2) * SECOND:
            kept = await self._gateway.database.write(renew, [self._held], seconds)
            if not kept:
                raise LeaseLost(self._held.name)
            self._held = kept[0]

    async def _send_ready(self, live: Live) -> bool:
        assert self._held is not None
        ready = await self._gateway.database.write(
            outbox.take_ready, self._held, self._source_id, live.window, AT_ONCE
        )
        if not ready:
            return False
        if self._pace is None:
            self._pace = _Pace(live.channel.can().rate)
        outcomes = await asyncio.gather(*(self._attempt(live, self._pace, part) for part in ready))
        self._unsettled = list(outcomes)
        await self._gateway.database.write(outbox.settle, self._held, self._unsettled)
        self._unsettled = []
        return True

    async def _attempt(self, live: Live, pace: _Pace, part: Ready) -> Outcome:
        can = live.channel.can()
        await pace.wait(*live.channel.pace(part.thread))
        if self._held is None or self._held.until - self._gateway.now() < can.send_timeout * SECOND:
            return Outcome(part.id, part.message_id, "queued", not_before=self._gateway.now())
        try:
            async with asyncio.timeout(can.send_timeout):
                ids = await self._call(live, part)
        except SendFailed as error:
            return await self._failed(live, part, error)
        except TimeoutError:
            return await self._failed(live, part, OutcomeUnknown("no answer in time", code="timeout"))
        except Exception as error:
            log.exception("channel raised what it must not", source=self._source_id)
            return await self._failed(live, part, OutcomeUnknown(type(error).__name__, code="channel_failed"))
        SENDS.labels("sent").inc()
        return Outcome(part.id, part.message_id, "sent", tuple(ids))

    async def _call(self, live: Live, part: Ready) -> tuple[str, ...]:
        """Do at the network what the row asks; the ids of what was sent."""
        if part.act == "send":
            return await live.channel.send(self._message(part))
        await carry_out(live.channel, part)
        return ()

    def _message(self, part: Ready) -> OutboundMessage:
        files = tuple(
            OutboundFile(
                kind=file["kind"], name=file["name"], mime=file["mime"], size=file["size"],
                read=_reader(self._gateway, file["digest"]),
            )
            for file in part.content["files"]
        )  # fmt: skip
        return OutboundMessage(
            key=part.id,
            thread=part.thread,
            to=Identity(kind=part.identity_kind, value=part.identity_value),
            to_name=part.contact_name,
            text=part.content["text"],
            files=files,
            reply_to=part.reply_to,
            subject=part.subject,
            references=part.references,
            created_at=part.created_at,
            spans=spans_of(part.content.get("spans", ())),
        )

    async def _failed(self, live: Live, part: Ready, error: SendFailed) -> Outcome:
        """What a failure means: again later, never, a person decides, or the whole source stops."""
        now = self._gateway.now()
        SENDS.labels(type(error).__name__).inc()
        log.info(
            "not sent",
            source=self._source_id,
            code=error.code,
            kind=type(error).__name__,
            attempt=part.attempts,
        )
        match error:
            case TryLater():
                return await self._later(part, error, now)
            case OutcomeUnknown() if live.channel.can().idempotent or part.act != "send":
                return await self._later(part, TryLater(error.detail, code=error.code), now)
            case OutcomeUnknown():
                return Outcome(part.id, part.message_id, "unknown", reason=error.code, detail=error.detail)
            case Disconnected():
                await self._gateway.database.write(
                    change_source, self._source_id, state="broken", last_error=error.code
                )
                return Outcome(part.id, part.message_id, "queued", reason=error.code, not_before=now)
            case Unreachable():
                return Outcome(
                    part.id,
                    part.message_id,
                    "failed",
                    reason=error.code,
                    detail=error.detail,
                    unreachable=error.code,
                )
            case WindowClosed() | Refused() | SendFailed():
                return Outcome(part.id, part.message_id, "failed", reason=error.code, detail=error.detail)

    async def _later(self, part: Ready, error: TryLater, now: int) -> Outcome:
        """Certainly not sent: wait as long as asked, else twice as long each time, with jitter."""
        if now - part.created_at > GIVE_UP:
            return Outcome(
                part.id, part.message_id, "failed", reason=error.code, detail="gave up after a day"
            )
        wait = error.after if error.after is not None else _back_off(part.attempts)
        until = now + int(wait * SECOND)
        if error.whole_source:
            await self._gateway.database.write(
                change_source, self._source_id, paused_until=until, paused_reason=error.code
            )
            await self._gateway.sources.look()
        return Outcome(
            part.id, part.message_id, "postponed", reason=error.code, detail=error.detail, not_before=until
        )


def _back_off(attempts: int) -> float:
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempts - 1, 12))
    return longest * (0.5 + random.random() / 2)


def _reader(gateway: Gateway, digest: str) -> Callable[[], AsyncIterator[bytes]]:
    def read() -> AsyncIterator[bytes]:
        return gateway.files.stream(digest)

    return read


class _Pace:
    """No faster than the network allows: a bucket for the account, a pause for each chat."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._tokens = float(rate.burst)
        self._filled_at = asyncio.get_running_loop().time()
        self._chats: OrderedDict[str, float] = OrderedDict()

    async def wait(self, chat: str, interval: float) -> None:
        """Return when the next call to this chat may be made."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._tokens = (
            min(self._rate.burst, self._tokens + (now - self._filled_at) * self._rate.per_second) - 1
        )
        self._filled_at = now
        turn = now + max(0.0, -self._tokens / self._rate.per_second)
        turn = max(turn, self._chats.get(chat, 0.0))
        self._chats[chat] = turn + interval
        self._chats.move_to_end(chat)
        while len(self._chats) > CHATS:
            self._chats.popitem(last=False)
        if turn > now:
            await asyncio.sleep(turn - now)
