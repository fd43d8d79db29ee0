"""What does a VK object hold?

Lenient readers of decoded JSON: a field of another type than documented counts as missing, so that a new
field or kind never fails a message. Objects: VKCOM/vk-api-schema 5.199.
"""

from __future__ import annotations

import json
from typing import Any, TypeAlias

import msgspec

from channels.errors import PayloadUnreadable

Json: TypeAlias = dict[str, Any]
BIGGEST = 2**63 - 1
WHOLE = "message_whole"
"""An event that we make ourselves of VK's answer about a cropped message."""
CHATS = 2_000_000_000
"""Peers from here on are group chats: 2000000000 + number of the chat."""
SECOND = 1_000_000
LATEST_DATE = 4_102_444_800
_decode = msgspec.json.Decoder().decode


def decode(body: bytes) -> Json:
    """The JSON object in it. Raises PayloadUnreadable."""
    try:
        found = _loads(body)
    except (ValueError, RecursionError) as error:
        raise PayloadUnreadable(f"not JSON: {type(error).__name__}") from None
    if not isinstance(found, dict):
        raise PayloadUnreadable("not a JSON object")
    return found


def _loads(body: bytes) -> Any:
    try:
        return _decode(body)
    except ValueError:
        return json.loads(body)  # slower, but takes half an emoji: a client's text must not fail on it


def number(source: Json, name: str) -> int:
    """An integer that fits 64 bits; 0 where there is none."""
    value = source.get(name)
    return value if type(value) is int and -BIGGEST <= value <= BIGGEST else 0


def words(source: Json, name: str) -> str:
    """A string; "" where there is none."""
    value = source.get(name)
    return value if isinstance(value, str) else ""


def table(source: Json, name: str) -> Json:
    """An object; {} where there is none."""
    value = source.get(name)
    return value if isinstance(value, dict) else {}


def rows(source: Json, name: str) -> list[Json]:
    """The objects of an array; [] where there is none."""
    value = source.get(name)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def real(source: Json, name: str) -> float | None:
    """A number with a fraction, also when written as a string; None where there is none."""
    value = source.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def micros(source: Json, name: str, otherwise: int) -> int:
    """VK's seconds as microseconds; `otherwise` where there is no sensible date."""
    seconds = number(source, name)
    return seconds * SECOND if 0 < seconds <= LATEST_DATE else otherwise


def page(owner_id: int) -> str:
    """How a person or a community is called where no name is known: its page."""
    return f"id{owner_id}" if owner_id > 0 else f"club{-owner_id}"
