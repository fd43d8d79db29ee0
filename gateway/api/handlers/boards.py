"""How do a company's deals stand side by side, and what does one of them show in full?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from typing_extensions import TypedDict

from gateway.api import build, shapes
from gateway.api.handlers.inbox import contact_of, rows_of
from gateway.api.layer import Call, Query, route
from gateway.api.rights import DEALS, READ, must_see_deal, sees
from gateway.live import viewers
from storage import boards, cards, queue

MOST_ASKED = 100
"""Cards that are read anew at once."""


class Column(TypedDict):
    stage_id: str
    currency: str
    deals: int
    amount: str


class Board(TypedDict):
    columns: list[Column]


class BoardQuery(Query):
    owner: str = Field(default="", max_length=80)
    words: str = Field(default="", max_length=100)


class Talk(TypedDict):
    """Where the client spoke last about the deal."""

    conversation_id: str
    source: shapes.SourceRef
    unanswered: bool
    waiting_since: int | None
    deadline_at: int | None


class NextTask(TypedDict):
    id: str
    kind: str
    title: str
    due_at: int | None


class HeadAsked(TypedDict):
    """The head is asked whether the deal may be given up."""

    id: str
    at: int
    stage_id: str
    stage: str


class HeadRefused(TypedDict):
    """The head said no since the deal came to its stage."""

    at: int
    by: shapes.Ref | None
    stage: str
    comment: str


class Card(TypedDict):
    deal: shapes.Deal
    contact: shapes.Ref | None
    """None: not for this member's eyes."""
    phone: str
    talk: Talk | None
    task: NextTask | None
    """The most urgent of the open ones."""
    tasks: int
    overdue: int
    asked: HeadAsked | None
    refused: HeadRefused | None
    viewers: list[shapes.Viewer]
    """Who else has the deal open."""


class Cards(TypedDict):
    items: list[Card]
    next: str | None


class CardQuery(Query):
    """A page of one stage, or the cards of `ids` (commas between) as they are now: those that are not among the answer's are
    not on this board any more."""

    stage: str = Field(default="", max_length=80)
    owner: str = Field(default="", max_length=80)
    words: str = Field(default="", max_length=100)
    ids: str = Field(default="", max_length=41 * MOST_ASKED)
    cursor: str = Field(default="", max_length=120)
    limit: int = Field(default=50, ge=1, le=200)


class DealPage(TypedDict):
    """A deal in full: who, what is known, and the conversations in which something was said about it."""

    card: Card
    pipeline_id: str
    fields: dict[str, str | int | float | bool | None]
    lost_reason: str
    accepted_at: int | None
    first_contact_at: int | None
    contact: shapes.Contact | None
    talks: list[shapes.Row]
    source: shapes.SourceRef | None


def _wanted(call: Call, owner: str, words: str) -> boards.Wanted:
    """The deals within reach, or those of one owner there."""
    reach = call.account.reach(DEALS)
    return boards.Wanted(
        pipeline_id=call.path("id"), reach=reach, owner_id=owner or None, words=words.strip()
    )


@route("GET", "/pipelines/{id}/board", answer=Board, query=BoardQuery, needs="deal.read")
async def board(call: Call, query: BoardQuery) -> Board:
    """How many open deals stand on each stage, and for how much."""
    rows = await call.gateway.database.read(boards.columns, _wanted(call, query.owner, query.words))
    return {
        "columns": [
            {"stage_id": row.stage_id, "currency": row.currency, "deals": row.deals, "amount": _sum(int(row.amount))}
            for row in rows
        ]
    }  # fmt: skip


def _sum(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"


@route("GET", "/pipelines/{id}/cards", answer=Cards, query=CardQuery, needs="deal.read")
async def board_cards(call: Call, query: CardQuery) -> Cards:
    """The cards of one stage, most recently active first; or these cards as they are now."""
    wanted, database = _wanted(call, query.owner, query.words), call.gateway.database
    if query.ids:
        ids = query.ids.split(",")[:MOST_ASKED]
        return {
            "items": await cards_of(call, await database.read(boards.still_there, wanted, ids)),
            "next": None,
        }
    at, _, last = query.cursor.partition(".")
    before = (int(at), last) if at.isascii() and at.isdigit() and len(at) < 19 else None
    items = await cards_of(call, await database.read(boards.cards, wanted, query.stage, before, query.limit))
    more = items[-1]["deal"] if len(items) == query.limit else None
    return {"items": items, "next": f"{more['last_activity_at']}.{more['id']}" if more else None}


async def cards_of(call: Call, ids: Sequence[str]) -> list[Card]:
    """The cards of these deals, in their order."""
    if not ids:
        return []
    rows = await call.gateway.database.read(cards.deals, ids)
    found = await call.gateway.database.read(boards.facts, ids)
    return [_card(call, row, found) for row in rows]


def _card(call: Call, row: Any, found: boards.Facts) -> Card:
    words, names = call.account.may(READ), call.account.may("contact.read")
    who, todo = found.contacts.get(row.id), found.tasks.get(row.id, [])
    return {
        "deal": build.deal(row, words=words),
        "contact": build.reference(who.id, who.name) if who is not None and names else None,
        "phone": (who.phone or "") if who is not None and names else "",
        "talk": _talk(call, found.talks.get(row.id)) if words else None,
        "task": _next(todo[0], names) if todo else None, "tasks": len(todo),
        "overdue": sum(one.due_at is not None and one.due_at < call.now for one in todo),
        "asked": _asked(found.asked.get(row.id)), "refused": _refused(found.asked.get(row.id)),
        "viewers": viewers(call.gateway, row.id, but=call.me) if words else [],
    }  # fmt: skip


def _talk(call: Call, row: Any) -> Talk | None:
    if row is None:
        return None
    return {
        "conversation_id": row.id, "source": build.source_ref(call.gateway, row.source_id),
        "unanswered": row.state == "open" and row.waiting_since is not None, "waiting_since": row.waiting_since,
        "deadline_at": row.deadline_at,
    }  # fmt: skip


def _next(row: Any, names: bool) -> NextTask:
    return {"id": row.id, "kind": row.kind, "title": task_title(row, names), "due_at": row.due_at}


def task_title(row: Any, names: bool) -> str:
    """What is to be done. Only a stage's own words name nobody: others may hold a client's name or number."""
    return row.title if names or row.kind == "stage" else ""


def _asked(row: Any) -> HeadAsked | None:
    if row is None or row.state != "open":
        return None
    return {"id": row.id, "at": row.asked_at, "stage_id": row.stage_id, "stage": row.stage}


def _refused(row: Any) -> HeadRefused | None:
    if row is None or row.state != "refused":
        return None
    by = build.reference(row.by_id, row.by_name)
    return {"at": row.settled_at, "by": by, "stage": row.stage, "comment": row.comment}


@route("GET", "/deals/{id}/page", answer=DealPage, needs="deal.read")
async def deal_page(call: Call) -> DealPage:
    """All that a deal's own page shows."""
    await must_see_deal(call, call.path("id"))
    database, deal_id = call.gateway.database, call.path("id")
    row = await database.read(boards.whole, deal_id)
    ids = await database.read(boards.talks, deal_id) if call.account.may(READ) else []
    seen = await database.read(queue.visible, ids, sees(call.account))
    names = call.account.may("contact.read")
    return {
        "card": (await cards_of(call, [deal_id]))[0], "pipeline_id": row.pipeline_id,
        "fields": row.fields if call.account.may(READ) else {}, "lost_reason": row.lost_reason,
        "accepted_at": row.accepted_at, "first_contact_at": row.first_contact_at,
        "contact": await contact_of(call, row.contact_id) if names else None,
        "talks": await rows_of(call.gateway, call.account, [one for one in ids if one in seen]),
        "source": build.source_ref(call.gateway, row.source_id) if row.source_id else None,
    }  # fmt: skip
