"""When may the network be called again? So many calls in any span of time, and a pause for each chat."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from channels.base import Rate

CHATS: Final = 5000


class Pace:
    """No faster than the network allows: `burst` calls in any span of `burst / per_second` seconds.

    `clock` gives seconds that never jump.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = rate.burst
        self._span = rate.burst / rate.per_second
        self._clock = clock
        self._turns: list[float] = []
        """Sorted; those that count still, and those to come."""
        self._chats: OrderedDict[str, float] = OrderedDict()

    def happened(self, chat: str, interval: float, seconds_ago: float) -> None:
        """Another sender called so long ago: its calls count against the same limits."""
        at = self._clock() - seconds_ago
        insort(self._turns, at)
        self._remember(chat, max(at + interval, self._chats.get(chat, 0.0)))

    def turn(self, chat: str, interval: float) -> float:
        """Take the next turn of this chat; how many seconds to wait for it."""
        now = self._clock()
        del self._turns[: bisect_right(self._turns, now - self._span)]
        turn = self._room(max(now, self._chats.get(chat, now)))
        insort(self._turns, turn)
        self._remember(chat, turn + interval)
        return turn - now

    def _room(self, turn: float) -> float:
        """The first moment from then on at which one more call leaves no span too full."""
        # By place, not by asking for the span anew: (t + span) - span may be less than t, and that would never end.
        first = bisect_right(self._turns, turn - self._span)
        while bisect_left(self._turns, turn + self._span) - first >= self._burst:
            turn = max(turn, self._turns[first] + self._span)
            first += 1
        return turn

    def _remember(self, chat: str, until: float) -> None:
        self._chats[chat] = until
        self._chats.move_to_end(chat)
        while len(self._chats) > CHATS:
            self._chats.popitem(last=False)
