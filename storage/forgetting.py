"""How are words taken away for good, while it stays that something was said?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, text

from storage.transaction import Transaction

EXPIRED: Final = '{"unsupported":"spam_expired"}'
"""What is left of a message whose time in quarantine is over."""


def forget_conversation(tx: Transaction, conversation_id: str) -> None:
    """All that was said in a conversation."""
    _forget(tx, "conversation_id = :id", {"id": conversation_id}, "{}")
    tx.connection.execute(text("DELETE FROM scheduled WHERE conversation_id = :id"), {"id": conversation_id})
    tx.connection.execute(
        text("UPDATE conversation SET last_text = '' WHERE id = :id"), {"id": conversation_id}
    )


def expired_spam(
    connection: Connection, source_id: str, before: int, limit: int
) -> tuple[list[str], list[int]]:
    """What has lain in a source's quarantine since before that time, and the envelopes that brought it."""
    rows = connection.execute(
        text(
            "SELECT id, envelope_id FROM message WHERE source_id = :source AND nature = 'spam' AND direction = 'in'"
            " AND at < :before AND received_at < :before AND content <> :expired ORDER BY at, id LIMIT :limit"
        ),
        {"source": source_id, "before": before, "expired": EXPIRED, "limit": limit},
    ).all()
    return [row.id for row in rows], sorted({row.envelope_id for row in rows if row.envelope_id is not None})


def forget_spam(tx: Transaction, message_ids: list[str]) -> None:
    """Take their words away, unless somebody let them out meanwhile."""
    _forget(tx, "id IN :ids AND nature = 'spam'", {"ids": message_ids}, EXPIRED)
    statement = text(
        "UPDATE conversation SET last_text = '' WHERE last_message_id IN (SELECT id FROM message WHERE id IN :ids"
        " AND nature = 'spam')"
    )
    tx.connection.execute(statement.bindparams(bindparam("ids", expanding=True)), {"ids": message_ids})


def _forget(tx: Transaction, which: str, of: dict[str, Any], content: str) -> None:
    inside = f"message_id IN (SELECT id FROM message WHERE {which})"
    statements = [
        'UPDATE file SET "references" = "references" - (SELECT count(*) FROM attachment a'
        f" WHERE a.{column} = file.digest AND a.{inside}) WHERE digest IN (SELECT {column} FROM attachment WHERE {inside})"
        for column in ("digest", "thumb")
    ]
    statements += [
        f"DELETE FROM {table} WHERE {inside}"
        for table in ("attachment", "message_version", "letter", "reaction")
    ]
    _run(tx, statements, of)
    blank = f"UPDATE message SET text = '', content = :content, stems = '', attachments = 0 WHERE {which}"
    _run(tx, [blank], {**of, "content": content})


def _run(tx: Transaction, statements: Sequence[str], of: dict[str, Any]) -> None:
    several: list[Any] = [
        bindparam(name, expanding=True) for name, value in of.items() if isinstance(value, list)
    ]
    for statement in statements:
        tx.connection.execute(text(statement).bindparams(*several), of)
