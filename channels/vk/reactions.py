"""Which reaction has which number on VK? VK documents only the numbers; the order is the one its own clients show."""

from __future__ import annotations

from typing import Final

EMOJIS: Final = (
    "❤️", "🔥", "😂", "👍", "💩", "❓", "😭", "😡", "👎", "👌", "😃", "🤔", "🙏", "😘", "😍", "🎉",
)  # fmt: skip
"""Numbers 1 to 16."""
LAST: Final = 64
OFFERED: Final = ("👍", "❤️", "🔥", "🙏", "👌", "🎉", "😂", "😃", "😍", "🤔", "😭")
"""What we put under a client's message: those whose meaning nobody mistakes."""


def emojis_of(number: int) -> tuple[str, ...]:
    """No number: taken away. A number that we have no picture for is shown as it is."""
    if not 0 < number <= LAST:
        return ()
    return (EMOJIS[number - 1] if number <= len(EMOJIS) else f"#{number}",)


def number_of(emoji: str) -> int:
    """VK's number of an emoji; 0: VK has none."""
    return EMOJIS.index(emoji) + 1 if emoji in EMOJIS else 0
