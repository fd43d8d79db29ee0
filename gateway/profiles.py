"""Who asks a network for the name of somebody who wrote? Beside the pipeline: no message waits for a name."""

from __future__ import annotations

import asyncio

import structlog

from channels.errors import ChannelError
from channels.events import Identity
from gateway.context import Gateway
from storage import profiles
from storage.errors import Unavailable
from storage.profiles import Nameless

log = structlog.get_logger(__name__)
LOOK = 10.0
AT_ONCE = 8
PATIENCE = 15


class Profiles:
    """Asks until cancelled."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def run(self) -> None:
        with self._gateway.bells.listening("profiles") as bell:
            while True:
                try:
                    found = await self._gateway.database.read(profiles.nameless, self._gateway.now(), AT_ONCE)
                    told = await asyncio.gather(*(self._ask(one) for one in found))
                    if told:
                        await self._gateway.database.write(profiles.named, told)
                except Unavailable:
                    found = []
                if not found:
                    await bell.wait(LOOK)
                    await asyncio.sleep(0.05)  # a burst of messages is asked about together

    async def _ask(self, one: Nameless) -> tuple[Nameless, str, str]:
        """The name and the nickname; "" where the network tells none."""
        live = await self._gateway.sources.find(one.source_id)
        name = username = ""
        if live is not None:
            try:
                async with asyncio.timeout(PATIENCE):
                    profile = await live.channel.profile(Identity(kind=one.kind, value=one.value))
                name, username = (profile.name, profile.username) if profile is not None else ("", "")
            except (ChannelError, TimeoutError) as error:
                log.info("no profile", source=one.source_id, error=type(error).__name__)
        return one, name, username
