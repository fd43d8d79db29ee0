"""What are our things called?"""

from __future__ import annotations

import os


def new_id(at: int) -> str:
    """A UUIDv7 of a moment (microseconds UTC): sorts by its millisecond, unique without asking anybody."""
    value = (at // 1000 & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
