"""What happens when a thread turns out to be two, or two threads one? One act, written down, taken back as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Row, text

from routing.conversations import Answering, deadline
from storage import audit, batch, scheduled
from storage.acts import locked
from storage.errors import Conflict
from storage.ids import new_id
from storage.previews import show_newest
from storage.tables import conversation as conversation_table
from storage.tables import message as message_table
from storage.tables import outbox as outbox_table
from storage.threads import name_again
from storage.transaction import Transaction

SPLIT, JOIN = "thread.split", "thread.join"


def split(tx: Transaction, message_id: str, by: str, answering: Answering) -> tuple[str, str]:
    """Put a letter and all after it into a conversation of their own; its id, and the audit entry that takes it back.

    Raises Conflict not_found; not_now for the first letter of a thread."""
    found = tx.connection.execute(
        text("SELECT conversation_id, at, seq, id, content FROM message WHERE id = :id"), {"id": message_id}
    ).first()
    if found is None:
        raise Conflict("not_found", 404)
    row = locked(tx, found.conversation_id)
    moved = _messages(tx, row.id, (found.at, found.seq, found.id))
    if len(moved) == len(_messages(tx, row.id, None)):
        raise Conflict("not_now", reason="first_letter")
    made = _copy(tx, row, str(orjson.loads(found.content).get("subject", "")))
    _move(tx, moved, made, row.contact_id)
    _renew(tx, row.id, row.contact_id, answering)
    _renew(tx, made, row.contact_id, answering)
    return made, audit.note(tx, by, SPLIT, "conversation", row.id, {"to": made, "messages": moved})


def join(tx: Transaction, conversation_id: str, other_id: str, by: str, answering: Answering) -> str:
    """Put everything of this conversation into another of the same contact and source; returns the audit entry.

    Raises Conflict not_found; not_now for conversations of different people or sources."""
    if conversation_id == other_id:
        raise Conflict("not_now", reason="same")
    rows = {one: locked(tx, one) for one in sorted((conversation_id, other_id))}
    row, other = rows[conversation_id], rows[other_id]
    if (row.source_id, row.contact_id) != (other.source_id, other.contact_id):
        raise Conflict("not_now", reason="strangers")
    moved = _messages(tx, row.id, None)
    thread = tx.connection.execute(
        text("SELECT thread FROM conversation WHERE id = :id"), {"id": row.id}
    ).scalar_one()
    _move(tx, moved, other.id, row.contact_id)
    name_again(tx, row.source_id, thread, other.id)
    # Its own thread name is given up, so that later letters of it are found by the new one.
    tx.connection.execute(
        text("UPDATE conversation SET thread = :gone, state = 'closed' WHERE id = :id"),
        {"gone": f"joined:{row.id}", "id": row.id},
    )
    _renew(tx, row.id, row.contact_id, answering)
    _renew(tx, other.id, row.contact_id, answering)
    facts = {"to": other.id, "messages": moved, "thread": thread, "state": row.state}
    return audit.note(tx, by, JOIN, "conversation", row.id, facts)


def joinable(connection: Connection, conversation_id: str) -> list[Row[Any]]:
    """The other threads of the same person in the same mailbox, newest first."""
    return list(
        connection.execute(
            text(
                "SELECT o.id, o.subject, o.last_at, o.last_text FROM conversation c JOIN conversation o"
                " ON o.contact_id = c.contact_id AND o.source_id = c.source_id AND o.id <> c.id"
                " WHERE c.id = :id AND o.thread NOT LIKE 'joined:%' AND o.last_message_id IS NOT NULL"
                " ORDER BY o.last_at DESC, o.id DESC LIMIT 50"
            ),
            {"id": conversation_id},
        )
    )


def undo(tx: Transaction, conversation_id: str, by: str, audit_id: str, answering: Answering) -> None:
    """Take a split or a join back. Raises Conflict not_found; not_now when the letters were moved again since."""
    found = tx.connection.execute(
        text(
            "SELECT facts, action FROM audit_log WHERE id = :id AND object_id = :conversation"
            " AND action IN ('thread.split', 'thread.join')"
        ),
        {"id": audit_id, "conversation": conversation_id},
    ).first()
    if found is None:
        raise Conflict("not_found", 404)
    facts = orjson.loads(found.facts)
    rows = {one: locked(tx, one) for one in sorted((conversation_id, facts["to"]))}
    row = rows[conversation_id]
    if set(facts["messages"]) - set(_messages(tx, facts["to"], None)):
        raise Conflict("not_now")
    if found.action == JOIN:
        _move(tx, facts["messages"], row.id, row.contact_id)
        tx.connection.execute(
            text("UPDATE conversation SET thread = :thread, state = :state WHERE id = :id"),
            {"thread": facts["thread"], "state": facts["state"], "id": row.id},
        )
        tx.connection.execute(
            text("DELETE FROM thread_alias WHERE source_id = :source AND thread = :thread"),
            {"source": row.source_id, "thread": facts["thread"]},
        )
    else:  # what came after the split goes back too: nothing may stay in a thread that was none
        _move(tx, _messages(tx, facts["to"], None), row.id, row.contact_id)
        tx.connection.execute(
            text("UPDATE conversation SET state = 'closed' WHERE id = :id"), {"id": facts["to"]}
        )
        tx.connection.execute(
            text("UPDATE thread_alias SET conversation_id = :id WHERE conversation_id = :other"),
            {"id": row.id, "other": facts["to"]},
        )
    for ref in rows:
        _renew(tx, ref, row.contact_id, answering)
    audit.note(tx, by, "undo", "conversation", conversation_id, {"of": audit_id})


def _messages(tx: Transaction, conversation_id: str, since: tuple[int, int, str] | None) -> list[str]:
    """The messages of a conversation, all or from one on."""
    where, more = "", {}
    if since is not None:
        where = " AND (at, seq, id) >= (:at, :seq, :first)"
        more = {"at": since[0], "seq": since[1], "first": since[2]}
    rows = tx.connection.execute(
        text(f"SELECT id FROM message WHERE conversation_id = :id{where} ORDER BY at, seq, id"),
        {"id": conversation_id, **more},
    )
    return [row.id for row in rows]


def _move(tx: Transaction, messages: Sequence[str], to: str, contact_id: str) -> None:
    """Messages change their conversation, and so does what is still on its way out."""
    batch.update(tx.connection, message_table, ("id",), ("conversation_id",), [(one, to) for one in messages])
    waiting = batch.select(
        tx.connection,
        "SELECT o.id FROM {wanted} JOIN outbox o ON o.message_id = w.id",
        {"id": list(messages)},
    )
    batch.update(
        tx.connection, outbox_table, ("id",), ("conversation_id",), [(row.id, to) for row in waiting]
    )
    for one in messages:
        tx.changed("message", one, contact_id)


COPIED = ("source_id", "contact_id", "identity_id", "nature", "assignee_id", "deal_id", "attribution", "demo")


def _copy(tx: Transaction, row: Row[Any], subject: str) -> str:
    """A new conversation of the same people, to hold what is split off."""
    made = new_id(tx.now)
    old = tx.connection.execute(
        text(f"SELECT {', '.join(COPIED)} FROM conversation WHERE id = :id"), {"id": row.id}
    ).one()
    kept = {**old._mapping, "attribution": orjson.loads(old.attribution)}
    values = {
        "id": made, "thread": f"split:{made}", "state": "waiting", "subject": subject[:500], "last_at": tx.now,
        "related_id": row.id, "created_at": tx.now, "updated_at": tx.now, **kept,
    }  # fmt: skip
    batch.insert(tx.connection, conversation_table, tuple(values), [tuple(values.values())])
    tx.connection.execute(
        text(
            "INSERT INTO thread_member (conversation_id, address) SELECT :made, address FROM thread_member"
            " WHERE conversation_id = :id"
        ),
        {"made": made, "id": row.id},
    )
    return made


def _renew(tx: Transaction, conversation_id: str, contact_id: str, answering: Answering) -> None:
    """A conversation is what its messages make it: its newest one, whose turn it is, and since when."""
    show_newest(tx, conversation_id)
    known, source_id = tx.connection.execute(
        text("SELECT answered_at, source_id FROM conversation WHERE id = :id"), {"id": conversation_id}
    ).one()
    facts = tx.connection.execute(
        text(
            "SELECT count(CASE WHEN direction = 'in' THEN 1 END) AS inbound,"
            " max(CASE WHEN direction = 'in' AND nature = 'client' THEN at END) AS heard,"
            " max(CASE WHEN direction = 'out' AND state NOT IN ('failed', 'undelivered', 'cancelled') THEN at END) AS answered"
            " FROM message WHERE conversation_id = :id AND deleted = 0"
        ),
        {"id": conversation_id},
    ).one()
    answered = max(known, facts.answered or 0)
    since = tx.connection.execute(
        text(
            "SELECT min(at) FROM message WHERE conversation_id = :id AND direction = 'in' AND nature = 'client'"
            " AND deleted = 0 AND at > :answered"
        ),
        {"id": conversation_id, "answered": answered},
    ).scalar()
    due = answering.due(source_id, since, answered)
    scheduled.heard_anew(tx, conversation_id, facts.inbound)
    tx.connection.execute(
        text(
            "UPDATE conversation SET inbound = :inbound, last_client_at = :heard, heard_at = :heard_at,"
            " answered_at = :answered, waiting_since ="
            " CASE WHEN state IN ('closed', 'snoozed') THEN NULL ELSE CAST(:since AS BIGINT) END,"
            " due_at = :due, deadline_at = :deadline, updated_at = :now,"
            " state = CASE WHEN state IN ('closed', 'snoozed') THEN state WHEN CAST(:since AS BIGINT) IS NULL"
            " THEN 'waiting' ELSE 'open' END WHERE id = :id"
        ),
        {
            "inbound": facts.inbound, "heard": facts.heard, "heard_at": facts.heard or 0,
            "answered": answered, "since": since, "due": due,
            "deadline": None if since is None else deadline(due, None), "now": tx.now, "id": conversation_id,
        },
    )  # fmt: skip
    tx.changed("conversation", conversation_id, contact_id)
