"""Many processes: a dead one's work is taken over in fifteen seconds, a stopped one loses nothing, newer tables do no harm."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from channels.fakes import Client
from storage import leases
from storage.errors import LeaseLost
from storage.waiting import SET_ASIDE, Settled, set_aside
from tests.drills.always import assert_always_true
from tests.drills.city import City, House, city
from tests.gateway.town import Town

pytestmark = pytest.mark.drill
HANDOVER = 15.0
FOUR = ("web", "web", "worker", "worker")


@contextlib.asynccontextmanager
async def busy(of: City, clients: int = 4, pause: float = 0.02) -> AsyncIterator[None]:
    """Clients write while the block lasts."""
    people = [Client(ref=f"b{number}", name=f"Клиент {number}") for number in range(clients)]
    traffic = [asyncio.create_task(of.talk(one, pause)) for one in people]
    try:
        yield
        failed = [task for task in traffic if task.done()]
        assert not failed, failed
    finally:
        for task in traffic:
            task.cancel()
        await asyncio.gather(*traffic, return_exceptions=True)


async def soon(true: Callable[[], Awaitable[bool]], seconds: float, what: str) -> float:
    """Wait until it is so; how long that took."""
    began = time.monotonic()
    while not await true():
        assert time.monotonic() - began < seconds, f"{what}: not within {seconds} s"
        await asyncio.sleep(0.05)
    return time.monotonic() - began


async def assert_everything_said_is_there(of: City) -> None:
    """Each client's words once and in their order, and all that must always be true."""
    await of.settled()
    found: dict[str, list[str]] = {}
    for row in await of.rows(
        "SELECT text FROM message WHERE direction = 'in' ORDER BY conversation_id, at, seq, id"
    ):
        found.setdefault(row.text.partition(":")[0], []).append(row.text)
    for client, said in of.said.items():
        assert found[client][: len(said)] == said
    await assert_always_true(of.gateway)


async def holder(of: City, name: str) -> str:
    """Who holds a lease now; "" nobody."""
    rows = await of.rows(
        "SELECT holder FROM lease WHERE name = :name AND until > extract(epoch FROM clock_timestamp()) * 1000000",
        name=name,
    )
    return str(rows[0].holder) if rows else ""


def house_of(of: City, held: str) -> House:
    return next(house for house in of.houses if f":{house.pid}:" in held)


@pytest.mark.timeout(240)
async def test_router_sender_listener_and_shards_are_handed_over_within_fifteen_seconds_of_a_kill(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    roles = ("web", "worker", "worker", "listener", "listener")
    async with city(postgres_url, tmp_path, roles, redis=redis_url) as of:
        polled = await of.poll_another()
        await of.say("первое")
        ref = (await of.rows("SELECT id FROM conversation"))[0].id
        await of.reply(ref, "ответ")
        names = ["router", f"send:{of.source_id}", f"listen:{polled}", "shard:7"]
        for name in names:
            if name.startswith("send:"):
                await of.reply(ref, "ещё")  # a sender that had nothing to do for long went to rest
            await soon(partial(held, of, name), 30, name)
            before = await holder(of, name)
            of.kill(house_of(of, before))
            if name.startswith("send:"):
                await of.reply(ref, "после смерти")
            took = await soon(partial(taken, of, name, before), HANDOVER, f"handover of {name}")
            print(f"  {name} handed over after {took:.1f} s", flush=True)
            await of.start(house_of(of, before))
            await asyncio.gather(*map(of.ready, of.houses))


async def held(of: City, name: str) -> bool:
    return bool(await holder(of, name))


async def taken(of: City, name: str, before: str) -> bool:
    return await holder(of, name) not in ("", before)


async def test_a_slow_worker_is_stopped_at_its_commit_by_its_token(town: Town) -> None:
    database = town.gateway.database
    (slow,) = await database.write(leases.acquire, ["drill"], "slow", 0.0)
    await asyncio.sleep(0.01)
    (fast,) = await database.write(leases.acquire, ["drill"], "fast", 60)
    await town.say("messenger1", "раз")
    await town.opened()
    envelope = await town.one("SELECT id FROM envelope")
    late = Settled(envelope, town.sources["messenger1"], SET_ASIDE, error="late")
    with pytest.raises(LeaseLost):
        await database.write(set_aside, late, [slow])
    await database.write(leases.check, [fast])
    assert await town.one("SELECT state FROM envelope") == 1


@pytest.mark.timeout(240)
async def test_a_stopped_process_ends_what_it_has_in_hand(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with city(postgres_url, tmp_path, FOUR, redis=redis_url) as of:
        async with busy(of):
            await asyncio.sleep(0.5)
            for row in await of.rows("SELECT id FROM conversation"):
                await of.reply(row.id, f"ответ {row.id}")
            for house in list(of.houses):
                of.kill(house, signal.SIGTERM)
                await soon(partial(gone, of, house), 40, f"stop of a {house.role}")
                await of.start(house)
                await of.ready(house)
        unknown = await of.rows("SELECT id FROM outbox WHERE state = 'unknown'")
        assert unknown == [], "a call was cut off at a stop"
        await assert_everything_said_is_there(of)


@pytest.mark.timeout(240)
async def test_while_the_next_versions_tables_are_made_the_old_processes_go_on(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with city(postgres_url, tmp_path, FOUR, redis=redis_url) as of:
        async with busy(of):
            await asyncio.sleep(0.3)
            connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
            for (
                statement
            ) in (  # what an expanding migration does: new tables, columns with a default, indexes
                "CREATE TABLE of_the_next_version (id bigint PRIMARY KEY)",
                "ALTER TABLE message ADD COLUMN of_the_next_version text NOT NULL DEFAULT ''",
                "ALTER TABLE envelope ADD COLUMN of_the_next_version bigint",
                "CREATE INDEX CONCURRENTLY ix_next ON conversation (title)",
                "UPDATE alembic_version SET version_num = '9999'",
            ):
                await connection.execute(statement)
                await asyncio.sleep(0.1)
            await connection.close()
            await asyncio.gather(*map(of.ready, of.houses))  # an old process serves on a newer database
            worker = of.houses[-1]
            of.kill(worker, signal.SIGTERM)
            await soon(partial(gone, of, worker), 40, "stop of a worker")
            await of.start(worker)
            await of.ready(worker)
        await assert_everything_said_is_there(of)


async def gone(of: City, house: House) -> bool:
    return of.gone(house)


@pytest.mark.timeout(240)
async def test_processes_that_disagree_on_the_time_by_minutes_agree_on_everything_else(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    ahead = (0.0, 100.0, 100.0, -100.0)
    async with city(postgres_url, tmp_path, FOUR, redis=redis_url, ahead=ahead) as of:
        async with busy(of):
            await asyncio.sleep(1)
            for row in await of.rows("SELECT id FROM conversation"):
                await of.reply(row.id, f"ответ {row.id}")
            await asyncio.sleep(1)
        await assert_everything_said_is_there(of)
        assert len(of.fake.arrived) == len(of.answered)
        received = await of.rows("SELECT min(received_at) AS first, max(received_at) AS last FROM envelope")
        assert received[0].last - received[0].first < 60_000_000, "their clocks went into the rows"


@pytest.mark.timeout(240)
async def test_one_event_a_hundred_times_from_four_clients_at_two_processes_has_one_effect(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with city(postgres_url, tmp_path, FOUR, redis=redis_url) as of:
        of.twice = 0
        await of.say("раз")
        body, path, headers = of.last_post
        event = body.replace("раз".encode(), "два".encode())

        async def client(place: int) -> list[int]:
            doors = of.doors
            return [(await of.post(doors[(place + n) % 2], path, event, headers))[0] for n in range(25)]

        answers = await asyncio.gather(*map(client, range(4)))
        assert {status for one in answers for status in one} == {200}
        await of.settled()
        assert len(await of.rows("SELECT id FROM message")) == 1, (
            "the same number is the same event, whatever its words"
        )
        account = (await of.rows("SELECT sum(received) AS received, sum(repeated) AS repeated FROM account"))[
            0
        ]
        assert (account.received, account.repeated) == (1, 100)
        await assert_always_true(of.gateway)
