"""How do we get what a client attached? From VK's file servers only, hop by hop, within limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urljoin

import aiohttp

from channels.errors import Refused, TryLater
from channels.vk.hosts import allowed, of_vk

LARGEST = 210 * 1024 * 1024
HOPS = 5
BLOCK = 64 * 1024
TIME = aiohttp.ClientTimeout(total=200, connect=10, sock_read=30)
PAGES = ("vk.com", "vk.ru")


async def download(http: aiohttp.ClientSession, base: str, ref: str) -> AsyncIterator[bytes]:
    """The bytes. Raises Refused for what will not come, TryLater for what may."""
    try:
        async with _opened(http, base, ref) as answer:
            if (answer.content_length or 0) > LARGEST:
                raise Refused("larger than VK allows", code="too_large")
            read = 0
            async for block in answer.content.iter_chunked(BLOCK):
                read += len(block)
                if read > LARGEST:
                    raise Refused("larger than VK allows", code="too_large")
                yield block
    except TimeoutError:
        raise TryLater("no answer in time", code="timeout") from None
    except aiohttp.ClientError as error:
        raise TryLater(type(error).__name__, code="no_connection") from None


@asynccontextmanager
async def _opened(http: aiohttp.ClientSession, base: str, ref: str) -> AsyncIterator[aiohttp.ClientResponse]:
    """The answer with the file. A document's address sends us on to a file server; each hop must be VK's."""
    url = ref
    for _ in range(HOPS):
        async with http.get(allowed(url, base), allow_redirects=False, timeout=TIME) as answer:
            if answer.status in (301, 302, 303, 307, 308):
                url = urljoin(url, answer.headers.get("Location", ""))
                continue
            _judge(answer)
            yield answer
            return
    raise Refused("sent on too often", code="foreign_address")


def _judge(answer: aiohttp.ClientResponse) -> None:
    if answer.status in (403, 404, 410):
        raise Refused(f"HTTP {answer.status}", code="file_gone")
    if answer.status != 200:
        raise TryLater(f"HTTP {answer.status}", code="vk_failed")
    host = answer.url.host or ""
    page = any(host in (name, f"m.{name}", f"www.{name}") for name in PAGES) and of_vk(host)
    if page and answer.content_type == "text/html":  # VK shows its sign-in page where a file is private
        raise Refused("a page instead of a file", code="file_gone")
