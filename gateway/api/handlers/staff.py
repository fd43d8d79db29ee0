"""When does somebody work, who leads whom, and who stands in? Schedules, teams, hand-overs, overrides."""

from __future__ import annotations

from typing import Annotated, Any, Final, cast

import orjson
from pydantic import Field
from typing_extensions import TypedDict

from gateway import calendar
from gateway.api import build, shapes
from gateway.api.handlers.people import colleague
from gateway.api.hours import must_be_possible
from gateway.api.layer import Body, Call, Query, route
from gateway.api.rights import must_lead
from storage import handing, heads, staff, team
from storage.company import company

DATE: Final = r"^(\d{4}-\d{2}-\d{2})?$"


class ScheduleShape(TypedDict):
    """Minutes of the day, beyond 1440 the next one; `dated` beats holidays, leave beats all.

    `own` is whether there are hours of their own; without them the company's hold. `version` names these hours.
    """

    timezone: str
    week: list[list[list[int]]]
    dated: dict[str, list[list[int]]]
    leave: list[list[str]]
    own: bool
    version: str


class PersonHours(ScheduleShape):
    member_id: str


class CompanyHours(TypedDict):
    """`rests` are days off, `works` weekend days on which everybody works as on a working day."""

    timezone: str
    week: list[list[list[int]]]
    rests: list[str]
    works: dict[str, list[list[int]]]


class Schedules(TypedDict):
    company: CompanyHours
    items: list[PersonHours]


class Dates(Query):
    since: str = Field(default="", pattern=DATE)
    until: str = Field(default="", pattern=DATE)


class HoursChange(Body):
    """`week`: days from Monday (0); `dated`: null makes the date as usual."""

    member_id: str = Field(max_length=80)
    week: dict[Annotated[int, Field(ge=0, le=6)], list[list[int]]] = Field(default_factory=dict, max_length=7)
    dated: dict[str, list[list[int]] | None] = Field(default_factory=dict, max_length=100)


class HoursChanges(Body):
    changes: list[HoursChange] = Field(max_length=500)


class ScheduleChange(Body):
    timezone: str = Field(default="", max_length=64)
    week: list[list[list[int]]] = Field(min_length=7, max_length=7)
    dated: dict[str, list[list[int]]] = Field(default_factory=dict, max_length=1000)
    leave: list[list[str]] = Field(default_factory=list, max_length=200)
    skills: list[str] | None = Field(default=None, max_length=50)
    seen: str | None = Field(default=None, max_length=16)
    """The `version` that was changed; without it whatever there is is replaced."""


class Belongings(TypedDict):
    contact: int
    conversation: int
    deal: int
    task: int
    head_of: int


class Handover(TypedDict):
    id: str
    to: shapes.Ref
    at: int
    until: int | None


class Handovers(TypedDict):
    belongings: Belongings
    items: list[Handover]


class GiveAll(Body):
    to_id: str = Field(max_length=80)
    until: int | None = Field(default=None, ge=0, le=2**53)


class Leave(Body):
    hand_to: str | None = Field(default=None, max_length=80)


class Team(TypedDict):
    id: str
    name: str
    parent_id: str | None
    head: shapes.Ref | None
    deputy: shapes.Ref | None
    members: list[shapes.Ref]


class Teams(TypedDict):
    items: list[Team]


class TeamChange(Body):
    name: str = Field(min_length=1, max_length=200)
    parent_id: str | None = Field(default=None, max_length=80)
    head_id: str | None = Field(default=None, max_length=80)
    deputy_id: str | None = Field(default=None, max_length=80)
    members: list[str] = Field(default_factory=list, max_length=1000)


class Override(Body):
    until: int = Field(ge=0, le=2**53)
    reason: str = Field(min_length=1, max_length=500)


@route("GET", "/members/{id}/schedule", answer=ScheduleShape, needs="member.read")
async def read_schedule(call: Call) -> ScheduleShape:
    """A colleague's hours, shifts by date and leave."""
    return await _schedule(call)


async def _schedule(call: Call) -> ScheduleShape:
    row = await call.gateway.database.read(staff.schedule_row, call.path("id"))
    return _hours(orjson.loads(row.schedule))


def _hours(stored: dict[str, Any]) -> ScheduleShape:
    week, dated = stored.get("week") or [[] for _ in range(7)], stored.get("dated", {})
    return {
        "timezone": stored.get("zone", ""), "week": week, "dated": dated, "leave": stored.get("leave", []),
        "own": any(week) or bool(dated), "version": staff.version_of(stored),
    }  # fmt: skip


@route("GET", "/schedules", answer=Schedules, query=Dates, needs="member.read")
async def read_schedules(call: Call, query: Dates) -> Schedules:
    """Everybody's hours, with the shifts of the asked dates only, and the company's."""
    settings = await call.gateway.database.read(company)
    days = calendar.stored_days(settings)
    found: list[PersonHours] = []
    for row in await call.gateway.database.read(staff.schedules):
        hours = _hours(orjson.loads(row.schedule))
        dated = {
            day: spans
            for day, spans in hours["dated"].items()
            if query.since <= day <= (query.until or "9999")
        }
        found.append({**hours, "dated": dated, "member_id": row.id})
    return {
        "company": {
            "timezone": settings.get("timezone") or "Europe/Moscow",
            "week": settings.get("hours") or [[] for _ in range(7)], "rests": days["off"], "works": days["dated"],
        },
        "items": found,
    }  # fmt: skip


@route("PATCH", "/schedules", body=HoursChanges, needs="member.edit", status=204)
async def change_schedules(call: Call, body: HoursChanges) -> None:
    """Change single days of several people at once; what is not named stays. Leads follow at once."""
    for one in body.changes:
        must_lead(call, one.member_id)
        days = {date: spans or [] for date, spans in one.dated.items()}
        must_be_possible({"dated": days}, "dated")
        must_be_possible({"week": [one.week.get(day, []) for day in range(7)]}, "week")
    changes = [staff.Hours(**one.model_dump()) for one in body.changes]
    await call.gateway.database.write(staff.change_hours, call.me, changes)


@route("PUT", "/members/{id}/schedule", answer=ScheduleShape, body=ScheduleChange, needs="member.edit")
async def set_schedule(call: Call, body: ScheduleChange) -> ScheduleShape:
    """Set them; leads follow at once."""
    must_lead(call, call.path("id"))
    record: dict[str, Any] = {}
    if any(body.week) or body.dated or body.leave or body.timezone:
        record = {
            "zone": body.timezone or (await call.gateway.database.read(company)).get("timezone") or "Europe/Moscow",
            "week": body.week, "dated": body.dated, "leave": body.leave,
        }  # fmt: skip
        must_be_possible(record, "week")
    await call.gateway.database.write(
        staff.set_schedule, call.path("id"), call.me, record, body.skills, body.seen
    )
    return await _schedule(call)


@route("GET", "/members/{id}/handover", answer=Handovers, needs="member.edit")
async def read_handovers(call: Call) -> Handovers:
    """What somebody has on their hands, and to whom it is given for a time."""
    must_lead(call, call.path("id"))
    return await _handovers(call)


async def _handovers(call: Call) -> Handovers:
    database = call.gateway.database
    has = await database.read(handing.belongings, call.path("id"))
    rows = await database.read(handing.of_member, call.path("id"))
    return {
        "belongings": cast(Any, has),
        "items": [
            {"id": row.id, "to": {"id": row.to_id, "name": row.to_name}, "at": row.at, "until": row.until}
            for row in rows
        ],
    }


@route("POST", "/members/{id}/handover", answer=Handovers, body=GiveAll, needs="member.edit", status=201)
async def give_everything(call: Call, body: GiveAll) -> Handovers:
    """Give everything to a colleague, for good or until a time."""
    must_lead(call, call.path("id"))
    await call.gateway.database.write(
        handing.give_everything, call.path("id"), body.to_id, call.me, body.until
    )
    return await _handovers(call)


@route("DELETE", "/handovers/{id}", needs="member.edit", status=204)
async def give_back(call: Call) -> None:
    """End a temporary hand-over now; what is still there returns."""
    giver: str | None = await call.gateway.database.read(handing.giver, call.path("id"))
    must_lead(call, giver or "")
    await call.gateway.database.write(handing.give_back, call.path("id"), call.me)


@route("POST", "/members/{id}/deactivate", answer=Handovers, body=Leave, needs="member.edit")
async def deactivate(call: Call, body: Leave) -> Handovers:
    """Let somebody in no more; everything they have is given on first. An administrator goes by another's hand only."""
    await colleague(call)
    await call.gateway.database.write(staff.deactivate, call.path("id"), call.me, body.hand_to)
    return await _handovers(call)


@route("PUT", "/members/{id}/gate", status=204, body=Override, needs="member.edit")
async def lift_gate(call: Call, body: Override) -> None:
    """Let leads come in spite of overdue tasks, until a time; written down."""
    must_lead(call, call.path("id"))
    await call.gateway.database.write(
        staff.lift_gate, call.path("id"), call.me, body.until, body.reason.strip()
    )


@route("GET", "/teams", answer=Teams, needs="member.read")
async def list_teams(call: Call) -> Teams:
    """The tree of teams with heads, deputies and people."""
    return await _teams(call)


async def _teams(call: Call) -> Teams:
    database = call.gateway.database
    names = {row.id: row.name for row in await database.read(team.members)}
    people = await database.read(staff.people_of_teams)
    tree = await database.read(heads.teams)
    return {
        "items": [
            {
                "id": row.id, "name": row.name, "parent_id": row.parent_id,
                "head": build.reference(row.head_id, names.get(row.head_id or "")),
                "deputy": build.reference(row.deputy_id, names.get(row.deputy_id or "")),
                "members": [{"id": ref, "name": names.get(ref, "")} for ref in people.get(row.id, ())],
            }
            for row in sorted(tree.values(), key=lambda one: (one.name, one.id))
        ]
    }  # fmt: skip


@route("POST", "/teams", answer=Teams, body=TeamChange, needs="member.edit", status=201, whole=True)
async def add_team(call: Call, body: TeamChange) -> Teams:
    """A new team."""
    await call.gateway.database.write(staff.save_team, None, call.me, body.model_dump())
    return await _teams(call)


@route("PUT", "/teams/{id}", answer=Teams, body=TeamChange, needs="member.edit", whole=True)
async def change_team(call: Call, body: TeamChange) -> Teams:
    """Change a team: its place in the tree, its head, its people."""
    await call.gateway.database.write(staff.save_team, call.path("id"), call.me, body.model_dump())
    return await _teams(call)


@route("DELETE", "/teams/{id}", needs="member.edit", status=204, whole=True)
async def remove_team(call: Call) -> None:
    """Take a team out of the tree; its people and the teams below go up."""
    await call.gateway.database.write(staff.remove_team, call.path("id"), call.me)


@route("POST", "/teams/{id}/restore", answer=Teams, body=Body, needs="member.edit", whole=True)
async def restore_team(call: Call, _: Body) -> Teams:
    """Put a team back that was taken out, with its people, its queues and the teams below."""
    await call.gateway.database.write(staff.restore_team, call.path("id"), call.me)
    return await _teams(call)
