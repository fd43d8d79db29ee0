"""A database or Redis gone, slow, full or locked: hooks are told to come again, people are told, and all goes on by itself."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import resource
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import orjson
import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from channels.fakes import Client
from gateway.backup import backup, restore
from gateway.certificate import certify
from gateway.config import Config
from gateway.maintenance import certificate
from routing.times import SECOND
from storage import bells, migrate, sessions
from storage.database import Database, _Sqlite
from storage.errors import Unavailable
from storage.journal import Entry, append
from storage.schema import revision
from tests.drills.always import assert_always_true
from tests.gateway.town import MARIA, Town, open_town, until
from tests.rig import engines
from tests.rig.databases import SqliteCopies, prepare_template
from tests.rig.engines import Valkey
from tests.rig.wire import Wire, wire

OUTAGE = float(os.environ.get("INBOX_DRILL_OUTAGE", "3"))
"""Seconds of an outage; `make drill` takes two minutes."""


async def hook(town: Town, number: int, words: str = "слово") -> tuple[int, str]:
    """One event handed over once: (status, Retry-After); the provider comes again with what was not taken."""
    live = town.gateway.sources.get(town.sources["messenger1"])
    assert live is not None
    update = {
        "update_id": 900_000 + number,
        "message": {
            "message_id": 900_000 + number, "date": int(time.time()), "text": words,
            "chat": {"id": 77, "type": "private", "first_name": "Анна"},
            "from": {"id": 77, "is_bot": False, "first_name": "Анна"},
        },
    }  # fmt: skip
    settings = town.fakes["messenger1"].settings()
    headers = {
        "X-Telegram-Bot-Api-Secret-Token": settings["secret_token"],
        "Content-Type": "application/json",
    }
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as client,
        client.post(town.hook(live.row.id), data=io.BytesIO(orjson.dumps(update)), headers=headers) as answer,
    ):
        return answer.status, answer.headers.get("Retry-After", "")


async def taken_again(town: Town, number: int) -> None:
    """The provider comes again until it is heard, and the event is opened once."""

    async def heard() -> bool:
        return (await hook(town, number))[0] == 200

    await until(heard, seconds=40)
    await town.opened()
    found = await town.one(
        "SELECT count(*) FROM message WHERE external_id LIKE :id", id=f"%{900_000 + number}"
    )
    assert found == 1


@contextlib.asynccontextmanager
async def told(town: Town) -> AsyncIterator[list[dict[str, Any]]]:
    """What an open console hears while the block lasts."""
    token, _ = await town.gateway.database.write(
        sessions.open_session, town.admin, keep=True, agent="", ip=""
    )
    heard: list[dict[str, Any]] = []
    async with aiohttp.ClientSession() as client:
        address = f"{town.address}/api/v1/live"
        headers = {"Cookie": f"inbox={token}", "Origin": town.address}
        async with client.ws_connect(address, headers=headers) as socket:

            async def listen() -> None:
                async for message in socket:
                    heard.append(message.json())  # noqa: PERF401 (each at once)

            listening = asyncio.create_task(listen())
            await until(lambda: _said(heard, "hello"))
            yield heard
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def _said(heard: list[dict[str, Any]], kind: str, patch: object = None) -> bool:
    return any(one["type"] == kind and (patch is None or one.get("patch") == patch) for one in heard)


@contextlib.asynccontextmanager
async def town_by_wire(url: str, data: Path, redis: str = "") -> AsyncIterator[tuple[Town, Wire]]:
    """A town whose line to PostgreSQL can be cut."""
    server, _, name = url.rpartition("/")
    port = int(server.rpartition(":")[2])
    with wire(port) as line:
        near = f"{server.rpartition(':')[0]}:{line.port}/{name}"
        async with open_town(near, data, redis=redis) as town:
            await town.connect("messenger1")
            yield town, line


@pytest.mark.drill
@pytest.mark.timeout(400)
@pytest.mark.parametrize("how", ["cut", "stalled"])
async def test_with_the_database_gone_hooks_are_told_to_come_again_and_people_are_told(
    how: str, postgres_url: str, tmp_path: Path
) -> None:
    async with town_by_wire(postgres_url, tmp_path) as (town, line), told(town) as heard:
        assert (await hook(town, 1))[0] == 200
        if how == "cut":
            line.refuse()
            line.cut()
        else:
            line.stall()
        status, retry_after = await hook(town, 2)
        assert (status, retry_after != "") == (503, True)
        await until(lambda: _said(heard, "trouble", {"database": True}), seconds=30)
        await asyncio.sleep(OUTAGE)
        line.mend()
        await until(lambda: _said(heard, "trouble", {"database": False}), seconds=30)
        await taken_again(town, 2)
        assert (await hook(town, 1))[0] == 200  # known already
        await assert_always_true(town.gateway)


@pytest.mark.drill
@pytest.mark.timeout(400)
async def test_a_failover_of_postgresql_loses_nothing(tmp_path: Path) -> None:
    with engines.postgres(own=True) as server:
        url = await server.create("drill")
        await prepare_template(url)
        async with open_town(url, tmp_path) as town:
            await town.connect("messenger1")
            await town.say("messenger1", "до")
            await town.opened()
            answer = asyncio.create_task(town.reply("во время"))
            server.child.kill()
            await asyncio.gather(answer, return_exceptions=True)
            assert (await hook(town, 3))[0] == 503
            await asyncio.sleep(OUTAGE)
            await asyncio.to_thread(server.child.start)
            await taken_again(town, 3)
            after = await town.reply("после")
            assert await town.state(after, "sent") == "sent"
            await until(lambda: _nothing_leaves(town))
            await assert_always_true(town.gateway)


async def _nothing_leaves(town: Town) -> bool:
    return not await town.one(
        "SELECT count(*) FROM outbox WHERE state IN ('held', 'queued', 'sending', 'postponed')"
    )


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process may grow over that: what a full disk does to a write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_with_the_disk_full_nothing_is_acknowledged_and_nothing_is_lost(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with open_town(sqlite_url, tmp_path) as town:
        await town.connect("messenger1")
        assert (await hook(town, 1))[0] == 200
        await town.opened()
        with largest_file(16 * 1024):
            assert (await hook(town, 2))[0] == 503
            assert (await hook(town, 3, "x" * 300_000))[0] == 503  # its body goes to a file first
        await taken_again(town, 2)
        await taken_again(town, 3)
        await assert_always_true(town.gateway)


async def test_a_read_only_database_is_no_reason_to_lose_anything(town: Town, database_url: str) -> None:
    assert (await hook(town, 1))[0] == 200
    await town.opened()
    await read_only(town, database_url, on=True)
    assert (await hook(town, 2))[0] == 503
    await read_only(town, database_url, on=False)
    await taken_again(town, 2)
    await assert_always_true(town.gateway)


async def read_only(town: Town, url: str, *, on: bool) -> None:
    """Let the database refuse every write, or take them again."""
    state = "on" if on else "off"
    backend = town.gateway.database._backend
    if isinstance(backend, _Sqlite):

        def switch() -> None:
            raw = backend.writer.raw_connection()
            assert raw.driver_connection is not None
            raw.driver_connection.execute(f"PRAGMA query_only = {state}")
            raw.close()

        await asyncio.get_running_loop().run_in_executor(backend.writing, switch)
        return
    server, _, name = url.rpartition("/")
    connection = await asyncpg.connect(f"{server}/postgres")
    await connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {state}')
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
    )
    await connection.close()


async def test_with_every_connection_taken_hooks_are_told_to_come_again(
    postgres_url: str, tmp_path: Path
) -> None:
    database = Database(postgres_url, lambda: 1, pool=1)

    def hold(connection: Any) -> None:
        connection.execute(text("SELECT pg_sleep(8)"))

    holding = [asyncio.create_task(database.read(hold)) for _ in range(2)]
    await asyncio.sleep(0.3)
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await database.read(revision)
    assert time.monotonic() - began < 8
    await asyncio.gather(*holding)
    assert await database.read(revision) == migrate.head()
    await database.close()


@pytest.mark.timeout(120)
async def test_a_database_locked_by_another_program_is_waited_for(sqlite_url: str, tmp_path: Path) -> None:
    async with open_town(sqlite_url, tmp_path) as town:
        await town.connect("messenger1")
        other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        status, retry_after = await hook(town, 1)
        assert (status, retry_after != "") == (503, True)
        other.execute("ROLLBACK")
        other.close()
        await taken_again(town, 1)
        await assert_always_true(town.gateway)


async def test_an_interrupted_migration_is_done_again_from_the_beginning(
    engine_kind: str, sqlite_copies: SqliteCopies, database_url: str
) -> None:
    await migrate.downgrade(database_url, "0001")
    program = (
        "import asyncio, os, sys\n"
        "from alembic import op\n"
        "real = op.create_table\n"
        "def dying(*args, **more):\n"
        "    real(*args, **more)\n"
        "    os._exit(9)\n"
        "op.create_table = dying\n"
        "from storage import migrate\n"
        "asyncio.run(migrate.upgrade(sys.argv[1]))\n"
    )
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", program, database_url)
    assert await child.wait() == 9
    assert await migrate.current(database_url) == "0001"
    await migrate.upgrade(database_url)
    assert await migrate.current(database_url) == migrate.head()
    assert await migrate.differences(database_url) == []


async def assert_goes_on(town: Town, number: int, seconds: float = 15) -> None:
    """Without a bell everything is found by looking."""
    began = time.monotonic()
    assert (await hook(town, number))[0] == 200
    await until(lambda: _there(town, number), seconds=seconds)
    message = await town.reply(f"ответ {number}")
    assert await town.state(message, "sent") == "sent"
    assert time.monotonic() - began < 60


async def _there(town: Town, number: int) -> bool:
    return bool(
        await town.one("SELECT count(*) FROM message WHERE external_id LIKE :id", id=f"%{900_000 + number}")
    )


@pytest.mark.drill
@pytest.mark.timeout(240)
async def test_with_redis_gone_slow_flushed_or_out_of_memory_everything_goes_on(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bells, "SILENCE", 2.0)
    monkeypatch.setattr(bells, "BEAT", 0.5)
    with (
        engines.valkey(own=True) as server,
        wire(int(server.url.rpartition(":")[2].partition("/")[0])) as line,
    ):
        redis = f"redis://127.0.0.1:{line.port}/0"
        async with open_town(postgres_url, tmp_path, redis=redis) as town:
            await town.connect("messenger1")
            await assert_goes_on(town, 1)
            await server.flush()
            await assert_goes_on(town, 2)
            line.stall()  # no answer, and nobody closes the line
            await assert_goes_on(town, 3)
            line.mend()
            await assert_heard_again(town, server)
            line.refuse()
            line.cut()
            await assert_goes_on(town, 4)
            line.mend()
            await assert_heard_again(town, server)
            await out_of_memory(server)
            await assert_goes_on(town, 5)
            await until(lambda: _nothing_leaves(town))
            await assert_always_true(town.gateway)


async def assert_heard_again(town: Town, server: Valkey) -> None:
    """A bell rung by another process is heard here, without anybody having done a thing."""
    client = Redis.from_url(server.url)
    try:
        with town.gateway.bells.listening("drill") as bell:
            for _ in range(60):
                await client.publish(bells.TOPIC, "drill")
                if await bell.wait(0.5):
                    return
    finally:
        await client.aclose()
    raise AssertionError("the line to Redis did not come back")


async def out_of_memory(server: Valkey) -> None:
    client = Redis.from_url(server.url)
    await client.config_set("maxmemory", "1")
    await client.config_set("maxmemory-policy", "noeviction")
    await client.aclose()


@pytest.mark.drill
@pytest.mark.timeout(240)
async def test_a_flood_in_one_conversation_holds_up_only_itself(database_url: str, tmp_path: Path) -> None:
    events = int(os.environ.get("INBOX_DRILL_FLOOD", "2000"))
    async with open_town(database_url, tmp_path) as town:
        await town.connect("messenger1")
        await town.say("messenger1", "первое")
        await town.opened()
        await flood(town, events)
        began = time.monotonic()
        await town.say("messenger1", "и я", MARIA)
        found = "SELECT count(*) FROM message WHERE text = 'и я'"
        await until(lambda: _one(town, found), seconds=60)
        waited = time.monotonic() - began
        left = await town.one("SELECT count(*) FROM envelope WHERE state = 0")
        print(f"  behind {events} events: {waited:.2f} s, {left} of the flood still waited", flush=True)
        assert left > 0 or waited < 2
        await until(lambda: _all_opened(town), seconds=200)
        seqs = [
            row.text
            for row in await town.rows("SELECT text FROM message WHERE text LIKE 'f%' ORDER BY at, seq, id")
        ]
        assert seqs == [f"f{number:06}" for number in range(events)]


async def _one(town: Town, sql: str) -> bool:
    return bool(await town.one(sql))


async def _all_opened(town: Town) -> bool:
    return not await town.one("SELECT count(*) FROM envelope WHERE state = 0")


async def flood(town: Town, events: int) -> None:
    """So many events of one conversation stand in the journal at once: copies of the first under numbers of their own."""
    row = (await town.rows("SELECT source_id, lane, method, path, body FROM envelope ORDER BY id LIMIT 1"))[0]
    update = orjson.loads(row.body)
    base = update["message"]["message_id"]

    def entry(number: int) -> Entry:
        message = {**update["message"], "message_id": base + 1 + number, "text": f"f{number:06}"}
        body = orjson.dumps({"update_id": 5_000_000 + number, "message": message})
        return Entry(
            source_id=row.source_id, lane=row.lane, key=f"flood{number}", received_at=town.gateway.now(),
            method=row.method, path=row.path, query={}, headers={}, body=body, body_file=None, size=len(body),
        )  # fmt: skip

    await town.gateway.database.write(append, [entry(number) for number in range(events)])


@pytest.mark.drill
@pytest.mark.timeout(240)
async def test_a_body_of_twenty_five_megabytes_is_taken_and_one_more_is_too_large(
    database_url: str, tmp_path: Path
) -> None:
    async with open_town(database_url, tmp_path) as town:
        await town.connect("messenger1")
        limit = town.gateway.config.max_body
        assert (await hook(town, 1, "x" * (limit - 2000)))[0] == 200
        assert (await hook(town, 2, "x" * (limit + 1)))[0] == 413
        began = time.monotonic()
        assert (await hook(town, 3))[0] == 200
        assert time.monotonic() - began < 5
        await until(lambda: _all_opened(town), seconds=60)
        assert (await town.account("messenger1"))["received"] == 2
        await assert_always_true(town.gateway)


@pytest.mark.drill
@pytest.mark.timeout(240)
async def test_a_backup_made_while_running_has_the_same_certificate_elsewhere(
    sqlite_copies: SqliteCopies, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    await migrate.upgrade(Config(data_dir=here).database())
    async with open_town("", here) as town:
        await town.connect("messenger1")
        clients = [Client(ref=f"k{number}", name=f"Клиент {number}") for number in range(4)]

        async def talk(client: Client) -> None:
            for number in range(100_000):
                await town.say("messenger1", f"{client.ref}:{number}", client)

        talking = [asyncio.create_task(talk(one)) for one in clients]
        await asyncio.sleep(0.5)
        await asyncio.to_thread(backup, Config(data_dir=here), tmp_path / "while.tar.gz", with_key=True)
        for one in talking:
            one.cancel()
        await asyncio.gather(*talking, return_exceptions=True)
        await town.opened()
        made = await certify(town.gateway)
        await asyncio.to_thread(backup, Config(data_dir=here), tmp_path / "after.tar.gz", with_key=True)
    restore(Config(data_dir=there), tmp_path / "after.tar.gz")
    again = await certificate(Config(data_dir=there))
    assert again.balanced
    assert again.document["sources"] == made.document["sources"]
    assert again.document["chain"]["digest"] == made.document["chain"]["digest"]
    restore(Config(data_dir=tmp_path / "third"), tmp_path / "while.tar.gz")
    early = await certificate(Config(data_dir=tmp_path / "third"))
    assert early.balanced
    received = early.document["sources"][0]["account"]["received"]
    assert 0 < received <= made.document["sources"][0]["account"]["received"]


@pytest.mark.drill
async def test_a_clients_clock_that_is_wrong_does_not_move_the_window(town: Town) -> None:
    await town.say("messenger1", "из будущего", MARIA, seconds_ago=-7 * 86_400)
    await town.opened()
    address = await town.one("SELECT last_client_at FROM address")
    assert address <= town.gateway.now() + 5 * 60 * SECOND
