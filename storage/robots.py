"""What does the system itself say to a client? It answers nothing: the client still waits for a person."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import text

from storage.ids import new_id
from storage.outbox import Outgoing, part_id, store
from storage.replying import Target, closed, conversation_held, parts_of_text, window_of
from storage.search import stems
from storage.transaction import Transaction


def say(
    tx: Transaction, conversation_id: str, words: str, target: Target, *, deal_id: str | None = None
) -> str:
    """Put a robot's words into the outbox; the message's id. The window is looked at now and once more when they leave.

    Raises Conflict with the code of what is in the way; nothing is changed then.
    """
    row = conversation_held(tx, conversation_id)
    window = window_of(tx, row.identity_id, target, row.id)
    if not window.allow:
        raise closed(window)
    parts = tuple(replace(part, automatic=True) for part in parts_of_text(words, (), target, ()))
    message_id = new_id(tx.now)
    store(
        tx,
        Outgoing(
            id=message_id, conversation_id=row.id, source_id=target.source_id, contact_id=row.contact_id,
            deal_id=deal_id or row.deal_id, member_id="", author_name="", text=words, stems=stems(words), kind="text",
            parts=parts, files=(), reply_to_id=None, content={}, not_before=tx.now,
            echo_keys=tuple(target.echo(part_id(message_id, place)) for place in range(len(parts))),
            author_kind="robot", purpose="service",
        ),
    )  # fmt: skip
    _show(tx, row.id, message_id, words)
    return message_id


def _show(tx: Transaction, conversation_id: str, message_id: str, words: str) -> None:
    tx.connection.execute(
        text(
            "UPDATE conversation SET last_message_id = :id, last_at = :now, last_seq = 0, last_text = :text,"
            " last_kind = 'text', last_author = 'robot', last_author_id = NULL, last_state = 'queued', updated_at = :now"
            " WHERE id = :conversation AND last_at <= :now"
        ),
        {
            "id": message_id, "now": tx.now, "text": " ".join(words[:400].split())[:200],
            "conversation": conversation_id,
        },
    )  # fmt: skip
