"""Who is responsible for a client, and where does that not fit the owners of their deals?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from routing.codes import MismatchPolicy
from storage import batch
from storage.errors import Conflict
from storage.history import Act, row_of
from storage.reach import Reach
from storage.transaction import Transaction

MISMATCH = (
    "SELECT c.id, c.name, c.responsible_id, r.name AS responsible_name, d.id AS deal_id, d.number, d.title, d.owner_id,"
    " o.name AS owner_name, d.last_activity_at, d.accepted_at FROM contact c JOIN deal d ON d.contact_id = c.id AND d.open = 1"
    " AND d.owner_id IS NOT NULL LEFT JOIN member r ON r.id = c.responsible_id LEFT JOIN member o ON o.id = d.owner_id"
    " WHERE c.responsible_id IS NOT NULL AND c.merged_into IS NULL AND NOT EXISTS (SELECT 1 FROM deal x"
    " WHERE x.contact_id = c.id AND x.open = 1 AND x.owner_id = c.responsible_id)"
)


def mismatches(
    connection: Connection, *, after: str = "", limit: int = 50, reach: Reach | None = None
) -> list[Row[Any]]:
    """Open deals of contacts within reach whose responsible owns none of them; by contact, the most recent deal first."""
    within = "" if reach is None or reach.everybody else f" AND {reach.contact('h.id')}"
    return list(
        connection.execute(
            text(
                f"{MISMATCH} AND c.id IN (SELECT h.id FROM contact h WHERE h.id > :after AND h.responsible_id IS NOT NULL"
                " AND EXISTS (SELECT 1 FROM deal e WHERE e.contact_id = h.id AND e.open = 1 AND e.owner_id IS NOT NULL)"
                " AND NOT EXISTS (SELECT 1 FROM deal e WHERE e.contact_id = h.id AND e.open = 1"
                f" AND e.owner_id = h.responsible_id){within} ORDER BY h.id LIMIT :limit)"
                " ORDER BY c.id, d.last_activity_at DESC, d.id"
            ),
            {"after": after, "limit": limit, **(reach.given(within) if reach is not None else {})},
        )
    )


def mismatched(connection: Connection, ids: Sequence[str]) -> list[str]:
    """Those of these contacts whose responsible owns none of their open deals."""
    sql = f"SELECT DISTINCT m.id FROM {{wanted}} JOIN ({MISMATCH}) m ON m.id = w.id ORDER BY m.id"
    return [row.id for row in batch.select(connection, sql, {"id": list(ids)})]


def mismatch_of(connection: Connection, contact_id: str) -> list[Row[Any]]:
    """The same for one contact: what its banner shows; [] is none."""
    sql = f"{MISMATCH} AND c.id = :id ORDER BY d.last_activity_at DESC, d.id"
    return list(connection.execute(text(sql), {"id": contact_id}))


def set_responsible(
    tx: Transaction, contact_id: str, by: str, member_id: str | None, *, deals: bool = False
) -> str:
    """An explicit hand-over: the contact's responsible, with `deals` the owner of all its open deals too. The act.

    Raises Conflict not_found, bad_request for somebody who does not work here.
    """
    row_of(tx, "contact", contact_id)
    act = Act(tx, by, "contact.responsible")
    act.set("contact", contact_id, responsible_id=member_id)
    if deals:
        for row in _open_deals(tx, contact_id):
            give(act, row.id, member_id)
    must_work(tx, member_id)
    return act.close("contact", contact_id, {"to": member_id})


def must_work(tx: Transaction, member_id: str | None) -> None:
    """Raise Conflict bad_request unless it is nobody or somebody who works here, and is not let go before we are done.

    Members are locked after deals: whoever locks deals does it first.
    """
    if member_id is not None and member_id not in working(tx, [member_id]):
        raise Conflict("bad_request", 422, field="member_id")


def working(tx: Transaction, ids: Iterable[str]) -> set[str]:
    """Those who work here; they are not let go before the end of the transaction."""
    rows = batch.select(
        tx.connection, "SELECT m.id, m.active FROM {wanted} JOIN member m ON m.id = w.id ORDER BY m.id",
        {"id": sorted(ids)}, lock="FOR UPDATE OF m",
    )  # fmt: skip
    return {row.id for row in rows if row.active}


def _open_deals(tx: Transaction, contact_id: str) -> list[Row[Any]]:
    return list(
        tx.connection.execute(
            text("SELECT id, owner_id FROM deal WHERE contact_id = :id AND open = 1 AND owner_id IS NOT NULL"
                 " ORDER BY id"),
            {"id": contact_id},
        )
    )  # fmt: skip


def give(act: Act, deal_id: str, member_id: str | None) -> None:
    """A deal with its open tasks and its conversations' answers to another owner; None: the router finds one."""
    tx = act.tx
    before = row_of(tx, "deal", deal_id)
    waiting: dict[str, Any] = {"waiting": "", "next_at": None, "accepted_at": tx.now}
    if member_id is None:
        waiting = {"waiting": "new", "next_at": tx.now, "accepted_at": None, "ladder": {}}
    conversations = tx.connection.execute(
        text("SELECT id FROM conversation WHERE deal_id = :id AND assignee_id = :owner AND state <> 'closed' ORDER BY id"),
        {"id": deal_id, "owner": before.owner_id},
    ).all()  # fmt: skip
    for row in conversations:
        act.set("conversation", row.id, assignee_id=member_id)
    act.set("deal", deal_id, owner_id=member_id, **waiting)
    for row in tx.connection.execute(
        text("SELECT id FROM task WHERE deal_id = :id AND done_at IS NULL AND (owner_id = :owner OR owner_id IS NULL)"
             " ORDER BY id"),
        {"id": deal_id, "owner": before.owner_id},
    ).all():  # fmt: skip
        act.set("task", row.id, owner_id=member_id)


def settle(tx: Transaction, contact_id: str, by: str, policy: MismatchPolicy) -> str:
    """Settle a mismatch by policy: the deal's owner or the contact's responsible wins; "ask" leaves it to a person."""
    row_of(tx, "contact", contact_id)
    found = mismatch_of(tx.connection, contact_id)
    if not found or policy == "ask":
        return ""
    act = Act(tx, by, "contact.responsible")
    apply(act, contact_id, found, policy)
    return act.close("contact", contact_id, {"policy": policy})


def apply(act: Act, contact_id: str, found: Sequence[Row[Any]], policy: MismatchPolicy) -> None:
    """The owner of the most recent deal becomes responsible, or the responsible gets the deals."""
    if policy == "deal":
        act.set("contact", contact_id, responsible_id=found[0].owner_id)
        return
    for row in found:
        give(act, row.deal_id, row.responsible_id)
