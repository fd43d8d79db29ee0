"""What does a stage do by itself, and when? Planned on entering, moved along with the moment it hangs on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Row, select, text, update

from routing.times import MINUTE
from storage.ids import new_id
from storage.tables import firing, stage
from storage.transaction import Transaction

PREMISES: Final[Mapping[str, tuple[str, ...]]] = {
    "task": ("deal_open", "on_stage"),
    "message": ("deal_open", "on_stage", "client_silent"),
}
"""What must still hold when it fires, where the stage names nothing."""
KEPT: Final = ("title", "text", "due_minutes", "anchor", "minutes")


def plan(tx: Transaction, deal: Row[Any], to: Row[Any]) -> None:
    """The automatic acts of the stage that a deal enters; what an earlier stage planned is dropped."""
    tx.connection.execute(
        text("UPDATE firing SET state = 'dropped', reason = 'left_stage', settled_at = :now"
             " WHERE deal_id = :id AND state = 'waiting'"),
        {"id": deal.id, "now": tx.now},
    )  # fmt: skip
    for one in to.automations:
        _plan_one(tx, deal, to.id, one)
    tx.ring("timers")


def _plan_one(tx: Transaction, deal: Row[Any], stage_id: str, one: Mapping[str, Any]) -> None:
    due_at = moment_of(deal, one.get("anchor", ""))
    if one.get("anchor") and due_at is None:
        return  # planned once the moment is known
    tx.connection.execute(
        firing.insert().values(
            id=new_id(tx.now), deal_id=deal.id, stage_id=stage_id, kind=one["kind"],
            at=(due_at or tx.now) + int(one.get("minutes", 0)) * MINUTE, planned_at=tx.now, due_at=due_at,
            premises=list(one.get("premises") or PREMISES[one["kind"]]), state="waiting",
            content={name: one[name] for name in KEPT if name in one},
        )
    )  # fmt: skip


def moment_of(deal: Row[Any], anchor: str) -> int | None:
    """The moment in a field of the deal, microseconds UTC; None where there is none."""
    value = deal.fields.get(anchor) if anchor else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def move_with(tx: Transaction, deal: Row[Any]) -> None:
    """After a deal's fields changed: what hangs on a moment goes with it, and what had none so far is planned."""
    known = tx.connection.execute(select(stage.c.automations).where(stage.c.id == deal.stage_id)).scalar()
    hanging = [one for one in known or () if one.get("anchor")]
    if not hanging or not deal.open:
        return
    waiting = tx.connection.execute(
        select(firing).where(firing.c.deal_id == deal.id, firing.c.state == "waiting")
    ).all()
    for row in waiting:
        moved_to(tx, row, moment_of(deal, row.content.get("anchor", "")))
    planned = {(row.content.get("anchor"), row.content.get("minutes", 0)) for row in waiting}
    for one in hanging:
        if (one["anchor"], one.get("minutes", 0)) not in planned:
            _plan_one(tx, deal, deal.stage_id, one)
    tx.ring("timers")


def moved_to(tx: Transaction, row: Row[Any], moment: int | None) -> bool:
    """Let a planned act follow the moment it hangs on; False: it hangs on none, or that has not moved."""
    if row.due_at is None or moment is None or moment == row.due_at:
        return False
    at = moment + int(row.content.get("minutes", 0)) * MINUTE
    tx.connection.execute(update(firing).where(firing.c.id == row.id).values(at=at, due_at=moment))
    return True
