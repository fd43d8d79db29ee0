"""How does a person write? Answers, notes, drafts, and what to do with what did not leave."""

from __future__ import annotations

import re
from typing import Literal

import orjson
from pydantic import Field

from gateway import replies
from gateway.api import shapes
from gateway.api.handlers.inbox import item_of, items_of
from gateway.api.layer import Body, Call, route
from gateway.api.rights import must_see
from gateway.context import Gateway
from gateway.refusals import Refusal
from storage import acts, drafts

REPLY = "conversation.reply"
_uuid7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class NewMessage(Body):
    id: str
    text: str = Field(default="", max_length=100_000)
    file_ids: list[str] = Field(default_factory=list, max_length=20)
    reply_to: str | None = None
    last_seen: str | None = None
    hold_ms: int | None = Field(default=None, ge=0, le=60_000)
    override_reason: str | None = Field(default=None, max_length=500)
    anyway: bool = False


class NewNote(Body):
    id: str
    text: str = Field(min_length=1, max_length=20_000)


class Outcome(Body):
    outcome: Literal["sent", "not_sent"]


class DraftChange(Body):
    text: str = Field(default="", max_length=100_000)
    file_ids: list[str] = Field(default_factory=list, max_length=20)
    reply_to: str | None = None
    version: int = Field(default=0, ge=0)


def own_id(value: str) -> str:
    """An id made by the client. Raises Refusal bad_request when it is no UUIDv7."""
    if not _uuid7.fullmatch(value):
        raise Refusal("bad_request", 422, field="id")
    return value


@route("POST", "/conversations/{id}/messages", answer=shapes.Sent, body=NewMessage, needs=REPLY, status=201)
async def send(call: Call, body: NewMessage) -> shapes.Sent:
    """Answer a client; the same id again is the same message."""
    ref = call.path("id")
    await must_see(call, ref)
    ids, not_before = await replies.reply(
        call.gateway, call.me, ref, id=own_id(body.id), text=body.text, file_ids=body.file_ids, reply_to=body.reply_to,
        last_seen=body.last_seen, hold_ms=body.hold_ms, override_reason=body.override_reason, anyway=body.anyway,
    )  # fmt: skip
    return {"items": await items_of(call.gateway, call.account, ids), "not_before": not_before}


@route("POST", "/conversations/{id}/notes", answer=shapes.Sent, body=NewNote, needs=REPLY, status=201)
async def add_note(call: Call, body: NewNote) -> shapes.Sent:
    """Write a note that the client does not see."""
    ref = call.path("id")
    await must_see(call, ref)
    note_id = await call.gateway.database.write(acts.note, ref, call.me, own_id(body.id), body.text.strip())
    return {"items": await items_of(call.gateway, call.account, [note_id]), "not_before": call.now}


@route("DELETE", "/messages/{id}", answer=shapes.Undone, needs=REPLY)
async def undo_message(call: Call) -> shapes.Undone:
    """Take a message back while it is held."""
    item = await item_of(call, call.path("id"))
    text, uploads = await replies.undo(call.gateway, call.me, item["id"])
    return {"text": text, "files": await call.gateway.database.read(drafts.uploads, uploads, call.me)}


@route("POST", "/messages/{id}/retry", answer=shapes.Item, needs=REPLY)
async def retry(call: Call) -> shapes.Item:
    """Try a failed message once more."""
    item = await item_of(call, call.path("id"))
    await replies.retry(call.gateway, call.me, item["id"])
    return await item_of(call, item["id"])


@route("POST", "/messages/{id}/resolve", answer=shapes.Item, body=Outcome, needs=REPLY)
async def resolve(call: Call, body: Outcome) -> shapes.Item:
    """Say what became of a message that nobody knows about."""
    item = await item_of(call, call.path("id"))
    await replies.resolve(call.gateway, call.me, item["id"], body.outcome)
    return await item_of(call, item["id"])


@route("POST", "/messages/{id}/cancel", answer=shapes.Item, needs=REPLY)
async def cancel(call: Call) -> shapes.Item:
    """Give a waiting message up."""
    item = await item_of(call, call.path("id"))
    await replies.cancel(call.gateway, call.me, item["id"])
    return await item_of(call, item["id"])


def _mode(call: Call) -> Literal["reply", "note"]:
    match call.path("mode"):
        case "reply":
            return "reply"
        case "note":
            return "note"
        case _:
            raise Refusal("not_found", 404)


@route("GET", "/drafts/{id}/{mode}", answer=shapes.Draft, needs=REPLY)
async def read_draft(call: Call) -> shapes.Draft:
    """One's own draft; an empty one when there is none."""
    return await draft_of(call.gateway, call.me, call.path("id"), _mode(call))


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


@route("PUT", "/drafts/{id}/{mode}", answer=shapes.Draft, body=DraftChange, needs=REPLY)
async def write_draft(call: Call, body: DraftChange) -> shapes.Draft:
    """Keep what is being written; `version` is the one this was made from."""
    ref, mode = call.path("id"), _mode(call)
    await must_see(call, ref)
    await call.gateway.database.write(
        drafts.save, call.me, ref, mode, body.text, body.file_ids, body.reply_to, body.version
    )
    return await draft_of(call.gateway, call.me, ref, mode)


@route("DELETE", "/drafts/{id}/{mode}", status=204, needs=REPLY)
async def drop_draft(call: Call) -> None:
    """Throw a draft away."""
    await call.gateway.database.write(drafts.drop, call.me, call.path("id"), _mode(call))
