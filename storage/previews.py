"""What does a row of the queue show when its newest message is taken back, or turns out to be older than another?"""

from __future__ import annotations

import orjson
from sqlalchemy import text

from storage.transaction import Transaction

LONGEST = 200


def show_newest(tx: Transaction, conversation_id: str) -> None:
    """Show what is the newest now; a conversation that is empty again shows nothing."""
    row = tx.connection.execute(
        text(
            "SELECT m.id, m.at, m.seq, m.text, m.content, m.kind, m.state, m.author_kind, m.author_id, m.deleted FROM message m"
            " WHERE m.conversation_id = :id AND m.direction <> 'none' AND NOT (m.deleted = 1 AND m.state = 'cancelled')"
            " ORDER BY m.at DESC, m.seq DESC, m.id DESC LIMIT 1"
        ),
        {"id": conversation_id},
    ).first()
    if row is None:
        tx.connection.execute(
            text("UPDATE conversation SET last_message_id = NULL, last_text = '' WHERE id = :id"),
            {"id": conversation_id},
        )
        return
    tx.connection.execute(
        text(
            "UPDATE conversation SET last_message_id = :message, last_at = :at, last_seq = :seq, last_text = :words,"
            " last_kind = :kind, last_state = :state, last_author = :author, last_author_id = :author_id WHERE id = :id"
        ),
        {
            "message": row.id, "at": row.at, "seq": row.seq, "kind": row.kind, "state": row.state,
            "words": "" if row.deleted else one_line(row.text, row.content), "author": row.author_kind,
            "author_id": row.author_id, "id": conversation_id,
        },
    )  # fmt: skip


def one_line(words: str, content: str) -> str:
    """A message in one line: its subject, and how it begins."""
    known = orjson.loads(content)
    subject = str(known.get("subject", ""))
    carried = next((str(one["text"]) for one in known.get("forwards", ()) if one.get("text")), "")
    said = " ".join((words or carried)[: 4 * LONGEST].split())
    return f"{subject} — {said}"[:LONGEST] if subject and said else (said or subject)[:LONGEST]
