"""What was I told?"""

from __future__ import annotations

from pydantic import Field
from typing_extensions import TypedDict

from gateway.api.layer import Body, Call, Query, route
from storage import notices


class NoticeShape(TypedDict):
    """Something a member was told: `code` says what, `name` about whom, and it is dealt with in the conversation, else on the
    deal's page; "" and null for what is gone."""

    id: str
    code: str
    name: str
    conversation_id: str | None
    deal_id: str | None
    at: int
    read: bool


class NoticeList(TypedDict):
    items: list[NoticeShape]
    unread: int
    next: str | None


class NoticeQuery(Query):
    cursor: str = Field(default="", max_length=80)
    limit: int = Field(default=50, ge=1, le=200)


class ReadBody(Body):
    """Null: all of them."""

    ids: list[str] | None = Field(default=None, max_length=200)


@route("GET", "/notices", answer=NoticeList, query=NoticeQuery)
async def list_notices(call: Call, query: NoticeQuery) -> NoticeList:
    """What I was told, newest first, and how much of it I have not read."""
    database = call.gateway.database
    rows = await database.read(notices.listed, call.me, query.cursor, query.limit)
    named = await database.read(notices.names, [row.about for row in rows])
    return {
        "items": [
            {
                "id": row.id, "code": row.code, "name": about.name, "conversation_id": about.conversation_id,
                "deal_id": about.deal_id, "at": row.at, "read": row.read_at is not None,
            }
            for row in rows
            for about in [named.get(row.about, notices.GONE)]
        ],
        "unread": await database.read(notices.unread, call.me),
        "next": rows[-1].id if len(rows) == query.limit else None,
    }  # fmt: skip


@route("POST", "/notices/read", body=ReadBody, status=204)
async def read_notices(call: Call, body: ReadBody) -> None:
    """I have read these, or all."""
    await call.gateway.database.write(notices.read, call.me, body.ids)
