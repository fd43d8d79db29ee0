"""Who calls, whom do we call, and how did it end? Ringing cards, click to call, the result in one tap."""

from __future__ import annotations

from typing import Literal

import structlog
from pydantic import Field

from channels.errors import ChannelError, Disconnected, OutcomeUnknown, TryLater
from channels.phones import e164
from gateway.api import build, shapes
from gateway.api.handlers.inbox import item_of
from gateway.api.layer import Body, Call, route
from gateway.api.rights import must_see_contact
from gateway.clock import new_id
from gateway.live import head_of
from gateway.refusals import Refusal
from gateway.rules import setup_of
from gateway.sources import Live
from routing.calls import asks_first
from routing.times import MINUTE
from storage import callers, calls
from storage.calls import Order

log = structlog.get_logger(__name__)
NEEDS = "conversation.reply"
MOST_A_MINUTE = 10


class CallOrder(Body):
    contact_id: str
    number: str = Field(default="", max_length=40)
    """"" is the contact's first number."""
    source_id: str | None = None
    deal_id: str | None = None
    anyway: bool = False
    """Though it is night where the client is."""


class CallResult(Body):
    result: Literal["reached", "not_reached", "later"]
    at: int | None = None
    """When to call again, microseconds UTC; with `later`."""


@route("GET", "/calls/ringing", answer=shapes.Rings, needs="conversation.read")
async def ringing(call: Call) -> shapes.Rings:
    """Calls that ring for this member now, or were missed a moment ago."""
    seq = head_of(call.gateway)
    found = await call.gateway.database.read(calls.current, call.now)
    mine = [row for row in found.rows if call.me in calls.shown_to(found, row)]
    return {"seq": seq, "items": [build.ring(call.gateway, row, call.me) for row in mine]}


@route("POST", "/calls", answer=shapes.CallCommand, body=CallOrder, needs=NEEDS, status=202)
async def place_call(call: Call, body: CallOrder) -> shapes.CallCommand:
    """Ring the member's own telephone, then the client's."""
    await must_see_contact(call, body.contact_id)
    number = await _number(call, body)
    extension = await call.gateway.database.read(callers.extension_of, call.me)
    if not extension:
        raise Refusal("no_extension")
    live = _line(call, body.source_id)
    setup = await setup_of(call.gateway)
    if asks_first(setup.schedule.zone, call.now) and not body.anyway:
        raise Refusal("asks_first")
    lately = await call.gateway.database.read(calls.recent_commands, call.me, call.now - MINUTE)
    if lately >= MOST_A_MINUTE:
        raise Refusal("too_many", 429)
    order = Order(
        id=new_id(), member_id=call.me, extension=extension, source_id=live.row.id, number=number,
        contact_id=body.contact_id, deal_id=body.deal_id,
    )  # fmt: skip
    command_id, fresh = await call.gateway.database.write(calls.command, order)
    if fresh:
        await _send(call, live, order)
    return {"id": command_id, "number": number, "source": build.source_ref(call.gateway, live.row.id)}


async def _number(call: Call, body: CallOrder) -> str:
    known = await call.gateway.database.read(callers.numbers_of, body.contact_id)
    wanted = e164(body.number) if body.number else next(iter(known), "")
    if not wanted or wanted not in known:
        raise Refusal("no_address")
    return wanted


def _line(call: Call, source_id: str | None) -> Live:
    """The telephone system to call through: the one asked for, else the first that can."""
    can = [
        live
        for live in call.gateway.sources.all()
        if live.channel.can().call and live.row.state in ("active", "broken")
    ]
    found = next((live for live in can if source_id in (None, live.row.id)), None)
    if found is None:
        raise Refusal("cannot_call")
    return found


async def _send(call: Call, live: Live, order: Order) -> None:
    """Ask the telephone system; what it says is kept with the command. Raises Refusal when it surely will not call."""
    database = call.gateway.database
    try:
        ref = await live.channel.call(order.extension, order.number, order.id)
    except OutcomeUnknown as error:
        await database.write(calls.commanded, order.id, "accepted", reason=error.code)  # it may ring
        return
    except (TryLater, Disconnected, ChannelError) as error:
        await database.write(calls.commanded, order.id, "failed", reason=error.code)
        log.info("call not placed", source=live.row.id, error=error.code)
        raise Refusal("call_failed", 502, reason=error.code, channel=live.row.channel) from None
    await database.write(calls.commanded, order.id, "accepted", ref=ref)


@route("POST", "/calls/{id}/result", answer=shapes.Item, body=CallResult, needs=NEEDS)
async def call_result(call: Call, body: CallResult) -> shapes.Item:
    """How an outgoing call ended, in the caller's own word."""
    item = await item_of(call, call.path("id"))
    if item["kind"] != "call":
        raise Refusal("not_found", 404)
    if body.result == "later" and (body.at is None or body.at <= call.now):
        raise Refusal("bad_request", 422, field="at")
    await call.gateway.database.write(
        callers.conclude, call.path("id"), call.me, body.result, body.at if body.result == "later" else None
    )
    return await item_of(call, call.path("id"))
