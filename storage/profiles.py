"""Whose name does only the network know? People who wrote where messages carry no names."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from routing.times import DAY
from storage.transaction import Transaction

AGAIN = 30 * DAY


@dataclass(frozen=True, slots=True)
class Nameless:
    """An address whose network can be asked."""

    identity_id: str
    kind: str
    value: str
    source_id: str
    contact_id: str


def nameless(connection: Connection, now: int, limit: int) -> list[Nameless]:
    """People known only by their address, not asked about lately, newest first."""
    rows = connection.execute(
        text(
            "SELECT i.id, i.kind, i.value, min(a.source_id) AS source_id, c.id AS contact_id FROM contact c"
            " JOIN contact_identity l ON l.contact_id = c.id JOIN identity i ON i.id = l.identity_id"
            " JOIN address a ON a.identity_id = i.id WHERE c.name_from = 'address' AND i.kind NOT IN ('phone', 'email')"
            " AND (i.asked_at IS NULL OR i.asked_at < :before) GROUP BY i.id, i.kind, i.value, c.id"
            " ORDER BY i.id DESC LIMIT :limit"
        ),
        {"before": now - AGAIN, "limit": limit},
    )
    return [Nameless(*tuple(row)) for row in rows]


def named(tx: Transaction, one: Nameless, name: str, username: str) -> None:
    """What the network told; an empty name only remembers that it was asked."""
    tx.connection.execute(
        text(
            "UPDATE identity SET asked_at = :now, username = CASE WHEN :user = '' THEN username ELSE :user END WHERE id = :id"
        ),
        {"now": tx.now, "user": username, "id": one.identity_id},
    )
    if not name:
        return
    tx.connection.execute(
        text(
            "UPDATE contact SET name = :name, name_from = 'network', updated_at = :now WHERE id = :id AND name_from = 'address'"
        ),
        {"name": name[:200], "now": tx.now, "id": one.contact_id},
    )
    tx.connection.execute(
        text("UPDATE deal SET title = :name WHERE contact_id = :id AND title = :value"),
        {"name": name[:200], "id": one.contact_id, "value": one.value},
    )
    tx.changed("contact", one.contact_id, one.contact_id)
    for row in tx.connection.execute(
        text("SELECT id FROM conversation WHERE contact_id = :id"), {"id": one.contact_id}
    ):
        tx.changed("conversation", row.id, one.contact_id)
