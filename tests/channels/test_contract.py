"""What every channel keeps, over every fixture and every hostile body.

It learns what it needs from `tests/channels/<name>/case.py` (contract.py); a new channel is taken in by its
folder's name.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

import channels
from channels.base import Admitted, Capabilities, Channel, Envelope, WebhookChannel
from channels.errors import PayloadUnreadable, WebhookRefused
from channels.events import Event, Noted
from tests.channels.contract import ChannelCase, case_of, fixtures_of
from tests.channels.hostile import BODIES, bent, with_unknown_fields
from tests.channels.sane import assert_sane

NAMES = channels.names()
FIXTURES = [
    pytest.param(name, path, id=f"{name}-{path.name}") for name in NAMES for path in fixtures_of(name)
]
SLOWEST = 3.0
"""Seconds that the worst body may cost."""


def admitted(channel: Channel, envelope: Envelope) -> Admitted | None:
    """How a webhook is taken; None: it is refused. What is polled needs no proof."""
    if not isinstance(channel, WebhookChannel) or envelope.method == "POLL":
        return Admitted()
    try:
        return channel.admit(envelope)
    except WebhookRefused:
        return None


def opened(channel: Channel, envelope: Envelope) -> tuple[Event, ...] | None:
    """The facts, each of them sane; None: it cannot be read. Any other exception is the test's failure."""
    try:
        events = channel.parse(envelope)
    except PayloadUnreadable:
        return None
    assert isinstance(events, tuple)
    for event in events:
        assert_sane(event)
    return events


@pytest.mark.parametrize("name", NAMES)
def test_every_channel_has_a_case_and_fixtures(name: str) -> None:
    assert isinstance(case_of(name), ChannelCase)
    assert fixtures_of(name)


@pytest.mark.parametrize(("name", "fixture"), FIXTURES)
def test_what_is_proven_is_taken_and_known_again(name: str, fixture: Path) -> None:
    case = case_of(name)
    envelope = case.proven(fixture)
    first = admitted(case.channel(name, fixture), envelope)
    assert first is not None
    assert first.key != "", "an empty text is no key"
    assert admitted(case.channel(name, fixture), copy.deepcopy(envelope)) == first


@pytest.mark.parametrize(("name", "fixture"), FIXTURES)
def test_parsing_is_pure_and_gives_sane_facts(name: str, fixture: Path) -> None:
    case = case_of(name)
    channel, envelope = case.channel(name, fixture), case.proven(fixture)
    before = copy.deepcopy(envelope)
    first = opened(channel, envelope)
    kept = admitted(channel, envelope)
    assert (first is None) == fixture.name.startswith("broken__") or (kept is not None and not kept.keep)
    assert opened(channel, envelope) == first
    assert opened(case.channel(name, fixture), before) == first
    assert envelope == before


@pytest.mark.parametrize(("name", "fixture"), FIXTURES)
def test_a_fixture_without_its_proof_is_refused(name: str, fixture: Path) -> None:
    case = case_of(name)
    channel, envelope = case.channel(name, fixture), case.proven(fixture)
    taken = admitted(channel, envelope)
    assert taken is not None
    for unproven in stripped(case, channel, envelope) if taken.keep else ():
        assert admitted(channel, unproven) is None


def stripped(case: ChannelCase, channel: Channel, envelope: Envelope) -> Iterable[Envelope]:
    """The same without its proof: another secret where it lies in the body, else as the case forges it."""
    secrets = [channel.settings.get(secret, "").encode() for secret in channel.secrets]
    inside = [secret for secret in secrets if secret and secret in envelope.body]
    if not inside:
        return case.forged(envelope.body)
    return [replace(envelope, body=envelope.body.replace(secret, b"another")) for secret in inside]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_nothing_unproven_is_taken_whatever_it_is(name: str, body: bytes) -> None:
    case = case_of(name)
    channel = case.channel(name)
    for envelope in (*case.forged(body), *case.unproven_fixtures):
        assert isinstance(channel, WebhookChannel)
        began = time.perf_counter()
        with pytest.raises(WebhookRefused):
            channel.admit(envelope)
        assert time.perf_counter() - began < SLOWEST


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_proven_horror_is_read_or_called_unreadable(name: str, body: bytes) -> None:
    case = case_of(name)
    channel = case.channel(name)
    for envelope in case.hostile(body):
        began = time.perf_counter()
        taken = admitted(channel, envelope)
        if taken is not None:
            assert taken.key != ""
            assert taken == admitted(channel, envelope)
            if taken.keep:
                opened(channel, envelope)
        assert time.perf_counter() - began < SLOWEST


@pytest.mark.parametrize(("name", "fixture"), FIXTURES)
def test_a_bent_fixture_is_read_or_called_unreadable(name: str, fixture: Path) -> None:
    case = case_of(name)
    channel, envelope = case.channel(name, fixture), case.proven(fixture)
    for body in bent(envelope.body):
        changed = case.sign(replace(envelope, body=body))
        taken = admitted(channel, changed)
        if taken is not None and taken.keep:
            assert taken.key != ""
            opened(channel, changed)


@pytest.mark.parametrize(("name", "fixture"), FIXTURES)
def test_fields_of_tomorrow_change_nothing(name: str, fixture: Path) -> None:
    case = case_of(name)
    channel, envelope = case.channel(name, fixture), case.proven(fixture)
    body = with_unknown_fields(envelope.body)
    if body is None:
        assert not envelope.body.lstrip().startswith(b"{") or fixture.name.startswith("broken__")
        return
    wider = case.sign(replace(envelope, body=body))
    taken = admitted(channel, wider)
    assert taken is not None
    if taken.keep:
        assert _kinds(opened(channel, wider)) == _kinds(opened(channel, envelope))


def _kinds(events: tuple[Event, ...] | None) -> list[str] | None:
    return None if events is None else [type(event).__name__ for event in events]


@pytest.mark.parametrize(("name", "fixture"), FIXTURES)
def test_what_happened_has_words_in_both_languages(name: str, fixture: Path) -> None:
    case = case_of(name)
    events = opened(case.channel(name, fixture), case.proven(fixture)) or ()
    for note in (event for event in events if isinstance(event, Noted)):
        words = channels.about(name).notes[note.code]
        for text in (words.ru, words.en):
            assert text.format_map({"name": "Анна", **note.params})


@pytest.mark.parametrize("name", NAMES)
def test_what_the_network_can_do_makes_sense(name: str) -> None:
    can = case_of(name).channel(name).can()
    assert isinstance(can, Capabilities)
    assert can.text_max > 0
    assert 0 <= can.caption_max <= can.text_max
    assert all(size > 0 for size in can.files.values())
    assert can.files_per_message >= 1
    assert can.rate.per_second > 0 and can.rate.burst >= 1 and can.rate.chat_interval >= 0
    assert 1 <= can.send_timeout <= 300
    assert can.answer_minutes > 0 and can.weight > 0
    assert can.window is None or can.window.hours > 0
    assert can.reply or not can.first, "who cannot answer cannot begin"
