"""Who has gone without a word, and what becomes of the leads they hold?"""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from routing.conversations import Status, deadline, wake
from routing.schedule import Schedule, working_between
from routing.supervision import GONE_AFTER, IDLE_AFTER
from storage import heads
from storage.deals import held
from storage.history import Act
from storage.responsible import give
from storage.transaction import Transaction

AT_ONCE: Final = 200


def rest_the_idle(tx: Transaction) -> list[str]:
    """Whoever is on shift and not heard of for ten minutes is on an automatic break, until they are heard of again.

    Not whom a telephone reaches: they may take calls all day without the console.
    """
    rows = tx.connection.execute(
        text("UPDATE member SET presence = 'break', presence_automatic = 1, presence_until = NULL WHERE active = 1"
             " AND presence = 'on_shift' AND demo = 0 AND extension = ''"
             " AND seen_at < :quiet AND coalesce(reachable_until, 0) <= :now"
             " RETURNING id"),
        {"quiet": tx.now - IDLE_AFTER, "now": tx.now},
    ).all()  # fmt: skip
    for row in rows:
        tx.changed("member", row.id)
    return [row.id for row in rows]


def return_leads(tx: Transaction, company: Schedule) -> list[str]:
    """Leads that nobody has spoken to go back to routing when their owner is gone for long; which.

    Both the owner and the head are told.
    """
    rows = tx.connection.execute(
        text("SELECT d.id, d.owner_id, d.accepted_at, m.seen_at FROM member m JOIN deal d ON d.owner_id = m.id AND d.open = 1"
             " AND d.stage_kind = 'lead' AND d.first_contact_at IS NULL AND d.quiet = 0 AND d.accepted_at < :before"
             " WHERE m.active = 1 AND m.seen_at < :before AND coalesce(m.reachable_until, 0) <= :now"
             " ORDER BY d.accepted_at, d.id LIMIT :limit"),
        {"before": tx.now - GONE_AFTER, "now": tx.now, "limit": AT_ONCE},
    ).all()  # fmt: skip
    gone = [
        row
        for row in rows
        if working_between(company, max(row.seen_at, row.accepted_at), tx.now) >= GONE_AFTER
    ]
    for row in gone:
        held(tx, row.id)
        act = Act(tx, "", "lead.return")
        give(act, row.id, None)
        act.close("deal", row.id, {"from": row.owner_id})
        for member_id in (row.owner_id, *heads.chain_of(tx.connection, row.owner_id)[:1]):
            tx.changed("notification", f"lead_returned:{row.id}", audience=f"member:{member_id}")
    return [row.id for row in gone]


def wake_the_snoozed(tx: Transaction) -> int:
    """Conversations whose snooze is over need an answer again; how many."""
    lock = " FOR UPDATE SKIP LOCKED" if tx.connection.dialect.name == "postgresql" else ""
    rows = tx.connection.execute(
        text("SELECT id, contact_id, state, waiting_since, heard_at, answered_at, snoozed_until, due_at, closes_at,"
             " assignee_id FROM conversation WHERE state = 'snoozed' AND snoozed_until <= :now ORDER BY snoozed_until"
             f" LIMIT :limit{lock}"),
        {"now": tx.now, "limit": AT_ONCE},
    ).all()  # fmt: skip
    for row in rows:
        status = wake(
            Status(
                state=row.state, waiting_since=row.waiting_since, heard_at=row.heard_at,
                answered_at=row.answered_at, snoozed_until=row.snoozed_until,
            ),
            tx.now,
        )  # fmt: skip
        due = row.due_at or tx.now
        tx.connection.execute(
            text("UPDATE conversation SET state = :state, waiting_since = :since, snoozed_until = NULL, due_at = :due,"
                 " deadline_at = :deadline, updated_at = :now WHERE id = :id"),
            {
                "state": status.state, "since": status.waiting_since, "due": due, "now": tx.now, "id": row.id,
                "deadline": deadline(due, row.closes_at),
            },
        )  # fmt: skip
        tx.changed("conversation", row.id, row.contact_id)
        if row.assignee_id:
            tx.changed("notification", f"snooze_over:{row.id}", audience=f"member:{row.assignee_id}")
    return len(rows)
