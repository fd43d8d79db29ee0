"""Whom does an incoming call ring?

Asked by a telephone system that wants its answer within a second: nothing is looked up, everything comes in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from routing.assignment import KEPT, Lead, Queue, failures, stored_member, stored_order, strategy_key
from routing.codes import RingRule, RingVerdict, RouteVerdict, Strategy
from routing.decision import Candidate, Decision, Json, flag, inner, number, real, text
from routing.members import Member, absence, to_facts
from routing.times import Micros

NOT_FOR_CALLS: Final = frozenset({"unreachable", "has_offer"})
"""Checks of an offer that a ringing telephone does not need."""
NO_QUEUE: Final = Queue(id="", order=())


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is known of the caller and the line."""

    source_id: str = ""
    blocked: bool = False
    deal_owner: str = ""
    """Owner of the client's most recent open deal."""
    responsible: str = ""
    weight: float = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Ring:
    """Whom to ring, in order; nobody and not blocked: the provider's own plan."""

    members: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    rule: RingRule
    blocked: bool = False
    decision: Decision


def whom_to_ring(question: Question, members: Sequence[Member], queue: Queue | None, now: Micros) -> Ring:
    """The first who can be rung: the deal's owner, the contact's responsible, those a new lead would go to.

    `members` are these two and the queue's, each once.
    """
    decision = _decide(question, members, queue or NO_QUEUE, now)
    extensions = {member.id: member.extension for member in members}
    return Ring(
        members=decision.chosen,
        extensions=tuple(extensions[ref] for ref in decision.chosen),
        rule=cast(RingRule, decision.rule),
        blocked=decision.rule == "blocked",
        decision=decision,
    )


def reevaluate(record: Decision) -> Decision:
    """The decision again, from what the record holds."""
    facts = record.facts
    question = Question(
        source_id=text(facts, "source"),
        blocked=flag(facts, "blocked"),
        deal_owner=text(facts, "deal_owner"),
        responsible=text(facts, "responsible"),
        weight=real(facts, "weight", 1),
    )
    about = inner(facts, "queue")
    queue = Queue(
        id=text(about, "id"),
        order=stored_order(record),
        strategy=cast(Strategy, text(about, "strategy")),
    )
    stranger = _stranger(question)
    members = [stored_member(row, stranger) for row in record.candidates]
    return _decide(question, members, queue, number(facts, "now"))


def _decide(question: Question, members: Sequence[Member], queue: Queue, now: Micros) -> Decision:
    stranger = _stranger(question)
    failed = {member.id: failures(member, stranger, queue, now) for member in members}
    rule, chosen = _choose(question, members, queue, failed, now)
    key = strategy_key(queue)
    ranked = sorted(members, key=lambda row: (row.id not in chosen, key(row)))
    facts: dict[str, Json] = {
        "now": now, "source": question.source_id, "blocked": question.blocked, "weight": question.weight,
        "deal_owner": question.deal_owner, "responsible": question.responsible,
        "queue": {"id": queue.id, "strategy": queue.strategy},
    }  # fmt: skip
    return Decision(
        kind="call",
        rule=rule,
        chosen=chosen,
        facts=facts,
        candidates=tuple(_candidate(row, queue, failed[row.id], row.id in chosen, now) for row in ranked),
    )


def _choose(
    question: Question,
    members: Sequence[Member],
    queue: Queue,
    failed: Mapping[str, tuple[RouteVerdict, ...]],
    now: Micros,
) -> tuple[RingRule, tuple[str, ...]]:
    if question.blocked:
        return "blocked", ()
    known = {member.id: member for member in members}
    own: tuple[tuple[RingRule, str], ...] = (
        ("deal_owner", question.deal_owner),
        ("responsible", question.responsible),
    )
    for rule, ref in own:
        if ref in known and _hindrance(known[ref], now) is None:
            return rule, (ref,)
    free = [
        member
        for member in sorted(members, key=strategy_key(queue))
        if member.extension and NOT_FOR_CALLS.issuperset(failed[member.id])
    ]
    return ("router", tuple(member.id for member in free)) if free else ("own_plan", ())


def _hindrance(member: Member, now: Micros) -> RingVerdict | None:
    """Why this person's telephone cannot ring for a client of their own; None: it can."""
    missing = absence(member, now)
    if missing is not None:
        return missing
    if member.on_call:
        return "on_call"
    return None if member.extension else "no_extension"


def _candidate(
    member: Member, queue: Queue, failed: tuple[RouteVerdict, ...], chosen: bool, now: Micros
) -> Candidate:
    facts = to_facts(member, (*KEPT, "extension"))
    if member.id in queue.places:
        facts["place"] = queue.places[member.id]
    if failed:
        facts["failed"] = [*failed]
    verdict: RingVerdict = "chosen"
    if not chosen:
        counting = [code for code in failed if code not in NOT_FOR_CALLS]
        verdict = _hindrance(member, now) or (counting[0] if counting else "available")
    return Candidate(ref=member.id, verdict=verdict, facts=facts)


def _stranger(question: Question) -> Lead:
    """The lead that this call would make of an unknown client."""
    return Lead(id="", created_at=0, source_id=question.source_id, weight=question.weight)
