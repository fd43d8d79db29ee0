"""What is the operator asked once, in place, and what follows from the answer?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select, text

from routing.schedule import Schedule
from storage import outcomes
from storage.acts import locked
from storage.errors import Conflict
from storage.history import Act
from storage.moving import move_messages
from storage.tables import question
from storage.transaction import Transaction


def open_questions(connection: Connection, conversation_id: str) -> list[Row[Any]]:
    """What waits for an answer in a conversation, oldest first."""
    return list(
        connection.execute(
            select(question)
            .where(question.c.conversation_id == conversation_id, question.c.answered_at.is_(None))
            .order_by(question.c.asked_at, question.c.kind)
        )
    )


def answer(
    tx: Transaction, conversation_id: str, by: str, kind: str, about: str, said: str, stage: tuple[str, str],
    company: Schedule,
) -> str:  # fmt: skip
    """Carry an answer out and remember it; the act that takes it back ("" when nothing had to change).

    `said` is a deal's id (close), yes or no (stale), of_last_deal, new_enquiry or revive (after_closed). A close pair's answer
    pins the conversation, so that nobody is asked again. Raises Conflict not_found, not_now, bad_request.
    """
    asked = tx.connection.execute(
        select(question).where(
            question.c.conversation_id == conversation_id, question.c.kind == kind, question.c.about == about
        )
    ).first()
    if asked is None:
        raise Conflict("not_found", 404)
    if asked.answered_at is not None:
        raise Conflict("not_now")
    act = _carry_out(tx, asked, by, said, stage, company)
    tx.connection.execute(
        question.update()
        .where(
            question.c.conversation_id == conversation_id, question.c.kind == kind, question.c.about == about
        )
        .values(answered_at=tx.now, answered_by=by, answer=said)
    )
    tx.changed("conversation", conversation_id)
    return act


def _carry_out(
    tx: Transaction, asked: Row[Any], by: str, said: str, stage: tuple[str, str], company: Schedule
) -> str:
    match asked.kind, said:
        case "close", _ if said in asked.choices:
            return _pin(tx, asked, by, said)
        case "stale", "yes":
            return move_messages(tx, asked.message_id, by, None, "following", stage)
        case "stale", "no":
            return ""
        case "after_closed", "of_last_deal":
            return outcomes.of_deal(tx, asked.about, by, asked.choices[0])
        case "after_closed", "new_enquiry":
            return outcomes.new_enquiry(tx, asked.about, by, company)
        case "after_closed", "revive" if "revive" in asked.choices:
            return outcomes.revive(tx, asked.about, by, asked.choices[0])
    raise Conflict("bad_request", 422, field="answer")


def _pin(tx: Transaction, asked: Row[Any], by: str, deal_id: str) -> str:
    """The message that raised the question and what followed it go to the deal; so do later ones."""
    if not tx.connection.execute(text("SELECT open FROM deal WHERE id = :id"), {"id": deal_id}).scalar():
        raise Conflict("not_now")
    moved = move_messages(tx, asked.message_id, by, deal_id, "following", ("", ""))
    if moved:
        return moved
    locked(tx, asked.conversation_id)
    act = Act(tx, by, "conversation.pin")
    act.set("conversation", asked.conversation_id, pinned_deal_id=deal_id)
    return act.close("conversation", asked.conversation_id, {"to": deal_id})
