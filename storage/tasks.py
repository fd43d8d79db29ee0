"""What do people do with tasks, and which are overdue or missing?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from routing.recurrence import next_due
from storage import audit
from storage.calls import tell_missed
from storage.errors import Conflict
from storage.history import Act, row_of
from storage.ids import new_id
from storage.responsible import must_work
from storage.tables import task
from storage.transaction import Transaction

RESULTS: Final = frozenset({"", "done", "reached", "not_reached", "not_needed", "closed_with_stage"})
LIST = (
    "SELECT t.id, t.kind, t.title, t.due_at, t.done_at, t.owner_id, m.name AS owner_name, t.deal_id, t.contact_id, t.result,"
    " t.every, t.remind_at, t.author_id, c.name AS contact_name, d.number, d.title AS deal_title FROM task t"
    " LEFT JOIN member m ON m.id = t.owner_id LEFT JOIN contact c ON c.id = t.contact_id LEFT JOIN deal d ON d.id = t.deal_id"
)


def make(tx: Transaction, by: str, values: Mapping[str, Any]) -> str:
    """A task of a person's own making; its id. Raises Conflict bad_request, not_found."""
    if values.get("deal_id"):
        deal = row_of(tx, "deal", values["deal_id"])
        values = {**values, "contact_id": deal.contact_id, "conversation_id": deal.conversation_id}
    elif values.get("contact_id"):
        row_of(tx, "contact", values["contact_id"])
    must_work(tx, values["owner_id"])
    made = new_id(tx.now)
    tx.connection.execute(
        task.insert().values(id=made, kind="personal", author_id=by, created_at=tx.now, **dict(values))
    )
    audit.note(tx, by, "task.make", "task", made)
    _active(tx, values.get("deal_id"))
    tx.changed("task", made, values.get("contact_id"))
    tx.ring("router", "timers")
    return made


def _active(tx: Transaction, deal_id: str | None) -> None:
    """A person did something on the deal."""
    if deal_id:
        tx.connection.execute(
            text("UPDATE deal SET last_activity_at = :now WHERE id = :id AND open = 1"),
            {"now": tx.now, "id": deal_id},
        )


def change(tx: Transaction, task_id: str, by: str, values: Mapping[str, Any]) -> str:
    """Another title, owner, time, reminder or repetition; the act. Raises Conflict."""
    with_its_client(tx, task_id)
    if "owner_id" in values:
        must_work(tx, values["owner_id"])
    act = Act(tx, by, "task.change")
    if "remind_at" in values:
        values = {**values, "reminded_at": None}
    act.set("task", task_id, **dict(values))
    tx.ring("timers")
    return act.close("task", task_id)


def finish(tx: Transaction, task_id: str, by: str, result: str, zone: str) -> str:
    """Tick a task off with its result; one that repeats comes again. The act. Raises Conflict not_found, bad_request."""
    if result not in RESULTS:
        raise Conflict("bad_request", 422, field="result")
    with_its_client(tx, task_id)
    act = Act(tx, by, "task.done")
    row = act.set("task", task_id, done_at=tx.now, done_by_id=by, result=result or "done")
    if row.done_at is not None:
        return ""
    if row.every and row.due_at is not None:
        _again(act, row, zone)
    if result == "reached":
        _in_touch(act, row.deal_id)
    _active(tx, row.deal_id)
    if row.kind == "call_back":
        tell_missed(tx, [task_id])
    return act.close("task", task_id)


def with_its_client(tx: Transaction, task_id: str) -> None:
    """Hold what a task hangs on before the task itself. Of a call back that is its client, as whoever opens their calls does: a
    call that is missed while its call back is ticked off would be owed by nobody. Of any task it is its deal: whoever moves
    that ends its tasks."""
    found = tx.connection.execute(
        text("SELECT kind, contact_id, deal_id FROM task WHERE id = :id"), {"id": task_id}
    ).first()
    if found is None:
        return
    if found.kind == "call_back" and found.contact_id is not None:
        row_of(tx, "contact", found.contact_id)
    if found.deal_id is not None:
        row_of(tx, "deal", found.deal_id)


def attempt(tx: Transaction, deal_id: str, by: str, result: str, title: str, at: int | None) -> str:
    """Somebody called the client by a telephone of their own: write down that they reached them or did not, or plan to call
    again `at`. The act. Raises Conflict not_found, not_now for a deal that is over."""
    row = row_of(tx, "deal", deal_id)
    if not row.open:
        raise Conflict("not_now")
    act = Act(tx, by, "deal.attempt")
    made = new_id(tx.now)
    settled = {} if at is not None else {"done_at": tx.now, "done_by_id": by, "result": result}
    tx.connection.execute(
        task.insert().values(
            id=made, kind="personal", title=title, deal_id=deal_id, contact_id=row.contact_id, owner_id=by, author_id=by,
            conversation_id=row.conversation_id, due_at=at or tx.now, created_at=tx.now, **settled,
        )
    )  # fmt: skip
    act.made("task", made)
    if result == "reached":
        _in_touch(act, deal_id)
    _active(tx, deal_id)
    tx.changed("task", made, row.contact_id)
    tx.ring("router", "timers")
    return act.close("deal", deal_id, {"result": result})


def _in_touch(act: Act, deal_id: str | None) -> None:
    """The deal's client was reached, which counts once."""
    if deal_id is not None and row_of(act.tx, "deal", deal_id).first_contact_at is None:
        act.set("deal", deal_id, first_contact_at=act.tx.now)


def _again(act: Act, row: Row[Any], zone: str) -> None:
    due = next_due(row.due_at, row.every, zone, act.tx.now)
    remind = None if row.remind_at is None else due - (row.due_at - row.remind_at)
    made = new_id(act.tx.now)
    act.tx.connection.execute(
        task.insert().values(
            id=made, deal_id=row.deal_id, contact_id=row.contact_id, conversation_id=row.conversation_id,
            owner_id=row.owner_id, author_id=row.author_id, kind=row.kind, title=row.title, due_at=due, every=row.every,
            remind_at=remind, created_at=act.tx.now,
        )
    )  # fmt: skip
    act.made("task", made)
    act.tx.changed("task", made, row.contact_id)


def of_owner(
    connection: Connection, owner_id: str, *, since: int, until: int, limit: int = 200
) -> list[Row[Any]]:
    """A person's open tasks that are due in `[since, until)`, those without a time last; the earliest first."""
    return list(
        connection.execute(
            text(f"{LIST} WHERE t.owner_id = :owner AND t.done_at IS NULL AND coalesce(t.due_at, 9007199254740990) >= :since"
                 " AND coalesce(t.due_at, 9007199254740990) < :until ORDER BY coalesce(t.due_at, 9007199254740990), t.id"
                 " LIMIT :limit"),
            {"owner": owner_id, "since": since, "until": until, "limit": limit},
        )
    )  # fmt: skip


def one(connection: Connection, task_id: str) -> Row[Any]:
    """One task. Raises Conflict not_found."""
    found = connection.execute(text(f"{LIST} WHERE t.id = :id"), {"id": task_id}).first()
    if found is None:
        raise Conflict("not_found", 404)
    return found


def of_deal(connection: Connection, deal_id: str) -> list[Row[Any]]:
    """A deal's tasks, open ones first."""
    return list(
        connection.execute(
            text(f"{LIST} WHERE t.deal_id = :id ORDER BY CASE WHEN t.done_at IS NULL THEN 0 ELSE 1 END, t.due_at, t.id"),
            {"id": deal_id},
        )
    )  # fmt: skip


def deals_without(connection: Connection, owner_id: str) -> list[str]:
    """A person's open deals that have no open task (and wait for no head's word), the oldest first."""
    rows = connection.execute(
        text("SELECT d.id FROM deal d WHERE d.owner_id = :owner AND d.open = 1 AND d.quiet = 0 AND NOT EXISTS"
             " (SELECT 1 FROM task t WHERE t.deal_id = d.id AND t.done_at IS NULL) AND NOT EXISTS"
             " (SELECT 1 FROM approval p WHERE p.deal_id = d.id AND p.state = 'open')"
             " ORDER BY d.accepted_at, d.id LIMIT 200"),
        {"owner": owner_id},
    )  # fmt: skip
    return [row.id for row in rows]


def close_tasks(act: Act, deal_id: str, kinds: tuple[str, ...] = ("stage", "contact")) -> None:
    """The deal's own automatic tasks end with it."""
    for row in act.tx.connection.execute(
        text("SELECT id, kind FROM task WHERE deal_id = :id AND done_at IS NULL ORDER BY id"), {"id": deal_id}
    ).all():
        if row.kind in kinds:
            act.set("task", row.id, done_at=act.tx.now, result="closed_with_stage")
