"""Which routing plan holds, what is being drafted, and what was before?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Row, insert, select, text, update

from routing.rules import BLOCKING, NO_PLAN, Finding, Plan, World, check
from routing.schedule import Schedule, spans_between
from routing.times import DAY
from storage import audit, leads
from storage.company import hold_company
from storage.errors import Conflict
from storage.ids import new_id
from storage.tables import plan
from storage.transaction import Transaction


def published(connection: Connection) -> tuple[int, Plan]:
    """The version that holds, and the plan; (0, no rules) before the first."""
    row = connection.execute(select(plan).where(plan.c.state == "published")).first()
    return (0, NO_PLAN) if row is None else (row.version, Plan.from_json(row.document))


def draft(connection: Connection) -> Row[Any] | None:
    """The draft; None: there is none."""
    return connection.execute(select(plan).where(plan.c.state == "draft")).first()


def version_of(connection: Connection, version: int) -> Plan:
    """What a version that was published says. Raises Conflict not_found."""
    row = connection.execute(select(plan).where(plan.c.version == version, plan.c.state != "draft")).first()
    if row is None or version == 0:
        raise Conflict("not_found", 404)
    return Plan.from_json(row.document)


def versions(connection: Connection, limit: int = 100) -> list[Row[Any]]:
    """Every version that was published, newest first, with who did."""
    return list(
        connection.execute(
            text("SELECT p.id, p.version, p.state, p.published_at, p.by_id, p.note, m.name AS by_name FROM plan p"
                 " LEFT JOIN member m ON m.id = p.by_id WHERE p.state <> 'draft' ORDER BY p.version DESC LIMIT :limit"),
            {"limit": limit},
        )
    )  # fmt: skip


def save_draft(tx: Transaction, by: str, wanted: Plan, seen: int) -> int:
    """Keep the draft; the number of its change. Raises Conflict draft_conflict when a colleague was faster."""
    hold_company(tx)
    row = draft(tx.connection)
    tx.changed("routing", "draft")
    if row is None:
        if seen:
            raise Conflict("draft_conflict", version=0)
        tx.connection.execute(
            insert(plan).values(
                id=new_id(tx.now), state="draft", version=0, document=wanted.to_json(), by_id=by, changes=1,
                changed_at=tx.now,
            )
        )  # fmt: skip
        return 1
    if row.changes != seen:
        raise Conflict("draft_conflict", version=row.changes)
    tx.connection.execute(
        update(plan)
        .where(plan.c.id == row.id)
        .values(document=wanted.to_json(), by_id=by, changes=row.changes + 1, changed_at=tx.now)
    )
    return int(row.changes) + 1


def drop_draft(tx: Transaction, by: str) -> None:
    """Throw the draft away."""
    hold_company(tx)
    if tx.connection.execute(plan.delete().where(plan.c.state == "draft")).rowcount:
        audit.note(tx, by, "plan.drop", "plan", None)
        tx.changed("routing", "draft")


def publish(
    tx: Transaction, by: str, note: str, world: World, seen: int | None = None, holds: int | None = None
) -> int:
    """The draft holds from now on; its version.

    Raises Conflict not_now without one, draft_conflict when it is not the one that was `seen`, changed when another version
    than `holds` holds by now, queue_empty for one that loses leads.
    """
    hold_company(tx)
    row = draft(tx.connection)
    if seen is not None and (row is None or row.changes != seen):
        raise Conflict("draft_conflict", version=0 if row is None else row.changes)
    if row is None:
        raise Conflict("not_now")
    _must_hold(tx, holds)
    return _put(tx, row.id, Plan.from_json(row.document), by, note, world)


def roll_back(tx: Transaction, version: int, by: str, world: World, holds: int | None = None) -> int:
    """An earlier version holds again, as a new one.

    Raises Conflict not_found, changed when another version than `holds` holds by now, queue_empty.
    """
    hold_company(tx)
    _must_hold(tx, holds)
    wanted = version_of(tx.connection, version)
    return _put(tx, _new(tx, wanted, by), wanted, by, f"= {version}", world)


def _must_hold(tx: Transaction, version: int | None) -> None:
    """Whoever looked at what would change compared it with this version. Raises Conflict changed."""
    now = published(tx.connection)[0]
    if version not in (None, now):
        raise Conflict("changed", field="plan", version=now)


def put_new(tx: Transaction, wanted: Plan, by: str) -> int:
    """A plan out of a file holds from now on; its queues came with it."""
    return _put(tx, _new(tx, wanted, by), wanted, by, "file", None)


def _new(tx: Transaction, wanted: Plan, by: str) -> str:
    made = new_id(tx.now)
    tx.connection.execute(
        insert(plan).values(
            id=made, state="new", version=0, document=wanted.to_json(), by_id=by, changes=0, changed_at=tx.now
        )
    )
    return made


def _put(tx: Transaction, plan_id: str, wanted: Plan, by: str, note: str, world: World | None) -> int:
    found = [] if world is None else check(wanted, world)
    bad = [one for one in found if one.problem in BLOCKING]
    if bad:
        raise Conflict("queue_empty", 422, rule=bad[0].rule_id, problem=bad[0].problem)
    hold_company(tx)
    last: int = tx.connection.execute(text("SELECT coalesce(max(version), 0) FROM plan")).scalar_one()
    tx.connection.execute(update(plan).where(plan.c.state == "published").values(state="old"))
    tx.connection.execute(
        update(plan)
        .where(plan.c.id == plan_id)
        .values(state="published", version=last + 1, by_id=by, note=note, published_at=tx.now)
    )
    audit.note(tx, by, "plan.publish", "plan", plan_id, {"version": last + 1})
    tx.changed("company", "company")
    tx.changed("routing", "plan")
    tx.ring("router", "company")
    return last + 1


def names(connection: Connection) -> dict[str, str]:
    """What queues and rules are called; a rule that is gone by its last name in the newest versions."""
    found: dict[str, str] = {}
    newest = select(plan.c.document).order_by(plan.c.changed_at.desc()).limit(20)
    for row in connection.execute(newest):
        for rule in Plan.from_json(row.document).rules:
            if rule.name:
                found.setdefault(rule.id, rule.name)
    found.update((row.id, row.name) for row in connection.execute(text("SELECT id, name FROM queue")))
    return found


def hits(connection: Connection, since: int) -> dict[str, int]:
    """rule -> how many leads it sent somewhere since a moment."""
    found: dict[str, int] = {}
    for row in connection.execute(
        text("SELECT routed FROM deal WHERE created_at >= :since AND routed <> '{}'"), {"since": since}
    ):
        rule = orjson.loads(row.routed)["rule"]
        found[rule] = found.get(rule, 0) + 1
    return found


def world_of(connection: Connection, company: Schedule, now: int) -> World:
    """What a plan's checks need to know."""
    queues = leads.queues(connection, company)
    people = leads.members(connection, company, {}, now)
    owners = {ref for ref, one in people.items() if one.active and one.may_own}
    counts = {ref: sum(member in owners for member in queue.order) for ref, queue in queues.items()}
    hours = _hours(connection, company)
    return World(
        queues=counts,
        headless=frozenset(ref for ref, queue in queues.items() if not queue.heads),
        unmanned=frozenset(
            ref
            for ref, queue in queues.items()
            if _unmanned(queue.hours, [hours[m] for m in queue.order if m in owners and m in hours], now)
        ),
        sources=frozenset(
            row.id for row in connection.execute(text("SELECT id FROM source WHERE state <> 'disconnected'"))
        ),
        members=frozenset(owners),
    )


def _hours(connection: Connection, company: Schedule) -> dict[str, Schedule]:
    rows = connection.execute(text("SELECT id, schedule FROM member WHERE active = 1"))
    return {row.id: leads.hours_of(row.schedule, company) for row in rows}


def _unmanned(queue: Schedule, people: Sequence[Schedule], now: int) -> bool:
    """Whether the queue works in the coming week at a time when none of its people does."""
    manned = sorted(span for one in people for span in spans_between(one, now, now + 7 * DAY))
    for opens, closes in spans_between(queue, now, now + 7 * DAY):
        reached = opens
        for begins, ends in manned:
            if begins <= reached < ends:
                reached = ends
        if reached < closes:
            return True
    return False


def findings(connection: Connection, wanted: Plan, company: Schedule, now: int) -> list[Finding]:
    """What is wrong with a plan as the installation is now."""
    return check(wanted, world_of(connection, company, now))
