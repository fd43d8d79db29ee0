"""Where does a channel keep what changes in its account while it works? Sealed, one row a source, shared by all processes."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from channels.errors import TryLater
from gateway.vault import Vault
from storage.database import Database
from storage.leases import acquire, release
from storage.sources import memory_of, remember

HELD = 40.0
TRIES = 60
BETWEEN = 0.5


@dataclass(slots=True)
class SourceMemory:
    """channels.base.Memory over the database."""

    source_id: str
    database: Database
    vault: Vault
    holder: str = field(default_factory=lambda: f"memory-{secrets.token_hex(6)}")
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Nobody else, in any process, changes it while the block lasts. Raises TryLater."""
        async with self._turn:
            for _ in range(TRIES):
                held = await self.database.write(acquire, [f"memory:{self.source_id}"], self.holder, HELD)
                if held:
                    break
                await asyncio.sleep(BETWEEN)
            else:
                raise TryLater("somebody else is at it", code="oauth_unreachable")
            try:
                yield
            finally:
                await self.database.write(release, held)

    async def read(self) -> Mapping[str, str]:
        """What is remembered."""
        return self.vault.open(await self.database.read(memory_of, self.source_id))

    async def write(self, values: Mapping[str, str]) -> None:
        """Remember these instead."""
        await self.database.write(remember, self.source_id, self.vault.seal(values))
