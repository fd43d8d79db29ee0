"""Who opens the envelopes?

A worker leases whole shards and takes up to 500 waiting envelopes at a time, one batch in flight. A batch that fails is cut
in two until the poisonous envelope stands alone and is set aside.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import structlog

from gateway.context import Gateway
from gateway.courtesies import Courtesies
from gateway.ending import end
from gateway.metrics import BATCH, ENVELOPES
from gateway.opening.batch import Parsed, open_batch
from gateway.opening.house import House
from gateway.parsing import parse
from gateway.pulse import REST
from gateway.rules import house_of
from gateway.staffdesk import Presses
from storage import leases, waiting
from storage.errors import LeaseLost, Unavailable
from storage.journal import SHARDS
from storage.leases import Lease
from storage.waiting import SET_ASIDE, Settled, Stored

log = structlog.get_logger(__name__)
LEASE = 10.0
RENEW = 3.0
LOOK = 1.0
PRESENT = "worker:"
FEW, LONGEST_BREATH = 20, 0.05
"""After a batch of more than a few that was not full the worker draws breath as long as that took, 50 ms at most: what comes
meanwhile is opened together, and every batch costs the same dozens of statements."""


FIRST, GROWTH = 50, 4
"""After a rest a batch is small, so that who has waited longest is seen at once; then each is larger than the one before."""


class Worker:
    """One worker of this process."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._mine: dict[int, Lease] = {}
        self._present: list[Lease] = []
        self._stopping = False
        self._most = FIRST
        self._courtesies = Courtesies(gateway)
        self._presses = Presses(gateway)

    async def run(self) -> None:
        """Work until cancelled or stopped; then give the shards back."""
        keeping = asyncio.create_task(self._keep_leases())
        try:
            with self._gateway.bells.listening("envelopes") as bell:
                while not self._stopping:
                    if not await self._work():
                        await bell.wait(REST)
        finally:
            await end([keeping])
            await self._courtesies.close()
            await self._presses.close()
            await self._give_back()

    def stop(self) -> None:
        """Finish the batch in hand, then end."""
        self._stopping = True
        self._gateway.bells.ring_here(["envelopes"])

    async def _work(self) -> bool:
        """One batch; False when there is nothing to do or the database is gone."""
        held = dict(self._mine)
        if not held:
            return False
        try:
            database = self._gateway.database
            stored = await database.read(waiting.take, frozenset(held), self._most)
            if stored:
                began = time.perf_counter()
                await self._open(stored, held)
                if FEW < len(stored) < self._most:
                    await asyncio.sleep(min(LONGEST_BREATH, time.perf_counter() - began))
            self._most = min(self._gateway.config.batch, self._most * GROWTH) if stored else FIRST
            return bool(stored)
        except Unavailable:
            log.warning("database gone, envelopes wait")
            await asyncio.sleep(LOOK)
            return False
        except LeaseLost as lost:
            log.warning("shard taken over", lease=str(lost))
            self._mine.clear()
            return False

    async def _open(self, stored: Sequence[Stored], held: dict[int, Lease]) -> None:
        began = time.perf_counter()
        await self._gateway.sources.know(
            {row.source_id for row in stored}
        )  # else a new one's first words find no rules
        house = await house_of(self._gateway)
        parsed = [await parse(self._gateway, row) for row in stored]
        needed = [held[shard] for shard in sorted({row.shard for row in stored})]
        readable = [row for row in parsed if not row.error]
        for row in parsed:
            if row.error:
                await self._set_aside(row, row.error, needed)
        await self._attempt(house, readable, needed)
        BATCH.observe(time.perf_counter() - began)

    async def _attempt(self, house: House, batch: Sequence[Parsed], held: Sequence[Lease]) -> None:
        if not batch:
            return
        try:
            outcome = await self._gateway.database.write(open_batch, house, batch, held)
        except (Unavailable, LeaseLost):
            raise
        except Exception as error:
            if len(batch) == 1:
                log.exception("envelope set aside", envelope=batch[0].envelope_id)
                await self._set_aside(batch[0], f"opening_failed: {type(error).__name__}: {error}", held)
                return
            log.warning("batch failed, cutting it in two", size=len(batch), error=type(error).__name__)
            middle = len(batch) // 2
            await self._attempt(house, batch[:middle], held)
            await self._attempt(house, batch[middle:], held)
        else:
            for name, count in outcome.items():
                ENVELOPES.labels(name).inc(count)
            self._courtesies.after(batch)
            self._presses.after(batch)

    async def _set_aside(self, row: Parsed, error: str, held: Sequence[Lease]) -> None:
        settled = Settled(row.envelope_id, row.source_id, SET_ASIDE, error=error)
        await self._gateway.database.write(waiting.set_aside, settled, held)
        ENVELOPES.labels("set_aside").inc()

    async def _keep_leases(self) -> None:
        with self._gateway.bells.listening("leases") as bell:
            while True:
                try:
                    await self._share()
                except Unavailable:
                    self._mine.clear()
                except Exception:
                    log.exception("leases not kept")
                await bell.wait(RENEW if self._mine else LOOK)

    async def _share(self) -> None:
        """Renew what is held, then hold a fair share: shards divided by the workers that are alive."""
        database, holder = self._gateway.database, self._gateway.holder
        kept = await database.write_alone(leases.renew, [*self._present, *self._mine.values()], LEASE)
        self._present, kept = _apart(kept)
        if not self._present:
            self._present = await database.write(leases.acquire, [PRESENT + holder], holder, LEASE)
        workers = max(1, await database.read(leases.alive, PRESENT, self._gateway.now()))
        share = -(-SHARDS // workers)
        if len(kept) > share:
            await database.write(leases.release, kept[share:])
            kept = kept[:share]
        mine = {_shard(held): held for held in kept}
        if len(mine) < share:
            names = [f"shard:{shard}" for shard in range(SHARDS) if shard not in mine]
            more = await database.write(leases.acquire, names, holder, LEASE, share - len(mine))
            mine.update({_shard(held): held for held in more})
        fresh = mine.keys() - self._mine.keys()
        self._mine = mine
        if fresh:
            self._gateway.bells.ring_here(["envelopes"])

    async def _give_back(self) -> None:
        try:
            await self._gateway.database.write(leases.release, [*self._mine.values(), *self._present])
        except Exception as error:
            log.warning("leases not given back, they run out by themselves", error=type(error).__name__)


def _apart(held: Sequence[Lease]) -> tuple[list[Lease], list[Lease]]:
    """The lease that says that we are there, and those of shards."""
    present = [one for one in held if one.name.startswith(PRESENT)]
    return present, [one for one in held if not one.name.startswith(PRESENT)]


def _shard(held: Lease) -> int:
    return int(held.name.partition(":")[2])
