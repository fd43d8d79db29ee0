"""How is a source taught what somebody's fields mean? By clicking on what it received."""

from __future__ import annotations

import dataclasses
from typing import Any

from pydantic import Field

from channels.errors import PayloadUnreadable
from channels.events import InboundMessage
from channels.pages import Taught
from gateway.api import shapes
from gateway.api.layer import Body, Call, route
from gateway.parsing import body_of, restore
from gateway.refusals import Refusal
from storage import waiting
from storage.waiting import NAMES, OPENED, SET_ASIDE, Stored

READ, EDIT = "source.read", "source.edit"
LAST = 50
HIDDEN = "•••"


class Lessons(Body):
    envelope_id: int
    lessons: str = Field(max_length=40_000)


async def _taught(call: Call) -> Taught:
    live = await call.gateway.sources.find(call.path("id"))
    if live is None or not isinstance(live.channel, Taught):
        raise Refusal("not_found", 404)
    return live.channel


@route("GET", "/sources/{id}/samples", answer=shapes.Samples, needs=READ)
async def list_samples(call: Call) -> shapes.Samples:
    """The last things received, newest first."""
    await _taught(call)
    rows: list[Stored] = []
    for state in (OPENED, SET_ASIDE):
        rows += await call.gateway.database.read(waiting.listed, call.path("id"), state, None, LAST)
    newest = sorted(rows, key=lambda row: -row.id)[:LAST]
    return {
        "items": [
            {
                "id": row.id, "at": row.received_at, "state": NAMES[row.state], "error": row.error[:200],
                "type": row.headers.get("content-type", "")[:100], "size": row.size,
            }
            for row in newest
        ]
    }  # fmt: skip


async def _sample(call: Call, envelope_id: int) -> Stored:
    row = await call.gateway.database.read(waiting.find, envelope_id)
    if row is None or row.source_id != call.path("id"):
        raise Refusal("not_found", 404)
    return row


@route("GET", "/sources/{id}/samples/{envelope}", answer=shapes.Sample, needs=READ)
async def one_sample(call: Call) -> shapes.Sample:
    """One of them as its values, each with what it is taken for; values only for who may read conversations."""
    channel, row = await _taught(call), await _sample(call, call.number("envelope"))
    words = call.account.everywhere("conversation.read")
    try:
        leaves = channel.sample(restore(row, await body_of(call.gateway, row)))
    except PayloadUnreadable as error:
        raise Refusal("unreadable", 422, problem=error.code) from None
    return {
        "id": row.id,
        "leaves": [
            {"path": leaf.path, "value": leaf.value if words else HIDDEN, "target": leaf.target} for leaf in leaves
        ],
    }  # fmt: skip


@route("POST", "/sources/{id}/lessons/preview", answer=shapes.Lesson, body=Lessons, needs=EDIT)
async def preview_lessons(call: Call, body: Lessons) -> shapes.Lesson:
    """What would be read with these lessons; nothing is kept."""
    channel, row = await _taught(call), await _sample(call, body.envelope_id)
    envelope = restore(row, await body_of(call.gateway, row))
    try:
        events = channel.read_as(body.lessons, envelope)
    except PayloadUnreadable as error:
        raise Refusal("unreadable", 422, problem=error.code) from None
    except ValueError as error:
        raise Refusal("bad_settings", 422, field="lessons", problem=str(getattr(error, "code", ""))) from None
    said = next((event for event in events if isinstance(event, InboundMessage)), None)
    if said is None:
        raise Refusal("unreadable", 422, problem="nothing_of_use")
    return _shape(said, words=call.account.everywhere("conversation.read"))


def _shape(said: InboundMessage, *, words: bool) -> shapes.Lesson:
    def shown(value: str) -> str:
        return value if words or not value else HIDDEN

    def all_shown(values: Any) -> dict[str, str]:
        return {name: shown(value) for name, value in values.items()}

    addresses = (said.sender.identity, *said.sender.also)
    return {
        "name": shown(said.sender.name),
        "identities": [
            {"kind": one.kind, "value": shown(one.value)} for one in addresses if one.kind != "submission"
        ],
        "text": shown(said.text), "title": said.title,
        "fields": [{"label": field.label, "value": shown(field.value)} for field in said.fields],
        "contact_fields": all_shown(said.contact_fields), "deal_fields": all_shown(said.deal_fields),
        "attribution": {name: value for name, value in dataclasses.asdict(said.attribution).items() if value},
        "external_id": said.external_id,
    }  # fmt: skip
