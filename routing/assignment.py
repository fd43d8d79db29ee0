"""Who takes a new lead?

`route` looks once: every member's checks, then the strategy. It changes nothing, so a dry run is this same
function. What happened to a lead's offers is its `Ladder` (routing.ladder).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import field, replace
from typing import Final, Literal, TypeAlias, cast

from routing.codes import RouteRule, RouteVerdict, Strategy, WaitReason
from routing.decision import (
    Candidate,
    Decision,
    Json,
    inner,
    moment,
    number,
    real,
    text,
    texts,
)
from routing.ladder import FRESH, Ladder
from routing.members import Member, absence, from_facts, lifted, on_shift, reachable, to_facts
from routing.schedule import ALWAYS, Schedule, Shift, add_working, current_shift, local_day
from routing.times import FOREVER, MINUTE, Micros
from routing.values import value

Rung: TypeAlias = Literal["single", "everyone", "keeper"]
Key: TypeAlias = Callable[[Member], tuple[float, float, str]]

DISCIPLINE: Final = frozenset({"overdue_tasks", "deals_without_task"})
FOR_STRANGERS: Final = DISCIPLINE | {"not_member"}
"""Checks that do not hold back the client's own manager."""
PASSING: Final = frozenset({"on_call", "unreachable", "has_offer", "at_capacity"})
"""Failures that the client's own manager, being on shift, may overcome in minutes."""
BY_PEOPLE: Final = frozenset({"by_hand", "given"})
"""Rules of decisions that a person made."""
KEPT: Final = (
    "active", "on_leave", "presence", "shift", "on_call", "seen_at", "push_until", "may_own", "load",
    "capacity", "weight", "open_offers", "last_offer_at", "overdue_tasks", "idle_deals", "lifted",
)  # fmt: skip
"""What a route decision keeps of a member."""


@value(frozen=True, kw_only=True, slots=True)
class Queue:
    """A set of members and how leads are dealt to them. Durations are working time of `hours`."""

    id: str
    order: tuple[str, ...]
    """Members, in their order."""
    strategy: Strategy = "all_at_once"
    hours: Schedule = ALWAYS
    heads: tuple[str, ...] = ()
    deputies: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()
    first_answer: Literal["manager", "operator"] = "manager"
    accept_within: Micros = 2 * MINUTE
    everyone_for: Micros = 3 * MINUTE
    singles: int = 3
    sticky_wait: Micros = 10 * MINUTE
    qualify_within: Micros = 15 * MINUTE
    retry_after: Micros = 30 * MINUTE
    """When a member whose offer expired may be asked again."""
    places: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", {ref: place for place, ref in enumerate(self.order)})


@value(frozen=True, kw_only=True, slots=True)
class Lead:
    """A lead without an owner."""

    id: str
    created_at: Micros
    source_id: str = ""
    weight: float = 1
    """How much of a person's capacity it takes (the channel's weight)."""
    skills: frozenset[str] = frozenset()
    managers: tuple[str, ...] = ()
    """The client's own: the contact's responsible, then the owner of the most recent open deal."""
    first: str = ""
    """Whom a routing rule names: asked before the others, if every check is passed."""
    priority: int = 0
    kind: Literal["message", "form", "missed_call"] = "message"
    handed_over_at: Micros | None = None
    """When an operator passed it to the managers."""
    ladder: Ladder = FRESH


@value(frozen=True, kw_only=True, slots=True)
class Offer:
    """Show the lead to `members`, at once, until `expires_at`."""

    lead_id: str
    members: tuple[str, ...]
    rule: RouteRule
    everyone: bool
    """Everybody available at once, not one person."""
    expires_at: Micros
    tell_head: bool = False
    """Discipline was relaxed for it: the head is to know."""
    decision: Decision


@value(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Nobody is asked now. `until` is when time alone changes that; None: an event must."""

    lead_id: str
    reason: WaitReason
    until: Micros | None = None
    keep: bool = False
    """The head is to be told now and keeps the lead (routing.ladder)."""
    decision: Decision


@value(frozen=True, kw_only=True, slots=True)
class Clocks:
    """The queue's working time, as far as one decision needs it."""

    shift: Shift | None
    """The queue's present or next opening."""
    qualify_until: Micros | None = None
    sticky_until: Micros = 0

    def closed(self, now: Micros) -> bool:
        """Whether the queue is outside its hours."""
        return self.shift is None or not self.shift.covers(now)


ANY_LEAD: Final = Lead(id="", created_at=0, weight=0)
ANY_QUEUE: Final = Queue(id="", order=())


def route(lead: Lead, members: Sequence[Member], queue: Queue, now: Micros) -> Offer | Waiting:
    """Offer the lead to somebody who passes every check, or say why not.

    `members` are the queue's and the client's own managers; anybody else in it is turned down.
    """
    clocks = _clocks(lead, queue, now)
    decision = _decide(lead, members, queue, clocks, now)
    match decision.rule:
        case "nobody" | "ladder_end":
            reason: WaitReason = "nobody" if decision.rule == "nobody" else "ladder_end"
            unkept = lead.ladder.kept_since is None
            return Waiting(lead_id=lead.id, reason=reason, keep=unkept, decision=decision)
        case "being_qualified":
            until = clocks.qualify_until
            return Waiting(lead_id=lead.id, reason="being_qualified", until=until, decision=decision)
        case "out_of_hours":
            until = None if clocks.shift is None else clocks.shift.opens_at
            return Waiting(lead_id=lead.id, reason="out_of_hours", until=until, decision=decision)
        case "waiting_sticky":
            until = clocks.sticky_until
            return Waiting(lead_id=lead.id, reason="sticky", until=until, decision=decision)
    everyone = decision.rule == "everyone"
    within = queue.everyone_for if everyone else queue.accept_within
    return Offer(
        lead_id=lead.id,
        members=decision.chosen,
        rule=cast(RouteRule, decision.rule),
        everyone=everyone,
        expires_at=add_working(queue.hours, now, within) or now + within,
        tell_head=decision.rule == "gate_relaxed",
        decision=decision,
    )


def rung_of(ladder: Ladder, queue: Queue) -> Rung:
    """Where on the ladder the lead stands."""
    if ladder.everyone:
        return "keeper"
    return "everyone" if queue.strategy == "all_at_once" or ladder.singles >= queue.singles else "single"


def lead_order(lead: Lead, now: Micros, zone: str) -> tuple[int, int, Micros, str]:
    """Sorting key of waiting leads: priority, then missed calls and today's forms, then the oldest."""
    fresh = lead.kind == "missed_call" or (
        lead.kind == "form" and local_day(zone, lead.created_at) == local_day(zone, now)
    )
    return (-lead.priority, 0 if fresh else 1, lead.created_at, lead.id)


def failures(member: Member, lead: Lead, queue: Queue, now: Micros) -> tuple[RouteVerdict, ...]:
    """Every check that the member fails for this lead, in the order of the table; () passes."""
    failed: list[RouteVerdict] = []
    if member.id not in queue.places:
        failed.append("not_member")
    if member.sources is not None and lead.source_id not in member.sources:
        failed.append("not_on_source")
    if not member.may_own:
        failed.append("cannot_own")
    missing = absence(member, now)
    if missing is not None:
        failed.append(missing)
    if member.on_call:
        failed.append("on_call")
    if not reachable(member, now):
        failed.append("unreachable")
    if member.open_offers:
        failed.append("has_offer")
    if (
        member.capacity
        and member.load + lead.weight > member.capacity
        and not lifted(member, "capacity", now)
    ):
        failed.append("at_capacity")
    if (member.overdue_tasks or member.idle_deals) and not lifted(member, "discipline", now):
        failed.append("overdue_tasks" if member.overdue_tasks else "deals_without_task")
    if not lead.skills <= member.skills:
        failed.append("no_skill")
    tried = _tried(member.id, lead.ladder, queue, now)
    if tried is not None:
        failed.append(tried)
    return tuple(failed)


def held_back(member: Member, queues: Iterable[Queue], now: Micros) -> tuple[RouteVerdict, ...]:
    """Why no stranger's lead would come to the member now: what they fail in the first queue that is theirs."""
    mine = next((queue for queue in queues if member.id in queue.places), ANY_QUEUE)
    return failures(member, Lead(id="", created_at=now), mine, now)


def could_take(member: Member, now: Micros) -> bool:
    """Whether there may be a lead for the member at all; False: none, whatever the lead and the queue."""
    return set(failures(member, ANY_LEAD, ANY_QUEUE, now)) <= FOR_STRANGERS


def for_another(answer: Waiting, lead: Lead) -> Waiting:
    """The same answer for a lead that differs in id and age only and has no manager to wait for."""
    known = inner(answer.decision.facts, "lead")
    about: dict[str, Json] = {**known, "id": lead.id, "created_at": lead.created_at}
    decision = replace(answer.decision, facts={**answer.decision.facts, "lead": about})
    return replace(answer, lead_id=lead.id, decision=decision)


def by_hand(lead_id: str, waiting: str, owner: str, by: str, now: Micros) -> Decision:
    """What is remembered of a lead that a person took, or gave to somebody, without an offer. `waiting`: why it waited."""
    giver = () if by == owner else (Candidate(ref=by, verdict="gave"),)
    return Decision(
        kind="route", rule="given" if giver else "by_hand", chosen=(owner,),
        facts={"lead": {"id": lead_id}, "waiting": waiting, "now": now},
        candidates=(Candidate(ref=owner, verdict="chosen"), *giver),
    )  # fmt: skip


def reevaluate(record: Decision) -> Decision:
    """The decision again, from what the record holds; what a person decided is no rule's to decide anew."""
    if record.rule in BY_PEOPLE:
        return record
    facts = record.facts
    queue_facts, lead_facts = inner(facts, "queue"), inner(facts, "lead")
    queue = Queue(
        id=text(queue_facts, "id"),
        order=stored_order(record),
        strategy=cast(Strategy, text(queue_facts, "strategy")),
        singles=number(queue_facts, "singles"),
        retry_after=number(queue_facts, "retry_after"),
    )
    opens_at, closes_at = moment(queue_facts, "opens_at"), moment(queue_facts, "closes_at")
    known = opens_at is not None and closes_at is not None
    clocks = Clocks(
        shift=Shift(opens_at=opens_at or 0, closes_at=closes_at or 0) if known else None,
        qualify_until=moment(facts, "qualify_until"),
        sticky_until=number(facts, "sticky_until"),
    )
    lead = Lead(
        id=text(lead_facts, "id"),
        created_at=number(lead_facts, "created_at"),
        source_id=text(lead_facts, "source"),
        weight=real(lead_facts, "weight", 1),
        skills=frozenset(texts(lead_facts, "skills")),
        managers=texts(lead_facts, "managers"),
        first=text(lead_facts, "first"),
        ladder=Ladder.from_json(inner(lead_facts, "ladder")),
    )
    members = [stored_member(row, lead) for row in record.candidates]
    return _decide(lead, members, queue, clocks, number(facts, "now"))


def _clocks(lead: Lead, queue: Queue, now: Micros) -> Clocks:
    """When qualifying ends and how long the client's own manager is waited for, both in working time."""
    begins: Micros = lead.created_at
    qualify_until: Micros | None = None
    if queue.first_answer == "operator":
        given_up = add_working(queue.hours, lead.created_at, queue.qualify_within)
        begins = FOREVER if given_up is None else given_up
        if lead.handed_over_at is not None:
            begins = min(begins, lead.handed_over_at)
        qualify_until = begins
    sticky_until = 0
    if lead.managers and begins < FOREVER:
        sticky_until = add_working(queue.hours, begins, queue.sticky_wait) or 0
    return Clocks(
        shift=current_shift(queue.hours, now), qualify_until=qualify_until, sticky_until=sticky_until
    )


def _decide(lead: Lead, members: Sequence[Member], queue: Queue, clocks: Clocks, now: Micros) -> Decision:
    failed = {member.id: failures(member, lead, queue, now) for member in members}
    rule, chosen = _choose(lead, members, queue, clocks, failed, now)
    refs = tuple(member.id for member in chosen)
    key = strategy_key(queue)
    ranked = sorted(members, key=lambda row: (row.id not in refs, bool(failed[row.id]), key(row)))
    return Decision(
        kind="route",
        rule=rule,
        chosen=refs,
        facts=_facts(lead, queue, clocks, now),
        candidates=tuple(
            _candidate(member, queue, failed[member.id], member.id in refs) for member in ranked
        ),
    )


def _choose(
    lead: Lead,
    members: Sequence[Member],
    queue: Queue,
    clocks: Clocks,
    failed: dict[str, tuple[RouteVerdict, ...]],
    now: Micros,
) -> tuple[RouteRule, list[Member]]:
    """The rule that applies and whom it chose, best first."""
    if clocks.qualify_until is not None and now < clocks.qualify_until:
        return "being_qualified", []
    if clocks.closed(now):
        return "out_of_hours", []
    rung = rung_of(lead.ladder, queue)
    if rung == "keeper":
        return "ladder_end", []
    if lead.managers and not lead.ladder.singles:
        own = _own_managers(lead, members)
        for member in own:
            if set(failed[member.id]) <= FOR_STRANGERS:
                return "sticky", [member]
        if now < clocks.sticky_until and any(_worth_waiting(row, failed[row.id], now) for row in own):
            return "waiting_sticky", []
    key = strategy_key(queue)
    if lead.first and not lead.ladder.singles:
        named = [member for member in members if member.id == lead.first and not failed[member.id]]
        if named:
            return "named", named
    passing = sorted((member for member in members if not failed[member.id]), key=key)
    if passing:
        return ("everyone", passing) if rung == "everyone" else (_single_rule(queue), passing[:1])
    relaxed = [member for member in members if set(failed[member.id]) <= DISCIPLINE]
    if relaxed:
        return "gate_relaxed", [min(relaxed, key=lambda row: (row.overdue_tasks + row.idle_deals, key(row)))]
    exhausted = rung == "everyone" and lead.ladder.singles >= queue.singles > 0
    return ("ladder_end" if exhausted else "nobody"), []


def _own_managers(lead: Lead, members: Sequence[Member]) -> list[Member]:
    known = {member.id: member for member in members}
    return [known[ref] for ref in dict.fromkeys(lead.managers) if ref in known]


def _worth_waiting(member: Member, failed: tuple[RouteVerdict, ...], now: Micros) -> bool:
    """On shift, and held up only by what may pass in minutes."""
    return on_shift(member, now) and set(failed) <= PASSING | FOR_STRANGERS


def _tried(
    ref: str, ladder: Ladder, queue: Queue, now: Micros
) -> Literal["declined", "expired_lately"] | None:
    if ref in ladder.declined:
        return "declined"
    lately = any(member == ref and now < at + queue.retry_after for member, at in ladder.expired)
    return "expired_lately" if lately else None


def _single_rule(queue: Queue) -> RouteRule:
    return "in_order" if queue.strategy == "all_at_once" else queue.strategy


def strategy_key(queue: Queue) -> Key:
    """The order of the queue's strategy; ties by the oldest last offer, then by id."""
    match queue.strategy:
        case "in_order":
            places = queue.places
            return lambda member: (places.get(member.id, FOREVER), member.last_offer_at, member.id)
        case "least_loaded":
            return lambda member: (member.load / member.weight, member.last_offer_at, member.id)
    return lambda member: (0, member.last_offer_at, member.id)


def _facts(lead: Lead, queue: Queue, clocks: Clocks, now: Micros) -> dict[str, Json]:
    """All that the rule looks at besides the members."""
    about_lead: dict[str, Json] = {
        "id": lead.id, "created_at": lead.created_at, "source": lead.source_id, "weight": lead.weight,
    }  # fmt: skip
    if lead.skills:
        about_lead["skills"] = [*sorted(lead.skills)]
    if lead.first:
        about_lead["first"] = lead.first
    if lead.managers:
        about_lead["managers"] = [*lead.managers]
    if lead.ladder != FRESH:
        about_lead["ladder"] = lead.ladder.to_json()
    about_queue: dict[str, Json] = {
        "id": queue.id, "strategy": queue.strategy,
        "singles": queue.singles, "retry_after": queue.retry_after,
    }  # fmt: skip
    if clocks.shift is not None:
        about_queue |= {"opens_at": clocks.shift.opens_at, "closes_at": clocks.shift.closes_at}
    facts: dict[str, Json] = {"now": now, "lead": about_lead, "queue": about_queue}
    if clocks.qualify_until is not None:
        facts["qualify_until"] = clocks.qualify_until
    if clocks.sticky_until:
        facts["sticky_until"] = clocks.sticky_until
    return facts


def _candidate(member: Member, queue: Queue, failed: tuple[RouteVerdict, ...], chosen: bool) -> Candidate:
    """One row of the check table. `failed` also lists what was overlooked for somebody chosen."""
    facts = to_facts(member, KEPT)
    if member.id in queue.places:
        facts["place"] = queue.places[member.id]
    if "no_skill" in failed:
        facts["skills"] = [*sorted(member.skills)]
    if failed:
        facts["failed"] = [*failed]
    verdict: RouteVerdict = "chosen" if chosen else failed[0] if failed else "available"
    return Candidate(ref=member.id, verdict=verdict, facts=facts)


def stored_order(record: Decision) -> tuple[str, ...]:
    """The queue's order as a record has it, with gaps for those who were not looked at."""
    places = {number(row.facts, "place"): row.ref for row in record.candidates if "place" in row.facts}
    return tuple(places.get(place, "") for place in range(max(places, default=-1) + 1))


def stored_member(row: Candidate, lead: Lead) -> Member:
    """The member of one row of the check table, as that lead's checks saw them."""
    failed = texts(row.facts, "failed")
    return replace(
        from_facts(row.ref, row.facts),
        sources=frozenset() if "not_on_source" in failed else None,
        skills=frozenset(texts(row.facts, "skills")) if "no_skill" in failed else lead.skills,
    )
