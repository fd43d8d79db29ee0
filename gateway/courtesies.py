"""What is done for the client's comfort alone? Typing shown, the wait at a pressed button ended.

All of it may fail in silence and nothing waits for it: it is bounded in number and time, and never tried again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Iterable
from typing import Any, Final

import structlog

from channels.events import Identity, InboundMessage
from gateway.context import Gateway
from gateway.ending import end
from gateway.opening.batch import Parsed
from routing.times import SECOND
from storage import cards
from storage.errors import Unavailable
from storage.leases import acquire

log = structlog.get_logger(__name__)
TYPING: Final = "typing"
"""The bell `typing:<conversation>`: somebody writes there."""
AT_ONCE: Final = 32
PATIENCE: Final = 5.0
EVERY: Final = 4 * SECOND
REMEMBERED: Final = 2000
HELD: Final = 60.0


class _Tasks:
    """A few calls under way; what comes on top of them is left out."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        if len(self._running) >= AT_ONCE:
            work.close()
            return
        task = asyncio.create_task(_patiently(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Give up what is under way."""
        await end(self._running)


async def _patiently(work: Coroutine[Any, Any, None]) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await work
    except Exception as error:
        log.info("courtesy left out", error=type(error).__name__)


class Courtesies:
    """Ends the wait at pressed buttons once their envelopes are opened."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._tasks = _Tasks()

    def after(self, batch: Iterable[Parsed]) -> None:
        """Acknowledge the buttons of a batch; returns at once."""
        for parsed in batch:
            for event in parsed.events:
                live = self._gateway.sources.get(parsed.source_id)
                if isinstance(event, InboundMessage) and event.callback and live is not None:
                    self._tasks.start(live.channel.acknowledge(event.callback))

    async def close(self) -> None:
        """Give up what is under way."""
        await self._tasks.close()


class Typists:
    """Shows clients that somebody writes. A source has one typist, by lease, so that many processes call once."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._tasks = _Tasks()
        self._shown: OrderedDict[str, int] = OrderedDict()
        self._mine: dict[str, int] = {}

    async def run(self) -> None:
        """Hear the bell until cancelled."""
        try:
            with self._gateway.bells.hearing(TYPING, self._heard):
                await asyncio.Event().wait()
        finally:
            await self._tasks.close()

    def _heard(self, conversation_id: str) -> None:
        now = self._gateway.now()
        if now - self._shown.get(conversation_id, 0) < EVERY:
            return
        self._shown[conversation_id] = now
        self._shown.move_to_end(conversation_id)
        while len(self._shown) > REMEMBERED:
            self._shown.popitem(last=False)
        self._tasks.start(self._show(conversation_id))

    async def _show(self, conversation_id: str) -> None:
        row = await self._gateway.database.read(cards.way_to, conversation_id)
        live = self._gateway.sources.get(row.source_id) if row is not None else None
        if row is None or live is None or not live.channel.can().typing or live.row.state != "active":
            return
        if (live.row.paused_until or 0) <= self._gateway.now() and await self._may(row.source_id):
            await live.channel.typing(row.thread, Identity(kind=row.kind, value=row.value))

    async def _may(self, source_id: str) -> bool:
        """Whether this process is the source's typist."""
        if self._mine.get(source_id, 0) > self._gateway.now():
            return True
        try:
            name = [f"{TYPING}:{source_id}"]
            held = await self._gateway.database.write(acquire, name, self._gateway.holder, HELD)
        except Unavailable:
            return False
        for one in held:
            self._mine[source_id] = one.until
        return bool(held)
