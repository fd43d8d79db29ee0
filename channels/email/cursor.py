"""How far have we read each folder?

UIDs only ever grow while UIDVALIDITY stays the same, so the last one tells what is new after an outage of
any length. Some servers let a lower UID appear after a higher one: a short window below the last one is looked
at in every round, and every half hour all that the mailbox got within two days.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from channels.events import Micros

WINDOW = 100
"""How far below the last UID late ones are looked for in every round."""
MOST_TRIES = 30
"""Looks in which the server may say "not now" of a letter before what can be had of it is taken: half an hour, as a rule."""
REMEMBERED = 3000
"""How many of the last UIDs are known one by one: two busy days."""


@dataclass(slots=True)
class Place:
    """How far one folder was read."""

    validity: int
    last: int
    """The highest UID that was kept."""
    floor: int
    """UIDs up to this one were there before us, or are settled."""
    recent: list[int] = field(default_factory=list)
    """The last UIDs that were kept, ascending."""
    since: int = 0
    """Above this UID `recent` names all that were kept."""
    imported_to: int = 0
    """UIDs up to this one are old letters that the settings asked for."""
    again_to: int = 0
    """UIDs up to this one are letters taken again after a renumbering."""
    after: Micros = 0
    """Letters the mailbox got up to this moment were there before us."""
    newest: Micros = 0
    """When the mailbox got the newest letter that was kept."""
    tries: dict[str, int] = field(default_factory=dict)
    """How often the server said "not now" of a letter, by UID."""

    @property
    def start(self) -> int:
        """The first UID worth asking for."""
        return max(self.floor, self.last - WINDOW) + 1

    def wanted(self, uids: Iterable[int]) -> list[int]:
        """Those that were not kept yet, ascending. (`n:*` always brings the last letter, even below n.)"""
        kept = set(self.recent)
        return sorted(uid for uid in set(uids) if uid >= self.start and uid not in kept)

    def missed(self, uids: Iterable[int]) -> list[int]:
        """Those that should have been kept and were not, however far below the last one, ascending."""
        kept, known = set(self.recent), max(self.floor, self.since)
        return sorted(uid for uid in set(uids) if uid > known and uid not in kept)

    def may_wait(self, uid: int) -> bool:
        """Whether a letter that the server cannot give now is to be asked for again; counts this time."""
        self.tries[str(uid)] = self.tries.get(str(uid), 0) + 1
        return self.tries[str(uid)] < MOST_TRIES

    def keep(self, uids: Sequence[int], newest: Micros) -> None:
        """These were handed over."""
        for uid in uids:
            self.tries.pop(str(uid), None)
        self.last = max([self.last, *uids])
        self.newest = max(self.newest, newest)
        recent = sorted({*self.recent, *uids})
        if len(recent) > REMEMBERED:
            self.since = max(self.since, recent[-REMEMBERED - 1])
        self.recent = recent[-REMEMBERED:]


class Cursor:
    """The places of all folders, as bytes between two runs."""

    def __init__(self, places: dict[str, Place]) -> None:
        self.places = places

    @classmethod
    def load(cls, stored: bytes | None) -> Cursor:
        """What was stored. Raises ValueError for bytes that are no cursor: guessing would lose or double
        letters."""
        if stored is None:
            return cls({})
        try:
            told: dict[str, dict[str, Any]] = json.loads(stored)["folders"]
            return cls({name: _place(place) for name, place in told.items()})
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("no mailbox cursor") from error

    def dump(self) -> bytes:
        """The bytes to store."""
        places = {
            name: {**asdict(place), "recent": _spans(place.recent)} for name, place in self.places.items()
        }
        return json.dumps({"folders": places}, ensure_ascii=False).encode()


def _place(told: dict[str, Any]) -> Place:
    """Older cursors named each UID, and only those of the window."""
    spans = [(one, one) if isinstance(one, int) else one for one in told["recent"]]
    recent = [uid for first, last in spans for uid in range(first, last + 1)][-REMEMBERED:]
    return Place(**{"since": max(0, told["last"] - WINDOW), **told, "recent": recent})


def _spans(uids: Sequence[int]) -> list[tuple[int, int]]:
    """Ascending numbers as first and last of each unbroken run."""
    spans: list[tuple[int, int]] = []
    for uid in uids:
        if spans and spans[-1][1] == uid - 1:
            spans[-1] = (spans[-1][0], uid)
        else:
            spans.append((uid, uid))
    return spans
