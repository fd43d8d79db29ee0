"""Of which messages did only a part come, of which lent accounts nothing, and when is the network asked for the rest?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson
from sqlalchemy import Connection, text

from routing.times import DAY, HOUR, SECOND, Micros
from storage import batch
from storage.board import Board
from storage.history import row_of
from storage.tables import cut
from storage.transaction import Transaction

CUT: Final = "cut"
"""What a message is marked with while the rest is asked for."""
CUT_FOR_GOOD: Final = "cut_for_good"
"""The mark of one whose rest cannot be had."""
ACCOUNT: Final = "account:"
"""Before the key of a private account that nobody has told us of yet."""
PATIENCE: Final = 30 * SECOND
"""Longer than a question takes: meanwhile nobody else asks."""
LONGEST: Final = HOUR
KEPT: Final = 3 * DAY
COLUMNS: Final = ("source_id", "external_id", "thread", "at", "next_at", "tries")


@dataclass(frozen=True, slots=True)
class Part:
    """A message whose rest is to be asked for, or an account (`thread` is its key)."""

    source_id: str
    external_id: str
    thread: str

    @property
    def is_account(self) -> bool:
        return self.external_id.startswith(ACCOUNT)


def flush(connection: Connection, board: Board) -> None:
    """Keep what came cut; let go what is whole now."""
    batch.delete(connection, cut, COLUMNS[:2], sorted(set(board.completed)))
    rows = [(*one, board.now, board.now, 0) for one in sorted(set(board.cut))]
    batch.insert(connection, cut, COLUMNS, rows, ignore=True)


def is_due(connection: Connection, now: Micros) -> bool:
    """Whether anything is to be asked for."""
    found = text("SELECT 1 FROM cut WHERE next_at <= :now LIMIT 1")
    return connection.execute(found, {"now": now}).first() is not None


def claim(tx: Transaction, limit: int) -> list[Part]:
    """Take some to ask about; they are due again later, by themselves, unless the rest comes: half a minute, doubled
    each time, an hour at most."""
    span = f"CASE WHEN tries < 7 THEN {PATIENCE} * (1 << CAST(tries AS integer)) ELSE {LONGEST} END"
    rows = tx.connection.execute(
        text(
            f"UPDATE cut SET next_at = :now + {span}, tries = tries + 1 WHERE next_at <= :now AND (source_id, external_id) IN"
            " (SELECT source_id, external_id FROM cut WHERE next_at <= :now ORDER BY next_at LIMIT :limit)"
            " RETURNING source_id, external_id, thread"
        ),
        {"now": tx.now, "limit": limit},
    )
    return [Part(*row) for row in rows]


def give_up(tx: Transaction, parts: list[Part]) -> None:
    """Their rest cannot be had: say so."""
    for part in parts:
        tx.connection.execute(
            text("DELETE FROM cut WHERE source_id = :source AND external_id = :id"),
            {"source": part.source_id, "id": part.external_id},
        )
        _mark(tx, part)


def sweep(tx: Transaction) -> int:
    """Give up what nobody told for days; how many."""
    rows = tx.connection.execute(
        text("SELECT source_id, external_id, thread FROM cut WHERE at < :before LIMIT 1000"),
        {"before": tx.now - KEPT},
    )
    parts = [Part(*row) for row in rows]
    give_up(tx, parts)
    return len(parts)


def _mark(tx: Transaction, part: Part) -> None:
    found = text(
        "SELECT id, contact_id, content FROM message WHERE source_id = :source AND external_id = :id"
    )
    of = {"source": part.source_id, "id": part.external_id}
    if (seen := tx.connection.execute(found, of).first()) is None:
        return
    row_of(
        tx, "contact", seen.contact_id
    )  # a worker that opens the rest holds it too: read again once it is ours
    row = tx.connection.execute(found, of).one()
    if (content := orjson.loads(row.content)).get("unsupported") != CUT:
        return
    tx.connection.execute(
        text("UPDATE message SET content = :content WHERE id = :id"),
        {"content": orjson.dumps(content | {"unsupported": CUT_FOR_GOOD}).decode(), "id": row.id},
    )
    tx.changed("message", row.id, row.contact_id)
