"""What happened since? The live log, read in the order in which its transactions became visible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from routing.times import DAY
from storage.transaction import Transaction

KEPT_FOR = DAY
KEPT_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Event:
    """One entry: what changed, for whom. `audience` "" is everybody who may see it."""

    seq: int
    type: str
    object_id: str
    contact_id: str | None
    audience: str


def head(connection: Connection) -> int:
    """The number of the newest entry; 0: nothing ever happened."""
    found: int | None = connection.execute(text("SELECT max(seq) FROM event")).scalar()
    return found or 0


def since(connection: Connection, seq: int, limit: int, until: int | None = None) -> list[Event]:
    """The entries after `seq` in their order, at most `limit`, none after `until`."""
    end = "" if until is None else " AND seq <= :until"
    rows = connection.execute(
        text(
            "SELECT seq, type, object_id, contact_id, audience FROM event"
            f" WHERE seq > :seq{end} ORDER BY seq LIMIT :limit"
        ),
        {"seq": seq, "limit": limit, "until": until} if until is not None else {"seq": seq, "limit": limit},
    )
    return [Event(*row) for row in rows]


def reaches_back_to(connection: Connection, seq: int) -> bool:
    """Whether everything after `seq` is still there; False for a number that was never given."""
    newest = head(connection)
    if seq >= newest:
        return seq == newest
    oldest: int | None = connection.execute(text("SELECT min(seq) FROM event")).scalar()
    return oldest is not None and seq >= oldest - 1


def newest_of(entries: Sequence[Event]) -> list[Event]:
    """Of several entries about one object only the last, in the order of these last ones."""
    last = {(entry.type, entry.object_id, entry.audience): entry for entry in entries}
    return sorted(last.values(), key=lambda entry: entry.seq)


def sweep(tx: Transaction) -> int:
    """Take away what is older than a day or lies behind the last million; how many. The newest always stays."""
    newest = head(tx.connection)
    old = tx.connection.execute(
        text("SELECT max(seq) FROM event WHERE at < :before"), {"before": tx.now - KEPT_FOR}
    ).scalar()
    border = min(max(old or 0, newest - KEPT_ROWS), newest - 1)
    return tx.connection.execute(text("DELETE FROM event WHERE seq <= :border"), {"border": border}).rowcount
