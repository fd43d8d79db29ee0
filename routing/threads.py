"""Which thread does a letter belong to, and may its writer join it?

A letter that names an earlier one is believed only when its writer could know that one: they take part already, come from
a participant's own domain, or name an id that nobody can guess.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_PUBLIC: Final = (
    "gmail.com googlemail.com yandex.ru yandex.com ya.ru yandex.by yandex.kz mail.ru inbox.ru list.ru bk.ru internet.ru"
    " xmail.ru vk.com rambler.ru lenta.ru autorambler.ru myrambler.ru ro.ru outlook.com hotmail.com live.com live.ru"
    " msn.com icloud.com me.com mac.com yahoo.com aol.com gmx.de gmx.net web.de proton.me protonmail.com pm.me zoho.com"
    " ukr.net i.ua meta.ua tut.by mail.kz mail.com fastmail.com yahoo.co.uk"
)
PUBLIC_MAIL: Final = frozenset(_PUBLIC.split())
"""Domains where everybody may have an address: sharing one says nothing."""

ANSWER: Final = re.compile(
    r"^\s*(?:re|отв|ответ|на|aw|sv|antw|rif|res|vs|ha)(?:\s*\[\d+\]|\(\d+\))?\s*[:：]\s*", re.I
)
FORWARD: Final = re.compile(r"^\s*(?:fwd?|fw|пер|пересл|wg|tr)\s*[:：]\s*", re.I)


def may_join(sender: str, participants: Collection[str], *, proven: bool) -> bool:
    """Whether a letter of this sender belongs to a thread of these participants, whose id it names."""
    if proven or sender in participants:
        return True
    domain = sender.rpartition("@")[2]
    if not domain or domain in PUBLIC_MAIL:
        return False
    return any(one.rpartition("@")[2] == domain for one in participants)


def answering(subject: str) -> str:
    """The subject of an answer: one «Re:», however many there were."""
    while (bare := ANSWER.sub("", subject, count=1)) != subject:
        subject = bare
    return f"Re: {subject.strip()}".strip()


def forwarding(subject: str) -> str:
    """The subject of a letter that is handed on."""
    return subject if FORWARD.match(subject) else f"Fwd: {subject.strip()}".strip()
