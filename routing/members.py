"""Who is at work, and can they be told something?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias, cast

from routing.decision import Facts, Json, flag, inner, number
from routing.schedule import ROUND_THE_CLOCK, Shift
from routing.times import SECOND, Micros
from routing.values import value

Presence: TypeAlias = Literal["on_shift", "break", "dnd", "off"]
Absence: TypeAlias = Literal[
    "inactive", "on_leave", "off_hours", "off_shift", "on_break", "do_not_disturb"
]  # fmt: skip
Gate: TypeAlias = Literal["capacity", "discipline"]
"""What a head may lift for a member until a time."""

CHOSEN: Final[Mapping[Presence, Absence | None]] = {
    "on_shift": None, "break": "on_break", "dnd": "do_not_disturb", "off": "off_shift",
}  # fmt: skip
HEARTBEAT: Final = 90 * SECOND
AT_REST: Final[Mapping[str, Json]] = {
    "active": True, "on_leave": False, "presence": "on_shift", "presence_until": None, "on_call": False,
    "seen_at": 0, "push_until": 0, "may_own": True, "load": 0, "capacity": 0, "weight": 1, "open_offers": 0,
    "last_offer_at": 0, "overdue_tasks": 0, "idle_deals": 0, "substitute": "", "head": "", "extension": "",
}  # fmt: skip
"""What a stored decision leaves out. Never to be changed: old records are read by it."""


@value(frozen=True, kw_only=True, slots=True)
class Member:
    """One person as the rules see them now; counts come ready from storage."""

    id: str
    active: bool = True
    shift: Shift | None = ROUND_THE_CLOCK
    """The present or next working interval (`schedule.current_shift`); None: none in sight."""
    on_leave: bool = False
    presence: Presence = "on_shift"
    """What the person chose."""
    presence_until: Micros | None = None
    """When a break ends, where the person said so."""
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
    return CHOSEN[member.presence]


def on_shift(member: Member, now: Micros) -> bool:
    """Working time by the schedule, and the person chose to be on shift."""
    return absence(member, now) is None


def reachable(member: Member, now: Micros) -> bool:
    """Whether an offer would reach the person now."""
    return member.push_until > now or now - member.seen_at <= HEARTBEAT


def back_at(member: Member, now: Micros) -> Micros | None:
    """When the person is back by schedule and break; `now` within working hours; None: not in sight."""
    if not member.active or member.shift is None or member.shift.closes_at <= now:
        return None
    back = max(now, member.shift.opens_at)
    pause = member.presence_until
    return max(back, pause) if member.presence in ("break", "dnd") and pause is not None else back


def lifted(member: Member, gate: Gate, now: Micros) -> bool:
    """Whether a head lifted this check for now."""
    return member.lifted is not None and member.lifted.get(gate, 0) > now


def to_facts(member: Member, names: Iterable[str]) -> dict[str, Json]:
    """The named fields, as a decision keeps them; those at rest are left out. `shift` is one name."""
    facts: dict[str, Json] = {}
    for name in names:
        if name == "shift":
            if member.shift is None:
                facts["no_hours"] = True
            elif member.shift != ROUND_THE_CLOCK:
                facts["opens_at"], facts["closes_at"] = member.shift.opens_at, member.shift.closes_at
        elif name == "lifted":
            if member.lifted:
                facts["lifted"] = dict(cast(Facts, member.lifted))
        else:
            value = getattr(member, name)
            if value != AT_REST[name]:
                facts[name] = value
    return facts


def from_facts(ref: str, facts: Facts) -> Member:
    """The member that `to_facts` kept, as far as it did. Sources and skills are for the caller to set."""
    shift: Shift | None = ROUND_THE_CLOCK
    if "opens_at" in facts:
        shift = Shift(opens_at=number(facts, "opens_at"), closes_at=number(facts, "closes_at"))
    kept = {name: facts.get(name, value) for name, value in AT_REST.items()}
    known = cast("dict[str, Any]", kept)
    return Member(
        id=ref,
        shift=None if flag(facts, "no_hours") else shift,
        lifted=cast("Mapping[Gate, Micros]", inner(facts, "lifted")) or None,
        **known,
    )
