"""How are tasks ended for sure? One cancellation may be swallowed: Python 3.11's `wait_for` does it now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

AGAIN: Final = 3.0
"""Seconds a task has for its last acts before it is cancelled again."""


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel them, again and again, until all have ended; whatever they raise is theirs.

    Who is cancelled while ending others goes on until they have ended: nothing of theirs may outlive what they work with.
    """
    every = list(tasks)
    pending = {task for task in every if not task.done()}
    hurried = False
    while pending:
        for task in pending:
            task.cancel()
        try:
            _, pending = await asyncio.wait(pending, timeout=AGAIN)
        except asyncio.CancelledError:
            hurried = True
            pending = {task for task in pending if not task.done()}
    await asyncio.gather(*every, return_exceptions=True)
    if hurried:
        raise asyncio.CancelledError
