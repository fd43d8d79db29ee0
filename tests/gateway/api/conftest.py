"""A whole gateway for each test, on both databases, reached over real HTTP."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

import channels
from storage import migrate
from tests.gateway.api import paper, servers
from tests.gateway.api.house import House, open_house


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with servers.postgres() as address:
        yield address


def _apart(work: Coroutine[Any, Any, None]) -> None:
    """Run in a loop of its own, on a thread: the tests' loop may be at work."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "inbox.db"
    _apart(migrate.upgrade(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated(postgres: str) -> str:
    """A server with a migrated database to copy."""
    _apart(_execute(postgres, "CREATE DATABASE migrated"))
    _apart(migrate.upgrade(f"{postgres}/migrated"))
    return postgres


async def _execute(address: str, statement: str) -> None:
    engine = create_async_engine(
        address.replace("postgresql://", "postgresql+asyncpg://") + "/postgres", isolation_level="AUTOCOMMIT"
    )
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


_numbers = iter(range(1_000_000))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty migrated database of each kind."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("template")
        shutil.copy(template, tmp_path / "inbox.db")
        return f"sqlite:///{tmp_path / 'inbox.db'}"
    address: str = request.getfixturevalue("migrated")
    name = f"test{next(_numbers)}"
    _apart(_execute(address, f"CREATE DATABASE {name} TEMPLATE migrated"))
    return f"{address}/{name}"


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> type[paper.Paper]:
    """The only network there is: paper."""
    monkeypatch.setattr(channels, "names", lambda: ("paper",))
    monkeypatch.setattr(channels, "load", {"paper": paper.Paper}.__getitem__)
    monkeypatch.setattr(channels, "about", {"paper": paper.ABOUT}.__getitem__)
    for memory in ("sent", "acts", "faults"):
        monkeypatch.setattr(paper.Paper, memory, [])
    return paper.Paper


@pytest.fixture
async def house(database_url: str, tmp_path: Path, network: type[paper.Paper]) -> AsyncIterator[House]:
    """A running gateway with its first administrator."""
    async with open_house(database_url, tmp_path) as opened:
        yield opened
