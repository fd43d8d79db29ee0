"""Every documented event of VK becomes the facts written beside it."""

from __future__ import annotations

import dataclasses
import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.errors import PayloadUnreadable
from channels.events import InboundMessage, OutgoingSeen
from channels.vk.parse import parse
from channels.vk.said import DEEPEST, MOST_FILES, MOST_FORWARDED
from tests.channels.contract import fixtures_of
from tests.channels.vk.case import SECRET, callback, envelope, proven

FIXTURES = fixtures_of("vk")


def plain(value: Any) -> Any:
    """A fact as the files write it: values that are the default left out."""
    if dataclasses.is_dataclass(value):
        told = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {
            field.name: plain(told[field.name])
            for field in dataclasses.fields(value)
            if told[field.name] != _default(field)
        }
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, tuple) else value


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.stem)
def test_an_event_becomes_the_facts_written_beside_it(fixture: Path) -> None:
    if fixture.name.startswith("broken__"):
        with pytest.raises(PayloadUnreadable):
            parse(proven(fixture))
        return
    found = [{"is": type(fact).__name__, **plain(fact)} for fact in parse(proven(fixture))]
    assert found == json.loads(fixture.with_suffix(".expected.json").read_text())


def said(**message: Any) -> InboundMessage:
    whole = {"id": 1, "conversation_message_id": 9, "peer_id": 5, "from_id": 5, "date": 1790000000, **message}
    body = callback(SECRET, inner=json.dumps({"message": whole}).encode())
    (fact,) = parse(envelope(body))
    assert isinstance(fact, InboundMessage)
    return fact


def test_forwards_inside_forwards_are_read_to_a_depth_and_no_deeper() -> None:
    message: dict[str, Any] = {"from_id": 7, "text": "bottom"}
    for level in range(40):
        message = {"from_id": 7, "text": f"level {level}", "fwd_messages": [message]}
    found = said(text="top", fwd_messages=[message])
    (carried,), depth = found.forwards, 1
    while carried.within:
        (carried,), depth = carried.within, depth + 1
    assert (found.text, carried.text, depth) == ("top", "level 32", DEEPEST)


def test_a_message_of_endless_parts_stays_within_bounds() -> None:
    photo = {
        "type": "photo",
        "photo": {"sizes": [{"url": "https://sun1.userapi.com/a", "width": 1, "height": 1}]},
    }
    forward = {"from_id": 7, "text": "x" * 5000, "attachments": [photo] * 50}
    found = said(text="y" * 9000, attachments=[photo] * 500, fwd_messages=[forward] * 400)
    assert len(found.text) <= 30_000
    assert len(found.attachments) == MOST_FILES
    assert len(found.forwards) == MOST_FORWARDED


def test_half_an_emoji_does_not_lose_the_message() -> None:
    body = callback(SECRET, inner=rb'{"message": {"id": 1, "peer_id": 5, "from_id": 5, "text": "ok \ud83d"}}')
    (fact,) = parse(envelope(body))
    assert isinstance(fact, InboundMessage)
    assert fact.text.startswith("ok")


def test_numbers_beyond_javascript_survive() -> None:
    assert said(peer_id=2**53 + 1, from_id=2**53 + 1).thread == str(2**53 + 1)


def test_our_echo_and_our_key_meet() -> None:
    from channels.vk.send import random_id

    key = "0190a000-0000-7000-8000-00000000000a"
    message = {
        "id": 2, "conversation_message_id": 3, "peer_id": 5, "from_id": -210000001, "out": 1,
        "text": "да", "random_id": random_id(key),
    }  # fmt: skip
    body = callback(SECRET, inner=json.dumps(message).encode()).replace(b"message_new", b"message_reply")
    (fact,) = parse(envelope(body))
    assert isinstance(fact, OutgoingSeen)
    assert fact.key == str(random_id(key))


@settings(max_examples=60, deadline=None)
@given(
    st.text(string.ascii_lowercase + "_", min_size=1, max_size=20),
    st.none() | st.integers() | st.text() | st.just([]),
)
def test_an_attachment_of_any_kind_nobody_knows_is_shown_and_empties_nothing(
    kind: str, value: object
) -> None:
    found = said(attachments=[{"type": kind, kind: value}, 7, None, {"kind": "no type"}])
    assert found.text or found.attachments or found.unsupported
    named = said(text="смотрите", attachments=[{"type": kind, kind: value}])
    assert named.text.startswith("смотрите")


@given(st.text(string.ascii_lowercase + "_", min_size=1, max_size=20).map("x_".__add__))
def test_an_event_of_a_kind_nobody_knows_says_nothing_and_fails_nothing(kind: str) -> None:
    assert parse(envelope(callback(SECRET, inner=b"{}").replace(b"message_new", kind.encode()))) == ()
