"""Whether a provider files what was sent is seen at set-up: no copy too many in Sent, no letter sent twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

from channels.base import OutboundMessage
from channels.email import Email
from channels.email.habits import Habits
from channels.events import Identity
from tests.channels.email.conftest import QUICK, Box, Kept

AT = 1_790_000_000_000_000


@contextlib.asynccontextmanager
async def filing(box: Box) -> AsyncIterator[None]:
    """The provider puts what leaves into Sent by itself: here, whatever came to the mailbox it was sent from."""

    async def file() -> None:
        known = 0
        while True:
            letters = box.host.letters(box.address)
            for raw in letters[known:]:
                box.host.put(box.address, raw, into="Sent", flags="S")
            known = len(letters)
            await asyncio.sleep(0.02)

    task = asyncio.create_task(file())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def connected(channel: Email) -> list[str]:
    lines = await channel.connect()
    assert all(line.ok for line in lines), lines
    return [line.code for line in lines]


def answer(key: str) -> OutboundMessage:
    to = Identity(kind="email", value="anna@client.test")
    return OutboundMessage(key=key, thread="", to=to, subject="Дверь", text="Стоит 14 500.", created_at=AT)


async def test_where_the_provider_files_what_leaves_we_add_no_copy_and_what_is_not_there_did_not_leave(
    box: Box,
) -> None:
    memory = Kept()
    channel = box.channel(QUICK, memory)
    async with filing(box):
        assert {"round_trip", "sent_filed"} <= set(await connected(channel))
    filed = len(box.host.letters(box.address, within="Sent"))
    await channel.send(answer("a1"))
    assert len(box.host.letters(box.address, within="Sent")) == filed, "the copy is the provider's to make"
    again = box.channel(QUICK, memory)
    assert await again.look_up("never-sent") is False, "it may be sent again: another process knows it too"


async def test_where_it_files_nothing_we_do_and_what_is_not_there_is_for_a_person_to_decide(box: Box) -> None:
    channel = box.channel(QUICK, Kept())
    codes = await connected(channel)
    assert "round_trip" in codes
    assert "sent_filed" not in codes
    assert box.host.letters(box.address, within="Sent") == [], "the letter of the set-up is nobody's answer"
    await channel.send(answer("a1"))
    assert len(box.host.letters(box.address, within="Sent")) == 1
    assert await channel.look_up("a1") is True
    assert await channel.look_up("never-sent") is None


async def test_what_was_seen_counts_before_the_preset_and_for_this_mailbox_only(box: Box) -> None:
    memory = Kept()
    memory.values = {"refresh": "kept"}
    mailbox = replace(box.channel().mailbox, files_sent=True)
    habits = Habits(mailbox, memory)
    assert await habits.files_sent() is True
    await habits.learn(False)
    assert await habits.files_sent() is False
    assert memory.values["refresh"] == "kept"
    other = replace(mailbox, smtp=replace(mailbox.smtp, host="smtp.other.test"))
    assert await Habits(other, memory).files_sent() is True


async def test_a_memory_that_cannot_be_read_stops_no_letter(box: Box) -> None:
    class Broken(Kept):
        async def read(self) -> dict[str, str]:
            raise OSError("the database is away")

    channel = box.channel(QUICK, Broken())
    await channel.send(answer("a1"))
    assert len(box.host.letters(box.address, within="Sent")) == 1
