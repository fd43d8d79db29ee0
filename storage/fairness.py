"""Who was offered how many leads, and what became of them? Sums to all leads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from storage.decisions import record_of


@dataclass(slots=True)
class Line:
    """One manager's share of a period."""

    member_id: str
    offered: int = 0
    accepted: int = 0
    declined: int = 0
    expired: int = 0
    missed: int = 0
    """Offered to several at once, and somebody else was faster; or taken back."""
    open: int = 0
    by_hand: int = 0
    """Leads that they took, or a colleague gave them, without an offer."""
    owned: int = 0
    """Leads of the period that are theirs now, however they came."""
    held_back: dict[str, int] = field(default_factory=dict)
    """Reason -> leads for which they were passed over for it."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """All lines, and the leads that are nobody's: reason -> how many. Owned and unowned sum to `leads`."""

    leads: int
    lines: list[Line]
    unowned: dict[str, int]


STATES = {"accepted": "accepted", "declined": "declined", "expired": "expired", "open": "open"}


def ledger(connection: Connection, since: int, until: int, queue_id: str | None) -> Ledger:
    """The account of the leads made in `[since, until)`; of one queue, or of all."""
    where = "d.created_at >= :since AND d.created_at < :until" + (
        " AND d.queue_id = :queue" if queue_id else ""
    )
    known = {"since": since, "until": until, "queue": queue_id}
    lines: dict[str, Line] = {}

    def line(member_id: str) -> Line:
        return lines.setdefault(member_id, Line(member_id))

    for row in connection.execute(
        text(f"SELECT o.member_id, o.state, count(*) AS n FROM offer o JOIN deal d ON d.id = o.deal_id WHERE {where}"
             " GROUP BY o.member_id, o.state"),
        known,
    ):  # fmt: skip
        one = line(row.member_id)
        one.offered += row.n
        name = STATES.get(row.state, "missed")
        setattr(one, name, getattr(one, name) + row.n)
    unowned: dict[str, int] = {}
    total = 0
    for row in connection.execute(
        text(f"SELECT d.owner_id, CASE WHEN d.open = 1 THEN d.waiting ELSE 'closed' END AS standing, count(*) AS n"
             f" FROM deal d WHERE {where} GROUP BY 1, 2"),
        known,
    ):  # fmt: skip
        total += row.n
        if row.owner_id is None:
            reason = row.standing or "nobody"
            unowned[reason] = unowned.get(reason, 0) + row.n
        else:
            line(row.owner_id).owned += row.n
    for row in connection.execute(
        text(f"SELECT r.chosen, count(DISTINCT r.deal_id) AS n FROM decision r JOIN deal d ON d.id = r.deal_id"
             f" WHERE r.kind = 'route' AND r.rule IN ('by_hand', 'given') AND {where} GROUP BY r.chosen"),
        known,
    ):  # fmt: skip
        line(row.chosen).by_hand = row.n
    for member_id, reason, count in _held_back(connection, where, known):
        line(member_id).held_back[reason] = count
    return Ledger(total, sorted(lines.values(), key=lambda one: one.member_id), unowned)


def _held_back(connection: Connection, where: str, known: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Each lead counts once for each member and reason, however often it was looked at."""
    seen: set[tuple[str, str, str]] = set()
    for row in connection.execute(
        text("SELECT r.deal_id, r.record, s.list FROM decision r JOIN deal d ON d.id = r.deal_id"
             f" LEFT JOIN candidates s ON s.id = r.candidates_id WHERE r.kind = 'route' AND {where}"),
        known,
    ):  # fmt: skip
        for candidate in record_of((row.record, row.list))["candidates"]:
            if candidate["verdict"] not in ("chosen", "available", "not_member", "gave"):
                seen.add((candidate["ref"], candidate["verdict"], row.deal_id))
    counts: dict[tuple[str, str], int] = {}
    for member_id, reason, _ in seen:
        counts[member_id, reason] = counts.get((member_id, reason), 0) + 1
    return [(member_id, reason, count) for (member_id, reason), count in sorted(counts.items())]
