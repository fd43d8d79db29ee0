"""Who is woken when something changed?

A bell is a name; ringing wakes everybody who waits for it, in this process at once and through Redis in the others. A lost
bell only costs time: whoever waits also looks by itself now and then.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterable, Iterator

import structlog

from storage import wire

log = structlog.get_logger(__name__)
TOPIC = "inbox:bells"
BEAT = 5.0
"""Everybody says so often that the line carries, if only to themselves."""
SILENCE = 15.0
"""A line that carried nothing for so long is dead, though nobody closed it."""


class Bell:
    """One waiter. `wait` returns as soon as it was rung since the last return, or when the time is over."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    def rung(self) -> bool:
        """Whether it was rung since this or `wait` last returned."""
        rung = self._rung.is_set()
        self._rung.clear()
        return rung

    async def wait(self, seconds: float) -> bool:
        """True: rung. False: the time is over."""
        # Not wait_for: in Python 3.11 it swallows a cancellation that comes together with the ring.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        return self.rung()


class Bells:
    """The bells of one process."""

    def __init__(self) -> None:
        self._waiters: dict[str, set[Bell]] = {}
        self._hearers: dict[str, Callable[[str], None]] = {}

    @contextlib.contextmanager
    def hearing(self, name: str, heard: Callable[[str], None]) -> Iterator[None]:
        """Call `heard` with what follows `name:` in a bell, for as long as the block lasts. It must not wait."""
        self._hearers[name] = heard
        try:
            yield
        finally:
            self._hearers.pop(name, None)

    @contextlib.contextmanager
    def listening(self, *names: str) -> Iterator[Bell]:
        """A bell that any of these names rings, for as long as the block lasts."""
        bell = Bell()
        for name in names:
            self._waiters.setdefault(name, set()).add(bell)
        try:
            yield bell
        finally:
            for name in names:
                self._waiters[name].discard(bell)

    def ring(self, names: Iterable[str]) -> None:
        """Wake the waiters of these names."""
        self.ring_here(names)

    def ring_here(self, names: Iterable[str]) -> None:
        for name in names:
            for bell in self._waiters.get(name, ()):
                bell.ring()
            kind, said, what = name.partition(":")
            if said and kind in self._hearers:
                self._hearers[kind](what)

    def ring_all(self) -> None:
        """Wake everybody: something may have been missed."""
        self.ring_here(tuple(self._waiters))

    async def start(self) -> None:
        """Begin to hear other processes."""

    async def close(self) -> None:
        """Stop hearing them."""


class RedisBells(Bells):
    """The bells of many processes. With Redis gone they ring in their own process only, and go on by looking."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.redis = wire.connect(url, 2)
        # A blocking reader needs its own client without a socket time-out (redis-py 8 defaults to 5 s).
        self.reader = wire.connect(url, None)
        self._pending: set[str] = set()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def ring(self, names: Iterable[str]) -> None:
        names = tuple(names)
        self.ring_here(names)
        self._pending.update(names)
        self._wake.set()

    async def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._publish()),
            asyncio.create_task(self._hear()),
        ]

    async def close(self) -> None:
        for task in self._tasks:
            await _end(task)
        await self.redis.aclose()
        await self.reader.aclose()

    async def _publish(self) -> None:
        """One PUBLISH carries all that gathered while the last one was under way; an empty one is a heartbeat."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await self._wake.wait()
            self._wake.clear()
            names, self._pending = self._pending, set()
            try:
                await self.redis.publish(TOPIC, "\n".join(sorted(names)))
            except wire.failures() as error:
                log.warning("bells not passed on", error=type(error).__name__)
                await asyncio.sleep(1)

    async def _hear(self) -> None:
        while True:
            try:
                async with self.reader.pubsub() as topic:
                    await topic.subscribe(TOPIC)
                    self.ring_all()
                    while True:
                        async with asyncio.timeout(SILENCE):
                            heard = await topic.get_message(ignore_subscribe_messages=True, timeout=None)
                        if heard is not None:
                            self.ring_here(filter(None, heard["data"].decode().split("\n")))
            except wire.failures() as error:
                log.warning("bells not heard", error=type(error).__name__)
            await asyncio.sleep(0.5 + random.random())


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel until it is over: a call to Redis that ends in the same moment swallows a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.1)


async def ping(url: str) -> str:
    """What is wrong with Redis; "" when it answers."""
    client = wire.connect(url, 2)
    try:
        await client.ping()
    except wire.failures() as error:
        return type(error).__name__
    finally:
        await client.aclose()
    return ""
