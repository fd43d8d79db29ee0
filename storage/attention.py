"""Which answers are late or soon will be, and who is told? Each step of each wait is told once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from routing.schedule import Schedule, before_working
from routing.supervision import LAST, WARN_MOST, Step, step_of
from routing.times import DAY, MINUTE
from storage import batch, heads, once
from storage.transaction import Transaction

AT_ONCE: Final = 1000
SINGLY: Final = 5
"""More of a kind for one person at once are told as one."""
CODES: Final[Mapping[Step, str]] = {1: "answer_soon", 2: "answer_late", 3: "answer_late", 4: "answer_late"}


def late_answers(tx: Transaction, company: Schedule, targets: Mapping[str, int]) -> int:
    """Warn, tell and escalate what is due; how many steps were told. `targets` are the sources', microseconds."""
    oldest = before_working(company, tx.now, LAST + MINUTE) or tx.now - DAY
    rows = tx.connection.execute(
        text("SELECT c.id, c.source_id, c.assignee_id, c.waiting_since, c.due_at, s.queue_id FROM conversation c"
             " JOIN source s ON s.id = c.source_id WHERE c.state = 'open' AND c.waiting_since IS NOT NULL"
             " AND c.nature = 'client' AND c.due_at >= :oldest AND c.due_at <= :soon ORDER BY c.due_at, c.id LIMIT :limit"),
        {"oldest": oldest, "soon": tx.now + WARN_MOST, "limit": AT_ONCE},
    ).all()  # fmt: skip
    steps = {
        row.id: step_of(row.due_at, targets.get(row.source_id, 15 * MINUTE), company, tx.now) for row in rows
    }
    fresh = _not_told(tx.connection, [row for row in rows if steps[row.id]], steps)
    chains = Chains(tx.connection)
    for_whom: dict[tuple[str, str], list[str]] = {}
    for row in fresh:
        step = steps[row.id]
        for member_id in chains.told(step, row.assignee_id, row.queue_id):
            for_whom.setdefault((member_id, CODES[step]), []).append(row.id)
    once.remember(tx, [(f"answer_{steps[row.id]}", row.id, row.waiting_since) for row in fresh])
    for (member_id, code), ids in for_whom.items():
        tell(tx, member_id, code, ids)
    return len(fresh)


def _not_told(connection: Connection, rows: list[Row[Any]], steps: Mapping[str, Step]) -> list[Row[Any]]:
    known = {
        (found.kind, found.object_id, found.since)
        for found in batch.select(
            connection,
            "SELECT t.kind, t.object_id, t.since FROM {wanted} JOIN told t ON t.kind = w.kind AND t.object_id = w.id"
            " AND t.since = w.since",
            {
                "kind": [f"answer_{steps[row.id]}" for row in rows],
                "id": [row.id for row in rows],
                "since": [row.waiting_since for row in rows],
            },
        )
    }
    return [row for row in rows if (f"answer_{steps[row.id]}", row.id, row.waiting_since) not in known]


def tell(tx: Transaction, member_id: str, code: str, ids: Iterable[str]) -> None:
    """Tell a person of things, each by itself, or of many as one."""
    about = list(ids)
    names = [f"{code}:{ref}" for ref in about] if len(about) <= SINGLY else [f"{code}_many"]
    for name in names:
        tx.changed("notification", name, audience=f"member:{member_id}")


class Chains:
    """Whom to tell about somebody's work, each chain read once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._of_member: dict[str, list[str]] = {}
        self._of_queue: dict[str, list[str]] = {}

    def told(self, step: Step, assignee: str | None, queue_id: str | None) -> list[str]:
        """1: whose turn it is; 2: and the head; 3: and the deputy; 4: and everybody above."""
        above = self.above(assignee) if assignee else self.of_queue(queue_id or "")
        own = [assignee] if assignee else above[:1]
        return list(dict.fromkeys([*own, *above[: {1: 0, 2: 1, 3: 2}.get(step, len(above))]]))

    def above(self, member_id: str) -> list[str]:
        """Those who decide for a member, nearest first."""
        if member_id not in self._of_member:
            self._of_member[member_id] = heads.chain_of(self._connection, member_id)
        return self._of_member[member_id]

    def of_queue(self, queue_id: str) -> list[str]:
        """A queue's head, deputy, and the administrators."""
        if queue_id not in self._of_queue:
            self._of_queue[queue_id] = heads.chain_of_queue(self._connection, queue_id)
        return self._of_queue[queue_id]
