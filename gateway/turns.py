"""When may this process call a network that counts the calls of all of them together?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from routing.times import SECOND
from storage import turns
from storage.database import Database
from storage.errors import Unavailable

PATIENCE: Final = 2.0


@dataclass(frozen=True, slots=True)
class SourceTurns:
    """channels.base.Turns over the database. Without it each process keeps to its own pace."""

    source_id: str
    database: Database

    async def take(self, interval: float) -> float:
        """Seconds until our turn; 0 while the database does not answer."""
        try:
            async with asyncio.timeout(PATIENCE):
                wait = await self.database.write_alone(turns.take, self.source_id, int(interval * SECOND))
        except (Unavailable, TimeoutError):
            return 0.0
        return wait / SECOND
