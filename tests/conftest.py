"""What every test may ask for. The servers behind it are in tests/rig."""

from __future__ import annotations

import os
import platform
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser

from gateway import clock
from tests.rig import browser, chromium, engines, mail
from tests.rig.databases import ENGINE_KINDS, EngineKind, PostgresCopies, SqliteCopies
from tests.rig.engines import Postgres, Valkey
from tests.rig.process import folder

# A machine that runs many tests at once is slow, not down: processes of ours that tests start inherit this.
os.environ.setdefault("INBOX_DATABASE_PATIENCE", "30")


def pytest_report_header() -> list[str]:
    """Which real things the tests are about to meet."""
    met = (f"Python {platform.python_version()}", *engines.versions(), chromium.version(), mail.version())
    return [f"engines: {', '.join(met)}"]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A person without Dovecot is told what was not shown; a build without it has stopped already."""
    if item.get_closest_marker("dovecot") and mail.which() != "dovecot":
        pytest.skip("needs Dovecot 2.3: pymap, which stands in for it, cannot show this")


@pytest.fixture(autouse=True)
def clock_as_it_was() -> Iterator[None]:
    """A test that turns the clock turns it for itself only."""
    before = clock.turn(0)
    yield
    clock.turn(before - clock.turn(0))


@pytest.fixture(params=ENGINE_KINDS)
def engine_kind(request: pytest.FixtureRequest) -> EngineKind:
    """Every test that asks for it runs on each kind of database."""
    kind: EngineKind = request.param
    return kind


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """The session's PostgreSQL; whoever wants to kill one takes `engines.postgres(own=True)`."""
    with engines.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Valkey]:
    """The session's Valkey; whoever wants to kill one takes `engines.valkey(own=True)`."""
    with engines.valkey() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_copies() -> Iterator[SqliteCopies]:
    with folder("sqlite") as place:
        yield SqliteCopies(place)


@pytest.fixture(scope="session")
async def postgres_copies(postgres_server: Postgres) -> AsyncIterator[PostgresCopies]:
    copies = PostgresCopies(postgres_server)
    yield copies
    await copies.close()


@pytest.fixture
async def sqlite_url(sqlite_copies: SqliteCopies) -> AsyncIterator[str]:
    """A fresh, migrated SQLite database."""
    async with sqlite_copies.fresh() as url:
        yield url


@pytest.fixture
async def postgres_url(postgres_copies: PostgresCopies) -> AsyncIterator[str]:
    """A fresh, migrated PostgreSQL database."""
    async with postgres_copies.fresh() as url:
        yield url


@pytest.fixture
def database_url(engine_kind: EngineKind, request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database of this kind."""
    url: str = request.getfixturevalue(f"{engine_kind}_url")
    return url


@pytest.fixture
async def redis_url(valkey_server: Valkey) -> str:
    """A Redis that has forgotten everything."""
    await valkey_server.flush()
    return valkey_server.url


@pytest.fixture(scope="session")
async def chromium_browser() -> AsyncIterator[Browser]:
    """A running Chromium; `tests.rig.browser.visit` opens it for one person."""
    async with browser.launch() as running:
        yield running
