"""What are those of us called who answer in a network's own program? Their words are shown at once, the name once told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from routing.times import DAY, MINUTE
from storage import batch
from storage.board import Board
from storage.tables import byline, colleague
from storage.tables import message as message_table
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
    for one, name in told:
        of = {"source": one.source_id, "kind": one.kind, "value": one.value}
        waiting = tx.connection.execute(
            text(
                "DELETE FROM byline WHERE source_id = :source AND kind = :kind AND value = :value RETURNING message_id"
            ),
            of,
        ).all()
        if name:
            _sign(tx, [row.message_id for row in waiting], name[:200])
    postponed = sorted((one.source_id, one.kind, one.value, tx.now + AGAIN) for one in later)
    batch.update(tx.connection, byline, KEY, ("next_at",), postponed)


def _sign(tx: Transaction, message_ids: Sequence[str], name: str) -> None:
    rows = [(message_id, name) for message_id in sorted(message_ids)]
    batch.update(tx.connection, message_table, ("id",), ("author_name",), rows)
    for row in batch.select(
        tx.connection,
        "SELECT m.id, m.contact_id FROM {wanted} JOIN message m ON m.id = w.id ORDER BY m.id",
        {"id": sorted(message_ids)},
    ):
        tx.changed("message", row.id, row.contact_id)
