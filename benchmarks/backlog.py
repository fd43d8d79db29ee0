"""How fast does a gateway catch up after it was killed? `python -m benchmarks.backlog [envelopes]`.

The journal is filled as hooks fill it, a process begins to open, is killed, and another one finishes.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time

import uvloop

from benchmarks.figures import Figure, Report
from benchmarks.intake import DONE, WAITING
from benchmarks.service import Kind, Store, engine, start, store
from benchmarks.sizes import GROUP, entry
from storage.journal import append

WHOLE = 100_000


async def measure(report: Report, envelopes: int = WHOLE, kind: Kind = "postgres") -> None:
    """Seconds from being ready to the first and to the last one, and what each cost."""
    with engine(kind) as server:
        async with store(server, "backlog") as made:
            await _fill(made, envelopes)
            killed = await start(made)
            await _until(made, envelopes // 20)
            await killed.stop(signal.SIGKILL)
            before = await made.count(DONE)
            process = await start(made)
            began, app, database = time.perf_counter(), process.cpu(), made.database_cpu()
            first = await _until(made, before + 1) - began
            while await made.count(WAITING):
                await asyncio.sleep(0.05)
            took = time.perf_counter() - began
            app, database = process.cpu() - app, made.database_cpu() - database
            done = await made.count(DONE)
            await process.stop()
    assert done == envelopes, f"{envelopes} kept, {done} opened or ignored"
    opened = envelopes - before
    report.tell(
        Figure(name=f"backlog after kill -9, first, {kind}", value=first, unit="s", goal=0.5, stretch=0.5),
        Figure(name=f"backlog after kill -9, {opened} opened in, {kind}", value=took, unit="s"),
        Figure(name=f"backlog of {WHOLE} after kill -9, at that pace, {kind}", value=took / opened * WHOLE, unit="s",
               goal=10, stretch=5),
        Figure(name=f"backlog, CPU of app an envelope, {kind}", value=app / opened * 1e6, unit="us"),
        Figure(name=f"backlog, CPU of database an envelope, {kind}", value=database / opened * 1e6, unit="us"),
    )  # fmt: skip


async def _fill(made: Store, envelopes: int) -> None:
    gateway = made.gateway
    source_id = made.hooks[0].split("/")[2]
    for first in range(0, envelopes, GROUP):
        now = gateway.now()
        group = [entry(source_id, number, now) for number in range(first, min(envelopes, first + GROUP))]
        await gateway.database.write(append, group)


async def _until(made: Store, done: int) -> float:
    while await made.count(DONE) < done:
        await asyncio.sleep(0.02)
    return time.perf_counter()


if __name__ == "__main__":
    uvloop.run(measure(Report(), int(sys.argv[1]) if len(sys.argv) > 1 else WHOLE))
