"""What became of a call, and what follows from it?

A call is a pure projection of the facts known about it: the same in every order and with any duplicates.
Authority grows from a leg through its end and the provider's summary to its history. An answer, once
proved, stays proved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from routing.codes import CallLead, CallOutcome, CallSilence, CallState
from routing.schedule import Schedule, add_working, local_minute
from routing.times import HOUR, MINUTE, SECOND, Micros

Authority: TypeAlias = Literal["leg", "leg_end", "summary", "history"]
Direction: TypeAlias = Literal["in", "out", "internal"]

AUTHORITY: Final[Mapping[Authority, int]] = {"leg": 0, "leg_end": 1, "summary": 2, "history": 3}
WHOLE_CALL: Final = 2
"""From this authority on a fact is about the whole call."""
SETTLE: Final = 20 * SECOND
"""How long after the last leg ended more facts may come."""
SHORT_RING: Final = 3 * SECOND
CALL_BACK_WITHIN: Final = 15 * MINUTE
LONGEST_RING: Final = 5 * MINUTE
LONGEST_TALK: Final = 4 * HOUR
BLOCKED: Final = frozenset({"blocked", "spam"})
POLITE: Final = (9 * 60, 21 * 60)
"""Minutes of the client's day between which calling needs no question."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One thing known about one call (`channels.events.CallFact`, field by field)."""

    key: str
    at: Micros
    authority: Authority
    phase: Literal["ringing", "answered", "ended"]
    direction: Direction = "in"
    client: str = ""
    """The outer number; "" hidden or not told."""
    line: str = ""
    member: str = ""
    """Our person on this leg; "" is a menu, a queue, or the client's own leg."""
    leg: str = ""
    """The provider's id of the leg; "" where it has none: then a member is a leg."""
    answered: bool | None = None
    """On an answered leg: False marks our own leg of a click-to-call, which is no answer."""
    started_at: Micros | None = None
    answered_at: Micros | None = None
    ended_at: Micros | None = None
    talk_seconds: int | None = None
    outcome: str = ""
    recording: str = ""
    command: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """What the facts come to."""

    state: CallState
    outcome: CallOutcome = ""
    direction: Direction = "in"
    client: str = ""
    """"" a hidden number."""
    line: str = ""
    rang: tuple[str, ...] = ()
    """Our people whose telephones rang, in order."""
    ringing: tuple[str, ...] = ()
    """Whose telephones ring now."""
    answered_by: str = ""
    """"" also when nobody knows who."""
    answered: bool = False
    started_at: Micros
    answered_at: Micros | None = None
    ended_at: Micros | None = None
    wait: Micros | None = None
    """From the first ring to the answer, or to the end."""
    talk: Micros | None = None
    recordings: tuple[str, ...] = ()
    settles_at: Micros | None = None
    """When it is over if nothing more comes; None: over, or legs are open."""
    stale: bool = False
    """Has been ringing or talking for too long: ask the provider's history."""
    look_at: Micros | None = None
    """When it is to be looked at again if nothing more comes; None: it is over."""
    callers: tuple[str, ...] = ()
    """Our people on the legs of an outgoing call."""
    commands: tuple[str, ...] = ()
    """Commands of ours that the facts name."""


def project(facts: Iterable[Fact], now: Micros, *, heard_at: Micros = 0, settle: Micros = SETTLE) -> Call:
    """The call that the facts describe; ValueError without any. `heard_at`: when the last of them reached us."""
    known = _in_order(facts)
    answer = _is_answered(known)
    talking_by, answered_at = _answer(known) if answer else ("", None)
    settles_at = _settles_at(known, heard_at, settle)
    over = _whole_call_ended(known) or (settles_at is not None and settles_at <= now)
    direction = _direction(known)
    started_at = _started_at(known)
    ended_at = _ended_at(known) if over else None
    until = answered_at if answer else ended_at
    outcome = _outcome(known, direction, answer) if over else ""
    stale_at = max(heard_at, *(fact.at for fact in known)) + (LONGEST_TALK if answer else LONGEST_RING)
    return Call(
        state=_state(over, answer, outcome),
        outcome=outcome,
        direction=direction,
        client=_told(known, "client"),
        line=_told(known, "line"),
        rang=_rang(known),
        answered_by=talking_by,
        answered=answer,
        started_at=started_at,
        answered_at=answered_at,
        ended_at=ended_at,
        wait=None if until is None else max(0, until - started_at),
        talk=_talk(known, answered_at, ended_at) if answer else None,
        recordings=tuple(dict.fromkeys(fact.recording for fact in known if fact.recording)),
        settles_at=None if over else settles_at,
        ringing=() if over or answer else _ringing(known),
        stale=not over and now > stale_at,
        look_at=None if over else settles_at or stale_at + 1,
        callers=tuple(
            dict.fromkeys(fact.member for fact in known if fact.member and fact.direction == "out")
        ),
        commands=tuple(dict.fromkeys(fact.command for fact in known if fact.command)),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """What is known of the client of a call. People who cannot act any more are left out by the caller."""

    opens_lead: bool = False
    """`deals.attach` finds no deal, so a lead would be made."""
    internal: bool = False
    blocked: bool = False
    answerer_may_own: bool = True
    rung: str = ""
    """Whom we ourselves told the telephone system to ring, if one person."""
    deal_owner: str = ""
    responsible: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Consequences:
    """What follows from a call's present state; taken back when a late fact corrects it."""

    lead: CallLead = "none"
    owner: str = ""
    """Who owns the new lead."""
    talked_with: str = ""
    """Who spoke with the client, for the lead that somebody else gets."""
    call_back: bool = False
    """There is to be one task *call back* for this client."""
    call_back_by: str = ""
    """Its owner; "" is the queue of the lead."""
    silence: CallSilence | None = None
    """Why nothing follows."""


def consequences(call: Call, situation: Situation) -> Consequences:
    """What follows from the call, for its client."""
    silence = _silence(call, situation)
    if silence is not None and not (silence == "short_ring" and not situation.opens_lead):
        return Consequences(silence=silence)
    if call.direction == "out":
        return Consequences(lead="none" if situation.opens_lead else "attached")
    if call.answered:
        return _answered_consequences(call, situation)
    lead: CallLead = "routed" if situation.opens_lead else "attached"
    if silence is not None:
        return Consequences(lead=lead, silence=silence)
    alone = call.rang[0] if len(call.rang) == 1 else ""
    by = situation.rung or alone or situation.deal_owner or situation.responsible
    return Consequences(lead=lead, call_back=True, call_back_by=by)


def call_back_due(schedule: Schedule, missed_at: Micros) -> Micros | None:
    """When the call back is due, in working time."""
    return add_working(schedule, missed_at, CALL_BACK_WITHIN)


def asks_first(zone: str, now: Micros) -> bool:
    """Whether calling, or a robot writing, asks first: it is night where the client is."""
    return not POLITE[0] <= local_minute(zone, now) < POLITE[1]


def _in_order(facts: Iterable[Fact]) -> list[Fact]:
    """Each fact once, least authority first, then by time: one order for every order of arrival."""
    known: dict[str, Fact] = {}
    for fact in sorted(facts, key=lambda fact: (AUTHORITY[fact.authority], fact.at, fact.key, repr(fact))):
        known[fact.key] = fact
    if not known:
        raise ValueError("a call without facts")
    return sorted(known.values(), key=lambda fact: (AUTHORITY[fact.authority], fact.at, fact.key))


def _whole(known: Sequence[Fact]) -> list[Fact]:
    """Facts about the whole call, greatest authority first."""
    whole = [fact for fact in known if AUTHORITY[fact.authority] >= WHOLE_CALL]
    return sorted(whole, key=lambda fact: -AUTHORITY[fact.authority])


def _answering_legs(known: Sequence[Fact]) -> list[Fact]:
    """Legs on which a person of ours took a client's call, or a client took ours."""
    return [
        fact
        for fact in known
        if AUTHORITY[fact.authority] < WHOLE_CALL
        and fact.phase == "answered"
        and (fact.answered or (fact.answered is None and fact.member != "" and fact.direction != "out"))
    ]


def _proves_talk(fact: Fact) -> bool:
    return fact.answered is True or (fact.talk_seconds or 0) > 0


def _is_answered(known: Sequence[Fact]) -> bool:
    return bool(_answering_legs(known)) or any(_proves_talk(fact) for fact in _whole(known))


def _answer(known: Sequence[Fact]) -> tuple[str, Micros | None]:
    """Who talked and since when, as far as anybody told."""
    proofs = [fact for fact in _whole(known) if _proves_talk(fact)]
    legs = sorted(_answering_legs(known), key=lambda fact: (fact.at, fact.key))
    by = next((fact.member for fact in (*proofs, *legs) if fact.member), "")
    told = next((fact.answered_at for fact in (*proofs, *legs) if fact.answered_at is not None), None)
    return by, legs[0].at if told is None and legs else told


def _direction(known: Sequence[Fact]) -> Direction:
    """As the greatest authority says; between legs the earliest with an outer end that is not our own leg."""
    votes = [fact for fact in known if not _is_our_own_leg(fact)] or known
    highest = max(AUTHORITY[fact.authority] for fact in votes)
    telling = [fact for fact in votes if AUTHORITY[fact.authority] == highest]
    outer = [fact for fact in telling if fact.direction != "internal"] or telling
    return outer[0].direction


def _is_our_own_leg(fact: Fact) -> bool:
    """Of a click-to-call; a whole call that nobody answered is another thing."""
    return fact.answered is False and AUTHORITY[fact.authority] < WHOLE_CALL


def _told(known: Sequence[Fact], name: Literal["client", "line"]) -> str:
    """The value told with the greatest authority, then first."""
    best = ""
    rank = -1
    for fact in known:
        value = fact.client if name == "client" else fact.line
        if value and AUTHORITY[fact.authority] > rank:
            best, rank = value, AUTHORITY[fact.authority]
    return best


def _rang(known: Sequence[Fact]) -> tuple[str, ...]:
    legs = [
        fact
        for fact in known
        if AUTHORITY[fact.authority] < WHOLE_CALL and fact.member and fact.direction != "out"
    ]
    return tuple(dict.fromkeys(fact.member for fact in sorted(legs, key=lambda fact: (fact.at, fact.key))))


def _ringing(known: Sequence[Fact]) -> tuple[str, ...]:
    """Whose leg has begun and neither ended nor been taken up."""
    legs = [fact for fact in known if AUTHORITY[fact.authority] < WHOLE_CALL]
    over = {fact.leg or fact.member for fact in legs if fact.phase != "ringing"}
    rings = [
        fact
        for fact in legs
        if fact.member and fact.direction == "in" and (fact.leg or fact.member) not in over
    ]
    return tuple(dict.fromkeys(fact.member for fact in sorted(rings, key=lambda fact: (fact.at, fact.key))))


def _whole_call_ended(known: Sequence[Fact]) -> bool:
    return any(fact.phase == "ended" for fact in _whole(known))


def _settles_at(known: Sequence[Fact], heard_at: Micros, settle: Micros) -> Micros | None:
    """A while after the last fact, once every leg has ended; None while one is open."""
    legs = [fact for fact in known if AUTHORITY[fact.authority] < WHOLE_CALL]
    opened = {fact.leg or fact.member for fact in legs}
    closed = {fact.leg or fact.member for fact in legs if fact.phase == "ended"}
    if not legs or opened != closed:
        return None
    return max(heard_at, *(fact.at for fact in known)) + settle


def _started_at(known: Sequence[Fact]) -> Micros:
    told = [fact.started_at for fact in _whole(known) if fact.started_at is not None]
    return told[0] if told else min(fact.at if fact.started_at is None else fact.started_at for fact in known)


def _ended_at(known: Sequence[Fact]) -> Micros | None:
    ends = [fact for fact in known if fact.phase == "ended"]
    told = [fact.ended_at for fact in _whole(ends) if fact.ended_at is not None]
    if told:
        return told[0]
    return max((fact.at if fact.ended_at is None else fact.ended_at for fact in ends), default=None)


def _talk(known: Sequence[Fact], answered_at: Micros | None, ended_at: Micros | None) -> Micros | None:
    told = [fact.talk_seconds for fact in _whole(known) if fact.talk_seconds]
    if told:
        return told[0] * SECOND
    return None if answered_at is None or ended_at is None else max(0, ended_at - answered_at)


def _outcome(known: Sequence[Fact], direction: Direction, answer: bool) -> CallOutcome:
    if answer:
        return "talk"
    if any(fact.outcome in BLOCKED for fact in known):
        return "blocked"
    return "missed" if direction == "in" else "not_reached"


def _state(over: bool, answer: bool, outcome: CallOutcome) -> CallState:
    if over:
        return "missed" if outcome == "missed" else "finished"
    return "answered" if answer else "ringing"


def _silence(call: Call, situation: Situation) -> CallSilence | None:
    """Why a call has no consequences of its own; None: it has."""
    if not call.client:
        return "hidden"
    if situation.internal or call.direction == "internal":
        return "internal"
    if situation.blocked or call.outcome == "blocked":
        return "blocked"
    if call.state == "ringing" and not call.stale:
        return "not_over"
    short = call.state == "missed" and call.wait is not None and call.wait < SHORT_RING
    return "short_ring" if short else None


def _answered_consequences(call: Call, situation: Situation) -> Consequences:
    if not situation.opens_lead:
        return Consequences(lead="attached", talked_with=call.answered_by)
    if call.answered_by and situation.answerer_may_own:
        return Consequences(lead="owned", owner=call.answered_by, talked_with=call.answered_by)
    return Consequences(lead="routed", talked_with=call.answered_by)
