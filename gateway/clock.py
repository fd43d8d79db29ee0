"""What time is it? The only place that looks; microseconds UTC."""

from __future__ import annotations

import os
import threading
import time

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


def new_id(at: int | None = None) -> str:
    """A UUIDv7: sorts by its millisecond, unique without asking anybody."""
    value = ((now() if at is None else at) // 1000 & (1 << 48) - 1) << 80 | int.from_bytes(
        os.urandom(10), "big"
    )
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
