"""What becomes of a transaction when the database is not where it was?"""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from sqlalchemy import Connection, text

from gateway import clock
from gateway.permissions import PRESETS
from storage.database import Database
from storage.errors import Unavailable
from storage.team import first_start
from storage.transaction import Transaction

KICK = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def count(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM queue")).scalar_one())


def write_one(tx: Transaction) -> int:
    return int(tx.connection.execute(text("UPDATE queue SET name = name || '+'")).rowcount)


async def kick_everybody(url: str) -> None:
    """As a restart or a change of masters does to what lies in a pool."""
    admin = await asyncpg.connect(url)
    await admin.execute(KICK)
    await admin.close()
    await asyncio.sleep(0.2)


async def test_connections_that_died_in_the_pool_cost_nobody_an_error(postgres_url: str) -> None:
    database = Database(postgres_url, clock.now)
    await database.write(first_start, PRESETS, "Admin")
    try:
        for ask in (database.read(count), database.write(write_one), database.write_alone(write_one)):
            await asyncio.gather(*(database.read(count) for _ in range(5)))
            await kick_everybody(postgres_url)
            assert await ask == 1
    finally:
        await database.close()


async def test_a_connection_that_dies_in_the_middle_is_an_error_and_changes_nothing(
    postgres_url: str,
) -> None:
    database = Database(postgres_url, clock.now)
    await database.write(first_start, PRESETS, "Admin")
    runs = 0

    def die(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        write_one(tx)
        tx.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    try:
        with pytest.raises(Unavailable):
            await database.write(die)
        assert runs == 1, "what was asked may have been done: only the caller knows whether to ask again"
        names = await database.read(lambda c: c.execute(text("SELECT name FROM queue")).scalars().all())
        assert len(names) == 1 and not names[0].endswith("+")
    finally:
        await database.close()
