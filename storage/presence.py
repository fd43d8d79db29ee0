"""Who is looking at which conversation right now?

Leases of seconds, in memory; Redis passes them to other processes. Nothing here is worth keeping: a browser repeats
itself, so a lost word is made good by the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass

import orjson
import structlog

from routing.times import SECOND
from storage import wire
from storage.bells import BEAT, SILENCE

log = structlog.get_logger(__name__)
TOPIC = "inbox:presence"
LEASE = 10 * SECOND


@dataclass(frozen=True, slots=True)
class Look:
    """A member looks at a conversation through one window of theirs; conversation "" is none any more."""

    window: str
    member_id: str
    name: str
    conversation_id: str
    typing: bool
    until: int


class Presence:
    """The looks that this process knows of. `changed` is called with a conversation whose viewers changed."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._looks: dict[str, Look] = {}
        self.changed: Callable[[str], None] = lambda _: None

    def look(self, window: str, member_id: str, name: str, conversation_id: str, typing: bool) -> None:
        """The member looks at this through a window, for ten seconds; "" is at nothing."""
        self.hear(Look(window, member_id, name, conversation_id, typing, self._clock() + LEASE))

    def hear(self, look: Look) -> None:
        """Remember a look, and say which conversations' viewers are others now."""
        old = self._looks.pop(look.window, None)
        if look.conversation_id:
            self._looks[look.window] = look
        before = ("", False) if old is None else (old.conversation_id, old.typing)
        if before == (look.conversation_id, look.typing):
            return
        for conversation_id in sorted({look.conversation_id, before[0]} - {""}):
            self.changed(conversation_id)

    def viewers(self, conversation_id: str) -> list[tuple[str, str, bool]]:
        """Who looks at it now: (member, name, typing), each member once, by name."""
        now = self._clock()
        found: dict[str, tuple[str, bool]] = {}
        for look in self._looks.values():
            if look.conversation_id == conversation_id and look.until > now:
                typing = look.typing or found.get(look.member_id, ("", False))[1]
                found[look.member_id] = (look.name, typing)
        return sorted(((ref, *rest) for ref, rest in found.items()), key=lambda row: (row[1], row[0]))

    def expire(self) -> None:
        """Forget looks whose lease is over."""
        now = self._clock()
        for look in [look for look in self._looks.values() if look.until <= now]:
            del self._looks[look.window]
            self.changed(look.conversation_id)

    async def start(self) -> None:
        """Begin to hear other processes."""

    async def close(self) -> None:
        """Stop hearing them."""


class RedisPresence(Presence):
    """The same with the looks of all processes. With Redis gone it knows its own."""

    def __init__(self, clock: Callable[[], int], url: str, process: str) -> None:
        super().__init__(clock)
        self._process = process
        self._redis = wire.connect(url, 2)
        # A blocking reader needs its own client without a socket time-out (redis-py 8 defaults to 5 s).
        self._reader = wire.connect(url, None)
        self._pending: asyncio.Queue[Look] = asyncio.Queue(1000)
        self._tasks: list[asyncio.Task[None]] = []

    def look(self, window: str, member_id: str, name: str, conversation_id: str, typing: bool) -> None:
        until = self._clock() + LEASE
        look = Look(f"{self._process}/{window}", member_id, name, conversation_id, typing, until)
        self.hear(look)
        with contextlib.suppress(asyncio.QueueFull):
            self._pending.put_nowait(look)

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._tell()), asyncio.create_task(self._listen())]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._redis.aclose()
        await self._reader.aclose()

    async def _tell(self) -> None:
        while True:
            word = b""  # says that the line carries
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    word = orjson.dumps(await self._pending.get())
            try:
                await self._redis.publish(TOPIC, word)
            except wire.failures() as error:
                log.warning("presence not passed on", error=type(error).__name__)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._reader.pubsub() as topic:
                    await topic.subscribe(TOPIC)
                    while True:
                        async with asyncio.timeout(SILENCE):
                            heard = await topic.get_message(ignore_subscribe_messages=True, timeout=None)
                        if heard is not None and heard["data"]:
                            self._take(heard["data"])
            except wire.failures() as error:
                log.warning("presence not heard", error=type(error).__name__)
            await asyncio.sleep(0.5 + random.random())

    def _take(self, data: bytes) -> None:
        look = Look(**orjson.loads(data))
        if not look.window.startswith(f"{self._process}/"):
            self.hear(look)
