"""What happens when messages turn out to be about another deal? One act, written down, taken back as a whole."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Row, text

from storage import audit, batch
from storage.acts import locked
from storage.errors import Conflict
from storage.flush import DEAL, next_numbers
from storage.ids import new_id
from storage.tables import deal, deal_party, message
from storage.transaction import Transaction


def move_messages(
    tx: Transaction, message_id: str, by: str, deal_id: str | None, scope: str, stage: tuple[str, str]
) -> str:
    """Move one message, it and all later ones, or the whole conversation to a deal (None: a new lead of their own).

    Returns the audit entry that takes it back. Each message keeps its old place there.
    """
    found = tx.connection.execute(
        text("SELECT conversation_id, at, seq, id FROM message WHERE id = :id"), {"id": message_id}
    ).first()
    if found is None:
        raise Conflict("not_found", 404)
    row = locked(tx, found.conversation_id)
    made = deal_id is None
    if deal_id is None:
        deal_id = _new_lead(tx, row, by, stage)
    elif (
        tx.connection.execute(text("SELECT open FROM deal WHERE id = :id"), {"id": deal_id}).scalar() is None
    ):
        raise Conflict("bad_request", 422, field="deal_id")
    where = {
        "one": "id = :id",
        "following": "conversation_id = :conversation AND (at, seq, id) >= (:at, :seq, :id)",
        "conversation": "conversation_id = :conversation",
    }[scope]
    parameters = {
        "id": message_id, "conversation": row.id, "at": found.at, "seq": found.seq, "deal": deal_id,
    }  # fmt: skip
    old = tx.connection.execute(
        text(f"SELECT id, deal_id FROM message WHERE {where} AND kind NOT IN ('note', 'system')"), parameters
    ).all()
    tx.connection.execute(
        text(f"UPDATE message SET deal_id = :deal WHERE {where} AND kind NOT IN ('note', 'system')"),
        parameters,
    )
    if scope != "one":
        tx.connection.execute(
            text("UPDATE conversation SET pinned_deal_id = :deal, deal_id = :deal WHERE id = :conversation"),
            parameters,
        )
    joined = tx.connection.execute(
        text("INSERT INTO deal_party (deal_id, contact_id, role, main) VALUES (:deal, :contact, 'client', 0)"
             " ON CONFLICT DO NOTHING"),
        {"deal": deal_id, "contact": row.contact_id},
    ).rowcount  # fmt: skip
    _follow_newest(tx, row.id)
    for moved in old:
        tx.changed("message", moved.id, row.contact_id)
    tx.changed("conversation", row.id, row.contact_id)
    tx.changed("contact", row.contact_id, row.contact_id)
    facts = {
        "to": deal_id, "scope": scope, "messages": {moved.id: moved.deal_id for moved in old},
        "pinned": row.pinned_deal_id, "made": made, "joined": bool(joined),
    }  # fmt: skip
    return audit.note(tx, by, "message.move", "conversation", row.id, facts)


def _follow_newest(tx: Transaction, conversation_id: str) -> None:
    """A conversation is about the deal of its newest message."""
    tx.connection.execute(
        text(
            "UPDATE conversation SET deal_id = (SELECT m.deal_id FROM message m WHERE m.conversation_id = :id"
            " AND m.direction <> 'none' AND m.deleted = 0 ORDER BY m.at DESC, m.seq DESC, m.id DESC LIMIT 1)"
            " WHERE id = :id"
        ),
        {"id": conversation_id},
    )


def _new_lead(tx: Transaction, row: Row[Any], by: str, stage: tuple[str, str]) -> str:
    """A lead of the person who asks for it: nobody else is to be asked."""
    deal_id = new_id(tx.now)
    name = tx.connection.execute(
        text("SELECT name FROM contact WHERE id = :id"), {"id": row.contact_id}
    ).scalar()
    values: tuple[Any, ...] = (
        deal_id, next_numbers(tx.connection, "deal", 1), row.contact_id, stage[0], stage[1], "lead", 1, name or "",
        "RUB", by, None, row.source_id, row.id, "", None, 0, 0, 0, {}, 0, tx.now, tx.now, tx.now,
    )  # fmt: skip
    batch.insert(tx.connection, deal, DEAL, [values])
    batch.insert(
        tx.connection,
        deal_party,
        ("deal_id", "contact_id", "role", "main"),
        [(deal_id, row.contact_id, "client", 1)],
    )
    tx.changed("deal", deal_id, row.contact_id)
    return deal_id


def undo_move(tx: Transaction, conversation_id: str, by: str, audit_id: str) -> None:
    """Put moved messages back where each was. Raises Conflict not_found; not_now when they were moved again since."""
    row = locked(tx, conversation_id)
    found = tx.connection.execute(
        text(
            "SELECT facts FROM audit_log WHERE id = :id AND object_id = :conversation AND action = 'message.move'"
        ),
        {"id": audit_id, "conversation": conversation_id},
    ).first()
    if found is None:
        raise Conflict("not_found", 404)
    facts = orjson.loads(found.facts)
    rows = list(facts["messages"].items())
    now = batch.select(
        tx.connection,
        "SELECT m.id, m.deal_id FROM {wanted} JOIN message m ON m.id = w.id",
        {"id": [moved for moved, _ in rows]},
    )
    if any(found.deal_id != facts["to"] for found in now):
        raise Conflict("not_now")
    batch.update(tx.connection, message, ("id",), ("deal_id",), rows)
    if facts["scope"] != "one":
        tx.connection.execute(
            text("UPDATE conversation SET pinned_deal_id = :pinned WHERE id = :id"),
            {"pinned": facts["pinned"], "id": conversation_id},
        )
    _follow_newest(tx, conversation_id)
    _leave_deal(tx, row, facts)
    for moved, _ in rows:
        tx.changed("message", moved, row.contact_id)
    tx.changed("conversation", conversation_id, row.contact_id)
    tx.changed("contact", row.contact_id, row.contact_id)
    audit.note(tx, by, "undo", "conversation", conversation_id, {"of": audit_id})


def _leave_deal(tx: Transaction, row: Row[Any], facts: dict[str, Any]) -> None:
    """A move that is taken back leaves no lead without messages, and nobody a party of a deal they are not in."""
    said = tx.connection.execute(
        text("SELECT 1 FROM message WHERE deal_id = :deal AND contact_id = :contact LIMIT 1"),
        {"deal": facts["to"], "contact": row.contact_id},
    ).first()
    if said is not None:
        return
    if facts["joined"] or facts["made"]:
        tx.connection.execute(
            text("DELETE FROM deal_party WHERE deal_id = :deal AND contact_id = :contact"),
            {"deal": facts["to"], "contact": row.contact_id},
        )
    if facts["made"]:
        tx.connection.execute(text("DELETE FROM deal WHERE id = :deal"), {"deal": facts["to"]})
