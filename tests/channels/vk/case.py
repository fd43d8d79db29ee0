"""How does the shared contract test prove VK's envelopes?"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from channels.base import Account, Envelope
from tests.channels.contract import RECEIVED_AT, ChannelCase

GROUP, SECRET, CODE = 210000001, "s3cr3t_aA1", "c0ffee12"
SETTINGS = {
    "group_id": str(GROUP), "token": "vk1.a.test-token-of-the-case", "secret": SECRET, "confirmation": CODE,
    "mode": "callback",
}  # fmt: skip
ACCOUNT = Account(
    source_id="0190a000-0000-7000-8000-000000000001",
    settings=SETTINGS,
    hook_url="https://inbox.example.com/hooks/0190a000-0000-7000-8000-000000000001/key",
)


def envelope(body: bytes, path: str = "") -> Envelope:
    """A callback with this body."""
    return Envelope(
        body=body, received_at=RECEIVED_AT, path=path, headers={"content-type": "application/json"}
    )


def proven(fixture: Path) -> Envelope:
    """The fixtures hold the secret, as VK's bodies do."""
    return envelope(fixture.read_bytes())


def callback(secret: object, group: object = GROUP, inner: bytes = b"{}") -> bytes:
    """A message_new with `inner` as its object, byte for byte."""
    head = json.dumps({"type": "message_new", "group_id": group, "event_id": "e1", "v": "5.199"})[:-1]
    told = b"" if secret is None else b', "secret": ' + json.dumps(secret).encode()
    return head.encode() + told + b', "object": ' + inner + b"}"


def unsigned(body: bytes) -> bytes:
    """The same event with another secret; what is no event stays as it is."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return body
    return json.dumps({**event, "secret": "s3cr3t_aA2"}).encode() if isinstance(event, dict) else body


def forged(body: bytes) -> Iterable[Envelope]:
    """With a wrong secret, without one, with one that is no text, and from another community."""
    yield envelope(unsigned(body))
    for secret in (None, "", "s3cr3t_aA2", "сѐкрет_💥", 7, True, None, ["s3cr3t_aA1"], {"s3cr3t_aA1": 1}):
        yield envelope(callback(secret, inner=body))
    for group in (210000002, "210000001", 2.1e8, -GROUP, 10**40, None, [GROUP]):
        yield envelope(callback(SECRET, group, inner=body))


def hostile(body: bytes) -> Iterable[Envelope]:
    """The bytes inside an event that bears the secret, as object and as message."""
    yield envelope(callback(SECRET, inner=body))
    yield envelope(callback(SECRET, inner=b'{"message": ' + body + b"}"))
    message = b'{"id": 1, "peer_id": 5, "from_id": 5, "text": %s, "attachments": [%s], "fwd_messages": %s}'
    yield envelope(callback(SECRET, inner=message % (body, body, body)))


CASE = ChannelCase(
    account=ACCOUNT,
    proven=proven,
    forged=forged,
    hostile=hostile,
    unproven_fixtures=(
        envelope(json.dumps({"type": "confirmation", "group_id": GROUP + 1}).encode()),
        envelope(json.dumps({"type": "confirmation", "group_id": GROUP, "secret": "wrong"}).encode()),
        envelope(json.dumps({"type": "confirmation"}).encode()),
        envelope(b""),
    ),
    ways=({}, {"mode": "longpoll"}),
    skipped_doings={"video": "VK gives no file address of a video: test_parse, message_new__video"},
)
