"""How long does a telephone system wait for "whom to ring?"? Beside an empty handler of the same server.

`python -m benchmarks.ringing`: one embedded gateway with a thousand clients, questions over real connections, many at once,
while calls come in. Prints one JSON object: seconds (median, p99) of both and their ratio.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import text

from channels.telephony.fake import OtherExchange
from gateway.app import make_app, make_gateway
from gateway.config import Config
from gateway.context import Gateway
from gateway.permissions import PRESETS
from storage import demo, migrate
from storage.ids import new_id
from storage.team import first_start
from storage.transaction import Transaction

QUESTIONS: Final = 500
AT_ONCE: Final = 16
CLIENTS: Final = 1000
BUDGET: Final = 1.0
"""Seconds that a telephone system may wait at most."""
Ask = Callable[[int], Awaitable[None]]


def fill(tx: Transaction) -> None:
    """Clients with numbers, deals and owners; the first member takes calls."""
    member = tx.connection.execute(text("SELECT id FROM member LIMIT 1")).scalar_one()
    tx.connection.execute(
        text("UPDATE member SET extension = '101', presence = 'on_shift', seen_at = :now"), {"now": tx.now}
    )
    for number in range(CLIENTS):
        contact, identity = new_id(tx.now), new_id(tx.now)
        values = {"c": contact, "i": identity, "v": f"+7916{number:07}", "m": member, "now": tx.now}
        for sql in (
            "INSERT INTO contact (id, name, responsible_id, attribution, created_at, updated_at)"
            " VALUES (:c, 'Клиент', :m, '{}', :now, :now)",
            "INSERT INTO identity (id, kind, value, created_at) VALUES (:i, 'phone', :v, :now)",
            "INSERT INTO contact_identity (contact_id, identity_id, origin, created_at) VALUES (:c, :i, 'call', :now)",
        ):
            tx.connection.execute(text(sql), values)


async def seconds(ask: Ask) -> list[float]:
    """How long each question took, so many at once."""
    numbers, took = itertools.count(), []

    async def one() -> None:
        while (number := next(numbers)) < QUESTIONS:
            began = time.perf_counter()
            await ask(number)
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return took


async def measure() -> dict[str, Any]:
    """Both, one after the other, over one server."""
    with TemporaryDirectory() as folder:
        gateway = make_gateway(Config(data_dir=Path(folder)))
        await migrate.upgrade(gateway.config.database())
        await gateway.database.write(first_start, PRESETS, "Анна")
        await gateway.database.write(fill)
        app = make_app(gateway)
        app.router.add_post("/empty", _empty)
        server = TestServer(app)
        await server.start_server()
        try:
            return await _both(gateway, str(server.make_url("")).rstrip("/"))
        finally:
            await server.close()


async def _empty(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(body=b"{}", content_type="application/json")


async def _both(gateway: Gateway, address: str) -> dict[str, Any]:
    exchange = OtherExchange()
    await exchange.start()
    queue = await gateway.database.read(demo.first_queue)
    admin = await gateway.database.read(lambda c: c.execute(text("SELECT id FROM member")).scalar_one())
    await gateway.sources.look()
    gateway.sources.assume(address)
    source = await gateway.sources.create("telephony", "АТС", dict(exchange.settings()), queue, admin)
    await gateway.sources.connect(source)
    live = gateway.sources.get(source)
    assert live is not None
    hook = f"{address}/hooks/{source}/{live.row.hook_key}"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:

        async def question(number: int) -> None:
            says = {
                "cmd": "contact",
                "phone": f"7916{number % CLIENTS:07}",
                "did": "74951234567",
                "callid": str(number),
            }
            asked = exchange.signed(json.dumps(says).encode())
            async with session.post(hook, data=asked.body, headers=asked.headers) as answer:
                assert (await answer.json())["responsible"] == "101"

        async def nothing(number: int) -> None:
            async with session.post(f"{address}/empty", data=b"x" * 120) as answer:
                await answer.read()

        await question(0)
        empty, asked = await seconds(nothing), await seconds(question)
    await exchange.stop()
    return _told(empty, asked)


def _told(empty: list[float], asked: list[float]) -> dict[str, Any]:
    def of(took: list[float]) -> dict[str, float]:
        return {
            "median": round(statistics.median(took), 5),
            "p99": round(statistics.quantiles(took, n=100)[98], 5),
        }

    ratio = statistics.median(asked) / statistics.median(empty)
    return {
        "questions": len(asked), "at_once": AT_ONCE, "empty": of(empty), "whom_to_ring": of(asked),
        "ratio": round(ratio, 2), "longest": round(max(asked), 4), "within_budget": max(asked) < BUDGET,
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure()), indent=2))
