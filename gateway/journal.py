"""How are proven envelopes kept before anybody is answered?

Group commit without a timer: whatever gathered while one commit ran goes into the next. A group that fails is tried one
by one, so that one bad envelope cannot hold the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from gateway.metrics import HOOKS
from storage.database import Database
from storage.errors import Unavailable
from storage.journal import Entry, append

log = structlog.get_logger(__name__)
KEPT, REPEATED = HOOKS.labels("kept"), HOOKS.labels("repeated")
GROUP = 500


class Busy(Exception):
    """Too many envelopes wait for the disk: answer 503, the provider comes again."""


@dataclass(slots=True)
class _Waiting:
    entry: Entry
    kept: asyncio.Future[int | None]


class Journal:
    """The one way into the journal for the hooks of this process."""

    def __init__(self, database: Database, limit: int) -> None:
        self._database = database
        self._limit = limit
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, entry: Entry) -> int | None:
        """The envelope's id once it is safely on disk; None: its key was there before.

        Raises Busy when too many wait, Unavailable when the database is gone. Nothing is kept then.
        """
        if len(self._waiting) >= self._limit:
            raise Busy
        kept = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(entry, kept))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        # A caller that goes away cancels its own answer, not the writing: that is another task's.
        result: int | None = await kept
        return result

    async def drain(self) -> None:
        """Wait until all that was handed in is written."""
        if self._writing is not None:
            await asyncio.shield(self._writing)

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
            try:
                ids = await self._database.write_alone(append, [waiting.entry for waiting in group])
            except Unavailable as error:
                self._fail(group, error)
            except Exception as error:
                log.warning(
                    "group not kept, trying one by one",
                    size=len(group),
                    error=type(error).__name__,
                )
                await self._one_by_one(group)
            else:
                self._tell(group, ids)

    async def _one_by_one(self, group: list[_Waiting]) -> None:
        for waiting in group:
            try:
                ids = await self._database.write_alone(append, [waiting.entry])
            except Exception as error:
                self._fail([waiting], error)
            else:
                self._tell([waiting], ids)

    def _tell(self, group: list[_Waiting], ids: Sequence[int | None]) -> None:
        """They are on disk."""
        repeated = ids.count(None)
        KEPT.inc(len(ids) - repeated)
        REPEATED.inc(repeated)
        for waiting, envelope_id in zip(group, ids, strict=True):
            if not waiting.kept.done():
                waiting.kept.set_result(envelope_id)

    def _fail(self, group: list[_Waiting], error: Exception) -> None:
        for waiting in group:
            if not waiting.kept.done():
                waiting.kept.set_exception(error)
                waiting.kept.exception()  # a caller that left does not make noise
