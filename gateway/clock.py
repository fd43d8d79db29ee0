"""What time is it? The only place that looks; microseconds UTC."""

from __future__ import annotations

import threading
import time

from storage import ids

_lock = threading.Lock()
_offset = 0


def now() -> int:
    """Microseconds UTC, plus what the demonstration's clock was turned ahead."""
    return time.time_ns() // 1000 + _offset


def turn(microseconds: int) -> int:
    """Turn the clock ahead (demonstration and tests only) and return the whole offset."""
    global _offset
    with _lock:
        _offset += microseconds
        return _offset


def new_id() -> str:
    """An id of this moment."""
    return ids.new_id(now())
