"""How is a file got that a service only gave a link to?

Whoever posts a link chooses where we go, so: https only, to public addresses only (the connection is made to the address
that was looked at), few hops, a limit of size and time.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from urllib.parse import unquote, urljoin, urlsplit

import aiohttp

from channels.errors import Refused, TryLater
from channels.outside import is_public, outside

LINK = "link:"
"""Prefix of refs of files that lie at a link."""
LARGEST = 50 * 1024 * 1024
SECONDS = 20
HOPS = 3
PIECE = 64 * 1024
FILE = re.compile(
    r"https://[^\s\"'<>]{4,1500}\.(pdf|jpe?g|png|webp|gif|heic|docx?|xlsx?|pptx?|odt|ods|rtf|txt|csv|zip|rar|7z|dwg|dxf"
    r"|mp3|ogg|m4a|wav|mp4|mov)(\?[^\s\"'<>]{0,500})?",
    re.IGNORECASE,
)


def is_file(value: str) -> bool:
    """Whether an answer is nothing but a link to a file."""
    return FILE.fullmatch(value) is not None


def name_of(url: str) -> str:
    """What the file is called."""
    last = unquote(urlsplit(url).path.rpartition("/")[2])
    return "".join(letter for letter in last if letter.isprintable()).strip(" .")[:180]


async def fetch(url: str) -> AsyncIterator[bytes]:
    """The bytes at a link. Raises TryLater or Refused; the link itself stays among the answers."""
    timeout = aiohttp.ClientTimeout(total=SECONDS, connect=5)
    try:
        async with aiohttp.ClientSession(connector=outside(), timeout=timeout) as session:
            async for piece in _follow(session, url):
                yield piece
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise TryLater(type(error).__name__, code="link_unreachable") from error


async def _follow(session: aiohttp.ClientSession, url: str) -> AsyncIterator[bytes]:
    for _ in range(HOPS):
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or not is_public(parts.hostname):
            raise Refused("the link leads where we do not go", code="link_forbidden")
        async with session.get(url, allow_redirects=False) as answer:
            if answer.status in (301, 302, 303, 307, 308):
                url = urljoin(url, answer.headers.get("Location", ""))
                continue
            if answer.status != 200:
                raise TryLater(str(answer.status), code="link_unreachable")
            size = 0
            async for piece in answer.content.iter_chunked(PIECE):
                size += len(piece)
                if size > LARGEST:
                    raise Refused("the file is too large", code="too_large")
                yield piece
            return
    raise Refused("the link leads in circles", code="link_forbidden")
