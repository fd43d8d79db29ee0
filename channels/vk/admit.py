"""Is this from our community, and how is it kept?

Callback API: only the field `secret` of the body proves the sender, there is no signature. Success is the
body `ok` and nothing else; `remove` would delete the callback server. Source:
dev.vk.com/api/callback/getting-started.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any

import msgspec

from channels.base import Admitted, Envelope, Reply
from channels.errors import WebhookRefused

OK = Reply(body=b"ok")
NOT_SET = Reply(status=409, body=b"the confirmation string is not set")
CODE = re.compile(r"[0-9A-Za-z_-]{1,64}")
LONGEST_KEY = 200


class Head(msgspec.Struct):
    """What is read before anything is proven. `object` stays bytes."""

    group_id: int = 0
    type: Any = None
    secret: Any = None
    event_id: Any = None
    object: msgspec.Raw = msgspec.Raw()


class _Place(msgspec.Struct):
    peer_id: int | None = None
    user_id: int | None = None


class _Object(msgspec.Struct):
    peer_id: int | None = None
    user_id: int | None = None
    message: _Place | None = None


_head = msgspec.json.Decoder(Head)
_object = msgspec.json.Decoder(_Object)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """What a request is measured by. An empty secret proves nothing."""

    group_id: int
    secret: str
    confirmation: str


def read_head(body: bytes) -> Head:
    """The outer fields. Raises WebhookRefused when they cannot be read: nothing is proven then."""
    try:
        return _head.decode(body)
    except (ValueError, RecursionError):
        raise WebhookRefused("not an event of VK") from None


def admit(envelope: Envelope, proof: Proof) -> Admitted:
    """Raises WebhookRefused unless group and secret are ours. A confirmation may come without a secret."""
    head = read_head(envelope.body)
    if not proof.group_id or head.group_id != proof.group_id:
        raise WebhookRefused("another community", code="wrong_group")
    if head.type == "confirmation":
        if head.secret not in (None, "") and not _same(proof.secret, head.secret):
            raise WebhookRefused("another secret", code="wrong_secret")
        return Admitted(reply=_confirmation(envelope, proof), keep=False)
    if not _same(proof.secret, head.secret):
        raise WebhookRefused("another secret", code="wrong_secret")
    return Admitted(key=key_of(head, envelope.body), lane=lane_of(head), reply=OK)


def key_of(head: Head, body: bytes) -> str:
    """The event's id, the same by callback and by long poll; a hash of the body where VK sent none."""
    if isinstance(head.event_id, str) and 0 < len(head.event_id) <= LONGEST_KEY:
        return head.event_id
    return hashlib.sha256(body).hexdigest()


def lane_of(head: Head) -> str:
    """The dialog it belongs to; "" for what is about no dialog."""
    try:
        found = _object.decode(head.object)
    except (ValueError, RecursionError):
        return ""
    place = found.message or found
    peer = place.peer_id or place.user_id or 0
    return str(peer) if peer else ""


def _same(expected: str, given: object) -> bool:
    if not expected or not isinstance(given, str):
        return False
    return hmac.compare_digest(
        expected.encode("utf-8", "surrogatepass"), given.encode("utf-8", "surrogatepass")
    )


def _confirmation(envelope: Envelope, proof: Proof) -> Reply:
    """`connect` registers the address with the string at its end: any process can answer."""
    code = envelope.path.strip("/")
    if CODE.fullmatch(code):
        return Reply(body=code.encode())
    # An address pasted by hand has no string in it: that one was pasted too.
    return Reply(body=proof.confirmation.encode()) if proof.confirmation else NOT_SET
