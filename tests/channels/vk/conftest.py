"""What VK's tests share: the made-up VK, a channel that talks to it, and a hook that hears it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import ClassVar

import pytest
from aiohttp import web

from channels.base import Account, Envelope
from channels.fakes import Client
from channels.vk.channel import VK
from channels.vk.fake import VKFake
from tests.channels.contract import RECEIVED_AT

ANNA = Client(ref="anna", name="Анна Котова")
SOURCE = "0190a000-0000-7000-8000-000000000002"


class Impatient(VK):
    """The channel, waiting for no answer as long as a person would."""

    patience: ClassVar[tuple[float, float]] = (5, 1.5)


Connect = Callable[..., Impatient]


@pytest.fixture
async def fake() -> AsyncIterator[VKFake]:
    """The made-up VK, started."""
    vk = VKFake()
    await vk.start()
    yield vk
    await vk.stop()


@pytest.fixture
async def channel(fake: VKFake) -> AsyncIterator[Connect]:
    """Makes channels of the made-up community; closes them."""
    made: list[Impatient] = []

    def make(hook_url: str = "", **settings: str) -> Impatient:
        account = Account(source_id=SOURCE, settings={**fake.settings(), **settings}, hook_url=hook_url)
        made.append(Impatient(account))
        return made[-1]

    yield make
    for one in made:
        await one.close()


@dataclass
class Hook:
    """A place that VK calls. It answers as the channel says, or first as `answers` say."""

    url: str = ""
    heard: list[Envelope] = field(default_factory=list)
    answers: list[web.Response] = field(default_factory=list)
    channel: VK | None = None
    rung: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        path = request.match_info["path"]
        body = await request.read()
        self.heard.append(Envelope(body=body, received_at=RECEIVED_AT, path=path, headers=headers))
        self.rung.set()
        if self.answers:
            return self.answers.pop(0)
        if self.channel is None:
            return web.Response(text="ok")
        reply = self.channel.admit(self.heard[-1]).reply
        return web.Response(status=reply.status, body=reply.body, content_type=reply.content_type)


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    """A listening hook."""
    ear = Hook()
    app = web.Application()
    app.router.add_post("/hooks/here{path:.*}", ear.hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    ear.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks/here"
    yield ear
    await runner.cleanup()
