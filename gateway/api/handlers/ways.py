"""Where does the member hear of offers when no page is open?"""

from __future__ import annotations

from typing import Literal, cast

from pydantic import Field
from typing_extensions import TypedDict

import channels
from gateway.api.layer import Body, Call, route
from gateway.api.rights import must_lead
from gateway.refusals import Refusal
from gateway.rules import LETTERS
from gateway.sources import Live
from storage import ways


class WayShape(TypedDict):
    id: str
    kind: Literal["bot", "mail"]
    source_id: str
    name: str
    address: str
    state: Literal["asked", "active", "blocked"]


class WaySource(TypedDict):
    """By what one can be told."""

    id: str
    kind: Literal["bot", "mail"]
    name: str


class Ways(TypedDict):
    items: list[WayShape]
    sources: list[WaySource]


class NewWay(Body):
    source_id: str = Field(max_length=80)


class AskedWay(TypedDict):
    """A bot is started by the link, or with the code; a mail address works at once and has neither."""

    link: str
    code: str


@route("GET", "/me/ways", answer=Ways)
async def list_ways(call: Call) -> Ways:
    """One's own ways, and what there is to choose from."""
    return await _ways(call, call.me)


@route("GET", "/members/{id}/ways", answer=Ways, needs="member.edit")
async def ways_of_colleague(call: Call) -> Ways:
    """How a colleague is told of offers when no page is open; only they can change it."""
    must_lead(call, call.path("id"))
    return await _ways(call, call.path("id"))


async def _ways(call: Call, member_id: str) -> Ways:
    rows = await call.gateway.database.read(ways.of_member, member_id)
    known = {live.row.id: live for live in call.gateway.sources.all()}
    return {
        "items": [
            {
                "id": row.id, "kind": "mail" if row.kind == LETTERS else "bot", "source_id": row.source_id,
                "name": known[row.source_id].row.name, "address": row.value if row.kind == LETTERS else "",
                "state": cast("Literal['asked', 'active', 'blocked']", row.state),
            }
            for row in rows
            if row.source_id in known
        ],
        "sources": [
            {"id": live.row.id, "kind": kind, "name": live.row.name}
            for live in known.values()
            if (kind := way_of(live)) is not None
        ],
    }  # fmt: skip


def way_of(live: Live) -> Literal["bot", "mail"] | None:
    """How a source can tell colleagues something; None: it cannot."""
    can = live.channel.can()
    if live.row.state != "active":
        return None
    if live.row.staff and can.tells_staff:
        return "bot"
    return "mail" if can.reply and can.first and LETTERS in channels.about(live.row.channel).kinds else None


@route("POST", "/me/ways", answer=AskedWay, body=NewWay, status=201)
async def add_way(call: Call, body: NewWay) -> AskedWay:
    """Be told of offers by a bot, which is to be started with the code, or by mail to one's own address."""
    live = await call.gateway.sources.find(body.source_id)
    kind = way_of(live) if live is not None else None
    if live is None or kind is None:
        raise Refusal("bad_request", 422, field="source_id")
    if kind == "mail":
        if not call.account.email:
            raise Refusal("bad_request", 422, field="email")
        await call.gateway.database.write(ways.add_mail, call.me, live.row.id, call.account.email)
        return {"link": "", "code": ""}
    code = await call.gateway.database.write(ways.ask, call.me, live.row.id)
    return {"link": live.channel.campaign_link(code), "code": code}


@route("DELETE", "/me/ways/{id}", status=204)
async def remove_way(call: Call) -> None:
    """Be told nothing there any more."""
    await call.gateway.database.write(ways.remove, call.me, call.path("id"))
