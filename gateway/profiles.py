"""Who asks a network for the name of somebody who wrote? Beside the pipeline: no message waits for a name."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, TypeVar

import structlog

from channels.base import Profile
from channels.errors import ChannelError
from channels.events import Identity
from gateway.context import Gateway
from gateway.pulse import REST
from storage import bylines, profiles
from storage.bylines import Colleague
from storage.errors import Unavailable
from storage.profiles import Nameless

log = structlog.get_logger(__name__)
AT_ONCE = 64
PATIENCE = 15
NOBODY: Final = Profile()
Who = TypeVar("Who", Nameless, Colleague)


class Profiles:
    """Asks until cancelled."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def run(self) -> None:
        with self._gateway.bells.listening("profiles") as bell:
            while True:
                try:
                    found = await self._clients() + await self._colleagues()
                except Unavailable:
                    found = 0
                if not found:
                    await bell.wait(REST)
                    await asyncio.sleep(0.05)  # a burst of messages is asked about together

    async def _clients(self) -> int:
        """Name clients; how many were asked about. Raises Unavailable."""
        database = self._gateway.database
        found = await database.read(profiles.nameless, self._gateway.now(), AT_ONCE)
        if found:
            told, later = await self._ask(found)
            rows = [(one, profile.name, profile.username) for one, profile in told]
            await database.write(profiles.named, rows, later)
        return len(found)

    async def _colleagues(self) -> int:
        """Name those of us who answer in a network's own program; how many were asked about. Raises Unavailable."""
        database = self._gateway.database
        found = await database.read(bylines.nameless, self._gateway.now(), AT_ONCE)
        if found:
            told, later = await self._ask(found)
            await database.write(bylines.named, [(one, profile.name) for one, profile in told], later)
        return len(found)

    async def _ask(self, asked: Sequence[Who]) -> tuple[list[tuple[Who, Profile]], list[Who]]:
        """What the networks tell, an empty profile where they know nobody; and those whose network does not answer."""
        by_source: dict[str, list[Who]] = {}
        for one in asked:
            by_source.setdefault(one.source_id, []).append(one)
        answers = await asyncio.gather(*(self._ask_one(*each) for each in by_source.items()))
        told = [one for answer in answers if answer is not None for one in answer]
        answered = {one for one, _ in told}
        return told, [one for one in asked if one not in answered]

    async def _ask_one(self, source_id: str, asked: Sequence[Who]) -> list[tuple[Who, Profile]] | None:
        live = await self._gateway.sources.find(source_id)
        if live is None:
            return [(one, NOBODY) for one in asked]
        people = [Identity(kind=one.kind, value=one.value) for one in asked]
        try:
            async with asyncio.timeout(PATIENCE):
                found = await live.channel.profiles(people)
        except (ChannelError, TimeoutError) as error:
            log.info("no profiles", source=source_id, error=type(error).__name__)
            return None
        return [(one, found.get(person, NOBODY)) for one, person in zip(asked, people, strict=True)]
