"""Who would get a lead now? The router's own function, asked without writing anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.clock import new_id
from gateway.context import Gateway
from gateway.refusals import Refusal
from gateway.rules import setup_of
from routing import assignment
from routing.assignment import Lead, Offer, Queue, route
from routing.decision import Candidate, Decision
from routing.ladder import expired, first_told, offered
from routing.members import Member, reachable
from routing.rules import Enquiry, Plan, choose
from routing.times import MINUTE, SECOND
from storage import leads, plans

NEAR: Final = MINUTE
"""A dry run that is not further off than this looks at who is there now."""
MOST_STEPS: Final = 8


async def dry_run(gateway: Gateway, source_id: str, at: int | None = None) -> Decision:
    """The decision for a stranger's lead of this source at a moment (now). Raises Refusal."""
    live = await gateway.sources.find(source_id)
    if live is None:
        raise Refusal("not_found", 404)
    moment = gateway.now() if at is None else at
    setup = await setup_of(gateway)
    weights = {other.row.id: other.channel.can().weight for other in gateway.sources.all()}
    queues = await gateway.database.read(leads.queues, setup.schedule)
    queue = queues.get(live.row.queue_id or "") or next(iter(queues.values()), None)
    if queue is None:
        raise Refusal("queue_empty")
    people = await gateway.database.read(leads.members, setup.schedule, weights, moment)
    lead = Lead(id=new_id(), created_at=moment, source_id=source_id, weight=live.channel.can().weight)
    shares = await gateway.database.read(leads.shares)
    if live.row.first_answer == "operator":
        queue = replace(queue, first_answer="operator")
    return route(lead, leads.asked(queue, lead, people, shares), queue, moment).decision


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next when nobody takes the lead: by which rule, to whom, and when."""

    rule: str
    members: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Tried:
    """Which rule holds, who would be asked first, and who after them."""

    rules: Decision
    route: Decision
    queue_id: str
    then: tuple[Step, ...]


async def try_rules(
    gateway: Gateway, enquiry: Enquiry, *, draft: bool, at: int | None, managers: tuple[str, ...] = ()
) -> Tried:
    """Where a lead would go by the plan that holds or by the draft. `managers` are the client's own. Raises Refusal.

    At another moment than now nobody knows who will be there: whoever works by the schedule counts as being on shift.
    """
    database = gateway.database
    moment = gateway.now() if at is None else at
    setup = await setup_of(gateway)
    weights = {other.row.id: other.channel.can().weight for other in gateway.sources.all()}
    plan = await _plan(gateway, draft)
    rule, decision = choose(plan, enquiry)
    queues = await database.read(leads.queues, setup.schedule)
    queue = queues.get(rule.queue_id) or next(iter(queues.values()), None)
    if queue is None:
        raise Refusal("queue_empty")
    people = await database.read(leads.members, setup.schedule, weights, moment)
    if abs(moment - gateway.now()) > NEAR:
        people = {ref: supposed(one, moment) for ref, one in people.items()}
    lead = Lead(
        id=new_id(), created_at=moment, source_id=enquiry.source_id, weight=weights.get(enquiry.source_id, 1.0),
        skills=frozenset(rule.skills), first=rule.member_id, managers=managers,
    )  # fmt: skip
    live = gateway.sources.get(enquiry.source_id)
    if live is not None and live.row.first_answer == "operator":
        queue = replace(queue, first_answer="operator")
    if rule.accept_seconds:
        queue = replace(queue, accept_within=rule.accept_seconds * SECOND)
    asked = leads.asked(queue, lead, people, await database.read(leads.shares))
    return Tried(
        decision, route(lead, asked, queue, moment).decision, queue.id, steps(lead, asked, queue, moment)
    )


async def _plan(gateway: Gateway, draft: bool) -> Plan:
    if not draft:
        return (await gateway.database.read(plans.published))[1]
    row = await gateway.database.read(plans.draft)
    if row is None:
        raise Refusal("not_now")
    return Plan.from_json(row.document)


def supposed(member: Member, at: int) -> Member:
    """The member as they will be when all goes as planned: there, free, with nothing overdue."""
    return replace(
        member, presence="on_shift", presence_until=None, seen_at=at, on_call=False, open_offers=0, overdue_tasks=0,
        idle_deals=0,
    )  # fmt: skip


def steps(lead: Lead, people: Sequence[Member], queue: Queue, now: int) -> tuple[Step, ...]:
    """The offers that follow one another while nobody accepts, and who keeps the lead in the end; people stay as they are."""
    found: list[Step] = []
    there = {one.id for one in people if reachable(one, now)}
    answer = route(lead, people, queue, now)
    while isinstance(answer, Offer) and len(found) < MOST_STEPS:
        now = answer.expires_at
        ladder = offered(lead.ladder, answer.members, now, everyone=answer.everyone)
        lead = replace(lead, ladder=expired(ladder, now))
        people = [replace(one, seen_at=now) if one.id in there else one for one in people]
        answer = route(lead, people, queue, now)
        to = answer.members if isinstance(answer, Offer) else first_told(queue)
        found.append(Step(answer.decision.rule, to, now))
    return tuple(found)


async def held_back(gateway: Gateway, member_id: str) -> Decision | None:
    """Why no lead may come to this member now, in the router's own reasons; None: they may."""
    setup = await setup_of(gateway)
    weights = {other.row.id: other.channel.can().weight for other in gateway.sources.all()}
    queues = await gateway.database.read(leads.queues, setup.schedule)
    people = await gateway.database.read(leads.members, setup.schedule, weights, gateway.now())
    member = people.get(member_id)
    if member is None or not any(member_id in queue.places for queue in queues.values()):
        return None
    failed = assignment.held_back(member, queues.values(), gateway.now())
    if not failed:
        return None
    facts = {"overdue_tasks": member.overdue_tasks, "idle_deals": member.idle_deals, "load": member.load}
    return Decision(
        kind="route",
        rule=failed[0],
        candidates=tuple(Candidate(ref=member_id, verdict=code) for code in failed),
        facts={name: value for name, value in facts.items() if value},
    )
