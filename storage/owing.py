"""What is owed to clients whose calls were missed, and when were we in touch with them lately?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from sqlalchemy import Connection, text

from routing.call_backs import owed_since
from routing.calls import SHORT_RING
from routing.times import DAY, Micros
from storage import batch
from storage.tables import task
from storage.transaction import Transaction

LATELY: Final = 2 * DAY
"""So long after a call a provider's history may still tell of it."""
NOT_MISSED: Final = "not_missed"
"""The result of a call back that nobody had asked for: the call was one of ours."""
MADE = (
    "id", "deal_id", "contact_id", "conversation_id", "owner_id", "kind", "title", "due_at", "done_at",
    "attempted_at", "demo", "created_at",
)  # fmt: skip
TASKS = (
    "SELECT t.id, t.contact_id, t.deal_id, t.conversation_id, t.owner_id, t.author_id, t.title, t.due_at, t.demo,"
    " t.created_at FROM {wanted} JOIN task t ON t.contact_id = w.id AND t.kind = 'call_back' AND t.done_at IS NULL"
    " ORDER BY t.created_at, t.id"
)
NAMES = (
    "id",
    "contact_id",
    "deal_id",
    "conversation_id",
    "owner_id",
    "author_id",
    "title",
    "due_at",
    "demo",
    "created_at",
)
MISSED = (
    "SELECT p.contact_id, p.source_id || ':' || p.call AS ref, COALESCE(p.ended_at, p.started_at) AS at FROM {wanted}"
    " JOIN phone_call p ON p.contact_id = w.id AND p.started_at > :since AND p.direction = 'in'"
    " AND ((p.state = 'missed' AND p.ended_at - p.started_at >= :short) OR (p.state = 'ringing' AND p.stale = 1))"
)
TALKS = (
    "SELECT p.contact_id, p.source_id || ':' || p.call AS ref, p.started_at, m.content FROM {wanted}"
    " JOIN phone_call p ON p.contact_id = w.id AND p.started_at > :since AND (p.outcome = 'talk' OR p.state = 'answered')"
    " JOIN message m ON m.id = p.message_id"
)
IN_TOUCH = (
    "SELECT m.contact_id, m.id AS ref, m.at FROM {wanted} JOIN message m ON m.contact_id = w.id AND m.at > :since"
    " AND m.direction = 'out' AND m.author_kind = 'person' AND m.kind <> 'call' AND m.deleted = 0"
    " AND m.state NOT IN ('failed', 'undelivered', 'cancelled')",
    "SELECT t.contact_id, t.id AS ref, t.done_at AS at FROM {wanted} JOIN task t ON t.contact_id = w.id"
    " AND t.kind = 'call_back' AND t.done_at > :since AND t.result NOT IN ('', 'not_missed')",
)


@dataclass(slots=True)
class Owed:
    """One client's account: calls that nobody took, contacts, and the open task that asks to call back."""

    task: dict[str, Any] | None = None
    missed: dict[str, Micros] = field(default_factory=dict)
    """call -> when it ended."""
    contacts: dict[str, Micros] = field(default_factory=dict)
    """call, message or task -> when we were in touch by it."""

    @property
    def since(self) -> Micros | None:
        """Since when a call back is owed; None: it is not."""
        asked = self.task["created_at"] if self.task is not None and self.task["author_id"] else None
        return owed_since((*self.missed.values(), *([asked] if asked else ())), self.contacts.values())


@dataclass(slots=True)
class Owing:
    """What a batch knows and changes of this."""

    by_contact: dict[str, Owed] = field(default_factory=dict)
    made: list[dict[str, Any]] = field(default_factory=list)
    moved: dict[str, Micros | None] = field(default_factory=dict)
    """task -> when it is due instead."""
    done: dict[str, Micros] = field(default_factory=dict)
    needless: dict[str, Micros] = field(default_factory=dict)
    """task -> when it turned out that no call of the client's was missed."""
    tried: dict[str, Micros] = field(default_factory=dict)
    """task -> when somebody first tried to call the client."""
    in_touch: dict[str, Micros] = field(default_factory=dict)
    """contact -> when we were in touch: enquiries without a way back of their own are answered by it."""
    mute: frozenset[str] = frozenset()
    """Sources whose enquiries have no way back of their own."""

    def of(self, contact_id: str) -> Owed:
        """The client's account, empty where there was none."""
        return self.by_contact.setdefault(contact_id, Owed())


def load(connection: Connection, contact_ids: Iterable[str], now: Micros, *, called: bool) -> Owing:
    """The accounts of these clients; unless there were calls, of those only to whom a call back is owed."""
    owing, ids = Owing(), sorted(contact_ids)
    for row in batch.select(connection, TASKS, {"id": ids}):
        owing.of(row.contact_id).task = {name: getattr(row, name) for name in NAMES}
    known = {"id": ids if called else sorted(owing.by_contact)}
    since = now - LATELY
    for row in batch.select(connection, MISSED, known, since=since, short=SHORT_RING):
        owing.of(row.contact_id).missed[row.ref] = row.at
    for row in batch.select(connection, TALKS, known, since=since):
        wait = orjson.loads(row.content)["call"]["wait"]
        owing.of(row.contact_id).contacts[row.ref] = row.started_at + (wait or 0)
    for statement in IN_TOUCH:
        for row in batch.select(connection, statement, known, since=since):
            owing.of(row.contact_id).contacts[row.ref] = row.at
    return owing


def write(tx: Transaction, owing: Owing) -> list[str]:
    """Keep what changed; the tasks that are done now."""
    batch.insert(tx.connection, task, MADE, [tuple(row[name] for name in MADE) for row in owing.made])
    batch.update(tx.connection, task, ("id",), ("due_at",), sorted(owing.moved.items()))
    for task_id, at in sorted(owing.tried.items()):
        tx.connection.execute(
            text("UPDATE task SET attempted_at = :at WHERE id = :id AND attempted_at IS NULL"),
            {"at": at, "id": task_id},
        )
    batch.update(tx.connection, task, ("id",), ("done_at",), sorted(owing.done.items()))
    needless = [(task_id, at, NOT_MISSED) for task_id, at in sorted(owing.needless.items())]
    batch.update(tx.connection, task, ("id",), ("done_at", "result"), needless)
    made = {row["id"]: row["contact_id"] for row in owing.made}
    for task_id in sorted({*made, *owing.moved, *owing.tried, *owing.done, *owing.needless}):
        tx.changed("task", task_id, made.get(task_id))
    return [*owing.done, *owing.needless, *(row["id"] for row in owing.made if row["done_at"] is not None)]
