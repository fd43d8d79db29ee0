"""web, worker and listener as processes of their own: a word walks through all of them, and so does the answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

import channels
from channels.fakes import Act, Client, Fake
from gateway import clock
from gateway.app import make_gateway
from gateway.config import Config
from gateway.context import Gateway
from gateway.demo.stage import places
from gateway.permissions import PRESETS
from storage import sessions
from storage.team import first_start
from tests.gateway.api.house import Line, Person
from tests.gateway.test_kill import Served
from tests.gateway.town import until

OLGA = Client(ref="olga", name="Ольга", email="olga@example.org")


@dataclass
class Parts:
    """The three processes, seen by somebody at the web one."""

    gateway: Gateway
    address: str
    person: Person
    line: Line

    async def connect(self, place: str) -> Fake:
        """A source on a network of its own; to be stopped by the caller."""
        fake = channels.fake(places()[place])()
        await fake.start()
        source_id = await self.gateway.sources.create(
            places()[place], place, dict(fake.settings()), None, None
        )
        live = self.gateway.sources.get(source_id)
        assert live is not None
        fake.deliver_to(f"{self.address}/hooks/{source_id}/{live.row.hook_key}")
        checks = await self.gateway.sources.connect(source_id)
        assert all(check.ok for check in checks), checks
        return fake

    async def shown(self, text: str) -> str:
        """Wait until the words stand on the open console; their conversation."""
        while (frame := await self.line.next("message.upsert", seconds=60))["patch"]["text"] != text:
            pass
        return str(frame["patch"]["conversation_id"])

    async def answered(self, conversation_id: str, words: str, fake: Fake) -> None:
        """Answer at the console and wait until it is at the client's and shown as sent."""
        ref = clock.new_id()
        body = {"id": ref, "text": words, "hold_ms": 0}
        await self.person.post(f"/conversations/{conversation_id}/messages", body)
        await until(lambda: _arrived(fake, words), seconds=60)
        while (frame := await self.line.next("message.upsert", ref, 60))["patch"]["state"] != "sent":
            pass
        assert frame["patch"]["text"] == words


async def _arrived(fake: Fake, words: str) -> bool:
    """A letter repeats below what it answers."""
    return [one.text.split("\n")[0] for one in fake.arrived] == [words]


@contextlib.asynccontextmanager
async def parts(url: str, redis: str, data: Path) -> AsyncIterator[Parts]:
    """Three processes that share a database and a Redis."""
    web = Served(url, data, "web", INBOX_REDIS_URL=redis)
    others = [
        Served(url, data, role, INBOX_REDIS_URL=redis, INBOX_PUBLIC_URL=web.address)
        for role in ("worker", "listener")
    ]
    config = Config(_env_file=None, database_url=url, data_dir=data, redis_url=redis, public_url=web.address)
    gateway = make_gateway(config)
    admin = await gateway.database.write(first_start, PRESETS, "Анна")
    token, _ = await gateway.database.write(sessions.open_session, admin, keep=False, agent="", ip="")
    try:
        await asyncio.gather(*(one.start() for one in (web, *others)))
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            person = Person(http, web.address, admin, token)
            async with person.live() as line:
                yield Parts(gateway, web.address, person, line)
    finally:
        for one in (web, *others):
            await one.kill()
        await gateway.sources.close()
        await gateway.database.close()


@pytest.mark.timeout(400)
async def test_apart_the_parts_take_in_show_and_answer_what_is_pushed_and_what_is_fetched(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with parts(postgres_url, redis_url, tmp_path) as run:
        for place in ("messenger1", "mail"):
            fake = await run.connect(place)
            await fake.act(Act(client=OLGA, text=f"by {place}", subject="A question"))
            conversation_id = await run.shown(f"by {place}")
            await run.answered(conversation_id, f"answered to {place}", fake)
            await fake.stop()
