"""What does a board of deals show? Columns with their sums, and cards page by page."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, text

from storage import batch


def columns(connection: Connection, pipeline_id: str, owner_id: str | None) -> list[Row[Any]]:
    """(stage_id, currency, deals, amount) of open deals; of one owner, or of all."""
    own = "" if owner_id is None else " AND owner_id = :owner"
    return list(
        connection.execute(
            text(f"SELECT stage_id, currency, count(*) AS deals, coalesce(sum(amount), 0) AS amount FROM deal"
                 f" WHERE pipeline_id = :pipeline AND open = 1{own} GROUP BY stage_id, currency ORDER BY stage_id, currency"),
            {"pipeline": pipeline_id, "owner": owner_id},
        )
    )  # fmt: skip


def cards(
    connection: Connection, stage_id: str, owner_id: str | None, before: tuple[int, str] | None, limit: int
) -> list[str]:
    """The deals of a column, most recently active first; `before` is the last card's (last_activity_at, id)."""
    own = "" if owner_id is None else " AND owner_id = :owner"
    at, last = before or (2**62, "")
    rows = connection.execute(
        text(f"SELECT id FROM deal WHERE stage_id = :stage{own} AND (last_activity_at < :at OR (last_activity_at = :at"
             " AND id > :last)) ORDER BY last_activity_at DESC, id LIMIT :limit"),
        {"stage": stage_id, "owner": owner_id, "at": at, "last": last, "limit": limit},
    )  # fmt: skip
    return [row.id for row in rows]


def states(connection: Connection, deal_ids: list[str], now: int) -> dict[str, Row[Any]]:
    """deal -> its next open task (due_at, title, how many are open, how many overdue); none has no task."""
    return {
        row.deal_id: row
        for row in batch.select(
            connection,
            "SELECT t.deal_id, min(t.due_at) AS due_at, count(*) AS tasks, sum(CASE WHEN t.due_at < :now THEN 1 ELSE 0 END)"
            " AS overdue FROM {wanted} JOIN task t ON t.deal_id = w.id AND t.done_at IS NULL GROUP BY t.deal_id",
            {"id": deal_ids},
            now=now,
        )
    }
