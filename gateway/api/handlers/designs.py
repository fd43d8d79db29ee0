"""How does the public face of a source come to be: drafted, looked at, published, rolled back?"""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web
from pydantic import Field

from channels.base import Check, Envelope
from channels.pages import Designed, DesignedPages, Learner
from gateway.api import shapes
from gateway.api.layer import Body, Call, route
from gateway.refusals import Refusal
from gateway.sources import Live
from storage import designs

READ, EDIT = "source.read", "source.edit"
LARGEST = 100_000


class DraftSave(Body):
    content: str = Field(max_length=LARGEST)
    revision: int = Field(ge=0)


class Publication(Body):
    note: str = Field(default="", max_length=500)


class Restoration(Body):
    number: int = Field(ge=1)


async def _designed(call: Call) -> tuple[Live, Designed]:
    """The source and its channel. Raises Refusal not_found where nothing can be designed."""
    live = await call.gateway.sources.find(call.path("id"))
    if live is None or not isinstance(live.channel, Designed):
        raise Refusal("not_found", 404)
    if isinstance(live.channel, Learner) and not live.channel.learns:
        raise Refusal("not_found", 404)
    return live, live.channel


async def _shape(call: Call) -> shapes.Design:
    live, channel = await _designed(call)
    read, ref = call.gateway.database.read, live.row.id
    published = live.row.settings.get(channel.design, "")
    draft = await read(designs.draft, ref)
    rows = await read(designs.versions, ref)
    content = draft.content if draft is not None else published
    number = live.row.settings.get(designs.version_setting(channel.design), "0")
    return {
        "number": int(number), "published": published, "content": content,
        "revision": draft.revision if draft is not None else 0,
        "changed": draft is not None and draft.content != published,
        "changed_at": draft.at if draft is not None else None, "changed_by": draft.by if draft is not None else "",
        "checks": [_check(one) for one in channel.examine(content)],
        "versions": [
            {
                "number": row.number, "at": row.at, "by": row.by_name or "", "note": row.note,
                "restored_from": row.restored_from,
            }
            for row in rows
        ],
    }  # fmt: skip


def _check(check: Check) -> shapes.CheckShape:
    return {"code": check.code, "ok": check.ok, "detail": check.detail, "params": dict(check.params)}


@route("GET", "/sources/{id}/design", answer=shapes.Design, needs=READ)
async def read_design(call: Call) -> shapes.Design:
    """What is published, what is worked on, and what was before."""
    return await _shape(call)


@route("PUT", "/sources/{id}/design/draft", answer=shapes.Design, body=DraftSave, needs=EDIT)
async def save_draft(call: Call, body: DraftSave) -> shapes.Design:
    """Keep what is worked on; the public sees nothing of it."""
    live, _ = await _designed(call)
    await call.gateway.database.write(designs.save, live.row.id, call.me, body.content, body.revision)
    return await _shape(call)


@route("DELETE", "/sources/{id}/design/draft", answer=shapes.Design, needs=EDIT)
async def discard_draft(call: Call) -> shapes.Design:
    """Forget what was worked on."""
    live, _ = await _designed(call)
    await call.gateway.database.write(designs.discard, live.row.id)
    return await _shape(call)


@route("POST", "/sources/{id}/design/publish", answer=shapes.Design, body=Publication, needs=EDIT)
async def publish(call: Call, body: Publication) -> shapes.Design:
    """Show the draft to the public; refused with the first thing it lacks."""
    live, channel = await _designed(call)
    draft = await call.gateway.database.read(designs.draft, live.row.id)
    content = draft.content if draft is not None else live.row.settings.get(channel.design, "")
    _must_be_sound(channel, content)
    await call.gateway.database.write(
        designs.publish,
        live.row.id,
        channel.design,
        content,
        call.me,
        note=body.note.strip(),
        along=channel.along,
    )
    await call.gateway.sources.look()
    return await _shape(call)


@route("POST", "/sources/{id}/design/restore", answer=shapes.Design, body=Restoration, needs=EDIT)
async def restore(call: Call, body: Restoration) -> shapes.Design:
    """Publish an older version again, as a new one: nothing is lost, and it can be rolled back too."""
    live, channel = await _designed(call)
    content = await call.gateway.database.read(designs.version, live.row.id, body.number)
    if content is None:
        raise Refusal("not_found", 404, field="number")
    _must_be_sound(channel, content)
    await call.gateway.database.write(
        designs.publish,
        live.row.id,
        channel.design,
        content,
        call.me,
        restored_from=body.number,
        along=channel.along,
    )
    await call.gateway.sources.look()
    return await _shape(call)


def _must_be_sound(channel: Designed, content: str) -> None:
    for check in channel.examine(content):
        if not check.ok:
            raise Refusal("bad_design", 422, problem=check.code, where=check.detail)


@route("GET", "/sources/{id}/design/preview", needs=READ)
async def preview(call: Call) -> web.Response:
    """The draft as a visitor would see it; it cannot be sent."""
    live, channel = await _designed(call)
    if not isinstance(channel, DesignedPages):
        raise Refusal("not_found", 404)
    draft = await call.gateway.database.read(designs.draft, live.row.id)
    content = draft.content if draft is not None else live.row.settings.get(channel.design, "")
    reply = channel.preview(content, replace(Envelope(body=b"", received_at=call.now), method="GET"))
    headers = {**reply.headers, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    headers["Content-Type"] = f"{reply.content_type}; charset=utf-8"
    return web.Response(status=reply.status, body=reply.body, headers=headers)
