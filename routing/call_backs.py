"""Is a client owed a call back, and since when?

Calls and contacts are told in any order, so they are judged by when they were, not by when we heard of them.
"""

from __future__ import annotations

from collections.abc import Collection

from routing.times import SECOND, Micros

NEXT_SECOND = SECOND
"""Providers tell whole seconds: what is done within a missed call's last one is shown as done after it, so what an
earlier call settled in that second says nothing of this one."""


def owed_since(missed: Collection[Micros], contacts: Collection[Micros]) -> Micros | None:
    """When the first missed call after the last contact ended; None: nothing is owed."""
    last = max(contacts, default=0)
    return min((at for at in missed if at > last), default=None)


def settled_at(missed_at: Micros, contacts: Collection[Micros]) -> Micros | None:
    """When we were in touch again after that call was missed; None: not yet."""
    return min((at for at in contacts if at >= missed_at), default=None)


def done_at(contact_at: Micros, missed: Collection[Micros]) -> Micros:
    """The moment that a call back is shown as done: the contact's, after the last call that it makes good."""
    last = max((at for at in missed if at <= contact_at), default=0)
    return max(contact_at, last + NEXT_SECOND) if last else contact_at
