"""kill -9 at any moment: nothing that was acknowledged is lost, nothing has two effects."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import Connection, text

import channels
from channels.fakes import Act, Client, Fake
from gateway.app import make_gateway
from gateway.config import Config
from gateway.demo.stage import places
from gateway.permissions import PRESETS
from storage import demo
from storage.database import Database
from storage.team import first_start

KILLS = 4


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    """`inbox serve` as a process that is killed and started again."""

    def __init__(self, url: str, data: Path, **more: str) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._env = {
            **os.environ, "INBOX_DATABASE_URL": url, "INBOX_DATA_DIR": str(data), "INBOX_PORT": str(self.port),
            "INBOX_PUBLIC_URL": self.address, "INBOX_LOG_LEVEL": "error", **more,
        }  # fmt: skip
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway", "serve", env=self._env, stdout=asyncio.subprocess.DEVNULL
        )
        async with aiohttp.ClientSession() as client:
            for _ in range(1200):
                try:
                    async with client.get(f"{self.address}/readyz") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)
        raise AssertionError("the gateway did not start")

    async def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


@pytest.mark.timeout(500)
async def test_killed_again_and_again_nothing_acknowledged_is_lost_and_nothing_doubled(
    database_url: str, tmp_path: Path
) -> None:
    served = Served(database_url, tmp_path)
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
