"""What was taken for spam, and how is it let out?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from storage import audit, batch
from storage.forgetting import EXPIRED
from storage.journal import Entry, append
from storage.transaction import Transaction
from storage.waiting import COLUMNS, Stored, stored_of


def listed(
    connection: Connection, source_id: str, before: tuple[int, str] | None, limit: int
) -> list[Row[Any]]:
    """A source's messages under spam that an envelope brought, newest first."""
    at, last = before or (2**62, "")
    return list(
        connection.execute(
            text(
                "SELECT m.id, m.conversation_id, m.contact_id, m.author_name, m.text, m.content, m.at, m.envelope_id,"
                " c.name AS contact_name FROM message m JOIN contact c ON c.id = m.contact_id"
                " WHERE m.source_id = :source AND m.nature = 'spam' AND m.direction = 'in' AND m.content <> :expired"
                " AND (m.at < :at OR (m.at = :at AND m.id < :last)) ORDER BY m.at DESC, m.id DESC LIMIT :limit"
            ),
            {"source": source_id, "at": at, "last": last, "limit": limit, "expired": EXPIRED},
        )
    )


def count(connection: Connection, source_id: str) -> int:
    """How many wait there."""
    found: int = connection.execute(
        text(
            "SELECT count(*) FROM message WHERE source_id = :source AND nature = 'spam' AND direction = 'in'"
            " AND content <> :expired"
        ),
        {"source": source_id, "expired": EXPIRED},
    ).scalar_one()
    return found


def of_conversation(connection: Connection, conversation_id: str) -> list[str]:
    """The ids of a conversation's messages under spam, oldest first."""
    rows = connection.execute(
        text(
            "SELECT id FROM message WHERE conversation_id = :id AND nature = 'spam' AND direction = 'in'"
            " AND envelope_id IS NOT NULL ORDER BY at, seq, id LIMIT 500"
        ),
        {"id": conversation_id},
    )
    return [row.id for row in rows]


def release(
    tx: Transaction,
    message_ids: Sequence[str],
    by: str,
    marked: Callable[[Mapping[str, str]], Mapping[str, str]],
) -> int:
    """Let messages out: their envelopes go through the journal once more, with headers `marked` as let out; how many.

    What was received stays untouched, so that the signed chain still proves it. Twice is once.
    """
    rows = batch.select(
        tx.connection,
        f"SELECT w.id AS message_id, {COLUMNS} FROM {{wanted}} JOIN message m ON m.id = w.id AND m.nature = 'spam'"
        " JOIN envelope e ON e.id = m.envelope_id ORDER BY e.id",
        {"id": sorted(message_ids)},
    )
    entries = []
    for row in rows:
        stored = stored_of(row[1:])
        if stored.body is None and stored.body_file is None:
            continue  # its words were erased
        entries.append(_again(stored, marked(stored.headers)))
        audit.note(tx, by, "message.release", "message", row.message_id, {"envelope": stored.id})
    return sum(envelope_id is not None for envelope_id in append(tx, entries)) if entries else 0


def _again(stored: Stored, headers: Mapping[str, str]) -> Entry:
    return Entry(
        source_id=stored.source_id, lane=stored.lane, key=f"released:{stored.id}", received_at=stored.received_at,
        method=stored.method, path=stored.path, query=stored.query, headers=headers,
        body=stored.body, body_file=stored.body_file, size=stored.size,
    )  # fmt: skip
