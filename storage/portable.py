"""How does a whole set-up fit into one readable file, and come back out of it exactly?

Queues, rules, teams, people's hours, pipelines and sources without their secrets. What the file does not name stays as it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, delete, insert, select, update

from routing.rules import Plan
from storage import audit, plans
from storage import setup as setup_rows
from storage.company import change_company
from storage.errors import Conflict
from storage.plans import put_new
from storage.tables import (
    account,
    member,
    member_role,
    pipeline,
    queue,
    queue_member,
    role,
    source,
    stage,
    team,
)
from storage.transaction import Transaction

FORMAT: Final = 1
COLUMNS: Final[Mapping[str, tuple[Table, tuple[str, ...]]]] = {
    "teams": (team, ("id", "name", "parent_id", "head_id", "deputy_id")),
    "members": (
        member,
        ("id", "name", "email", "team_id", "timezone", "schedule", "leave", "skills", "capacity", "extension"),
    ),
    "queues": (queue, ("id", "name", "strategy", "team_id", "head_id", "schedule", "rules")),
    "pipelines": (pipeline, ("id", "name", "position", "archived")),
    "stages": (
        stage,
        (
            "id", "pipeline_id", "position", "name", "kind", "junk", "help", "task", "required", "comment", "code",
            "attempts", "automations", "archived",
        ),
    ),
    "sources": (
        source,
        (
            "id", "channel", "name", "slug", "settings", "queue_id", "window_hours", "enforcement", "first_answer",
            "on_open_deal", "attachment", "answering", "staff",
        ),
    ),
}  # fmt: skip
"""Section -> where it lives and which columns go into the file. No secret is among them."""
LATER: Final = frozenset({"answering", "staff"})
"""Columns that older files lack."""


def export(connection: Connection) -> dict[str, Any]:
    """The set-up as plain data, in a stable order: the same set-up gives the same file."""
    found: dict[str, Any] = {"format": FORMAT, "company": setup_rows.company(connection)}
    for section, (table, columns) in COLUMNS.items():
        statement = select(*(table.c[name] for name in columns)).order_by(table.c.id)
        if section == "sources":
            statement = statement.where(table.c.state != "disconnected")
        if section == "members":
            statement = statement.where(table.c.active == 1)
        found[section] = [dict(zip(columns, row, strict=True)) for row in connection.execute(statement)]
    _people(connection, found)
    found["plan"] = plans.published(connection)[1].to_json()
    return found


def _people(connection: Connection, found: dict[str, Any]) -> None:
    """Members of queues in their order, roles of members."""
    for one in found["queues"]:
        rows = connection.execute(
            select(queue_member.c.member_id, queue_member.c.weight)
            .where(queue_member.c.queue_id == one["id"])
            .order_by(queue_member.c.position, queue_member.c.member_id)
        )
        one["members"] = [{"id": row.member_id, "weight": row.weight} for row in rows]
    for one in found["members"]:
        rows = connection.execute(
            select(role.c.name)
            .join(member_role, member_role.c.role_id == role.c.id)
            .where(member_role.c.member_id == one["id"])
            .order_by(role.c.name)
        )
        one["roles"] = [row.name for row in rows]


def compare(connection: Connection, document: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Section -> how many of the file's entries are new, changed, the same here."""
    present = export(connection)
    found: dict[str, dict[str, int]] = {}
    for section in COLUMNS:
        known = {one["id"]: one for one in present[section]}
        counts = {"new": 0, "changed": 0, "same": 0}
        for one in document[section]:
            kind = "new" if one["id"] not in known else "same" if known[one["id"]] == one else "changed"
            counts[kind] += 1
        found[section] = counts
    for section in ("company", "plan"):
        same = present[section] == document[section]
        found[section] = {"new": 0, "changed": int(not same), "same": int(same)}
    return found


def bring_in(tx: Transaction, by: str, document: Mapping[str, Any]) -> None:
    """Make the set-up what the file says. Raises Conflict bad_request, and changes nothing then."""
    check(document)
    for section, (table, columns) in COLUMNS.items():
        _upsert(tx, section, table, columns, document[section])
    for one in document["queues"]:
        _people_of_queue(tx, one)
    for one in document["members"]:
        _roles_of(tx, one)
    change_company(tx, **document["company"])
    wanted = Plan.from_json(document["plan"])
    if wanted != plans.published(tx.connection)[1]:
        put_new(tx, wanted, by)
    audit.note(tx, by, "setup.import", "company", None, {name: len(document[name]) for name in COLUMNS})
    tx.changed("company", "company")
    tx.ring("router", "sources", "company")


def check(document: Mapping[str, Any]) -> None:
    """Raise Conflict bad_request, naming the section, unless the file has the form it should have."""
    if document.get("format") != FORMAT:
        raise Conflict("bad_request", 422, field="format")
    for section, (_, columns) in COLUMNS.items():
        rows = document.get(section)
        more = {"queues": {"members"}, "members": {"roles"}}.get(section, set())
        wanted = {*columns, *more}
        if not isinstance(rows, list) or any(
            not isinstance(row, dict) or not wanted - LATER <= set(row) <= wanted for row in rows
        ):
            raise Conflict("bad_request", 422, field=section)
        if len({row["id"] for row in rows}) != len(rows):
            raise Conflict("bad_request", 422, field=f"{section}.id")
    if not isinstance(document.get("company"), dict) or not isinstance(document.get("plan"), dict):
        raise Conflict("bad_request", 422, field="company")


def _upsert(
    tx: Transaction, section: str, table: Table, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    known = {row.id for row in tx.connection.execute(select(table.c.id))}
    for row in rows:
        values = {name: row[name] for name in columns if name in row}
        if row["id"] in known:
            tx.connection.execute(update(table).where(table.c.id == row["id"]).values(**values))
        else:
            tx.connection.execute(insert(table).values(**values, **_new(tx, section)))
            if section == "sources":
                tx.connection.execute(insert(account).values(source_id=row["id"], side="in"))


def _new(tx: Transaction, section: str) -> dict[str, Any]:
    """What a new row has besides what the file says: a source is a draft whose secrets have to be entered."""
    match section:
        case "members":
            return {"active": 1, "presence": "off", "created_at": tx.now}
        case "queues":
            return {"created_at": tx.now}
        case "sources":
            return {
                "state": "draft", "hook_key": secrets.token_urlsafe(24), "created_at": tx.now, "updated_at": tx.now,
            }  # fmt: skip
    return {}


def _people_of_queue(tx: Transaction, one: Mapping[str, Any]) -> None:
    tx.connection.execute(delete(queue_member).where(queue_member.c.queue_id == one["id"]))
    for place, person in enumerate(one["members"]):
        tx.connection.execute(
            insert(queue_member).values(
                queue_id=one["id"], member_id=person["id"], position=place, weight=person["weight"]
            )
        )


def _roles_of(tx: Transaction, one: Mapping[str, Any]) -> None:
    known = {row.name: row.id for row in tx.connection.execute(select(role.c.name, role.c.id))}
    if not set(one["roles"]) <= known.keys():
        raise Conflict("bad_request", 422, field="members.roles")
    tx.connection.execute(delete(member_role).where(member_role.c.member_id == one["id"]))
    for name in one["roles"]:
        tx.connection.execute(insert(member_role).values(member_id=one["id"], role_id=known[name]))
