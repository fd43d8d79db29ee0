"""What are those of us called who answer in a network's own program? Their words are shown at once, the name once told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from routing.times import DAY, MINUTE
from storage import batch
from storage.board import Board
from storage.tables import byline, colleague, message
from storage.transaction import Transaction

AGAIN: Final = 10 * MINUTE
KEPT: Final = 30 * DAY
"""A name this old is asked for anew."""
KEY: Final = ("source_id", "kind", "value")


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of ours as the network of this source knows them."""

    source_id: str
    kind: str
    value: str


def names(
    connection: Connection, wanted: Iterable[tuple[str, str, str]], now: int
) -> dict[tuple[str, str, str], str]:
    """What those are called whose network was asked lately; "" where it told no name."""
    rows = sorted(wanted)
    found = batch.select(
        connection,
        "SELECT c.source_id, c.kind, c.value, c.name FROM {wanted} JOIN colleague c ON c.source_id = w.source_id"
        " AND c.kind = w.kind AND c.value = w.value AND c.asked_at > :since",
        {name: [row[place] for row in rows] for place, name in enumerate(KEY)},
        since=now - KEPT,
    )
    return {(row.source_id, row.kind, row.value): row.name for row in found}


def flush(connection: Connection, board: Board) -> None:
    """Remember which words wait for a name."""
    rows = [(*one, board.now) for one in board.bylines]
    batch.insert(connection, byline, ("message_id", *KEY, "next_at"), rows)


def nameless(connection: Connection, now: int, limit: int) -> list[Colleague]:
    """Whom to ask the networks about."""
    rows = connection.execute(
        text("SELECT DISTINCT source_id, kind, value FROM byline WHERE next_at <= :now LIMIT :limit"),
        {"now": now, "limit": limit},
    )
    return [Colleague(*row) for row in rows]


def named(tx: Transaction, told: Sequence[tuple[Colleague, str]], later: Sequence[Colleague] = ()) -> None:
    """What the networks told, "" for nothing: their words say it from now on. `later`: those whose network did not answer."""
    rows = sorted((one.source_id, one.kind, one.value, name[:200], tx.now) for one, name in told)
    batch.delete(tx.connection, colleague, KEY, [row[:3] for row in rows])
    batch.insert(tx.connection, colleague, (*KEY, "name", "asked_at"), rows)
    _sign(tx, rows)
    postponed = sorted((one.source_id, one.kind, one.value, tx.now + AGAIN) for one in later)
    batch.update(tx.connection, byline, KEY, ("next_at",), postponed)


def _sign(tx: Transaction, named: Sequence[tuple[str, str, str, str, int]]) -> None:
    keys = {name: [row[place] for row in named] for place, name in enumerate((*KEY, "name"))}
    waiting = batch.select(
        tx.connection,
        "SELECT b.message_id AS id, m.contact_id, w.name FROM {wanted} JOIN byline b ON b.source_id = w.source_id"
        " AND b.kind = w.kind AND b.value = w.value LEFT JOIN message m ON m.id = b.message_id ORDER BY b.message_id",
        keys,
    )
    signed = [row for row in waiting if row.name and row.contact_id]
    batch.update(tx.connection, message, ("id",), ("author_name",), [(row.id, row.name) for row in signed])
    batch.delete(
        tx.connection, byline, ("message_id",), [(row.id,) for row in waiting]
    )  # what came since still waits
    for row in signed:
        tx.changed("message", row.id, row.contact_id)
