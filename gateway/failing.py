"""What does it mean that a message did not leave? Again later, never, a person decides, or the whole source stops."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import structlog

from channels.base import Capabilities
from channels.errors import (
    Disconnected,
    OutcomeUnknown,
    Refused,
    SendFailed,
    SentInPart,
    TryLater,
    Unreachable,
    WindowClosed,
)
from gateway.context import Gateway
from gateway.metrics import SENDS
from gateway.sources import Live
from routing.times import HOUR, SECOND
from storage.letters import Told
from storage.outbox import Outcome, Ready
from storage.sources import change_source

log = structlog.get_logger(__name__)
FIRST_WAIT, LONGEST_WAIT = 2.0, 600.0


async def outcome_of(gateway: Gateway, live: Live, part: Ready, error: SendFailed) -> Outcome:
    """What becomes of a part whose call ended so."""
    now, can = gateway.now(), live.channel.can()
    SENDS.labels(type(error).__name__).inc()
    log.info(
        "not sent", source=live.row.id, code=error.code, kind=type(error).__name__, attempt=part.attempts
    )
    failed = Outcome(part.id, part.message_id, "failed", reason=error.code, detail=error.detail)
    match error:
        case SentInPart():
            return await _in_part(gateway, live, part, error)
        case TryLater():
            return await _later(gateway, live, part, error)
        case OutcomeUnknown() if can.idempotent or part.act != "send":
            return await _later(gateway, live, part, TryLater(error.detail, code=error.code))
        case OutcomeUnknown():
            return replace(failed, state="unknown", not_before=look_up_at(can, now))
        case Disconnected():
            await gateway.database.write(change_source, live.row.id, state="broken", last_error=error.code)
            return Outcome(part.id, part.message_id, "queued", reason=error.code, not_before=now)
        case Unreachable() if part.waiting:
            told = tuple(Told(one, "failed", error.code, error.detail, True) for one in part.waiting)
            return replace(failed, told=told)
        case Unreachable():
            return replace(failed, unreachable=error.code)
        case WindowClosed() | Refused() | SendFailed():
            return failed


def look_up_at(can: Capabilities, now: int) -> int:
    """When a part of unknown fate is to be looked up; 0: never."""
    return now + int(can.look_up * SECOND) if can.look_up else 0


async def _in_part(gateway: Gateway, live: Live, part: Ready, error: SentInPart) -> Outcome:
    """A letter reached some of its addressees: each of the others is tried again or given up by itself."""
    later = [why for why in error.others.values() if isinstance(why, TryLater)]
    told = tuple(
        Told(address, "failed", why.code, why.detail, isinstance(why, Unreachable))
        for address, why in error.others.items()
        if not isinstance(why, TryLater)
    )
    told += tuple(Told(address, "sent") for address in part.waiting if address not in error.others)
    if later:
        soonest = min(later, key=lambda why: why.after or 0)
        outcome = await _later(gateway, live, part, soonest)
        return replace(outcome, external_ids=error.ids, told=told)
    if error.ids:
        return Outcome(part.id, part.message_id, "sent", error.ids, told=told)
    why = next(iter(error.others.values()))
    return Outcome(part.id, part.message_id, "failed", reason=why.code, detail=why.detail, told=told)


async def _later(gateway: Gateway, live: Live, part: Ready, error: TryLater) -> Outcome:
    """Certainly not sent: wait as long as asked, else as long as the network's habits want."""
    now, can = gateway.now(), live.channel.can()
    if now - part.created_at > can.give_up_hours * HOUR:
        return Outcome(
            part.id,
            part.message_id,
            "failed",
            reason=error.code,
            detail=f"tried for too long: {error.detail}",
        )
    wait = error.after if error.after is not None else _back_off(part.attempts, can.retries)
    until = now + int(wait * SECOND)
    if error.whole_source:
        await gateway.database.write(change_source, live.row.id, paused_until=until, paused_reason=error.code)
        await gateway.sources.look()
    return Outcome(
        part.id, part.message_id, "postponed", reason=error.code, detail=error.detail, not_before=until
    )


def _back_off(attempts: int, retries: Sequence[float]) -> float:
    """Seconds until the next attempt, with jitter."""
    if retries:
        longest = retries[min(attempts, len(retries)) - 1]
    else:
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempts - 1, 12))
    return longest * (0.5 + random.random() / 2)
