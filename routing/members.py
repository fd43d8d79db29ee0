"""Who is at work, and can they be told something?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from routing.schedule import ROUND_THE_CLOCK, Shift
from routing.times import SECOND, Micros

Presence: TypeAlias = Literal["on_shift", "break", "off"]
Absence: TypeAlias = Literal["inactive", "on_leave", "off_hours", "off_shift", "on_break"]
Gate: TypeAlias = Literal["capacity", "discipline"]
"""What a head may lift for a member until a time."""

HEARTBEAT: Final = 90 * SECOND


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One person as the rules see them now; counts come ready from storage."""

    id: str
    active: bool = True
    shift: Shift | None = ROUND_THE_CLOCK
    """The present or next working interval (`schedule.current_shift`); None: none in sight."""
    on_leave: bool = False
    presence: Presence = "on_shift"
    """What the person chose."""
    on_call: bool = False
    seen_at: Micros = 0
    """The console's last heartbeat."""
    push_until: Micros = 0
    """Until when a way without a page counts: FOREVER for a linked messenger, 24 h after a web push."""
    may_own: bool = True
    sources: frozenset[str] | None = None
    """Sources the person may answer on; None: all."""
    skills: frozenset[str] = frozenset()
    load: float = 0
    """Open offers, accepted leads without human contact, assigned open conversations; by channel weight."""
    capacity: float = 10
    """The limit of the load; 0: none."""
    weight: float = 1
    """The share that `least_loaded` gives."""
    open_offers: int = 0
    last_offer_at: Micros = 0
    overdue_tasks: int = 0
    """Tasks overdue by more than 30 working minutes."""
    idle_deals: int = 0
    """Open deals, accepted over 30 working minutes ago, without an open task."""
    lifted: Mapping[Gate, Micros] | None = None
    """Checks that a head lifted, each until a time."""
    substitute: str = ""
    """Who stands in during leave."""
    head: str = ""
    """The nearest head up the tree of teams."""
    extension: str = ""
    """Where the telephone system rings this person; "" nowhere."""


def absence(member: Member, now: Micros) -> Absence | None:
    """Why the person is not on shift; None when on shift."""
    if not member.active:
        return "inactive"
    if member.on_leave:
        return "on_leave"
    if member.shift is None or not member.shift.covers(now):
        return "off_hours"
    if member.presence == "on_shift":
        return None
    return "on_break" if member.presence == "break" else "off_shift"


def on_shift(member: Member, now: Micros) -> bool:
    """Working time by the schedule, and the person chose to be on shift."""
    return absence(member, now) is None


def reachable(member: Member, now: Micros) -> bool:
    """Whether an offer would reach the person now."""
    return member.push_until > now or now - member.seen_at <= HEARTBEAT


def back_at(member: Member, now: Micros) -> Micros | None:
    """When the schedule brings the person back; `now` within working hours; None: not in sight."""
    if not member.active or member.shift is None or member.shift.closes_at <= now:
        return None
    return max(now, member.shift.opens_at)


def lifted(member: Member, gate: Gate, now: Micros) -> bool:
    """Whether a head lifted this check for now."""
    return member.lifted is not None and member.lifted.get(gate, 0) > now
