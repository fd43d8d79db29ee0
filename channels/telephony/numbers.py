"""Whose number is it: a client's, an extension of ours, or nobody's?"""

from __future__ import annotations

import re

from channels.events import Identity
from channels.phones import e164

SHORTEST_OUTER = 7
"""Digits from which a number is an outer one; shorter ones are extensions."""
HIDDEN = frozenset(
    {"anonymous", "unknown", "hidden", "private", "restricted", "unavailable", "withheld", "-", "none"}
)


def bare(written: str) -> str:
    """The user part of sip:user@host;params, tel:+7…, or the number itself."""
    text = written.strip().strip('"').strip()
    text = re.sub(r"^(sips?|tel):", "", text, flags=re.IGNORECASE)
    return text.partition("@")[0].partition(";")[0].strip()


def outer(written: str, region: str = "RU") -> str:
    """An outer number in E.164, or its digits where it is none; "" for extensions, names and hidden
    numbers."""
    text = bare(written)
    if not text or text.casefold() in HIDDEN or "*" in text:
        return ""
    digits = re.sub(r"\D", "", text)
    if len(digits) < SHORTEST_OUTER or re.search(r"[^\W\d_]", text):
        return ""
    return e164(text[:64], region) or e164("+" + digits[:20], region) or digits[:20]


def client_of(written: str, region: str = "RU") -> Identity | None:
    """The identity behind an outer number; None where it is hidden or no outer number."""
    number = outer(written, region)
    return Identity(kind="phone", value=number) if number else None


def extension(written: str) -> str:
    """A short number of ours, or a login: 101, 000*306 (extension 306), ivanov; "" for an outer number."""
    text = bare(written)
    if text.casefold() in HIDDEN:
        return ""
    text = text.rpartition("*")[2]
    return "" if len(re.sub(r"\D", "", text)) >= SHORTEST_OUTER and text.lstrip("+").isdigit() else text[:64]
