"""How are the tables brought up to date?

Expand, then contract: a migration of one version never takes away what the version before still reads.
"""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import SAWarning
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from storage.database import normalise
from storage.tables import metadata

T = TypeVar("T")
FOLDER = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 7_305_002


def head() -> str:
    """The newest revision this code knows."""
    return ScriptDirectory.from_config(_config(None)).get_current_head() or ""


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`. Two processes at once: the second waits, then finds nothing to do.

    A database of a newer version is left as it is: what newer versions add does not disturb older code.
    """

    def work(connection: Connection) -> None:
        stands = MigrationContext.configure(connection).get_current_revision() or ""
        if stands <= head():
            command.upgrade(_config(connection), revision)

    await _run(url, work)


async def downgrade(url: str, revision: str) -> None:
    """Take migrations back down to `revision` ("base": all of them)."""
    await _run(url, lambda connection: command.downgrade(_config(connection), revision))


async def current(url: str) -> str:
    """The revision the database stands at, "" when it is empty."""
    return await _run(
        url,
        lambda connection: MigrationContext.configure(connection).get_current_revision() or "",
    )


async def differences(url: str) -> list[Any]:
    """What the models say and the database lacks, or the other way round; [] when they agree."""
    with warnings.catch_warnings():  # an index of an expression is not in the models either
        warnings.filterwarnings("ignore", "Skipped unsupported reflection", SAWarning)
        return await _compared(url)


async def _compared(url: str) -> list[Any]:
    return await _run(
        url,
        lambda connection: list(
            compare_metadata(
                MigrationContext.configure(
                    connection, opts={"compare_type": False, "include_object": _modelled}
                ),
                metadata,
            )
        ),
    )


def _modelled(_: object, name: str | None, kind: str, *__: object) -> bool:
    """The words that are searched for have tables and indexes of each database's own kind, not in the models."""
    return "_fts" not in (name or "") and not (kind == "index" and (name or "").endswith("_words"))


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


async def _run(url: str, work: Callable[[Connection], T]) -> T:
    url = normalise(url)
    if url.startswith("sqlite"):
        return _run_sqlite(url, work)
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": 5})
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SET lock_timeout = '10s'"))
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
            await connection.commit()
            result = await connection.run_sync(work)
            await connection.commit()
            return result
    finally:
        await engine.dispose()


def _run_sqlite(url: str, work: Callable[[Connection], T]) -> T:
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = (
            None  # we say BEGIN ourselves: the library would not, before a change of tables
        )
        connection.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with engine.connect() as connection:
            result = work(connection)
            connection.commit()
            return result
    finally:
        engine.dispose()
