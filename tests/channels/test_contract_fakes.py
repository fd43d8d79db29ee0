"""Every provider's local server against its channel: each doing arrives, each fault has its word."""

from __future__ import annotations

import asyncio
import base64
import mimetypes
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from aiohttp import web

import channels
from channels.base import (
    Account,
    Channel,
    Envelope,
    FileKind,
    OutboundFile,
    OutboundMessage,
    PollingChannel,
    Reply,
    WebhookChannel,
)
from channels.errors import (
    Disconnected,
    OutcomeUnknown,
    PayloadUnreadable,
    Refused,
    SendFailed,
    TryLater,
    Unreachable,
    WebhookRefused,
)
from channels.events import (
    CallFact,
    ContactCard,
    Event,
    Identity,
    InboundMessage,
    Location,
    MessageEdited,
    Reachability,
    Reaction,
    Started,
)
from channels.fakes import Act, Client, Doing, Fake, Fault
from tests.channels.contract import case_of
from tests.channels.sane import assert_sane

MARIA = Client(
    ref="maria", name="Мария Котова", phone="+79161234567", email="maria@client.example", username="kotova_m"
)


def ways_of(name: str) -> tuple[Mapping[str, str], ...]:
    """How the channel's fake is to be run; a channel without a case fails in test_contract.py."""
    try:
        return case_of(name).ways
    except ModuleNotFoundError:
        return ()


RUNS = [
    pytest.param(name, way, id="-".join((name, *way.values())))
    for name in channels.names()
    for way in ways_of(name)
]
PATIENCE = 30.0
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)
"""The smallest picture that is one."""
FILES: dict[str, tuple[bytes, str]] = {
    "photo": (PIXEL, "кухня.png"),
    "file": (b"%PDF-1.4\n%%EOF\n", "счёт.pdf"),
}
SENT: dict[FileKind, tuple[bytes, str]] = {
    "photo": FILES["photo"],
    "video": (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "kuhnya.mp4"),
    "voice": (b"OggS\0\x02" + bytes(22) + b"\x01\x13OpusHead", "otvet.ogg"),
    "audio": (b"ID3\x04\0\0\0\0\0\0", "pesnya.mp3"),
    "file": FILES["file"],
    "sticker": (b"RIFF\x1a\0\0\0WEBPVP8L", "smile.webp"),
}
MEANT: dict[Fault, tuple[type[SendFailed], ...]] = {
    "slow_down": (TryLater,),
    "blocked": (Unreachable, Refused),
    "server_error": (OutcomeUnknown, TryLater),
    "reset": (OutcomeUnknown, TryLater),
    "lost_answer": (OutcomeUnknown, TryLater),
    "bad_key": (Disconnected,),
    "refused": (Refused,),
}
"""What each fault means to the sender; `hang` takes as long as a channel's patience: each tests its own."""


@dataclass
class House:
    """The gateway's part: takes what is proven, opens it, answers."""

    channel: Channel | None = None
    events: list[Event] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    unreadable: int = 0
    refused: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def hook(self, request: web.Request) -> web.Response:
        envelope = Envelope(
            body=await request.read(), received_at=time.time_ns() // 1000, method=request.method,
            path=request.match_info["path"], query=dict(request.query),
            headers={name.lower(): value for name, value in request.headers.items()},
        )  # fmt: skip
        assert isinstance(self.channel, WebhookChannel)
        try:
            admitted = self.channel.admit(envelope)
        except WebhookRefused:
            self.refused += 1
            return web.Response(status=403)
        if admitted.keep:
            await self.keep(envelope, admitted.key)
        return _respond(admitted.reply)

    async def keep(self, envelope: Envelope, key: str | None) -> None:
        """Open it as the gateway would, once kept."""
        assert self.channel is not None
        assert key != ""
        async with self.changed:
            try:
                found = self.channel.parse(envelope)
            except PayloadUnreadable:
                self.unreadable += 1
                found = ()
            for event in found:
                assert_sane(event)
            self.events += found
            self.keys.append(key)
            self.changed.notify_all()

    async def listen(self) -> None:
        assert isinstance(self.channel, PollingChannel)
        async for polled in self.channel.listen(None):
            for one in polled.envelopes:
                await self.keep(one.envelope, one.key)

    async def until(self, doing: Doing, since: int) -> Event | None:
        """The event of this doing that came after `since`. Raises TimeoutError."""
        async with self.changed, asyncio.timeout(PATIENCE):
            while True:
                if doing == "broken" and self.unreadable + self.refused:
                    return None
                found = [event for event in self.events[since:] if means(event, doing)]
                if found:
                    return found[-1]
                await self.changed.wait()


def _respond(reply: Reply) -> web.Response:
    headers = {**reply.headers, "Content-Type": f"{reply.content_type}; charset=utf-8"}
    return web.Response(status=reply.status, body=reply.body, headers=headers)


def means(event: Event, doing: Doing) -> bool:
    """Whether the event is what this doing should become."""
    match doing, event:
        case ("text", InboundMessage(kind="text" | "mail", text=text)):
            return bool(text)
        case ("photo" | "file" | "voice" | "video" | "sticker", InboundMessage(kind="mail" | "form") as said):
            return bool(said.attachments)
        case ("photo" | "file" | "voice" | "video" | "sticker", InboundMessage() as said):
            return said.kind == doing and bool(said.attachments)
        case ("location", InboundMessage(kind="location", location=place)):
            return place is not None
        case ("contact", InboundMessage(kind="contact", card=card)):
            return card is not None and bool(card.phones)
        case ("start", Started() | InboundMessage()):
            return True
        case ("button", InboundMessage(kind="button", payload=payload)):
            return bool(payload)
        case ("edit", MessageEdited()) | ("reaction", Reaction()):
            return True
        case ("form", InboundMessage(kind="form", fields=fields)):
            return bool(fields)
        case ("call_missed", CallFact(phase="ended") as call):
            return not call.answered
        case ("call_answered", CallFact() as call):
            return bool(call.answered) or call.phase == "answered"
        case ("call_rings" | "call_taken" | "call_ends", CallFact()):
            return True
        case ("block" | "unblock", Reachability(reachable=reachable)):
            return reachable == (doing == "unblock")
        case ("unsupported", InboundMessage(kind="unsupported", unsupported=word)):
            return bool(word)
        case _:
            return False


def made_by_us(name: str) -> dict[str, str]:
    """The secrets that nobody is asked for, as the gateway makes them."""
    asked = {setting.key for setting in channels.about(name).settings}
    return {key: f"made-by-us-{key}" for key in channels.load(name).secrets if key not in asked}


@asynccontextmanager
async def playing(name: str, way: Mapping[str, str]) -> AsyncIterator[tuple[Fake, Channel, House]]:
    """The provider's server, a channel connected to it, and a house that takes what comes."""
    house, fake = House(), channels.fake(name)()
    app = web.Application()
    app.router.add_route("*", "/hooks/s/k{path:.*}", house.hook)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    public = f"http://127.0.0.1:{runner.addresses[0][1]}"
    await fake.start()
    settings = {**made_by_us(name), **fake.settings(), **way}
    account = Account(
        source_id="s", settings=settings, hook_url=f"{public}/hooks/s/k", hook_path="/hooks/s/k",
        public_url=public, slug="s",
    )  # fmt: skip
    channel = house.channel = channels.load(name)(account)
    fake.deliver_to(account.hook_url)
    listening: asyncio.Task[None] | None = None
    try:
        checks = await channel.connect()
        assert [check for check in checks if not check.ok] == []
        if isinstance(channel, PollingChannel) and channel.polls():
            listening = asyncio.create_task(house.listen())
            await asyncio.sleep(0.05)
        yield fake, channel, house
        assert listening is None or not listening.done(), "listens for ever"
    finally:
        if listening is not None:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
        await channel.disconnect()
        await channel.close()
        await fake.stop()
        await fake.stop()
        await runner.cleanup()


async def do(fake: Fake, house: House, doing: Doing) -> Event | None:
    """Play it and wait for what becomes of it."""
    since = len(house.events)
    body, file_name = FILES.get(doing, (b"", ""))
    text = "Сколько стоит кухня?" if doing in ("text", "form", "edit", "broken") else ""
    delivered = await fake.act(Act(client=MARIA, doing=doing, text=text, file=body, file_name=file_name))
    assert doing == "broken" or delivered.status in (0, *range(200, 400)), delivered
    return await house.until(doing, since)


@pytest.mark.parametrize(("name", "way"), RUNS)
async def test_whatever_a_client_does_arrives_as_what_it_is(name: str, way: Mapping[str, str]) -> None:
    skipped = case_of(name).skipped_doings
    async with playing(name, way) as (fake, _, house):
        assert fake.doings
        for doing in fake.doings:
            if doing in skipped:
                continue
            if doing in ("edit", "reaction"):
                await do(fake, house, "text")
            event = await do(fake, house, doing)
            assert doing == "broken" or event is not None


@pytest.mark.parametrize(("name", "way"), RUNS)
async def test_what_is_delivered_again_has_the_key_or_the_facts_it_had(
    name: str, way: Mapping[str, str]
) -> None:
    async with playing(name, way) as (fake, _, house):
        first: Doing = "text" if "text" in fake.doings else fake.doings[0]
        await do(fake, house, first)
        await asyncio.sleep(0.1)
        keys, facts = set(house.keys), [_fact(event) for event in house.events]
        await fake.again(3)
        await asyncio.sleep(0.1)
        assert set(house.keys) == keys
        assert {_fact(event) for event in house.events} == set(facts)


def _fact(event: Event) -> str:
    """What makes the event the same one, where the envelope has no key."""
    match event:
        case InboundMessage(external_id=name) | CallFact(key=name):
            return name
        case _:
            return repr(event)


@pytest.mark.parametrize(("name", "way"), RUNS)
async def test_an_answer_arrives_and_every_fault_has_its_word(name: str, way: Mapping[str, str]) -> None:
    words = channels.about(name).errors
    async with playing(name, way) as (fake, channel, house):
        if not channel.can().reply:
            with pytest.raises(Refused):
                await channel.send(OutboundMessage(key="k", thread="t", to=_nobody(), text="Здравствуйте"))
            return
        said = await do(fake, house, "text")
        assert isinstance(said, InboundMessage)
        ids = await channel.send(_answer(said, "k0"))
        assert all(ids) and ids
        assert [one.text.strip() for one in fake.arrived][-1:] == ["Добрый день"]
        for number, fault in enumerate(fake.faults):
            if fault != "hang":
                await _fail(fake, channel, fault, _answer(said, f"k{number + 1}"), words)


@pytest.mark.parametrize(("name", "way"), RUNS)
async def test_whatever_the_network_says_it_carries_arrives(name: str, way: Mapping[str, str]) -> None:
    async with playing(name, way) as (fake, channel, house):
        can = channel.can()
        if not can.reply:
            assert not can.files and not can.reply_to
            assert not (can.location or can.card or can.stickers)
            return
        said = await do(fake, house, "text")
        assert isinstance(said, InboundMessage)
        for kind in can.files:
            file = _outbound(kind)
            await channel.send(replace(_answer(said, f"file-{kind}"), text="", files=(file,)))
            assert [Path(found).suffix for found in fake.arrived[-1].files] == [Path(file.name).suffix], kind
        if can.location:
            place = Location(latitude=55.75, longitude=37.61)
            await channel.send(replace(_answer(said, "place"), text="", location=place))
            assert "55.75" in _said(fake)
        if can.card:
            card = ContactCard(name="Анна Мастер", phones=("+79160000011",), emails=("anna@firma.example",))
            await channel.send(replace(_answer(said, "card"), text="", card=card))
            assert "79160000011" in _said(fake) or fake.arrived[-1].files == ("Анна Мастер.vcf",)
        if can.stickers:
            shown = await do(fake, house, "sticker")
            assert isinstance(shown, InboundMessage)
            (sticker,) = shown.attachments
            called = channel.sticker(sticker.ref, sticker.name)
            assert called
            await channel.send(replace(_answer(said, "sticker"), text="", sticker=called))
            assert called in _said(fake)
        await channel.send(_answer(said, "reply"))
        assert not can.reply_to or said.external_id.rpartition(":")[2] in str(fake.arrived[-1].raw)
        assert all(1 <= arrived.n <= len(fake.arrived) for arrived in fake.arrived)


def _said(fake: Fake) -> str:
    """All that arrived last, as the network shows it."""
    return f"{fake.arrived[-1].text} {fake.arrived[-1].raw}"


def _outbound(kind: FileKind) -> OutboundFile:
    """A small file of ours that a network takes for one of this kind."""
    body, name = SENT[kind]

    async def read() -> AsyncIterator[bytes]:
        yield body

    mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return OutboundFile(kind=kind, name=name, mime=mime, size=len(body), read=read)


async def _fail(
    fake: Fake, channel: Channel, fault: Fault, message: OutboundMessage, words: Mapping[str, object]
) -> None:
    before = len(fake.arrived)
    fake.fail(fault, after=7)
    with pytest.raises(SendFailed) as caught:
        await channel.send(message)
    assert isinstance(caught.value, MEANT[fault]), fault
    assert caught.value.code in words, fault
    assert len(fake.arrived) - before == (fault == "lost_answer")
    if fault in ("reset", "lost_answer") and not channel.can().idempotent:
        assert isinstance(caught.value, OutcomeUnknown), "it may have left"
    if isinstance(caught.value, TryLater) and fault == "slow_down":
        assert caught.value.after is None or caught.value.after >= 1


def _answer(said: InboundMessage, key: str) -> OutboundMessage:
    return OutboundMessage(
        key=key, thread=said.thread, to=said.sender.identity, to_name=said.sender.name, text="Добрый день",
        reply_to=said.external_id, subject=said.subject, references=(said.external_id,),
        created_at=said.at,
    )  # fmt: skip


def _nobody() -> Identity:
    return Identity(kind="phone", value="+79990000000")
