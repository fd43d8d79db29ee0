"""kill -9 of a random process at a random moment under load: nothing acknowledged is lost, nothing doubled, all balances."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from channels.fakes import Client
from tests.drills.always import assert_always_true
from tests.drills.city import City, House, city

CLIENTS = 8


async def kill_again_and_again(of: City, kills: int) -> None:
    """Under load, one process after another."""
    clients = [Client(ref=f"c{number}", name=f"Клиент {number}") for number in range(CLIENTS)]
    traffic = [asyncio.create_task(of.talk(one, 0.01)) for one in clients]
    traffic.append(asyncio.create_task(of.answer(1.0)))
    for number in range(kills):
        await asyncio.sleep(of.dice.uniform(0.0, 0.45))
        await kill_one(of, of.dice.choice(of.houses))
        if (number + 1) % 50 == 0:
            print(
                f"  {number + 1} of {kills} killed, {sum(map(len, of.said.values()))} said, {dict(of.posts)}",
                flush=True,
            )
        failed = [task for task in traffic if task.done()]
        assert not failed, failed
    await asyncio.sleep(0.3)
    for task in traffic:
        task.cancel()
    await asyncio.gather(*traffic, return_exceptions=True)


async def kill_one(of: City, house: House) -> None:
    """Kill it, now and then before it is up again, and start it anew."""
    of.kill(house)
    while not of.gone(house):
        await asyncio.sleep(0.002)
    await of.start(house)
    if of.dice.random() < 0.7:
        await of.ready(house)


async def assert_nothing_lost_nothing_doubled(of: City) -> None:
    """What was acknowledged is there once, in its order; what was sent arrived once."""
    await asyncio.gather(*map(of.ready, of.houses))
    await of.settled()
    found: dict[str, list[str]] = {}
    for row in await of.rows(
        "SELECT text FROM message WHERE direction = 'in' ORDER BY conversation_id, at, seq, id"
    ):
        found.setdefault(row.text.partition(":")[0], []).append(row.text)
    for client, said in of.said.items():
        # One more may have been acknowledged just when the load ended.
        assert found[client][: len(said)] == said
        assert len(found[client]) <= len(said) + 1
    arrived = [one.text for one in of.fake.arrived]
    assert len(arrived) == len(set(arrived)), "an answer was sent twice"
    sent = {
        row.text
        for row in await of.rows("SELECT text FROM message WHERE direction = 'out' AND state = 'sent'")
    }
    assert sent == set(arrived)
    assert set(of.answered) <= sent
    await assert_always_true(of.gateway)


async def drill(url: str, data: Path, redis: str, kills: int, seed: int) -> None:
    """One embedded process, or two web processes, two workers."""
    roles = ("all",) if url.startswith("sqlite") else ("web", "web", "worker", "worker")
    async with city(url, data, roles, redis="" if url.startswith("sqlite") else redis, seed=seed) as of:
        await kill_again_and_again(of, kills)
        await assert_nothing_lost_nothing_doubled(of)
        assert sum(map(len, of.said.values())) > kills
        assert of.posts["twice"] > 0


@pytest.mark.timeout(900)
async def test_twenty_five_kills_on_each_engine_lose_nothing_and_double_nothing(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    await drill(database_url, tmp_path, redis_url, kills=25, seed=5)


@pytest.mark.full
@pytest.mark.timeout(900)
async def test_fifty_kills_lose_nothing_and_double_nothing(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    await drill(database_url, tmp_path, redis_url, kills=50, seed=7)


@pytest.mark.drill
@pytest.mark.timeout(3600)
async def test_a_thousand_kills(database_url: str, redis_url: str, tmp_path: Path) -> None:
    await drill(
        database_url, tmp_path, redis_url, kills=int(os.environ.get("INBOX_DRILL_KILLS", "1000")), seed=11
    )
