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
from storage import batch, enquiries, handing, leads, once, plans
from storage.decisions import Listed, keep_lists, listed
from storage.errors import Overtaken
from storage.ids import new_id
from storage.leads import Below, WaitingLead, below
from storage.leases import Lease, check
from storage.responsible import working
from storage.tables import deal, decision
from storage.transaction import Transaction

ROUND = 500
SPARE = 20
"""Stuck leads looked at beyond the free seats: some of the oldest may be for nobody who is free."""
PAGE = 100
"""Stuck leads looked at further down in one look, so that no look takes long however many wait."""
FEW = 20
"""So many freed people have their own clients' leads looked for."""
BREAK = 30 * MINUTE


@dataclass(slots=True)
class _Round:
    """What one look knows, and what it has decided so far."""

    tx: Transaction
    company: Schedule
    weights: Mapping[str, float]
    queues: Mapping[str, Queue]
    people: dict[str, Member]
    shares: Mapping[tuple[str, str], float] = field(default_factory=dict)
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

    def freed(self, ref: str, **values: Any) -> None:
        """Somebody's offer is over."""
        one = self.people.get(ref)
        if one is not None:
            left = max(0, one.open_offers - 1)
            self.people[ref] = replace(one, open_offers=left, load=max(0.0, one.load - 1), **values)
        self.answers.clear()

    def free(self) -> set[str]:
        """Those who could take a lead at all."""
        return {ref for ref, member in self.people.items() if could_take(member, self.tx.now)}


@dataclass(slots=True)
class Pages:
    """How far down each queue's stuck leads the looks have come. Kept between looks; may be lost without harm."""

    after: dict[str | None, Below] = field(default_factory=dict)


def route_waiting(
    tx: Transaction, held: Lease, company: Schedule, weights: Mapping[str, float], stuck: bool = True,
    pages: Pages | None = None,
) -> int:  # fmt: skip
    """Look at every lead that is due once; microseconds until something is due by time alone.

    `stuck`: somebody may have become free, so look at the leads that only this could help, too: of each queue with a free
    seat the oldest, and one page further down. 0: there are more to look at, at once.
    """
    check(tx, [held])
    batch.plan_once(tx.connection)
    tx.connection.execute(
        text("UPDATE member SET presence = 'on_shift', presence_until = NULL, presence_automatic = 0"
             " WHERE presence = 'break' AND presence_until <= :now"),
        {"now": tx.now},
    )  # fmt: skip
    due = sorted(
        leads.due_leads(tx.connection, weights, tx.now, ROUND),
        key=lambda found: lead_order(found.lead, tx.now, company.zone),
    )
    look: _Round | None = None
    more = len(due) == ROUND
    if due or (stuck and leads.anything_waits(tx.connection)):
        people = leads.members(tx.connection, company, weights, tx.now)
        queues, shares = leads.queues(tx.connection, company), leads.shares(tx.connection)
        look = _Round(tx, company, weights, queues, people, shares)
        _look_at(look, due)
        if stuck:
            more |= _look_at_stuck(look, {found.lead.id for found in due}, pages or Pages())
        _write(look)
    if more:
        return 0
    for handover_id in handing.due_back(tx.connection, tx.now):
        handing.give_back(tx, handover_id, "")
    following = [leads.next_look(tx.connection, tx.now), *_freed_by_time(tx, company, weights, look)]
    return min((max(0, at - tx.now) for at in following if at is not None), default=HOUR)


def _freed_by_time(
    tx: Transaction, company: Schedule, weights: Mapping[str, float], look: _Round | None
) -> list[int | None]:
    """When the clock alone frees somebody: a shift begins, a break or an override of theirs ends, a hand-over returns."""
    if not leads.anything_waits(tx.connection):
        return [handing.next_back(tx.connection)]
    people = look.people if look is not None else leads.members(tx.connection, company, weights, tx.now)
    shifts = [one.shift.opens_at for one in people.values() if one.active and one.shift is not None]
    breaks = [one.presence_until for one in people.values() if one.active]
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
        if queue is not None and found.operator_first:
            queue = replace(queue, first_answer="operator")
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
        if found.lead.handed_over_at is not None:
            routed["handed_over_at"] = found.lead.handed_over_at
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


def _look_at_stuck(look: _Round, seen: Set[str], pages: Pages) -> bool:
    """For each free seat the oldest leads of its queue, and where these were for somebody else a page further down.

    True: further pages are left, though somebody is free.
    """
    free = look.free()
    if not free:
        return False
    known = set(seen)
    if len(free) <= FEW:
        _look_once(look, leads.stuck_of(look.tx.connection, look.weights, free, ROUND), known)
    more = False
    for place, (queue_id, queue) in enumerate(look.queues.items()):
        for ref in (queue_id, None) if place == 0 else (queue_id,):
            more |= _look_down(look, queue, ref, known, pages)
    return more


def _look_down(look: _Round, queue: Queue, ref: str | None, seen: set[str], pages: Pages) -> bool:
    seats = len(look.free() & queue.places.keys())
    if not seats:
        pages.after.pop(ref, None)
        return False
    first = leads.stuck_leads(look.tx.connection, look.weights, ref, None, seats + SPARE)
    _look_once(look, first, seen)
    if len(first) < seats + SPARE or not look.free() & queue.places.keys():
        pages.after.pop(ref, None)
        return False
    after = max(pages.after.get(ref, below(first[-1])), below(first[-1]), key=_how_far)
    page = leads.stuck_leads(look.tx.connection, look.weights, ref, after, PAGE)
    _look_once(look, page, seen)
    if len(page) < PAGE:
        pages.after.pop(ref, None)
        return False
    pages.after[ref] = below(page[-1])
    return bool(look.free() & queue.places.keys())


def _how_far(one: Below) -> tuple[int, int, str]:
    return (-one[0], one[1], one[2])


def _look_once(look: _Round, page: Sequence[WaitingLead], seen: set[str]) -> None:
    fresh = [found for found in page if found.lead.id not in seen]
    seen |= {found.lead.id for found in fresh}
    _look_at(look, fresh)


def _write(look: _Round) -> None:
    """All that was decided, one statement a table, in the order of the locks."""
    leads.set_all_waiting(look.tx, list(look.standing.values()))
    asked = {row[2] for row in look.offers}
    if working(look.tx, asked) != asked:
        raise Overtaken("somebody who was to be asked has just been let go")
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
            _expire(look, found, ladder, queue)
            return
        case "remind":
            reminded = ladders.reminded(ladder)
            following = ladders.next_step(reminded, queue, tx.now).at
            _stand(look, found, found.waiting, reminded, following)
            _tell(tx, step.tell, f"lead_kept:{found.lead.id}")
    _route(look, found, queue)


def _stand(look: _Round, found: WaitingLead, waiting: str, ladder: ladders.Ladder, at: int | None) -> None:
    look.standing[found.lead.id] = (found.lead.id, waiting, ladder.to_json(), at)


def _route(look: _Round, found: WaitingLead, queue: Queue) -> None:
    answer, candidates = _answer(look, found.lead, queue)
    match answer:
        case Offer():
            _make_offer(look, found, answer, candidates)
            if answer.tell_head and once.first_time(look.tx, "gate_relaxed", queue.id, look.tx.now // HOUR):
                _tell(look.tx, ladders.first_told(queue), f"gate_relaxed:{found.lead.id}")
        case Waiting():
            _keep_waiting(look, found, queue, answer, candidates)


def _answer(look: _Round, lead: Lead, queue: Queue) -> tuple[Offer | Waiting, Listed]:
    """Routing's answer. Leads that are alike get the same one, found once."""
    alike = (queue.id, queue.accept_within, lead.source_id, lead.weight, lead.skills, lead.first, lead.ladder)
    plain = not lead.managers and queue.first_answer == "manager"
    if plain and alike in look.answers:
        known, candidates = look.answers[alike]
        return for_another(known, lead), candidates
    answer = route(lead, leads.asked(queue, lead, look.people, look.shares), queue, look.tx.now)
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
        _tell(look.tx, ladders.first_told(queue), f"lead_kept:{found.lead.id}")
    if look.rules.get(found.lead.id) != answer.decision.rule:
        _keep_decision(look, found, answer.decision, candidates)
    due = answer.until
    if ladder.kept_since is not None:
        due = ladders.next_step(ladder, queue, now).at
    if (found.waiting, found.lead.ladder, found.next_at) != (answer.reason, ladder, due):
        _stand(look, found, answer.reason, ladder, due)


def _expire(look: _Round, found: WaitingLead, ladder: ladders.Ladder, queue: Queue) -> None:
    """Time is up: who let two single offers in a row run out is put on a break; they and the head are told."""
    tx = look.tx
    broadcast = tx.connection.execute(
        text("SELECT max(broadcast) FROM offer WHERE deal_id = :id AND state = 'open'"), {"id": found.lead.id}
    ).scalar()
    for member in leads.settle_offers(tx, found.lead.id, "expired"):
        if broadcast:
            look.freed(member)
            continue
        _tell(tx, [member], f"offer_expired:{found.lead.id}")
        row = tx.connection.execute(
            text(
                "UPDATE member SET expired_in_row = expired_in_row + 1 WHERE id = :id RETURNING expired_in_row"
            ),
            {"id": member},
        ).scalar_one()
        if not ladders.takes_break(row):
            look.freed(member)
            continue
        tx.connection.execute(
            text("UPDATE member SET presence = 'break', presence_automatic = 1, presence_until = :until,"
                 " expired_in_row = 0 WHERE id = :id"),
            {"id": member, "until": tx.now + BREAK},
        )  # fmt: skip
        look.freed(member, presence="break", presence_until=tx.now + BREAK)
        tx.changed("member", member)
        _tell(tx, [member], "break_automatic")
        _tell(tx, [ref for ref in ladders.first_told(queue) if ref != member], f"colleague_break:{member}")
    leads.set_waiting(tx, found.lead.id, "new", ladders.expired(ladder, tx.now), tx.now)
    tx.ring("router")


def _tell(tx: Transaction, members: Sequence[str], name: str) -> None:
    for member in members:
        tx.changed("notification", name, audience=f"member:{member}")
