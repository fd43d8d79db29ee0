"""Where does the reading of a polled source go on?"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from storage.journal import Entry, append
from storage.leases import Lease, check
from storage.tables import source
from storage.transaction import Transaction


def cursor_of(connection: Connection, source_id: str) -> bytes | None:
    """The last cursor kept; None: from the beginning."""
    found: bytes | None = connection.execute(select(source.c.cursor).where(source.c.id == source_id)).scalar()
    return found


def begin_at(tx: Transaction, source_id: str, cursor: bytes) -> None:
    """Where the reading of a source begins that was never read."""
    never = (source.c.id == source_id) & source.c.cursor.is_(None)
    tx.connection.execute(update(source).where(never).values(cursor=cursor))


def keep_polled(tx: Transaction, held: Lease, source_id: str, entries: Sequence[Entry], cursor: bytes) -> int:
    """Keep what one look brought and where to look next, in one transaction; how many were new.

    Raises LeaseLost when another process listens by now; nothing is kept then.
    """
    check(tx, [held])
    ids = append(tx, entries)
    tx.connection.execute(update(source).where(source.c.id == source_id).values(cursor=cursor))
    return sum(envelope_id is not None for envelope_id in ids)
