"""Where may a long text be cut?

At a paragraph, a line, a sentence, a word, and only then inside a word; never inside one visible sign, nor inside a link
that fits into a part.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A styled stretch of a text, counted in code points."""

    start: int
    length: int
    style: str
    url: str = ""

    @property
    def end(self) -> int:
        """Where the stretch is over."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a text; its stretches count from its own beginning."""

    text: str
    stretches: tuple[Stretch, ...] = ()


def split(text: str, limit: int, unit: Unit = "codepoints") -> tuple[str, ...]:
    """Parts of at most `limit` (16 or more), no white space at the cuts; () for a blank text."""
    return tuple(piece.text for piece in cut(text, (), limit, unit))


def cut(text: str, stretches: Sequence[Stretch], limit: int, unit: Unit = "codepoints") -> tuple[Piece, ...]:
    """As `split`, with the styles of each part: a stretch that goes over a cut goes on behind it, a link is kept whole."""
    if limit < 16:
        raise ValueError("no network takes so little")
    links = [(one.start, one.end) for one in stretches if one.style == "link"]
    return tuple(
        Piece(text[start:end], tuple(_within(stretches, start, end)))
        for start, end in _places(text, links, limit, unit)
    )


def _places(text: str, links: Sequence[tuple[int, int]], limit: int, unit: Unit) -> Iterator[tuple[int, int]]:
    """Beginning and end of each part."""
    start, last = len(text) - len(text.lstrip()), len(text.rstrip())
    while start < last:
        rest = text[start:last]
        fits = _fitting(rest, limit, unit)
        if fits < len(rest):
            fits = _outside(start + _sensible(rest, fits), start, links) - start
        yield start, start + len(rest[:fits].rstrip())
        start += fits
        start += len(text[start:last]) - len(text[start:last].lstrip())


def _outside(cut: int, start: int, links: Sequence[tuple[int, int]]) -> int:
    """The cut, or the beginning of the link it would go through, if anything stands before that link."""
    return next((begin for begin, end in links if start < begin < cut < end), cut)


def _within(stretches: Sequence[Stretch], start: int, end: int) -> Iterator[Stretch]:
    for one in stretches:
        begin, over = max(one.start, start), min(one.end, end)
        if begin < over:
            yield replace(one, start=begin - start, length=over - begin)


def plainly(text: str, stretches: Sequence[Stretch], shown: Collection[str]) -> Piece:
    """What a network that shows only some styles is given: a link it cannot show stands behind its words in brackets."""
    added = [
        (one.end, f" ({one.url})")
        for one in stretches
        if one.style == "link" and "link" not in shown and one.url.rstrip("/") not in text
    ]
    for place, words in sorted(added, reverse=True):
        text = text[:place] + words + text[place:]
    kept = [one for one in stretches if one.style in shown]
    return Piece(text, tuple(_moved(one, added) for one in kept))


def _moved(one: Stretch, added: Sequence[tuple[int, str]]) -> Stretch:
    """Where a stretch lies once words were put in; those put in at its very end stay outside."""
    before = sum(len(words) for place, words in added if place <= one.start)
    within = sum(len(words) for place, words in added if one.start < place < one.end)
    return replace(one, start=one.start + before, length=one.length + within)


def fitted(
    text: str, stretches: Sequence[Stretch], shown: Collection[str], limit: int, unit: Unit = "codepoints"
) -> tuple[Piece, ...]:
    """As `cut`, in the styles the network shows."""
    piece = plainly(text, stretches, shown)
    return cut(piece.text, piece.stretches, limit, unit)


def crossing(stretches: Sequence[Stretch], length: int) -> bool:
    """Whether any lies outside a text of this length, or two of them cross instead of nesting."""
    within = all(one.start >= 0 and one.length > 0 and one.end <= length for one in stretches)
    pairs = ((one, other) for one in stretches for other in stretches)
    return not within or any(one.start < other.start < one.end < other.end for one, other in pairs)


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
