"""How do VK's formatted texts and our styled ones become each other?

`format_data` of a message: {"version": 1, "items": [{"type": "bold", "offset": 0, "length": 4}]}, counted in UTF-16
units. Source: dev.vk.com/reference/objects/message; the schema 5.199 does not list it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from channels.events import Span, SpanStyle
from channels.spans import Ruler, nested
from channels.vk.wire import Json, number, rows, words

MOST: Final = 100
SHOWN: Final[Mapping[str, SpanStyle]] = {
    "bold": "bold", "italic": "italic", "underline": "underline", "url": "link",
}  # fmt: skip
NAMES: Final[Mapping[SpanStyle, str]] = {style: name for name, style in SHOWN.items()}
LINKS: Final = ("http://", "https://")


def spans_of(message: Json, typed: str) -> tuple[Span, ...]:
    """The styled stretches of what was typed; none where a mention was reworded, for the offsets count its raw form."""
    if typed != words(message, "text"):
        return ()
    ruler = Ruler(typed)
    return tuple(nested(_span(ruler, item) for item in rows(_format(message), "items")[:MOST]))


def _format(message: Json) -> Json:
    found: Any = message.get("format_data")
    if isinstance(found, str):
        try:
            found = msgspec.json.decode(found)
        except (ValueError, RecursionError):
            return {}
    return found if isinstance(found, dict) else {}


def _span(ruler: Ruler, item: Json) -> Span | None:
    style = SHOWN.get(words(item, "type"))
    url = words(item, "url") if style == "link" else ""
    if style is None or (style == "link" and not url.lower().startswith(LINKS)):
        return None
    return ruler.span(number(item, "offset"), number(item, "length"), style, url)


def format_data(text: str, spans: Iterable[Span]) -> str:
    """The parameter of messages.send; "" when nothing is styled."""
    ruler = Ruler(text)
    items = []
    for span in spans:
        name, units = NAMES.get(span.style), ruler.units(span)
        if name is not None and units is not None:
            item = {"type": name, "offset": units[0], "length": units[1]}
            items.append({**item, "url": span.url} if span.url else item)
    return json.dumps({"version": 1, "items": items[:MOST]}) if items else ""
