"""A database that is gone or locked: providers are told to come again, and nothing they said is lost."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import orjson

from tests.gateway.api import paper
from tests.gateway.api.house import PATIENCE, Answer, House, open_house
from tests.rig import engines
from tests.rig.databases import prepare_template


async def deliver(house: House, text: str) -> Answer:
    """The provider hands something over; the event's key is its text."""
    said = {"id": text, "chat": "anna", "text": text, "at": house.gateway.now()}
    headers = {"X-Paper": paper.SECRET}
    async with house.http.post(house.base + house.hook, data=orjson.dumps(said), headers=headers) as got:
        return Answer(got.status, got.headers, await got.read())


async def deliver_until_taken(house: House, text: str) -> None:
    """The provider comes again, as it was told."""
    async with asyncio.timeout(PATIENCE):
        while (await deliver(house, text)).status != 200:
            await asyncio.sleep(0.1)


def assert_told_to_come_again(answer: Answer) -> None:
    assert (answer.status, answer.code) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0


async def texts(house: House) -> list[Any]:
    found = await house.rows("SELECT text FROM message WHERE direction = 'in' ORDER BY at, id")
    return [row.text for row in found]


async def test_while_the_database_is_down_hooks_answer_503_and_what_comes_again_is_taken_once(
    tmp_path: Path, network: type[paper.Paper]
) -> None:
    with engines.postgres(own=True, durable=True) as server:
        url = await server.create("down")
        await prepare_template(url)
        async with open_house(url, tmp_path) as house:
            conversation_id = await house.hears("anna", "before")
            server.child.kill()
            assert_told_to_come_again(await deliver(house, "meanwhile"))
            assert await _answers(house, "/healthz") == 200
            assert await _answers(house, "/readyz") == 503
            found = await house.admin.call("GET", "/conversations")
            assert (found.status, found.code) == (503, "unavailable")
            await asyncio.to_thread(server.child.start)
            await deliver_until_taken(house, "meanwhile")
            assert (await deliver(house, "meanwhile")).status == 200
            await house.opened("meanwhile")
            assert await texts(house) == ["before", "meanwhile"]
            body = {"id": "0190d3a5-7e57-7000-8000-00000000d0a1", "text": "back", "hold_ms": 0}
            await house.admin.post(f"/conversations/{conversation_id}/messages", body)
            async with asyncio.timeout(PATIENCE):
                while not network.sent:
                    await asyncio.sleep(0.05)
            assert [one.text for one in network.sent] == ["back"]


async def _answers(house: House, path: str) -> int:
    async with house.http.get(house.base + path) as got:
        return got.status


async def test_while_another_program_locks_the_file_hooks_answer_503_and_go_on_after_it(
    sqlite_url: str, tmp_path: Path, network: type[paper.Paper]
) -> None:
    async with open_house(sqlite_url, tmp_path) as house:
        await house.connect()
        locked = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        locked.execute("BEGIN IMMEDIATE")
        assert_told_to_come_again(await deliver(house, "meanwhile"))
        locked.execute("ROLLBACK")
        locked.close()
        await deliver_until_taken(house, "meanwhile")
        await house.opened("meanwhile")
        assert await texts(house) == ["meanwhile"]
