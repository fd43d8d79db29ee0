"""Whom does an incoming call ring?

Answered while the telephone system waits: people and queues come from memory, the caller by one indexed read, nothing is
written on the way. The decision is kept afterwards. While the database does not answer, nobody is made to wait for it.
"""

from __future__ import annotations

import asyncio
import weakref
from dataclasses import dataclass, field
from typing import Final

import structlog

from channels.base import RouteAnswer, RouteQuestion, WebhookChannel
from channels.errors import ChannelError
from gateway.context import Gateway
from gateway.metrics import RING_SECONDS
from gateway.rules import setup_of
from gateway.sources import Live
from routing.assignment import Queue
from routing.members import Member
from routing.ringing import Question, Ring
from routing.ringing import whom_to_ring as ring
from routing.times import MINUTE, SECOND, Micros
from storage import leads
from storage.database import Database
from storage.errors import Unavailable
from storage.ringing import Caller, caller
from storage.transaction import Transaction

log = structlog.get_logger(__name__)
FRESH: Final = SECOND
"""What is older is renewed beside the answer."""
OLDEST: Final = 5 * MINUTE
"""What is older is not believed."""
PATIENCE: Final = 0.7
STEER: Final = 3.0
"""Seconds for the command: the greeting that covers it lasts no longer."""
REST: Final = 5 * SECOND
"""After a read that did not come back, questions are answered at once for so long."""
RECORDS: Final = 500
"""Decisions that may wait to be written."""


@dataclass(slots=True)
class _Known:
    """Who works here and in which queues, as of a moment."""

    at: Micros
    people: dict[str, Member]
    queues: dict[str, Queue]


@dataclass(slots=True)
class Desk:
    """One process's memory for the question."""

    known: _Known | None = None
    resting_until: Micros = 0
    renewing: asyncio.Task[_Known] | None = None
    writing: set[asyncio.Task[None]] = field(default_factory=set)


_desks: weakref.WeakKeyDictionary[Database, Desk] = weakref.WeakKeyDictionary()


def desk_of(gateway: Gateway) -> Desk:
    """The memory of this gateway's process."""
    return _desks.setdefault(gateway.database, Desk())


async def whom_to_ring(gateway: Gateway, live: Live, question: RouteQuestion) -> RouteAnswer:
    """The extensions to ring, in order; none: the provider's own plan. Never raises, never takes a second."""
    desk, began = desk_of(gateway), gateway.now()
    if began < desk.resting_until:
        return RouteAnswer()
    try:
        async with asyncio.timeout(PATIENCE):
            answer, known = await _decide(gateway, desk, live, question)
    except Exception as error:
        desk.resting_until = gateway.now() + REST
        log.warning("no answer to whom to ring", source=live.row.id, error=type(error).__name__)
        return RouteAnswer()
    finally:
        RING_SECONDS.observe((gateway.now() - began) / SECOND)
    _record(gateway, desk, answer, known.contact_id if known is not None else "")
    name = known.name if known is not None else ""
    return RouteAnswer(members=answer.extensions, client_name=name, blocked=answer.blocked)


async def steer(gateway: Gateway, live: Live, question: RouteQuestion, command: str) -> None:
    """Have a call that waits in a menu or queue ring whom it should. Never raises: what fails leaves it to the provider's own
    plan."""
    assert isinstance(live.channel, WebhookChannel)
    answer = await whom_to_ring(gateway, live, question)
    if not answer.members or answer.blocked:
        return
    try:
        async with asyncio.timeout(STEER):
            await live.channel.steer(command, answer)
    except (ChannelError, OSError) as error:
        code = getattr(error, "code", type(error).__name__)
        log.warning("call not steered", source=live.row.id, error=code)


async def _decide(
    gateway: Gateway, desk: Desk, live: Live, question: RouteQuestion
) -> tuple[Ring, Caller | None]:
    client = question.client
    known = await gateway.database.read(caller, client.kind, client.value) if client is not None else None
    house = await _house(gateway, desk)
    asked = Question(
        source_id=live.row.id,
        blocked=known is not None and known.spam,
        deal_owner=known.deal_owner_id if known is not None else "",
        responsible=known.responsible_id if known is not None else "",
        weight=live.channel.can().weight,
    )
    queue = house.queues.get(live.row.queue_id or "") or next(iter(house.queues.values()), None)
    wanted = {*(queue.order if queue is not None else ()), asked.deal_owner, asked.responsible}
    people = [member for ref, member in house.people.items() if ref in wanted]
    return ring(asked, people, queue, gateway.now()), known


async def _house(gateway: Gateway, desk: Desk) -> _Known:
    """What is remembered; renewed beside the answer when it is older than a second."""
    age = gateway.now() - desk.known.at if desk.known is not None else OLDEST + 1
    if age > FRESH and (desk.renewing is None or desk.renewing.done()):
        desk.renewing = asyncio.create_task(_read(gateway, desk))
        desk.renewing.add_done_callback(_retrieved)
    if desk.known is not None and age <= OLDEST:
        return desk.known
    assert desk.renewing is not None
    return await asyncio.shield(desk.renewing)


async def _read(gateway: Gateway, desk: Desk) -> _Known:
    setup, now = await setup_of(gateway), gateway.now()
    weights = {other.row.id: other.channel.can().weight for other in gateway.sources.all()}
    people = await gateway.database.read(leads.members, setup.schedule, weights, now)
    queues = await gateway.database.read(leads.queues, setup.schedule)
    desk.known = _Known(now, people, queues)
    return desk.known


def _retrieved(task: asyncio.Task[_Known]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.warning("people not read anew", error=type(task.exception()).__name__)


def _record(gateway: Gateway, desk: Desk, answer: Ring, contact_id: str) -> None:
    """Keep the decision once the telephone system has its answer."""
    if len(desk.writing) >= RECORDS:
        log.warning("decision not kept: too many wait")
        return
    task = asyncio.create_task(_keep(gateway, answer, contact_id))
    desk.writing.add(task)
    task.add_done_callback(desk.writing.discard)


async def _keep(gateway: Gateway, answer: Ring, contact_id: str) -> None:
    try:
        await gateway.database.write(_store, answer, contact_id)
    except Unavailable:
        log.warning("decision not kept: no database")


def _store(tx: Transaction, answer: Ring, contact_id: str) -> None:
    leads.keep_decision(tx, answer.decision, deal_id=None, conversation_id=None, contact_id=contact_id)
