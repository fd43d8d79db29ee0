"""Which telephone numbers and addresses stand in a letter's signature?

What somebody types below a letter only suggests who they are: signatures are copied, forwarded, and a secretary writes for
a director. So nothing but a few addresses is taken from there, and no more than a question is made of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from channels.email.reply import own_lines
from channels.events import Identity
from channels.phones import e164

MOST_LINES: Final = 15
MOST: Final = 5
"""More addresses than that are a list, not a signature."""
_DASHES = re.compile(r"^--\s?$")
_CLOSING = re.compile(
    r"^\s*(?:с\s+(?:наилучшими|добрыми|глубоким|искренним)?\s*(?:уважением|пожеланиями)|с наилучшими|всего (?:доброго|наилучшего)"
    r"|искренне ваш\w?|(?:best|kind|warm)\s+(?:regards|wishes)|regards|sincerely|yours (?:faithfully|sincerely|truly)"
    r"|mit freundlichen grüßen)\b",
    re.I,
)
_NOT_THEIRS = re.compile(r"\b(?:факс|fax)\b", re.I)
_NUMBER = re.compile(r"(?<![\w@.+-])\+?\d(?:[\s().–-]{0,3}\d){9,13}(?![\w@])")
_MAIL = re.compile(r"(?<![\w.+-])[a-z0-9][\w.+-]{0,63}@(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24}(?![\w-])", re.I)


def signed(text: str) -> tuple[Identity, ...]:
    """The addresses in the signature of this letter's own words, in their order; () where none can be told from the text."""
    found = dict.fromkeys(one for line in _signature(own_lines(text)) for one in _addresses(line))
    return tuple(found) if len(found) <= MOST else ()


def _signature(lines: list[str]) -> list[str]:
    """The lines behind two dashes, or behind the last closing words with little after them."""
    for at, line in enumerate(lines):
        if _DASHES.match(line):
            return lines[at + 1 : at + 1 + MOST_LINES]
    for at in range(len(lines) - 1, -1, -1):
        if _CLOSING.match(lines[at]):
            rest = lines[at:]
            return rest if sum(bool(line.strip()) for line in rest) <= MOST_LINES else []
    return []


def _addresses(line: str) -> Iterator[Identity]:
    if not _NOT_THEIRS.search(line):
        for number in _NUMBER.findall(line):
            if phone := e164(number, certain=True):
                yield Identity(kind="phone", value=phone)
    for mail in _MAIL.findall(line):
        yield Identity(kind="email", value=mail.lower())
