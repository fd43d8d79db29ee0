"""What a network asked of one of our processes binds the others, whoever of them dies. (How fast they call together is a drill:
tests/drills/test_outbox.py.)
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from channels.fakes import Act, Client
from gateway import clock, replies
from tests.gateway.test_chaos import MESSENGERS, World, settle, world
from tests.gateway.town import until

JITTER = 0.2
"""Seconds by which the way of one call may be shorter than that of another."""
PAUSE = 4.0


async def talks(of: World, count: int) -> list[str]:
    """So many clients have written; their conversations."""
    for number in range(count):
        client = Client(ref=f"c{number}", name=f"Клиент {number}")
        assert (await of.fake.act(Act(client=client, text="Здравствуйте"))).status == 200
    found: list[str] = []

    async def all_there() -> bool:
        found[:] = [row.id for row in await of.rows("SELECT id FROM conversation ORDER BY id")]
        return len(found) == count

    await until(all_there)
    return found


async def say(of: World, conversation: str, words: str) -> None:
    await replies.reply(
        of.gateway, of.admin, conversation, id=clock.new_id(), text=words, file_ids=(), reply_to=None, last_seen=None,
        hold_ms=0, override_reason=None, anyway=True,
    )  # fmt: skip


async def kill_the_sender(of: World) -> None:
    """The process that sends dies as it stands; the other is left."""
    holder = ""

    async def somebody_sends() -> bool:
        nonlocal holder
        rows = await of.rows("SELECT holder FROM lease WHERE name LIKE 'send:%' ORDER BY until DESC LIMIT 1")
        holder = rows[0].holder if rows else ""
        return bool(holder)

    await until(somebody_sends)
    for served in of.served:
        assert served.process is not None
        if f":{served.process.pid}:" in holder:
            await served.kill()
            return
    raise AssertionError(f"{holder} is none of ours")


@pytest.mark.timeout(240)
@pytest.mark.parametrize("place", [MESSENGERS[0], pytest.param(MESSENGERS[1], marks=pytest.mark.full)])
async def test_a_pause_that_the_network_asked_of_one_process_is_kept_by_the_next(
    place: str, postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with world(place, postgres_url, redis_url, tmp_path, seed=4) as of:
        (conversation,) = await talks(of, 1)
        of.fake.fail("slow_down", after=PAUSE)
        asked = time.monotonic()
        await say(of, conversation, "терпение")

        async def told_to_wait() -> bool:
            return bool(await of.rows("SELECT id FROM outbox WHERE state = 'postponed'"))

        await until(told_to_wait)
        await kill_the_sender(of)
        assert [one.text for one in of.fake.arrived] == []

        async def arrived() -> bool:
            return bool(of.fake.arrived)

        await until(arrived)
        assert time.monotonic() - asked >= PAUSE - JITTER
        await until(lambda: settle(of))
        assert [one.text for one in of.fake.arrived] == ["терпение"]
