"""Is it a client's conversation after all, or spam? What that changes, and how it is taken back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, text

from routing.conversations import Answering, Status, close, deadline, heard
from storage import batch, leads
from storage.acts import locked
from storage.errors import Conflict
from storage.forgetting import forget_conversation
from storage.history import Act, row_of
from storage.search import stems
from storage.tables import message, unwanted
from storage.transaction import Transaction


def set_nature(tx: Transaction, conversation_id: str, by: str, nature: str, answering: Answering) -> str:
    """Spam, not spam, a client after all: marks the identity, so that later messages follow. Returns the act, ""
    where it cannot be taken back.

    Spam ends unowned leads; what is kept as spam is let out of quarantine by the caller. Raises Conflict not_found.
    """
    row = _held(tx, conversation_id)
    act = Act(tx, by, "conversation.nature")
    if row.identity_id and (nature == "spam" or row.nature == "spam"):
        act.set("identity", row.identity_id, spam=int(nature == "spam"))
    act.set("conversation", conversation_id, nature=nature)
    if nature == "spam":
        stand(act, row, close(status_of(row), tx.now), answering)
        end_leads(act, row)
    elif nature == "personal":
        stand(act, row, close(status_of(row), tx.now), answering)
        _forget_words(tx, conversation_id)
        act.set("conversation", conversation_id, kept_out=1)
    elif nature == "client" and row.nature == "personal":
        _welcome(act, row, answering)
    done = act.close("conversation", conversation_id, {"from": row.nature, "to": nature})
    return "" if row.nature == "personal" else done


def _welcome(act: Act, row: Row[Any], answering: Answering) -> None:
    """What was said before anybody knew that it is a client becomes theirs: found, with its files, waiting for an answer."""
    tx, of = act.tx, {"id": row.id}
    act.set("conversation", row.id, kept_out=0)
    said = tx.connection.execute(
        text("SELECT id, text FROM message WHERE conversation_id = :id AND nature = 'personal'"), of
    ).all()
    words = [(one.id, "client", stems(one.text)) for one in said]
    batch.update(tx.connection, message, ("id",), ("nature", "stems"), words)
    for one in said:
        tx.changed("message", one.id, row.contact_id)
    tx.connection.execute(
        text(
            "UPDATE attachment SET next_at = :now WHERE state = 'fetch' AND next_at IS NULL AND message_id IN"
            " (SELECT id FROM message WHERE conversation_id = :id)"
        ),
        {**of, "now": tx.now},
    )
    tx.ring("media")
    heard_at = act.tx.connection.execute(
        text("SELECT max(at) FROM message WHERE conversation_id = :id AND direction = 'in'"), {"id": row.id}
    ).scalar()
    if heard_at is not None:
        stand(act, row, heard(status_of(row), heard_at, act.tx.now), answering)


def _forget_words(tx: Transaction, conversation_id: str) -> None:
    """A person's private life is none of ours: that something was said stays, what was said goes for good."""
    batch.insert(
        tx.connection, unwanted, ("envelope_id",), [(one,) for one in envelopes_of(tx.connection, conversation_id)],
        ignore=True,
    )  # fmt: skip
    forget_conversation(tx, conversation_id)


def envelopes_of(connection: Connection, conversation_id: str) -> list[int]:
    """The envelopes that brought what was said in a conversation, its files and its later wordings."""
    within = "message_id IN (SELECT id FROM message WHERE conversation_id = :id) AND envelope_id IS NOT NULL"
    rows = connection.execute(
        text(
            "SELECT envelope_id AS id FROM message WHERE conversation_id = :id AND envelope_id IS NOT NULL"
            f" UNION SELECT envelope_id FROM attachment WHERE {within}"
            f" UNION SELECT envelope_id FROM message_version WHERE {within} ORDER BY id"
        ),
        {"id": conversation_id},
    )
    return [row.id for row in rows]


def _held(tx: Transaction, conversation_id: str) -> Row[Any]:
    found = tx.connection.execute(
        text("SELECT identity_id, contact_id FROM conversation WHERE id = :id"), {"id": conversation_id}
    ).first()
    if found is None:
        raise Conflict("not_found", 404)
    if found.identity_id:
        row_of(tx, "identity", found.identity_id)
    row_of(tx, "contact", found.contact_id)
    return locked(tx, conversation_id)


def status_of(row: Row[Any]) -> Status:
    """Whose turn it is, by the conversation's row."""
    return Status(
        state=row.state, waiting_since=row.waiting_since, heard_at=row.heard_at, answered_at=row.answered_at,
        snoozed_until=row.snoozed_until,
    )  # fmt: skip


def stand(act: Act, row: Row[Any], status: Status, answering: Answering) -> None:
    """Give the conversation this standing, with the time its answer is due."""
    since = status.waiting_since
    due = answering.due(row.source_id, since, status.answered_at)
    act.set(
        "conversation", row.id, state=status.state, waiting_since=since, heard_at=status.heard_at,
        answered_at=status.answered_at, snoozed_until=status.snoozed_until, due_at=due,
        deadline_at=None if since is None else deadline(due, row.closes_at),
    )  # fmt: skip


def end_leads(act: Act, row: Row[Any]) -> None:
    """Nobody is asked any more about an unowned lead that turned out to be spam: it ends on the junk stage."""
    tx = act.tx
    for lead in tx.connection.execute(
        text("SELECT id, pipeline_id FROM deal WHERE conversation_id = :id AND open = 1 AND stage_kind = 'lead'"
             f" AND owner_id IS NULL ORDER BY id{tx.for_update}"),
        {"id": row.id},
    ).all():  # fmt: skip
        leads.withdraw(tx, lead.id)
        junk = tx.connection.execute(
            text("SELECT id, kind FROM stage WHERE junk = 1 ORDER BY CASE WHEN pipeline_id = :id THEN 0 ELSE 1 END LIMIT 1"),
            {"id": lead.pipeline_id},
        ).first()  # fmt: skip
        if junk is not None:
            act.set(
                "deal", lead.id, stage_id=junk.id, stage_kind=junk.kind, open=0, waiting="", closed_at=tx.now,
                next_at=None, lost_reason="junk",
            )  # fmt: skip
