"""How is the Bot API asked without a library?

Receiving, checking and downloading need so little that aiogram stays out of them. No error here holds an
address: the token is part of every one.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from channels.errors import Disconnected, OutcomeUnknown, Refused, TryLater
from channels.events import Micros
from channels.pool import Pool
from channels.telegram.refusals import our_error
from channels.telegram.wire import Answer, StoredFile

CLOUD: Final = "https://api.telegram.org"
SAFE_BASE: Final = r"https://[^\s/@?#]+(/[^\s?#]*)?|http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?/?"
"""Plain http only to this machine: the token is part of every address."""
TOKEN: Final = r"[0-9]{1,20}:[A-Za-z0-9_-]{20,100}"
LARGEST_ANSWER: Final = 16 << 20
LARGEST_FILE: Final = 20 << 20
"""Bot API: getFile."""
TIMEOUT: Final = 10.0
CONNECT: Final = 8.0
DOWNLOAD: Final = 180.0
CHUNK: Final = 64 << 10

T = TypeVar("T")


class Api:
    """One bot's calls. Opens its connections at the first."""

    def __init__(self, base: str, token: str, *, local: bool = False) -> None:
        """`local`: the server keeps the files itself (--local), so nothing limits their size and paths are its disk's."""
        self._local = local
        self._base = (base or CLOUD).rstrip("/")
        self._token = token
        self._pool = Pool(lambda: aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=20)))
        self.told_at: Micros = 0
        """The provider's own time of its latest answer."""

    @property
    def base(self) -> str:
        """The server that is asked. Raises Disconnected when the settings name none that is safe."""
        if not re.fullmatch(SAFE_BASE, self._base):
            raise Disconnected("not https", code="api_base_wrong")
        return self._base

    async def call(
        self,
        method: str,
        kind: type[T],
        params: Mapping[str, object] | None = None,
        *,
        patience: float = TIMEOUT,
        group: bool = False,
    ) -> T:
        """The call's result. Raises TryLater, Refused, Disconnected, Unreachable or WindowClosed.

        Meant for calls that do no harm twice, so a lost answer is TryLater. `group`: it concerns a chat of many, so a
        refusal says nothing about a person.
        """
        body = msgspec.json.encode(params or {})
        limits = aiohttp.ClientTimeout(total=patience, sock_connect=CONNECT)
        address = f"{self._address()}/{method}"
        async with self._our_errors():
            headers = {"Content-Type": "application/json"}
            async with self._pool.session().post(
                address, data=body, headers=headers, timeout=limits, allow_redirects=False
            ) as response:
                self.told_at = _told_at(response.headers.get("Date", ""))
                answer = await _read(response)
        return self._result(response.status, answer, kind, group=group)

    def _result(self, status: int, body: bytes, kind: type[T], *, group: bool = False) -> T:
        try:
            answer = msgspec.json.decode(body, type=Answer)
            if answer.ok and status < 300:
                return msgspec.json.decode(answer.result, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if status < 400:
                raise TryLater("not an answer of the Bot API", code="bad_answer") from None
            answer = Answer(ok=False)
        after = answer.parameters.retry_after if answer.parameters is not None else None
        error = our_error(
            status, self.scrub(answer.description or f"HTTP {status}"), after=after, group=group
        )
        if isinstance(error, OutcomeUnknown):
            raise TryLater(error.detail, code=error.code)
        raise error

    async def download(self, file_id: str) -> AsyncIterator[bytes]:
        """A file's bytes. Raises TryLater, Refused or Disconnected."""
        stored = await self._find(file_id)
        limits = aiohttp.ClientTimeout(total=DOWNLOAD, sock_connect=CONNECT, sock_read=30)
        address = f"{self.base}/file/bot{self._token}/{quote(self._path(stored))}"
        got = 0
        async with (
            self._our_errors(),
            self._pool.session().get(address, timeout=limits, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise TryLater(f"HTTP {response.status}", code="file_unavailable")
            async for chunk in response.content.iter_chunked(CHUNK):
                got += len(chunk)
                if got > LARGEST_FILE and not self._local:
                    raise Refused("more than 20 MB", code="too_large")
                yield chunk

    async def _find(self, file_id: str) -> StoredFile:
        # A server with --local answers only once it has the whole file.
        patience = DOWNLOAD if self._local else TIMEOUT
        try:
            stored = await self.call("getFile", StoredFile, {"file_id": file_id}, patience=patience)
        except Refused as error:
            if error.code == "file_unavailable":  # the server does not tell a wrong id from a passing fault
                raise TryLater(error.detail, code=error.code) from None
            raise
        if (stored.file_size or 0) > LARGEST_FILE and not self._local:
            raise Refused("more than 20 MB", code="too_large")
        return stored

    def _path(self, stored: StoredFile) -> str:
        """Where the file lies below the bot's own address. A server with --local tells its place on disk, below a folder that is
        named by the token. Raises Refused."""
        path = stored.file_path
        if self._local and path.startswith("/"):
            path = path.partition(f"/{self._token}/")[2]
        if not path or path.startswith("/") or ".." in path.split("/"):
            raise Refused("the server gave no usable path", code="file_unavailable")
        return path

    def scrub(self, text: str) -> str:
        """The text without the token."""
        return text.replace(self._token, "***") if self._token else text

    def _address(self) -> str:
        if not re.fullmatch(TOKEN, self._token):
            raise Disconnected("not a token", code="token_wrong")
        return f"{self.base}/bot{self._token}"

    @asynccontextmanager
    async def _our_errors(self) -> AsyncIterator[None]:
        try:
            yield
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise TryLater(type(error).__name__, code="network") from None

    async def close(self) -> None:
        """Release the connections."""
        await self._pool.close()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    async for chunk in response.content.iter_chunked(CHUNK):
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise TryLater("the answer is too long", code="bad_answer")
        parts.append(chunk)
    return b"".join(parts)


def _told_at(date: str) -> Micros:
    try:
        return int(parsedate_to_datetime(date).timestamp()) * 1_000_000
    except (ValueError, OverflowError):
        return 0
