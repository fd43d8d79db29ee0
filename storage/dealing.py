"""Who is asked about the leads that wait? One look of the router, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text

from routing import ladder as ladders
from routing.assignment import Offer, Queue, Waiting, route
from routing.members import Member
from routing.schedule import Schedule
from routing.times import HOUR, MINUTE
from storage import leads
from storage.ids import new_id
from storage.leads import WaitingLead
from storage.leases import Lease, check
from storage.transaction import Transaction

ROUND = 200
BREAK = 30 * MINUTE


def route_waiting(tx: Transaction, held: Lease, company: Schedule, weights: Mapping[str, float]) -> int:
    """Look at every lead that is due once; microseconds until something is due by time alone."""
    check(tx, [held])
    tx.connection.execute(
        text("UPDATE member SET presence = 'on_shift', presence_until = NULL, presence_automatic = 0"
             " WHERE presence = 'break' AND presence_until <= :now"),
        {"now": tx.now},
    )  # fmt: skip
    waiting = leads.waiting_leads(tx.connection, weights, tx.now, ROUND)
    if waiting:
        queues = leads.queues(tx.connection, company)
        rules = leads.last_rule(tx.connection, [found.lead.id for found in waiting])
        people = leads.members(tx.connection, company, weights, tx.now)
        for found in waiting:
            queue = queues.get(found.queue_id or "") or next(iter(queues.values()), None)
            if queue is not None and _step(tx, found, queue, people, rules.get(found.lead.id, "")):
                people = leads.members(tx.connection, company, weights, tx.now)
    due = leads.next_look(tx.connection, tx.now)
    return HOUR if due is None else max(0, due - tx.now)


def _step(tx: Transaction, found: WaitingLead, queue: Queue, people: Mapping[str, Member], rule: str) -> bool:
    """What is due for one lead; True when somebody's load changed."""
    ladder = found.lead.ladder
    step = ladders.next_step(ladder, queue, tx.now)
    match step.kind:
        case "wait":
            if ladder.kept_since is None:
                return False
        case "expire":
            _expire(tx, found, ladder)
            return True
        case "remind":
            reminded = ladders.reminded(ladder)
            following = ladders.next_step(reminded, queue, tx.now).at
            leads.set_waiting(tx, found.lead.id, found.waiting, reminded, following)
            for member in step.tell:
                tx.changed("notification", f"lead_kept:{found.lead.id}", audience=f"member:{member}")
    return _route(tx, found, queue, people, rule)


def _route(
    tx: Transaction, found: WaitingLead, queue: Queue, people: Mapping[str, Member], rule: str
) -> bool:
    answer = route(found.lead, list(people.values()), queue, tx.now)
    match answer:
        case Offer():
            _make_offer(tx, found, answer)
            return True
        case Waiting():
            _keep_waiting(tx, found, queue, answer, rule)
            return False


def _make_offer(tx: Transaction, found: WaitingLead, answer: Offer) -> None:
    lead = found.lead
    decision_id = leads.keep_decision(
        tx,
        answer.decision,
        deal_id=lead.id,
        conversation_id=found.conversation_id,
        contact_id=found.contact_id,
    )
    made = tx.connection.execute(
        text("SELECT coalesce(max(rung), -1) + 1 FROM offer WHERE deal_id = :id"), {"id": lead.id}
    ).scalar_one()
    leads.add_offers(
        tx,
        [
            (
                new_id(tx.now),
                lead.id,
                member,
                made,
                int(answer.everyone),
                "open",
                tx.now,
                answer.expires_at,
                decision_id,
            )
            for member in sorted(answer.members)
        ],
    )
    ladder = ladders.offered(lead.ladder, answer.members, answer.expires_at, everyone=answer.everyone)
    leads.set_waiting(tx, lead.id, "offered", ladder, answer.expires_at)
    if found.conversation_id:
        tx.changed("conversation", found.conversation_id, found.contact_id)


def _keep_waiting(tx: Transaction, found: WaitingLead, queue: Queue, answer: Waiting, rule: str) -> None:
    """Remember the reason; the same answer as last time is not stored again."""
    ladder = found.lead.ladder
    if answer.keep:
        ladder = ladders.kept(ladder, tx.now, ended=answer.reason == "ladder_end")
        for member in ladders.first_told(queue):
            tx.changed("notification", f"lead_kept:{found.lead.id}", audience=f"member:{member}")
    if rule != answer.decision.rule:
        leads.keep_decision(
            tx, answer.decision, deal_id=found.lead.id, conversation_id=found.conversation_id,
            contact_id=found.contact_id,
        )  # fmt: skip
    due = answer.until
    if ladder.kept_since is not None:
        due = ladders.next_step(ladder, queue, tx.now).at
    if (found.waiting, found.lead.ladder, found.next_at) != (answer.reason, ladder, due):
        leads.set_waiting(tx, found.lead.id, answer.reason, ladder, due)


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
