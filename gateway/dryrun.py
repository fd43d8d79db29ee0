"""Who would get a lead now? The router's own function, asked without writing anything."""

from __future__ import annotations

from dataclasses import replace

from gateway.clock import new_id
from gateway.context import Gateway
from gateway.refusals import Refusal
from gateway.rules import setup_of
from routing.assignment import Lead, failures, route
from routing.decision import Candidate, Decision
from routing.rules import Enquiry, Plan, choose
from routing.times import SECOND
from storage import leads, plans


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


async def try_rules(
    gateway: Gateway, enquiry: Enquiry, *, draft: bool, at: int | None
) -> tuple[Decision, Decision]:
    """Which rule holds for a lead and who would be asked, by the plan that holds or the draft. Raises Refusal."""
    database = gateway.database
    moment = gateway.now() if at is None else at
    setup = await setup_of(gateway)
    weights = {other.row.id: other.channel.can().weight for other in gateway.sources.all()}
    _, plan = await database.read(plans.published)
    if draft:
        row = await database.read(plans.draft)
        if row is None:
            raise Refusal("not_now")
        plan = Plan.from_json(row.document)
    rule, decision = choose(plan, enquiry)
    queues = await database.read(leads.queues, setup.schedule)
    queue = queues.get(rule.queue_id) or next(iter(queues.values()), None)
    if queue is None:
        raise Refusal("queue_empty")
    people = await database.read(leads.members, setup.schedule, weights, moment)
    lead = Lead(
        id=new_id(), created_at=moment, source_id=enquiry.source_id, weight=weights.get(enquiry.source_id, 1.0),
        skills=frozenset(rule.skills), first=rule.member_id,
    )  # fmt: skip
    live = gateway.sources.get(enquiry.source_id)
    if live is not None and live.row.first_answer == "operator":
        queue = replace(queue, first_answer="operator")
    if rule.accept_seconds:
        queue = replace(queue, accept_within=rule.accept_seconds * SECOND)
    shares = await database.read(leads.shares)
    return decision, route(lead, leads.asked(queue, lead, people, shares), queue, moment).decision


async def held_back(gateway: Gateway, member_id: str) -> Decision | None:
    """Why no lead may come to this member now, in the router's own reasons; None: they may."""
    setup = await setup_of(gateway)
    weights = {other.row.id: other.channel.can().weight for other in gateway.sources.all()}
    queues = await gateway.database.read(leads.queues, setup.schedule)
    people = await gateway.database.read(leads.members, setup.schedule, weights, gateway.now())
    member = people.get(member_id)
    mine = [queue for queue in queues.values() if member_id in queue.order]
    if member is None or not mine:
        return None
    now = gateway.now()
    lead = Lead(id=new_id(), created_at=now)
    failed = failures(member, lead, mine[0], now)
    if not failed:
        return None
    facts = {"overdue_tasks": member.overdue_tasks, "idle_deals": member.idle_deals, "load": member.load}
    return Decision(
        kind="route",
        rule=failed[0],
        candidates=tuple(Candidate(ref=member_id, verdict=code) for code in failed),
        facts={name: value for name, value in facts.items() if value},
    )
