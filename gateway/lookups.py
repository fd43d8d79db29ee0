"""What became of a message that may have left? Asked of the network where it can tell; else a person decides."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from channels.errors import ChannelError
from gateway.context import Gateway
from gateway.pulse import REST
from routing.times import SECOND
from storage import outbox
from storage.errors import Unavailable
from storage.outbox import Outcome

log = structlog.get_logger(__name__)
AT_ONCE = 8
MOST_ATTEMPTS = 2
"""A letter that surely did not leave goes once more; after that it is somebody's to decide."""


class Lookups:
    """Looks parts of unknown fate up until cancelled."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def run(self) -> None:
        with self._gateway.bells.listening("lookups") as bell:
            while True:
                try:
                    now = self._gateway.now()
                    rows = await self._gateway.database.read(outbox.unknown_ones, now, AT_ONCE)
                    await asyncio.gather(*(self._look_up(row) for row in rows))
                except Unavailable:
                    rows = []
                if not rows:
                    await bell.wait(REST)
                    await asyncio.sleep(0.05)

    async def _look_up(self, row: Any) -> None:
        outcome = await self._found(row)
        await self._gateway.database.write(outbox.looked_up, outcome)

    async def _found(self, row: Any) -> Outcome:
        unknown = Outcome(row.id, row.message_id, "unknown")
        live = self._gateway.sources.get(row.source_id)
        if live is None:
            return unknown
        channel, can, now = live.channel, live.channel.can(), self._gateway.now()
        try:
            async with asyncio.timeout(can.send_timeout):
                found = await channel.look_up(row.id)
        except (ChannelError, TimeoutError) as error:
            log.info("not looked up", source=row.source_id, error=type(error).__name__)
            later = now + int(5 * max(can.look_up, 1) * SECOND)
            return Outcome(row.id, row.message_id, "unknown", not_before=later)
        if found:
            return Outcome(row.id, row.message_id, "sent", (channel.echo_key(row.id),))
        if found is False and row.attempts < MOST_ATTEMPTS:
            return Outcome(row.id, row.message_id, "queued", not_before=now)
        return unknown
