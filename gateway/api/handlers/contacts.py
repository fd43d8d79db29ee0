"""Is it the same person, and what do we know of them? Proposals, merging and its way back, fields and tags."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from gateway.api import build, shapes
from gateway.api.handlers.attaching import Acted, acted
from gateway.api.handlers.book import harmless
from gateway.api.handlers.inbox import contact_of, rows_of
from gateway.api.layer import PREFIX, Body, Call, Query, route
from gateway.api.rights import must_see_contact, sees
from gateway.refusals import Refusal
from gateway.rules import answering_of, setup_of
from storage import blocking, cards, consents, doubts, knowing, likeness, merging, queue

EDIT = "contact.edit"


class Letter(TypedDict):
    """The letter in whose signature the address stands."""

    message_id: str
    conversation_id: str


class Proposal(TypedDict):
    """Two cards and one address that is one person's: both have it, or one only told of it (its origin is "told"), or signed a
    letter with it ("signature")."""

    id: str
    a: shapes.Ref
    b: shapes.Ref
    kind: str
    value: str
    verified: bool
    origins: list[str]
    letter: Letter | None
    at: int


class Proposals(TypedDict):
    """`hidden`: how many there are about people whom this member does not see."""

    items: list[Proposal]
    next: str | None
    hidden: int


class ProposalQuery(Query):
    cursor: str = Field(default="", max_length=80)
    limit: int = Field(default=100, ge=1, le=200)


class Different(Body):
    a: str = Field(max_length=80)
    b: str = Field(max_length=80)


class Merge(Body):
    """`chosen` says for a field whose value stays; unsaid: the kept card's, where it has one."""

    gone_id: str = Field(max_length=80)
    chosen: dict[str, Literal["kept", "gone"]] = Field(default_factory=dict, max_length=50)


class Merged(TypedDict):
    merge_id: str
    contact: shapes.Contact


class MergeShape(TypedDict):
    id: str
    gone: shapes.Ref
    at: int
    by: shapes.Ref | None


class Merges(TypedDict):
    items: list[MergeShape]


Value = str | int | float | bool | list[str] | None


class Fields(TypedDict):
    fields: dict[str, Value]


class FieldsChange(Body):
    """Custom fields and `tags` (a list); null takes a field away. `was` is what the person saw."""

    values: dict[str, Value] = Field(max_length=50)
    was: dict[str, Value] = Field(default_factory=dict, max_length=50)


class ConsentShape(TypedDict):
    """What was agreed to in the words that were shown; "" where only their version is known. `proof`: caller's address,
    browser, page, version of the form."""

    id: str
    purpose: str
    text: str
    version: str
    at: int
    source: shapes.Ref | None
    conversation_id: str | None
    message_id: str | None
    journal: int | None
    """The number of the envelope in the signed journal that brought it."""
    proof: dict[str, str]


class Consents(TypedDict):
    items: list[ConsentShape]


@route("GET", "/merge-proposals", answer=Proposals, query=ProposalQuery, needs=EDIT)
async def list_proposals(call: Call, query: ProposalQuery) -> Proposals:
    """Cards that may be one person, with the address that speaks for it; the newest first."""
    if not call.account.everywhere("contact.read"):
        raise Refusal("forbidden", 403, permission="contact.read")
    rows = await call.gateway.database.read(likeness.listed, query.cursor, query.limit)
    following = rows[-1].id if len(rows) == query.limit else None
    return {"items": list(map(_proposal, rows)), "next": following, "hidden": 0}


def _proposal(row: Any) -> Proposal:
    letter: Letter | None = None
    if row.conversation_id is not None:
        letter = {"message_id": row.message_id, "conversation_id": row.conversation_id}
    told = "told" if letter is None else "signature"
    return {
        "id": row.id, "a": {"id": row.a, "name": row.a_name}, "b": {"id": row.b, "name": row.b_name}, "kind": row.kind,
        "value": row.value, "verified": bool(row.verified), "at": row.at,
        "origins": [row.a_origin or told, row.b_origin or told], "letter": letter,
    }  # fmt: skip


class DoubtShape(TypedDict):
    """`value` is the name that was given, or why the address looks shared."""

    id: str
    kind: Literal["name", "shared", "phone"]
    value: str
    address_kind: str
    address: str
    contact: shapes.Ref
    at: int


class Doubts(TypedDict):
    items: list[DoubtShape]
    next: str | None


class Settled(Body):
    """Yes: several people use the address, or the number is the client's; no: it stays as it is."""

    yes: bool


@route("GET", "/doubts", answer=Doubts, query=ProposalQuery, needs=EDIT)
async def list_doubts(call: Call, query: ProposalQuery) -> Doubts:
    """Names and addresses that a person has to settle; the newest first."""
    if not call.account.everywhere("contact.read"):
        raise Refusal("forbidden", 403, permission="contact.read")
    rows = await call.gateway.database.read(doubts.listed, query.cursor, query.limit)
    following = rows[-1].id if len(rows) == query.limit else None
    return {"items": list(map(_doubt, rows)), "next": following}


def _doubt(row: Any) -> DoubtShape:
    return {
        "id": row.id, "kind": row.kind, "value": row.value, "address_kind": row.address_kind, "address": row.address,
        "contact": {"id": row.contact_id, "name": row.name}, "at": row.at,
    }  # fmt: skip


@route("GET", "/contacts/{id}/doubts", answer=Doubts, needs="contact.read")
async def doubts_of(call: Call) -> Doubts:
    """The same about one contact."""
    await must_see_contact(call, call.path("id"))
    rows = await call.gateway.database.read(doubts.of_contact, call.path("id"))
    return {"items": list(map(_doubt, rows)), "next": None}


@route("POST", "/doubts/{id}", answer=Acted, body=Settled, needs=EDIT)
async def settle_doubt(call: Call, body: Settled) -> Acted:
    """Settle one; it is not asked again."""
    await _must_see_doubt(call)
    await call.gateway.database.write(doubts.answer, call.path("id"), call.me, body.yes)
    path = f"{PREFIX}/doubts/{call.path('id')}/undo"
    return {"undo": {"method": "POST", "path": path, "body": {}}}


@route("POST", "/doubts/{id}/undo", needs=EDIT, status=204)
async def reopen_doubt(call: Call) -> None:
    """Undo the answer."""
    await _must_see_doubt(call)
    await call.gateway.database.write(doubts.take_back, call.path("id"), call.me)


async def _must_see_doubt(call: Call) -> None:
    contact_id = await call.gateway.database.read(doubts.contact_of, call.path("id"))
    await must_see_contact(call, contact_id or "")


class Talks(TypedDict):
    items: list[shapes.Row]


MOST_TALKS = 50


@route("GET", "/contacts/{id}/conversations", answer=Talks, needs="conversation.read")
async def talks_of(call: Call) -> Talks:
    """Where one talks with this contact, the last used first."""
    await must_see_contact(call, call.path("id"))
    database = call.gateway.database
    ids = (await database.read(cards.conversation_ids, call.path("id")))[:MOST_TALKS]
    seen = await database.read(queue.visible, ids, sees(call.account))
    return {"items": await rows_of(call.gateway, call.account, [ref for ref in ids if ref in seen])}


@route("GET", "/contacts/{id}/proposals", answer=Proposals, needs="contact.read")
async def proposals_of(call: Call) -> Proposals:
    """Who may be the same person as this contact."""
    await must_see_contact(call, call.path("id"))
    rows = await call.gateway.database.read(likeness.of_contact, call.path("id"))
    if not call.account.everywhere("contact.read"):
        return {"items": [], "next": None, "hidden": len({(row.a, row.b) for row in rows})}
    return {"items": list(map(_proposal, rows)), "next": None, "hidden": 0}


@route("POST", "/merge-proposals/different", answer=Acted, body=Different, needs=EDIT)
async def say_different(call: Call, body: Different) -> Acted:
    """Two people after all: not proposed again."""
    await _must_see_both(call, body)
    await call.gateway.database.write(likeness.say_different, body.a, body.b, call.me)
    path = f"{PREFIX}/merge-proposals/maybe"
    return {"undo": {"method": "POST", "path": path, "body": {"a": body.a, "b": body.b}}}


@route("POST", "/merge-proposals/maybe", body=Different, needs=EDIT, status=204)
async def say_maybe(call: Call, body: Different) -> None:
    """They may be one person after all."""
    await _must_see_both(call, body)
    await call.gateway.database.write(likeness.take_back, body.a, body.b, call.me)


async def _must_see_both(call: Call, body: Different) -> None:
    for ref in (body.a, body.b):
        await must_see_contact(call, ref)
        if await call.gateway.database.read(cards.contact, ref) is None:
            raise Refusal("not_found", 404)


@route("POST", "/contacts/{id}/merge", answer=Merged, body=Merge, needs=EDIT)
async def merge(call: Call, body: Merge) -> Merged:
    """Make one card of two; nothing is lost, and it can be taken back at any time."""
    for ref in (call.path("id"), body.gone_id):
        await must_see_contact(call, ref)
    made = await call.gateway.database.write(
        merging.merge, call.path("id"), body.gone_id, call.me, body.chosen
    )
    return {"merge_id": made, "contact": await contact_of(call, call.path("id"))}


class Block(Body):
    """`identity_id`: only this address; null: all that are theirs alone."""

    blocked: bool
    identity_id: str | None = Field(default=None, max_length=80)


@route("POST", "/contacts/{id}/block", answer=Acted, body=Block, needs=EDIT)
async def block(call: Call, body: Block) -> Acted:
    """Hear nothing of them: what they write is kept, and makes no lead, no alert and no work; or hear them again."""
    await must_see_contact(call, call.path("id"))
    act = await call.gateway.database.write(
        blocking.block,
        call.path("id"),
        call.me,
        body.identity_id,
        body.blocked,
        await answering_of(call.gateway),
    )
    return acted(act)


@route("GET", "/contacts/{id}/merges", answer=Merges, needs="contact.read")
async def list_merges(call: Call) -> Merges:
    """Which cards went into this one, and can be taken out again."""
    await must_see_contact(call, call.path("id"))
    rows = await call.gateway.database.read(merging.merges_of, call.path("id"))
    return {
        "items": [
            {
                "id": row.id, "gone": {"id": row.gone_id, "name": row.gone_name}, "at": row.at,
                "by": build.reference(row.by_id, row.by_name),
            }
            for row in rows
        ]
    }  # fmt: skip


@route("POST", "/merges/{id}/undo", status=204, needs=EDIT)
async def undo_merge(call: Call) -> None:
    """Two cards again, each with what was ever said at its addresses."""
    if not call.account.everywhere("contact.read"):
        raise Refusal("forbidden", 403, permission="contact.read")
    setup = await setup_of(call.gateway)
    stage = (setup.pipeline_id, setup.lead_stage_id)
    await call.gateway.database.write(merging.unmerge, call.path("id"), call.me, stage)


@route("GET", "/contacts/{id}/fields", answer=Fields, needs="contact.read")
async def read_fields(call: Call) -> Fields:
    """A contact's custom fields and tags."""
    return await _fields(call)


async def _fields(call: Call) -> Fields:
    await must_see_contact(call, call.path("id"))
    if await call.gateway.database.read(cards.contact, call.path("id")) is None:
        raise Refusal("not_found", 404)
    return {"fields": await call.gateway.database.read(knowing.fields_of, call.path("id"))}


@route("PUT", "/contacts/{id}/fields", answer=Acted, body=FieldsChange, needs=EDIT)
async def set_fields(call: Call, body: FieldsChange) -> Acted:
    """Change custom fields and tags; a colleague's change since is told, not overwritten."""
    await _fields(call)
    for name, value in body.values.items():
        if (
            not name
            or len(name) > 60
            or len(str(value)) > 4000
            or (name == "tags") != isinstance(value, list)
        ):
            raise Refusal("bad_request", 422, field=name[:60])
    act = await call.gateway.database.write(
        knowing.set_fields, call.path("id"), call.me, body.values, body.was
    )
    return acted(act)


@route("GET", "/contacts/{id}/consents", answer=Consents, needs="contact.read")
async def list_consents(call: Call) -> Consents:
    """What a contact agreed to, newest first."""
    return {"items": await _consents(call)}


async def _consents(call: Call) -> list[ConsentShape]:
    await must_see_contact(call, call.path("id"))
    return [
        {
            "id": row.id, "purpose": row.purpose, "text": row.text, "version": row.version, "at": row.at,
            "source": build.reference(row.source_id, row.source_name), "conversation_id": row.conversation_id,
            "message_id": row.message_id, "journal": row.envelope_id, "proof": orjson.loads(row.proof),
        }
        for row in await call.gateway.database.read(consents.of_contact, call.path("id"))
    ]  # fmt: skip


COLUMNS = (
    "at",
    "purpose",
    "text",
    "version",
    "source",
    "page",
    "address",
    "agent",
    "origin",
    "form_version",
    "journal",
)


@route("GET", "/contacts/{id}/consents.csv", needs="contact.read")
async def export_consents(call: Call) -> web.Response:
    """The same as a table to hand over: what was agreed to, when, where, and what proves it."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for one in await _consents(call):
        told = {
            **one["proof"], "at": _moment(one["at"]), "purpose": one["purpose"], "text": one["text"],
            "version": one["version"], "source": (one["source"] or {"name": ""})["name"],
            "journal": str(one["journal"] or ""),
        }  # fmt: skip
        table.writerow([harmless(told.get(name, "")) for name in COLUMNS])
    headers = {
        "Content-Type": "text/csv; charset=utf-8", "Cache-Control": "no-store",
        "Content-Disposition": 'attachment; filename="consents.csv"',
    }  # fmt: skip
    return web.Response(body=b"\xef\xbb\xbf" + out.getvalue().encode(), headers=headers)


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).isoformat(timespec="seconds")
