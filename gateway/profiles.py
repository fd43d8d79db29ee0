"""Who asks a network for the name of somebody who wrote? Beside the pipeline: no message waits for a name."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from channels.base import Profile
from channels.errors import ChannelError
from channels.events import Identity
from gateway.context import Gateway
from storage import profiles
from storage.errors import Unavailable
from storage.profiles import Nameless

log = structlog.get_logger(__name__)
LOOK = 10.0
AT_ONCE = 64
PATIENCE = 15
NOBODY: Final = Profile()


@dataclass(slots=True)
class _Answer:
    told: Sequence[tuple[Nameless, str, str]]
    later: Sequence[Nameless]


class Profiles:
    """Asks until cancelled."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def run(self) -> None:
        with self._gateway.bells.listening("profiles") as bell:
            while True:
                try:
                    found = await self._gateway.database.read(profiles.nameless, self._gateway.now(), AT_ONCE)
                    by_source: dict[str, list[Nameless]] = {}
                    for one in found:
                        by_source.setdefault(one.source_id, []).append(one)
                    answers = await asyncio.gather(*(self._ask(*asked) for asked in by_source.items()))
                    told = [one for answer in answers for one in answer.told]
                    later = [one for answer in answers for one in answer.later]
                    if found:
                        await self._gateway.database.write(profiles.named, told, later)
                except Unavailable:
                    found = []
                if not found:
                    await bell.wait(LOOK)
                    await asyncio.sleep(0.05)  # a burst of messages is asked about together

    async def _ask(self, source_id: str, asked: Sequence[Nameless]) -> _Answer:
        """Names and nicknames, "" where the network tells none; whoever a network that does not answer knows waits."""
        live = await self._gateway.sources.find(source_id)
        if live is None:
            return _Answer([(one, "", "") for one in asked], ())
        keys = {one.identity_id: Identity(kind=one.kind, value=one.value) for one in asked}
        try:
            async with asyncio.timeout(PATIENCE):
                found = await live.channel.profiles([*keys.values()])
        except (ChannelError, TimeoutError) as error:
            log.info("no profiles", source=source_id, error=type(error).__name__)
            return _Answer((), asked)
        told = [(one, found.get(keys[one.identity_id], NOBODY)) for one in asked]
        return _Answer([(one, profile.name, profile.username) for one, profile in told], ())
