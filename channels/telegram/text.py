"""How do Telegram's formatted texts and our styled ones become each other?

Telegram counts in UTF-16 units (Bot API: MessageEntity), we count code points; they differ as soon as an emoji is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from channels.events import Span, SpanStyle
from channels.spans import Ruler, nested
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
    ruler = Ruler(text)
    return tuple(nested(_span(ruler, entity) for entity in entities[:MOST] if entity.type in STYLES))


def part_of(text: str, entity: Entity) -> str:
    """The words under an entity; "" when it is bent."""
    found = Ruler(text).stretch(entity.offset, entity.length)
    return "" if found is None else text[found[0] : found[1]]


def entities_of(text: str, spans: Iterable[Span]) -> list[tuple[EntityType, int, int, str]]:
    """Type, offset, length and link of each stretch, as Telegram counts. Blanks at an end are left plain, as the server
    would leave them."""
    ruler = Ruler(text)
    measured = ((span, ruler.units(span)) for span in spans)
    found = [(ENTITIES[span.style], *units, span.url) for span, units in measured if units is not None]
    return found[:MOST]


def _span(ruler: Ruler, entity: Entity) -> Span | None:
    style = STYLES[entity.type]
    url = (entity.url or "") if style == "link" else ""
    if style == "link" and not url.lower().startswith(LINKS):
        return None
    return ruler.span(entity.offset, entity.length, style, url)
