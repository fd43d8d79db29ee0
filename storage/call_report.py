"""How many calls came, were missed and placed, on which line and by whom, and how long did clients wait for a call back?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, Row, text

from routing.times import Micros
from storage.reach import Reach


@dataclass(slots=True)
class Figures:
    """Calls as a report counts them."""

    incoming: int = 0
    answered: int = 0
    missed: int = 0
    outgoing: int = 0
    reached: int = 0

    def add(self, row: Row[Any]) -> None:
        """Count a group of like calls."""
        talked = row.outcome == "talk"
        if row.direction == "in":
            self.incoming += row.n
            self.answered += row.n if talked else 0
            self.missed += row.n if row.state == "missed" else 0
        else:
            self.outgoing += row.n
            self.reached += row.n if talked else 0


@dataclass(slots=True)
class Report:
    """A period's calls."""

    total: Figures = field(default_factory=Figures)
    members: dict[str, Figures] = field(default_factory=dict)
    """Who answered or placed them; of a missed call everybody whose telephone rang."""
    lines: dict[tuple[str, str], Figures] = field(default_factory=dict)
    """(source, number called)."""
    hidden: int = 0
    """Incoming without a number: counted only."""
    repaired: int = 0
    """Their events never came; the provider's history told of them."""
    unclear: int = 0
    """Nobody ever told how they ended."""


COUNT = (
    "SELECT p.source_id, p.line, p.direction, p.state, p.outcome, p.rang, p.stale, p.repaired,"
    " CASE WHEN p.message_id IS NULL THEN 1 ELSE 0 END AS hidden, COALESCE(p.member_id, m.author_id) AS member_id,"
    " count(*) AS n"
    " FROM phone_call p LEFT JOIN message m ON m.id = p.message_id AND m.direction = 'out'"
    " WHERE p.started_at >= :since AND p.started_at < :until AND p.live = 0 AND p.direction <> 'internal'"
    " GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10"
)


def count(connection: Connection, since: Micros, until: Micros, reach: Reach) -> Report:
    """Calls that began in `[since, until)` and are over, of people within reach: who answered, placed or did not take them."""
    report = Report()
    for row in connection.execute(text(COUNT), {"since": since, "until": until}):
        rang = orjson.loads(row.rang) if row.state == "missed" else []
        people = [ref for ref in rang or [row.member_id] if ref and reach.covers(ref)]
        if not people and not reach.everybody:
            continue
        if row.stale:
            report.unclear += row.n
            continue
        report.total.add(row)
        report.lines.setdefault((row.source_id, row.line), Figures()).add(row)
        report.hidden += row.n if row.hidden and row.direction == "in" else 0
        report.repaired += row.n if row.repaired else 0
        for member_id in people:
            report.members.setdefault(member_id, Figures()).add(row)
    return report


@dataclass(frozen=True, slots=True)
class CallBack:
    """A call that a client was owed: since when, when somebody first tried, when it was done."""

    since: Micros
    tried: Micros | None
    done: Micros | None


MOST = 10_000


def call_backs(connection: Connection, since: Micros, until: Micros, reach: Reach) -> Sequence[CallBack]:
    """Call backs that people within reach came to owe in `[since, until)`, the newest first, at most 10 000."""
    within = "" if reach.everybody else f" AND {reach.held('owner_id')}"
    rows = connection.execute(
        text(
            "SELECT created_at, attempted_at, done_at FROM task WHERE kind = 'call_back' AND created_at >= :since"
            f" AND created_at < :until{within} ORDER BY created_at DESC LIMIT :limit"
        ),
        {"since": since, "until": until, "limit": MOST, **reach.given(within)},
    )
    return [CallBack(row.created_at, row.attempted_at or row.done_at, row.done_at) for row in rows]
