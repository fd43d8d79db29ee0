"""Who asks a network for all of a message of which only a part came, and whose an account is that it told nothing of?

Beside the pipeline: what came is shown meanwhile.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

import structlog

from channels.errors import ChannelError
from gateway.context import Gateway
from gateway.pulse import REST
from gateway.webhooks import make_entry
from storage import cut
from storage.cut import Part
from storage.errors import Unavailable
from storage.journal import append

log = structlog.get_logger(__name__)
AT_ONCE: Final = 16
PATIENCE: Final = 25.0


class Completer:
    """Asks until cancelled. What fails is due again by itself; what comes is an envelope like any other."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def run(self) -> None:
        with self._gateway.bells.listening("cut") as bell:
            while True:
                try:
                    found = await self.once()
                except Unavailable:
                    found = 0
                if not found:
                    await bell.wait(REST)

    async def once(self) -> int:
        """Ask for what is due; how many were asked for. Raises Unavailable."""
        database = self._gateway.database
        if not await database.read(cut.is_due, self._gateway.now()):
            return 0
        parts = await database.write(cut.claim, AT_ONCE)
        await asyncio.gather(*map(self._complete, parts))
        return len(parts)

    async def _complete(self, part: Part) -> None:
        """Keep the whole message; give up where the network has it no more."""
        gateway = self._gateway
        live = await gateway.sources.find(part.source_id)
        if live is None or not live.receiving:
            return
        try:
            async with asyncio.timeout(PATIENCE):
                ask = live.channel
                envelope = await (
                    ask.lent(part.thread) if part.is_account else ask.whole(part.thread, part.external_id)
                )
        except (ChannelError, TimeoutError) as error:
            log.info("rest of a message not told", source=part.source_id, error=type(error).__name__)
            return
        if envelope is None:
            await gateway.database.write(cut.give_up, [part])
            return
        came = replace(envelope, received_at=gateway.now())
        entry = await make_entry(gateway.files, part.source_id, part.thread, None, came)
        await gateway.database.write(append, [entry])
