"""How is an envelope that was set aside tried again?"""

from __future__ import annotations

import asyncio

from gateway.context import Gateway
from gateway.refusals import Refusal
from routing.times import SECOND
from storage import waiting
from storage.waiting import aside_of, states_of

PATIENCE = 10 * SECOND
MOST = 1000


async def replay_one(gateway: Gateway, envelope_id: int) -> tuple[int, int, int]:
    """Try one again: (replayed, opened, set aside again). Raises Refusal not_found."""
    if await gateway.database.read(waiting.find, envelope_id) is None:
        raise Refusal("not_found", 404)
    return await _replay(gateway, [envelope_id])


async def replay_source(gateway: Gateway, source_id: str) -> tuple[int, int, int]:
    """Try all set-aside envelopes of a source again, oldest first, a thousand at a time."""
    tried = opened = aside = after = 0
    while ids := await gateway.database.read(aside_of, source_id, MOST, after):
        after = ids[-1]
        counts = await _replay(gateway, ids)
        tried, opened, aside = tried + counts[0], opened + counts[1], aside + counts[2]
    return tried, opened, aside


async def _replay(gateway: Gateway, ids: list[int]) -> tuple[int, int, int]:
    """Let them wait again; a worker opens them, and we look what became of them."""
    count = await gateway.database.write(waiting.back_to_waiting, ids)
    until = gateway.now() + PATIENCE
    while True:
        states = await gateway.database.read(states_of, ids)
        done = waiting.WAITING not in states.values()
        if done or gateway.now() > until:
            break
        await asyncio.sleep(0.05)
    opened = sum(state in (waiting.OPENED, waiting.IGNORED) for state in states.values())
    aside = sum(state == waiting.SET_ASIDE for state in states.values())
    return count, opened if count else 0, aside
