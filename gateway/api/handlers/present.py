"""How do things stand this minute, for those who lead? Also which days the company rests."""

from __future__ import annotations

import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field
from typing_extensions import TypedDict

from gateway import calendar
from gateway.api import build, shapes
from gateway.api.hours import must_be_possible
from gateway.api.layer import Body, Call, route
from gateway.rules import look_anew, setup_of
from routing.members import absence, reachable
from routing.times import SECOND
from storage import approvals, audit, leads, present, team
from storage.company import change_company, company
from storage.transaction import Transaction


class PersonNow(TypedDict):
    member: shapes.Ref
    absence: str
    """Why they are not on shift; "" on shift."""
    reachable: bool
    load: float
    capacity: float
    offers: int
    unanswered: int
    late: int
    oldest: int | None
    overdue_tasks: int
    deals_without_task: int


class SourceNow(TypedDict):
    source: shapes.Ref
    unanswered: int
    late: int
    nobodys: int
    oldest: int


class QueueNow(TypedDict):
    queue: shapes.Ref | None
    reason: str
    leads: int
    oldest: int


class Now(TypedDict):
    at: int
    people: list[PersonNow]
    sources: list[SourceNow]
    queues: list[QueueNow]
    approvals: int


class Days(TypedDict):
    """`calendar` gives the country's days off and working weekends; `off` and `on` are the company's own and go before."""

    calendar: Literal["", "RU"]
    off: list[str]
    on: list[str]
    rests: list[str]
    """Every day off of this year and the next, as it holds."""
    works: list[str]
    """Weekend days on which everybody works."""


class DaysChange(Body):
    calendar: Literal["", "RU"]
    off: list[str] = Field(default_factory=list, max_length=400)
    on: list[str] = Field(default_factory=list, max_length=400)


@route("GET", "/now", answer=Now, needs="queue.edit")
async def read_now(call: Call) -> Now:
    """Who works on how much, where clients wait too long, which leads nobody has: of those one leads."""
    database, moment, reach = call.gateway.database, call.now, call.account.reach(call.needs)
    setup = await setup_of(call.gateway)
    weights = {live.row.id: live.channel.can().weight for live in call.gateway.sources.all()}
    people = await database.read(leads.members, setup.schedule, weights, moment)
    names = {row.id: row.name for row in await database.read(team.members)}
    answers = await database.read(present.of_members, moment)
    return {
        "at": moment, "approvals": sum(reach.covers(row.owner_id) for row in await database.read(approvals.waiting)),
        "people": [
            {
                "member": {"id": one.id, "name": names.get(one.id, "")}, "absence": absence(one, moment) or "",
                "reachable": reachable(one, moment), "load": one.load, "capacity": one.capacity,
                "offers": one.open_offers, "overdue_tasks": one.overdue_tasks, "deals_without_task": one.idle_deals,
                "unanswered": answers[one.id].unanswered if one.id in answers else 0,
                "late": int(answers[one.id].late) if one.id in answers else 0,
                "oldest": answers[one.id].oldest if one.id in answers else None,
            }
            for one in sorted(people.values(), key=lambda row: (names.get(row.id, ""), row.id))
            if one.active and reach.covers(one.id)
        ],
        "sources": [
            {
                "source": {"id": row.id, "name": row.name}, "unanswered": row.unanswered, "late": int(row.late),
                "nobodys": int(row.nobodys), "oldest": row.oldest,
            }
            for row in await database.read(present.of_sources, reach, moment)
        ],
        "queues": [
            {
                "queue": build.reference(row.id, row.name), "reason": row.reason, "leads": row.leads,
                "oldest": row.oldest,
            }
            for row in await database.read(present.of_queues)
            if reach.covers(row.id)
        ],
    }  # fmt: skip


@route("GET", "/company/days", answer=Days, needs="member.read")
async def read_days(call: Call) -> Days:
    """Days off and working weekends."""
    return _days(await call.gateway.database.read(company))


@route("PUT", "/company/days", answer=Days, body=DaysChange, needs="company.edit")
async def set_days(call: Call, body: DaysChange) -> Days:
    """Take the country's production calendar, or none, and change single days of it."""
    must_be_possible({"holidays": body.off, "dated": {day: [] for day in body.on}}, "off")
    stored = await call.gateway.database.read(company)
    zone = ZoneInfo(stored.get("timezone") or "Europe/Moscow")
    year = datetime.datetime.fromtimestamp(call.now // SECOND, zone).year
    days = calendar.days_of(
        body.calendar, sorted(set(body.off)), sorted(set(body.on)), stored.get("hours") or [], year
    )
    changed = await call.gateway.database.write(_store, call.me, days)
    look_anew(call.gateway)
    return _days(changed)


def _store(tx: Transaction, by: str, days: calendar.CompanyDays) -> dict[str, object]:
    audit.note(tx, by, "company.days", "company", None, {"calendar": days["calendar"]})
    return change_company(tx, days=days)


def _days(stored: dict[str, object]) -> Days:
    days = calendar.stored_days(stored)
    return {
        "calendar": days["calendar"], "off": days["own_off"], "on": days["own_on"], "rests": days["off"],
        "works": sorted(days["dated"]),
    }  # fmt: skip
