"""Where may a long text be cut?

At a paragraph, a line, a sentence, a word, and only then inside a word; never inside one visible sign.
"""

from __future__ import annotations

import unicodedata
from typing import Final, Literal, TypeAlias

Unit: TypeAlias = Literal["codepoints", "utf16", "bytes"]

PLACES: Final = ("\n\n", "\n", ". ", "! ", "? ", "… ", "; ", ", ", " ")
LATEST: Final = 0.5
"""A place in the first half of a part is passed over for a lesser one further on."""
JOINERS: Final = frozenset({"\u200d", "\ufe0f", "\ufe0e"})


def length(text: str, unit: Unit = "codepoints") -> int:
    """The length as a network counts it."""
    match unit:
        case "utf16":
            return len(text) + sum(sign > "\uffff" for sign in text)
        case "bytes":
            return len(text.encode("utf-8", "surrogatepass"))
    return len(text)


def split(text: str, limit: int, unit: Unit = "codepoints") -> tuple[str, ...]:
    """Parts of at most `limit` (16 or more), no white space at the cuts; () for a blank text."""
    if limit < 16:
        raise ValueError("no network takes so little")
    parts: list[str] = []
    rest = text.strip()
    while rest:
        fits = _fitting(rest, limit, unit)
        cut = fits if fits == len(rest) else _sensible(rest, fits)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return tuple(parts)


def _fitting(text: str, limit: int, unit: Unit) -> int:
    """How many characters from the start fit."""
    if unit == "codepoints":
        return min(limit, len(text))
    used = 0
    for index, sign in enumerate(text):
        used += length(sign, unit)
        if used > limit:
            return index
    return len(text)


def _sensible(text: str, fits: int) -> int:
    """The best place to cut at or before `fits`."""
    for place in PLACES:
        found = text.rfind(place, 0, fits + 1)
        cut = found + len(place.rstrip())
        if found >= fits * LATEST and 0 < cut <= fits:
            return cut
    space = text.rfind(" ", 0, fits + 1)
    if space > 0:
        return space
    cut = fits
    while cut > 1 and (_joined(text[cut]) or text[cut - 1] == "\u200d"):
        cut -= 1
    return cut if cut > 1 else fits


def _joined(sign: str) -> bool:
    """Whether the sign belongs to the one before it."""
    return sign in JOINERS or unicodedata.combining(sign) != 0 or "\U0001f3fb" <= sign <= "\U0001f3ff"
