"""What do the events of a day come to, if they are opened once more from nothing?

The settings and the journal of one installation go into an empty database, and are opened there in their order. Nothing is
sent, fetched, routed or asked: only the opening runs. The same events make the same state but for ids, processing times, offers
and assignees. Calls that settle because nobody told more of them settle here too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from gateway.context import Gateway
from gateway.opening.batch import Parsed, open_batch
from gateway.opening.house import House
from gateway.parsing import parse
from gateway.rules import house_of
from gateway.switchboard import settle
from routing.times import Micros
from storage import calls, copying, waiting
from storage.errors import Unavailable
from storage.journal import SHARDS
from storage.waiting import SET_ASIDE, Settled

log = structlog.get_logger(__name__)
GROUP: Final = 500


@dataclass(slots=True)
class Rehearsed:
    """How many envelopes were carried over, and what became of them there."""

    carried: int = 0
    erased: int = 0
    """Their words are gone, so they could not be opened again."""
    opened: int = 0
    ignored: int = 0
    set_aside: int = 0


async def rehearse(here: Gateway, there: Gateway, since: int, until: int) -> Rehearsed:
    """Open what came from `since` on and before `until` again, in the empty database of `there`.

    Raises ValueError when that is not empty, Unavailable when one of them is gone.
    """
    await there.database.write(copying.put_settings, await here.database.read(copying.settings))
    await there.sources.look()
    found = Rehearsed()
    after = await here.database.read(copying.first_of, since)
    while rows := await here.database.read(copying.journal, after, until, GROUP):
        after = rows[-1]["id"]
        whole = [row for row in rows if row["erased_by"] is None]
        found.carried, found.erased = found.carried + len(whole), found.erased + len(rows) - len(whole)
        if whole:
            await there.database.write(copying.put_journal, whole)
            outcome = await open_waiting(there)
            found.opened += outcome["opened"]
            found.ignored += outcome["ignored"]
            found.set_aside += outcome["set_aside"]
            await settle_calls(there, whole[-1]["received_at"])
    await settle_calls(there, there.now())
    return found


async def settle_calls(there: Gateway, as_of: Micros) -> None:
    """Calls come to what they came to by then though nothing more was told, as the switchboard sees to it."""
    while due := await there.database.read(calls.due, as_of, GROUP):
        await there.database.write(settle, await house_of(there), due, ())


async def open_waiting(there: Gateway) -> Counter[str]:
    """Open what waits, as a worker does, and do nothing besides."""
    outcome: Counter[str] = Counter()
    while stored := await there.database.read(waiting.take, frozenset(range(SHARDS)), GROUP):
        house = await house_of(there)
        parsed = [await parse(there, row) for row in stored]
        for row in parsed:
            if row.error:
                await _set_aside(there, row, row.error)
                outcome["set_aside"] += 1
        outcome += await _attempt(there, house, [row for row in parsed if not row.error])
    return outcome


async def _attempt(there: Gateway, house: House, batch: Sequence[Parsed]) -> Counter[str]:
    if not batch:
        return Counter()
    try:
        return await there.database.write(open_batch, house, batch, ())
    except Unavailable:
        raise
    except Exception as error:
        if len(batch) == 1:
            await _set_aside(there, batch[0], f"opening_failed: {type(error).__name__}: {error}")
            return Counter(set_aside=1)
        middle = len(batch) // 2
        return await _attempt(there, house, batch[:middle]) + await _attempt(there, house, batch[middle:])


async def _set_aside(there: Gateway, row: Parsed, error: str) -> None:
    settled = Settled(row.envelope_id, row.source_id, SET_ASIDE, error=error)
    await there.database.write(waiting.set_aside, settled, ())
