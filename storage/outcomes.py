"""What becomes of a new lead at one tap, and of a client's words that were taken for spam?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, text

from routing.deals import REVIVABLE
from routing.schedule import Schedule
from storage import leads
from storage.errors import Conflict
from storage.history import Act, row_of
from storage.moving import move_all
from storage.offers import first_task
from storage.tasks import close_tasks
from storage.transaction import Transaction


def of_deal(tx: Transaction, lead_id: str, by: str, deal_id: str) -> str:
    """«Это по сделке №…»: everything of the lead moves there, and the lead ends merged. Returns the act."""
    lead = _lead(tx, lead_id)
    if deal_id == lead_id:
        raise Conflict("bad_request", 422, field="deal_id")
    row_of(tx, "deal", deal_id)
    act = Act(tx, by, "deal.merge")
    _end(act, lead, deal_id)
    return act.close("deal", lead_id, {"into": deal_id})


def _lead(tx: Transaction, lead_id: str) -> Row[Any]:
    """The open lead, its contact held before it. Raises Conflict not_found, not_now."""
    contact_id = tx.connection.execute(
        text("SELECT contact_id FROM deal WHERE id = :id"), {"id": lead_id}
    ).scalar()
    if contact_id is None:
        raise Conflict("not_found", 404)
    row_of(tx, "contact", contact_id)
    lead = row_of(tx, "deal", lead_id)
    if not lead.open or lead.stage_kind != "lead":
        raise Conflict("not_now")
    return lead


def _end(act: Act, lead: Row[Any], into: str) -> None:
    leads.withdraw(act.tx, lead.id)
    move_all(act, lead.id, into)
    close_tasks(act, lead.id)
    act.set(
        "deal", lead.id, open=0, stage_kind="merged", merged_into=into, waiting="", next_at=None,
        closed_at=act.tx.now,
    )  # fmt: skip


def new_enquiry(tx: Transaction, lead_id: str, by: str, company: Schedule) -> str:
    """«Новая заявка»: the quiet lead is a lead like any other from now on, with its owner. Returns the act."""
    lead = _lead(tx, lead_id)
    if not lead.quiet:
        raise Conflict("not_now")
    act = Act(tx, by, "deal.new_enquiry")
    act.set("deal", lead_id, quiet=0)
    if lead.owner_id:
        task_id = first_task(tx, lead_id, row_of(tx, "deal", lead_id), lead.owner_id, company)
        if task_id:
            act.made("task", task_id)
    return act.close("deal", lead_id)


def revive(tx: Transaction, lead_id: str, by: str, closed_id: str) -> str:
    """«Вернуть в работу»: the lost deal opens again where it stood, and the quiet lead ends in it. Returns the act.

    Raises Conflict not_now for a deal that was not lost for a reason that may pass.
    """
    lead = _lead(tx, lead_id)
    lost = row_of(tx, "deal", closed_id)
    if lost.open or lost.contact_id != lead.contact_id or lost.lost_reason not in REVIVABLE:
        raise Conflict("not_now")
    act = Act(tx, by, "deal.revive")
    reopen(act, lost)
    _end(act, lead, closed_id)
    return act.close("deal", closed_id, {"lead": lead_id})


def reopen(act: Act, closed: Row[Any]) -> None:
    """Put a closed deal back on the last open stage it stood on (the first of its pipeline where none is known)."""
    stage = act.tx.connection.execute(
        text("SELECT s.id, s.kind FROM stage s LEFT JOIN stage_history h ON h.to_id = s.id AND h.deal_id = :id"
             " WHERE s.pipeline_id = :pipeline AND s.kind IN ('lead', 'open')"
             " ORDER BY CASE WHEN h.at IS NULL THEN 1 ELSE 0 END, h.at DESC, s.position LIMIT 1"),
        {"id": closed.id, "pipeline": closed.pipeline_id},
    ).first()  # fmt: skip
    if stage is None:
        raise Conflict("not_now")
    act.set(
        "deal", closed.id, open=1, stage_id=stage.id, stage_kind=stage.kind, lost_reason="", closed_at=None,
        last_activity_at=act.tx.now,
    )  # fmt: skip
