"""Whose name does only the network know? People who wrote where messages carry no names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from routing.times import DAY, MINUTE
from storage import batch
from storage.tables import identity
from storage.transaction import Transaction

AGAIN = 30 * DAY
SOON = 10 * MINUTE


@dataclass(frozen=True, slots=True)
class Nameless:
    """An address whose network can be asked."""

    identity_id: str
    kind: str
    value: str
    source_id: str
    contact_id: str


def nameless(connection: Connection, now: int, limit: int) -> list[Nameless]:
    """People known only by their address, not asked about yet or not lately; the newest first."""
    rows = connection.execute(
        text(
            "SELECT i.id, i.kind, i.value, min(a.source_id) AS source_id, min(c.id) AS contact_id FROM"
            " (SELECT id, kind, value, asked_at FROM identity WHERE asked_at < :before AND kind NOT IN ('phone', 'email')"
            " ORDER BY asked_at, id DESC LIMIT :limit) AS i JOIN contact_identity l ON l.identity_id = i.id"
            " JOIN contact c ON c.id = l.contact_id JOIN address a ON a.identity_id = i.id"
            " WHERE c.name_from = 'address' GROUP BY i.id, i.kind, i.value, i.asked_at ORDER BY i.asked_at, i.id DESC"
        ),
        {"before": now - AGAIN, "limit": limit},
    )
    return [Nameless(*tuple(row)) for row in rows]


def named(tx: Transaction, told: Sequence[tuple[Nameless, str, str]], later: Sequence[Nameless] = ()) -> None:
    """What the network told: (who, name, nickname); an empty name only remembers that it was asked. `later`: those whose
    network did not answer."""
    asked = [(one.identity_id, None if name else tx.now) for one, name, _ in told]
    asked += [(one.identity_id, tx.now - AGAIN + SOON) for one in later]
    batch.update(tx.connection, identity, ("id",), ("asked_at",), sorted(asked, key=lambda row: row[0]))
    known = sorted((one.identity_id, username) for one, _, username in told if username)
    batch.update(tx.connection, identity, ("id",), ("username",), known)
    for one, name, _ in told:
        if name:
            _name(tx, one, name)


def _name(tx: Transaction, one: Nameless, name: str) -> None:
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
