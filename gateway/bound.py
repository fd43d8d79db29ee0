"""How is a function of ours kept from running for ever? By its processor time, looked at from outside.

Regular expressions and loops look whether a signal came; a timer of the process's own processor time sends one. Only the main
thread can be ended so, and only where the system has such timers: elsewhere the function runs unbounded.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
LOOK: Final = 0.05

_until: float | None = None
_ready = False
_watched = False
"""Whether the timer runs. It stops by itself once nobody is bounded any more: that costs less than stopping it each time."""


class TookTooLong(BaseException):
    """Time is over. No Exception, so that no parser can hold it for an error of its own."""


def within(seconds: float, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the function returns. Raises TookTooLong after so many seconds of this thread's processor time."""
    global _until
    if not _can():
        return function(*args, **kwargs)
    if not _watched or seconds < LOOK:
        _watch(min(seconds, LOOK))
    _until = time.thread_time() + seconds
    try:
        return function(*args, **kwargs)
    finally:
        _until = None


def _watch(seconds: float) -> None:
    global _watched
    _watched = seconds > 0
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, LOOK)


def _can() -> bool:
    global _ready
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        return False
    if not _ready:
        signal.signal(signal.SIGVTALRM, _look)
        _ready = True
    return True


def _look(_: int, __: FrameType | None) -> None:
    if _until is None:
        _watch(0)
    elif time.thread_time() > _until:
        raise TookTooLong
