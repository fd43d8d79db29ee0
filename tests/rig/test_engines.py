"""The servers under the tests are real ones, and can be made to fail."""

from __future__ import annotations

import os
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisGone

from storage import migrate
from tests.rig import engines
from tests.rig.databases import PostgresCopies, SqliteCopies
from tests.rig.engines import Postgres
from tests.rig.process import PREFIX, Child, ServerFailed, folder, reachable


async def ask(url: str, question: str) -> object:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_a_fresh_database_is_migrated_to_the_head(database_url: str) -> None:
    assert await migrate.current(database_url) == migrate.head()


async def test_two_fresh_databases_share_nothing(
    sqlite_copies: SqliteCopies, postgres_copies: PostgresCopies
) -> None:
    async with postgres_copies.fresh() as one, postgres_copies.fresh() as other:
        await ask(one, "CREATE TABLE only_here (x int)")
        assert await ask(one, "SELECT to_regclass('only_here')::text") == "only_here"
        assert await ask(other, "SELECT to_regclass('only_here')::text") is None
    async with sqlite_copies.fresh() as one, sqlite_copies.fresh() as other:
        assert one != other


async def test_postgres_folds_cyrillic_case(postgres_server: Postgres) -> None:
    assert await ask(postgres_server.dsn(), "SELECT lower('ЁЛКА')") == "ёлка"


async def test_postgres_keeps_what_was_committed_over_kill_9() -> None:
    with engines.postgres(durable=True, own=True) as server:
        assert await ask(server.dsn(), "SHOW fsync") == "on"
        await ask(server.dsn(), "CREATE TABLE kept AS SELECT 7 AS n")
        server.child.kill()
        with pytest.raises(OSError, match=r"."):
            await ask(server.dsn(), "SELECT 1")
        server.child.start()
        assert await ask(server.dsn(), "SELECT n FROM kept") == 7


async def test_a_frozen_postgres_answers_nobody_until_it_thaws() -> None:
    with engines.postgres(own=True) as server:
        server.child.freeze()
        with pytest.raises(TimeoutError):
            await asyncpg.connect(server.dsn(), timeout=0.2)
        server.child.thaw()
        assert await ask(server.dsn(), "SELECT 1") == 1


async def test_valkey_can_go_and_come_back_empty(redis_url: str) -> None:
    with engines.valkey(own=True) as server:
        assert server.url != redis_url
        client = Redis.from_url(server.url)
        await client.set("a", 1)
        server.child.kill()
        with pytest.raises(RedisGone):
            await client.get("a")
        server.child.start()
        assert await client.get("a") is None
        await client.aclose()


def test_a_named_server_is_used_and_cannot_be_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(engines.POSTGRES, "postgresql+asyncpg://me:secret@example.test:6543/ours?ssl=require")
    monkeypatch.setenv(engines.REDIS, "redis://example.test/3")
    with engines.postgres() as server, engines.valkey() as redis:
        assert server.dsn("other") == "postgresql://me:secret@example.test:6543/other?ssl=require"
        assert redis.url == "redis://example.test/3"
        with pytest.raises(ServerFailed, match="not ours"):
            _ = server.child
        with pytest.raises(ServerFailed, match="not ours"):
            _ = redis.child


def test_without_any_engine_it_fails_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(engines.POSTGRES, raising=False)
    monkeypatch.setattr(engines, "_package", lambda _: None)
    monkeypatch.setattr(Path, "glob", lambda *_: iter(()))
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(ServerFailed, match=engines.POSTGRES):
        engines.postgres_binaries.__wrapped__()
    with pytest.raises(ServerFailed, match=engines.REDIS):
        engines.valkey_binary.__wrapped__()


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    child = Child(["/bin/sh", "-c", "echo no luck today; exit 3"], cwd=tmp_path / "data", ready="never said")
    with pytest.raises(ServerFailed, match="no luck today"):
        child.start(5)


def test_folders_of_killed_runs_are_swept_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.rig.process._memory", lambda: tmp_path)
    dead = tmp_path / f"{PREFIX}4194305-pg-abc"  # above the kernel's largest process id
    alive = tmp_path / f"{PREFIX}{os.getpid()}-pg-abc"
    dead.mkdir()
    alive.mkdir()
    with folder("pg") as made:
        assert not dead.exists()
        assert alive.exists()
        assert made.stat().st_mode & 0o777 == 0o755
    assert not made.exists()


def test_a_folder_behind_a_closed_one_is_not_reachable(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "inside").mkdir(parents=True)
    closed.chmod(0o700)
    assert not reachable(closed / "inside" / "program")
