"""Is this the right password? Slow on purpose, so it is done on a thread; guessing is slowed down as well."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()
SHORTEST = 8
TRIES, PAUSE = 5, 60_000_000
REMEMBERED = 10_000


async def hashed(password: str) -> str:
    """What is stored."""
    return await asyncio.to_thread(_hasher.hash, password)


@cache
def _nobodys() -> str:
    """Verified for an unknown address, so that the answer takes as long as for a known one."""
    return _hasher.hash("nobody's password")


async def fits(stored: str, password: str) -> bool:
    """Whether the password is the one that was hashed; False for a member without one."""
    nobodys = await asyncio.to_thread(_nobodys)  # by whoever comes first, known or not
    try:
        return await asyncio.to_thread(_hasher.verify, stored or nobodys, password) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


class Guesses:
    """Five wrong pairs for an address from one place, and the sixth waits a minute."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[tuple[str, str], tuple[int, int]] = OrderedDict()

    def wait(self, email: str, ip: str, now: int) -> int:
        """Seconds to wait before another try; 0: none."""
        count, last = self._wrong.get((email, ip), (0, 0))
        return max(0, -(-(last + PAUSE - now) // 1_000_000)) if count >= TRIES else 0

    def wrong(self, email: str, ip: str, now: int) -> None:
        """Remember a try; it counts as wrong until it proves right."""
        count, last = self._wrong.pop((email, ip), (0, 0))
        fresh = count if now - last < 10 * PAUSE else 0
        self._wrong[email, ip] = (fresh + 1, now)
        while len(self._wrong) > REMEMBERED:
            self._wrong.popitem(last=False)

    def right(self, email: str, ip: str) -> None:
        """Forget the wrong ones."""
        self._wrong.pop((email, ip), None)
