"""A parser that would run for ever costs one envelope, not the process."""

from __future__ import annotations

import re
import time

import pytest

from channels.base import Channel, Envelope
from channels.errors import PayloadUnreadable
from gateway import apart, bound, parsing
from gateway.bound import TookTooLong, within
from tests.gateway.town import MARIA, Town

EVIL = re.compile(r"(a+)+$")
"""Takes 2^n steps on n letters a and one b."""


def test_an_endless_expression_is_ended_and_the_next_call_is_not() -> None:
    began = time.monotonic()
    with pytest.raises(TookTooLong):
        within(0.1, EVIL.match, "a" * 60 + "b")
    assert time.monotonic() - began < 20
    assert within(0.1, "a".upper) == "A"
    assert bound._until is None


def test_an_endless_loop_cannot_swallow_its_end() -> None:
    def stubborn() -> None:
        while True:
            try:
                while True:
                    pass
            except Exception:
                continue

    with pytest.raises(TookTooLong):
        within(0.05, stubborn)


async def test_what_hangs_is_set_aside_and_the_others_go_on(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = town.gateway.sources.get(town.sources["messenger1"])
    assert live is not None
    real = type(live.channel).parse

    def parse(channel: Channel, envelope: Envelope) -> object:
        if b"evil" in envelope.body:
            EVIL.match("a" * 60 + "b")
        return real(channel, envelope)

    async def killed(*_: object) -> object:
        raise TimeoutError

    monkeypatch.setattr(type(live.channel), "parse", parse)
    monkeypatch.setattr(parsing, "QUICK", 0.05)
    monkeypatch.setattr(town.gateway.apart, "parse", killed)
    await town.say("messenger1", "evil")
    await town.say("messenger1", "good", MARIA)
    await town.opened()
    assert [row.text for row in await town.rows("SELECT text FROM message")] == ["good"]
    assert await town.one("SELECT error FROM envelope WHERE state = 3") == "took_too_long"


async def test_a_large_body_is_read_apart_with_the_same_result(town: Town) -> None:
    await town.say("messenger1", "small")
    await town.opened()
    live = town.gateway.sources.get(town.sources["messenger1"])
    row = (await town.rows("SELECT body, headers FROM envelope"))[0]
    assert live is not None
    envelope = Envelope(body=row.body, received_at=1, method="POST", path="", query={}, headers={})
    assert await town.gateway.apart.parse(live.channel, envelope) == live.channel.parse(envelope)


async def test_a_child_that_takes_too_long_is_killed_and_the_next_question_gets_a_new_one(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = town.gateway.sources.get(town.sources["messenger1"])
    assert live is not None
    broken = Envelope(body=b"{", received_at=1, method="POST", path="", query={}, headers={})
    with monkeypatch.context() as patched:
        patched.setattr(apart, "PATIENCE", 0.001)
        with pytest.raises(TimeoutError):
            await town.gateway.apart.parse(live.channel, broken)
    with pytest.raises(PayloadUnreadable):
        await town.gateway.apart.parse(live.channel, broken)
