"""Who is the client, what is it about, who takes it? Contacts, deals, tasks, offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from gateway import offers as answers
from gateway.api import build, shapes
from gateway.api.handlers.inbox import contact_of
from gateway.api.layer import Body, Call, Query, route
from gateway.api.rights import (
    READ,
    must_see_contact,
    must_see_deal,
    must_see_task,
    must_share_queue,
)
from gateway.dryrun import held_back
from gateway.refusals import Refusal
from gateway.rules import setup_of
from storage import cards, work


class Deals(TypedDict):
    items: list[shapes.Deal]


class DealQuery(Query):
    contact: str | None = Field(default=None, max_length=80)
    q: str = Field(default="", max_length=200)
    limit: int = Field(default=20, ge=1, le=100)


class ContactChange(Body):
    name: str = Field(min_length=1, max_length=200)


class TaskChange(Body):
    done: bool


class Declined(Body):
    reason: Literal["busy", "region", "product", "spam", "other"]
    comment: str = Field(default="", max_length=500)


@route("GET", "/contacts/{id}", answer=shapes.Contact, needs="contact.read")
async def contact(call: Call) -> shapes.Contact:
    """A contact's card."""
    await must_see_contact(call, call.path("id"))
    return await contact_of(call, call.path("id"))


@route("PATCH", "/contacts/{id}", answer=shapes.Contact, body=ContactChange, needs="contact.edit")
async def rename_contact(call: Call, body: ContactChange) -> shapes.Contact:
    """Name a contact; a person's word stays whatever the networks say."""
    await must_see_contact(call, call.path("id"))
    await call.gateway.database.write(work.rename, call.path("id"), call.me, body.name.strip())
    return await contact_of(call, call.path("id"))


@route("GET", "/deals", answer=Deals, query=DealQuery, needs="deal.read")
async def list_deals(call: Call, query: DealQuery) -> Deals:
    """Deals of a contact, or by number and title."""
    database = call.gateway.database
    if query.contact is not None:
        await must_see_contact(call, query.contact)
        ids = await database.read(cards.deals_of, query.contact)
    else:
        words, reach = call.account.may(READ), call.account.reach("deal.read")
        ids = await database.read(cards.find_deals, query.q.strip(), query.limit, reach, titles=words)
    rows = await database.read(cards.deals, ids[: query.limit])
    return {"items": [_deal(call, row) for row in rows]}


def _deal(call: Call, row: Any) -> shapes.Deal:
    return build.deal(row, words=call.account.may(READ))


@route("GET", "/deals/{id}", answer=shapes.Deal, needs="deal.read")
async def one_deal(call: Call) -> shapes.Deal:
    """A deal's card."""
    return _deal(call, await must_see_deal(call, call.path("id")))


@route("PATCH", "/tasks/{id}", answer=shapes.Task, body=TaskChange, needs="conversation.reply")
async def change_task(call: Call, body: TaskChange) -> shapes.Task:
    """Tick a task off, or open it again."""
    await must_see_task(call, call.path("id"))
    await call.gateway.database.write(work.set_done, call.path("id"), call.me, body.done)
    rows = await call.gateway.database.read(cards.tasks, task_id=call.path("id"))
    return build.task(rows[0])


@route("GET", "/offers", answer=shapes.Offers, needs="member.read")
async def my_offers(call: Call) -> shapes.Offers:
    """Leads offered to this member now, or why none comes."""
    ids = await call.gateway.database.read(cards.open_offers, call.me, call.now)
    items = await offers_of(call, ids)
    held: shapes.Decision | None = None
    if not items and call.account.may("lead.accept"):
        found = await held_back(call.gateway, call.me)
        held = None if found is None else build.decision({**found.to_json(), "at": call.now}, {})
    return {"items": items, "held_back": held}


async def offers_of(call: Call, ids: Sequence[str]) -> list[shapes.Offer]:
    """Offers as their members see them."""
    if not ids:
        return []
    return [
        build.offer(call.gateway, call.account, row)
        for row in await call.gateway.database.read(cards.offers, ids)
    ]


async def _my_offer(call: Call) -> shapes.Offer:
    return (await offers_of(call, [call.path("id")]))[0]


async def _must_be_mine(call: Call) -> None:
    if await call.gateway.database.read(cards.offer_owner, call.path("id")) != call.me:
        raise Refusal("not_found", 404)


@route("GET", "/offers/{id}", answer=shapes.Offer, needs="lead.accept")
async def one_offer(call: Call) -> shapes.Offer:
    """An offer made to this member, also one that is over: what came of it."""
    await _must_be_mine(call)
    return await _my_offer(call)


@route("POST", "/offers/{id}/accept", answer=shapes.Offer, needs="lead.accept")
async def accept_offer(call: Call) -> shapes.Offer:
    """Take the lead; taking it twice is one taking."""
    await _must_be_mine(call)
    await answers.accept(call.gateway, call.me, call.path("id"))
    return await _my_offer(call)


@route("POST", "/offers/{id}/decline", answer=shapes.Offer, body=Declined, needs="lead.accept")
async def decline_offer(call: Call, body: Declined) -> shapes.Offer:
    """Leave the lead to others, with a reason."""
    await _must_be_mine(call)
    await answers.decline(call.gateway, call.me, call.path("id"), body.reason, body.comment)
    return await _my_offer(call)


@route("POST", "/offers/{id}/extend", answer=shapes.Offer, needs="lead.accept")
async def extend_offer(call: Call) -> shapes.Offer:
    """One more minute, once."""
    await _must_be_mine(call)
    await answers.extend(call.gateway, call.me, call.path("id"))
    return await _my_offer(call)


@route("POST", "/deals/{id}/take", answer=shapes.Deal, needs="lead.accept")
async def take_lead(call: Call) -> shapes.Deal:
    """Take a lead that nobody has."""
    rows = await call.gateway.database.read(cards.deals, [call.path("id")])
    if not rows:
        raise Refusal("not_found", 404)
    await must_share_queue(call, rows[0].queue_id)
    setup = await setup_of(call.gateway)
    await call.gateway.database.write(work.take_lead, call.path("id"), call.me, setup.schedule)
    return _deal(call, (await call.gateway.database.read(cards.deals, [call.path("id")]))[0])
