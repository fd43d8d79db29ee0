"""How do files come in and go out? Streamed, told apart by their bytes, shown only to who may see their message."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, Literal
from urllib.parse import quote

from aiohttp import web
from pydantic import Field

from gateway.api import shapes
from gateway.api.handlers.inbox import item_of
from gateway.api.layer import Call, Query, route
from gateway.api.rights import must_see
from gateway.clock import new_id
from gateway.media import kind_of
from gateway.refusals import Refusal
from storage import drafts, media, recordings
from storage.files import TooLarge

CHUNK: Final = 64 * 1024
SHOWN: Final = ("image/", "audio/", "video/")
NEVER_SHOWN: Final = frozenset({"image/svg+xml"})
ALONE: Final = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
"""A file opened by itself: the browser's own viewer is styled inline, and nothing in the file may run or ask."""


class FileQuery(Query):
    name: str = Field(default="file", min_length=1, max_length=255)
    kind: Literal["photo", "video", "voice", "audio", "file"] | None = None


@route("POST", "/files", answer=shapes.Uploaded, query=FileQuery, needs="conversation.reply", status=201)
async def upload(call: Call, query: FileQuery) -> shapes.Uploaded:
    """Keep a file that is about to be sent; the body is the file."""
    limit = call.gateway.config.max_upload
    if (call.request.content_length or 0) > limit:
        raise Refusal("too_large", 413, limit=limit)
    try:
        stored = await call.gateway.files.put(_chunks(call.request), limit)
    except TooLarge:
        raise Refusal("too_large", 413, limit=limit) from None
    if not stored.size:
        raise Refusal("bad_request", 422, field="body")
    name = query.name.replace("/", "_").replace("\\", "_").replace("\0", "")
    mime = kind_of(stored.head, call.request.content_type, name)
    upload_id = new_id()
    kind = query.kind or _kind(mime)
    await call.gateway.database.write(
        drafts.add_upload, upload_id, call.me, stored.digest, name, mime, kind, stored.size
    )
    return {"id": upload_id, "name": name, "mime": mime, "size": stored.size}


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    async for chunk in request.content.iter_chunked(CHUNK):
        yield chunk


def _kind(mime: str) -> str:
    if mime in ("image/jpeg", "image/png", "image/webp", "image/gif"):
        return "photo"
    if mime.startswith("video/"):
        return "video"
    return "audio" if mime.startswith("audio/") else "file"


@route("GET", "/attachments/{id}", needs="conversation.read")
async def attachment(call: Call) -> web.StreamResponse:
    """A file of a message, whole or in ranges."""
    row = await _row(call)
    if row.digest is None or row.state != "ready":
        raise Refusal("not_found", 404)
    if row.of_call:
        call.need("recording.listen")
        item = await item_of(call, row.message_id)
        await must_see(call, item["conversation_id"], "recording.listen")
        if call.request.http_range.start in (None, 0):  # a player's later pieces are the same listening
            await call.gateway.database.write(
                recordings.listened, call.me, call.path("id"), row.message_id, call.request.remote or ""
            )
    return _file(call, row.digest, row.mime, row.name)


@route("GET", "/attachments/{id}/thumb", needs="conversation.read")
async def thumb(call: Call) -> web.StreamResponse:
    """A small picture of it."""
    row = await _row(call)
    if row.thumb is None:
        raise Refusal("not_found", 404)
    return _file(call, row.thumb, "image/jpeg", "thumb.jpg")


async def _row(call: Call) -> media.Kept:
    row = await call.gateway.database.read(media.kept, call.path("id"))
    if row is None:
        raise Refusal("not_found", 404)
    item = await item_of(call, row.message_id)
    if item["nature"] == "personal":
        raise Refusal("not_found", 404)
    return row


def _file(call: Call, digest: str, mime: str, name: str) -> web.FileResponse:
    path = call.gateway.files.path(digest)
    if not path.is_file():
        raise Refusal("not_found", 404)
    inline = mime.startswith(SHOWN) and mime not in NEVER_SHOWN
    headers = {
        "Content-Type": mime if inline or mime == "application/pdf" else "application/octet-stream",
        "Content-Disposition": f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{quote(name or 'file')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": ALONE,
        "Cache-Control": "private, max-age=86400",
    }
    return web.FileResponse(path, headers=headers)


@route("POST", "/attachments/{id}/retry", answer=shapes.Item, needs="conversation.reply")
async def retry_attachment(call: Call) -> shapes.Item:
    """Try to fetch a file again."""
    row = await _row(call)
    if not await call.gateway.database.write(media.fetch_again, call.path("id")):
        raise Refusal("not_now")
    return await item_of(call, row.message_id)
