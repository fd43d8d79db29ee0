"""A Bot API server on loopback and a channel that talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from channels.base import Account
from channels.fakes import Client
from channels.telegram import Telegram
from channels.telegram.fake import TelegramFake

ANNA = Client(ref="anna", name="Анна Котова", phone="+79990000001", username="anna_k")


@pytest.fixture
async def fake() -> AsyncIterator[TelegramFake]:
    server = TelegramFake()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def telegram(fake: TelegramFake) -> AsyncIterator[Telegram]:
    """Without a public address: polled."""
    channel = Telegram(Account(source_id="s", settings=dict(fake.settings())))
    yield channel
    await channel.close()
