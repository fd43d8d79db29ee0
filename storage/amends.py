"""What changes here once the network did what was asked of a message: new words, taken back, a reaction?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import Row, text

from storage import batch
from storage.previews import show_newest
from storage.search import stems
from storage.tables import message, message_version, outbox, reaction
from storage.transaction import Transaction


def carry_out(tx: Transaction, rows: Iterable[tuple[Row[Any], str]]) -> None:
    """Rows of the outbox and what became of them: only what is done is shown, for only that the client sees."""
    for row, state in rows:
        content = orjson.loads(row.content)
        match row.act if state == "sent" else "":
            case "edit":
                reword(tx, row.message_id, content["words"], content["spans"])
                _keep_parts(tx, content["changes"])
            case "delete":
                tx.connection.execute(
                    text("UPDATE message SET deleted = 1 WHERE id = :id"), {"id": row.message_id}
                )
                _hide_preview(tx, row.message_id)
            case "react":
                _react(tx, row.source_id, row.message_id, content["emoji"])
        told(tx, row.message_id)


def reword(tx: Transaction, message_id: str, words: str, spans: list[dict[str, Any]]) -> None:
    """Other words for a message; the earlier ones stay as a version. The same words change nothing."""
    row = tx.connection.execute(
        text("SELECT conversation_id, text, content FROM message WHERE id = :id"), {"id": message_id}
    ).one()
    content = {name: value for name, value in orjson.loads(row.content).items() if name != "spans"}
    if spans:
        content["spans"] = spans
    if row.text != words:
        number = tx.connection.execute(
            text("SELECT COALESCE(max(version), 0) + 1 FROM message_version WHERE message_id = :id"),
            {"id": message_id},
        ).scalar()
        columns = ("message_id", "version", "text", "at")
        batch.insert(tx.connection, message_version, columns, [(message_id, number, row.text, tx.now)])
    values = (message_id, words, content, stems(words), 1)
    batch.update(tx.connection, message, ("id",), ("text", "content", "stems", "edited"), [values])
    _refresh_preview(tx, row.conversation_id, message_id)


def _keep_parts(tx: Transaction, changes: list[dict[str, Any]]) -> None:
    """What each part says now, should it be changed or sent again."""
    sql = "SELECT o.id, o.content FROM {wanted} JOIN outbox o ON o.id = w.id"
    old = batch.select(tx.connection, sql, {"id": [change["part"] for change in changes]})
    known = {row.id: orjson.loads(row.content) for row in old}
    values = [
        (one["part"], {**known[one["part"]], "text": one["text"], "spans": one["spans"]}) for one in changes
    ]
    batch.update(tx.connection, outbox, ("id",), ("content",), values)


def _react(tx: Transaction, source_id: str, message_id: str, emoji: str) -> None:
    """Our one reaction: it stands under the source's id, as no person's."""
    keys = ("message_id", "identity_id")
    batch.delete(tx.connection, reaction, keys, [(message_id, source_id)])
    if emoji:
        values = (message_id, source_id, [emoji], tx.now)
        batch.insert(tx.connection, reaction, (*keys, "emojis", "at"), [values])


def _refresh_preview(tx: Transaction, conversation_id: str, message_id: str) -> None:
    last = tx.connection.execute(
        text("SELECT last_message_id FROM conversation WHERE id = :id"), {"id": conversation_id}
    ).scalar()
    if last == message_id:
        show_newest(tx, conversation_id)


def _hide_preview(tx: Transaction, message_id: str) -> None:
    tx.connection.execute(
        text("UPDATE conversation SET last_text = '' WHERE last_message_id = :id"), {"id": message_id}
    )


def told(tx: Transaction, message_id: str) -> None:
    """Tell the consoles that the message, and so its row in the queue, is another now."""
    row = tx.connection.execute(
        text("SELECT conversation_id, contact_id FROM message WHERE id = :id"), {"id": message_id}
    ).one()
    tx.changed("message", message_id, row.contact_id)
    tx.changed("conversation", row.conversation_id, row.contact_id)
