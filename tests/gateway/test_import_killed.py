"""An address book of the largest size comes in whole and once, though the process that reads it is killed again and again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import Connection, text

from gateway.app import make_gateway
from gateway.config import Config
from gateway.context import Gateway
from gateway.permissions import PRESETS
from storage import sessions
from storage.team import first_start
from tests.gateway.api.house import Person
from tests.gateway.test_kill import Served

LARGEST = 100_000
FIRMS = 200
KILLS = 4


@asynccontextmanager
async def office(url: str, data: Path) -> AsyncIterator[tuple[Served, Person, Gateway]]:
    """A gateway that can be killed, its administrator, and a look into its database."""
    served = Served(url, data)
    gateway = make_gateway(Config(_env_file=None, database_url=url, data_dir=data, public_url=served.address))
    admin = await gateway.database.write(first_start, PRESETS, "Анна")
    token, _ = await gateway.database.write(sessions.open_session, admin, keep=False, agent="", ip="")
    try:
        await served.start()
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            yield served, Person(http, served.address, admin, token), gateway
    finally:
        await served.kill()
        await gateway.sources.close()
        await gateway.database.close()


async def there(gateway: Gateway, sql: str) -> int:
    def count(connection: Connection) -> int:
        return int(connection.execute(text(sql)).scalar_one())

    return await gateway.database.read(count)


async def standing(person: Person, ref: str, *states: str) -> Any:
    while (found := await person.get(f"/imports/{ref}"))["state"] not in states:
        await asyncio.sleep(0.2)
    return found


async def killed_while(served: Served, gateway: Gateway, moves: Any) -> None:
    """Kill it, a few times, each time after it got on."""
    for _ in range(KILLS):
        before = await moves()
        while await moves() == before:
            await asyncio.sleep(0.05)
        await asyncio.sleep(random.uniform(0.0, 1.0))
        await served.kill()
        await served.start()


@pytest.mark.full
@pytest.mark.timeout(1800)
async def test_the_largest_book_comes_in_and_goes_again_through_kills(
    database_url: str, tmp_path: Path
) -> None:
    async with office(database_url, tmp_path) as (served, admin, gateway):
        contacts = "SELECT count(*) FROM contact"
        before = await there(gateway, contacts)
        rows = "".join(f"Имя {n},+7916{n:07d},m{n}@example.org,Фирма {n % FIRMS}\n" for n in range(LARGEST))
        answer = await admin.call(
            "POST", "/imports?name=book.csv", raw=f"Имя,Телефон,Почта,Компания\n{rows}".encode(),
            headers={"Content-Type": "text/csv"},
        )  # fmt: skip
        assert answer.status == 201, answer.body
        ref = answer.json["id"]
        await admin.put(f"/imports/{ref}/mapping", {"mapping": answer.json["mapping"]})
        assert (await standing(admin, ref, "ready"))["counts"]["new"] == LARGEST
        await admin.post(f"/imports/{ref}/run")
        await killed_while(served, gateway, lambda: there(gateway, contacts))
        assert (await standing(admin, ref, "done"))["counts"] == {"made": LARGEST}
        assert await there(gateway, contacts) == before + LARGEST
        assert await there(gateway, "SELECT count(*) FROM identity WHERE kind = 'phone'") == LARGEST
        assert await there(gateway, "SELECT count(*) FROM company") == FIRMS
        await admin.post(f"/imports/{ref}/undo")
        await killed_while(served, gateway, lambda: there(gateway, contacts))
        await standing(admin, ref, "undone")
        assert await there(gateway, contacts) == before
        assert await there(gateway, "SELECT count(*) FROM identity WHERE kind = 'phone'") == 0
        assert await there(gateway, "SELECT count(*) FROM company") == 0
