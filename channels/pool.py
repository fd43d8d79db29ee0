"""Which connections does an account's channel keep open, and until when?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from channels.errors import TryLater

if TYPE_CHECKING:
    import aiohttp


class Pool:
    """An account's connections to its provider, made by `make` at the first call and closed for good with the channel."""

    def __init__(self, make: Callable[[], aiohttp.ClientSession]) -> None:
        self._make = make
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    def session(self) -> aiohttp.ClientSession:
        """The connections. Raises TryLater once closed: whoever is still at work here goes on with the account's newer
        channel, and nothing is opened that nobody closes."""
        if self._closed:
            raise TryLater("the account was set up anew", code="source_renewed")
        if self._session is None:
            self._session = self._make()
        return self._session

    async def close(self) -> None:
        """Close them; safe to call twice."""
        self._closed = True
        if self._session is not None:
            await self._session.close()
            self._session = None
