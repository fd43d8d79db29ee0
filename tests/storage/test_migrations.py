"""Models and migrations say the same, and every migration can be taken back, on both databases."""

from __future__ import annotations

import asyncio

from sqlalchemy import Connection, inspect

from storage import migrate, schema
from storage.database import Database
from storage.tables import metadata


async def test_models_and_migrations_agree(database_url: str) -> None:
    assert await migrate.current(database_url) == migrate.head() == schema.head()
    assert await migrate.differences(database_url) == []


async def test_every_migration_can_be_taken_back_and_done_again(database_url: str) -> None:
    await migrate.downgrade(database_url, "base")
    assert await _tables(database_url) == {"alembic_version"}
    await migrate.upgrade(database_url)
    assert await _tables(database_url) == {*metadata.tables, "alembic_version"}


async def test_two_processes_may_migrate_at_once(postgres_url: str) -> None:
    await migrate.downgrade(postgres_url, "base")
    await asyncio.gather(*(migrate.upgrade(postgres_url) for _ in range(3)))
    assert await migrate.current(postgres_url) == migrate.head()


async def _tables(url: str) -> set[str]:
    database = Database(url, lambda: 0)

    def names(connection: Connection) -> set[str]:
        return {name for name in inspect(connection).get_table_names() if "_fts" not in name}

    found = await database.read(names)
    await database.close()
    return found
