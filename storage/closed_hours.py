"""Who wrote while nobody works, and has not been told so yet?"""

from __future__ import annotations

from sqlalchemy import Connection, text

from storage import once, robots
from storage.errors import Conflict
from storage.replying import Target
from storage.transaction import Transaction

KIND = "closed_reply"


def unanswered(
    connection: Connection, source_id: str, since: int, before: int, limit: int = 100
) -> list[str]:
    """Clients' conversations of a source with words heard in `[since, before]`, nobody having been told since then."""
    rows = connection.execute(
        text("SELECT c.id FROM conversation c WHERE c.source_id = :source AND c.last_at >= :since AND c.state = 'open'"
             " AND c.nature = 'client' AND c.waiting_since IS NOT NULL AND c.heard_at >= :since AND c.heard_at <= :before"
             " AND NOT EXISTS (SELECT 1 FROM told t WHERE t.kind = :kind AND t.object_id = c.id AND t.since = :since)"
             " ORDER BY c.last_at, c.id LIMIT :limit"),
        {"source": source_id, "since": since, "before": before, "kind": KIND, "limit": limit},
    )  # fmt: skip
    return [row.id for row in rows]


def answer(tx: Transaction, conversation_id: str, since: int, words: str, target: Target) -> bool:
    """Say it once in this closed period; False: it was said, or must not be sent there."""
    if not once.first_time(tx, KIND, conversation_id, since):
        return False
    try:
        robots.say(tx, conversation_id, words, target)
    except Conflict:
        return False
    return True
