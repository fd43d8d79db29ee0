"""What was told of a message before the message came?

Networks promise no order: a changed wording, a deletion or a reaction may be here first. It is kept until its message comes,
for some days at most: most of those never come, for they were said before we were connected.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, text

from channels.events import MessageDeleted, MessageEdited, Reaction
from routing.times import DAY
from storage import batch
from storage.board import Board, Change, Early
from storage.tables import early
from storage.transaction import Transaction

KEPT: Final = 3 * DAY
KINDS: Final[dict[str, type[Change]]] = {
    "edit": MessageEdited, "delete": MessageDeleted, "reaction": Reaction,
}  # fmt: skip
NAMES: Final = {kind: name for name, kind in KINDS.items()}
COLUMNS: Final = ("source_id", "external_id", "kind", "envelope_id", "event", "at")


def load(connection: Connection, board: Board, said: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """What waits for these messages (source, external id), oldest first; the identities that it names."""
    people: set[tuple[str, str]] = set()
    keys = sorted(said)
    rows = batch.select(
        connection,
        "SELECT e.source_id, e.external_id, e.kind, e.envelope_id, e.event FROM {wanted} JOIN early e"
        " ON e.source_id = w.source_id AND e.external_id = w.external_id ORDER BY e.at, e.envelope_id",
        {"source_id": [key[0] for key in keys], "external_id": [key[1] for key in keys]},
    )
    for row in rows:
        event = msgspec.json.decode(row.event, type=KINDS[row.kind])
        kept = Early(row.source_id, row.external_id, row.envelope_id, event, kept=True)
        board.early.setdefault((row.source_id, row.external_id), []).append(kept)
        if isinstance(event, Reaction):
            people.add((event.person.identity.kind, event.person.identity.value))
    return people


def flush(connection: Connection, board: Board) -> None:
    """Keep what still waits; let go what found its message."""
    every = [one for waiting in board.early.values() for one in waiting]
    rows = [_row(one) for one in every if not (one.kept or one.done)]
    batch.insert(connection, early, COLUMNS, rows, ignore=True)
    gone = [_row(one)[:4] for one in every if one.kept and one.done]
    batch.delete(connection, early, COLUMNS[:4], sorted(gone))


def _row(one: Early) -> tuple[Any, ...]:
    return (
        one.source_id, one.external_id, NAMES[type(one.event)], one.envelope_id, msgspec.to_builtins(one.event),
        one.event.at,
    )  # fmt: skip


def sweep(tx: Transaction) -> int:
    """Forget what waited too long; how many."""
    gone = tx.connection.execute(text("DELETE FROM early WHERE at < :before"), {"before": tx.now - KEPT})
    return gone.rowcount
