"""How do we call VK without holding up everybody else?

vk_api blocks, so a community has a thread of its own, begun with the first call. Calls wait their turn
there; one that is given up before its turn is never made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from channels.vk.session import Session

T = TypeVar("T")


class Api:
    """One community's calls, one after another. Making one opens nothing."""

    def __init__(self, token: str, base: str, patience: tuple[float, float]) -> None:
        self.base = base
        self._token = token
        self._patience = patience
        self._thread: ThreadPoolExecutor | None = None
        self._session: Session | None = None

    async def call(self, method: str, **values: Any) -> Any:
        """VK's answer to one method. Raises SendFailed's kin."""
        return await self.run(lambda session: session.call(method, values))

    async def run(self, work: Callable[[Session], T]) -> T:
        """Do blocking work with the community's session, in its turn. Raises what the work raises."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="vk")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, work)

    def _do(self, work: Callable[[Session], T]) -> T:
        if self._session is None:
            from channels.vk.session import Session  # slow to import, so only here

            self._session = Session(self._token, self.base, self._patience)
        return work(self._session)

    def close(self) -> None:
        """No further call is made; one under way ends by its own time limit."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._thread = None
        if self._session is not None:
            self._session.close()
            self._session = None
