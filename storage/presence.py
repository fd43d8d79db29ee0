"""Who has which conversation open, and who is typing there? Short leases, kept in memory; they may be lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from routing.times import SECOND

LEASE = 12 * SECOND


class Presence:
    """The viewers of one process's consoles."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._seen: dict[str, dict[str, tuple[str, bool, int]]] = {}

    def see(self, ref: str, member_id: str, name: str, typing: bool) -> bool:
        """A member looks or types; True when that is news."""
        viewers = self._seen.setdefault(ref, {})
        before = viewers.get(member_id)
        viewers[member_id] = (name, typing, self._now() + LEASE)
        return before is None or before[1] != typing or before[2] < self._now()

    def leave(self, ref: str, member_id: str) -> bool:
        """A member looks away; True when that is news."""
        viewers = self._seen.get(ref, {})
        gone = viewers.pop(member_id, None) is not None
        if not viewers:
            self._seen.pop(ref, None)
        return gone

    def viewers(self, ref: str, but: str) -> list[dict[str, Any]]:
        """Who is there now, without one."""
        now = self._now()
        return [
            {"member": {"id": member_id, "name": name}, "typing": typing}
            for member_id, (name, typing, until) in self._seen.get(ref, {}).items()
            if until > now and member_id != but
        ]
