"""How do we call VK without holding up everybody else, and no faster than it allows?

vk_api blocks, so a community has a few threads of its own, begun with the first calls: one large file holds up one of them.
Calls wait their turn there; one that is given up before its turn is never made.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from channels.vk.session import Session

T = TypeVar("T")
THREADS: Final = 6
PER_SECOND: Final = 15
"""Of VK's twenty calls a second for a community; other processes of ours need some of them."""


class Turns:
    """Calls of all threads at an even distance. So it does not matter which process of ours makes them: when one leaves off
    and another begins, no second holds more than one second of calls."""

    def __init__(self, per_second: float = PER_SECOND) -> None:
        self._interval = 1 / per_second
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Sleep until this call's turn."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._interval
        time.sleep(turn - now)


class Api:
    """One community's calls. Making one opens nothing."""

    def __init__(self, token: str, base: str, patience: tuple[float, float]) -> None:
        self.base = base
        self._token = token
        self._patience = patience
        self._turns = Turns()
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
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._do, work, given_up)
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
