"""How a bot without a public address is asked, and when an update is confirmed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from channels.base import Account, Polled
from channels.errors import Disconnected, TryLater
from channels.events import InboundMessage
from channels.fakes import Act
from channels.telegram import Telegram
from channels.telegram.fake import TelegramFake
from tests.channels.telegram.conftest import ANNA


@asynccontextmanager
async def listening(telegram: Telegram, cursor: bytes | None = None) -> AsyncIterator[AsyncIterator[Polled]]:
    """The listener, closed afterwards as the gateway closes it: by cancelling."""
    looks = telegram.listen(cursor)
    try:
        yield looks
    finally:
        await looks.aclose()  # type: ignore[attr-defined]


async def look(looks: AsyncIterator[Polled]) -> Polled:
    """The next look, as something that can be a task."""
    return await anext(looks)


def said(telegram: Telegram, polled: Polled) -> list[str]:
    events = [event for one in polled.envelopes for event in telegram.parse(one.envelope)]
    return [event.text for event in events if isinstance(event, InboundMessage)]


async def test_a_look_brings_updates_with_their_keys_and_lanes(
    fake: TelegramFake, telegram: Telegram
) -> None:
    await fake.act(Act(client=ANNA, text="раз"))
    await fake.act(Act(client=ANNA, text="два"))
    async with listening(telegram) as looks:
        polled = await anext(looks)
    assert said(telegram, polled) == ["раз", "два"]
    assert [one.key for one in polled.envelopes] == ["700000001", "700000002"]
    assert {one.lane for one in polled.envelopes} == {str(fake.world.talks.popitem()[0])}
    assert polled.cursor == b"700000003"


async def test_an_update_is_confirmed_only_after_it_was_kept(fake: TelegramFake, telegram: Telegram) -> None:
    await fake.act(Act(client=ANNA, text="раз"))
    async with listening(telegram) as looks:
        await anext(looks)
        assert [one["update_id"] for one in fake.waiting] == [700000001], "not while it is being kept"
        await fake.act(Act(client=ANNA, text="два"))
        assert said(telegram, await anext(looks)) == ["два"]
        assert [one["update_id"] for one in fake.waiting] == [700000002]


async def test_a_crash_before_keeping_brings_the_same_update_again(
    fake: TelegramFake, telegram: Telegram
) -> None:
    await fake.act(Act(client=ANNA, text="раз"))
    for _ in range(2):
        async with listening(telegram) as looks:
            assert said(telegram, await anext(looks)) == ["раз"]


async def test_listening_goes_on_from_the_cursor(fake: TelegramFake, telegram: Telegram) -> None:
    for text in ("раз", "два"):
        await fake.act(Act(client=ANNA, text=text))
    async with listening(telegram, b"700000002") as looks:
        assert said(telegram, await anext(looks)) == ["два"]


async def test_a_spoilt_cursor_begins_at_the_beginning(fake: TelegramFake, telegram: Telegram) -> None:
    await fake.act(Act(client=ANNA, text="раз"))
    async with listening(telegram, b"\xff not a number") as looks:
        assert said(telegram, await anext(looks)) == ["раз"]


async def test_what_was_read_carries_the_providers_own_time(fake: TelegramFake, telegram: Telegram) -> None:
    await fake.act(Act(client=ANNA, doing="button"))
    async with listening(telegram) as looks:
        polled = await anext(looks)
    (event,) = telegram.parse(polled.envelopes[0].envelope)
    assert isinstance(event, InboundMessage)
    assert abs(event.at / 1_000_000 - time.time()) < 5


async def test_an_update_that_cannot_be_read_holds_nothing_up(fake: TelegramFake, telegram: Telegram) -> None:
    await fake.act(Act(client=ANNA, doing="broken"))
    await fake.act(Act(client=ANNA, text="раз"))
    async with listening(telegram) as looks:
        polled = await anext(looks)
    assert [one.key for one in polled.envelopes] == ["700000001", "700000002"]
    assert polled.cursor == b"700000003"


async def test_a_second_reader_is_told_apart_from_a_webhook(fake: TelegramFake, telegram: Telegram) -> None:
    other = Telegram(Account(source_id="t", settings=dict(fake.settings())))
    async with listening(telegram) as ours, listening(other) as theirs:
        first = asyncio.create_task(look(ours))
        await asyncio.sleep(0.05)
        second = asyncio.create_task(look(theirs))
        with pytest.raises(TryLater) as caught:
            await first
        assert caught.value.code == "other_reader"
        assert "other_reader" in {check.code for check in await telegram.check() if not check.ok}
        await fake.set_hook("http://127.0.0.1:1/elsewhere", "")
        with pytest.raises(TryLater) as caught:
            await second
        assert caught.value.code == "webhook_elsewhere"
    await other.close()


async def test_a_revoked_token_stops_listening(fake: TelegramFake) -> None:
    settings = {**fake.settings(), "token": "4200000001:AAnother-token-that-is-not-known-here"}
    channel = Telegram(Account(source_id="s", settings=settings))
    async with listening(channel) as looks:
        with pytest.raises(Disconnected):
            await anext(looks)
    await channel.close()


async def test_a_server_that_is_down_is_tried_later(fake: TelegramFake, telegram: Telegram) -> None:
    await fake.stop()
    async with listening(telegram) as looks:
        with pytest.raises(TryLater) as caught:
            await anext(looks)
    assert caught.value.code == "network"


async def test_reactions_are_asked_for_by_name(fake: TelegramFake, telegram: Telegram) -> None:
    await fake.act(Act(client=ANNA, text="раз"))
    async with listening(telegram) as looks:
        await anext(looks)
        delivered = await fake.act(Act(client=ANNA, doing="reaction"))
    assert delivered.event == "700000002"


def test_receiving_needs_no_aiogram() -> None:
    program = (
        "import asyncio, sys\n"
        "from channels.base import Account\n"
        "from channels.fakes import Act, Client\n"
        "from channels.telegram import Telegram\n"
        "from channels.telegram.fake import TelegramFake\n"
        "async def main():\n"
        "    fake = TelegramFake()\n"
        "    await fake.start()\n"
        "    channel = Telegram(Account(source_id='s', settings=dict(fake.settings())))\n"
        "    await channel.connect()\n"
        "    await fake.act(Act(client=Client(ref='a', name='Анна'), doing='photo'))\n"
        "    async for polled in channel.listen(None):\n"
        "        (event,) = channel.parse(polled.envelopes[0].envelope)\n"
        "        async for _ in channel.download(event.attachments[0].ref):\n"
        "            break\n"
        "        break\n"
        "    await channel.close()\n"
        "    await fake.stop()\n"
        "    print('aiogram' in sys.modules)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.strip() == "False", done.stderr
