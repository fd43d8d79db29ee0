"""How do we know our own letters again?

A letter of ours is called `gw.<outbox key>.<tag>@<our domain>`: the same at every attempt, known
before any network is touched, and with a tag that only this source can make.
"""

from __future__ import annotations

import hashlib
import hmac
import re

_OURS = re.compile(r"gw\.([A-Za-z0-9._-]{1,80})\.([0-9a-f]{12})@[^\s@]+")
PROBE = "probe-"
"""Keys that begin so belong to the letters with which a mailbox is tried out."""


def mint(secret: str, key: str, domain: str) -> str:
    """The Message-ID of our letter, without brackets."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", key)[:80]
    return f"gw.{plain}.{_tag(secret, plain)}@{domain}"


def key_of(secret: str, message_id: str) -> str | None:
    """The key in a Message-ID that this source minted; None: somebody else's, or forged."""
    found = _OURS.fullmatch(message_id)
    if found is None or not hmac.compare_digest(found[2].encode(), _tag(secret, found[1]).encode()):
        return None
    return found[1]


def ours_in_address(secret: str, address: str, domain: str) -> str:
    """The id of the letter whose token stands in an address; "" when there is none of ours."""
    token = address.partition("@")[0].partition("+")[2]
    made = f"{token}@{domain}"
    return made if token and key_of(secret, made) is not None else ""


def _tag(secret: str, key: str) -> str:
    return hmac.new(secret.encode(), b"message-id:" + key.encode(), hashlib.sha256).hexdigest()[:12]
