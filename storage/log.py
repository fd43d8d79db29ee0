"""What changed since when? The live log, read in the order in which its transactions became visible."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

from routing.times import DAY
from routing.values import value
from storage.transaction import Transaction

KEPT, MOST = DAY, 1_000_000


@value(frozen=True, slots=True)
class Entry:
    """One change: ids only. `audience` "" is everybody who may see it."""

    seq: int
    type: str
    object_id: str
    contact_id: str | None
    audience: str


def head(connection: Connection) -> int:
    """The number of the newest change; 0 for none."""
    found: int | None = connection.execute(text("SELECT max(seq) FROM event")).scalar()
    return found or 0


def after(connection: Connection, seq: int, limit: int, until: int = 2**62) -> list[Entry]:
    """Changes after a number and not after another, oldest first."""
    rows = connection.execute(
        text(
            "SELECT seq, type, object_id, contact_id, audience FROM event WHERE seq > :seq AND seq <= :until"
            " ORDER BY seq LIMIT :limit"
        ),
        {"seq": seq, "until": until, "limit": limit},
    )
    return [Entry(*tuple(row)) for row in rows]


def reaches_back(connection: Connection, seq: int) -> bool:
    """Whether everything after this number is still there; False for a number that was never given."""
    newest = head(connection)
    if seq >= newest:
        return seq == newest
    oldest: int = connection.execute(text("SELECT min(seq) FROM event")).scalar_one()
    return seq >= oldest - 1


def newest_of(entries: Iterable[Entry]) -> list[Entry]:
    """Of several changes of one object only the last, in the order of these."""
    last = {(entry.type, entry.object_id, entry.audience): entry for entry in entries}
    return sorted(last.values(), key=lambda entry: entry.seq)


def sweep(tx: Transaction) -> int:
    """Take away what is older than a day or behind the last million; how many. The newest always stays."""
    newest = head(tx.connection)
    # Numbers and times go together: the first that is young enough is found by walking over those that go.
    young: int | None = tx.connection.execute(
        text("SELECT seq FROM event WHERE at >= :before ORDER BY seq LIMIT 1"), {"before": tx.now - KEPT}
    ).scalar()
    border = min(max((young or newest) - 1, newest - MOST), newest - 1)
    return tx.connection.execute(text("DELETE FROM event WHERE seq <= :border"), {"border": border}).rowcount
