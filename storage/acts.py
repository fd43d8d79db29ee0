"""What changes when a person acts on a conversation? Each returns what takes it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Row, text

from routing import conversations as turns
from routing.conversations import Answering, Status, deadline
from storage import audit, batch, drafts, history
from storage.errors import Conflict
from storage.ids import new_id
from storage.responsible import must_work
from storage.search import stems
from storage.tables import conversation, message
from storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Undo:
    """The call that takes an act back: a method, the path's end below the conversation, and a body."""

    method: str
    path: str
    body: dict[str, Any]


def locked(tx: Transaction, conversation_id: str) -> Row[Any]:
    """The conversation, held until the end of the transaction. Raises Conflict not_found."""
    lock = tx.for_update
    row = tx.connection.execute(
        text(
            "SELECT id, contact_id, source_id, identity_id, nature, state, waiting_since, heard_at, answered_at,"
            " snoozed_until, due_at, deadline_at, assignee_id, deal_id, pinned_deal_id, closes_at"
            f" FROM conversation WHERE id = :id{lock}"
        ),
        {"id": conversation_id},
    ).first()
    if row is None:
        raise Conflict("not_found", 404)
    return row


def _status(row: Row[Any]) -> Status:
    return Status(
        state=row.state, waiting_since=row.waiting_since, heard_at=row.heard_at, answered_at=row.answered_at,
        snoozed_until=row.snoozed_until,
    )  # fmt: skip


def _store(tx: Transaction, row: Row[Any], status: Status, answering: Answering) -> None:
    since = status.waiting_since
    due = answering.due(row.source_id, since, status.answered_at)
    due = row.due_at if since == row.waiting_since else due
    values = (
        row.id, status.state, since, status.heard_at, status.answered_at, status.snoozed_until, due,
        None if since is None else deadline(due, row.closes_at), tx.now,
    )  # fmt: skip
    columns = (
        "state", "waiting_since", "heard_at", "answered_at", "snoozed_until", "due_at", "deadline_at", "updated_at",
    )  # fmt: skip
    batch.update(tx.connection, conversation, ("id",), columns, [values])
    tx.changed("conversation", row.id, row.contact_id)
    tx.ring("router")


def set_state(
    tx: Transaction, conversation_id: str, member_id: str, state: str, until: int | None, why: str,
    answering: Answering,
) -> Undo | None:  # fmt: skip
    """Finish, put off, open again, or say that no answer is needed. Raises Conflict bad_request, not_now."""
    row = locked(tx, conversation_id)
    before = _status(row)
    match state:
        case "closed":
            if (
                turns.unanswered(turns.Row(id=row.id, state=row.state, waiting_since=row.waiting_since))
                and not why
            ):
                raise Conflict("not_now", reason="unanswered")
            after = turns.close(before, tx.now)
        case "snoozed":
            if until is None or until <= tx.now:
                raise Conflict("bad_request", 422, field="until")
            after = turns.snooze(before, until)
        case "waiting":
            after = turns.no_answer_needed(before, tx.now)
        case _:
            after = turns.reopen(before) if before.state == "closed" else turns.Status(
                state="open", waiting_since=before.waiting_since or tx.now, heard_at=max(before.heard_at, tx.now),
                answered_at=before.answered_at,
            )  # fmt: skip
    _store(tx, row, after, answering)
    audit_id = audit.note(
        tx, member_id, f"conversation.{state}", "conversation", row.id,
        {"why": why, "before": _record(row), "after": [after.state, after.waiting_since, after.answered_at]},
    )  # fmt: skip
    return Undo("POST", "undo", {"audit_id": audit_id})


def _record(row: Row[Any]) -> dict[str, Any]:
    return {
        name: getattr(row, name)
        for name in (
            "state",
            "waiting_since",
            "heard_at",
            "answered_at",
            "snoozed_until",
            "due_at",
            "deadline_at",
        )
    }


def undo_state(tx: Transaction, conversation_id: str, member_id: str, audit_id: str) -> None:
    """Put the conversation back as it was before an act of this member. Raises Conflict not_now when more happened."""
    row = locked(tx, conversation_id)
    found = tx.connection.execute(
        text("SELECT facts FROM audit_log WHERE id = :id AND member_id = :me AND object_id = :conversation"),
        {"id": audit_id, "me": member_id, "conversation": conversation_id},
    ).first()
    if found is None:
        raise Conflict("not_found", 404)
    facts = orjson.loads(found.facts)
    if "before" not in facts:
        history.undo(tx, audit_id, member_id)
        return
    if facts.get("after") != [row.state, row.waiting_since, row.answered_at]:
        raise Conflict("not_now")
    before = facts["before"]
    tx.connection.execute(
        text(
            "UPDATE conversation SET state = :state, waiting_since = :waiting_since, heard_at = :heard_at,"
            " answered_at = :answered_at, snoozed_until = :snoozed_until, due_at = :due_at, deadline_at = :deadline_at"
            " WHERE id = :id"
        ),
        {**before, "heard_at": max(before["heard_at"], row.heard_at), "id": conversation_id},
    )
    audit.note(tx, member_id, "undo", "conversation", conversation_id, {"of": audit_id})
    tx.changed("conversation", conversation_id, row.contact_id)


def assign(tx: Transaction, conversation_id: str, by: str, member_id: str | None, comment: str) -> Undo:
    """Give the conversation to somebody, or to nobody."""
    row = locked(tx, conversation_id)
    must_work(tx, member_id)
    tx.connection.execute(
        text("UPDATE conversation SET assignee_id = :member, updated_at = :now WHERE id = :id"),
        {"member": member_id, "now": tx.now, "id": conversation_id},
    )
    if comment:
        add_note(tx, row, by, new_id(tx.now), comment)
    system_line(tx, row, {"code": "assigned", "by": by, "to": member_id})
    audit.note(
        tx, by, "conversation.assign", "conversation", row.id, {"from": row.assignee_id, "to": member_id}
    )
    tx.changed("conversation", row.id, row.contact_id)
    tx.ring("router")
    return Undo("POST", "assignee", {"member_id": row.assignee_id})


def pin(tx: Transaction, conversation_id: str, by: str, deal_id: str | None) -> Undo:
    """Later messages of this conversation go to this deal. Raises Conflict bad_request for a closed or strange one."""
    row = locked(tx, conversation_id)
    if deal_id is not None:
        known = tx.connection.execute(text("SELECT open FROM deal WHERE id = :id"), {"id": deal_id}).scalar()
        if not known:
            raise Conflict("bad_request", 422, field="deal_id")
    tx.connection.execute(
        text(
            "UPDATE conversation SET pinned_deal_id = :deal, deal_id = COALESCE(:deal, deal_id), updated_at = :now"
            " WHERE id = :id"
        ),
        {"deal": deal_id, "now": tx.now, "id": conversation_id},
    )
    audit.note(
        tx, by, "conversation.pin", "conversation", row.id, {"from": row.pinned_deal_id, "to": deal_id}
    )
    tx.changed("conversation", row.id, row.contact_id)
    return Undo("PUT", "pin", {"deal_id": row.pinned_deal_id})


def mark_read(tx: Transaction, conversation_id: str, member_id: str, message_id: str | None) -> None:
    """This member has read up to a message; None: keep it unread."""
    row = tx.connection.execute(
        text("SELECT inbound, contact_id FROM conversation WHERE id = :id"), {"id": conversation_id}
    ).one()
    tx.connection.execute(
        text(
            "INSERT INTO read_marker (member_id, conversation_id, message_id, inbound, kept_unread)"
            " VALUES (:me, :id, :message, :inbound, :kept) ON CONFLICT (member_id, conversation_id) DO UPDATE SET"
            " message_id = COALESCE(:message, read_marker.message_id),"
            " inbound = CASE WHEN :kept = 1 THEN read_marker.inbound ELSE :inbound END, kept_unread = :kept"
        ),
        {
            "me": member_id, "id": conversation_id, "message": message_id, "inbound": row.inbound if message_id else 0,
            "kept": int(message_id is None),
        },
    )  # fmt: skip
    tx.changed("conversation", conversation_id, row.contact_id, f"member:{member_id}")


def note(
    tx: Transaction, conversation_id: str, member_id: str, note_id: str, words: str, mentions: Sequence[str] = ()
) -> str:  # fmt: skip
    """A note that the client does not see; the same id again is the same note. Whom it mentions is told.

    Raises Conflict bad_request, also for a colleague who does not work here.
    """
    row = locked(tx, conversation_id)
    known = tx.connection.execute(
        text("SELECT kind, author_id, conversation_id FROM message WHERE id = :id"), {"id": note_id}
    ).first()
    if known is None:
        for ref in sorted(set(mentions)):
            must_work(tx, ref)
        add_note(tx, row, member_id, note_id, words)
        for ref in dict.fromkeys(mentions):
            tx.changed("notification", f"mention:{conversation_id}", audience=f"member:{ref}")
        drafts.drop(tx, member_id, conversation_id, "note")
    elif tuple(known) != ("note", member_id, conversation_id):
        raise Conflict("bad_request", 422, field="id")
    return note_id


def add_note(tx: Transaction, row: Row[Any], member_id: str, note_id: str, words: str) -> None:
    """Write a note into a conversation."""
    name = (
        tx.connection.execute(text("SELECT name FROM member WHERE id = :id"), {"id": member_id}).scalar()
        or ""
    )
    _line(tx, row, note_id, "note", "person", member_id, name, words, {})


def system_line(tx: Transaction, row: Row[Any], facts: dict[str, Any]) -> None:
    """A line that says what happened, by a code and its facts."""
    named = {
        name: tx.connection.execute(text("SELECT name FROM member WHERE id = :id"), {"id": ref}).scalar()
        for name, ref in facts.items()
        if name in ("by", "to") and ref
    }
    content = {"system": {**facts, **named}}
    _line(tx, row, new_id(tx.now), "system", "system", None, "", "", content, seq=1)  # after its comment


def _line(
    tx: Transaction, row: Row[Any], message_id: str, kind: str, author: str, member_id: str | None, name: str, words: str,
    content: dict[str, Any], seq: int = 0,
) -> None:  # fmt: skip
    values = {
        "id": message_id, "conversation_id": row.id, "contact_id": row.contact_id, "source_id": row.source_id,
        "deal_id": row.deal_id, "kind": kind, "direction": "none", "author_kind": author, "author_id": member_id,
        "author_name": name, "nature": row.nature, "text": words, "content": content, "at": tx.now, "seq": seq,
        "received_at": tx.now, "stems": stems(words),
    }  # fmt: skip
    batch.insert(tx.connection, message, tuple(values), [tuple(values.values())])
    tx.changed("message", message_id, row.contact_id)
