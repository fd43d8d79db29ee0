"""Who lets a source speak in their own name, and which of our people is that?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, text

from storage import audit
from storage.errors import Conflict
from storage.transaction import Transaction


def lent(connection: Connection, source_id: str) -> list[Row[Any]]:
    """The private accounts lent to a source, the newest news first."""
    return list(
        connection.execute(
            text(
                "SELECT c.key, c.name, c.active, c.can_reply, c.changed_at, c.member_id, m.name AS member_name, i.username"
                " FROM connection c LEFT JOIN member m ON m.id = c.member_id LEFT JOIN identity i ON i.id = c.identity_id"
                " WHERE c.source_id = :id ORDER BY c.changed_at DESC, c.key"
            ),
            {"id": source_id},
        )
    )


def belongs_to(tx: Transaction, source_id: str, key: str, member_id: str | None, by: str) -> None:
    """From now on its chats are for this member's eyes; None: nobody said whose it is. Raises Conflict not_found."""
    values = {"source": source_id, "key": key, "member": member_id}
    known = "EXISTS (SELECT 1 FROM member WHERE id = :member)" if member_id is not None else "1 = 1"
    changed = tx.connection.execute(
        text(
            f"UPDATE connection SET member_id = :member WHERE source_id = :source AND key = :key AND {known}"
        ),
        values,
    )
    if changed.rowcount != 1:
        raise Conflict("not_found", 404)
    moved = tx.connection.execute(
        text(
            "UPDATE conversation SET private_to = :member WHERE source_id = :source AND connection = :key"
            " RETURNING id, contact_id"
        ),
        values,
    ).all()
    for row in moved:
        tx.changed("conversation", row.id, row.contact_id)
    audit.note(tx, by, "source.lent", "source", source_id, {"member": member_id})
