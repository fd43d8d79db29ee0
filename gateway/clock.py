"""What time is it? The only place that looks; microseconds UTC.

Processes on several machines must agree, or a lease, a window and a held message mean something else in each. Where the
database is a server, its clock is everybody's: each process follows it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Final

import structlog

from gateway.metrics import CLOCK_SKEW
from routing.times import SECOND
from storage import ids
from storage.database import Database
from storage.errors import Unavailable
from storage.leases import server_now

log = structlog.get_logger(__name__)
FOLLOW_EVERY: Final = 30.0
LONGEST_WAY: Final = SECOND
"""An answer that took longer says too little about the time."""
NOISE: Final = SECOND // 20
"""A difference that the way there and back explains."""
WORTH_SAYING: Final = 2 * SECOND

_lock = threading.Lock()
_offset = 0
_ahead = 0


def now() -> int:
    """Microseconds UTC on the installation's clock, plus what the demonstration's was turned ahead."""
    return time.time_ns() // 1000 + _offset - _ahead


def turn(microseconds: int) -> int:
    """Turn the clock ahead (demonstration and tests only) and return the whole offset."""
    global _offset
    with _lock:
        _offset += microseconds
        return _offset


def ahead() -> int:
    """How many microseconds this machine's clock is ahead of the database server's, as far as is known."""
    return _ahead


def new_id() -> str:
    """An id of this moment."""
    return ids.new_id(now())


async def follow(database: Database) -> None:
    """Look once what the database's clock says and go by it. Raises Unavailable."""
    global _ahead
    if database.embedded:
        return
    began = time.time_ns() // 1000
    theirs = await database.read(server_now)
    ended = time.time_ns() // 1000
    found = (began + ended) // 2 - theirs
    if ended - began > LONGEST_WAY or abs(found - _ahead) < NOISE:
        return
    if abs(found - _ahead) > WORTH_SAYING:
        log.warning("this machine's clock is off the database's", seconds=round(found / SECOND, 1))
    with _lock:
        _ahead = found
    CLOCK_SKEW.set(found / SECOND)


async def go_on_following(database: Database) -> None:
    """Follow until cancelled."""
    while True:
        await asyncio.sleep(FOLLOW_EVERY)
        try:
            await follow(database)
        except Unavailable:
            continue
