"""A whole gateway with real channels, their providers played by local servers, and everything running."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestServer
from sqlalchemy import Connection, text

import channels
from channels.fakes import Act, Client, Delivered, Fake
from gateway import clock, replies
from gateway.app import Role, hooks_first, make_app, make_gateway
from gateway.config import Config
from gateway.context import Gateway
from gateway.demo.stage import places
from gateway.permissions import PRESETS
from storage import demo
from storage.team import add_member, first_start
from storage.transaction import Transaction
from storage.waiting import accounts

MARIA = Client(
    ref="maria", name="Мария Котова", phone="+79160001122", email="maria@example.ru", username="kotova"
)
IGOR = Client(
    ref="igor", name="Игорь Лапин", phone="+79160002233", email="igor@example.ru", username="igor_l"
)


@dataclass
class Town:
    """The gateway, its address, and the networks around it."""

    gateway: Gateway
    address: str
    admin: str
    fakes: dict[str, Fake] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    async def connect(self, place: str) -> str:
        """Connect a source at a place (messenger1, messenger2, mail, form, phone); its id."""
        name = places()[place]
        fake = channels.fake(name)()
        await fake.start()
        queue = await self.gateway.database.read(demo.first_queue)
        source_id = await self.gateway.sources.create(name, place, dict(fake.settings()), queue, self.admin)
        live = self.gateway.sources.get(source_id)
        assert live is not None
        fake.deliver_to(self.hook(source_id))
        fake.pages_at(f"{self.address}/f/{live.row.slug}")
        checks = await self.gateway.sources.connect(source_id)
        assert all(check.ok for check in checks), checks
        self.fakes[place], self.sources[place] = fake, source_id
        return source_id

    def hook(self, source_id: str) -> str:
        """Where this source's provider calls us."""
        live = self.gateway.sources.get(source_id)
        assert live is not None
        return f"{self.address}/hooks/{source_id}/{live.row.hook_key}"

    async def say(self, place: str, words: str, client: Client = MARIA, **more: Any) -> Delivered:
        """A client writes."""
        return await self.fakes[place].act(Act(client=client, text=words, **more))

    async def rows(self, sql: str, **parameters: Any) -> list[Any]:
        """What the database says."""

        def read(connection: Connection) -> list[Any]:
            return list(connection.execute(text(sql), parameters))

        return await self.gateway.database.read(read)

    async def one(self, sql: str, **parameters: Any) -> Any:
        """The first value of the first row."""
        found = await self.rows(sql, **parameters)
        return found[0][0]

    async def opened(self) -> None:
        """Wait until nothing waits."""
        await until(lambda: self._nothing_waits())

    async def _nothing_waits(self) -> bool:
        return not await self.gateway.database.read(demo.waiting)

    async def reply(self, words: str, *, member: str = "", conversation: str = "", **more: Any) -> str:
        """A person answers the newest conversation; the message's id."""
        ref = conversation or await self.one("SELECT id FROM conversation ORDER BY last_at DESC LIMIT 1")
        message_id = str(more.pop("id", clock.new_id()))
        given: dict[str, Any] = {
            "file_ids": (), "reply_to": None, "last_seen": None, "hold_ms": 0, "override_reason": None,
            "anyway": True,
        }  # fmt: skip
        await replies.reply(
            self.gateway, member or self.admin, ref, id=message_id, text=words, **{**given, **more}
        )
        return message_id

    async def state(self, message_id: str, *wanted: str) -> str:
        """Wait until a message of ours stands in one of these states; which."""
        found = ""

        async def there() -> bool:
            nonlocal found
            found = await self.one("SELECT state FROM message WHERE id = :id", id=message_id)
            return found in wanted

        await until(there, lambda: f"message is {found}")
        return found

    async def member(self, name: str, *roles: str) -> str:
        """A colleague on shift, seen just now, in the first queue."""

        def hire(tx: Transaction) -> str:
            member_id = add_member(tx, name, f"{name}@firma.ru", roles)
            tx.connection.execute(
                text("UPDATE member SET seen_at = :now, presence = 'on_shift' WHERE id = :id"),
                {"now": tx.now, "id": member_id},
            )
            queue = demo.first_queue(tx.connection)
            tx.connection.execute(
                text(
                    "INSERT INTO queue_member (queue_id, member_id, position, weight) VALUES (:queue, :id, 5, 1)"
                ),
                {"queue": queue, "id": member_id},
            )
            tx.ring("router")
            return member_id

        return await self.gateway.database.write(hire)

    async def account(self, place: str) -> dict[str, int]:
        """The account of a source."""
        return (await self.gateway.database.read(accounts))[self.sources[place]]


LONGEST_PAUSE = 0.15
"""What takes long is asked about seldom: whoever asks all the time takes the time from what they wait for."""


async def until(
    true: Callable[[], Awaitable[bool]], what: Callable[[], str] = lambda: "", seconds: float = 180
) -> None:
    """Wait until it is so."""
    end = asyncio.get_running_loop().time() + seconds
    pause = 0.01
    while not await true():
        assert asyncio.get_running_loop().time() < end, f"not within {seconds} s {what()}"
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


@contextlib.asynccontextmanager
async def open_town(
    url: str, data: Path, role: Role = "all", redis: str = "", public_url: str = ""
) -> AsyncIterator[Town]:
    """A gateway at work on this database, until the block ends."""
    config = Config(
        database_url=url, data_dir=data, redis_url=redis, max_body=2_000_000, public_url=public_url
    )
    gateway = make_gateway(config)
    admin = await gateway.database.write(first_start, PRESETS, "Анна")
    app = make_app(gateway, role)
    server = TestServer(app)
    await server.start_server()
    assert server.runner is not None
    hooks_first(app, server.runner.server)
    town = Town(gateway, str(server.make_url("")).rstrip("/"), admin)
    gateway.sources.assume(town.address)
    await gateway.sources.look()
    try:
        yield town
    finally:
        for fake in town.fakes.values():
            await fake.stop()
        await server.close()
