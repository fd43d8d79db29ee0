"""Whose private accounts are lent to a source? Their chats are for their owners' eyes."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import TypedDict

from gateway.api import build, shapes
from gateway.api.layer import Body, Call, route
from gateway.refusals import Refusal
from storage import lent


class Lent(TypedDict):
    key: str
    name: str
    username: str
    active: bool
    can_reply: bool
    member: shapes.Ref | None
    changed_at: int


class LentAccounts(TypedDict):
    items: list[Lent]


class Owner(Body):
    key: str = Field(min_length=1, max_length=200)
    member_id: str | None = Field(max_length=80)


@route("GET", "/sources/{id}/lent", answer=LentAccounts, needs="source.read")
async def lent_accounts(call: Call) -> LentAccounts:
    """The private accounts that this source speaks for."""
    return await _lent(call)


@route("PUT", "/sources/{id}/lent", answer=LentAccounts, body=Owner, needs="source.edit")
async def name_owner(call: Call, body: Owner) -> LentAccounts:
    """Say which of our people an account belongs to: from then on only they see its private chats."""
    await call.gateway.database.write(lent.belongs_to, call.path("id"), body.key, body.member_id, call.me)
    return await _lent(call)


async def _lent(call: Call) -> LentAccounts:
    if await call.gateway.sources.find(call.path("id")) is None:
        raise Refusal("not_found", 404)
    rows = await call.gateway.database.read(lent.lent, call.path("id"))
    return {
        "items": [
            {
                "key": row.key, "name": row.name, "username": row.username or "", "active": bool(row.active),
                "can_reply": bool(row.can_reply), "member": build.reference(row.member_id, row.member_name),
                "changed_at": row.changed_at,
            }
            for row in rows
        ]
    }  # fmt: skip
