"""Which planned acts are due, and does the reason for each still hold at the moment it fires?"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, text, update

from routing.pipelines import Planned, Present, decent_hour, stale
from routing.schedule import Schedule
from storage import automations, deals, robots
from storage.errors import Conflict
from storage.history import Act
from storage.replying import Target, window_of
from storage.tables import firing
from storage.transaction import Transaction

AT_ONCE: Final = 100


def due(connection: Connection, now: int) -> list[Row[Any]]:
    """Acts whose time has come, oldest first: id, kind and the source of the conversation that a message would go to."""
    return list(
        connection.execute(
            text(f"SELECT f.id, f.kind, c.source_id FROM firing f JOIN deal d ON d.id = f.deal_id"
                 f" LEFT JOIN conversation c ON c.id = {CONVERSATION}"
                 " WHERE f.state = 'waiting' AND f.at <= :now ORDER BY f.at, f.id LIMIT :limit"),
            {"now": now, "limit": AT_ONCE},
        )
    )  # fmt: skip


CONVERSATION: Final = (
    "COALESCE(d.conversation_id, (SELECT x.id FROM conversation x WHERE x.contact_id = d.contact_id"
    " AND x.last_client_at IS NOT NULL ORDER BY x.last_client_at DESC LIMIT 1))"
)
"""Where a client is written to about a deal: where it began, else where they last wrote."""


def next_at(connection: Connection) -> int | None:
    """When the next act is due."""
    sql = "SELECT min(at) FROM firing WHERE state = 'waiting'"
    found: int | None = connection.execute(text(sql)).scalar()
    return found


def fire(tx: Transaction, firing_id: str, target: Target | None, company: Schedule) -> str:
    """Do it, or say why not any more; "" when it was done, "later" when it waits on. Never twice, whoever asks."""
    deal_id = tx.connection.execute(
        text("SELECT deal_id FROM firing WHERE id = :id"), {"id": firing_id}
    ).scalar_one()
    deal = deals.held(tx, deal_id)
    row = tx.connection.execute(firing.select().where(firing.c.id == firing_id).with_for_update()).one()
    if row.state != "waiting" or row.at > tx.now:
        return "later"
    conversation = tx.connection.execute(
        text(
            f"SELECT c.id, c.identity_id FROM deal d JOIN conversation c ON c.id = {CONVERSATION} WHERE d.id = :id"
        ),
        {"id": deal_id},
    ).first()
    present = _present(tx, row, deal, conversation, target)
    reason = stale(
        Planned(
            stage_id=row.stage_id,
            planned_at=row.planned_at,
            premises=frozenset(row.premises),
            due_at=row.due_at,
        ),
        present,
    )
    if reason == "moved" and automations.moved_to(tx, row, present.due_at):
        return "later"
    if reason:
        return _settle(tx, firing_id, "dropped", reason)
    if row.kind == "task":
        return _make_task(tx, row, deal, company)
    return _write(tx, row, deal, conversation, target, company)


def _present(
    tx: Transaction, row: Row[Any], deal: Row[Any], conversation: Row[Any] | None, target: Target | None
) -> Present:
    client = tx.connection.execute(
        text("SELECT min(CASE WHEN state = 'open' AND nature = 'client' THEN waiting_since END) AS waiting,"
             " max(last_client_at) AS last FROM conversation WHERE contact_id = :id"),
        {"id": deal.contact_id},
    ).one()  # fmt: skip
    opened = True
    if conversation is not None and target is not None:
        opened = window_of(tx, conversation.identity_id, target, conversation.id).allow
    return Present(
        open=bool(deal.open), stage_id=deal.stage_id, waiting_since=client.waiting, last_client_at=client.last or 0,
        last_activity_at=deal.last_activity_at, window_open=opened,
        due_at=automations.moment_of(deal, row.content.get("anchor", "")),
    )  # fmt: skip


def _make_task(tx: Transaction, row: Row[Any], deal: Row[Any], company: Schedule) -> str:
    act = Act(tx, "", "automation.task")
    made = deals.add_task(
        act, deal, "stage", row.content.get("title", ""), deal.owner_id, int(row.content.get("due_minutes", 60)),
        company, stage_id=row.stage_id,
    )  # fmt: skip
    act.close("deal", deal.id, {"firing": row.id})
    return _settle(tx, row.id, "fired", "", made)


def _write(
    tx: Transaction, row: Row[Any], deal: Row[Any], conversation: Row[Any] | None, target: Target | None,
    company: Schedule,
) -> str:  # fmt: skip
    """A robot writes in decent hours only; what cannot leave now is dropped with its reason, never sent late."""
    decent = decent_hour(company.zone, tx.now)
    if decent > tx.now:
        tx.connection.execute(update(firing).where(firing.c.id == row.id).values(at=decent))
        return "later"
    if conversation is None or target is None:
        return _settle(tx, row.id, "dropped", "no_way")
    try:
        made = robots.say(tx, conversation.id, row.content.get("text", ""), target, deal_id=deal.id)
    except Conflict as conflict:
        return _settle(tx, row.id, "dropped", conflict.code)
    return _settle(tx, row.id, "fired", "", made)


def _settle(tx: Transaction, firing_id: str, state: str, reason: str, made: str | None = None) -> str:
    tx.connection.execute(
        update(firing)
        .where(firing.c.id == firing_id)
        .values(state=state, reason=reason, made_id=made, settled_at=tx.now)
    )
    return reason


def give_up(tx: Transaction, firing_id: str) -> None:
    """It cannot be done, for a reason that is ours to find."""
    tx.connection.execute(
        update(firing)
        .where(firing.c.id == firing_id, firing.c.state == "waiting")
        .values(state="dropped", reason="failed", settled_at=tx.now)
    )


def of_deal(connection: Connection, deal_id: str) -> list[Row[Any]]:
    """What was planned for a deal, and what became of it, newest first."""
    found = firing.select().where(firing.c.deal_id == deal_id)
    return list(connection.execute(found.order_by(firing.c.planned_at.desc(), firing.c.at).limit(100)))
