"""Whose call was missed, and where may they be told that we call back?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from routing.times import MINUTE, SECOND, Micros
from storage import once, robots
from storage.errors import Conflict
from storage.history import row_of
from storage.replying import Target
from storage.transaction import Transaction

KIND: Final = "missed_reply"
PAUSE: Final = 5 * SECOND
"""A call that was taken after all, or a person who calls back at once, needs no excuse."""
LATEST: Final = 10 * MINUTE
"""What could not be said by then is not said late."""


def owed(connection: Connection, source_id: str, now: Micros, limit: int = 50) -> list[Row[Any]]:
    """Call backs of a source that nobody has tried yet and whose clients have been told nothing: id, contact, since when."""
    return list(
        connection.execute(
            text(
                "SELECT t.id, t.contact_id, t.created_at FROM task t JOIN conversation c ON c.id = t.conversation_id"
                " AND c.source_id = :source WHERE t.kind = 'call_back' AND t.done_at IS NULL AND t.attempted_at IS NULL"
                " AND t.created_at >= :since AND t.created_at <= :before AND NOT EXISTS (SELECT 1 FROM told x"
                " WHERE x.kind = :kind AND x.object_id = t.id) ORDER BY t.created_at LIMIT :limit"
            ),
            {"source": source_id, "since": now - LATEST, "before": now - PAUSE, "kind": KIND, "limit": limit},
        )
    )


def tell(tx: Transaction, task: Row[Any], words: str, targets: Mapping[str, Target]) -> str | None:
    """Say it once, where the client wrote last and a window is open; the message's id. None: there is nowhere, or it was
    said, or somebody has called or written meanwhile. `targets` are the sources that it may go out by."""
    row_of(tx, "contact", task.contact_id)
    owed = "SELECT 1 FROM task WHERE id = :id AND done_at IS NULL AND attempted_at IS NULL"
    if tx.connection.execute(text(owed), {"id": task.id}).first() is None:
        return None
    if not once.first_time(tx, KIND, task.id, task.created_at):
        return None
    places = tx.connection.execute(
        text(
            "SELECT id, source_id FROM conversation WHERE contact_id = :contact AND nature = 'client'"
            " AND last_client_at IS NOT NULL ORDER BY last_client_at DESC, id LIMIT 10"
        ),
        {"contact": task.contact_id},
    ).all()
    for place in places:
        target = targets.get(place.source_id)
        if target is None:
            continue
        try:
            return robots.say(tx, place.id, words, target)
        except Conflict:
            continue
    return None
