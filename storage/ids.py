"""What are our things called?"""

from __future__ import annotations

import os


def new_id(at: int) -> str:
    """A UUIDv7 of a moment (microseconds UTC): sorts by its millisecond, unique without asking anybody."""
    try:
        chance = _chance.pop()  # of a list it is one step: two threads never get the same
    except IndexError:
        chance, *more = _fresh()
        _chance.extend(more)
    when = f"{at // 1000 & _MOST:012x}"
    return f"{when[:8]}-{when[8:]}-7{chance}"


_MOST = (1 << 48) - 1
_chance: list[str] = []


def _fresh() -> list[str]:
    """The last parts of some ids: 74 random bits each, asked of the system many at a time."""
    digits = os.urandom(10 * _AT_ONCE).hex()
    return [
        f"{part[:3]}-{'89ab'[int(part[3], 16) & 3]}{part[4:7]}-{part[7:19]}"
        for part in (digits[place : place + 20] for place in range(0, len(digits), 20))
    ]


_AT_ONCE = 256
os.register_at_fork(after_in_child=_chance.clear)
