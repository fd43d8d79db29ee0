"""Who deals with the rows of address books?

One process an installation, by lease. Rows go in batches of five hundred, each one transaction that says how far the import
is: killed at any moment, it goes on where it was.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import structlog

from gateway.context import Gateway
from gateway.holding import hold, rest
from gateway.importing.mapping import understand
from gateway.pulse import REST
from routing.imports import Book, Entry, known_as
from storage import importing, imports, takingback, team
from storage.errors import Conflict, LeaseLost, Unavailable
from storage.leases import Lease, release

log = structlog.get_logger(__name__)
NAME: Final = "imports"
LEASE: Final = 20.0
LOOK: Final = 10.0
BATCH: Final = 500
SAMPLES: Final = 20


class Importer:
    """Stands by until it holds the lease, then deals with what is due."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._held: Lease | None = None

    async def run(self) -> None:
        """Deal with rows until cancelled; then let another process go on at once."""
        try:
            with self._gateway.bells.listening("imports", "leases") as bell:
                while True:
                    wait = await self._round()
                    self._held = await rest(self._gateway, self._held, NAME, LEASE, bell, wait)
        finally:
            if self._held is not None:
                await self._gateway.database.write(release, [self._held])

    async def _round(self) -> float:
        try:
            while await self._hold() and (row := await self._gateway.database.read(imports.due)) is not None:
                await self._go_on(row)
        except (Unavailable, LeaseLost):
            self._held = None
            return 1.0
        return LOOK if self._held is None else REST

    async def _hold(self) -> bool:
        self._held = await hold(self._gateway, self._held, NAME, LEASE)
        return self._held is not None

    async def _go_on(self, row: Any) -> None:
        """Until this import waits for a person again, or is stopped."""
        try:
            match row.state:
                case "checking":
                    await self._check(row)
                case "running":
                    await self._bring(row)
                case _:
                    await self._take_back(row)
        except Conflict:
            return  # thrown away meanwhile

    async def _check(self, row: Any) -> None:
        """Look at all rows: how many are new, known, said twice, empty; some of the known for the preview."""
        members = await self._members()
        counts: Counter[str] = Counter(new=0, known=0, repeated=0, refused=0)
        samples: list[dict[str, Any]] = []
        seen: set[int] = set()
        place = 0
        while await self._hold():
            entries = await self._entries(row, place, members)
            book, _ = await self._gateway.database.read(importing.look, entries)
            for entry in entries:
                counts[_kind(book, entry, seen, samples)] += 1
            place += len(entries)
            done = place >= row.total or not entries
            told = (row.id, row.changed_at, place, counts, samples[:SAMPLES], done)
            if not await self._gateway.database.write(imports.checked, *told) or done:
                return

    async def _bring(self, row: Any) -> None:
        members, place = await self._members(), row.place
        while await self._hold():
            entries = await self._entries(row, place, members)
            if not await self._gateway.database.write(importing.bring, row.id, place, entries):
                return
            place += len(entries)

    async def _take_back(self, row: Any) -> None:
        place = row.place
        while await self._hold():
            if not await self._gateway.database.write(takingback.take_back, row.id, place, BATCH):
                return
            place = max(0, place - BATCH)

    async def _members(self) -> Mapping[str, str]:
        """Name or mail -> member: who may be responsible."""
        rows = await self._gateway.database.read(team.members)
        return {
            name.casefold(): row.id for row in rows if row.active for name in (row.name, row.email) if name
        }

    async def _entries(self, row: Any, place: int, members: Mapping[str, str]) -> list[Entry]:
        """The next rows, understood beside the event loop."""
        found = await self._gateway.database.read(imports.cells, row.id, place, BATCH)

        def read() -> list[Entry]:
            return [understand(n, one, row.columns, row.mapping, members, row.tag) for n, one in found]

        return await asyncio.to_thread(read)


def _kind(book: Book, entry: Entry, seen: set[int], samples: list[dict[str, Any]]) -> str:
    """What a row is for the preview. `seen` holds digests of the addresses of the rows before."""
    if not entry.name and not entry.addresses:
        return "refused"
    digests = {hash(one) for one in entry.addresses if one not in book.shared}
    repeated = not seen.isdisjoint(digests)
    seen |= digests
    contact_id = known_as(book, entry)
    if contact_id:
        if len(samples) < SAMPLES:
            by = next(
                (
                    value
                    for kind, value in entry.addresses
                    if contact_id in book.owners.get((kind, value), ())
                ),
                "",
            )
            samples.append({"n": entry.n, "name": entry.name, "contact_id": contact_id,
                            "contact_name": book.cards[contact_id].name, "by": by})  # fmt: skip
        return "known"
    return "repeated" if repeated else "new"
