"""How is an envelope read that could hang us? In a process of its own, which can be killed.

Python holds its lock for as long as one regular expression runs, so neither a thread nor a time-out could end it. The child is
started when it is first needed, kept while there is work, and dies with us: at the end of its input, or of its processor time.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import struct
import sys
from pathlib import Path
from typing import BinaryIO, Final, Literal, TypeAlias

import channels
from channels.base import Channel, Envelope
from channels.errors import PayloadUnreadable
from channels.events import Event

PATIENCE: Final = 20.0
"""Seconds after which an envelope is given up as unreadable."""
KEPT: Final = 60.0
"""Seconds for which an idle child is kept."""
SIZE: Final = struct.Struct(">Q")
ROOT: Final = Path(__file__).resolve().parent.parent

Answer: TypeAlias = tuple[Literal["read", "unreadable", "failed"], tuple[Event, ...], str, str]


class ReaderFailed(Exception):
    """The parser raised what it must not, or the process that ran it died; the text says which."""


class Apart:
    """The child of this process. One envelope at a time."""

    def __init__(self) -> None:
        self._child: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._closing: asyncio.TimerHandle | None = None

    async def parse(self, channel: Channel, envelope: Envelope) -> tuple[Event, ...]:
        """The facts in it. Raises PayloadUnreadable, TimeoutError after 20 seconds, ReaderFailed."""
        question = pickle.dumps((_name(channel), channel.account.alone(), envelope))
        async with self._turn:
            if self._closing is not None:
                self._closing.cancel()
            try:
                async with asyncio.timeout(PATIENCE):
                    kind, events, code, detail = await self._ask(question)
            except (TimeoutError, asyncio.CancelledError):
                await self._end()
                raise
            except (EOFError, OSError) as error:
                await self._end()
                raise ReaderFailed(type(error).__name__) from error
            self._closing = asyncio.get_running_loop().call_later(KEPT, self._let_go)
        if kind == "unreadable":
            raise PayloadUnreadable(detail, code=code)
        if kind == "failed":
            raise ReaderFailed(detail)
        return events

    async def _ask(self, question: bytes) -> Answer:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "gateway.apart", stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, cwd=ROOT,
            )  # fmt: skip
        child = self._child
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(SIZE.pack(len(question)) + question)
        await child.stdin.drain()
        (size,) = SIZE.unpack(await child.stdout.readexactly(SIZE.size))
        answer: Answer = pickle.loads(await child.stdout.readexactly(size))
        return answer

    def _let_go(self) -> None:
        """It has been idle for long: at the end of its input it ends."""
        if self._child is not None and self._child.stdin is not None and not self._turn.locked():
            self._child.stdin.close()

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.communicate()

    async def close(self) -> None:
        """End the child."""
        if self._closing is not None:
            self._closing.cancel()
        await self._end()


def _name(channel: Channel) -> str:
    """The folder the channel's class comes from."""
    return type(channel).__module__.split(".")[1]


def main(come: BinaryIO, go: BinaryIO) -> None:
    """The child: read envelopes until there are no more."""
    while head := come.read(SIZE.size):
        (size,) = SIZE.unpack(head)
        name, account, envelope = pickle.loads(come.read(size))
        _limit_time()
        answer = pickle.dumps(_answer(channels.load(name)(account), envelope))
        go.write(SIZE.pack(len(answer)) + answer)
        go.flush()


def _answer(channel: Channel, envelope: Envelope) -> Answer:
    try:
        return "read", tuple(channel.parse(envelope)), "", ""
    except PayloadUnreadable as error:
        return "unreadable", (), error.code, error.detail
    except Exception as error:
        return "failed", (), "", f"{type(error).__name__}: {error}"


def _limit_time() -> None:
    """No more processor time than one envelope may take, even if nobody is left to kill us."""
    with contextlib.suppress(ImportError):  # there is none on Windows
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        until = int(used.ru_utime + used.ru_stime + PATIENCE) + 1
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (until, most))


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
