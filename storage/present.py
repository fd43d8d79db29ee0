"""How do things stand this minute? Who works on how much, what waits in which queue, where answers are late."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, text

from storage.reach import Reach

UNANSWERED = "c.state = 'open' AND c.waiting_since IS NOT NULL AND c.nature = 'client'"


def of_members(connection: Connection, now: int) -> dict[str, Row[Any]]:
    """member -> unanswered conversations of theirs, how many of them are late, the oldest."""
    rows = connection.execute(
        text(f"SELECT c.assignee_id AS id, count(*) AS unanswered, sum(CASE WHEN c.due_at <= :now THEN 1 ELSE 0 END) AS late,"
             f" min(c.waiting_since) AS oldest FROM conversation c WHERE {UNANSWERED} AND c.assignee_id IS NOT NULL"
             " GROUP BY c.assignee_id"),
        {"now": now},
    )  # fmt: skip
    return {row.id: row for row in rows}


def of_sources(connection: Connection, reach: Reach, now: int) -> list[Row[Any]]:
    """Each source's unanswered conversations within reach: how many, how many late, how many are nobody's, the oldest."""
    within = "" if reach.everybody else f" AND c.id IN {reach.conversations}"
    return list(
        connection.execute(
            text(f"SELECT s.id, s.name, count(*) AS unanswered, sum(CASE WHEN c.due_at <= :now THEN 1 ELSE 0 END) AS late,"
                 " sum(CASE WHEN c.assignee_id IS NULL THEN 1 ELSE 0 END) AS nobodys, min(c.waiting_since) AS oldest"
                 f" FROM conversation c JOIN source s ON s.id = c.source_id WHERE {UNANSWERED}{within} GROUP BY s.id, s.name"
                 " ORDER BY min(c.waiting_since), s.id"),
            {"now": now, **reach.given(within)},
        )
    )  # fmt: skip


def of_queues(connection: Connection) -> list[Row[Any]]:
    """Each queue's leads without an owner, by why they wait: how many, the oldest."""
    return list(
        connection.execute(
            text("SELECT q.id, q.name, d.waiting AS reason, count(*) AS leads, min(d.created_at) AS oldest FROM deal d"
                 " LEFT JOIN queue q ON q.id = d.queue_id WHERE d.waiting <> '' AND d.open = 1"
                 " GROUP BY q.id, q.name, d.waiting ORDER BY q.name, d.waiting")
        )
    )  # fmt: skip
