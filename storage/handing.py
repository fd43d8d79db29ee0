"""How does everything somebody has on their hands go to a colleague, and come back?"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, text, update

from storage import audit, history, leads, team
from storage.errors import Conflict, Overtaken
from storage.history import Act
from storage.ids import new_id
from storage.responsible import must_work
from storage.tables import handover
from storage.transaction import Transaction

KINDS: Final[tuple[tuple[str, str, str], ...]] = (
    ("contact", "responsible_id", "merged_into IS NULL"),
    ("conversation", "assignee_id", "state <> 'closed'"),
    ("deal", "owner_id", "open = 1"),
    ("task", "owner_id", "done_at IS NULL"),
)
"""What belongs to a person: kind, column, and which of them count."""


def belongings(connection: Connection, member_id: str) -> dict[str, int]:
    """How many contacts, conversations, deals, tasks a person has, and how many queues and teams need them as head."""
    found = {
        kind: int(
            connection.execute(
                text(f"SELECT count(*) FROM {kind} WHERE {column} = :id AND {counts}"), {"id": member_id}
            ).scalar_one()
        )
        for kind, column, counts in KINDS
    }
    heads = connection.execute(
        text("SELECT (SELECT count(*) FROM queue WHERE head_id = :id) + (SELECT count(*) FROM team WHERE head_id = :id)"),
        {"id": member_id},
    ).scalar_one()  # fmt: skip
    return {**found, "head_of": int(heads)}


def give_everything(
    tx: Transaction, from_id: str, to_id: str, by: str, until: int | None
) -> str:  # fmt: skip
    """Everything to a colleague; with `until` for a time only. The hand-over's id. Raises Conflict bad_request, not_now."""
    if from_id == to_id or (until is not None and until <= tx.now):
        raise Conflict("bad_request", 422, field="to_id" if from_id == to_id else "until")
    if until is not None and _under_way(tx, from_id):
        raise Conflict("not_now", reason="handed_over_already")
    act = Act(tx, by, "member.give_everything")
    for kind, column, counts in KINDS:
        rows = tx.connection.execute(
            text(f"SELECT id FROM {kind} WHERE {column} = :id AND {counts} ORDER BY id{tx.for_update}"),
            {"id": from_id},
        ).all()
        act.set_many(kind, [row.id for row in rows], column, to_id)
    must_work(tx, to_id)
    done = act.close("member", from_id, {"to": to_id})
    made = new_id(tx.now)
    tx.connection.execute(
        insert(handover).values(
            id=made, from_id=from_id, to_id=to_id, by_id=by, at=tx.now, until=until, act_id=done or None
        )
    )
    if until is not None:
        tx.connection.execute(
            text("UPDATE member SET substitute_id = :to WHERE id = :id"), {"to": to_id, "id": from_id}
        )
    for member in (from_id, to_id):
        tx.changed("member", member)
    tx.ring("router")
    return made


def _under_way(tx: Transaction, from_id: str) -> bool:
    found = tx.connection.execute(
        select(handover.c.id).where(
            handover.c.from_id == from_id, handover.c.until.is_not(None), handover.c.returned_at.is_(None)
        )
    )
    return found.first() is not None


def give_back(tx: Transaction, handover_id: str, by: str) -> None:
    """What is still with the colleague returns; what was given on or closed meanwhile stays. Raises Conflict."""
    row = tx.connection.execute(
        select(handover).where(handover.c.id == handover_id).with_for_update()
    ).first()
    if row is None:
        raise Conflict("not_found", 404)
    if row.returned_at is not None or row.until is None:
        raise Conflict("not_now")
    working = tx.connection.execute(
        text("SELECT active FROM member WHERE id = :id"), {"id": row.from_id}
    ).scalar()
    if working and row.act_id:
        history.undo(tx, row.act_id, by, tolerant=True)
    tx.connection.execute(update(handover).where(handover.c.id == handover_id).values(returned_at=tx.now))
    tx.connection.execute(
        text("UPDATE member SET substitute_id = NULL WHERE id = :id AND substitute_id = :to"),
        {"id": row.from_id, "to": row.to_id},
    )
    tx.changed("member", row.from_id)


def giver(connection: Connection, handover_id: str) -> str | None:
    """Whose things were given."""
    found: str | None = connection.execute(
        text("SELECT from_id FROM handover WHERE id = :id"), {"id": handover_id}
    ).scalar()
    return found


def due_back(connection: Connection, now: int) -> list[str]:
    """Hand-overs whose time is over."""
    rows = connection.execute(
        select(handover.c.id)
        .where(handover.c.returned_at.is_(None), handover.c.until <= now)
        .order_by(handover.c.until)
    )
    return [row.id for row in rows]


def next_back(connection: Connection) -> int | None:
    """When the next hand-over is over."""
    found: int | None = connection.execute(
        text("SELECT min(until) FROM handover WHERE returned_at IS NULL AND until IS NOT NULL")
    ).scalar()
    return found


def of_member(connection: Connection, member_id: str) -> list[Row[Any]]:
    """Hand-overs from a person that are under way, newest first."""
    return list(
        connection.execute(
            text("SELECT h.id, h.to_id, m.name AS to_name, h.at, h.until FROM handover h JOIN member m ON m.id = h.to_id"
                 " WHERE h.from_id = :id AND h.returned_at IS NULL AND h.until IS NOT NULL ORDER BY h.at DESC"),
            {"id": member_id},
        )
    )  # fmt: skip


def deactivate(tx: Transaction, member_id: str, by: str, to_id: str | None) -> None:
    """Let somebody in no more; all they have goes to a colleague first, open offers go on.

    Raises Conflict not_now with the counts when something is left and nobody is named.
    """
    has = belongings(tx.connection, member_id)
    if any(has.values()):
        if to_id is None:
            raise Conflict("not_now", reason="has_work", **has)
        give_everything(tx, member_id, to_id, by, None)
        for table in ("queue", "team"):
            tx.connection.execute(
                text(f"UPDATE {table} SET head_id = :to WHERE head_id = :id"), {"to": to_id, "id": member_id}
            )
    tx.connection.execute(text("UPDATE team SET deputy_id = NULL WHERE deputy_id = :id"), {"id": member_id})
    _leave_queues(tx, member_id, to_id)
    for row in tx.connection.execute(
        text("SELECT DISTINCT deal_id FROM offer WHERE member_id = :id AND state = 'open' ORDER BY deal_id"),
        {"id": member_id},
    ).all():
        leads.withdraw(tx, row.deal_id)
    team.change_member(tx, member_id, active=0, presence="off")
    _must_have_nothing(tx, member_id)
    audit.note(tx, by, "member.deactivate", "member", member_id, {"to": to_id})


def _must_have_nothing(tx: Transaction, member_id: str) -> None:
    """Nothing is given to who is gone, but what was given until then we may have waited for. Raises Overtaken."""
    offered = text("SELECT 1 FROM offer WHERE member_id = :id AND state = 'open' LIMIT 1")
    if (
        any(belongings(tx.connection, member_id).values())
        or tx.connection.execute(offered, {"id": member_id}).first()
    ):
        raise Overtaken("something was given to them meanwhile")


def _leave_queues(tx: Transaction, member_id: str, to_id: str | None) -> None:
    """A queue that would be left without anybody gets the one who takes over. Raises Conflict queue_empty."""
    rows = tx.connection.execute(
        text("SELECT m.queue_id, m.position, m.weight FROM queue_member m JOIN queue q ON q.id = m.queue_id"
             f" WHERE m.member_id = :id ORDER BY m.queue_id{tx.for_update}"),
        {"id": member_id},
    ).all()  # fmt: skip
    for row in rows:
        others = tx.connection.execute(
            text("SELECT count(*) FROM queue_member q JOIN member m ON m.id = q.member_id AND m.active = 1"
                 " WHERE q.queue_id = :queue AND q.member_id <> :id"),
            {"queue": row.queue_id, "id": member_id},
        ).scalar_one()  # fmt: skip
        if not others and to_id is None:
            raise Conflict("queue_empty", 422)
        if not others:
            tx.connection.execute(
                text("INSERT INTO queue_member (queue_id, member_id, position, weight)"
                     " VALUES (:queue, :id, :position, :weight) ON CONFLICT DO NOTHING"),
                {"queue": row.queue_id, "id": to_id, "position": row.position, "weight": row.weight},
            )  # fmt: skip
    tx.connection.execute(text("DELETE FROM queue_member WHERE member_id = :id"), {"id": member_id})
