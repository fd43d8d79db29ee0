"""How would a mailbox answer? An IMAP server of few commands, on loopback (RFC 3501, 2177, 6154)."""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from channels.email.grammar import day_of, quoted, to_utf7
from channels.email.headers import message_ids
from channels.email.mime import split

CAPABILITIES = "IMAP4rev1 IDLE UIDPLUS SPECIAL-USE LITERAL+"
_WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"|(\([^)]*\))|(\S+)')
_PARTIAL = re.compile(r"BODY\.PEEK\[(HEADER)?\](?:<(\d+)\.(\d+)>)?", re.I)


@dataclass(slots=True)
class Kept:
    """One letter in a box."""

    uid: int
    raw: bytes
    at: int
    seen: bool = False
    withheld: list[str] = field(default_factory=list)
    """What the server says instead of its body, an attempt each."""
    untold: bool = False
    """The server finds it, and tells nothing of it."""


@dataclass(slots=True)
class Box:
    """One folder."""

    name: str
    use: str = ""
    validity: int = 1
    letters: list[Kept] = field(default_factory=list)
    next_uid: int = 1

    def add(self, raw: bytes, at: int, *, seen: bool = False) -> Kept:
        """Put a letter in."""
        kept = Kept(self.next_uid, raw, at, seen)
        self.letters.append(kept)
        self.next_uid += 1
        return kept


class Imap:
    """The mailbox behind the server. `password` may be changed at any time."""

    def __init__(self, login: str, password: str) -> None:
        self.login, self.password = login, password
        self.boxes = {
            box.name: box
            for box in (Box("INBOX"), Box("Отправленные", use="\\Sent"), Box("Спам", use="\\Junk"))
        }
        self.changed = asyncio.Condition()
        self.capabilities = CAPABILITIES
        self.mute = False
        """It takes IDLE and never tells anything, as a server does that ran out of watches."""
        self.quota: tuple[int, int] | None = None
        """Of the mailbox, in KB: used and allowed (RFC 9208). None: no limit."""
        self.greeting, self.signed_in = "ready", "signed in"
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen on a free port of 127.0.0.1; the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def put(self, name: str, raw: bytes, at: int, *, seen: bool = False) -> Kept:
        """A letter arrives in a box, and whoever waits there is told."""
        async with self.changed:
            kept = self.boxes[name].add(raw, at, seen=seen)
            self.changed.notify_all()
        return kept

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await _Talk(self, reader, writer).run()
        except (OSError, asyncio.IncompleteReadError, ValueError, asyncio.CancelledError):
            pass  # the client is gone, or the server stops
        finally:
            self._tasks.discard(task)
            writer.transport.abort()


class _Talk:
    """One client's connection."""

    def __init__(self, imap: Imap, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._imap, self._reader, self._writer = imap, reader, writer
        self._box: Box | None = None
        self._known = 0
        self._signed_in = False

    async def run(self) -> None:
        self._say(f"* OK {self._imap.greeting}")
        while line := await self._line():
            tag, _, rest = line.partition(b" ")
            name, _, arguments = rest.partition(b" ")
            if not await self._command(
                tag.decode("ascii", "replace"), name.decode("ascii").upper(), arguments
            ):
                break
            await self._writer.drain()

    async def _line(self) -> bytes:
        return (await self._reader.readline()).rstrip(b"\r\n")

    def _say(self, text: str) -> None:
        self._writer.write(text.encode() + b"\r\n")

    async def _command(self, tag: str, name: str, arguments: bytes) -> bool:
        words = [
            a.replace(b'\\"', b'"').replace(b"\\\\", b"\\") or b or c for a, b, c in _WORD.findall(arguments)
        ]
        done = "OK done"
        match name:
            case "CAPABILITY":
                self._say(f"* CAPABILITY {self._imap.capabilities}")
            case "NOOP":
                self._tell()
            case "LOGOUT":
                self._say("* BYE")
                self._say(f"{tag} OK bye")
                return False
            case "LOGIN":
                right = [self._imap.login.encode(), self._imap.password.encode()]
                self._signed_in = words == right
                done = (
                    f"OK {self._imap.signed_in}"
                    if self._signed_in
                    else "NO [AUTHENTICATIONFAILED] wrong password"
                )
            case _ if not self._signed_in:
                done = "NO sign in first"
            case _:
                done = await self._signed(tag, name, words, arguments)
        self._say(f"{tag} {done}")
        return True

    async def _signed(self, tag: str, name: str, words: list[bytes], arguments: bytes) -> str:
        match name:
            case "LIST":
                for box in self._imap.boxes.values():
                    use = box.use or "\\HasNoChildren"
                    self._say(f'* LIST ({use}) "/" {quoted(to_utf7(box.name))}')
            case "SELECT" | "EXAMINE":
                return self._open(words[0].decode())
            case "IDLE" if self._box is not None:
                await self._idle()
            case "GETQUOTAROOT" if self._imap.quota is not None:
                used, most = self._imap.quota
                self._say('* QUOTAROOT INBOX "Quota"')
                self._say(f'* QUOTA "Quota" (STORAGE {used} {most} MESSAGE 7 100000)')
            case "APPEND":
                return await self._append(words[0].decode(), arguments)
            case "UID" if self._box is not None:
                return self._by_uid(self._box, words)
            case _:
                return "BAD unknown command"
        return "OK done"

    def _open(self, name: str) -> str:
        box = self._named(name)
        if box is None:
            return "NO [NONEXISTENT] no such folder"
        self._box, self._known = box, len(box.letters)
        self._say(f"* {len(box.letters)} EXISTS")
        self._say(f"* OK [UIDVALIDITY {box.validity}] valid")
        self._say(f"* OK [UIDNEXT {box.next_uid}] next")
        return "OK open"

    def _named(self, name: str) -> Box | None:
        return next((box for box in self._imap.boxes.values() if to_utf7(box.name) == name), None)

    def _tell(self) -> None:
        if self._box is not None and len(self._box.letters) != self._known and not self._imap.mute:
            self._known = len(self._box.letters)
            self._say(f"* {self._known} EXISTS")

    async def _idle(self) -> None:
        self._say("+ idling")
        telling = asyncio.create_task(self._tell_for_ever())
        try:
            await self._line()
        finally:
            telling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await telling

    async def _tell_for_ever(self) -> None:
        async with self._imap.changed:
            while True:
                self._tell()
                await self._writer.drain()
                await self._imap.changed.wait()

    async def _append(self, name: str, arguments: bytes) -> str:
        size = int(arguments[arguments.rindex(b"{") + 1 : -1].rstrip(b"+"))
        self._say("+ go on")
        raw = await self._reader.readexactly(size)
        await self._line()
        used, most = self._imap.quota or (0, 1)
        if used >= most:
            return "NO [OVERQUOTA] Quota exceeded (mailbox for user is full)"
        box = self._named(name)
        if box is not None:
            await self._imap.put(box.name, raw, int(datetime.now(UTC).timestamp() * 1e6), seen=True)
        return "OK done"

    def _by_uid(self, box: Box, words: list[bytes]) -> str:
        command, rest = words[0].upper(), [word.decode("utf-8", "replace") for word in words[1:]]
        if command == b"SEARCH":
            found = " ".join(str(kept.uid) for kept in box.letters if _matches(kept, rest, box))
            self._say(f"* SEARCH {found}".rstrip())
        elif command == b"FETCH":
            wanted, items = _uids(rest[0], box), " ".join(rest[1:])
            for number, kept in enumerate(box.letters, 1):
                if kept.uid in wanted and kept.withheld and "BODY" in items:
                    return kept.withheld.pop(0)
                if kept.uid in wanted and not kept.untold:
                    self._give(number, kept, items)
        elif command == b"STORE":
            for kept in box.letters:
                kept.seen = kept.seen or kept.uid in _uids(rest[0], box)
        return "OK done"

    def _give(self, number: int, kept: Kept, items: str) -> None:
        facts = [f"UID {kept.uid}"]
        if "RFC822.SIZE" in items:
            when = datetime.fromtimestamp(kept.at / 1e6, UTC)
            date = f"{day_of(kept.at)} {when:%H:%M:%S} +0000"
            facts += [f"RFC822.SIZE {len(kept.raw)}", f'INTERNALDATE "{date}"']
        wanted = _PARTIAL.search(items)
        if wanted is None:
            self._say(f"* {number} FETCH ({' '.join(facts)})")
            return
        raw = kept.raw[: split(kept.raw).start] if wanted[1] else kept.raw
        origin = f"<{wanted[2]}>" if wanted[2] else ""
        if wanted[2]:
            raw = raw[int(wanted[2]) : int(wanted[2]) + int(wanted[3])]
        part = wanted[1] or ""
        self._writer.write(
            f"* {number} FETCH ({' '.join(facts)} BODY[{part}]{origin} {{{len(raw)}}}\r\n".encode()
        )
        self._writer.write(raw + b")\r\n")


def _uids(text: str, box: Box) -> set[int]:
    last = max((kept.uid for kept in box.letters), default=0)
    found: set[int] = set()
    for piece in text.split(","):
        begin, _, end = piece.replace("*", str(last)).partition(":")
        low, high = sorted((int(begin), int(end or begin)))
        found |= {kept.uid for kept in box.letters if low <= kept.uid <= high}
    return found


def _matches(kept: Kept, criteria: list[str], box: Box) -> bool:
    match criteria:
        case ["UID", uids]:
            return kept.uid in _uids(uids, box)
        case ["SINCE", day]:
            return kept.at >= datetime.strptime(day, "%d-%b-%Y").replace(tzinfo=UTC).timestamp() * 1e6
        case ["HEADER", _, value]:
            return value in message_ids(split(kept.raw).headers("message-id"))
        case _:
            return True
