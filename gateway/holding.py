"""Is a turn that only one process may have ours, and for how long still?"""

from __future__ import annotations

import time

from gateway.context import Gateway
from routing.times import SECOND
from storage.bells import Bell
from storage.errors import Unavailable
from storage.leases import Lease, acquire, renew


async def hold(gateway: Gateway, held: Lease | None, name: str, seconds: float) -> Lease | None:
    """The lease of that name: as it was, renewed once half of its time is over, or taken; None: another process has it.

    Raises Unavailable.
    """
    database = gateway.database
    if held is not None and held.until - gateway.now() < seconds / 2 * SECOND:
        held = next(iter(await database.write_alone(renew, [held], seconds)), None)
    if held is None:
        held = next(iter(await database.write(acquire, [name], gateway.holder, seconds)), None)
    return held


async def rest(
    gateway: Gateway, held: Lease | None, name: str, seconds: float, bell: Bell, longest: float
) -> Lease | None:
    """Wait for the bell, `longest` seconds at most, without the lease running out meanwhile; what is left of it then."""
    until = time.monotonic() + longest
    while (left := until - time.monotonic()) > 0:
        if held is None:
            await bell.wait(left)
            return None
        if await bell.wait(min(left, seconds / 3)):
            break
        try:
            held = await hold(gateway, held, name, seconds)
        except Unavailable:
            return None
    return held
