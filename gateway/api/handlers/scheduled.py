"""What was written for later? Kept, seen by everybody who sees the conversation, changed, sent at once, taken back."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from gateway import scheduling
from gateway.api import build, shapes
from gateway.api.handlers.inbox import items_of
from gateway.api.handlers.writing import (
    LetterGiven,
    NewMessage,
    SpanGiven,
    own_id,
    shared,
    stretches,
    wish_of_letter,
)
from gateway.api.layer import Body, Call, Query, route
from gateway.api.rights import READ, must_see, sees
from gateway.refusals import Refusal
from storage import queue, scheduled
from storage.team import Account

REPLY = "conversation.reply"
ANYBODYS = "conversation.assign"


class Later(NewMessage):
    """An answer, and when it goes."""

    waits_for: Literal["time", "client"]
    at: int = Field(ge=0, le=2**53)
    """When it goes; when it waits for the client: when it is given up. Microseconds UTC."""


class LaterChange(Body):
    version: int = Field(ge=0)
    text: str | None = Field(default=None, max_length=100_000)
    spans: list[SpanGiven] | None = Field(default=None, max_length=100)
    letter: LetterGiven | None = None
    waits_for: Literal["time", "client"] | None = None
    at: int | None = Field(default=None, ge=0, le=2**53)
    anyway: bool | None = None
    last_seen: str | None = None


class PageQuery(Query):
    scope: Literal["contact", "conversation"] = "contact"
    cursor: str | None = Field(default=None, max_length=300)
    limit: int = Field(default=50, ge=1, le=200)


@route("POST", "/conversations/{id}/scheduled", answer=shapes.Scheduled, body=Later, needs=REPLY, status=201)
async def schedule(call: Call, body: Later) -> shapes.Scheduled:
    """Write an answer for later; the same id again is the same answer."""
    ref = call.path("id")
    await must_see(call, ref)
    if body.override_reason is not None or body.hold_ms is not None:
        raise Refusal("bad_request", 422, field="override_reason" if body.override_reason else "hold_ms")
    wish = scheduling.Wish(
        id=own_id(body.id), text=body.text, waits_for=body.waits_for, at=body.at, anyway=body.anyway,
        spans=stretches(body.text, body.spans), file_ids=tuple(body.file_ids), reply_to=body.reply_to,
        last_seen=body.last_seen, letter=await wish_of_letter(call, body.letter), shared=shared(body),
    )  # fmt: skip
    return await _shape(call, await scheduling.schedule(call.gateway, call.me, ref, wish))


@route("GET", "/conversations/{id}/scheduled", answer=shapes.ScheduledPage, query=PageQuery, needs=READ)
async def listed(call: Call, query: PageQuery) -> shapes.ScheduledPage:
    """What waits, or was stopped and waits for a person: in the contact's conversations, or in this one, the soonest first."""
    ref = call.path("id")
    await must_see(call, ref)
    database = call.gateway.database
    conversations = await database.read(scheduled.beside, ref) if query.scope == "contact" else [ref]
    seen = await database.read(queue.visible, conversations, sees(call.account))
    rows, following = await database.read(scheduled.page, sorted(seen), query.cursor, query.limit)
    files = await database.read(scheduled.files_of, rows)
    return {"items": [build.scheduled(call.gateway, row, files) for row in rows], "next": following}


@route("PATCH", "/scheduled/{id}", answer=shapes.Scheduled, body=LaterChange, needs=REPLY)
async def change(call: Call, body: LaterChange) -> shapes.Scheduled:
    """Give it other words or another moment; one that was stopped waits again."""
    row = await _row(call)
    wish = scheduling.wish_of(row)
    words = wish.text if body.text is None else body.text
    spans = wish.spans if body.text is None else stretches(words, body.spans or [])
    changed = scheduling.Wish(
        id=wish.id, text=words, spans=spans, file_ids=wish.file_ids, reply_to=wish.reply_to, shared=wish.shared,
        waits_for=body.waits_for or wish.waits_for, at=wish.at if body.at is None else body.at,
        anyway=wish.anyway if body.anyway is None else body.anyway, last_seen=body.last_seen,
        letter=await wish_of_letter(call, body.letter) or wish.letter,
    )  # fmt: skip
    await scheduling.change(call.gateway, call.me, row, changed, body.version)
    return await _shape(call, row.id)


@route("POST", "/scheduled/{id}/send", answer=shapes.Sent, body=Body, needs=REPLY)
async def send_now(call: Call, _: Body) -> shapes.Sent:
    """Send it at once."""
    row = await _row(call)
    await scheduling.send_now(call.gateway, call.me, row)
    return {"items": await items_of(call.gateway, call.account, [row.id]), "not_before": call.now}


@route("DELETE", "/scheduled/{id}", answer=shapes.Scheduled, needs=REPLY)
async def cancel(call: Call) -> shapes.Scheduled:
    """Take it back before it goes; `restore` brings it back."""
    row = await _row(call)
    await call.gateway.database.write(
        scheduled.cancel, row.id, call.me, _anybodys(call.account, row.member_id)
    )
    return await _shape(call, row.id)


@route("POST", "/scheduled/{id}/restore", answer=shapes.Scheduled, body=Body, needs=REPLY)
async def restore(call: Call, _: Body) -> shapes.Scheduled:
    """Let one that was taken back wait again."""
    row = await _row(call)
    await call.gateway.database.write(
        scheduled.restore, row.id, call.me, _anybodys(call.account, row.member_id)
    )
    return await _shape(call, row.id)


def _anybodys(account: Account, author_id: str) -> bool:
    """Whether the member may take back what this colleague wrote."""
    return account.reach(ANYBODYS).covers(author_id)


async def _row(call: Call) -> Any:
    """The row in a conversation that the member may see. Raises Refusal not_found."""
    row = await call.gateway.database.read(scheduled.find, call.path("id"))
    if row is None:
        raise Refusal("not_found", 404)
    await must_see(call, row.conversation_id)
    return row


async def _shape(call: Call, ref: str) -> shapes.Scheduled:
    row = await call.gateway.database.read(scheduled.find, ref)
    if row is None:
        raise Refusal("not_found", 404)
    files = await call.gateway.database.read(scheduled.files_of, [row])
    return build.scheduled(call.gateway, row, files)
