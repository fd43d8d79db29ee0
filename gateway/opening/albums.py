"""What does an album say, whose parts come one by one in any order, each perhaps with words of its own?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from channels.events import Span
from storage.board import Message

PARTS: Final = "parts"
"""In the message's content: a part's number -> its words and their styles."""


def part_of(seq: int, text: str, spans: Sequence[Span]) -> dict[str, Any]:
    """What one part says, as it is kept; {} when it says nothing."""
    return {str(seq): {"text": text, "spans": [span_json(span) for span in spans]}} if text else {}


def words_of(message: Message, seq: int, text: str, spans: Sequence[Span]) -> tuple[str, dict[str, Any]]:
    """The album's words and content once this part says this: the parts' words in the parts' order, the same words once."""
    if PARTS not in message.content and message.text:  # kept before parts were told apart
        return text or message.text, message.content
    parts = {**message.content.get(PARTS, {})}
    parts.pop(str(seq), None)
    parts |= part_of(seq, text, spans)
    said: list[str] = []
    styled: list[dict[str, Any]] = []
    for number in sorted(parts, key=int):
        if parts[number]["text"] in said:
            continue
        start = sum(len(words) + 1 for words in said)
        styled += [{**span, "start": span["start"] + start} for span in parts[number]["spans"]]
        said.append(parts[number]["text"])
    content = {name: value for name, value in message.content.items() if name not in (PARTS, "spans")}
    return "\n".join(said), content | {PARTS: parts} | ({"spans": styled} if styled else {})


def span_json(span: Span) -> dict[str, Any]:
    """A styled stretch as the screen takes it."""
    styled: dict[str, Any] = {"start": span.start, "length": span.length, "style": span.style}
    return {**styled, "url": span.url} if span.url else styled
