"""Is a turn that only one process may have ours, and for how long still?"""

from __future__ import annotations

from gateway.context import Gateway
from routing.times import SECOND
from storage.leases import Lease, acquire, renew


async def hold(gateway: Gateway, held: Lease | None, name: str, seconds: float) -> Lease | None:
    """The lease of that name: as it was, renewed once half of its time is over, or taken; None: another process has it.

    Raises Unavailable.
    """
    database = gateway.database
    if held is not None and held.until - gateway.now() < seconds / 2 * SECOND:
        held = next(iter(await database.write(renew, [held], seconds)), None)
    if held is None:
        held = next(iter(await database.write(acquire, [name], gateway.holder, seconds)), None)
    return held
