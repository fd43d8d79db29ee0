"""A network that was well for long is asked again at once when it fails, one that keeps failing ever more rarely."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from channels.base import Account
from channels.email import Email
from channels.errors import TryLater
from gateway.listener import _Listener
from routing.times import SECOND

LASTED = (1, 1, 1, 900, 1)
"""Seconds that listening went well before each fault."""


class Faulty(_Listener):
    """Listens so long, then fails; remembers how often in a row it is said to have failed."""

    def __init__(self) -> None:
        self.now = 0
        gateway: Any = SimpleNamespace(now=lambda: self.now)
        live: Any = None
        super().__init__(gateway, live)
        self.left = list(LASTED)
        self.noted: list[int] = []

    async def _hold(self) -> bool:
        return True

    async def _listen(self) -> None:
        self.now += self.left.pop(0) * SECOND
        raise TryLater("cut", code="imap_lost")

    async def _note(self, error: Exception, failures: int) -> None:
        self.noted.append(failures)
        if not self.left:
            raise asyncio.CancelledError


async def test_faults_are_counted_anew_after_ten_minutes_of_health() -> None:
    listener = Faulty()
    with pytest.raises(asyncio.CancelledError):
        await listener.run()
    assert listener.noted == [1, 2, 3, 1, 2]


class Resting(_Listener):
    """Tells how long it would wait."""

    def __init__(self, channel: Email) -> None:
        row = SimpleNamespace(id="s1", last_error="imap_lost")
        live: Any = SimpleNamespace(row=row, channel=channel)
        gateway: Any = None
        super().__init__(gateway, live)
        self.waits: list[float] = []

    async def _wait_holding(self, seconds: float) -> None:
        self.waits.append(seconds)


async def test_a_mailbox_that_keeps_failing_is_tried_every_five_minutes_and_no_rarer() -> None:
    listener = Resting(Email(Account(source_id="s1", settings={})))
    for failures in (1, 2, 3, 5, 8, 20, 1000):
        await listener._note(TryLater("cut", code="imap_lost"), failures)
    assert all(low <= wait <= 2 * low for low, wait in zip((0.5, 1, 2, 8, 64), listener.waits, strict=False))
    assert all(150 <= wait <= 300 for wait in listener.waits[5:]), "providers lock who signs in too often"
