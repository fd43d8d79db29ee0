"""How is a formatted text of Telegram read as plain words?"""

from __future__ import annotations

from collections.abc import Sequence

from channels.telegram.wire import Entity

LINKS = 200


def units(text: str) -> int:
    """Its length as Telegram counts: UTF-16 code units (Bot API: MessageEntity)."""
    return len(text) + sum(character > "\uffff" for character in text)


def readable(text: str, entities: Sequence[Entity] | None) -> str:
    """The words, with the address of every hidden link in brackets behind the words it lies under."""
    links = [(one.offset, one.offset + one.length, one.url) for one in entities or () if _hidden(one)]
    if not links:
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    parts, done = [], 0
    for start, end, url in sorted(links, key=lambda link: link[1])[:LINKS]:
        if start < 0 or end <= start or end * 2 > len(raw):
            continue
        parts.append(_decoded(raw[done : end * 2]))
        done = end * 2
        if _decoded(raw[start * 2 : end * 2]) != url:
            parts.append(f" ({url})")
    return "".join((*parts, _decoded(raw[done:])))


def _hidden(entity: Entity) -> bool:
    return entity.type == "text_link" and bool(entity.url)


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-16-le", "replace")
