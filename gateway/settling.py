"""Who settles a client's responsible and the owners of their deals where the company wants that done by itself?"""

from __future__ import annotations

from typing import Any

import structlog

from gateway.context import Gateway
from routing.codes import MismatchPolicy
from storage import log as changes
from storage import responsible, settling
from storage.errors import Conflict

log = structlog.get_logger(__name__)
PAGE = 50


class Settling:
    """Follows the live log. What came about while nobody followed it, or before the policy, is looked for once."""

    def __init__(self, gateway: Gateway) -> None:
        self._database = gateway.database
        self._policy: MismatchPolicy = "ask"
        self._seen: int | None = None

    async def look(self, policy: MismatchPolicy) -> None:
        """Settle all that came about since the last look; with "ask" people do it."""
        if policy != self._policy:
            self._policy, self._seen = policy, None
        if policy == "ask":
            return
        known = self._seen
        if known is not None and not await self._database.read(changes.reaches_back, known):
            known = None
        seen = await self._sweep() if known is None else known
        before = seen - 1
        while seen != before:
            before = seen
            contacts, seen = await self._database.read(settling.touched, before)
            await self._settle(contacts)
            self._seen = seen

    async def _sweep(self) -> int:
        """Every mismatch there is; how far the live log went when that began."""
        head, after = await self._database.read(changes.head), ""
        while True:

            def page(connection: Any, after: str = after) -> list[str]:
                rows = responsible.mismatches(connection, after=after, limit=PAGE)
                return sorted({row.id for row in rows})

            contacts = await self._database.read(page)
            if not contacts:
                return head
            await self._settle(contacts)
            after = contacts[-1]

    async def _settle(self, contacts: list[str]) -> None:
        """One by one, so that one that cannot be settled holds up only itself."""
        for contact_id in contacts:
            try:
                if act := await self._database.write(settling.settle, contact_id, self._policy):
                    log.info("a mismatch was settled", contact=contact_id, policy=self._policy, act=act)
            except Conflict as conflict:
                log.info("a mismatch was left", contact=contact_id, why=conflict.code)
