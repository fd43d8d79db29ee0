"""When do people work, and in which teams?"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, insert, select, text, update

from storage import audit, handing, heads, sessions, setup
from storage import team as teams
from storage.errors import Conflict
from storage.ids import new_id
from storage.responsible import must_work, working
from storage.tables import audit_log, member, queue, team
from storage.transaction import Transaction


def schedule_row(connection: Connection, member_id: str) -> Row[Any]:
    """A member's stored hours. Raises Conflict not_found."""
    found = connection.execute(
        text("SELECT id, schedule, skills FROM member WHERE id = :id"), {"id": member_id}
    ).first()
    if found is None:
        raise Conflict("not_found", 404)
    return found


def version_of(schedule: Mapping[str, Any]) -> str:
    """Names these hours: other hours have another name."""
    return hashlib.sha256(orjson.dumps(dict(schedule), option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def tidy_skills(skills: Sequence[str]) -> list[str]:
    """Skills as they are kept."""
    return sorted({skill.strip() for skill in skills if skill.strip()})


def set_schedule(
    tx: Transaction, member_id: str, by: str, record: Mapping[str, Any], skills: Sequence[str] | None,
    seen: str | None = None,
) -> None:  # fmt: skip
    """Set a member's hours ({}: the company's) and, when given, skills.

    Raises Conflict not_found, changed when the hours are other ones by now than were `seen`.
    """
    held = select(member.c.schedule).where(member.c.id == member_id).with_for_update()
    row = tx.connection.execute(held).first()
    if row is not None and seen not in (None, version_of(row.schedule)):
        raise Conflict("changed", field="schedule")
    values: dict[str, Any] = {"schedule": dict(record)}
    if skills is not None:
        values["skills"] = tidy_skills(skills)
    teams.change_member(tx, member_id, **values)
    audit.note(tx, by, "member.schedule", "member", member_id)


def schedules(connection: Connection) -> list[Row[Any]]:
    """(id, schedule) of everybody who works here."""
    return list(
        connection.execute(text("SELECT id, schedule FROM member WHERE active = 1 ORDER BY name, id"))
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """What changes in somebody's hours: days of every week from Monday (0), and dates; None makes a date as usual."""

    member_id: str
    week: Mapping[int, Sequence[Any]] = field(default_factory=dict)
    dated: Mapping[str, Sequence[Any] | None] = field(default_factory=dict)


def change_hours(tx: Transaction, by: str, changes: Sequence[Hours]) -> None:
    """Change single days and leave the others as they are, whoever changes those meanwhile. Raises Conflict not_found."""
    company = setup.company(tx.connection)
    for one in sorted(changes, key=lambda row: row.member_id):
        held = select(member.c.schedule).where(member.c.id == one.member_id).with_for_update()
        row = tx.connection.execute(held).first()
        if row is None:
            raise Conflict("not_found", 404)
        teams.change_member(tx, one.member_id, schedule=_changed(row.schedule, one, company))
        audit.note(tx, by, "member.schedule", "member", one.member_id)


def _changed(stored: Mapping[str, Any], change: Hours, company: Mapping[str, Any]) -> dict[str, Any]:
    """The record after it; who had no hours of their own keeps the company's on all other days."""
    week = [list(day) for day in stored.get("week") or [[]] * 7]
    dated = dict(stored.get("dated") or {})
    if not any(week) and not dated:
        hours = company.get("hours") or []
        week = [list(day) for day in hours] if any(hours) else [[[0, 1440]]] * 7
    for day, spans in change.week.items():
        week[day] = list(spans)
    for date, own in change.dated.items():
        if own is None:
            dated.pop(date, None)
        else:
            dated[date] = list(own)
    zone = stored.get("zone") or company.get("timezone") or "Europe/Moscow"
    return {"zone": zone, "week": week, "dated": dated, "leave": list(stored.get("leave") or [])}


def lift_gate(tx: Transaction, member_id: str, by: str, until: int, reason: str) -> None:
    """Discipline does not hold this member back until then."""
    teams.change_member(tx, member_id, gate_override_until=until)
    audit.note(tx, by, "member.gate", "member", member_id, {"until": until, "reason": reason})


def deactivate(tx: Transaction, member_id: str, by: str, to_id: str | None) -> None:
    """Let a member in no more; never the last administrator, and nothing of theirs is left behind."""
    schedule_row(tx.connection, member_id)
    handing.deactivate(tx, member_id, by, to_id)
    sessions.end_all(tx, member_id)


def people_of_teams(connection: Connection) -> dict[str, list[str]]:
    """team -> its members."""
    found: dict[str, list[str]] = {}
    for row in connection.execute(
        text("SELECT team_id, id FROM member WHERE team_id IS NOT NULL AND active = 1 ORDER BY name, id")
    ):
        found.setdefault(row.team_id, []).append(row.id)
    return found


UNDER: Final = {"teams": team.c.parent_id, "members": member.c.team_id, "queues": queue.c.team_id}
"""What stands under a team."""


def save_team(tx: Transaction, team_id: str | None, by: str, values: Mapping[str, Any]) -> str:
    """Make or change a team; its id. Raises Conflict bad_request for a circle or somebody who does not work here."""
    made = team_id or new_id(tx.now)
    for name in ("head_id", "deputy_id"):
        must_work(tx, values[name])
    columns = {name: values[name] for name in ("name", "parent_id", "head_id", "deputy_id")}
    if team_id is None:
        tx.connection.execute(insert(team).values(id=made, **columns))
    elif not tx.connection.execute(update(team).where(team.c.id == made).values(**columns)).rowcount:
        raise Conflict("not_found", 404)
    tree = heads.teams(tx.connection)
    parent = values["parent_id"]
    if parent is not None and (parent not in tree or made in [row.id for row in heads.up(tree, parent)]):
        raise Conflict("bad_request", 422, field="parent_id")
    known = {row.id for row in tx.connection.execute(select(member.c.id))}
    if not set(values["members"]) <= known:
        raise Conflict("bad_request", 422, field="members")
    tx.connection.execute(update(member).where(member.c.team_id == made).values(team_id=None))
    for ref in values["members"]:
        tx.connection.execute(update(member).where(member.c.id == ref).values(team_id=made))
    audit.note(tx, by, "team.change", "team", made)
    tx.changed("company", "company")
    tx.ring("router")
    return made


def remove_team(tx: Transaction, team_id: str, by: str) -> None:
    """The people, the queues and the teams below go to the team above; `restore_team` brings all of it back."""
    row = heads.teams(tx.connection).get(team_id)
    if row is None:
        raise Conflict("not_found", 404)
    had: dict[str, list[str]] = {}
    for what, column in UNDER.items():
        rows = tx.connection.execute(
            select(column.table.c.id).where(column == team_id).order_by(column.table.c.id)
        )
        had[what] = [one.id for one in rows]
        tx.connection.execute(update(column.table).where(column == team_id).values({column: row.parent_id}))
    tx.connection.execute(team.delete().where(team.c.id == team_id))
    audit.note(tx, by, "team.remove", "team", team_id, {**row._asdict(), **had})
    _moved(tx)


def restore_team(tx: Transaction, team_id: str, by: str) -> None:
    """The team as it was, with what went up when it was taken out and is still there.

    Raises Conflict not_found for one that nobody took out, not_now for one that is there.
    """
    if team_id in heads.teams(tx.connection):
        raise Conflict("not_now")
    taken_out = select(audit_log.c.facts).where(
        audit_log.c.object_id == team_id, audit_log.c.action == "team.remove"
    )
    was = tx.connection.execute(
        taken_out.order_by(audit_log.c.at.desc(), audit_log.c.id.desc()).limit(1)
    ).scalar()
    if was is None:
        raise Conflict("not_found", 404)
    above = was["parent_id"] if was["parent_id"] in heads.teams(tx.connection) else None
    led = {
        name: was[name] if was[name] and working(tx, [was[name]]) else None
        for name in ("head_id", "deputy_id")
    }
    tx.connection.execute(insert(team).values(id=team_id, name=was["name"], parent_id=above, **led))
    for what, column in UNDER.items():
        still = column.is_(None) if was["parent_id"] is None else column == was["parent_id"]
        back = update(column.table).where(column.table.c.id.in_(was[what]), still)
        tx.connection.execute(back.values({column: team_id}))
    audit.note(tx, by, "team.restore", "team", team_id)
    _moved(tx)


def _moved(tx: Transaction) -> None:
    tx.changed("company", "company")
    tx.ring("router")
