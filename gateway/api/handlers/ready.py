"""What do people keep at hand? Ready answers for the composer, and lists they come back to.

Everybody keeps their own; what is for all is kept by those who set the company up.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator
from typing_extensions import TypedDict

from gateway.api import shapes
from gateway.api.layer import PREFIX, Body, Call, route
from gateway.refusals import Refusal
from storage import ready
from storage.transaction import Transaction

REPLY, READ, FOR_ALL = "conversation.reply", "conversation.read", "company.edit"
_code = re.compile(r"[\w-]{1,40}")


class CannedText(TypedDict):
    """A ready answer. `{{name}}` and its kin in it are filled by the console; `uses` is the member's own."""

    id: str
    code: str
    title: str
    text: str
    shared: bool
    editable: bool
    uses: int


class CannedTexts(TypedDict):
    items: list[CannedText]


class ViewFilter(TypedDict):
    view: str
    order: str
    source: str
    q: str


class SavedView(TypedDict):
    id: str
    name: str
    filter: ViewFilter
    shared: bool
    editable: bool


class SavedViews(TypedDict):
    items: list[SavedView]


class Removed(TypedDict):
    undo: shapes.Undo


def _tidy_code(code: str) -> str:
    found = code.strip().lstrip("/").casefold()
    if not _code.fullmatch(found):
        raise ValueError("letters, digits, - and _ only")
    return found


class NewText(Body):
    code: str = Field(max_length=60)
    title: str = Field(default="", max_length=120)
    text: str = Field(min_length=1, max_length=8000)
    shared: bool = False

    _tidy = field_validator("code")(_tidy_code)


class TextChange(Body):
    code: str | None = Field(default=None, max_length=60)
    title: str | None = Field(default=None, max_length=120)
    text: str | None = Field(default=None, min_length=1, max_length=8000)

    _tidy = field_validator("code")(lambda code: code if code is None else _tidy_code(code))


class Shown(Body):
    """What of a list is kept: every field as the address of the page has it, "" is the default."""

    view: Literal["", "unanswered", "mine", "all", "snoozed", "closed", "nobody", "spam", "blocked"] = ""
    order: Literal["", "urgent", "newest", "longest"] = ""
    source: str = Field(default="", max_length=80)
    q: str = Field(default="", max_length=200)


class NewView(Body):
    name: str = Field(min_length=1, max_length=60)
    filter: Shown
    shared: bool = False


class ViewChange(Body):
    name: str = Field(min_length=1, max_length=60)


@route("GET", "/canned", answer=CannedTexts, needs=REPLY)
async def list_texts(call: Call) -> CannedTexts:
    """Ready answers: everybody's and one's own, the most used first."""
    rows = await call.gateway.database.read(ready.texts, call.me)
    return {"items": [_text(call, row) for row in rows]}


def _text(call: Call, row: Any) -> CannedText:
    return {
        "id": row.id, "code": row.code, "title": row.title, "text": row.text, "shared": row.owner_id is None,
        "uses": row.uses, "editable": row.owner_id is not None or call.account.may(FOR_ALL),
    }  # fmt: skip


async def _one_text(call: Call, ref: str) -> CannedText:
    rows = await call.gateway.database.read(ready.texts, call.me)
    return next(_text(call, row) for row in rows if row.id == ref)


def _owner(call: Call, *, shared: bool) -> str | None:
    if shared:
        call.need(FOR_ALL)
    return None if shared else call.me


def _must_be_mine(call: Call, row: Any) -> None:
    """Raise Refusal not_found for what is another's, forbidden for what is everybody's and not this member's to change."""
    if row is None or row.owner_id not in (None, call.me):
        raise Refusal("not_found", 404)
    if row.owner_id is None:
        call.need(FOR_ALL)


@route("POST", "/canned", answer=CannedText, body=NewText, needs=REPLY, status=201)
async def add_text(call: Call, body: NewText) -> CannedText:
    """A new ready answer. Refused with code_taken when its owner has one of that code."""
    owner = _owner(call, shared=body.shared)
    words = (body.code, body.title.strip(), body.text)
    return await _one_text(call, await call.gateway.database.write(ready.add_text, owner, *words))


@route("PATCH", "/canned/{id}", answer=CannedText, body=TextChange, needs=REPLY)
async def change_text(call: Call, body: TextChange) -> CannedText:
    """Change a ready answer."""
    row = await call.gateway.database.read(ready.find_text, call.path("id"))
    _must_be_mine(call, row)
    if row is None or row.removed_at is not None:
        raise Refusal("not_found", 404)
    changes = body.model_dump(exclude_none=True)
    if changes:
        await call.gateway.database.write(ready.change_text, row.id, row.owner_id, changes)
    return await _one_text(call, row.id)


@route("DELETE", "/canned/{id}", answer=Removed, needs=REPLY)
async def remove_text(call: Call) -> Removed:
    """Take a ready answer away; the answer says how to bring it back."""
    row = await call.gateway.database.read(ready.find_text, call.path("id"))
    _must_be_mine(call, row)
    await call.gateway.database.write(ready.remove_text, call.path("id"))
    return _removed(f"/canned/{call.path('id')}/restore")


def _removed(path: str) -> Removed:
    return {"undo": {"method": "POST", "path": f"{PREFIX}{path}", "body": {}}}


@route("POST", "/canned/{id}/restore", answer=CannedText, body=Body, needs=REPLY)
async def restore_text(call: Call, _: Body) -> CannedText:
    """Bring a removed ready answer back."""
    row = await call.gateway.database.read(ready.find_text, call.path("id"))
    _must_be_mine(call, row)
    assert row is not None
    await call.gateway.database.write(ready.restore_text, row.id, row.owner_id, row.code)
    return await _one_text(call, row.id)


@route("POST", "/canned/{id}/used", body=Body, needs=REPLY, status=204)
async def used_text(call: Call, _: Body) -> None:
    """Count that it went into an answer: the most used stand first."""
    row = await call.gateway.database.read(ready.find_text, call.path("id"))
    if row is None or row.owner_id not in (None, call.me):
        raise Refusal("not_found", 404)
    await call.gateway.database.write(ready.used_text, call.me, row.id)


@route("GET", "/views", answer=SavedViews, needs=READ)
async def list_views(call: Call) -> SavedViews:
    """Kept lists: everybody's and one's own."""
    rows = await call.gateway.database.read(ready.views, call.me)
    return {"items": [_view(call, row) for row in rows]}


def _view(call: Call, row: dict[str, Any]) -> SavedView:
    shared = row["owner_id"] is None
    return {
        "id": row["id"], "name": row["name"], "filter": row["filter"], "shared": shared,
        "editable": not shared or call.account.may(FOR_ALL),
    }  # fmt: skip


async def _one_view(call: Call, ref: str) -> SavedView:
    rows = await call.gateway.database.read(ready.views, call.me)
    return next(_view(call, row) for row in rows if row["id"] == ref)


@route("POST", "/views", answer=SavedView, body=NewView, needs=READ, status=201)
async def add_view(call: Call, body: NewView) -> SavedView:
    """Keep a list under a name."""
    owner = _owner(call, shared=body.shared)
    kept = body.filter.model_dump()
    return await _one_view(
        call, await call.gateway.database.write(ready.add_view, owner, body.name.strip(), kept)
    )


@route("PATCH", "/views/{id}", answer=SavedView, body=ViewChange, needs=READ)
async def rename_view(call: Call, body: ViewChange) -> SavedView:
    """Give a kept list another name."""
    row = await call.gateway.database.read(ready.find_view, call.path("id"))
    _must_be_mine(call, row)
    if row is None or row.removed_at is not None:
        raise Refusal("not_found", 404)
    await call.gateway.database.write(ready.rename_view, row.id, body.name.strip())
    return await _one_view(call, row.id)


@route("DELETE", "/views/{id}", answer=Removed, needs=READ)
async def remove_view(call: Call) -> Removed:
    """Take a kept list away; the answer says how to bring it back."""
    _must_be_mine(call, await call.gateway.database.read(ready.find_view, call.path("id")))
    await call.gateway.database.write(ready.remove_view, call.path("id"))
    return _removed(f"/views/{call.path('id')}/restore")


@route("POST", "/views/{id}/restore", answer=SavedView, body=Body, needs=READ)
async def restore_view(call: Call, _: Body) -> SavedView:
    """Bring a removed list back."""
    _must_be_mine(call, await call.gateway.database.read(ready.find_view, call.path("id")))
    await call.gateway.database.write(_bring_back, call.path("id"))
    return await _one_view(call, call.path("id"))


def _bring_back(tx: Transaction, ref: str) -> None:
    ready.remove_view(tx, ref, back=True)
