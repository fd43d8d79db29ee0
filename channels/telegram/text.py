"""How do Telegram's formatted texts and our styled ones become each other?

Telegram counts in UTF-16 units (Bot API: MessageEntity), we count code points; they differ as soon as an emoji is there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Final, Literal, TypeAlias

from channels.events import Span, SpanStyle
from channels.telegram.wire import Entity

MOST: Final = 100
"""Bot API: a message has at most 100 entities; later ones are passed over."""
STYLES: Final[Mapping[str, SpanStyle]] = {
    "bold": "bold", "italic": "italic", "underline": "underline", "strikethrough": "strike", "code": "code",
    "pre": "pre", "blockquote": "quote", "expandable_blockquote": "quote", "spoiler": "spoiler",
    "text_link": "link",
}  # fmt: skip
EntityType: TypeAlias = Literal[
    "bold", "italic", "underline", "strikethrough", "code", "pre", "blockquote", "spoiler", "text_link"
]
ENTITIES: Final[Mapping[SpanStyle, EntityType]] = {
    "bold": "bold", "italic": "italic", "underline": "underline", "strike": "strikethrough", "code": "code",
    "pre": "pre", "quote": "blockquote", "spoiler": "spoiler", "link": "text_link",
}  # fmt: skip
LINKS: Final = ("http://", "https://", "mailto:", "tel:", "tg://")


def units(text: str) -> int:
    """Its length as Telegram counts: UTF-16 code units (Bot API: MessageEntity)."""
    return len(text) + sum(character > "\uffff" for character in text)


def spans_of(text: str, entities: Sequence[Entity] | None) -> tuple[Span, ...]:
    """The styled stretches, outer before inner; bent ones and ones that cross an earlier one are left out."""
    if not entities:
        return ()
    starts = _starts(text)
    found = (_span(entity, starts) for entity in entities[:MOST] if entity.type in STYLES)
    ordered = sorted((span for span in found if span is not None), key=lambda one: (one.start, -one.length))
    return tuple(_nested(ordered))


def part_of(text: str, entity: Entity) -> str:
    """The words under an entity; "" when it is bent."""
    starts = _starts(text)
    start, end = _point(starts, entity.offset), _point(starts, entity.offset + entity.length)
    return "" if start is None or end is None else text[start:end]


def entities_of(text: str, spans: Iterable[Span]) -> list[tuple[EntityType, int, int, str]]:
    """Type, offset, length and link of each stretch, as Telegram counts. Blanks at an end are left plain, as the server
    would leave them."""
    starts = _starts(text)
    found: list[tuple[EntityType, int, int, str]] = []
    for span in spans:
        start, end = max(span.start, 0), min(span.start + span.length, len(text))
        while end > start and text[end - 1].isspace():
            end -= 1
        if start < end and len(found) < MOST:
            found.append((ENTITIES[span.style], starts[start], starts[end] - starts[start], span.url))
    return found


def _starts(text: str) -> Sequence[int]:
    """Where each character begins in UTF-16 units, and where the text ends."""
    if text.isascii() or max(text) <= "\uffff":
        return range(len(text) + 1)
    return tuple(accumulate((1 + (character > "\uffff") for character in text), initial=0))


def _point(starts: Sequence[int], unit: int) -> int | None:
    """The character that begins at this unit; None: none does."""
    place = bisect_left(starts, unit)
    return place if place < len(starts) and starts[place] == unit else None


def _span(entity: Entity, starts: Sequence[int]) -> Span | None:
    start, end = _point(starts, entity.offset), _point(starts, entity.offset + entity.length)
    if start is None or end is None or end <= start:
        return None
    style = STYLES[entity.type]
    url = (entity.url or "") if style == "link" else ""
    if style == "link" and not url.lower().startswith(LINKS):
        return None
    return Span(start=start, length=end - start, style=style, url=url)


def _nested(spans: Iterable[Span]) -> Iterable[Span]:
    open_ends: list[int] = []
    for span in spans:
        end = span.start + span.length
        while open_ends and open_ends[-1] <= span.start:
            open_ends.pop()
        if open_ends and end > open_ends[-1]:
            continue
        open_ends.append(end)
        yield span
