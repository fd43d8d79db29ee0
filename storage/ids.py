"""What are our things called?"""

from __future__ import annotations

import itertools
import os
import random
from functools import lru_cache


def new_id(at: int) -> str:
    """A UUIDv7 of a moment (microseconds UTC): sorts by its millisecond, within it by the order in which this process
    made them, and is unique without asking anybody. What comes with one date, as letters do, so stays in order."""
    made = next(_made)  # of a counter it is one step: two threads never get the same
    late = f"{0x8000_0000_0000_0000 | (made & _LOW) << 22 | _dice.getrandbits(22):016x}"
    return f"{_when(at // 1000)}{made >> 40 & 0xFFF:03x}-{late[:4]}-{late[4:]}"


@lru_cache(maxsize=1024)
def _when(millisecond: int) -> str:
    """Its beginning: a batch makes thousands of one moment."""
    when = f"{millisecond & _MOST:012x}"
    return f"{when[:8]}-{when[8:]}-7"


_dice = random.Random()  # our own: whoever seeds the common one, as tests do, makes no two processes alike
_MOST = (1 << 48) - 1
_LOW = (1 << 40) - 1


def _count() -> itertools.count[int]:
    """From somewhere in the lower half of 52 bits: two processes do not count alike, and none comes to the end."""
    return itertools.count(random.SystemRandom().getrandbits(51))


def _count_anew() -> None:
    global _made
    _made = _count()


_made = _count()
os.register_at_fork(after_in_child=_count_anew)
