"""Many large bodies at once fill no memory, and nobody holds the room for ever."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway import intake
from gateway.intake import Intake, NoRoom, TooSlow

MEGABYTE = 1024 * 1024


class Door:
    """A server that holds each body as long as it is told to."""

    def __init__(self) -> None:
        self.intake = Intake(largest=2 * MEGABYTE, room=3 * MEGABYTE)
        self.held = self.most = 0
        self.open = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        try:
            async with self.intake.body(request) as body:
                self.held += len(body)
                self.most = max(self.most, self.held)
                await self.open.wait()
                self.held -= len(body)
                return web.Response(text=str(len(body)))
        except NoRoom:
            return web.Response(status=503)
        except TooSlow:
            return web.Response(status=408)


@pytest.fixture
async def door() -> AsyncIterator[tuple[Door, TestServer]]:
    made = Door()
    app = web.Application()
    app.router.add_post("/", made.take)
    server = TestServer(app)
    await server.start_server()
    yield made, server
    made.open.set()
    await server.close()


async def post(server: TestServer, body: object) -> int:
    async with aiohttp.ClientSession() as session, session.post(server.make_url("/"), data=body) as answer:
        await answer.read()
        return answer.status


async def test_large_bodies_take_their_turn_and_small_ones_never_wait(door: tuple[Door, TestServer]) -> None:
    made, server = door
    large = [asyncio.create_task(post(server, bytes(MEGABYTE))) for _ in range(12)]
    while made.held < 3 * MEGABYTE:
        await asyncio.sleep(0.01)
    small = asyncio.create_task(post(server, b"x" * 1000))
    while made.held < 3 * MEGABYTE + 1000:
        await asyncio.sleep(0.01)
    made.open.set()
    assert await asyncio.gather(*large, small) == [200] * 13
    assert made.most == 3 * MEGABYTE + 1000


async def test_who_waits_too_long_for_room_is_told_to_come_again(
    door: tuple[Door, TestServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "TURN", 0.1)
    made, server = door
    large = [asyncio.create_task(post(server, bytes(MEGABYTE))) for _ in range(3)]
    while made.held < 3 * MEGABYTE:
        await asyncio.sleep(0.01)
    assert await post(server, bytes(MEGABYTE)) == 503
    made.open.set()
    assert await asyncio.gather(*large) == [200] * 3
    assert await post(server, io.BytesIO(bytes(2 * MEGABYTE))) == 200, "all room was given back"


async def test_a_body_that_never_comes_gives_its_room_back(
    door: tuple[Door, TestServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "PATIENCE", 0.1)
    monkeypatch.setattr(intake, "SLOWEST", 1024 * MEGABYTE)
    made, server = door
    made.open.set()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\nonly this")
    assert b" 408 " in await reader.readline()
    writer.close()
    assert made.intake._left == 3 * MEGABYTE


async def test_a_body_of_unknown_length_is_bounded_all_the_same(door: tuple[Door, TestServer]) -> None:
    made, server = door
    made.open.set()

    async def pieces(number: int) -> AsyncIterator[bytes]:
        for _ in range(number):
            yield bytes(64 * 1024)

    assert await post(server, pieces(16)) == 200
    assert await post(server, pieces(64)) == 413
    assert made.intake._left == 3 * MEGABYTE
