"""What does the network do between a client and a server?

A Wire forwards a port of 127.0.0.1 and can be cut, stalled and mended while connections run over it. With a
TLS context it also adds TLS to a server that has none.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")
Protocols = Callable[[], asyncio.BaseProtocol]
CHUNK = 65536


class LoopThread:
    """An event loop on a thread of its own, for servers that must answer while the test's loop is busy."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self._thread = threading.Thread(target=self.loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run it there and wait for what it returns."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    async def serve(self, protocols: Protocols, tls: ssl.SSLContext | None = None) -> int:
        """Listen on a free port of 127.0.0.1, to be called there; returns the port."""
        server = await self.loop.create_server(protocols, "127.0.0.1", 0, ssl=tls)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """End whatever still runs there."""
        self.call(self._end_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    async def _end_all(self) -> None:
        for server in self._servers:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class Wire:
    """A forwarded port. `opened` counts the connections that were made."""

    def __init__(self, thread: LoopThread, target: int, tls: ssl.SSLContext | None) -> None:
        self._thread = thread
        self._target = target
        self._tls = tls
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._answering = asyncio.Event()
        self._answering.set()
        self._ends: set[asyncio.StreamWriter] = set()
        self._refusing = False
        self.opened = 0
        self.port = 0

    @property
    def open(self) -> int:
        """How many connections there are now."""
        return len(self._ends) // 2

    async def listen(self) -> None:
        self.port = await self._thread.serve(self._protocol, self._tls)

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(), self._accept)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        ends = {writer}
        try:
            if self._refusing:
                return
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            ends.add(far_writer)
            self._ends |= ends
            both = (
                self._pump(reader, far_writer, self._flowing),
                self._pump(far_reader, writer, self._answering),
            )
            await asyncio.gather(*both, return_exceptions=True)
            for end in ends:
                end.close()
                with contextlib.suppress(OSError):
                    await end.wait_closed()
        except OSError:
            return  # the server is down: so is the wire
        finally:
            self._ends -= ends
            for end in ends:
                _reset(end)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, open_: asyncio.Event
    ) -> None:
        while data := await reader.read(CHUNK):
            await open_.wait()
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():  # the other direction may have more to say; TLS knows no half
            writer.write_eof()
        else:
            writer.close()

    def cut(self) -> None:
        """Reset every connection, at both ends."""
        self._do(self._abort_all)

    def _abort_all(self) -> None:
        for end in self._ends:
            _reset(end)

    def refuse(self, refusing: bool = True) -> None:
        """Drop new connections as soon as they are made, or stop doing so."""
        self._refusing = refusing

    def stall(self) -> None:
        """Let nothing through, while all connections stay open."""
        self._do(self._flowing.clear)
        self.hold_answers()

    def hold_answers(self) -> None:
        """Let what clients say through, and nothing back: the server does what it is told, and nobody hears of it."""
        self._do(self._answering.clear)

    def mend(self) -> None:
        """Let through what was held back, and all that follows."""
        self._refusing = False
        self._do(self._flowing.set)
        self._do(self._answering.set)

    def _do(self, act: Callable[[], None]) -> None:
        async def there() -> None:
            act()

        self._thread.call(there())


def _reset(end: asyncio.StreamWriter) -> None:
    if not end.transport.is_closing():
        end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.transport.abort()


@contextlib.contextmanager
def wire(target: int, *, tls: ssl.SSLContext | None = None) -> Iterator[Wire]:
    """A wire to a port of this machine; `tls`: what clients meet at its near end."""
    thread = LoopThread("wire")
    try:
        made = Wire(thread, target, tls)
        thread.call(made.listen())
        yield made
    finally:
        thread.close()
