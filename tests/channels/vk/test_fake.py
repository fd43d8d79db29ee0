"""The made-up VK keeps to VK's papers: it insists on `ok`, waits when asked, echoes, slows us down."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from channels.errors import TryLater
from channels.events import (
    Attribution,
    Event,
    InboundMessage,
    MessageEdited,
    OutgoingSeen,
    Reachability,
    Reaction,
    Started,
)
from channels.fakes import Act, Doing
from channels.vk.fake import VKFake
from tests.channels.vk.conftest import ANNA, Connect, Hook
from tests.channels.vk.test_send import KEY, to


@pytest.fixture
async def heard(fake: VKFake, channel: Connect, hook: Hook) -> Hook:
    """A hook whose address was pasted at VK."""
    hook.channel = channel()
    fake.deliver_to(hook.url)
    return hook


def facts(hook: Hook) -> list[Event]:
    assert hook.channel is not None
    return [fact for envelope in hook.heard for fact in hook.channel.parse(envelope)]


async def test_an_event_is_delivered_until_ok_is_heard_with_the_same_id(fake: VKFake, heard: Hook) -> None:
    heard.answers = [
        web.Response(text="OK"),
        web.Response(text="ok "),
        web.Response(status=500, text="ok"),
    ]
    delivered = await fake.act(Act(client=ANNA, text="Добрый день"))
    assert (delivered.status, delivered.body) == (200, "ok")
    assert [envelope.headers.get("x-retry-counter") for envelope in heard.heard] == [None, "1", "2", "3"]
    assert len({json.loads(envelope.body)["event_id"] for envelope in heard.heard}) == 1


@pytest.mark.parametrize("status", [410, 429, 503])
async def test_a_retry_after_is_kept_to(fake: VKFake, heard: Hook, status: int) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=-5), usegmt=True)
    heard.answers = [web.Response(status=status, headers={"Retry-After": value}) for value in ("0", soon)]
    assert (await fake.act(Act(client=ANNA, text="Добрый день"))).body == "ok"
    assert len(heard.heard) == 3


async def test_the_last_event_can_come_again(fake: VKFake, heard: Hook) -> None:
    delivered = await fake.act(Act(client=ANNA, text="Добрый день"))
    assert (await fake.again(2)).event == delivered.event
    assert len({json.loads(envelope.body)["event_id"] for envelope in heard.heard}) == 1
    assert len(heard.heard) == 3


@pytest.mark.parametrize("echo", ["before", "after"])
async def test_our_message_is_echoed_with_our_key_and_number(
    fake: VKFake, channel: Connect, heard: Hook, echo: str
) -> None:
    await fake.act(Act(client=ANNA, text="Добрый день"))
    fake.echo = "before" if echo == "before" else "after"
    vk = channel()
    (sent,) = await vk.send(to(fake.community.user(ANNA.ref, ANNA.name), "Да"))
    await fake.settled()
    (seen,) = [fact for fact in facts(heard) if isinstance(fact, OutgoingSeen)]
    assert (seen.external_id, seen.key, seen.text, seen.author) == (sent, vk.echo_key(KEY), "Да", "")


async def test_an_administrator_s_answer_carries_its_author(fake: VKFake, heard: Hook) -> None:
    await fake.act(Act(client=ANNA, text="Добрый день"))
    await fake.write(ANNA.ref, "1000 ₽")
    seen = facts(heard)[-1]
    assert isinstance(seen, OutgoingSeen)
    assert (seen.author, seen.key, seen.seq) == ("id800000002", "", 2)


DOINGS: list[tuple[Doing, type[Event], str]] = [
    ("text", InboundMessage, "text"), ("photo", InboundMessage, "photo"), ("file", InboundMessage, "file"),
    ("voice", InboundMessage, "voice"), ("video", InboundMessage, "video"),
    ("sticker", InboundMessage, "sticker"), ("location", InboundMessage, "location"),
    ("button", InboundMessage, "button"), ("start", Started, ""), ("edit", MessageEdited, ""),
    ("unsupported", InboundMessage, "unsupported"), ("reaction", Reaction, ""),
    ("block", Reachability, ""), ("unblock", Reachability, ""),
]  # fmt: skip


@pytest.mark.parametrize(("doing", "kind", "shown"), DOINGS, ids=[row[0] for row in DOINGS])
async def test_every_act_arrives_as_what_it_is(
    fake: VKFake, heard: Hook, doing: Doing, kind: type[Event], shown: str
) -> None:
    await fake.act(Act(client=ANNA, text="первое"))
    heard.heard.clear()
    text = "" if doing == "unsupported" else "слова"
    delivered = await fake.act(Act(client=ANNA, doing=doing, text=text))
    assert delivered.body == "ok"
    found = facts(heard)
    assert isinstance(found[0], kind)
    if isinstance(found[0], InboundMessage):
        assert found[0].kind == shown


def test_every_doing_has_been_tried() -> None:
    assert {row[0] for row in DOINGS} | {"broken"} == set(VKFake.doings)


async def test_a_link_s_label_reaches_the_message(fake: VKFake, heard: Hook) -> None:
    await fake.act(
        Act(client=ANNA, text="Есть?", attribution=Attribution(campaign="spring", referrer="post"))
    )
    (said,) = facts(heard)
    assert isinstance(said, InboundMessage)
    assert (said.attribution.campaign, said.attribution.referrer, said.payload) == (
        "spring",
        "post",
        "spring",
    )


async def test_an_earlier_event_bears_its_own_time(fake: VKFake, heard: Hook) -> None:
    await fake.act(Act(client=ANNA, text="сейчас"))
    await fake.act(Act(client=ANNA, text="час назад", seconds_ago=3600))
    now, earlier = (fact.at for fact in facts(heard) if isinstance(fact, InboundMessage))
    assert 3_590_000_000 < now - earlier < 3_610_000_000


async def test_more_than_twenty_calls_a_second_are_turned_away(fake: VKFake, channel: Connect) -> None:
    await fake.act(Act(client=ANNA, text="Добрый день"))
    peer = fake.community.user(ANNA.ref, ANNA.name)
    fake.rate = 1
    vk = channel()
    await vk.send(to(peer, key="a"))
    with pytest.raises(TryLater) as later:
        await vk.send(to(peer, key="b"))
    assert (later.value.code, later.value.after, later.value.whole_source) == ("too_many", 1.0, True)


async def test_looking_around_waits_its_turn_when_vk_is_busy(
    fake: VKFake, channel: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.vk.fake.WINDOW", 0.3)
    fake.rate = 1
    lines = await channel(mode="longpoll").check()
    assert [line.ok for line in lines] == [True] * 4
    assert len(fake.calls) > 3


async def test_a_client_who_forbade_messages_cannot_be_answered_until_they_return(
    fake: VKFake, channel: Connect
) -> None:
    await fake.act(Act(client=ANNA, text="Добрый день"))
    peer = fake.community.user(ANNA.ref, ANNA.name)
    await fake.act(Act(client=ANNA, doing="block"))
    assert peer not in fake.community.allowed
    await fake.act(Act(client=ANNA, text="передумала"))
    assert await channel().send(to(peer)) == (f"{peer}:3",)
