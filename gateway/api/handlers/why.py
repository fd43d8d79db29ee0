"""Why was it decided so, and what came in really?"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import quote

from aiohttp import web

from gateway import dryrun
from gateway.api import build, shapes
from gateway.api.handlers.inbox import item_of
from gateway.api.layer import PREFIX, Body, Call, Query, route
from gateway.api.rights import must_see_contact, must_see_deal
from gateway.outgoing import message_of
from gateway.parsing import body_of
from gateway.redaction import blank
from gateway.refusals import Refusal
from storage import cards, plans, posting, timeline, waiting

SHOWN = 256 * 1024


class DryRun(Body):
    source_id: str
    at: int | None = None


class LetterQuery(Query):
    images: int = 0
    quoted: int = 0
    """1: what the letter repeats of earlier ones is shown too."""


async def _decisions(call: Call, records: Sequence[Mapping[str, Any]]) -> list[shapes.Decision]:
    words = call.account.may("conversation.read")
    names = await call.gateway.database.read(cards.names, build.refs_of(records), titles=words)
    if any(record["kind"] == "rules" for record in records):
        names.update(await call.gateway.database.read(plans.names))
    return [build.decision(record, names) for record in records]


@route("GET", "/messages/{id}/decisions", answer=shapes.Decisions, needs="conversation.read")
async def message_decisions(call: Call) -> shapes.Decisions:
    """Why a message is where it is."""
    item = await item_of(call, call.path("id"))
    records = await call.gateway.database.read(cards.decisions, message_id=item["id"])
    return {"items": await _decisions(call, records)}


@route("GET", "/deals/{id}/decisions", answer=shapes.Decisions, needs="deal.read")
async def deal_decisions(call: Call) -> shapes.Decisions:
    """Why a lead went to whom it went."""
    await must_see_deal(call, call.path("id"))
    records = await call.gateway.database.read(cards.decisions, deal_id=call.path("id"))
    return {"items": await _decisions(call, records)}


@route("GET", "/decisions/{id}", answer=shapes.Decision, needs="deal.read")
async def one_decision(call: Call) -> shapes.Decision:
    """One stored decision."""
    records = await call.gateway.database.read(cards.decisions, decision_id=call.path("id"))
    if not records:
        raise Refusal("not_found", 404)
    if not call.account.everywhere("deal.read"):
        await must_see_contact(call, records[0]["contact_id"] or "")
    return (await _decisions(call, records))[0]


@route("POST", "/routing/dry-run", answer=shapes.Decision, body=DryRun, needs="source.read")
async def dry_run(call: Call, body: DryRun) -> shapes.Decision:
    """Who would get a new lead of this source; changes nothing."""
    decision = await dryrun.dry_run(call.gateway, body.source_id, body.at)
    record = {**decision.to_json(), "at": body.at or call.now}
    return (await _decisions(call, [record]))[0]


@route("GET", "/messages/{id}/html", query=LetterQuery, needs="conversation.read")
async def letter(call: Call, query: LetterQuery) -> web.Response:
    """A letter as a page of its own that can run nothing."""
    from gateway.letters import letter_csp, page_of  # its library is loaded with the first letter

    item = await item_of(call, call.path("id"))
    html = await call.gateway.database.read(timeline.letter, item["id"])
    if html is None:
        raise Refusal("not_found", 404)
    inline = await call.gateway.database.read(timeline.inline_files, item["id"])
    urls = {cid: f"{PREFIX}/attachments/{ref}" for cid, ref in inline.items()}
    body = await asyncio.to_thread(page_of, html, urls, remote=query.images == 1, quoted=query.quoted == 1)
    headers = {
        "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": letter_csp(query.images == 1),
        "X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store",
    }  # fmt: skip
    return web.Response(body=body.encode(), headers=headers)


@route("GET", "/messages/{id}/eml", needs="conversation.read")
async def eml(call: Call) -> web.Response:
    """A letter as it came or left, to keep or to open in a mail program."""
    item = await item_of(call, call.path("id"))
    if item["mail"] is None and item["kind"] != "mail":
        raise Refusal("not_found", 404)
    body = await _letter_bytes(call, item["id"])
    if body is None:
        raise Refusal("not_found", 404)
    name = re.sub(r"[^\w .-]+", "_", item["subject"]).strip(" ._")[:80] or "letter"
    headers = {
        "Content-Type": "message/rfc822", "X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}.eml",
    }  # fmt: skip
    return web.Response(body=body, headers=headers)


async def _letter_bytes(call: Call, message_id: str) -> bytes | None:
    """What came in, or what we sent, made anew of the same stored bytes. None: there is none."""
    envelope_id = await call.gateway.database.read(waiting.envelope_of, message_id)
    if envelope_id is not None:
        stored = await call.gateway.database.read(waiting.find, envelope_id)
        kept = stored is not None and (stored.body is not None or stored.body_file is not None)
        return await body_of(call.gateway, stored) if stored is not None and kept else None
    part = await call.gateway.database.read(posting.sent_part, message_id)
    live = call.gateway.sources.get(part.source_id) if part is not None else None
    if part is None or live is None:
        return None
    return b"".join([piece async for piece in live.channel.rendered(message_of(call.gateway, part.ready))])


@route("GET", "/messages/{id}/raw", answer=shapes.RawEnvelope, needs="conversation.read")
async def raw_message(call: Call) -> shapes.RawEnvelope:
    """The envelope that brought a message, as it came."""
    item = await item_of(call, call.path("id"))
    envelope_id = await call.gateway.database.read(waiting.envelope_of, item["id"])
    if envelope_id is None or item["nature"] == "personal":
        raise Refusal("not_found", 404)
    return await raw(call, envelope_id, whole=True)


async def raw(call: Call, envelope_id: int, *, whole: bool) -> shapes.RawEnvelope:
    """An envelope with its source's secrets blanked; not `whole`: without what was said in it.

    Raises Refusal not_found.
    """
    stored = await call.gateway.database.read(waiting.find, envelope_id)
    if stored is None:
        raise Refusal("not_found", 404)
    live = call.gateway.sources.get(stored.source_id)
    secrets = [live.row.hook_key] if live is not None else []
    if live is not None:
        secrets += [live.channel.settings.get(name, "") for name in live.channel.secrets]
    kept = stored.body is not None or stored.body_file is not None
    body = await body_of(call.gateway, stored) if kept and whole else b""
    shown = body[:SHOWN]
    try:
        text, encoding = blank(shown.decode(), secrets), "utf-8"
    except UnicodeDecodeError:
        text, encoding = base64.b64encode(shown).decode(), "base64"
    return {
        "id": stored.id, "method": stored.method, "path": blank(stored.path, secrets),
        "query": {name: blank(value, secrets) for name, value in stored.query.items()} if whole else {},
        "headers": {name: blank(value, secrets) for name, value in stored.headers.items()},
        "body": text, "encoding": cast(Any, encoding), "truncated": len(body) > SHOWN or (kept and not whole),
    }  # fmt: skip
