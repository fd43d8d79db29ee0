"""How much can be taken in, and what does a message cost?"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from benchmarks.console import Console
from benchmarks.machine import Load, wrk
from benchmarks.service import Process, Store

WAITING = "SELECT count(*) FROM (SELECT 1 FROM envelope WHERE state = 0 LIMIT 1) AS one"
KEPT = "SELECT coalesce(sum(received), 0) + coalesce(sum(repeated), 0) FROM account"
DONE = "SELECT coalesce(sum(opened), 0) + coalesce(sum(ignored), 0) FROM account"
MESSAGES = "SELECT id FROM message"


@dataclass(frozen=True, slots=True)
class Intake:
    """One run of the workload. CPU in microseconds a request (`app`, `database`); `processed` a second, to the last one."""

    load: Load
    processed: float
    app: float
    database: float
    opened: int
    waiting: int
    """How many still waited when the load ended."""


async def acknowledged(made: Store, process: Process, first: int, *, seconds: int) -> Intake:
    """Put the workload on a process that only keeps it; every acknowledged envelope is in the journal."""
    before, app, database = await made.count(KEPT), process.cpu(), made.database_cpu()
    load = await asyncio.to_thread(
        wrk, process.address, str(first), *made.hooks, "all", connections=64, seconds=seconds
    )
    app, database = process.cpu() - app, made.database_cpu() - database
    kept = await made.count(KEPT) - before
    _must_be_whole(load, kept)
    each = 1e6 / max(1, load.requests)
    return Intake(load, 0.0, app * each, database * each, 0, kept)


async def intake(
    made: Store, process: Process, first: int, *, connections: int, seconds: int, kind: str = "all",
    seen: Console | None = None,
) -> Intake:  # fmt: skip
    """Put the workload on a gateway, wait until all of it is opened and shown to a console, and see that nothing is missing."""
    before, opened = await made.count(KEPT), await made.count(DONE)
    cut = seen.cut if seen else 0
    app, database, began = process.cpu(), made.database_cpu(), time.perf_counter()
    load = await asyncio.to_thread(
        wrk, process.address, str(first), *made.hooks, kind, connections=connections, seconds=seconds
    )
    waiting = await made.count("SELECT count(*) FROM envelope WHERE state = 0")
    while await made.count(WAITING):
        await asyncio.sleep(0.05)
    if seen is not None:
        await _until_shown(seen, {row.id for row in await made.rows(MESSAGES)}, cut)
    took = time.perf_counter() - began
    app, database = process.cpu() - app, made.database_cpu() - database
    kept = await made.count(KEPT) - before
    _must_be_whole(load, kept)
    done = await made.count(DONE) - opened
    aside = await made.rows("SELECT error, count(*) FROM envelope WHERE state = 3 GROUP BY error LIMIT 3")
    assert not aside, f"set aside: {aside}"
    return Intake(load, kept / took, app / kept * 1e6, database / kept * 1e6, done, waiting)


def _must_be_whole(load: Load, kept: int) -> None:
    assert load.refused == load.errors == 0, f"{load.refused} answers were not 200, {load.errors} errors"
    assert kept >= load.requests, f"{load.requests} acknowledged, {kept} kept"


async def _until_shown(seen: Console, wanted: set[str], cut: int) -> None:
    """Each message there is came to the console, unless it was told during this run to read everything anew."""
    for _ in range(1500):
        if wanted <= seen.seen.keys():
            return
        if seen.cut > cut:
            seen.seen.update(dict.fromkeys(wanted, 0.0))  # it reads them by its page
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{len(wanted - seen.seen.keys())} messages were never shown")
