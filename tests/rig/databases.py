"""How does every test get a fresh, migrated database of its own, cheaply?

A template is migrated once; each test gets a copy: of a file, or by `CREATE DATABASE … TEMPLATE …`.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal, TypeAlias

from tests.rig.engines import Postgres

EngineKind: TypeAlias = Literal["sqlite", "postgres"]
ENGINE_KINDS: tuple[EngineKind, ...] = ("sqlite", "postgres")


async def prepare_template(url: str) -> None:
    """Bring an empty database to where every test begins."""
    from storage import migrate  # so that tests of pure rooms do not pay for SQLAlchemy

    await migrate.upgrade(url)


class SqliteCopies:
    """Copies of one migrated file. `place` is where they lie: in memory, please."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._template = place / "template.db"
        self._numbers = itertools.count()

    @contextlib.asynccontextmanager
    async def fresh(self) -> AsyncIterator[str]:
        """The address of a new database, gone afterwards."""
        if not self._template.exists():
            await prepare_template(f"sqlite:///{self._template}")
        place = self._place / f"{next(self._numbers)}"
        place.mkdir()
        shutil.copyfile(self._template, place / "inbox.db")
        try:
            yield f"sqlite:///{place / 'inbox.db'}"
        finally:
            shutil.rmtree(place)


class PostgresCopies:
    """Copies of one migrated database on a server."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._template = f"rig_{os.getpid()}_template"
        self._migrated = False
        self._numbers = itertools.count()

    @contextlib.asynccontextmanager
    async def fresh(self) -> AsyncIterator[str]:
        """The address of a new database, gone afterwards."""
        if not self._migrated:
            await prepare_template(await self._server.create(self._template))
            self._migrated = True
        name = f"rig_{os.getpid()}_{next(self._numbers)}"
        url = await self._server.create(name, template=self._template)
        try:
            yield url
        finally:
            await self._server.drop(name)

    async def close(self) -> None:
        """Leave nothing behind: the server may not be ours."""
        await self._server.drop(self._template)
