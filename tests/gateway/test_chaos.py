"""A network at its worst, and two processes that share the work: in the end exactly what was said stands there, in order.

Whatever a seed decides happens to a delivery: it comes twice, at once or much later, to either process; its answer is
lost; it is turned away and comes again; a changed wording overtakes the message it changes. What we send meets 429, 5xx,
broken connections and answers that never arrive.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import Connection, text

import channels
from channels.fakes import Act, Client, Fake, Fault
from gateway import clock, replies
from gateway.app import make_gateway
from gateway.config import Config
from gateway.context import Gateway
from gateway.demo.stage import places
from gateway.permissions import PRESETS
from storage import demo
from storage.team import first_start
from storage.waiting import accounts
from tests.gateway.test_kill import Served
from tests.gateway.town import until

MESSENGERS = ("messenger1", "messenger2")
FAULTS: tuple[Fault, ...] = ("slow_down", "server_error", "reset", "lost_answer")
REMEMBERED = 300
"""Deliveries that may come once more, long after their time."""
OVERTAKEN = 0.1
"""So many messages are changed while they are still on their way."""
TURNED_AWAY, ANSWER_LOST, AT_ONCE, LATE, OLD = 0.05, 0.10, 0.20, 0.30, 0.45
"""Below each of these numbers a throw of [0, 1) means this trouble."""


@dataclass
class Storm:
    """Stands between the provider and the two processes."""

    dice: random.Random
    doors: list[str] = field(default_factory=list)
    raging: bool = False
    troubles: Counter[str] = field(default_factory=Counter)
    past: deque[tuple[str, bytes, dict[str, str]]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    client: aiohttp.ClientSession | None = None

    async def handle(self, request: web.Request) -> web.Response:
        """What becomes of one delivery."""
        kept = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in ("host", "content-length")
        }
        post = (request.path_qs, await request.read(), kept)
        trouble = self._trouble()
        self.troubles[trouble] += 1
        match trouble:
            case "turned away":
                return web.Response(status=503)
            case "answer lost":
                await self._hand_over(post)
                return web.Response(status=500)
            case "at once":
                first, _ = await asyncio.gather(self._hand_over(post, 0), self._hand_over(post, 1))
                return first
            case "late":
                await asyncio.sleep(self.dice.uniform(0, 0.05))
            case "old":
                await self._hand_over(self.dice.choice(self.past))
        self.past.append(post)
        return await self._hand_over(post)

    def _trouble(self) -> str:
        thrown = self.dice.random() if self.raging else 1.0
        limits = (
            (TURNED_AWAY, "turned away"),
            (ANSWER_LOST, "answer lost"),
            (AT_ONCE, "at once"),
            (LATE, "late"),
        )
        found = next((name for limit, name in limits if thrown < limit), "")
        return found or ("old" if thrown < OLD and self.past else "none")

    async def _hand_over(
        self, post: tuple[str, bytes, dict[str, str]], door: int | None = None
    ) -> web.Response:
        assert self.client is not None
        to = self.doors[self.dice.randrange(len(self.doors)) if door is None else door]
        path, body, headers = post
        async with self.client.post(to + path, data=body, headers=headers) as answer:
            return web.Response(status=answer.status, body=await answer.read())


@dataclass
class World:
    """Everything of one run."""

    gateway: Gateway
    admin: str
    source_id: str
    fake: Fake
    storm: Storm
    served: list[Served]
    said: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """client -> what their messages read in the end."""
    answered: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """conversation -> our answers, in the order in which they were given."""
    doubtful: set[str] = field(default_factory=set)
    """Answers whose fate nobody knew for a while."""

    async def rows(self, sql: str) -> list[Any]:
        def read(connection: Connection) -> list[Any]:
            return list(connection.execute(text(sql)))

        return await self.gateway.database.read(read)


@asynccontextmanager
async def world(place: str, url: str, redis: str, data: Path, seed: int) -> AsyncIterator[World]:
    """One source, its provider, a storm in between and two processes of ours."""
    storm = Storm(random.Random(seed))
    app = web.Application(client_max_size=1 << 22)
    app.router.add_route("*", "/{path:.*}", storm.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    public = f"http://127.0.0.1:{runner.addresses[0][1]}"
    served = [Served(url, data, INBOX_REDIS_URL=redis, INBOX_PUBLIC_URL=public) for _ in range(2)]
    config = Config(database_url=url, data_dir=data, redis_url=redis, public_url=public)
    gateway = make_gateway(config)
    admin = await gateway.database.write(first_start, PRESETS, "Анна")
    fake = channels.fake(places()[place])()
    await fake.start()
    name = places()[place]
    source_id = await gateway.sources.create(name, place, dict(fake.settings()), None, None)
    storm.doors = [one.address for one in served]
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as storm.client:
            await asyncio.gather(*(one.start() for one in served))
            live = gateway.sources.get(source_id)
            assert live is not None
            fake.deliver_to(f"{public}/hooks/{source_id}/{live.row.hook_key}")
            checks = await gateway.sources.connect(source_id)
            assert all(check.ok for check in checks), checks
            yield World(gateway, admin, source_id, fake, storm, served)
    finally:
        await asyncio.gather(*(one.kill() for one in served if one.process is not None))
        await fake.stop()
        await gateway.sources.close()
        await gateway.database.close()
        await runner.cleanup()


async def talk(of: World, client: Client, count: int, dice: random.Random, few: asyncio.Semaphore) -> None:
    """One client says so many things, and now and then changes the last one."""
    for number in range(count):
        said = of.said[client.ref]
        if dice.random() < OVERTAKEN:
            said.append(await overtaken(of, client, f"{client.ref}:{number}", few))
            continue
        changes = bool(said) and dice.random() < 0.1
        words = f"{said[-1]}+" if changes else f"{client.ref}:{number}"
        async with few:
            delivered = await of.fake.act(Act(client=client, doing="edit" if changes else "text", text=words))
        assert delivered.status == 200, delivered
        if changes:
            said[-1] = words
        else:
            said.append(words)


async def overtaken(of: World, client: Client, words: str, few: asyncio.Semaphore) -> str:
    """A client writes and thinks better of it at once: both are on their way together. What stands in the end."""
    better = f"{words}!"
    async with few:
        both = await asyncio.gather(
            of.fake.act(Act(client=client, text=words)),
            of.fake.act(Act(client=client, doing="edit", text=better)),
        )
    assert [one.status for one in both] == [200, 200], both
    of.storm.troubles["overtaken"] += 1
    return better


async def answer(of: World, count: int, dice: random.Random) -> None:
    """Somebody of ours answers so many times, while the network makes trouble."""
    given = 0
    while given < count:
        known = await of.rows("SELECT id FROM conversation ORDER BY id")
        for row in dice.sample(known, min(len(known), 8, count - given)):
            if dice.random() < 0.4:
                of.fake.fail(dice.choice(FAULTS))
            words = f"answer {given}"
            await replies.reply(
                of.gateway, of.admin, row.id, id=clock.new_id(), text=words, file_ids=(), reply_to=None,
                last_seen=None, hold_ms=0, override_reason=None, anyway=True,
            )  # fmt: skip
            of.answered[row.id].append(words)
            given += 1
        await asyncio.sleep(0.02)


async def settle(of: World) -> bool:
    """Whether every answer has left; a person looks at those of unknown fate, as the console asks them to."""
    arrived = {one.text for one in of.fake.arrived}
    left = await of.rows(
        "SELECT id, text, state FROM message WHERE direction = 'out' AND state NOT IN ('sent', 'delivered', 'read')"
    )
    for row in left:
        assert row.state != "failed", row
        if row.state == "unknown":
            of.doubtful.add(row.text)
            outcome = "sent" if row.text in arrived else "again"
            await replies.resolve(of.gateway, of.admin, row.id, outcome)
    waiting = await of.gateway.database.read(demo.waiting)
    return not left and not waiting


async def assert_exactly_what_was_said(of: World) -> None:
    """Every word once, each client's in their order; each answer at the client's once, in the order it was given."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in await of.rows(
        "SELECT text FROM message WHERE direction = 'in' ORDER BY conversation_id, at, seq, id"
    ):
        found[row.text.partition(":")[0]].append(row.text)
    assert found == of.said
    assert len(await of.rows("SELECT id FROM conversation")) == len(of.said)
    given = Counter(words for answers in of.answered.values() for words in answers)
    assert Counter(one.text for one in of.fake.arrived) == given
    place = {one.text: one.n for one in of.fake.arrived}
    for answers in of.answered.values():
        sure = [words for words in answers if words not in of.doubtful]
        assert sure == sorted(sure, key=place.__getitem__)
    account = (await of.gateway.database.read(accounts))[of.source_id]
    assert account["received"] == account["opened"] + account["ignored"]
    assert (account["accepted"], account["sent"]) == (sum(given.values()), sum(given.values()))


async def storm_through(of: World, seed: int, events: int, people: int, answers: int) -> None:
    """Play it all and wait until it is over."""
    dice, few = random.Random(seed), asyncio.Semaphore(24)
    clients = [Client(ref=f"c{number}", name=f"Клиент {number}") for number in range(people)]
    of.storm.raging = True
    of.fake.shuffle()
    await asyncio.gather(
        *(talk(of, one, events // people, random.Random(f"{seed}:{one.ref}"), few) for one in clients),
        answer(of, answers, dice),
    )
    of.storm.raging = False
    await until(lambda: settle(of), lambda: str(of.storm.troubles), seconds=120)
    assert all(
        of.storm.troubles[one]
        for one in ("turned away", "answer lost", "at once", "late", "old", "overtaken")
    )


@pytest.mark.timeout(400)
@pytest.mark.parametrize("place", MESSENGERS)
async def test_through_any_storm_each_word_stands_once_and_in_its_place(
    place: str, postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with world(place, postgres_url, redis_url, tmp_path, seed=1) as of:
        await storm_through(of, seed=1, events=250, people=20, answers=20)
        await assert_exactly_what_was_said(of)


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("place", MESSENGERS)
async def test_ten_thousand_events_through_a_storm(
    place: str, postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with world(place, postgres_url, redis_url, tmp_path, seed=2) as of:
        await storm_through(of, seed=2, events=10_000, people=200, answers=300)
        await assert_exactly_what_was_said(of)
