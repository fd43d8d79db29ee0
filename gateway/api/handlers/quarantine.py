"""What was taken for spam, and how is it let out?"""

from __future__ import annotations

import orjson
from pydantic import Field

from gateway.api import shapes
from gateway.api.handlers.inbox import item_of
from gateway.api.layer import Body, Call, Query, route
from gateway.quarantine import release
from gateway.refusals import Refusal
from storage import quarantine

LOOK, ANSWER = "source.replay", "conversation.reply"
MOST = 500


class QuarantineQuery(Query):
    cursor: str | None = Field(default=None, max_length=120)
    limit: int = Field(default=50, ge=1, le=200)


class Release(Body):
    message_ids: list[str] = Field(min_length=1, max_length=MOST)


async def _must_be(call: Call) -> None:
    if await call.gateway.sources.find(call.path("id")) is None:
        raise Refusal("not_found", 404)


@route("GET", "/sources/{id}/quarantine", answer=shapes.Quarantine, query=QuarantineQuery, needs=LOOK)
async def list_quarantine(call: Call, query: QuarantineQuery) -> shapes.Quarantine:
    """A source's messages taken for spam, newest first, each with why."""
    await _must_be(call)
    at, _, last = (query.cursor or "").partition("_")
    before = (int(at), last) if at.isascii() and at.isdigit() and len(at) < 19 else None
    rows = await call.gateway.database.read(quarantine.listed, call.path("id"), before, query.limit + 1)
    kept = rows[: query.limit]
    words = call.account.everywhere("conversation.read")
    total = await call.gateway.database.read(quarantine.count, call.path("id"))
    return {
        "items": [_shape(row, words=words) for row in kept],
        "total": total,
        "next": f"{kept[-1].at}_{kept[-1].id}" if len(rows) > query.limit else None,
    }


def _shape(row: object, *, words: bool) -> shapes.Quarantined:
    """One of them; who may not read conversations sees why, not what."""
    content = orjson.loads(row.content)  # type: ignore[attr-defined]
    fields = content.get("fields", []) if words else []
    return {
        "id": row.id,  # type: ignore[attr-defined]
        "conversation_id": row.conversation_id,  # type: ignore[attr-defined]
        "contact": {"id": row.contact_id, "name": row.contact_name if words else ""},  # type: ignore[attr-defined]
        "at": row.at,  # type: ignore[attr-defined]
        "text": row.text[:500] if words else "",  # type: ignore[attr-defined]
        "fields": fields[:20],
        "reasons": content.get("doubts", []),
        "may_release": row.envelope_id is not None,  # type: ignore[attr-defined]
    }


@route("POST", "/sources/{id}/quarantine/release", answer=shapes.Released, body=Release, needs=LOOK)
async def release_many(call: Call, body: Release) -> shapes.Released:
    """Let these out: they become leads as if they had come just now."""
    await _must_be(call)
    return {"released": await release(call.gateway, body.message_ids, call.me)}


@route("POST", "/messages/{id}/release", answer=shapes.Released, needs=ANSWER)
async def release_one(call: Call) -> shapes.Released:
    """Let one message out."""
    item = await item_of(call, call.path("id"))
    return {"released": await release(call.gateway, [item["id"]], call.me)}
