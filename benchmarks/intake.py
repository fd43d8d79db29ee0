"""How much can be taken in, and what does a message cost?"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from benchmarks.machine import Load, wrk
from benchmarks.service import Process, Store


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


async def intake(
    made: Store, process: Process, first: int, *, connections: int, seconds: float, kind: str = "all"
) -> Intake:
    """Put the workload on a gateway, wait until all of it is opened, and see that nothing is missing."""
    before = await made.count("SELECT coalesce(sum(received), 0) + coalesce(sum(repeated), 0) FROM account")
    opened = await made.count("SELECT coalesce(sum(opened), 0) + coalesce(sum(ignored), 0) FROM account")
    app, database, began = process.cpu(), made.database_cpu(), time.perf_counter()
    load = await asyncio.to_thread(
        wrk, process.address, str(first), *made.hooks, kind, connections=connections, seconds=seconds
    )
    waiting = await made.count("SELECT count(*) FROM envelope WHERE state = 0")
    while await made.count("SELECT count(*) FROM (SELECT 1 FROM envelope WHERE state = 0 LIMIT 1) AS one"):
        await asyncio.sleep(0.02)
    took = time.perf_counter() - began
    app, database = process.cpu() - app, made.database_cpu() - database
    kept = (
        await made.count("SELECT coalesce(sum(received), 0) + coalesce(sum(repeated), 0) FROM account")
        - before
    )
    assert load.refused == load.errors == 0, f"{load.refused} answers were not 200, {load.errors} errors"
    assert kept >= load.requests, f"{load.requests} acknowledged, {kept} kept"
    done = (
        await made.count("SELECT coalesce(sum(opened), 0) + coalesce(sum(ignored), 0) FROM account") - opened
    )
    aside = await made.rows("SELECT error, count(*) FROM envelope WHERE state = 3 GROUP BY error LIMIT 3")
    assert not aside, f"set aside: {aside}"
    return Intake(load, kept / took, app / kept * 1e6, database / kept * 1e6, done, waiting)
