"""The first start makes what an installation begins with, once, whoever starts together."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from gateway import clock
from gateway.permissions import PRESETS
from storage.database import Database
from storage.team import first_start


async def test_processes_that_start_together_make_one_installation(database_url: str) -> None:
    processes = [Database(database_url, clock.now) for _ in range(5)]
    made = await asyncio.gather(*(one.write(first_start, PRESETS, "Анна") for one in processes))
    assert len(set(made)) == 1

    counted = await processes[0].read(
        lambda c: [
            c.execute(text(f"SELECT count(*) FROM {table}")).scalar()
            for table in ("member", "queue", "pipeline", "setting")
        ]
    )
    assert counted == [1, 1, 1, 1]
    for one in processes:
        await one.close()
