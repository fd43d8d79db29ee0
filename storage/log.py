"""What changed since when? The live log, read in its numbers' order."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from routing.times import DAY
from storage.transaction import Transaction

KEPT, MOST = DAY, 1_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: ids only."""

    seq: int
    type: str
    object_id: str
    contact_id: str | None
    audience: str


def head(connection: Connection) -> int:
    """The number of the newest change; 0 for none."""
    found: int | None = connection.execute(text("SELECT max(seq) FROM event")).scalar()
    return found or 0


def after(connection: Connection, seq: int, limit: int) -> list[Entry]:
    """Changes after a number, oldest first."""
    rows = connection.execute(
        text(
            "SELECT seq, type, object_id, contact_id, audience FROM event WHERE seq > :seq ORDER BY seq LIMIT :limit"
        ),
        {"seq": seq, "limit": limit},
    )
    return [Entry(*tuple(row)) for row in rows]


def reaches_back(connection: Connection, seq: int) -> bool:
    """Whether everything after this number is still there."""
    oldest: int | None = connection.execute(text("SELECT min(seq) FROM event")).scalar()
    return oldest is None or seq >= oldest - 1


def sweep(tx: Transaction) -> int:
    """Take old changes away; how many."""
    return tx.connection.execute(
        text("DELETE FROM event WHERE at < :old OR seq <= (SELECT max(seq) FROM event) - :most"),
        {"old": tx.now - KEPT, "most": MOST},
    ).rowcount
