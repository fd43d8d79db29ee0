"""Who is the head of somebody? The nearest head or deputy up the tree of teams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, text

DEPTH = 20


def teams(connection: Connection) -> dict[str, Row[Any]]:
    """Every team by id."""
    return {
        row.id: row
        for row in connection.execute(text("SELECT id, name, parent_id, head_id, deputy_id FROM team"))
    }


def up(tree: Mapping[str, Row[Any]], team_id: str | None) -> list[Row[Any]]:
    """A team and those above it, nearest first; a circle ends it."""
    found: list[Row[Any]] = []
    while team_id is not None and team_id in tree and len(found) < DEPTH:
        row = tree[team_id]
        if row in found:
            break
        found.append(row)
        team_id = row.parent_id
    return found


def chain_of(connection: Connection, member_id: str | None) -> list[str]:
    """Those who decide for a member, nearest first: heads and deputies up the tree, then heads of queues, then admins.

    Only people who still work here; never the member themselves, unless there is nobody else.
    """
    team_id = connection.execute(
        text("SELECT team_id FROM member WHERE id = :id"), {"id": member_id}
    ).scalar()
    found: list[str | None] = []
    for row in up(teams(connection), team_id):
        found += [row.head_id, row.deputy_id]
    found += [
        row.head_id
        for row in connection.execute(
            text("SELECT q.head_id FROM queue q JOIN queue_member m ON m.queue_id = q.id WHERE m.member_id = :id"
                 " ORDER BY q.created_at, q.id"),
            {"id": member_id},
        )
    ]  # fmt: skip
    chain = _who_work(connection, found)
    return [ref for ref in chain if ref != member_id] or chain


def chain_of_queue(connection: Connection, queue_id: str) -> list[str]:
    """Those who keep a queue's work, nearest first: its head, its team's heads and deputies up the tree, the admins."""
    row = connection.execute(
        text("SELECT head_id, team_id FROM queue WHERE id = :id"), {"id": queue_id}
    ).first()
    found: list[str | None] = []
    if row is not None:
        found.append(row.head_id)
        for above in up(teams(connection), row.team_id):
            found += [above.deputy_id, above.head_id]
    return _who_work(connection, found)


def _who_work(connection: Connection, found: list[str | None]) -> list[str]:
    """Those of them who still work here, and the administrators behind them."""
    admins = connection.execute(
        text("SELECT r.member_id FROM member_role r JOIN role o ON o.id = r.role_id AND o.name = 'admin'"
             " ORDER BY r.member_id")
    )  # fmt: skip
    everybody = [*found, *(row.member_id for row in admins)]
    active = {row.id for row in connection.execute(text("SELECT id FROM member WHERE active = 1"))}
    return [ref for ref in dict.fromkeys(everybody) if ref in active and ref is not None]
