"""How is one function run as one transaction?

`await database.write(function, …)` and `await database.read(function, …)`. On PostgreSQL the function runs over asyncpg; on
SQLite writes go, one after another, through one connection on a thread of its own, and reads use other connections.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool, StaticPool

from storage.errors import Overtaken, Stale, Unavailable
from storage.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")

RETRIES = 5  # of a transaction that lost a deadlock, or was overtaken
RETRYABLE = {"40001", "40P01"}  # serialization failure, deadlock
GONE = {"08", "25", "28", "3D", "53", "57", "58"}
"""Classes of SQLSTATE: no connection, read-only, not let in, no such database, out of something, stopping, broken disk."""
READERS = 4
STATEMENTS = 1000  # prepared ones a connection keeps; there are some hundred different ones


@dataclass(frozen=True, slots=True)
class Committed:
    """What a transaction left behind: bells to ring, and the head of the live log (0: no live event)."""

    bells: frozenset[str]
    head: int


def normalise(url: str) -> str:
    """The address with our driver in it: people paste `postgresql://` and `sqlite:///`."""
    parsed = make_url(url)
    drivers = {
        "postgresql": "postgresql+asyncpg",
        "postgres": "postgresql+asyncpg",
        "sqlite": "sqlite+pysqlite",
    }
    backend = parsed.drivername.split("+")[0]
    return parsed.set(drivername=drivers.get(backend, parsed.drivername)).render_as_string(
        hide_password=False
    )


class Database:
    """One database. `clock` gives microseconds UTC; `committed` is called on the loop after every commit. Whoever gets no
    connection to PostgreSQL within `patience` seconds gets Unavailable."""

    def __init__(
        self,
        url: str,
        clock: Callable[[], int],
        committed: Callable[[Committed], None] = lambda _: None,
        *,
        pool: int = 10,
        patience: float = 5.0,
    ) -> None:
        self.url = normalise(url)
        self.clock = clock
        self.committed = committed
        self.embedded = self.url.startswith("sqlite")
        self._backend: _Sqlite | _Postgres = (
            _Sqlite(self.url) if self.embedded else _Postgres(self.url, pool, patience)
        )

    async def write(
        self,
        function: Callable[Concatenate[Transaction, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `function(transaction, …)` in one transaction and return what it returns.

        Raises Unavailable when the database is gone; whatever the function raises rolls everything back.
        A transaction that loses a deadlock or raises Overtaken is run again: the function must not touch anything but its
        arguments.
        """

        result, committed = await self._backend.write(self._work(function, *args, **kwargs))
        self.committed(committed)
        return result

    async def write_alone(
        self,
        function: Callable[Concatenate[Transaction, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """The same for a function that sends PostgreSQL a single statement: that is a transaction of its own, without the
        two round trips that begin and end one."""
        result, committed = await self._backend.write_alone(self._work(function, *args, **kwargs))
        self.committed(committed)
        return result

    def _work(
        self,
        function: Callable[Concatenate[Transaction, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Callable[[Connection], tuple[T, Committed]]:
        def work(connection: Connection) -> tuple[T, Committed]:
            transaction = Transaction(connection, self.clock())
            result = function(transaction, *args, **kwargs)
            transaction.append_changes()
            return result, Committed(frozenset(transaction.bells), transaction.head)

        return work

    async def read(
        self,
        function: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `function(connection, …)`, which only reads. Raises Unavailable.

        On PostgreSQL each of its statements sees what is committed when it runs, without the two round trips that begin
        and end a transaction.
        """
        return await self._backend.read(lambda connection: function(connection, *args, **kwargs))

    async def read_whole(
        self,
        function: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """The same in one transaction: for a function that says `SET LOCAL`, or that holds the database still."""
        return await self._backend.read_whole(lambda connection: function(connection, *args, **kwargs))

    async def close(self) -> None:
        await self._backend.close()


class _Postgres:
    def __init__(self, url: str, pool: int, patience: float) -> None:
        from storage.known import Connection as Asked  # the embedded database needs no asyncpg

        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool,
            max_overflow=pool,
            pool_timeout=patience,
            pool_use_lifo=True,  # what one connection has prepared serves again
            pool_pre_ping=False,
            hide_parameters=True,  # a failed statement must not carry clients' words into the log
            connect_args={
                "connection_class": Asked,
                "timeout": patience,
                "command_timeout": 60,
                "statement_cache_size": STATEMENTS,
                "prepared_statement_cache_size": STATEMENTS,
                "server_settings": {"jit": "off"},
            },
        )
        self.reading = self.engine.execution_options(postgresql_readonly=True)
        self.alone = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    async def write(self, work: Callable[[Connection], T]) -> T:
        return await self._write(self.engine, work)

    async def write_alone(self, work: Callable[[Connection], T]) -> T:
        return await self._write(self.alone, work)

    async def _write(self, engine: AsyncEngine, work: Callable[[Connection], T]) -> T:
        for attempt in range(RETRIES):
            try:
                return await self._afresh(engine, work)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", "") not in RETRYABLE or attempt == RETRIES - 1:
                    raise
            except Overtaken as error:
                if attempt == RETRIES - 1:
                    raise Unavailable("overtaken again and again") from error
            await asyncio.sleep(0.005 * 2**attempt)
        raise Unavailable("too many deadlocks")

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self._afresh(self.alone, work)

    async def read_whole(self, work: Callable[[Connection], T]) -> T:
        return await self._afresh(self.reading, work)

    async def _afresh(self, engine: AsyncEngine, work: Callable[[Connection], T]) -> T:
        """Once more when the pool gave a dead connection: after a restart of the database every one in it is dead, and
        the first of them empties the pool."""
        try:
            return await self._once(engine, work)
        except Stale:
            return await self._once(engine, work)

    async def _once(self, engine: AsyncEngine, work: Callable[[Connection], T]) -> T:
        with _our_errors():
            async with engine.begin() as connection:
                return await connection.run_sync(work)

    async def close(self) -> None:
        await self.engine.dispose()


class _Sqlite:
    """One writer on its own thread; readers on theirs. No transaction spans an `await`."""

    def __init__(self, url: str) -> None:
        self.writer = _sqlite_engine(url, StaticPool, read_only=False)
        self.readers = _sqlite_engine(url, QueuePool, read_only=True)
        self.writing = ThreadPoolExecutor(1, "sqlite-writer")
        self.reading = ThreadPoolExecutor(READERS, "sqlite-reader")

    async def write(self, work: Callable[[Connection], T]) -> T:
        def run() -> T:
            with _our_errors(), self.writer.begin() as connection:
                return work(connection)

        return await self._finish(self.writing, run)

    async def write_alone(self, work: Callable[[Connection], T]) -> T:
        return await self.write(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        def run() -> T:
            with _our_errors(), self.readers.begin() as connection:
                return work(connection)

        return await self._finish(self.reading, run)

    async def read_whole(self, work: Callable[[Connection], T]) -> T:
        return await self.read(work)

    async def _finish(self, pool: ThreadPoolExecutor, run: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, run)

    async def close(self) -> None:
        await asyncio.to_thread(self.writing.shutdown)
        await asyncio.to_thread(self.reading.shutdown)
        self.readers.dispose()
        self.writer.dispose()


def _sqlite_engine(url: str, pool: type[StaticPool] | type[QueuePool], *, read_only: bool) -> Engine:
    sizes: dict[str, Any] = {"pool_size": READERS} if pool is QueuePool else {}
    engine = create_engine(
        url,
        poolclass=pool,
        connect_args={"check_same_thread": False, "timeout": 5, "cached_statements": STATEMENTS},
        hide_parameters=True,
        **sizes,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            "journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON", "cache_size=-65536",
            "temp_store=MEMORY", "mmap_size=268435456", "journal_size_limit=67108864",
            f"query_only={'ON' if read_only else 'OFF'}",
        ):  # fmt: skip
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


@contextlib.contextmanager
def _our_errors() -> Any:
    """A database that is gone, full, read-only or out of connections becomes Unavailable; bugs stay what they are."""
    try:
        yield
    except (TimeoutError, PoolTimeout, DisconnectionError, OSError) as error:
        raise Unavailable(type(error).__name__) from error
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None) or ""
        if "connection is closed" in str(error.orig):  # asyncpg looks before it sends: nothing was asked
            raise Stale(type(error.orig).__name__) from error
        gone = state[:2] in GONE or (isinstance(error, OperationalError) and not state)
        if error.connection_invalidated or gone:
            raise Unavailable(type(error.orig).__name__) from error
        raise
