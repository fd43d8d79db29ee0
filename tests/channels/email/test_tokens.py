"""A mailbox without a password: tokens are renewed in time, a rotated one is remembered, a refused one is told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels.base import Account
from channels.email import Email
from channels.errors import Disconnected, TryLater
from tests.channels.email.conftest import QUICK, Box, Kept, begun, letter, reading


class Place:
    """Where tokens are renewed; each renewal gives another lasting token, as Microsoft does."""

    def __init__(self, box: Box) -> None:
        self.box, self.asked, self.status, self.seconds = box, list[str](), 200, 3600.0
        self.lives = 3600

    async def answer(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.asked.append(str(form["refresh_token"]))
        if self.status != 200:
            return web.json_response({"error": "invalid_grant"}, status=self.status)
        token = self.box.host.token(self.box.address, seconds=self.seconds)
        told = {"access_token": token, "expires_in": self.lives, "refresh_token": f"r{len(self.asked) + 1}"}
        return web.json_response(told)


@pytest.fixture
async def place(box: Box) -> AsyncIterator[tuple[Place, str]]:
    made = Place(box)
    app = web.Application()
    app.router.add_post("/token", made.answer)
    server = TestServer(app)
    await server.start_server()
    yield made, str(server.make_url("/token"))
    await server.close()


def by_token(box: Box, url: str, memory: Kept) -> Email:
    settings = box.settings(auth="oauth", oauth_client="c", oauth_refresh="r1", oauth_place=url)
    settings["smtp_port"] = str(box.host.ports.submissions)
    channel = Email(Account(source_id="s", settings=settings, memory=memory))
    channel.patience = QUICK
    box.made.append(channel)
    return channel


@pytest.mark.dovecot
async def test_letters_are_read_and_sent_by_a_token_that_is_renewed_once(
    box: Box, place: tuple[Place, str]
) -> None:
    renewing, url = place
    memory = Kept()
    channel = by_token(box, url, memory)
    async with reading(channel, await begun(channel)) as read:
        box.deliver(letter("по токену"))
        assert [one.subject for one in await read.letters(1)] == ["по токену"]
    assert all(line.ok for line in await channel.check())
    assert renewing.asked == ["r1"]
    assert memory.values["refresh_token"] == "r2"
    again = by_token(box, url, memory)
    await begun(again)
    assert renewing.asked == ["r1", "r2"], "the newest lasting token counts"


async def test_a_refused_token_is_told_at_once_and_does_not_hang(box: Box, place: tuple[Place, str]) -> None:
    renewing, url = place
    renewing.seconds = -60
    with pytest.raises(Disconnected) as caught:
        await begun(by_token(box, url, Kept()))
    assert caught.value.code == "oauth_refused"


@pytest.mark.parametrize(("status", "kind"), [(400, Disconnected), (500, TryLater)])
async def test_what_the_provider_says_of_the_lasting_token_is_told(
    box: Box, place: tuple[Place, str], status: int, kind: type[Exception]
) -> None:
    renewing, url = place
    renewing.status = status
    with pytest.raises(kind):
        await begun(by_token(box, url, Kept()))
