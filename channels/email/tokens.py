"""How is a mailbox signed into without a password? By an access token, renewed from one that lasts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Final

import aiohttp

from channels.base import Memory
from channels.errors import Disconnected, TryLater

EARLY: Final = 300.0
"""A token is renewed so many seconds before it runs out."""
PATIENCE: Final = 20
LARGEST: Final = 64 * 1024
REFRESH: Final = "refresh_token"
PLACES: Final[Mapping[str, str]] = {
    "yandex360": "https://oauth.yandex.ru/token",
    "mailru": "https://oauth.mail.ru/token",
    "gmail": "https://oauth2.googleapis.com/token",
    "outlook": "https://login.microsoftonline.com/common/oauth2/v2.0/token",
}
"""Where each provider renews tokens (RFC 6749, section 6)."""


class Tokens:
    """The access token of one mailbox. Microsoft gives a new lasting token each time: the newest is remembered."""

    def __init__(self, place: str, client: str, secret: str, refresh: str, memory: Memory | None) -> None:
        self._place, self._client, self._secret = place, client, secret
        self._refresh = refresh
        self._memory = memory
        self._token = ""
        self._until = 0.0
        self._turn = asyncio.Lock()

    async def access(self) -> str:
        """A token that is good for five minutes more. Raises Disconnected when the provider took the right back, TryLater."""
        async with self._turn:
            if asyncio.get_running_loop().time() >= self._until - EARLY:
                await self._renew()
            return self._token

    def refused(self) -> None:
        """A server refused the token: ask for a new one next time."""
        self._until = 0.0

    async def _renew(self) -> None:
        if self._memory is None:
            await self._ask(self._refresh)
            return
        async with self._memory.alone():
            known = await self._memory.read()
            # A lasting token that was pasted anew counts before the one that grew out of an older one.
            grown = known.get(REFRESH) if known.get("from") == self._refresh else None
            fresh = await self._ask(grown or self._refresh)
            if fresh and fresh != grown:
                await self._memory.write({**known, REFRESH: fresh, "from": self._refresh})

    async def _ask(self, refresh: str) -> str:
        """Renew; the lasting token to use next time, "" when it stays the same."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": self._client}
        if self._secret:
            form["client_secret"] = self._secret
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as http,
                http.post(self._place, data=form, allow_redirects=False) as answer,
            ):
                told = await _json(answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TryLater(type(error).__name__, code="oauth_unreachable") from error
        if answer.status >= 500 or answer.status == 429:
            raise TryLater(f"{answer.status}", code="oauth_unreachable")
        token = told.get("access_token")
        if answer.status != 200 or not isinstance(token, str) or not token:
            raise Disconnected(str(told.get("error", answer.status))[:100], code="oauth_refused")
        lasts = told.get("expires_in")
        seconds = float(lasts) if isinstance(lasts, int | float) else 3600.0
        self._token, self._until = token, asyncio.get_running_loop().time() + max(seconds, EARLY + 60)
        again = told.get("refresh_token")
        return again if isinstance(again, str) else ""


async def _json(answer: aiohttp.ClientResponse) -> Mapping[str, object]:
    body = await answer.content.read(LARGEST)
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
