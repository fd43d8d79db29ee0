"""What the long poll brings is what callbacks bring, and no fault of it loses anything unseen."""

from __future__ import annotations

import asyncio
import json

import pytest

from channels.base import Polled
from channels.errors import Disconnected, TryLater
from channels.events import InboundMessage
from channels.fakes import Act
from channels.vk.fake import VKFake
from channels.vk.longpoll import FRUITLESS, GAP, listen
from tests.channels.vk.conftest import ANNA, Connect, Impatient


async def looks(vk: Impatient, cursor: bytes | None, count: int) -> list[Polled]:
    """The next looks that bring something."""
    found: list[Polled] = []
    async for polled in vk.listen(cursor):
        found.append(polled)
        if len(found) == count:
            break
    return found


async def test_a_message_comes_as_a_callback_would_bring_it(fake: VKFake, channel: Connect) -> None:
    vk = channel(mode="longpoll")
    delivered = await fake.act(Act(client=ANNA, text="Добрый день"))
    (polled,) = await looks(vk, b"1", 1)
    (row,) = polled.envelopes
    assert (row.key, row.lane) == (delivered.event, str(fake.community.user(ANNA.ref, ANNA.name)))
    (fact,) = vk.parse(row.envelope)
    assert isinstance(fact, InboundMessage)
    assert fact.text == "Добрый день"
    assert row.envelope.received_at > 1_700_000_000_000_000


async def test_the_cursor_says_where_to_go_on(fake: VKFake, channel: Connect) -> None:
    vk = channel(mode="longpoll")
    await fake.act(Act(client=ANNA, text="первое"))
    (first,) = await looks(vk, b"1", 1)
    await fake.act(Act(client=ANNA, text="второе"))
    (second,) = await looks(vk, first.cursor, 1)
    assert [json.loads(row.envelope.body)["object"]["message"]["text"] for row in second.envelopes] == [
        "второе"
    ]


async def test_without_a_cursor_it_begins_now(fake: VKFake, channel: Connect) -> None:
    await fake.act(Act(client=ANNA, text="давно"))
    vk = channel(mode="longpoll")
    listening = vk.listen(None)
    assert await anext(listening) == Polled(envelopes=(), cursor=b"2")
    waiting = asyncio.ensure_future(anext(listening))
    await fake.pusher.asked.wait()
    await fake.act(Act(client=ANNA, text="сейчас"))
    (row,) = (await waiting).envelopes
    assert json.loads(row.envelope.body)["object"]["message"]["text"] == "сейчас"


async def test_what_is_said_between_connecting_and_the_first_look_is_not_missed(
    fake: VKFake, channel: Connect
) -> None:
    vk = channel(mode="longpoll")
    assert all(line.ok for line in await vk.connect())
    delivered = await fake.act(Act(client=ANNA, text="сразу"))
    assert vk.beginning == b"1", "kept by the gateway: another process may be the one that listens"
    (polled,) = await looks(vk, None, 1)
    assert [row.key for row in polled.envelopes] == [delivered.event]


async def test_a_stale_key_is_renewed_and_nothing_is_lost(fake: VKFake, channel: Connect) -> None:
    vk = channel(mode="longpoll")
    await fake.act(Act(client=ANNA, text="первое"))
    (first,) = await looks(vk, b"1", 1)
    fake.pusher.poll_faults = [2]
    await fake.act(Act(client=ANNA, text="второе"))
    (second,) = await looks(vk, first.cursor, 1)
    assert "второе" in json.loads(second.envelopes[0].envelope.body)["object"]["message"]["text"]


@pytest.mark.parametrize("failed", [1, 3])
async def test_lost_history_is_kept_as_an_event_and_reading_goes_on(
    fake: VKFake, channel: Connect, failed: int
) -> None:
    vk = channel(mode="longpoll")
    await fake.act(Act(client=ANNA, text="потеряно"))
    fake.pusher.poll_faults = [failed]
    (gap,) = await looks(vk, b"1", 1)
    (mark,) = gap.envelopes
    told = json.loads(mark.envelope.body)
    assert (told["type"], told["object"]) == (GAP, {"from": "1", "to": "2"})
    assert (gap.cursor, mark.key) == (b"2", f"{GAP}:1:2")
    assert vk.parse(mark.envelope) == ()
    await fake.act(Act(client=ANNA, text="дальше"))
    (after,) = await looks(vk, gap.cursor, 1)
    assert len(after.envelopes) == 1


async def test_a_place_that_vk_no_longer_keeps_is_a_gap(fake: VKFake, channel: Connect) -> None:
    fake.community.ts = fake.community.oldest = 500
    (gap,) = await looks(channel(mode="longpoll"), b"3", 1)
    assert gap.cursor == b"500"
    assert json.loads(gap.envelopes[0].envelope.body)["type"] == GAP


async def test_endless_failures_end_in_a_pause(fake: VKFake, channel: Connect) -> None:
    fake.pusher.poll_faults = [2, 4] * FRUITLESS
    with pytest.raises(TryLater) as later:
        await looks(channel(mode="longpoll"), b"1", 1)
    assert later.value.code == "longpoll_failed"


async def test_a_refused_key_and_a_switched_off_poll_disconnect(fake: VKFake, channel: Connect) -> None:
    with pytest.raises(Disconnected) as refused:
        await looks(channel(mode="longpoll", token="vk1.a.wrong"), b"1", 1)
    fake.community.poll_on = False
    with pytest.raises(Disconnected) as off:
        await looks(channel(mode="longpoll"), b"1", 1)
    assert (refused.value.code, off.value.code) == ("key_refused", "longpoll_off")


async def test_no_connection_is_a_passing_fault(channel: Connect) -> None:
    with pytest.raises(TryLater):
        await looks(channel(mode="longpoll", api_base="http://127.0.0.1:9"), b"1", 1)


async def test_a_silent_quarter_of_a_minute_is_a_look_too(fake: VKFake, channel: Connect) -> None:
    vk = channel(mode="longpoll")
    async for polled in listen(vk._api, vk._pool.session(), fake.community.group_id, b"1", wait=0):
        assert polled == Polled(envelopes=(), cursor=b"1")
        break
