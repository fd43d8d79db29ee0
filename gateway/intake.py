"""How is a request's body taken in? Whole, because the journal keeps it whole; so only so much lies in memory at a time.

What is small is read at once. Larger ones wait a little for room, and nobody may take for ever to send one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from aiohttp import web

SMALL: Final = 16 * 1024
"""Bytes that need no room: with all hooks that may wait for the journal they come to 80 MB."""
PATIENCE: Final = 30.0
"""Seconds for a body to come, and one more for each `SLOWEST` bytes that were announced."""
SLOWEST: Final = 64 * 1024
TURN: Final = 20.0
"""Seconds that a large body waits for room."""


class NoRoom(Exception):
    """Other bodies fill the memory: come again."""


class TooSlow(Exception):
    """The body did not come in time."""


class Intake:
    """The bodies of this process's hooks: `largest` bytes each, `room` bytes of all larger ones together."""

    def __init__(self, largest: int, room: int) -> None:
        self._largest = largest
        self._room = self._left = max(room, largest)
        self._freed = asyncio.Event()

    def at_hand(self, request: web.Request) -> bytes | None:
        """The body, when it is small, plain, and came with the head of its request; None: it has to be waited for."""
        small = 0 < (request.content_length or 0) <= min(SMALL, self._largest)
        if not small or not request.content.is_eof() or "Content-Encoding" in request.headers:
            return None
        return request.content.read_nowait()

    @asynccontextmanager
    async def body(self, request: web.Request) -> AsyncIterator[bytes]:
        """The whole body; its room is given back when the block is left.

        Raises HTTPRequestEntityTooLarge, NoRoom and TooSlow."""
        announced = request.content_length or 0
        if announced > self._largest:
            raise web.HTTPRequestEntityTooLarge(self._largest, announced)
        async with AsyncExitStack() as stack:
            if announced > SMALL:
                await stack.enter_async_context(self._hold(announced))
            try:
                async with asyncio.timeout(PATIENCE + announced / SLOWEST):
                    read = await self._read(request, stack, known=announced > 0)
            except TimeoutError:
                raise TooSlow from None
            yield read

    async def _read(self, request: web.Request, stack: AsyncExitStack, *, known: bool) -> bytes:
        """One that does not say how long it is takes the room of the largest as soon as it is no small one."""
        pieces: list[bytes] = []
        size = 0
        async for piece in request.content.iter_any():
            pieces.append(piece)
            size += len(piece)
            if size > self._largest:
                raise web.HTTPRequestEntityTooLarge(self._largest, size)
            if size > SMALL and not known:
                await stack.enter_async_context(self._hold(self._largest))
                known = True
        return b"".join(pieces)

    @asynccontextmanager
    async def _hold(self, size: int) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(TURN):
                while self._left < size:
                    self._freed.clear()
                    await self._freed.wait()
        except TimeoutError:
            raise NoRoom from None
        self._left -= size
        try:
            yield
        finally:
            self._left += size
            self._freed.set()
