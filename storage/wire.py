"""How is Redis reached? Whoever has none loads nothing of its library, which takes five megabytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis.asyncio import Redis


def connect(url: str, patience: float | None, connecting: float = 2) -> Redis:
    """A client that waits so many seconds for an answer, or for ever."""
    from redis.asyncio import Redis

    return Redis.from_url(url, socket_timeout=patience, socket_connect_timeout=connecting)


def failures() -> tuple[type[Exception], ...]:
    """What it raises when Redis is gone, slow or full."""
    from redis.exceptions import RedisError

    return RedisError, OSError, TimeoutError
