"""kill -9 at any moment: nothing that was acknowledged is lost, nothing has two effects."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
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
from storage.database import Database
from storage.team import first_start
from storage.waiting import accounts
from tests.gateway.town import until
from tests.rig.process import free_port
from tests.rig.wire import Wire, wire

KILLS = 4
SLOW = 240.0
"""Seconds that a busy machine may need for a start that takes two."""
CALLED = ("sending", "unknown", "postponed")
"""How an answer stands whose call is under way; the later ones on a machine so busy that its time has run out."""
MARIA, IGOR = Client(ref="maria", name="Мария"), Client(ref="igor", name="Игорь")


class Served:
    """`inbox serve` as a process that is killed and started again."""

    def __init__(self, url: str, data: Path, role: str = "all", **more: str) -> None:
        self._role = role
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._env = {
            **os.environ, "INBOX_DATABASE_URL": url, "INBOX_DATA_DIR": str(data), "INBOX_PORT": str(self.port),
            "INBOX_PUBLIC_URL": self.address, "INBOX_LOG_LEVEL": "error", **more,
        }  # fmt: skip
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gateway",
            "serve",
            "--role",
            self._role,
            env=self._env,
            stdout=asyncio.subprocess.DEVNULL,
        )
        async with aiohttp.ClientSession() as client:
            await until(lambda: self._ready(client), lambda: "to start", SLOW)

    async def _ready(self, client: aiohttp.ClientSession) -> bool:
        try:
            async with client.get(f"{self.address}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def kill(self) -> None:
        if self.process is None or self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


@pytest.fixture
async def served(database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    """To be started; killed at the end, whatever happened."""
    process = Served(database_url, tmp_path)
    yield process
    await process.kill()


@pytest.mark.full
@pytest.mark.timeout(600)
async def test_killed_again_and_again_nothing_acknowledged_is_lost_and_nothing_doubled(
    served: Served, database_url: str, tmp_path: Path
) -> None:
    gateway = make_gateway(Config(database_url=database_url, data_dir=tmp_path, public_url=served.address))
    await gateway.database.write(first_start, PRESETS, "Анна")
    name = places()["messenger2"]
    fake = channels.fake(name)()
    await fake.start()
    source_id = await gateway.sources.create(name, "messenger", dict(fake.settings()), None, None)
    await served.start()
    await gateway.sources.connect(source_id)
    live = gateway.sources.get(source_id)
    assert live is not None
    fake.deliver_to(f"{served.address}/hooks/{source_id}/{live.row.hook_key}")
    acknowledged: list[str] = []
    saying = asyncio.create_task(keep_saying(fake, acknowledged))
    for _ in range(KILLS):
        await asyncio.sleep(random.uniform(0.3, 0.9))
        await served.kill()
        await served.start()
    await asyncio.sleep(0.3)
    saying.cancel()
    await asyncio.gather(saying, return_exceptions=True)
    found = await all_opened(gateway.database)
    await served.kill()
    await fake.stop()
    await gateway.sources.close()
    await gateway.database.close()
    texts = [row.text for row in found]
    assert len(acknowledged) > 20
    assert set(acknowledged) <= set(texts)
    assert len(texts) == len(set(texts))


async def keep_saying(fake: Fake, acknowledged: list[str]) -> None:
    """Eight clients write without pause; what was answered with success is remembered."""
    clients = [Client(ref=f"c{number}", name=f"Клиент {number}") for number in range(8)]

    async def one(client: Client) -> None:
        number = 0
        while True:
            number += 1
            words = f"{client.ref}:{number}"
            delivered = await fake.act(Act(client=client, text=words))
            if delivered.status == 200:
                acknowledged.append(words)
            await asyncio.sleep(0.005)

    await asyncio.gather(*(one(client) for client in clients))


async def all_opened(database: Database) -> list[Any]:
    """Every message of a client, once nothing waits any more."""
    for _ in range(600):
        if not await database.read(demo.waiting):
            break
        await asyncio.sleep(0.05)

    def said(connection: Connection) -> list[Any]:
        return list(connection.execute(text("SELECT text FROM message WHERE direction = 'in'")))

    assert not await database.read(demo.waiting)
    return await database.read(said)


# --- during a send --------------------------------------------------------------------------------------------------


@dataclass
class Line:
    """A source of the killed process: its network, and the wire between them."""

    gateway: Gateway
    source_id: str
    fake: Fake
    wire: Wire

    async def rows(self, sql: str, **values: Any) -> list[Any]:
        def read(connection: Connection) -> list[Any]:
            return list(connection.execute(text(sql), {"source": self.source_id, **values}))

        return await self.gateway.database.read(read)

    async def hear(self, client: Client) -> str:
        """The client writes; their conversation."""
        sql = "SELECT conversation_id FROM message WHERE source_id = :source AND text = :words"
        words = f"{client.ref} asks"
        await self.fake.act(Act(client=client, text=words))
        await until(lambda: self._any(sql, words=words))
        return str((await self.rows(sql, words=words))[0].conversation_id)

    async def answer(self, conversation: str, words: str) -> str:
        """We answer; the message's id."""
        ref = clock.new_id()
        admin = (await self.rows("SELECT id FROM member"))[0].id
        await replies.reply(
            self.gateway, admin, conversation, id=ref, text=words, file_ids=(), reply_to=None, last_seen=None,
            hold_ms=0, override_reason=None, anyway=True,
        )  # fmt: skip
        return ref

    async def stands(self, message_id: str, *states: str) -> bool:
        found = await self.rows("SELECT state, reason FROM message WHERE id = :id", id=message_id)
        return found[0].state in states

    async def _any(self, sql: str, **values: Any) -> bool:
        return bool(await self.rows(sql, **values))

    def words(self) -> list[str]:
        """What reached the network, in its order."""
        return [one.text for one in self.fake.arrived]


@contextlib.asynccontextmanager
async def line(gateway: Gateway, address: str, place: str) -> AsyncIterator[Line]:
    """A connected source whose network can stop answering."""
    fake = channels.fake(places()[place])()
    await fake.start()
    base = urlsplit(fake.settings()["api_base"])
    with wire(base.port or 0) as between:
        settings = {**fake.settings(), "api_base": base._replace(netloc=f"127.0.0.1:{between.port}").geturl()}
        source_id = await gateway.sources.create(places()[place], place, settings, None, None)
        live = gateway.sources.get(source_id)
        assert live is not None
        fake.deliver_to(f"{address}/hooks/{source_id}/{live.row.hook_key}")
        await gateway.sources.connect(source_id)
        yield Line(gateway, source_id, fake, between)
    await fake.stop()


@pytest.mark.timeout(600)
async def test_killed_during_a_send_nothing_is_lost_nothing_leaves_twice_and_doubt_is_said(
    served: Served, database_url: str, tmp_path: Path
) -> None:
    """Where the network knows our key the same part goes again; elsewhere a person is asked."""
    gateway = make_gateway(Config(database_url=database_url, data_dir=tmp_path, public_url=served.address))
    await gateway.database.write(first_start, PRESETS, "Анна")
    await served.start()
    async with (
        line(gateway, served.address, "messenger1") as plain,
        line(gateway, served.address, "messenger2") as keyed,
    ):
        maria, igor, other = await plain.hear(MARIA), await plain.hear(IGOR), await keyed.hear(MARIA)
        vars(keyed.fake)["echo"] = "never"  # nor does the network tell us of our own messages
        for each in (plain, keyed):
            each.wire.hold_answers()
        taken, repeated = await plain.answer(maria, "taken"), await keyed.answer(other, "by key")
        await until(lambda: _all((plain.words() == ["taken"], keyed.words() == ["by key"])))
        plain.wire.stall()
        untaken = await plain.answer(igor, "never taken")
        for each, ref in ((plain, taken), (plain, untaken), (keyed, repeated)):
            await until(lambda each=each, ref=ref: each.stands(ref, *CALLED))  # type: ignore[misc]
        behind = await plain.answer(maria, "behind")
        await served.kill()
        for each in (plain, keyed):
            each.wire.cut()
            each.wire.mend()
        await served.start()
        for ref, state in ((taken, "unknown"), (untaken, "unknown"), (behind, "sent")):
            await until(lambda ref=ref, state=state: plain.stands(ref, state))  # type: ignore[misc]
        await until(lambda: keyed.stands(repeated, "sent", "delivered", "read"))
        assert (plain.words(), keyed.words()) == (["taken", "behind"], ["by key"])
        admin = (await plain.rows("SELECT id FROM member"))[0].id
        await replies.resolve(gateway, admin, taken, "sent")
        await replies.resolve(gateway, admin, untaken, "again")
        await until(lambda: plain.stands(untaken, "sent"))
        assert plain.words() == ["taken", "behind", "never taken"]
        for each, said in ((plain, 3), (keyed, 1)):
            account = (await gateway.database.read(accounts))[each.source_id]
            assert (account["accepted"], account["sent"], account["unknown"]) == (said, said, 0)
        await served.kill()
    await gateway.sources.close()
    await gateway.database.close()


async def _all(conditions: tuple[bool, ...]) -> bool:
    return all(conditions)
