"""How much has an account sent today, where its provider lets only so much leave?"""

from __future__ import annotations

from collections import deque

from gateway.context import Gateway
from gateway.sources import Live
from routing.times import DAY
from storage import outbox
from storage.sources import change_source


class Daily:
    """When messages left, of sources with a limit; read once from the rows, then kept in memory."""

    def __init__(self) -> None:
        self._left: dict[str, deque[int]] = {}

    def sent(self, source_id: str, at: int) -> None:
        """One more left."""
        if source_id in self._left:
            self._left[source_id].append(at)

    async def rests(self, gateway: Gateway, live: Live) -> bool:
        """Whether as much left within a day as may; the source pauses then until more may."""
        limit = live.channel.can().per_day
        if not limit:
            return False
        source_id, now = live.row.id, gateway.now()
        if source_id not in self._left:
            known = await gateway.database.read(outbox.left_since, source_id, now - DAY)
            self._left[source_id] = deque(known)
        left = self._left[source_id]
        while left and left[0] <= now - DAY:
            left.popleft()
        if len(left) < limit:
            return False
        await gateway.database.write(
            change_source, source_id, paused_until=left[-limit] + DAY, paused_reason="day_limit"
        )
        await gateway.sources.look()
        return True
