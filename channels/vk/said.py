"""What does one message say, with everything that hangs on it and everything it forwards?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from channels.events import Attachment, Location, MessageKind, Quoted, Span
from channels.values import value
from channels.vk.attachments import Part, parts_of
from channels.vk.styles import spans_of
from channels.vk.wire import Json, micros, number, page, real, rows, table, words

LONGEST = 30_000
DEEPEST = 8
MOST_FORWARDED = 200
MOST_FILES = 200
LONGEST_QUOTED = 5000
MENTION = re.compile(r"\[(?:id|club|public|event)\d+\|([^\]\[]+)\]")
"""VK writes a mention as [id1|Name]; people read the name."""


@value(frozen=True, kw_only=True, slots=True)
class Said:
    """The parts of a message that are the same whoever wrote it, and in an edit of it."""

    kind: MessageKind
    text: str
    spans: tuple[Span, ...]
    forwards: tuple[Quoted, ...]
    attachments: tuple[Attachment, ...]
    location: Location | None
    reply_to: str
    forwarded_from: str
    unsupported: str


def said(message: Json, peer: int) -> Said:
    """Read it. Never empty: what cannot be shown is named."""
    own, carried = parts_of(message), _Carried()
    forwards = tuple(carried.all(rows(message, "fwd_messages")))
    typed = plain(message)
    text = _lines(typed, *(part.line for part in own))
    every = [*own, *carried.parts]
    files = tuple(part.file for part in every if part.file is not None)[:MOST_FILES]
    location = _location(message)
    unknown = _unknown(message, every)
    kind = _kind(message, own, files, location, text or ("…" if forwards else ""))
    if kind == "unsupported" and not unknown:
        unknown = "empty"
    return Said(
        kind=kind, text=text, spans=spans_of(message, typed), forwards=forwards, attachments=files,
        location=location, reply_to=_reply_to(message, peer), forwarded_from=_origin(forwards), unsupported=unknown,
    )  # fmt: skip


def _lines(*lines: str) -> str:
    return "\n".join(filter(None, lines))[:LONGEST]


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
    """VK's words for what is not shown, once each."""
    found = [part.unknown for part in parts if part.unknown]
    found += [flag for flag in ("is_expired", "is_unavailable") if message.get(flag) is True]
    return ", ".join(dict.fromkeys(found))[:200]


class _Carried:
    """Forwarded messages and those inside them, no deeper and no more than makes sense."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        """What hangs on them, in reading order."""
        self._left = MOST_FORWARDED

    def all(self, messages: list[Json], depth: int = 1) -> Iterator[Quoted]:
        """Each as it stands in the message that carries it."""
        for message in messages:
            if self._left <= 0:
                return
            self._left -= 1
            yield self._one(message, depth)

    def _one(self, message: Json, depth: int) -> Quoted:
        parts = parts_of(message)
        self.parts += parts
        deeper = [one for one in (table(message, "reply_message"), *rows(message, "fwd_messages")) if one]
        return Quoted(
            author=page(number(message, "from_id")),
            at=micros(message, "date", 0),
            text=_lines(plain(message), *(part.line for part in parts))[:LONGEST_QUOTED],
            within=tuple(self.all(deeper, depth + 1)) if depth < DEEPEST else (),
        )


def _origin(forwards: tuple[Quoted, ...]) -> str:
    return ", ".join(list(dict.fromkeys(quoted.author for quoted in forwards))[:3])


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
