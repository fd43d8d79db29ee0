"""What are our things called?"""

from __future__ import annotations

import random
import threading
import time


def new_id(at: int) -> str:
    """A UUIDv7 of a moment (microseconds UTC): sorts by its millisecond, within it by when it was made, and is unique
    without asking anybody. What comes with one date, such as two letters of one second, so stays in order."""
    made = _tick()
    when = f"{at // 1000 & _MOST:012x}"
    late = f"{0x8000_0000_0000_0000 | (made & _LOW) << 22 | _chance():016x}"
    return f"{when[:8]}-{when[8:]}-7{made >> 40 & 0xFFF:03x}-{late[:4]}-{late[4:]}"


_MOST = (1 << 48) - 1
_LOW = (1 << 40) - 1
_lock = threading.Lock()
_last = 0


def _tick() -> int:
    """The microsecond it is, or the one after the last that was told: no two of one process are the same."""
    global _last
    with _lock:
        _last = max(_last + 1, time.time_ns() // 1000)
        return _last


def _chance() -> int:
    """22 random bits: two processes that make an id in the same microsecond make different ones."""
    return random.getrandbits(22)
