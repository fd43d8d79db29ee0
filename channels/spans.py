"""Where does a styled stretch lie for a network that counts UTF-16 units?

Telegram and VK count so, we count code points; they differ as soon as an emoji is there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from channels.events import Span, SpanStyle


class Ruler:
    """One text, measured both ways."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: Sequence[int]
        if text.isascii() or max(text) <= "\uffff":
            self._starts = range(len(text) + 1)
        else:
            self._starts = tuple(accumulate((1 + (one > "\uffff") for one in text), initial=0))

    def point(self, unit: int) -> int | None:
        """The character that begins at this unit; None: none does."""
        place = bisect_left(self._starts, unit)
        return place if place < len(self._starts) and self._starts[place] == unit else None

    def stretch(self, offset: int, length: int) -> tuple[int, int] | None:
        """First character and the one after the last; None for what is empty or cuts a character."""
        start, end = self.point(offset), self.point(offset + length)
        return None if start is None or end is None or end <= start else (start, end)

    def span(self, offset: int, length: int, style: SpanStyle, url: str = "") -> Span | None:
        """The network's stretch as ours; None for a bent one."""
        found = self.stretch(offset, length)
        return (
            None if found is None else Span(start=found[0], length=found[1] - found[0], style=style, url=url)
        )

    def units(self, span: Span) -> tuple[int, int] | None:
        """Offset and length of our stretch as the network counts, blanks at its end left out; None: nothing is left."""
        start, end = max(span.start, 0), min(span.start + span.length, len(self._text))
        while end > start and self._text[end - 1].isspace():
            end -= 1
        return (self._starts[start], self._starts[end] - self._starts[start]) if start < end else None


def nested(spans: Iterable[Span | None]) -> Iterator[Span]:
    """Outer before inner; those that cross an earlier one are left out."""
    ordered = sorted((one for one in spans if one is not None), key=lambda one: (one.start, -one.length))
    open_ends: list[int] = []
    for span in ordered:
        end = span.start + span.length
        while open_ends and open_ends[-1] <= span.start:
            open_ends.pop()
        if open_ends and end > open_ends[-1]:
            continue
        open_ends.append(end)
        yield span
