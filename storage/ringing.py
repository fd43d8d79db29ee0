"""What must be known to say whom an incoming call rings? A few indexed reads, no writes."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as far as the number tells."""

    contact_id: str
    name: str
    spam: bool
    responsible_id: str
    deal_owner_id: str


def caller(connection: Connection, kind: str, value: str) -> Caller | None:
    """The contact behind a number; None: a stranger."""
    row = connection.execute(
        text(
            "SELECT c.id, c.name, i.spam + i.blocked AS spam, c.responsible_id, (SELECT d.owner_id FROM deal d JOIN deal_party p"
            " ON p.deal_id = d.id WHERE p.contact_id = c.id AND d.open = 1 ORDER BY d.last_activity_at DESC, d.id LIMIT 1)"
            " AS owner FROM identity i JOIN contact_identity l ON l.identity_id = i.id JOIN contact c ON c.id = l.contact_id"
            " WHERE i.kind = :kind AND i.value = :value ORDER BY l.created_at LIMIT 1"
        ),
        {"kind": kind, "value": value},
    ).first()
    if row is None:
        return None
    return Caller(row.id, row.name, bool(row.spam), row.responsible_id or "", row.owner or "")
