"""How do we call a telephone system, and what do its failures mean?

Recordings lie where a payload says, so every address is checked: its host must be one the provider or the
wizard named, it must be https, and it must not lead into our own network.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

from channels.errors import Disconnected, OutcomeUnknown, Refused, SendFailed, TryLater
from channels.pool import Pool
from channels.telephony.requests import Ready

if TYPE_CHECKING:
    import aiohttp

LONGEST_RECORDING = 50 * 1024 * 1024
PIECE = 64 * 1024
LONGEST_ANSWER = 4 * 1024 * 1024
HEAD = 512
SOUNDS = (b"ID3", b"OggS", b"fLaC", b"#!AMR", b".snd", b"\x1aE\xdf\xa3")
HOPS = 4
REDIRECTS = frozenset({301, 302, 303, 307, 308})

Allowed = Callable[[SplitResult], bool]


class Wire:
    """HTTP to one system. The connection pool is made at the first call."""

    def __init__(self, base: str = "", *, timeout: float = 15) -> None:
        self._timeout = timeout
        self._loopback = is_loopback(base)
        self._pool = Pool(self._connections)

    def session(self) -> aiohttp.ClientSession:
        """The pool's connections. Raises TryLater once closed."""
        return self._pool.session()

    def _connections(self) -> aiohttp.ClientSession:
        import aiohttp

        # Without the check a payload could make us read what only our own network may (SSRF).
        resolver = None if self._loopback else _public_only()
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=resolver, limit=20),
            timeout=aiohttp.ClientTimeout(total=self._timeout, connect=5),
            auto_decompress=False,
        )

    async def post(self, url: str, fields: Mapping[str, str], *, harmless: bool) -> tuple[int, str, bytes]:
        """(status, Location, body) of a form post. `harmless`: asking twice does no damage, so failures are
        TryLater."""
        with our_errors(harmless=harmless):
            async with self.session().post(url, data=dict(fields), allow_redirects=False) as answer:
                body = await answer.content.read(1024 * 1024)
                return answer.status, answer.headers.get("Location", ""), body

    async def send(self, request: Ready, *, harmless: bool) -> tuple[int, bytes]:
        """(status, body) of a request made of data. Raises as `post`."""
        if urlsplit(request.url).scheme != "https" and not (self._loopback and is_loopback(request.url)):
            raise Refused("not an https address", code="foreign_host")
        with our_errors(harmless=harmless):
            async with self.session().request(
                request.method,
                request.url,
                data=request.body or None,
                headers=dict(request.headers),
                allow_redirects=False,
            ) as answer:
                return answer.status, await answer.content.read(LONGEST_ANSWER)

    async def download(
        self, url: str, allowed: Allowed, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes at an address, following redirects within the allowed hosts; `headers` go to the first only."""
        with our_errors(harmless=True):
            for _ in range(HOPS):
                if not self._may(url, allowed):
                    raise Refused("recording lies on a host nobody named", code="foreign_host")
                async with self.session().get(url, allow_redirects=False, headers=headers) as answer:
                    if answer.status in REDIRECTS:
                        headers = None  # a key is for the system alone
                        url = urljoin(url, answer.headers.get("Location", ""))
                        continue
                    raise_for(answer.status)
                    head = await _head(answer.content)
                    if not is_sound(head):  # a page that says "sign in" or "wait" comes as a 200, too
                        raise TryLater("no sound in it", code="recording_not_sound", after=60)
                    yield head
                    size = len(head)
                    async for piece in answer.content.iter_chunked(PIECE):
                        size += len(piece)
                        if size > LONGEST_RECORDING:
                            raise Refused("recording is too large", code="too_large")
                        yield piece
                    return
            raise Refused("recording leads in circles", code="foreign_host")

    def _may(self, url: str, allowed: Allowed) -> bool:
        try:
            parts = urlsplit(url)
            known = allowed(parts)
        except ValueError:
            return False
        if is_loopback(url):
            return self._loopback and known
        return known and parts.scheme == "https" and not _is_private(parts.hostname or "")

    async def close(self) -> None:
        """Close the pool for good; safe to call twice."""
        await self._pool.close()


async def _head(content: aiohttp.StreamReader) -> bytes:
    """The first bytes, by which a kind of file is known; fewer when there are no more."""
    head = b""
    while len(head) < HEAD and (piece := await content.read(HEAD - len(head))):
        head += piece
    return head


def is_sound(head: bytes) -> bool:
    """Whether a file that begins so holds sound: WAV, MP3, AAC, Ogg, FLAC, AMR, AU, MP4 and 3GP, WebM."""
    # MP3 at 8 kHz has no other mark than that of its first frame; FF FE begins a text
    frames = head[:1] == b"\xff" and head[1:2] >= b"\xe0" and head[1:2] != b"\xfe"
    wave = head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE"
    return frames or wave or head[4:8] == b"ftyp" or head.startswith(SOUNDS)


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine, where fakes and a telephone system beside us live."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_private(host: str) -> bool:
    """Whether a host written as a number leads elsewhere than to the internet."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not (getattr(address, "ipv4_mapped", None) or address).is_global


def _public_only() -> aiohttp.abc.AbstractResolver:
    """A resolver that gives only addresses of the internet; the connection is made to what it gave."""
    from aiohttp.abc import ResolveResult
    from aiohttp.resolver import ThreadedResolver

    class PublicOnly(ThreadedResolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            found = await super().resolve(host, port, family)
            public = [one for one in found if not _is_private(one["host"])]
            if not public:
                raise OSError(None, "no public address")
            return public

    return PublicOnly()


def raise_for(status: int) -> None:
    """Raise what an HTTP status means for a question that may be asked again."""
    if status == 429:
        raise TryLater("asked too often", code="slow_down", after=60)
    if status in (401, 403):
        raise Refused("the provider keeps it from us", code="recording_forbidden")
    if status in (404, 409, 420, 425) or status >= 500:
        raise TryLater("not there yet", code="recording_not_ready", after=60)
    if status != 200:
        raise Refused(f"unexpected answer {status}", code="recording_refused")


def raise_for_command(status: int) -> None:
    """Raise what an HTTP status means for a command to call."""
    if status in (401, 403):
        raise Disconnected("key refused", code="call_key_refused")
    if status == 429:
        raise TryLater("asked too often", code="slow_down", after=60)
    if status >= 500:
        raise OutcomeUnknown(f"answer {status}", code="no_answer")
    if status >= 400:
        raise Refused(str(status), code="call_refused")


@contextmanager
def our_errors(*, harmless: bool) -> Iterator[None]:
    """Their errors as ours. What surely never left is TryLater; what may have left is unknown, unless it
    does no harm."""
    import aiohttp

    unknown: type[SendFailed] = TryLater if harmless else OutcomeUnknown
    try:
        yield
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise TryLater("cannot connect", code="provider_unreachable") from error
    except (TimeoutError, aiohttp.ServerTimeoutError) as error:
        raise unknown("no answer in time", code="no_answer") from error
    except aiohttp.InvalidURL as error:
        raise Refused("not an address", code="foreign_host") from error
    except (aiohttp.ClientError, OSError) as error:
        raise unknown("connection lost", code="no_answer") from error
