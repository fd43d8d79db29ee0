"""How do we look into a mailbox?

The only file that speaks IMAP (with wire.py, which mends the library under it). Everything has a time-out;
after any fault the connection is dropped, because a late answer would be taken for the next one's.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from aioimaplib import aioimaplib as library

from channels.email.grammar import (
    Fact,
    bodies_of,
    fact_of,
    listed,
    plain_lines,
    quoted,
    text_of,
    to_utf7,
)  # fmt: skip
from channels.email.mailbox import Mailbox, Patience, local, trust
from channels.email.wire import Client
from channels.errors import ChannelError, Disconnected, TryLater
from channels.events import Micros

Role: TypeAlias = Literal["inbox", "sent", "junk"]
MOST_AT_ONCE = 100
"""UIDs named in one command."""
KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
CLOSING = 2.0

_SENT = {
    "sent",
    "sent items",
    "sent messages",
    "sent mail",
    "отправленные",
    "отправленные письма",
    "исходящие",
}
_JUNK = {"junk", "spam", "junk e-mail", "junk email", "bulk mail", "спам", "нежелательная почта"}
_CODE = re.compile(rb"\[(UIDVALIDITY|UIDNEXT) (\d+)\]", re.I)
_USED = re.compile(rb"\(STORAGE (\d{1,18}) (\d{1,18})[ )]", re.I)
_PASSING = re.compile(
    r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG|CONTACTADMIN)\]|too many|try (?:again )?later|temporar"
    r"|but not connected|rate|maximum number|internal (?:server )?error|слишком много|позже",
    re.I,
)
_APP_PASSWORD = re.compile(r"app(?:lication)?[- ]?(?:specific )?password|пароль приложени|для внешн", re.I)
_SWITCHED_OFF = re.compile(
    r"imap (?:is )?(?:disabled|not enabled|access)|access rights|включите|отключен", re.I
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder:
    name: str
    role: Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A folder as it is now. `next_uid` is above every letter in it."""

    validity: int
    next_uid: int


@contextlib.contextmanager
def our_errors() -> Iterator[None]:
    """The library's and the network's errors as ours. Nothing that goes wrong here loses a letter."""
    try:
        yield
    except ChannelError:
        raise
    except ssl.SSLCertVerificationError as error:
        raise TryLater(error.verify_message, code="bad_certificate") from error
    except ssl.SSLError as error:
        raise TryLater(error.reason or "TLS failed", code="imap_tls") from error
    except (socket.gaierror, UnicodeError) as error:  # the latter: no name at all, two dots in a row
        raise TryLater(str(error), code="host_not_found") from error
    except (TimeoutError, library.CommandTimeout) as error:
        raise TryLater("no answer in time", code="imap_timeout") from error
    except (library.AioImapException, OSError, EOFError) as error:
        raise TryLater(str(error)[:200] or type(error).__name__, code="imap_lost") from error


class Session:
    """A signed-in connection. Make it with `session`."""

    def __init__(self, client: Client, patience: Patience) -> None:
        self._client = client
        self._patience = patience

    @property
    def idles(self) -> bool:
        """Whether the server tells about new letters by itself."""
        return "IDLE" in self._client.protocol.capabilities

    @property
    def alerts(self) -> tuple[str, ...]:
        """What the server wants people to read."""
        return tuple(line for line in self._client.protocol.said if "[ALERT]" in line)

    async def folders(self) -> tuple[tuple[str, frozenset[str]], ...]:
        """Every folder's name and special-use flags, lower case."""
        return listed(await self._done(self._client.list('""', '"*"')))

    async def open(self, name: str, *, writable: bool = False) -> Opened:
        """Open a folder, without changing marks unless `writable`. Raises Disconnected when there is none."""
        client, mailbox = self._client, quoted(to_utf7(name))
        response = await self._answer(client.select(mailbox) if writable else client.examine(mailbox))
        if response.result != "OK":
            raise Disconnected(text_of(response)[:200], code="no_such_folder")
        client.protocol.state = library.SELECTED  # the library forgets it after EXAMINE
        client.protocol.news.clear()
        codes = {
            code.upper(): int(number)
            for line in plain_lines(response.lines)
            for code, number in _CODE.findall(line)
        }
        following = codes.get(b"UIDNEXT") or max(await self.search("UID", "*"), default=0) + 1
        return Opened(validity=codes.get(b"UIDVALIDITY", 1), next_uid=following)

    async def search(self, *criteria: str) -> list[int]:
        """UIDs that match, ascending. News that came before are covered by the answer."""
        self._client.protocol.news.clear()
        # Exchange refuses a charset in SEARCH.
        lines = await self._done(self._client.uid_search(*criteria, charset=None))
        return sorted(
            {int(word) for line in plain_lines(lines[:-1]) for word in line.split() if word.isdigit()}
        )

    async def facts(self, uids: Sequence[int]) -> list[Fact]:
        """Size and time of letters; what is gone by now is left out."""
        found: dict[int, Fact] = {}
        for start in range(0, len(uids), MOST_AT_ONCE):
            for line in await self._told(uids[start : start + MOST_AT_ONCE]):
                fact = fact_of(line)
                if fact is not None:
                    found[fact.uid] = fact
        return [found[uid] for uid in uids if uid in found]

    async def _told(self, uids: Sequence[int]) -> list[bytes]:
        try:
            return plain_lines(await self._fetch(uids, "(UID RFC822.SIZE INTERNALDATE)"))
        except NotGiven:  # one letter of them spoils the answer
            return [line for uid in uids for line in await self._told([uid])] if len(uids) > 1 else []

    async def bodies(self, uids: Sequence[int]) -> dict[int, bytes | None]:
        """Whole letters, no mark changed; what is gone by now, or what the server cannot give, is left out. None: it
        cannot give it just now."""
        try:
            return {**bodies_of(await self._fetch(uids, "(UID BODY.PEEK[])"))}
        except NotGiven as refused:
            if len(uids) == 1:
                return {uids[0]: None} if _PASSING.search(str(refused)) else {}
        found: dict[int, bytes | None] = {}
        for uid in uids:
            found |= await self.bodies([uid])
        return found

    async def piece(self, uid: int, start: int, length: int) -> bytes:
        """A stretch of one letter; b"" behind its end, or when the letter is gone. Raises NotGiven."""
        return bodies_of(await self._fetch([uid], f"(UID BODY.PEEK[]<{start}.{length}>)")).get(uid, b"")

    async def header(self, uid: int) -> bytes:
        """Only the header of one letter; b"" when it is gone. Raises NotGiven."""
        return bodies_of(await self._fetch([uid], "(UID BODY.PEEK[HEADER])")).get(uid, b"")

    async def mark_seen(self, uids: Sequence[int]) -> None:
        """Mark letters as read."""
        names = ",".join(map(str, uids))
        await self._done(self._client.uid("store", names, "+FLAGS.SILENT", r"(\Seen)"))

    async def append(self, folder: str, raw: bytes, at: Micros) -> None:
        """Put a letter of ours into a folder, as read."""
        when = datetime.fromtimestamp(at / 1e6, UTC)
        with our_errors():
            async with asyncio.timeout(self._patience.body):
                response = await self._client.append(raw, quoted(to_utf7(folder)), r"(\Seen)", when)
        _demand(response)

    async def fullness(self) -> float | None:
        """How full the mailbox is, 0 to 1 (RFC 9208); None where the server sets no limit or does not tell."""
        if "QUOTA" not in self._client.protocol.capabilities:
            return None
        response = await self._answer(self._client.getquotaroot("INBOX"))
        if response.result != "OK":
            return None
        found = [_USED.search(line) for line in plain_lines(response.lines)]
        return max((int(used[1]) / int(used[2]) for used in found if used and int(used[2])), default=None)

    async def noop(self) -> None:
        """Ask whether the other side is there."""
        await self._done(self._client.noop())

    async def wait_for_news(self, seconds: float) -> bool:
        """Until something changes in the open folder or the time is over. A lost connection raises at
        once."""
        protocol = self._client.protocol
        if protocol.news.is_set():
            return True
        protocol.stirred.clear()
        with our_errors():
            if self.idles:
                await self._idle(seconds)
            elif not protocol.lost.is_set():
                await _within(protocol.stirred.wait(), seconds)
            if protocol.lost.is_set():
                raise library.Abort("connection lost")
        return bool(protocol.news.is_set())

    async def _idle(self, seconds: float) -> None:
        client, patience = self._client, self._patience.answer
        async with asyncio.timeout(patience):  # not wait_for: in Python 3.11 it may swallow a cancellation
            idle = await client.idle_start(timeout=seconds + 60)
        # Between sending IDLE and here the push may have come already.
        if not (client.protocol.news.is_set() or client.protocol.lost.is_set()):
            await _within(client.protocol.stirred.wait(), seconds)
        if not client.protocol.lost.is_set():
            client.idle_done()
            async with asyncio.timeout(patience):
                await idle

    async def _fetch(self, uids: Sequence[int], items: str) -> list[Any]:
        with our_errors():
            async with asyncio.timeout(self._patience.body):
                response = await self._client.uid("fetch", ",".join(map(str, uids)), items)
        if response.result != "OK":
            raise NotGiven(text_of(response)[:200])
        return list(response.lines)

    async def _answer(self, call: Any) -> Any:
        with our_errors():
            async with asyncio.timeout(self._patience.answer):
                return await call

    async def _done(self, call: Any) -> list[Any]:
        response = await self._answer(call)
        _demand(response)
        return list(response.lines)


class NotGiven(TryLater):
    """The server answered a FETCH with NO or BAD: the letter is there, and is not handed out."""

    code = "letter_not_given"


@contextlib.asynccontextmanager
async def session(mailbox: Mailbox, patience: Patience) -> AsyncIterator[Session]:
    """A connection to this mailbox, signed in; it is gone when the block is left.

    Raises TryLater when it cannot be reached, Disconnected when it refuses the login.
    """
    server = mailbox.imap
    if not server.host:
        raise TryLater("no server is named", code="host_not_found")
    if server.security == "plain" and not local(server.host):
        raise Disconnected("only TLS, or a server on this machine", code="unprotected")
    tls = trust(mailbox)
    client = Client(
        server.host, server.port, tls=tls if server.security == "tls" else None, patience=patience.answer,
        longest=2 * mailbox.largest,
    )  # fmt: skip
    try:
        with our_errors():
            await _greet(client, patience)
            if server.security == "starttls":
                await _encrypt(client, tls, server.host, patience)
            await _sign_in(client, mailbox, patience)
        yield Session(client, patience)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(client.logout(), CLOSING)
    finally:
        await client.end()


async def _greet(client: Client, patience: Patience) -> None:
    """Wait for the connection and the server's first words; a refusal instead of them is passing."""
    hello = asyncio.ensure_future(client.wait_hello_from_server())
    lost = asyncio.ensure_future(client.protocol.lost.wait())
    try:
        done, _ = await asyncio.wait(
            {hello, lost}, timeout=patience.connect, return_when=asyncio.FIRST_COMPLETED
        )
        if hello in done:
            hello.result()
        elif lost in done:
            raise TryLater("; ".join(client.protocol.said)[:200] or "refused", code="imap_lost")
        else:
            raise TryLater("no greeting", code="imap_timeout")
    finally:
        for task in (hello, lost):
            task.cancel()
        await asyncio.gather(hello, lost, return_exceptions=True)
    connected = client.protocol.transport.get_extra_info("socket")
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def _encrypt(client: Client, tls: ssl.SSLContext, host: str, patience: Patience) -> None:
    """From here on encrypted, or not at all: nothing secret was said yet."""
    async with asyncio.timeout(patience.connect):
        if client.protocol.state != library.NONAUTH or not await client.start_tls(tls, host):
            raise Disconnected("the server does not go on encrypted", code="imap_no_tls")


async def _sign_in(client: Client, mailbox: Mailbox, patience: Patience) -> None:
    async with asyncio.timeout(patience.answer):
        if mailbox.token is not None:
            response = await client.protocol.xoauth2(mailbox.login, await mailbox.token())
            if response.result != "OK":
                raise Disconnected(text_of(response)[:200], code="oauth_refused")
            await client.protocol.capability()
            return
        if not mailbox.password:
            raise Disconnected("there is no password", code="login_refused")
        # The library quotes the password, but not the name.
        response = await client.login(quoted(mailbox.login), mailbox.password)
        if response.result != "OK":
            raise _refusal(text_of(response))
        await client.protocol.capability()


def _refusal(text: str) -> ChannelError:
    """Why the login did not work: passing, or something that a person must mend."""
    if _PASSING.search(text) and "[AUTHENTICATIONFAILED]" not in text:
        return TryLater(text[:200], code="imap_busy", after=120)
    if _APP_PASSWORD.search(text):
        return Disconnected(text[:200], code="app_password_needed")
    if _SWITCHED_OFF.search(text):
        return Disconnected(text[:200], code="imap_switched_off")
    return Disconnected(text[:200], code="login_refused")


def watched(mailbox: Mailbox, known: Sequence[tuple[str, frozenset[str]]]) -> tuple[Folder, ...]:
    """The folders to look into: those of the settings first, then Sent and Junk as wished."""
    found = [Folder(name=name, role="inbox") for name in mailbox.folders]
    if mailbox.watch_sent and (name := folder_of("sent", known)):
        found.append(Folder(name=name, role="sent"))
    if mailbox.watch_junk and (name := folder_of("junk", known)):
        found.append(Folder(name=name, role="junk"))
    return tuple({folder.name: folder for folder in reversed(found)}.values())[::-1]


def folder_of(role: Literal["sent", "junk"], known: Sequence[tuple[str, frozenset[str]]]) -> str:
    """The folder with this use: by its flag, else by its name; "" is none."""
    names = _SENT if role == "sent" else _JUNK
    for name, flags in known:
        if f"\\{role}" in flags:
            return name
    return next((name for name, _ in known if re.split(r"[/.|]", name)[-1].lower() in names), "")


def _demand(response: Any) -> None:
    if response.result != "OK":
        text = text_of(response)
        raise TryLater(text[:200], code="imap_busy" if _PASSING.search(text) else "imap_refused")


async def _within(waiting: Any, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await waiting
