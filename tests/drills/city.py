"""A whole installation of several processes that are killed and started again, its provider, and what was promised to whom."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from sqlalchemy import Connection, text

import channels
from channels.fakes import Act, Client, Fake
from gateway import clock, replies
from gateway.app import make_gateway
from gateway.config import Config
from gateway.context import Gateway
from gateway.demo.stage import places
from gateway.permissions import PRESETS
from storage import demo
from storage.team import first_start
from tests.drills.nursery import Nursery
from tests.rig.process import free_port

PATIENCE = aiohttp.ClientTimeout(total=5)
NEVER_DELIVERED = 60.0


@dataclass
class House:
    """One process of the installation."""

    role: str
    port: int
    settings: dict[str, str]
    ahead: float = 0
    pid: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass
class City:
    """Processes, the provider, and a postman between them who comes again until he is heard."""

    gateway: Gateway
    admin: str
    nursery: Nursery
    houses: list[House]
    dice: random.Random
    fake: Fake
    source_id: str = ""
    twice: float = 0.05
    """How often an event is delivered once more, to anybody."""
    posts: Counter[str] = field(default_factory=Counter)
    said: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    answered: list[str] = field(default_factory=list)
    client: aiohttp.ClientSession | None = None
    last_post: tuple[bytes, str, dict[str, str]] = (b"", "", {})
    """Body, path and headers of the last event."""
    others: list[Fake] = field(default_factory=list)

    async def poll_another(self) -> str:
        """Connect a second source, which has to be asked; its id."""
        fake = channels.fake(places()["messenger1"])()
        self.others.append(fake)
        await fake.start()
        settings = {**fake.settings(), "mode": "polling"}
        source_id = await self.gateway.sources.create(places()["messenger1"], "polled", settings, None, None)
        await self.gateway.sources.connect(source_id)
        return source_id

    async def say(self, words: str, ref: str = "anna") -> None:
        """One client writes once; returns when it is opened."""
        delivered = await self.fake.act(Act(client=Client(ref=ref, name=ref), text=words))
        assert delivered.status == 200, delivered
        await self.settled()

    async def start(self, house: House) -> None:
        house.pid = await self.nursery.bear(house.role, house.settings, house.ahead)

    async def ready(self, house: House, seconds: float = 30) -> None:
        """Wait until it serves."""
        end = asyncio.get_running_loop().time() + seconds
        assert self.client is not None
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with self.client.get(f"{house.address}/readyz") as answer:
                    if answer.status == 200:
                        return
            assert asyncio.get_running_loop().time() < end, f"{house.role} did not start"
            await asyncio.sleep(0.02)

    def kill(self, house: House, sign: signal.Signals = signal.SIGKILL) -> None:
        """At once, whatever it was doing."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(house.pid, sign)

    def gone(self, house: House) -> bool:
        """Whether the process has ended."""
        return not Path(f"/proc/{house.pid}").exists()

    @property
    def doors(self) -> list[House]:
        """Those that take hooks."""
        return [house for house in self.houses if house.role in ("all", "web")]

    async def deliver(self, request: web.Request) -> web.Response:
        """Hand an event over to anybody until it is acknowledged, as a provider does; now and then once more."""
        body, path = await request.read(), request.path_qs
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in ("host", "content-length")
        }
        self.last_post = (body, path, headers)
        status, answer = await self._until_heard(path, body, headers)
        if self.dice.random() < self.twice:
            self.posts["twice"] += 1
            await self._until_heard(path, body, headers)
        return web.Response(status=status, body=answer)

    async def _until_heard(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        end = asyncio.get_running_loop().time() + NEVER_DELIVERED
        while True:
            status, answer = await self.post(self.dice.choice(self.doors), path, body, headers)
            self.posts[str(status)] += 1
            if 200 <= status < 300 or asyncio.get_running_loop().time() > end:
                return status, answer
            await asyncio.sleep(0.02)

    async def post(self, door: House, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """One delivery to one process: (status, body); 0 when nobody answered."""
        assert self.client is not None
        try:
            async with self.client.post(door.address + path, data=body, headers=headers) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError):
            return 0, b""

    async def rows(self, sql: str, **values: Any) -> list[Any]:
        def read(connection: Connection) -> list[Any]:
            return list(connection.execute(text(sql), values))

        return await self.gateway.database.read(read)

    async def talk(self, client: Client, pause: float) -> None:
        """One client writes without end."""
        number = 0
        while True:
            words = f"{client.ref}:{number}"
            delivered = await self.fake.act(Act(client=client, text=words))
            assert delivered.status == 200, (delivered, self.posts)
            self.said[client.ref].append(words)
            number += 1
            await asyncio.sleep(pause)

    async def answer(self, pause: float) -> None:
        """Somebody of ours answers anybody without end."""
        while True:
            await asyncio.sleep(pause)
            known = await self.rows("SELECT id FROM conversation ORDER BY id LIMIT 50")
            if known:
                words = f"answer {len(self.answered)}"
                await self.reply(self.dice.choice(known).id, words)

    async def reply(self, conversation_id: str, words: str) -> str:
        """Accept an answer; the message's id."""
        message_id = clock.new_id()
        await replies.reply(
            self.gateway, self.admin, conversation_id, id=message_id, text=words, file_ids=(), reply_to=None,
            last_seen=None, hold_ms=0, override_reason=None, anyway=True,
        )  # fmt: skip
        self.answered.append(words)
        return message_id

    async def settled(self, seconds: float = 240) -> None:
        """Wait until nothing waits; answers of unknown fate are decided as the console asks a person to."""
        end = asyncio.get_running_loop().time() + seconds
        while True:
            waiting = await self.gateway.database.read(demo.waiting)
            left = await self.rows(
                "SELECT state, count(*) AS n FROM outbox WHERE state IN"
                " ('held', 'queued', 'sending', 'postponed', 'unknown') GROUP BY state"
            )
            if not waiting and not left:
                return
            assert asyncio.get_running_loop().time() < end, f"{waiting} envelopes wait, answers: {left}"
            await self.decide()
            await asyncio.sleep(0.1)

    async def decide(self) -> None:
        """Look at the client's screen, and say of each unknown answer whether it arrived."""
        arrived = {one.text for one in self.fake.arrived}
        for row in await self.rows("SELECT id, text FROM message WHERE state = 'unknown'"):
            self.posts["unknown"] += 1
            outcome = "sent" if row.text in arrived else "again"
            await replies.resolve(self.gateway, self.admin, row.id, outcome)


@contextlib.asynccontextmanager
async def city(
    url: str, data: Path, roles: Sequence[str], *, place: str = "messenger1", redis: str = "", seed: int = 1,
    ahead: Sequence[float] = (), settings: dict[str, str] | None = None,
) -> AsyncIterator[City]:  # fmt: skip
    """An installation with one connected source, at work until the block ends."""
    dice, nursery = random.Random(seed), Nursery()
    office: list[City] = []
    runner, public = await _post_office(office)
    gateway = make_gateway(
        Config(database_url=url, data_dir=data, redis_url=redis, public_url=public, batch=100)
    )
    admin = await gateway.database.write(first_start, PRESETS, "Анна")
    name = places()[place]
    fake = channels.fake(name)()
    houses = [
        House(role, port := free_port(), _settings(url, data, redis, public, port, settings or {}), skew)
        for role, skew in zip(roles, [*ahead, *[0.0] * len(roles)], strict=False)
    ]  # fmt: skip
    found = City(gateway, admin, nursery, houses, dice, fake)
    office.append(found)
    try:
        await asyncio.gather(nursery.open(), fake.start())
        async with aiohttp.ClientSession(timeout=PATIENCE) as found.client:
            await asyncio.gather(*map(found.start, houses))
            await asyncio.gather(*map(found.ready, houses))
            await _connect(found, name, public)
            yield found
    finally:
        await nursery.close()
        await asyncio.gather(*(one.stop() for one in (fake, *found.others)))
        await gateway.sources.close()
        await gateway.bells.close()
        await gateway.database.close()
        await runner.cleanup()


def _settings(
    url: str, data: Path, redis: str, public: str, port: int, more: dict[str, str]
) -> dict[str, str]:
    return {
        "INBOX_DATABASE_URL": url, "INBOX_DATA_DIR": str(data), "INBOX_REDIS_URL": redis, "INBOX_PORT": str(port),
        "INBOX_PUBLIC_URL": public, "INBOX_LOG_LEVEL": "error", "INBOX_BATCH": "100", **more,
    }  # fmt: skip


async def _post_office(office: list[City]) -> tuple[web.AppRunner, str]:
    async def handle(request: web.Request) -> web.Response:
        return await office[0].deliver(request)

    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


async def _connect(found: City, name: str, public: str) -> None:
    sources = found.gateway.sources
    found.source_id = await sources.create(name, "place", dict(found.fake.settings()), None, None)
    live = sources.get(found.source_id)
    assert live is not None
    found.fake.deliver_to(f"{public}/hooks/{found.source_id}/{live.row.hook_key}")
    checks = await sources.connect(found.source_id)
    assert all(check.ok for check in checks), checks
