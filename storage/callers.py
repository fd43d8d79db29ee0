"""Who can be called, by whom, and how did it end?"""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Connection, Row, text

from routing.times import Micros
from storage import batch
from storage.acts import locked
from storage.calls import close_call_backs
from storage.history import row_of
from storage.ids import new_id
from storage.tables import task
from storage.transaction import Transaction


def extension_of(connection: Connection, member_id: str) -> str:
    """The member's own telephone; "" is none."""
    found: str | None = connection.execute(
        text("SELECT extension FROM member WHERE id = :id"), {"id": member_id}
    ).scalar()
    return found or ""


def extensions(connection: Connection) -> frozenset[str]:
    """Every telephone of our people."""
    rows = connection.execute(text("SELECT extension FROM member WHERE extension <> ''"))
    return frozenset(row.extension for row in rows)


def numbers_of(connection: Connection, contact_id: str) -> list[str]:
    """The contact's numbers, verified ones first."""
    rows = connection.execute(
        text(
            "SELECT i.value FROM contact_identity l JOIN identity i ON i.id = l.identity_id"
            " WHERE l.contact_id = :contact AND i.kind = 'phone' ORDER BY l.verified DESC, l.created_at"
        ),
        {"contact": contact_id},
    )
    return [row.value for row in rows]


TASK = (
    "id",
    "deal_id",
    "contact_id",
    "conversation_id",
    "owner_id",
    "author_id",
    "kind",
    "title",
    "due_at",
    "created_at",
)


def _held(tx: Transaction, message_id: str) -> Row[Any]:
    """A call, which nobody changes now: what is told of it later must not undo the caller's word, nor this word that."""
    found = text("SELECT contact_id, conversation_id FROM message WHERE id = :id")
    of = tx.connection.execute(found, {"id": message_id}).one()
    row_of(tx, "contact", of.contact_id)
    locked(tx, of.conversation_id)
    return tx.connection.execute(
        text(
            "SELECT m.contact_id, m.conversation_id, m.deal_id, m.content, c.name FROM message m"
            " JOIN contact c ON c.id = m.contact_id WHERE m.id = :id"
        ),
        {"id": message_id},
    ).one()


def conclude(tx: Transaction, message_id: str, member_id: str, result: str, at: Micros | None) -> None:
    """Keep the caller's word on a call. Reached: a call back owed is done. Later: it is owed again, then."""
    row = _held(tx, message_id)
    content = orjson.loads(row.content)
    content["call"]["result"] = result
    tx.connection.execute(
        text("UPDATE message SET content = :content WHERE id = :id"),
        {"content": orjson.dumps(content).decode(), "id": message_id},
    )
    tx.changed("message", message_id, row.contact_id)
    if result == "reached":
        close_call_backs(tx, row.contact_id, member_id, "reached")
    elif result == "later":
        close_call_backs(tx, row.contact_id, member_id, "later")
        made = (
            new_id(tx.now), row.deal_id, row.contact_id, row.conversation_id, member_id, member_id, "call_back",
            row.name, at, tx.now,
        )  # fmt: skip
        batch.insert(tx.connection, task, TASK, [made])
        tx.changed("task", made[0], row.contact_id)
