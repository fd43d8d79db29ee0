"""How is the product set up to be measured? Real engines on disk, the served process, sources that need no network."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import aiohttp
from sqlalchemy import Connection, text

from benchmarks import machine
from gateway.app import make_gateway
from gateway.config import Config
from gateway.context import Gateway
from gateway.permissions import PRESETS
from storage import demo
from storage.migrate import upgrade
from storage.sources import change_source
from storage.team import add_member, first_start
from storage.transaction import Transaction
from tests.rig.engines import Postgres, postgres
from tests.rig.process import folder, free_port

Kind: TypeAlias = Literal["postgres", "sqlite"]
ROOT = Path(__file__).resolve().parent.parent
NOWHERE = "http://127.0.0.1:9"  # a network that nobody answers for: sources are loaded, never asked
GROUP = "1001"


@dataclass(slots=True)
class Process:
    """A server of ours as a process."""

    child: asyncio.subprocess.Process
    address: str

    @property
    def pid(self) -> int:
        return self.child.pid

    def cpu(self) -> float:
        """Processor seconds so far."""
        return machine.cpu(self.pid)

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.child.send_signal(how)
        await self.child.wait()


@dataclass(slots=True)
class Store:
    """A migrated database with the sources of the workload."""

    url: str
    data: Path
    engine: Postgres | None
    gateway: Gateway
    hooks: tuple[str, ...] = ()
    """What the workload's script is told: paths and secrets."""
    admin: str = ""

    def database_cpu(self) -> float:
        """Processor seconds of the database's processes so far."""
        if self.engine is None:
            return 0.0
        return machine.cpu(*machine.family(self.engine.child.pid))

    async def rows(self, sql: str, **parameters: Any) -> list[Any]:
        """What the database says."""

        def read(connection: Connection) -> list[Any]:
            return list(connection.execute(text(sql), parameters))

        return await self.gateway.database.read(read)

    async def count(self, sql: str) -> int:
        return int((await self.rows(sql))[0][0])


@contextlib.contextmanager
def engine(kind: Kind) -> Iterator[Postgres | None]:
    """A PostgreSQL with fsync on, as an installation has it; nothing for SQLite."""
    if kind == "sqlite":
        yield None
        return
    with postgres(durable=True, own=True, settings=("max_wal_size=4GB", "shared_buffers=256MB")) as server:
        yield server


@contextlib.asynccontextmanager
async def store(
    server: Postgres | None, name: str, channels: tuple[str, ...] = ("telegram", "vk")
) -> AsyncIterator[Store]:
    """A fresh installation: migrated, 50 managers, one Telegram bot, one VK community."""
    with folder(f"bench-{name}", on_disk=True) as data:
        url = await server.create(f"bench_{name}") if server else f"sqlite:///{data / 'inbox.db'}"
        config = Config(database_url=url, data_dir=data, log_level="error")
        gateway = make_gateway(config)
        await upgrade(config.database())
        made = Store(url, data, server, gateway)
        made.admin = await gateway.database.write(first_start, PRESETS, "Анна")
        await gateway.database.write(_hire, 50)
        made.hooks = await _connect(gateway, channels)
        try:
            yield made
        finally:
            await gateway.sources.close()
            await gateway.database.close()
            if server:
                await server.drop(f"bench_{name}")


def _hire(tx: Transaction, count: int) -> None:
    for number in range(count):
        member_id = add_member(tx, f"Менеджер {number}", f"m{number}@example.ru", ("manager",))
        tx.connection.execute(
            text(
                "INSERT INTO queue_member (queue_id, member_id, position, weight) VALUES (:queue, :id, :place, 1)"
            ),
            {"queue": demo.first_queue(tx.connection), "id": member_id, "place": number + 1},
        )


async def _connect(gateway: Gateway, channels: tuple[str, ...]) -> tuple[str, ...]:
    queue = await gateway.database.read(demo.first_queue)
    told: list[str] = []
    settings = {
        "telegram": {"token": "1:x", "secret_token": "s" * 32, "api_base": NOWHERE, "mode": "webhook"},
        "vk": {
            "group_id": GROUP,
            "token": "t" * 40,
            "secret": "v" * 32,
            "api_base": NOWHERE,
            "mode": "callback",
        },
    }
    for channel in channels:
        values = settings[channel]
        source_id = await gateway.sources.create(channel, channel, values, queue, None)
        await gateway.database.write(change_source, source_id, state="active", transport="webhook")
        await gateway.sources.look()
        live = gateway.sources.get(source_id)
        assert live is not None
        told += [f"/hooks/{source_id}/{live.row.hook_key}", values.get("secret_token") or values["secret"]]
    return (*told, GROUP)


@contextlib.asynccontextmanager
async def served(made: Store, *, role: str = "all", redis: str = "", port: int = 0) -> AsyncIterator[Process]:
    """`inbox serve` on this store, as it is installed."""
    process = await start(made, role=role, redis=redis, port=port)
    try:
        yield process
    finally:
        await process.stop()


async def start(made: Store, *, role: str = "all", redis: str = "", port: int = 0) -> Process:
    """Start `inbox serve` and wait until it is ready."""
    port = port or free_port()
    env = {
        **os.environ, "INBOX_DATABASE_URL": made.url, "INBOX_DATA_DIR": str(made.data), "INBOX_PORT": str(port),
        "INBOX_LOG_LEVEL": "error", "INBOX_REDIS_URL": redis, "INBOX_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }  # fmt: skip
    return await _start([sys.executable, "-m", "gateway", "serve", "--role", role], port, env, "/readyz")


@contextlib.asynccontextmanager
async def bare() -> AsyncIterator[Process]:
    """The server that does nothing."""
    port = free_port()
    process = await _start([sys.executable, "-m", "benchmarks.bare", str(port)], port, dict(os.environ), "")
    try:
        yield process
    finally:
        await process.stop()


async def _start(command: list[str], port: int, env: dict[str, str], ready: str) -> Process:
    child = await asyncio.create_subprocess_exec(
        *command, env=env, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL
    )
    process = Process(child, f"http://127.0.0.1:{port}")
    async with aiohttp.ClientSession() as client:
        for _ in range(9000):
            with contextlib.suppress(aiohttp.ClientError):
                async with client.get(process.address + ready) as answer:
                    if not ready or answer.status == 200:
                        return process
            if child.returncode is not None:
                raise RuntimeError(f"{command} ended with {child.returncode}")
            await asyncio.sleep(0.01)
    raise RuntimeError(f"{command} did not start")
