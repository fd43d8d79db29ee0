"""What does one message say, with everything that hangs on it and everything it forwards?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from channels.events import Attachment, Location, MessageKind
from channels.vk.attachments import Part, parts_of
from channels.vk.wire import Json, number, page, real, rows, table, words

LONGEST = 30_000
DEEPEST = 8
MOST_FORWARDED = 200
MOST_FILES = 200
MENTION = re.compile(r"\[(?:id|club|public|event)\d+\|([^\]\[]+)\]")
"""VK writes a mention as [id1|Name]; people read the name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """The parts of a message that are the same whoever wrote it, and in an edit of it."""

    kind: MessageKind
    text: str
    attachments: tuple[Attachment, ...]
    location: Location | None
    reply_to: str
    forwarded_from: str
    unsupported: str


def said(message: Json, peer: int) -> Said:
    """Read it. Never empty: what cannot be shown is named."""
    forwards = list(_forwards(message))
    own, passed_on = parts_of(message), [parts_of(inner) for _, inner in forwards]
    every = [*own, *(part for parts in passed_on for part in parts)]
    quotes = [_quote(depth, inner, parts) for (depth, inner), parts in zip(forwards, passed_on, strict=True)]
    text = "\n".join(filter(None, (plain(message), *(part.line for part in own), *quotes)))[:LONGEST]
    files = tuple(part.file for part in every if part.file is not None)[:MOST_FILES]
    location = _location(message)
    unknown = _unknown(message, every)
    kind = _kind(message, own, files, location, text)
    if kind == "unsupported" and not unknown:
        unknown = "empty"
    return Said(
        kind=kind, text=text, attachments=files, location=location, reply_to=_reply_to(message, peer),
        forwarded_from=_origin(forwards), unsupported=unknown,
    )  # fmt: skip


def plain(message: Json) -> str:
    """The words typed; `body` is what versions before 5.80 call them."""
    return MENTION.sub(r"\1", words(message, "text") or words(message, "body"))


def payload_of(source: Json) -> str:
    """A button's payload as JSON: a string in a message, an object in a message_event."""
    found = source.get("payload")
    if isinstance(found, str):
        return found[:LONGEST]
    if found is None:
        return ""
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))[:LONGEST]


def _kind(
    message: Json, own: list[Part], files: tuple[Attachment, ...], location: Location | None, text: str
) -> MessageKind:
    if files:
        return files[0].kind
    if hints := [part.kind for part in own if part.kind is not None]:
        return hints[0]
    if location is not None:
        return "location"
    if text:
        return "button" if payload_of(message) else "text"
    return "unsupported"


def _unknown(message: Json, parts: list[Part]) -> str:
    """VK's words for what is not shown, once each. `is_cropped`: VK left a part of it out for bots."""
    found = [part.unknown for part in parts if part.unknown]
    found += [flag for flag in ("is_cropped", "is_expired", "is_unavailable") if message.get(flag) is True]
    return ", ".join(dict.fromkeys(found))[:200]


def _forwards(message: Json, depth: int = 1) -> Iterator[tuple[int, Json]]:
    """Forwarded messages and those inside them, in reading order, no deeper and no more than makes sense."""
    pending = [(depth, inner) for inner in reversed(rows(message, "fwd_messages"))]
    for _ in range(MOST_FORWARDED):
        if not pending:
            return
        depth, inner = pending.pop()
        yield depth, inner
        if depth < DEEPEST:
            deeper = [table(inner, "reply_message"), *rows(inner, "fwd_messages")]
            pending += [(depth + 1, message) for message in reversed(deeper) if message]


def _quote(depth: int, inner: Json, parts: list[Part]) -> str:
    """A forwarded message as a letter would quote it."""
    body = "\n".join(filter(None, (plain(inner), *(part.line for part in parts))))
    lines = [f"{page(number(inner, 'from_id'))}:", *body.splitlines()]
    return "\n".join("> " * depth + line for line in lines)


def _origin(forwards: list[tuple[int, Json]]) -> str:
    names = dict.fromkeys(page(number(inner, "from_id")) for depth, inner in forwards if depth == 1)
    return ", ".join(list(names)[:3])


def _reply_to(message: Json, peer: int) -> str:
    quoted = table(message, "reply_message")
    cmid = number(quoted, "conversation_message_id")
    return f"{peer}:{cmid}" if cmid > 0 else ""


def _location(message: Json) -> Location | None:
    geo = table(message, "geo")
    spot, place = table(geo, "coordinates"), table(geo, "place")
    latitude, longitude = real(spot, "latitude"), real(spot, "longitude")
    if latitude is None or longitude is None or not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return None
    return Location(
        latitude=latitude, longitude=longitude, title=words(place, "title"), address=words(place, "address")
    )
