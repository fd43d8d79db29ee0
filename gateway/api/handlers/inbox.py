"""What stands in the queue, and what was said?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Final, Literal, cast

from pydantic import Field

from gateway.api import build, shapes
from gateway.api.layer import Body, Call, Query, route
from gateway.api.rights import READ, must_see, sees
from gateway.api.ways import fallbacks
from gateway.context import Gateway
from gateway.live import head_of, viewers
from gateway.refusals import Refusal
from storage import cards, posting, queue, search, timeline
from storage.queue import Ask
from storage.team import Account

MOST_FOUND: Final = 200
"""Contacts that a search in the queue looks at."""


class ListQuery(Query):
    view: Literal[
        "unanswered", "mine", "all", "snoozed", "closed", "nobody", "spam", "blocked", "personal"
    ] = "unanswered"
    order: Literal["urgent", "newest", "longest"] = "urgent"
    source: str | None = Field(default=None, max_length=80)
    q: str = Field(default="", max_length=200)
    cursor: str | None = Field(default=None, max_length=300)
    limit: int = Field(default=50, ge=1, le=200)


class TimelineQuery(Query):
    scope: Literal["contact", "conversation"] = "contact"
    before: str | None = Field(default=None, max_length=300)
    around: str | None = Field(default=None, max_length=80)
    limit: int = Field(default=50, ge=1, le=200)


class NextBody(Body):
    skip: str | None = None


@route("GET", "/conversations", answer=shapes.Page, query=ListQuery, needs=READ)
async def conversations(call: Call, query: ListQuery) -> shapes.Page:
    """A page of the one queue."""
    words = query.q.strip()
    found = await call.gateway.database.read(search.contacts, words, MOST_FOUND) if words else None
    ask = Ask(
        view=query.view, order=query.order, reach=sees(call.account), source_id=query.source,
        contacts=None if found is None else tuple(found), cursor=query.cursor,
        limit=query.limit,
    )  # fmt: skip
    ids, following = await call.gateway.database.read(queue.page, ask, call.now)
    return {"rows": await rows_of(call.gateway, call.account, ids), "next": following}


async def rows_of(gateway: Gateway, account: Account, ids: Sequence[str]) -> list[shapes.Row]:
    """Lines of the queue, in the order of `ids`."""
    if not ids:
        return []
    head = head_of(gateway)  # before the facts are read: they are at least as new as their number
    facts = await gateway.database.read(queue.facts, ids, account.id)
    return build.rows(gateway, account, facts, head)


@route("GET", "/counters", answer=shapes.Counters, needs=READ)
async def counters(call: Call) -> shapes.Counters:
    """The numbers on the filters."""
    return await counters_of(call.gateway, call.account)


async def counters_of(gateway: Gateway, account: Account) -> shapes.Counters:
    """The numbers a member sees."""
    found = await gateway.database.read(queue.counters, sees(account), gateway.now())
    return cast(shapes.Counters, found)


@route("POST", "/conversations/next", answer=shapes.Next, body=NextBody, needs="conversation.reply")
async def next_conversation(call: Call, body: NextBody) -> shapes.Next:
    """Take the next unanswered conversation, claimed for two minutes; nobody else gets the same. `skip` is the one at hand:
    what comes after it, and after the last one the first."""
    ask = Ask(view="unanswered", order="urgent", reach=call.account.reach(READ, call.needs), limit=50)
    async for conversation_id in _onwards(call, ask, body.skip):
        if await call.gateway.database.read(
            queue.takeable, conversation_id, call.me, call.now
        ) and await call.gateway.database.write(queue.take, conversation_id, call.me, body.skip):
            return {"conversation_id": conversation_id}
    return {"conversation_id": None}


async def _onwards(call: Call, ask: Ask, skip: str | None) -> AsyncIterator[str]:
    """Every other conversation of the list once, beginning after `skip` if it stands there."""
    database = call.gateway.database
    after = await database.read(queue.cursor_at, ask, skip, call.now) if skip else None
    for cursor in [after, None] if after else [None]:
        going = True
        while going:
            page, cursor = await database.read(queue.page, replace(ask, cursor=cursor), call.now)
            for conversation_id in page:
                if conversation_id != skip:
                    yield conversation_id
                elif after:
                    return  # once round
            going = cursor is not None


async def row_of(call: Call, conversation_id: str) -> shapes.Row:
    """One line of the queue. Raises Refusal not_found."""
    await must_see(call, conversation_id)
    found = await rows_of(call.gateway, call.account, [conversation_id])
    if not found:
        raise Refusal("not_found", 404)
    return found[0]


@route("GET", "/conversations/{id}", answer=shapes.Conversation, needs=READ)
async def conversation(call: Call) -> shapes.Conversation:
    """A conversation with its contact, deals and tasks, and where one may write."""
    row = await row_of(call, call.path("id"))
    database = call.gateway.database
    facts = await database.read(queue.facts, [row["id"]], call.me)
    live = call.gateway.sources.get(row["source"]["id"])
    addresses = await database.read(cards.addresses, row["contact"]["id"])
    contact = await contact_of(call, row["contact"]["id"])
    if live is None:
        raise Refusal("not_found", 404)
    return {
        "row": row, "contact": contact, "limits": build.limits(live.channel.can()),
        "fallbacks": fallbacks(call.gateway, call.account, addresses, contact, row["id"]),
        "viewers": viewers(call.gateway, row["id"], but=call.me), "read_up_to": facts.rows[0].read_message_id,
        "subject": facts.rows[0].subject,
        "related": build.reference(*await database.read(posting.related, row["id"])),
        "participants": [build.participant(one) for one in await database.read(cards.participants, row["id"])],
    }  # fmt: skip


async def contact_of(call: Call, contact_id: str) -> shapes.Contact:
    """A contact's card. Raises Refusal not_found."""
    found = await contact_shape(call.gateway, contact_id)
    if found is None:
        raise Refusal("not_found", 404)
    return found


async def contact_shape(gateway: Gateway, contact_id: str) -> shapes.Contact | None:
    """A contact's card; None: there is none."""
    database = gateway.database
    row = await database.read(cards.contact, contact_id)
    if row is None:
        return None
    identities = await database.read(cards.identities, contact_id)
    deals = await database.read(cards.deals, await database.read(cards.deals_of, contact_id))
    tasks = await database.read(cards.tasks, contact_id=contact_id)
    return build.contact(row, identities, deals, tasks)


@route("GET", "/conversations/{id}/messages", answer=shapes.Timeline, query=TimelineQuery, needs=READ)
async def messages(call: Call, query: TimelineQuery) -> shapes.Timeline:
    """What was said, oldest first: the contact's whole timeline or this conversation alone."""
    row = await row_of(call, call.path("id"))
    whole = query.scope == "contact" and row["nature"] != "group"
    ids, older = await call.gateway.database.read(
        timeline.page, contact_id=row["contact"]["id"] if whole else None,
        conversation_id=None if whole else row["id"], before=query.before, limit=query.limit, around=query.around,
    )  # fmt: skip
    items = await items_of(call.gateway, call.account, ids)
    private = {item["conversation_id"] for item in items if item["nature"] == "personal"} - {row["id"]}
    seen = await call.gateway.database.read(queue.visible, sorted(private), sees(call.account))
    return {
        "items": [item for item in items if item["conversation_id"] not in private - seen],
        "before": older,
    }


async def items_of(gateway: Gateway, account: Account, ids: Sequence[str]) -> list[shapes.Item]:
    """Things of a timeline, in the order of `ids`."""
    if not ids:
        return []
    return build.items(gateway, account, await gateway.database.read(timeline.facts, ids))


async def item_of(call: Call, message_id: str) -> shapes.Item:
    """One thing of a timeline. Raises Refusal not_found."""
    places = await call.gateway.database.read(timeline.conversations_of, [message_id])
    if message_id not in places:
        raise Refusal("not_found", 404)
    await must_see(call, places[message_id])
    return (await items_of(call.gateway, call.account, [message_id]))[0]
