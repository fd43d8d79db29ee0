"""How do we call VK without holding up everybody else, and no faster than it allows?

vk_api blocks, so a community has a few threads of its own, begun with the first calls: one large file holds up one of them.
Calls wait their turn there; one that is given up before its turn is never made.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

from channels.base import Turns

if TYPE_CHECKING:
    from channels.vk.session import Session

T = TypeVar("T")
THREADS: Final = 6
PER_SECOND: Final = 15
"""Of VK's twenty calls a second for a community: calls are on their way for different times."""
PATIENCE: Final = 3.0
"""Seconds after which a turn that nobody tells is taken anyway."""


class Queue:
    """Calls of all threads at an even distance, and of all processes where they share turns. So it does not matter which
    process of ours makes them: when one leaves off and another begins, no second holds more than one second of calls."""

    def __init__(self, shared: Turns | None = None, per_second: float = PER_SECOND) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        """Where `shared` can be asked."""
        self._shared = shared
        self._interval = 1 / per_second
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Sleep until this call's turn."""
        time.sleep(self._told())
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._interval
        time.sleep(turn - now)

    def _told(self) -> float:
        """Seconds until the turn among all processes."""
        if self._shared is None or self.loop is None or not self.loop.is_running():
            return 0.0
        asked = asyncio.run_coroutine_threadsafe(self._shared.take(self._interval), self.loop)
        try:
            return asked.result(PATIENCE)
        except (TimeoutError, CancelledError):  # the loop has other cares, or is ending
            asked.cancel()
            return 0.0


class Api:
    """One community's calls. Making one opens nothing."""

    def __init__(
        self, token: str, base: str, patience: tuple[float, float], shared: Turns | None = None
    ) -> None:
        self.base = base
        self._token = token
        self._patience = patience
        self._turns = Queue(shared)
        self._threads: ThreadPoolExecutor | None = None
        self._sessions: dict[int, Session] = {}
        """Each thread's own, by its number."""

    async def call(self, method: str, **values: Any) -> Any:
        """VK's answer to one method. Raises SendFailed's kin."""
        return await self.run(lambda session: session.call(method, values))

    async def run(self, work: Callable[[Session], T]) -> T:
        """Do blocking work with a session, in its turn. Raises what the work raises.

        Who is cancelled takes the rest of the work along: no further call is made for it, and a file on its way is broken off.
        """
        if self._threads is None:
            self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="vk")
        given_up = threading.Event()
        self._turns.loop = loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, self._do, work, given_up)
        finally:
            given_up.set()

    def _do(self, work: Callable[[Session], T], given_up: threading.Event) -> T:
        session = self._sessions.get(threading.get_ident())
        if session is None:
            from channels.vk.session import Session  # slow to import, so only here

            session = Session(self._token, self.base, self._patience, self._turns)
            self._sessions[threading.get_ident()] = session
        session.given_up = given_up
        return work(session)

    def close(self) -> None:
        """No further call is made; those under way end by their own time limit."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None
        for session in list(self._sessions.values()):
            session.close()
        self._sessions.clear()
