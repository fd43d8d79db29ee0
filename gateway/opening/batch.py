"""How is a batch of envelopes opened in one transaction?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from channels.events import (
    CallFact,
    Completed,
    Connection,
    Cut,
    DeliveryUpdate,
    Event,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    Noted,
    OutgoingSeen,
    Reachability,
    Reaction,
    Started,
)
from gateway.opening.calls import open_call
from gateway.opening.house import House, SourceRules
from gateway.opening.later import (
    open_completed,
    open_connection,
    open_cut,
    open_deletion,
    open_delivery,
    open_edit,
    open_reachability,
    open_reaction,
)
from gateway.opening.talk import open_inbound, open_noted, open_outgoing, open_started
from gateway.opening.wanted import BOUND, want, want_bound
from routing.values import value
from storage.batch import plan_once
from storage.board import Board
from storage.facts import Wanted, load
from storage.flush import flush
from storage.leases import Lease, check
from storage.transaction import Transaction
from storage.waiting import OPENED, Settled, ignored, settle


@value(frozen=True, slots=True)
class Parsed:
    """An envelope and the facts in it; or why it cannot be read."""

    envelope_id: int
    source_id: str
    received_at: int
    events: tuple[Event, ...]
    error: str = ""


def open_batch(
    tx: Transaction, house: House, batch: Sequence[Parsed], leases: Sequence[Lease]
) -> Counter[str]:
    """Open every envelope of a batch, in their order; how many came out how.

    Raises LeaseLost when a shard is somebody else's by now, or an envelope waits no more; then nothing is kept.
    """
    check(tx, leases)
    plan_once(tx.connection)
    wanted = Wanted()
    for parsed in batch:
        want(wanted, parsed.source_id, parsed.events)
        rules = house.sources.get(parsed.source_id)
        if rules is not None and rules.attach.evidence & BOUND:
            want_bound(wanted, parsed.source_id, parsed.events)
    board = load(tx, wanted)
    settled = [_open(board, house, parsed) for parsed in batch]
    flush(tx, board, (house.pipeline_id, house.lead_stage_id))
    return settle(tx, settled)


def _open(board: Board, house: House, parsed: Parsed) -> Settled:
    rules = house.sources.get(parsed.source_id)
    if rules is None:
        return ignored(parsed.envelope_id, parsed.source_id, "source_gone")
    if not parsed.events:
        return ignored(parsed.envelope_id, parsed.source_id, "nothing_of_use")
    changed: list[bool] = []
    for event in parsed.events:
        if not isinstance(event, Cut):
            changed.append(_open_event(board, house, rules, parsed, event))
        elif any(changed):  # what was known already is whole by now, or will be
            open_cut(board, rules, event)
    for event in parsed.events:
        _catch_up(board, house, rules, parsed, event)
    if not any(changed):
        return ignored(parsed.envelope_id, parsed.source_id, "known_already")
    return Settled(parsed.envelope_id, parsed.source_id, OPENED)


def _catch_up(board: Board, house: House, rules: SourceRules, parsed: Parsed, event: Event) -> None:
    """What was told of a message before it came happens now."""
    if not isinstance(event, InboundMessage | OutgoingSeen):
        return
    if board.message(rules.id, event.external_id) is None:
        return
    for waiting in board.early.get((rules.id, event.external_id), ()):
        if not waiting.done:
            waiting.done = True
            _open_event(board, house, rules, replace(parsed, envelope_id=waiting.envelope_id), waiting.event)


def _open_event(board: Board, house: House, rules: SourceRules, parsed: Parsed, event: Event) -> bool:
    """Carry one fact out; False when it changed nothing."""
    place = (parsed.envelope_id, parsed.received_at)
    match event:
        case InboundMessage():
            return open_inbound(board, house, rules, *place, event)
        case OutgoingSeen():
            return open_outgoing(board, house, rules, *place, event)
        case Started():
            return open_started(board, house, rules, *place, event)
        case Noted():
            return open_noted(board, rules, *place, event)
        case Connection():
            return open_connection(board, rules, event)
        case CallFact():
            return open_call(board, house, rules, *place, event)
        case MessageEdited():
            return open_edit(board, rules, parsed.envelope_id, event)
        case Completed():
            return open_completed(board, rules, parsed.envelope_id, event)
        case Cut():
            return False
        case MessageDeleted():
            return open_deletion(board, rules, parsed.envelope_id, event)
        case Reaction():
            return open_reaction(board, rules, parsed.envelope_id, event)
        case DeliveryUpdate():
            return open_delivery(board, rules, *place, event)
        case Reachability():
            return open_reachability(board, rules, event)
