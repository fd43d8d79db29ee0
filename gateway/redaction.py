"""What must not be shown? A source's secrets, wherever they stand in what came in."""

from __future__ import annotations

from collections.abc import Iterable

MARK = "••••"
SHORTEST = 6
"""A shorter secret would blank half of every text; such a one is no secret."""


def blank(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret blanked."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        if len(secret) >= SHORTEST:
            text = text.replace(secret, MARK)
    return text
