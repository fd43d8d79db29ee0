"""How does a thing look that both an answer and a live frame show? Read from the database, shaped for people."""

from __future__ import annotations

from typing import Any, Final, Literal, cast

import orjson

from gateway.api import build, shapes
from gateway.context import Gateway
from gateway.rules import setup_of
from routing.assignment import held_back
from routing.members import Member
from routing.schedule import ROUND_THE_CLOCK
from storage import drafts, leads, sourcing, team, testing, waiting

COUNTED: Final = (
    "received", "opened", "ignored", "set_aside",
    "accepted", "sent", "undelivered", "failed", "unknown", "cancelled",
)  # fmt: skip


async def sources_of(gateway: Gateway, only: str | None) -> list[shapes.Source]:
    """All sources, or one."""
    accounts = await gateway.database.read(waiting.accounts)
    names = {row.id: row.name for row in await gateway.database.read(team.queues)}
    leads = await gateway.database.read(sourcing.leads_lately, gateway.now())
    empty = dict.fromkeys(COUNTED, 0)
    return [
        build.source(
            gateway, live, accounts.get(live.row.id, empty), names.get(live.row.queue_id or ""), leads.get(live.row.id, 0)
        )
        for live in gateway.sources.all()
        if (only is None and live.row.state != "disconnected") or live.row.id == only
    ]  # fmt: skip


async def test_shape(gateway: Gateway, source_id: str) -> shapes.TestSession | None:
    """A source's live test; None: there is none."""
    row = await gateway.database.read(testing.find, source_id)
    live = gateway.sources.get(source_id)
    if row is None or live is None:
        return None
    return {
        "code": row.code, "link": live.channel.test_link(row.code), "started_at": row.started_at,
        "steps": cast(Any, testing.steps(row)), "message_at": row.message_at, "conversation_id": row.conversation_id,
        "would_get": None,
    }  # fmt: skip


async def members_of(gateway: Gateway) -> list[shapes.Member]:
    """Everybody who works here, with what they have on their hands now."""
    database = gateway.database
    rows = await database.read(team.members)
    roles = await database.read(team.roles_of)
    setup = await setup_of(gateway)
    weights = {live.row.id: live.channel.can().weight for live in gateway.sources.all()}
    now = gateway.now()
    people = await database.read(leads.members, setup.schedule, weights, now)
    queues = await database.read(leads.queues, setup.schedule)
    return [
        {
            "id": row.id, "name": row.name, "email": row.email or "", "roles": roles.get(row.id, []),
            "active": bool(row.active),
            "presence": {
                "state": row.presence or "off", "until": row.presence_until, "automatic": bool(row.presence_automatic),
            },
            "load": people[row.id].load, "capacity": people[row.id].capacity,
            "invited": not (row.password_hash or row.needs_setup or row.seen_at or row.demo), "team_id": row.team_id,
            "skills": sorted(people[row.id].skills), "may_own": people[row.id].may_own,
            "held": [*held_back(people[row.id], queues.values(), now)], "overdue_tasks": people[row.id].overdue_tasks,
            "idle_deals": people[row.id].idle_deals, "shift": _shift(people[row.id]),
            "gate_until": _gate(people[row.id], now), "substitute_id": people[row.id].substitute or None,
        }
        for row in rows
    ]  # fmt: skip


def _shift(member: Member) -> shapes.Shift | None:
    if member.shift is None or member.shift == ROUND_THE_CLOCK:
        return None
    return {"opens_at": member.shift.opens_at, "closes_at": member.shift.closes_at}


def _gate(member: Member, now: int) -> int | None:
    until = (member.lifted or {}).get("discipline", 0)
    return until if until > now else None


async def draft_of(
    gateway: Gateway, member_id: str, conversation_id: str, mode: Literal["reply", "note"]
) -> shapes.Draft:
    """A member's draft; an empty one when there is none."""
    row = await gateway.database.read(drafts.find, member_id, conversation_id, mode)
    files = orjson.loads(row.files) if row is not None else []
    return {
        "conversation_id": conversation_id, "mode": mode, "text": row.text if row is not None else "",
        "files": await gateway.database.read(drafts.uploads, files, member_id),
        "reply_to": row.reply_to_id if row is not None else None, "version": row.version if row is not None else 0,
    }  # fmt: skip
