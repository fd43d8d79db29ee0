"""Whom does an incoming call ring? Answered while the telephone system waits: a few indexed reads, no writes."""

from __future__ import annotations

from channels.base import RouteAnswer, RouteQuestion
from gateway.context import Gateway
from gateway.rules import setup_of
from gateway.sources import Live
from routing.ringing import Question
from routing.ringing import whom_to_ring as ring
from storage import leads
from storage.ringing import Caller, caller


async def whom_to_ring(gateway: Gateway, live: Live, question: RouteQuestion) -> RouteAnswer:
    """The extensions to ring, in order; none: the provider's own plan."""
    setup = await setup_of(gateway)
    known: Caller | None = None
    if question.client is not None:
        known = await gateway.database.read(caller, question.client.kind, question.client.value)
    weights = {other.row.id: other.channel.can().weight for other in gateway.sources.all()}
    people = await gateway.database.read(leads.members, setup.schedule, weights, gateway.now())
    queues = await gateway.database.read(leads.queues, setup.schedule)
    answer = ring(
        Question(
            source_id=live.row.id,
            blocked=known is not None and known.spam,
            deal_owner=known.deal_owner_id if known is not None else "",
            responsible=known.responsible_id if known is not None else "",
            weight=live.channel.can().weight,
        ),
        list(people.values()),
        queues.get(live.row.queue_id or "") or next(iter(queues.values()), None),
        gateway.now(),
    )
    return RouteAnswer(
        members=answer.extensions, client_name=known.name if known is not None else "", blocked=answer.blocked
    )
