"""What a network asked of one of our processes binds the others, whoever of them dies; and together they call no faster than
it allows.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from channels.fakes import Act, Client
from gateway import clock, replies
from gateway.courtesies import TYPING
from tests.gateway.test_chaos import MESSENGERS, World, settle, world
from tests.gateway.town import until

JITTER = 0.2
"""Seconds by which the way of one call may be shorter than that of another."""
PAUSE = 4.0


def client(number: int) -> Client:
    return Client(ref=f"c{number}", name=f"Клиент {number}")


async def talks(of: World, count: int) -> list[str]:
    """So many clients have written; their conversations."""
    for number in range(count):
        assert (await of.fake.act(Act(client=client(number), text="Здравствуйте"))).status == 200
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


PEOPLE = 36
SPAN = 2.0
TOGETHER = 15 * SPAN + 12
"""Calls of a span: what both may make in it, and one of each of their six threads that was late."""
ANSWERED = PEOPLE // 3
"""Presses that are surely answered: one that stands behind too many calls is left out, as it ends by itself at the client's."""


@pytest.mark.timeout(240)
async def test_two_processes_that_call_one_account_keep_to_its_limit_together(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    """Both open what clients press, and answer each press with a call; one of them sends meanwhile, and one shows who types."""
    async with world(MESSENGERS[1], postgres_url, redis_url, tmp_path, seed=5) as of:
        network: Any = of.fake
        conversations = await talks(of, PEOPLE)
        processes = {str(one.process.pid) for one in of.served if one.process is not None}

        async def both_open() -> bool:
            rows = await of.rows("SELECT DISTINCT holder FROM lease WHERE name LIKE 'shard:%'")
            return {row.holder.split(":")[-2] for row in rows} == processes

        await until(both_open)
        await of.gateway.bells.start()
        network.calls.clear()
        moments = network.moments = []
        await asyncio.gather(
            *(say(of, conversation, f"answer {n}") for n, conversation in enumerate(conversations)),
            *(of.fake.act(Act(client=client(n), doing="button", text="Да")) for n in range(PEOPLE)),
        )
        await until(lambda: settle(of))

        async def all_called() -> bool:
            of.gateway.bells.ring([f"{TYPING}:{conversations[0]}"])
            made = [name for name, _ in network.calls]
            pressed = made.count("messages.sendMessageEventAnswer")
            return pressed >= ANSWERED and "messages.setActivity" in made

        await until(all_called)
        await of.gateway.bells.close()
        assert sorted(one.text for one in of.fake.arrived) == sorted(f"answer {n}" for n in range(PEOPLE))
        assert max(sum(at <= other < at + SPAN for other in moments) for at in moments) <= TOGETHER
        assert network.refused_for_speed <= len(moments) / 10  # a call that was late, never a habit
