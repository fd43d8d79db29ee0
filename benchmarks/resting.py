"""What does it cost to stand by? Memory of an idle process and of each open console, CPU while nothing happens."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp

from benchmarks import machine
from benchmarks.figures import Figure, Report
from benchmarks.service import GROUP, NOWHERE, Process, Store, engine, served, store
from storage import demo
from storage.sessions import new_token
from storage.sources import change_source
from storage.team import add_member

CONSOLES, SOURCES, SECONDS = 100, 100, 20


async def measure(report: Report) -> None:
    """Both engines: the embedded one is what most people run."""
    for kind in ("postgres", "sqlite"):
        with engine(kind) as server:
            async with store(server, "rest", channels=("vk",)) as made:
                await _add_sources(made, SOURCES - 1)
                tokens = [await _token(made, number) for number in range(CONSOLES)]
                async with served(made) as process:
                    await asyncio.sleep(3)
                    idle = machine.memory(process.pid)
                    async with contextlib.AsyncExitStack() as stack:
                        client = await stack.enter_async_context(aiohttp.ClientSession())
                        await _open(
                            stack, client, process, tokens[:20]
                        )  # what the first ones load serves all
                        await asyncio.sleep(1)
                        before = machine.memory(process.pid)
                        await _open(stack, client, process, tokens[20:])
                        await asyncio.sleep(2)
                        each = (machine.memory(process.pid) - before) / (CONSOLES - 20)
                        app, database = process.cpu(), made.database_cpu()
                        await asyncio.sleep(SECONDS)
                        spent = process.cpu() - app + made.database_cpu() - database
        report.tell(
            Figure(name=f"memory of an idle process, {kind}", value=idle / 2**20, unit="MB", goal=120, stretch=80),
            Figure(name=f"memory of an open console, {kind}", value=each / 1024, unit="kB", goal=24, stretch=14),
            Figure(name=f"CPU with {SOURCES} sources and {CONSOLES} consoles at rest, {kind}",
                   value=spent / SECONDS * 100, unit="% of a core", goal=0.5, stretch=0.2),
        )  # fmt: skip


async def _add_sources(made: Store, count: int) -> None:
    gateway = made.gateway
    queue = await gateway.database.read(demo.first_queue)
    for number in range(count):
        values = {
            "group_id": str(int(GROUP) + number + 1),
            "token": "t" * 40,
            "secret": "v" * 32,
            "mode": "callback",
            "api_base": NOWHERE,
        }
        source_id = await gateway.sources.create("vk", f"vk {number}", values, queue, None)
        await gateway.database.write(change_source, source_id, state="active", transport="webhook")


async def _token(made: Store, number: int) -> str:
    def hire(tx):  # type: ignore[no-untyped-def]
        member = add_member(tx, f"Оператор {number}", f"o{number}@example.ru", ("manager",))
        return new_token(tx, member, "bench")[1]

    token: str = await made.gateway.database.write(hire)
    return token


async def _open(
    stack: contextlib.AsyncExitStack, client: aiohttp.ClientSession, process: Process, tokens: list[str]
) -> None:
    for token in tokens:
        headers = {"Authorization": f"Bearer {token}"}
        socket = await stack.enter_async_context(
            client.ws_connect(f"{process.address}/api/v1/live", headers=headers)
        )
        await socket.receive()
