"""May this deal be given up? The head's word, the deputy's after a working day."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, text

from routing.schedule import Schedule, add_working, current_shift
from routing.times import DAY, HOUR
from storage import audit, heads
from storage.deals import Moved, attempts_of, held, move
from storage.errors import Conflict
from storage.ids import new_id
from storage.stages import stage_of
from storage.tables import approval
from storage.transaction import Transaction

WORKING_DAY = 9 * HOUR


def ask(tx: Transaction, deal_id: str, by: str, stage_id: str, company: Schedule) -> str:
    """Ask the head of the owner's team; the open question's id, also when it is asked already.

    Raises Conflict not_now while attempts are missing, or for a stage that needs no word.
    """
    row = held(tx, deal_id)
    to = stage_of(tx.connection, stage_id)
    if not to.attempts or not row.open or not attempts_of(tx.connection, row, company.zone).enough:
        raise Conflict("not_now", reason="attempts")
    known = tx.connection.execute(
        text("SELECT id FROM approval WHERE deal_id = :id AND stage_id = :stage AND state = 'open'"),
        {"id": deal_id, "stage": stage_id},
    ).scalar()
    if known is not None:
        return str(known)
    chain = heads.chain_of(tx.connection, row.owner_id)
    made = new_id(tx.now)
    tx.connection.execute(
        approval.insert().values(
            id=made, deal_id=deal_id, stage_id=stage_id, asked_by=by, asked_at=tx.now, state="open",
            head_id=chain[0] if chain else None, deputy_id=chain[1] if len(chain) > 1 else None,
            deputy_at=add_working(company, tx.now, _a_working_day(company, tx.now)),
        )
    )  # fmt: skip
    audit.note(tx, by, "approval.ask", "deal", deal_id, {"approval": made})
    for member in chain[:1]:
        tx.changed("notification", f"approval:{made}", audience=f"member:{member}")
    tx.changed("deal", deal_id, row.contact_id)
    tx.ring("timers")
    return made


def _a_working_day(company: Schedule, now: int) -> int:
    shift = current_shift(company, now)
    return min(DAY, shift.closes_at - shift.opens_at) if shift is not None else WORKING_DAY


def decide(
    tx: Transaction, approval_id: str, by: str, agree: bool, comment: str, company: Schedule
) -> tuple[str, Moved | None]:
    """The head says yes or no; a yes closes the deal in the same moment, the one who asked is told. The deal, and what became
    of it. When it cannot close any more (the client wrote since) the question is withdrawn.

    Raises Conflict not_found, not_now.
    """
    deal_id = deal_of(tx.connection, approval_id)
    if deal_id is None:
        raise Conflict("not_found", 404)
    held(tx, deal_id)
    row = tx.connection.execute(approval.select().where(approval.c.id == approval_id).with_for_update()).one()
    if row.state != "open":
        raise Conflict("not_now")
    state, moved = "refused", None
    if agree:
        _store(tx, approval_id, "approved", by, comment)  # the move looks at it
        state, moved = "approved", move(tx, deal_id, by, row.stage_id, {}, comment, company)
        if moved.move.obstacle == "comment":
            raise Conflict("bad_request", 422, field="comment")
        if not moved.move.allowed:
            state = "withdrawn"
    _store(tx, approval_id, state, by, comment)
    audit.note(tx, by, f"approval.{state}", "deal", deal_id, {"approval": approval_id})
    if row.asked_by:
        tx.changed("notification", f"approval_{state}:{approval_id}", audience=f"member:{row.asked_by}")
    tx.changed("deal", deal_id)
    return deal_id, moved


def deal_of(connection: Connection, approval_id: str) -> str | None:
    """The deal that a question is about."""
    found: str | None = connection.execute(
        text("SELECT deal_id FROM approval WHERE id = :id"), {"id": approval_id}
    ).scalar()
    return found


def _store(tx: Transaction, approval_id: str, state: str, by: str, comment: str) -> None:
    tx.connection.execute(
        approval.update()
        .where(approval.c.id == approval_id)
        .values(state=state, by_id=by, settled_at=tx.now, comment=comment)
    )


def waiting(connection: Connection) -> list[Row[Any]]:
    """Every question that waits for a head, oldest first."""
    return list(
        connection.execute(
            text("SELECT p.id, p.deal_id, p.stage_id, p.asked_at, p.asked_by, p.head_id, p.deputy_at, d.number, d.title,"
                 " d.owner_id, m.name AS owner_name, a.name AS asked_name, s.name AS stage, d.contact_id, c.name AS contact_name"
                 " FROM approval p JOIN deal d ON d.id = p.deal_id AND d.open = 1 JOIN stage s ON s.id = p.stage_id"
                 " JOIN contact c ON c.id = d.contact_id"
                 " LEFT JOIN member m ON m.id = d.owner_id LEFT JOIN member a ON a.id = p.asked_by"
                 " WHERE p.state = 'open' ORDER BY p.asked_at, p.id")
        )
    )  # fmt: skip
