"""Was it said already? What is told once about something is remembered by what it is about."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import text

from storage import batch
from storage.tables import told
from storage.transaction import Transaction

COLUMNS = ("kind", "object_id", "since", "at")


def first_time(tx: Transaction, kind: str, object_id: str, since: int) -> bool:
    """True once for this kind, object and moment; from then on False. Two that ask at once are told one after the other."""
    sql = "INSERT INTO told (kind, object_id, since, at) VALUES (:kind, :object, :since, :now) ON CONFLICT DO NOTHING"
    asked = {"kind": kind, "object": object_id, "since": since, "now": tx.now}
    return tx.connection.execute(text(sql), asked).rowcount > 0


def remember(tx: Transaction, rows: Iterable[tuple[str, str, int]]) -> None:
    """Many (kind, object, moment) at once."""
    batch.insert(tx.connection, told, COLUMNS, [(*row, tx.now) for row in rows], ignore=True)


def count_since(tx: Transaction, kind: str, object_id: str, since: int) -> int:
    """How many of a kind were said about an object from a moment on."""
    sql = "SELECT count(*) FROM told WHERE kind = :kind AND object_id = :object AND since >= :since"
    asked = {"kind": kind, "object": object_id, "since": since}
    return int(tx.connection.execute(text(sql), asked).scalar_one())


def forget(tx: Transaction, before: int) -> int:
    """Take away what was said before a moment; how much."""
    return tx.connection.execute(text("DELETE FROM told WHERE at < :before"), {"before": before}).rowcount
