"""Whom do we want to hear nothing of? What they say is kept, and makes no lead, no alert and no work."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, text

from routing.conversations import Answering, close
from storage.errors import Conflict
from storage.history import Act, row_of
from storage.natures import end_leads, stand, status_of
from storage.transaction import Transaction


def block(
    tx: Transaction, contact_id: str, by: str, identity_id: str | None, blocked: bool, answering: Answering
) -> str:
    """Block one address, or all of a contact that are theirs alone; or let them be heard again. The act, "" for no change.

    Their conversations leave the queue, and unowned leads end; what was decided about other natures stays.
    Raises Conflict not_found.
    """
    addresses = _held(tx, contact_id, identity_id)
    act = Act(tx, by, "contact.block" if blocked else "contact.unblock")
    for ref in addresses:
        act.set("identity", ref, blocked=int(blocked))
        for row in _conversations(tx, contact_id, ref):
            if blocked and row.nature == "client":
                act.set("conversation", row.id, nature="blocked")
                stand(act, row, close(status_of(row), tx.now), answering)
                end_leads(act, row)
            elif not blocked and row.nature == "blocked":
                act.set("conversation", row.id, nature="client")
    tx.changed("contact", contact_id, contact_id)
    return act.close("contact", contact_id, {"addresses": len(addresses)})


def _held(tx: Transaction, contact_id: str, identity_id: str | None) -> list[str]:
    """The addresses in the order of locks, then the card."""
    found = tx.connection.execute(
        text("SELECT i.id, i.shared FROM contact_identity l JOIN identity i ON i.id = l.identity_id"
             " WHERE l.contact_id = :id ORDER BY i.kind, i.value"),
        {"id": contact_id},
    ).all()  # fmt: skip
    if identity_id is not None:
        wanted = [row.id for row in found if row.id == identity_id]
    else:
        wanted = [row.id for row in found if not row.shared]
    for ref in wanted:
        row_of(tx, "identity", ref)
    row_of(tx, "contact", contact_id)
    if identity_id is not None and not wanted:
        raise Conflict("not_found", 404)
    return wanted


def _conversations(tx: Transaction, contact_id: str, identity_id: str) -> list[Row[Any]]:
    lock = tx.for_update
    return list(
        tx.connection.execute(
            text("SELECT id, contact_id, source_id, identity_id, nature, state, waiting_since, heard_at, answered_at,"
                 " snoozed_until, closes_at FROM conversation WHERE contact_id = :contact AND identity_id = :identity"
                 f" ORDER BY id{lock}"),
            {"contact": contact_id, "identity": identity_id},
        )
    )  # fmt: skip
