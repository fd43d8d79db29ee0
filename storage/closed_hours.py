"""Who wrote while nobody works, and has not been told so yet?"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

from routing.times import DAY
from storage import once, robots
from storage.errors import Conflict
from storage.replying import Target
from storage.thanking import NOBODY
from storage.transaction import Transaction

KIND: Final = "closed_reply"
AT_ONCE: Final = 100


def unanswered(
    connection: Connection, source_id: str, since: int, before: int, most: int | None
) -> list[str]:
    """Clients' conversations of a source with words heard in `[since, before]`, nobody having been told since then.

    `most`: how many may be told in a day: whoever makes up writers at night would leave no letters for people."""
    limit = AT_ONCE if most is None else min(AT_ONCE, most - _told_since(connection, source_id, before - DAY))
    rows = connection.execute(
        text("SELECT c.id FROM conversation c WHERE c.source_id = :source AND c.last_at >= :since AND c.state = 'open'"
             " AND c.nature = 'client' AND c.waiting_since IS NOT NULL AND c.heard_at >= :since AND c.heard_at <= :before"
             " AND NOT EXISTS (SELECT 1 FROM told t WHERE t.kind = :kind AND t.object_id = c.id AND t.since = :since)"
             " ORDER BY c.last_at, c.id LIMIT :limit"),
        {"source": source_id, "since": since, "before": before, "kind": KIND, "limit": max(0, limit)},
    )  # fmt: skip
    return [row.id for row in rows]


def answer(tx: Transaction, conversation_id: str, since: int, words: str, target: Target) -> bool:
    """Say it to this person once in this closed period, however many conversations they begin; False: it was said, or must
    not be sent there."""
    who = tx.connection.execute(
        text(
            "SELECT i.id, i.value FROM conversation c JOIN identity i ON i.id = c.identity_id WHERE c.id = :id"
        ),
        {"id": conversation_id},
    ).one_or_none()
    if not once.first_time(tx, KIND, conversation_id, since) or who is None or who.value.startswith(NOBODY):
        return False
    if not once.first_time(tx, _kind(target.source_id), who.id, since):
        return False
    try:
        robots.say(tx, conversation_id, words, target)
    except Conflict:
        return False
    return True


def _told_since(connection: Connection, source_id: str, at: int) -> int:
    sql = "SELECT count(*) FROM told WHERE kind = :kind AND at > :at"
    return int(connection.execute(text(sql), {"kind": _kind(source_id), "at": at}).scalar_one())


def _kind(source_id: str) -> str:
    """Under which it is remembered that a person was told."""
    return f"{KIND}:{source_id}"
