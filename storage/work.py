"""What do people do with contacts, leads and tasks?"""

from __future__ import annotations

from sqlalchemy import text

from routing.schedule import Schedule
from storage import audit, leads
from storage.calls import tell_missed
from storage.deals import held
from storage.errors import Conflict
from storage.history import row_of
from storage.offers import take
from storage.responsible import must_work
from storage.tasks import with_its_client
from storage.transaction import Transaction


def rename(tx: Transaction, contact_id: str, by: str, name: str) -> None:
    """A person names a contact. Raises Conflict not_found."""
    found = tx.connection.execute(
        text("UPDATE contact SET name = :name, name_from = 'person', updated_at = :now WHERE id = :id"),
        {"name": name, "now": tx.now, "id": contact_id},
    )
    if not found.rowcount:
        raise Conflict("not_found", 404)
    audit.note(tx, by, "contact.rename", "contact", contact_id)
    tx.changed("contact", contact_id, contact_id)
    for row in tx.connection.execute(
        text("SELECT id FROM conversation WHERE contact_id = :id"), {"id": contact_id}
    ):
        tx.changed("conversation", row.id, contact_id)


def set_done(tx: Transaction, task_id: str, by: str, done: bool) -> None:
    """Tick a task off or open it again. Raises Conflict not_found."""
    with_its_client(tx, task_id)
    row = row_of(tx, "task", task_id)
    if (row.done_at is not None) == done:
        return
    tx.connection.execute(
        text("UPDATE task SET done_at = :at, done_by_id = :by, result = :result WHERE id = :id"),
        {
            "at": tx.now if done else None,
            "by": by if done else None,
            "result": "done" if done else "",
            "id": task_id,
        },
    )
    audit.note(tx, by, "task.done" if done else "task.open", "task", task_id)
    tx.changed("task", task_id, row.contact_id)
    tell_missed(tx, [task_id])
    tx.ring("router")


def take_lead(tx: Transaction, deal_id: str, by: str, company: Schedule) -> None:
    """Take a lead that nobody owns; open offers to others end. Raises Conflict not_found, taken."""
    row = held(tx, deal_id)
    if row.owner_id == by:
        return
    if row.owner_id is not None or not row.open:
        name = tx.connection.execute(
            text("SELECT name FROM member WHERE id = :id"), {"id": row.owner_id}
        ).scalar()
        raise Conflict("taken", by=name)
    leads.settle_offers(tx, deal_id, "taken")
    must_work(tx, by)
    take(tx, deal_id, by, company)
    leads.keep_by_hand(tx, row, by, by)
    audit.note(tx, by, "lead.take", "deal", deal_id)
