"""Answers written for later go once each, though the process that is to send them is killed again and again."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from channels.fakes import Client
from gateway import clock
from gateway.app import make_gateway
from gateway.config import Config
from gateway.permissions import PRESETS
from storage import sessions
from storage.team import first_start
from tests.gateway.api.house import Person
from tests.gateway.test_kill import Served, line
from tests.gateway.town import until

ANSWERS, KILLS = 24, 5
SECOND = 1_000_000


@pytest.mark.full
@pytest.mark.timeout(900)
async def test_killed_around_their_moments_answers_for_later_go_once_each(
    database_url: str, tmp_path: Path
) -> None:
    served = Served(database_url, tmp_path)
    try:
        await _walk(served, database_url, tmp_path)
    finally:
        await served.kill()


async def _walk(served: Served, database_url: str, tmp_path: Path) -> None:
    gateway = make_gateway(Config(database_url=database_url, data_dir=tmp_path, public_url=served.address))
    admin = await gateway.database.write(first_start, PRESETS, "Анна")
    token, _ = await gateway.database.write(sessions.open_session, admin, keep=True, agent="", ip="")
    await served.start()
    async with (
        line(gateway, served.address, "messenger2") as keyed,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        anna = Person(http, served.address, admin, token)
        where = [await keyed.hear(Client(ref=f"c{n}", name=f"Клиент {n}")) for n in range(6)]
        planned: list[str] = []
        for n in range(ANSWERS):
            ref, at = clock.new_id(), clock.now() + int((4 + n * 0.4) * SECOND)
            body = {"id": ref, "text": f"later {n}", "waits_for": "time", "at": at, "anyway": True}
            await anna.post(f"/conversations/{where[n % len(where)]}/scheduled", body)
            planned.append(ref)
        for _ in range(KILLS):
            await asyncio.sleep(random.uniform(0.5, 2.0))
            await served.kill()
            await served.start()

        async def all_left() -> bool:
            found = await keyed.rows(
                "SELECT state FROM message WHERE source_id = :source AND direction = 'out'"
            )
            return len(found) == ANSWERS and all(row.state in ("sent", "delivered", "read") for row in found)

        await until(all_left)
        assert await keyed.rows("SELECT id FROM scheduled WHERE state = 'waiting'") == []
        assert Counter(keyed.words()) == {f"later {n}": 1 for n in range(ANSWERS)}
        sent = await keyed.rows("SELECT id FROM message WHERE direction = 'out'")
        assert {row.id for row in sent} == set(planned)
    await gateway.sources.close()
    await gateway.database.close()
