"""Who works here, when, in which queues? Members, queues, company hours, the first steps, tokens for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from pydantic import Field
from typing_extensions import TypedDict

from gateway import calendar
from gateway.address import problem_of, tidy
from gateway.api import shapes
from gateway.api.build import reference
from gateway.api.handlers.signing import check_email
from gateway.api.hours import must_be_possible
from gateway.api.layer import Body, Call, route
from gateway.api.rights import must_lead
from gateway.api.views import members_of
from gateway.refusals import Refusal
from gateway.rules import look_anew
from routing.codes import MismatchPolicy
from routing.schedule import ALWAYS
from routing.times import MINUTE, SECOND
from storage import audit, heads, leads, sessions, staff, team
from storage.company import change_company, company, progress
from storage.transaction import Transaction


class Members(TypedDict):
    items: list[shapes.Member]


class Queues(TypedDict):
    items: list[shapes.Queue]


class Checklist(TypedDict):
    items: list[shapes.ChecklistItem]


class Invited(TypedDict):
    member: shapes.Member
    link: str


class Token(TypedDict):
    id: str
    token: str


class TokenShape(TypedDict):
    id: str
    name: str
    created_at: int
    used_at: int | None


class Tokens(TypedDict):
    items: list[TokenShape]


class CompanyChange(Body):
    name: str = Field(max_length=200)
    timezone: str = Field(max_length=64)
    hours: list[list[list[int]]] = Field(min_length=7, max_length=7)
    public_url: str = Field(max_length=500)
    mismatch: MismatchPolicy | None = None
    """Null: as it is."""


class Invitation(Body):
    name: str = Field(min_length=1, max_length=200)
    email: str
    roles: list[str] = Field(min_length=1, max_length=5)
    queue_ids: list[str] = Field(default_factory=list, max_length=100)


class MemberChange(Body):
    name: str | None = Field(default=None, min_length=1, max_length=200)
    roles: list[str] | None = None
    active: bool | None = None
    capacity: float | None = Field(default=None, ge=0, le=1000)
    skills: list[str] | None = Field(default=None, max_length=50)
    team_id: str | None = Field(default=None, max_length=80)
    """Null: in no team."""
    queues: dict[str, bool] = Field(default_factory=dict, max_length=100)
    """Queues to join (true) or to leave; the others stay."""


class QueueHours(Body):
    timezone: str = Field(max_length=64)
    week: list[list[list[int]]] = Field(min_length=7, max_length=7)


class QueueChange(Body):
    name: str | None = Field(default=None, min_length=1, max_length=200)
    strategy: Literal["in_order", "evenly", "least_loaded", "all_at_once"] | None = None
    members: list[str] | None = None
    head_id: str | None = None
    accept_seconds: int | None = Field(default=None, ge=15, le=3600)
    everyone_seconds: int | None = Field(default=None, ge=15, le=3600)
    singles: int | None = Field(default=None, ge=1, le=20)
    sticky_minutes: int | None = Field(default=None, ge=0, le=1440)
    qualify_minutes: int | None = Field(default=None, ge=1, le=1440)
    retry_minutes: int | None = Field(default=None, ge=1, le=1440)
    weights: dict[str, float] | None = Field(default=None, max_length=1000)
    team_id: str | None = None
    hours: QueueHours | None = None


class NewToken(Body):
    name: str = Field(min_length=1, max_length=100)


@route("GET", "/company", answer=shapes.Company)
async def read_company(call: Call) -> shapes.Company:
    """Company hours and the public address."""
    return _company(await call.gateway.database.read(company))


@route("PUT", "/company", answer=shapes.Company, body=CompanyChange, needs="company.edit")
async def change_company_settings(call: Call, body: CompanyChange) -> shapes.Company:
    """Set company hours and the public address."""
    try:
        ZoneInfo(body.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refusal("bad_request", 422, field="timezone") from None
    for day in body.hours:
        for span in day:
            if len(span) != 2 or not 0 <= span[0] < span[1] <= 2880 or span[0] >= 1440:
                raise Refusal("bad_request", 422, field="hours")
    url = tidy(body.public_url)
    if url and problem_of(url) == "not_an_address":
        raise Refusal("bad_request", 422, field="public_url")
    values: dict[str, Any] = {
        "name": body.name.strip(),
        "timezone": body.timezone,
        "hours": body.hours,
        "public_url": url,
    }
    if body.mismatch is not None:
        values["mismatch"] = body.mismatch
    stored = await call.gateway.database.write(_store_company, call.me, values)
    look_anew(call.gateway)
    await call.gateway.sources.look()
    return _company(stored)


def _store_company(tx: Transaction, member_id: str, values: dict[str, Any]) -> dict[str, Any]:
    audit.note(
        tx,
        member_id,
        "company.change",
        "company",
        None,
        {"public_url": values["public_url"], "mismatch": values.get("mismatch")},
    )
    days = calendar.with_hours(company(tx.connection), values["hours"])
    return change_company(tx, hours_set=True, **values, **({"days": days} if days["year"] else {}))


def _company(stored: dict[str, Any]) -> shapes.Company:
    url = str(stored.get("public_url") or "")
    return {
        "name": str(stored.get("name") or ""), "timezone": stored.get("timezone") or "Europe/Moscow",
        "hours": stored.get("hours") or [[] for _ in range(7)], "public_url": url, "public_url_problem": problem_of(url),
        "mismatch": stored.get("mismatch") or "ask",
    }  # fmt: skip


@route("GET", "/checklist", answer=Checklist)
async def checklist(call: Call) -> Checklist:
    """The first steps of a new installation, and which are done."""
    settings = await call.gateway.database.read(company)
    far = await call.gateway.database.read(progress)
    url = str(settings.get("public_url") or "")
    steps = (
        ("public_url", not problem_of(url), problem_of(url)),
        ("hours", bool(settings.get("hours_set")), ""),
        ("people", far["people"] > 1, ""),
        ("source", far["sources"] > 0, ""),
        ("test", far["verified"] > 0, ""),
        ("who", far["owned"] > 0, ""),
    )
    return {
        "items": [{"code": cast(Any, code), "done": done, "detail": detail} for code, done, detail in steps]
    }


@route("GET", "/members", answer=Members, needs="member.read")
async def list_members(call: Call) -> Members:
    """Everybody who works here."""
    return {"items": await members_of(call.gateway)}


@route("POST", "/members", answer=Invited, body=Invitation, needs="member.edit", status=201, whole=True)
async def invite(call: Call, body: Invitation) -> Invited:
    """Invite a person; the link lets them choose a password."""
    email = check_email(body.email)
    await _may_give(call, body.roles)
    member_id, token = await call.gateway.database.write(
        _invite, call.me, body.name, email, body.roles, body.queue_ids
    )
    found = next(one for one in await members_of(call.gateway) if one["id"] == member_id)
    return {"member": found, "link": f"{own_url(call)}/enter#t={token}"}


def _invite(
    tx: Transaction, by: str, name: str, email: str, roles: Sequence[str], queues: Sequence[str]
) -> tuple[str, str]:
    member_id = team.add_member(tx, name, email, roles)
    team.join_queues(tx, member_id, dict.fromkeys(queues, True))
    audit.note(tx, by, "member.invite", "member", member_id, {"roles": list(roles)})
    return member_id, sessions.open_link(tx, member_id, invitation=True)


def own_url(call: Call) -> str:
    """The address this browser came by."""
    scheme = "https" if call.request.headers.get("X-Forwarded-Proto") == "https" else call.request.scheme
    return f"{scheme}://{call.request.host}"


async def _may_give(call: Call, roles: Sequence[str]) -> None:
    """Only who may make administrators touches them. Raises Refusal forbidden."""
    powerful = await call.gateway.database.read(team.roles_with, "member.grant")
    if powerful & set(roles):
        call.need("member.grant")


async def colleague(call: Call) -> shapes.Member:
    """The member of the path, who may be changed by the one who asks. Raises Refusal."""
    found = next((one for one in await members_of(call.gateway) if one["id"] == call.path("id")), None)
    if found is None:
        raise Refusal("not_found", 404)
    must_lead(call, found["id"])
    await _may_give(call, found["roles"])
    return found


@route("PATCH", "/members/{id}", answer=shapes.Member, body=MemberChange, needs="member.edit")
async def change_member(call: Call, body: MemberChange) -> shapes.Member:
    """Change a colleague's name, roles, capacity, skills, team, queues, or let them in no more."""
    await colleague(call)
    await _may_give(call, body.roles or ())
    if body.queues:
        call.need("queue.edit")
    if "team_id" in body.model_fields_set and not call.account.everywhere(call.needs):
        raise Refusal(
            "forbidden", 403, permission=call.needs
        )  # or anybody would draw whom they like into their team
    if body.team_id is not None and body.team_id not in await call.gateway.database.read(heads.teams):
        raise Refusal("bad_request", 422, field="team_id")
    await call.gateway.database.write(_change_member, call.me, call.path("id"), body)
    return await colleague(call)


def _change_member(tx: Transaction, by: str, member_id: str, body: MemberChange) -> None:
    values: dict[str, Any] = {}
    if body.name is not None:
        values["name"] = body.name.strip()
    if body.capacity is not None:
        values["capacity"] = body.capacity
    if body.skills is not None:
        values["skills"] = staff.tidy_skills(body.skills)
    if "team_id" in body.model_fields_set:
        values["team_id"] = body.team_id
    if body.active is not None:
        values["active"] = int(body.active)
    if body.active is False:
        staff.deactivate(
            tx, member_id, by, None
        )  # with work on their hands: POST /members/{id}/deactivate says to whom
    team.change_member(tx, member_id, **(values or {"id": member_id}))
    if body.active is False:
        sessions.end_all(tx, member_id)
    if body.roles is not None:
        team.set_roles(tx, member_id, body.roles)
    team.join_queues(tx, member_id, body.queues)
    if {"team_id", "queues"} & body.model_fields_set:
        tx.changed("company", "company")
    audit.note(tx, by, "member.change", "member", member_id, {"fields": sorted(body.model_fields_set)})


@route("POST", "/members/{id}/link", answer=Invited, needs="member.edit", status=201)
async def new_link(call: Call) -> Invited:
    """A new invitation link for a colleague who lost theirs."""
    found = await colleague(call)
    token = await call.gateway.database.write(sessions.open_link, found["id"], invitation=True)
    return {"member": found, "link": f"{own_url(call)}/enter#t={token}"}


@route("GET", "/queues", answer=Queues, needs="member.read")
async def list_queues(call: Call) -> Queues:
    """Every queue with its people."""
    return {"items": await _queues(call)}


async def _queues(call: Call) -> list[shapes.Queue]:
    database = call.gateway.database
    names = {row.id: row.name for row in await database.read(team.members)}
    people = await database.read(team.queue_members)
    held = await database.read(leads.queues, ALWAYS)
    weights = await database.read(leads.shares)
    return [
        {
            "id": row.id, "name": row.name, "strategy": row.strategy or "all_at_once",
            "members": [{"id": ref, "name": names.get(ref, "")} for ref in people.get(row.id, [])],
            "head": reference(row.head_id, names.get(row.head_id or "")),
            "accept_seconds": held[row.id].accept_within // SECOND,
            "everyone_seconds": held[row.id].everyone_for // SECOND, "singles": held[row.id].singles,
            "sticky_minutes": held[row.id].sticky_wait // MINUTE,
            "qualify_minutes": held[row.id].qualify_within // MINUTE,
            "retry_minutes": held[row.id].retry_after // MINUTE,
            "weights": {ref: share for (queue_id, ref), share in weights.items() if queue_id == row.id},
            "team_id": row.team_id, "hours": _queue_hours(row.schedule),
        }
        for row in await database.read(team.queues)
    ]  # fmt: skip


def _queue_hours(stored: str) -> shapes.QueueHours | None:
    record = orjson.loads(stored)
    return {"timezone": record["zone"], "week": record["week"]} if record else None


@route("POST", "/queues", answer=shapes.Queue, body=QueueChange, needs="queue.edit", status=201, whole=True)
async def add_queue(call: Call, body: QueueChange) -> shapes.Queue:
    """Make a queue; it needs a member and a head."""
    return await _save_queue(call, None, body)


@route("PATCH", "/queues/{id}", answer=shapes.Queue, body=QueueChange, needs="queue.edit")
async def change_queue(call: Call, body: QueueChange) -> shapes.Queue:
    """Change a queue."""
    must_lead(call, call.path("id"))
    return await _save_queue(call, call.path("id"), body)


async def _save_queue(call: Call, queue_id: str | None, body: QueueChange) -> shapes.Queue:
    values = body.model_dump(exclude_unset=True, exclude={"members", "hours"})
    if "hours" in body.model_fields_set:
        values["schedule"] = {}
        if body.hours is not None:
            values["schedule"] = {"zone": body.hours.timezone, "week": body.hours.week}
            must_be_possible(values["schedule"], "hours")
    if any(not 0 < share <= 100 for share in (body.weights or {}).values()):
        raise Refusal("bad_request", 422, field="weights")
    if body.team_id is not None and body.team_id not in await call.gateway.database.read(heads.teams):
        raise Refusal("bad_request", 422, field="team_id")
    known = {row.id for row in await call.gateway.database.read(team.members)}
    for ref in [*(body.members or []), *([body.head_id] if body.head_id else [])]:
        if ref not in known:
            raise Refusal("bad_request", 422, field="members")
    if queue_id is None and not body.name:
        raise Refusal("bad_request", 422, field="name")
    made = await call.gateway.database.write(_store_queue, call.me, queue_id, values, body.members)
    return next(one for one in await _queues(call) if one["id"] == made)


def _store_queue(
    tx: Transaction, by: str, queue_id: str | None, values: dict[str, Any], people: Sequence[str] | None
) -> str:
    made = team.save_queue(tx, queue_id, values, people)
    if "team_id" in values:
        tx.changed("company", "company")
    audit.note(tx, by, "queue.change", "queue", made, {"fields": sorted(values)})
    return made


@route("POST", "/tokens", answer=Token, body=NewToken, needs="token.edit", status=201)
async def add_token(call: Call, body: NewToken) -> Token:
    """A token for a program; it is shown this once."""
    token_id, token = await call.gateway.database.write(sessions.new_token, call.me, body.name)
    return {"id": token_id, "token": token}


@route("GET", "/tokens", answer=Tokens, needs="token.edit")
async def list_tokens(call: Call) -> Tokens:
    """One's own tokens."""
    return {"items": await call.gateway.database.read(sessions.tokens, call.me)}


@route("DELETE", "/tokens/{id}", needs="token.edit", status=204)
async def revoke_token(call: Call) -> None:
    """End a token."""
    if not await call.gateway.database.write(sessions.revoke, call.me, call.path("id")):
        raise Refusal("not_found", 404)
