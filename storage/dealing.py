"""Who is asked about the leads that wait? One look of the router, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import text

from routing import ladder as ladders
from routing.assignment import Lead, Offer, Queue, Waiting, could_take, for_another, lead_order, route
from routing.decision import Decision
from routing.members import Member
from routing.rules import Plan, choose
from routing.schedule import Schedule
from routing.times import HOUR, MINUTE, SECOND
from storage import batch, enquiries, handing, leads, plans
from storage.decisions import Listed, keep_lists, listed
from storage.ids import new_id
from storage.leads import WaitingLead
from storage.leases import Lease, check
from storage.tables import deal, decision
from storage.transaction import Transaction

ROUND = 500
MOST = 50_000
"""Stuck leads looked at in one round."""
BREAK = 30 * MINUTE


@dataclass(slots=True)
class _Round:
    """What one look knows, and what it has decided so far."""

    tx: Transaction
    company: Schedule
    weights: Mapping[str, float]
    queues: Mapping[str, Queue]
    people: dict[str, Member]
    rules: dict[str, str] = field(default_factory=dict)
    """deal -> the rule of its newest decision."""
    plan: tuple[int, Plan] | None = None
    rungs: dict[str, int] = field(default_factory=dict)
    answers: dict[tuple[object, ...], tuple[Waiting, Listed]] = field(default_factory=dict)
    """What leads that are alike get, while nobody's load changes, with its candidates as JSON."""
    decisions: list[tuple[Any, ...]] = field(default_factory=list)
    lists: dict[str, Listed] = field(default_factory=dict)
    offers: list[tuple[Any, ...]] = field(default_factory=list)
    offered: dict[str, str] = field(default_factory=dict)
    """conversation -> its contact: their rows are told after the offers that they show."""
    standing: dict[str, tuple[str, str, Any, int | None]] = field(default_factory=dict)

    def queue_of(self, found: WaitingLead) -> Queue | None:
        return self.queues.get(found.queue_id or "") or next(iter(self.queues.values()), None)

    def read_people(self) -> None:
        self.people = leads.members(self.tx.connection, self.company, self.weights, self.tx.now)
        self.answers.clear()


def route_waiting(
    tx: Transaction, held: Lease, company: Schedule, weights: Mapping[str, float], stuck: bool = True
) -> int:
    """Look at every lead that is due once; microseconds until something is due by time alone.

    `stuck`: somebody may have become free, so look at the leads that only this could help, too.
    """
    check(tx, [held])
    tx.connection.execute(
        text("UPDATE member SET presence = 'on_shift', presence_until = NULL, presence_automatic = 0"
             " WHERE presence = 'break' AND presence_until <= :now"),
        {"now": tx.now},
    )  # fmt: skip
    due = sorted(
        leads.due_leads(tx.connection, weights, tx.now, ROUND),
        key=lambda found: lead_order(found.lead, tx.now, company.zone),
    )
    if due or stuck:
        people = leads.members(tx.connection, company, weights, tx.now)
        look = _Round(tx, company, weights, leads.queues(tx.connection, company), people)
        _look_at(look, due)
        if stuck:
            _look_at_stuck(look, {found.lead.id for found in due})
        _write(look)
    if len(due) == ROUND:
        return 0
    for handover_id in handing.due_back(tx.connection, tx.now):
        handing.give_back(tx, handover_id, "")
    following = [leads.next_look(tx.connection, tx.now), *_freed_by_time(tx, company, weights)]
    return min((max(0, at - tx.now) for at in following if at is not None), default=HOUR)


def _freed_by_time(tx: Transaction, company: Schedule, weights: Mapping[str, float]) -> list[int | None]:
    """When the clock alone frees somebody: a shift begins, a break or an override of theirs ends, a hand-over returns."""
    if not leads.anything_waits(tx.connection):
        return [handing.next_back(tx.connection)]
    people = leads.members(tx.connection, company, weights, tx.now).values()
    shifts = [one.shift.opens_at for one in people if one.active and one.shift is not None]
    breaks = [one.presence_until for one in people if one.active]
    return [
        handing.next_back(tx.connection),
        *(at for at in (*shifts, *breaks) if at is not None and at > tx.now),
    ]


def _look_at(look: _Round, page: Sequence[WaitingLead]) -> None:
    page = _by_rules(look, page)
    ids = [found.lead.id for found in page]
    look.rules |= leads.last_rule(look.tx.connection, ids)
    look.rungs |= leads.next_rungs(look.tx.connection, ids)
    for found in page:
        queue = look.queue_of(found)
        if queue is not None and found.accept_seconds:
            queue = replace(queue, accept_within=found.accept_seconds * SECOND)
        if queue is not None:
            _step(look, found, queue)


def _by_rules(look: _Round, page: Sequence[WaitingLead]) -> Sequence[WaitingLead]:
    """New leads go to the queue that the plan's first fitting sentence names; each once, with its decision."""
    fresh = [found for found in page if not found.routed]
    if not fresh:
        return page
    if look.plan is None:
        look.plan = plans.published(look.tx.connection)
    version, plan = look.plan
    seen = enquiries.of_deals(look.tx.connection, [found.lead.id for found in fresh]) if version else {}
    sent: dict[str, WaitingLead] = {}
    rows: list[tuple[Any, ...]] = []
    for found in fresh:
        if found.lead.id not in seen:
            continue
        rule, record = choose(plan, seen[found.lead.id])
        queue_id = rule.queue_id if rule.queue_id in look.queues else found.queue_id
        routed = {
            "plan": version, "rule": rule.id, "member": rule.member_id, "skills": [*rule.skills],
            "accept_seconds": rule.accept_seconds,
        }  # fmt: skip
        rows.append((found.lead.id, queue_id, found.lead.priority + rule.priority, routed))
        lead = replace(
            found.lead, first=rule.member_id, skills=frozenset(rule.skills),
            priority=found.lead.priority + rule.priority,
        )  # fmt: skip
        sent[found.lead.id] = replace(found, lead=lead, queue_id=queue_id, accept_seconds=rule.accept_seconds)
        _keep_decision(look, found, record, listed(record.candidates))
    columns = ("queue_id", "priority", "routed")
    batch.update(look.tx.connection, deal, ("id",), columns, sorted(rows, key=lambda row: row[0]))
    return [sent.get(found.lead.id, found) for found in page]


def _look_at_stuck(look: _Round, seen: Set[str]) -> None:
    """Page by page, for as long as somebody could take a lead at all."""
    last: WaitingLead | None = None
    for _ in range(MOST // ROUND):
        if not any(could_take(member, look.tx.now) for member in look.people.values()):
            return
        page = leads.stuck_leads(look.tx.connection, look.weights, last, ROUND)
        _look_at(look, [found for found in page if found.lead.id not in seen])
        if len(page) < ROUND:
            return
        last = page[-1]


def _write(look: _Round) -> None:
    """All that was decided, one statement a table, in the order of the locks."""
    leads.set_all_waiting(look.tx, list(look.standing.values()))
    keep_lists(look.tx.connection, look.lists.values())
    batch.insert(look.tx.connection, decision, leads.DECISION, look.decisions)
    leads.add_offers(look.tx, look.offers)
    for conversation_id, contact_id in look.offered.items():
        look.tx.changed("conversation", conversation_id, contact_id)


def _step(look: _Round, found: WaitingLead, queue: Queue) -> None:
    """What is due for one lead."""
    tx, ladder = look.tx, found.lead.ladder
    step = ladders.next_step(ladder, queue, tx.now)
    match step.kind:
        case "wait":
            if ladder.kept_since is None:
                return
        case "expire":
            _expire(tx, found, ladder)
            look.read_people()
            return
        case "remind":
            reminded = ladders.reminded(ladder)
            following = ladders.next_step(reminded, queue, tx.now).at
            _stand(look, found, found.waiting, reminded, following)
            for member in step.tell:
                tx.changed("notification", f"lead_kept:{found.lead.id}", audience=f"member:{member}")
    _route(look, found, queue)


def _stand(look: _Round, found: WaitingLead, waiting: str, ladder: ladders.Ladder, at: int | None) -> None:
    look.standing[found.lead.id] = (found.lead.id, waiting, ladder.to_json(), at)


def _route(look: _Round, found: WaitingLead, queue: Queue) -> None:
    answer, candidates = _answer(look, found.lead, queue)
    match answer:
        case Offer():
            _make_offer(look, found, answer, candidates)
        case Waiting():
            _keep_waiting(look, found, queue, answer, candidates)


def _answer(look: _Round, lead: Lead, queue: Queue) -> tuple[Offer | Waiting, Listed]:
    """Routing's answer. Leads that are alike get the same one, found once."""
    alike = (queue.id, queue.accept_within, lead.source_id, lead.weight, lead.skills, lead.first, lead.ladder)
    plain = not lead.managers and queue.first_answer == "manager"
    if plain and alike in look.answers:
        known, candidates = look.answers[alike]
        return for_another(known, lead), candidates
    answer = route(lead, list(look.people.values()), queue, look.tx.now)
    candidates = listed(answer.decision.candidates)
    if plain and isinstance(answer, Waiting):
        look.answers[alike] = (answer, candidates)
    return answer, candidates


def _keep_decision(look: _Round, found: WaitingLead, record: Decision, candidates: Listed) -> str:
    decision_id = new_id(look.tx.now)
    shown = {**replace(record, candidates=()).to_json(), "candidates": candidates.inside()}
    look.lists[candidates.id] = candidates
    look.decisions.append(
        leads.decision_row(
            decision_id, record, shown, look.tx.now, deal_id=found.lead.id,
            conversation_id=found.conversation_id, contact_id=found.contact_id, candidates_id=candidates.id,
        )
    )  # fmt: skip
    return decision_id


def _make_offer(look: _Round, found: WaitingLead, answer: Offer, candidates: Listed) -> None:
    lead, now = found.lead, look.tx.now
    decision_id = _keep_decision(look, found, answer.decision, candidates)
    rung = look.rungs.get(lead.id, 0)
    look.rungs[lead.id] = rung + 1
    look.offers += [
        (
            new_id(now),
            lead.id,
            member,
            rung,
            int(answer.everyone),
            "open",
            now,
            answer.expires_at,
            decision_id,
        )
        for member in sorted(answer.members)
    ]
    ladder = ladders.offered(lead.ladder, answer.members, answer.expires_at, everyone=answer.everyone)
    _stand(look, found, "offered", ladder, answer.expires_at)
    if found.conversation_id:
        look.offered[found.conversation_id] = found.contact_id
    for ref in answer.members:
        asked = look.people[ref]
        look.people[ref] = replace(
            asked, open_offers=asked.open_offers + 1, load=asked.load + 1, last_offer_at=now
        )
    look.answers.clear()


def _keep_waiting(
    look: _Round, found: WaitingLead, queue: Queue, answer: Waiting, candidates: Listed
) -> None:
    """Remember the reason; the same answer as last time is not stored again."""
    now, ladder = look.tx.now, found.lead.ladder
    if answer.keep:
        ladder = ladders.kept(ladder, now, ended=answer.reason == "ladder_end")
        for member in ladders.first_told(queue):
            look.tx.changed("notification", f"lead_kept:{found.lead.id}", audience=f"member:{member}")
    if look.rules.get(found.lead.id) != answer.decision.rule:
        _keep_decision(look, found, answer.decision, candidates)
    due = answer.until
    if ladder.kept_since is not None:
        due = ladders.next_step(ladder, queue, now).at
    if (found.waiting, found.lead.ladder, found.next_at) != (answer.reason, ladder, due):
        _stand(look, found, answer.reason, ladder, due)


def _expire(tx: Transaction, found: WaitingLead, ladder: ladders.Ladder) -> None:
    """Time is up: who let two single offers in a row run out is put on a break, and told."""
    broadcast = tx.connection.execute(
        text("SELECT max(broadcast) FROM offer WHERE deal_id = :id AND state = 'open'"), {"id": found.lead.id}
    ).scalar()
    for member in leads.settle_offers(tx, found.lead.id, "expired"):
        if broadcast:
            continue
        row = tx.connection.execute(
            text(
                "UPDATE member SET expired_in_row = expired_in_row + 1 WHERE id = :id RETURNING expired_in_row"
            ),
            {"id": member},
        ).scalar_one()
        if ladders.takes_break(row):
            tx.connection.execute(
                text("UPDATE member SET presence = 'break', presence_automatic = 1, presence_until = :until,"
                     " expired_in_row = 0 WHERE id = :id"),
                {"id": member, "until": tx.now + BREAK},
            )  # fmt: skip
            tx.changed("member", member)
            tx.changed("notification", "break_automatic", audience=f"member:{member}")
    leads.set_waiting(tx, found.lead.id, "new", ladders.expired(ladder, tx.now), tx.now)
    tx.ring("router")
