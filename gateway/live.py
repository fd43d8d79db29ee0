"""How do all open consoles hear of a change?

One reader of the live log a process. A bell wakes it, also when the log grew elsewhere (gateway/pulse.py). What happened is
read once for everybody here, and each socket gets what its member may see.
"""

from __future__ import annotations

import asyncio
import itertools
import weakref
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from gateway import news
from gateway.api import shapes
from gateway.context import Gateway
from gateway.news import DEALS, READ, Frame, Reader, narrow
from gateway.pulse import REST
from storage import log as changes
from storage import sessions, sight, team
from storage.database import Database
from storage.errors import Unavailable
from storage.log import Entry
from storage.news import counters
from storage.presence import Presence, RedisPresence
from storage.team import Account, account_of

log = structlog.get_logger(__name__)
AGAIN = 1.0
"""Seconds until the next try while the database does not answer."""
GATHER = 0.01
"""What follows within ten milliseconds is told together."""
PING_EVERY = 25.0
TURNS = 5
"""Lines are looked at in so many groups, so that their pings do not all go out in one moment."""
SIGNED_OUT = 4401
AT_ONCE = 500
LONGEST_REPLAY = 2000
"""Changes after which reading everything anew is cheaper than catching up."""
COUNTED: Final = frozenset({"conversation", "offer", "source", "deal"})


class Socket(Protocol):
    """Where frames go."""

    def put(self, frames: Iterable[bytes]) -> None:
        """Queue frames; never waits."""

    def ping(self) -> None:
        """Say that the line lives."""

    def end(self, code: int, reason: str) -> None:
        """Close it soon."""

    @property
    def badge(self) -> str:
        """The digest of the token that it came in by."""


@dataclass(slots=True)
class _Listener:
    """A member with open sockets here."""

    reader: Reader
    sockets: set[Socket] = field(default_factory=set)
    counters: dict[str, int] = field(default_factory=dict)


class Hub:
    """The consoles of one process."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        url = gateway.config.redis_url
        self.presence = RedisPresence(gateway.now, url, gateway.holder) if url else Presence(gateway.now)
        self.presence.changed = self._viewers_changed
        self.head = 0
        self.ready = asyncio.Event()
        """Set once the end of the log is known."""
        self._listeners: dict[str, _Listener] = {}
        self._active: set[str] = set()
        self._trouble = False
        self._stale = True

    async def run(self) -> None:
        """Tell until cancelled."""
        await self.presence.start()
        try:
            await asyncio.gather(self._read(), self._tick(), self._go_round())
        finally:
            await self.presence.close()

    async def _read(self) -> None:
        with self.gateway.bells.listening("live") as bell:
            while True:
                more = await self._look()
                lost = self._trouble or not self.ready.is_set()
                if not more and await bell.wait(AGAIN if lost else REST):
                    await asyncio.sleep(GATHER)

    async def _look(self) -> bool:
        """Tell what is new; True: there may be more already."""
        try:
            if not self.ready.is_set():
                self.head = await self.gateway.database.read(changes.head)
                self.ready.set()
            if not self._listeners:
                await self._pass_over()
                return False
            entries = await self.gateway.database.read(changes.after, self.head, AT_ONCE)
            self._say_trouble(False)
            if entries:
                await self._tell(entries)
        except Unavailable:
            self._say_trouble(True)
            return False
        except Exception:
            log.exception("news not told")
            return False
        return len(entries) == AT_ONCE

    async def _pass_over(self) -> None:
        """Nobody listens: what happened is not even read. Whoever came meanwhile is told from where they came in."""
        head = await self.gateway.database.read(changes.head)
        if not self._listeners:
            self.head, self._stale = head, True

    async def _tell(self, entries: Sequence[Entry]) -> None:
        await self._follow_rights(entries)
        listeners = list(self._listeners.values())
        if listeners:
            told = await news.tell(self.gateway, entries, [one.reader for one in listeners])
            for listener in listeners:
                self._send(listener, told[listener.reader.account.id])
        self.head = entries[-1].seq
        self._stale = self._stale or any(entry.type in COUNTED for entry in entries)

    def _send(self, listener: _Listener, frames: Sequence[Frame]) -> None:
        encoded = [frame.encode() for frame in frames]
        for socket in list(listener.sockets):
            socket.put(encoded)

    def _say_trouble(self, gone: bool) -> None:
        """Tell every console that the database is gone, or there again: what they show is old meanwhile."""
        if gone == self._trouble:
            return
        self._trouble = gone
        for listener in list(self._listeners.values()):
            self._send(listener, [Frame(self.head, "trouble", "", {"database": gone})])

    async def _follow_rights(self, entries: Sequence[Entry]) -> None:
        """Who may see other things now reads everything anew; who may not come in any more goes."""
        changed = {entry.object_id for entry in entries if entry.type == "member"} & self._listeners.keys()
        if any(
            entry.type in ("company", "member") for entry in entries
        ):  # the tree of teams says whom some see
            changed |= {ref for ref, one in self._listeners.items() if one.reader.account.circles}
        for member_id in changed:
            account = await self.gateway.database.read(account_of, member_id)
            listener = self._listeners.get(member_id)
            if listener is None:
                continue
            if account is None or not account.active:
                for socket in list(listener.sockets):
                    socket.end(SIGNED_OUT, "signed out")
                continue
            before, listener.reader.account = listener.reader.account, account
            if (before.permissions, before.circles) != (account.permissions, account.circles):
                listener.reader.known = await self._own(account)
                listener.counters = {}
                self._send(listener, [Frame(entries[-1].seq, "snapshot_required", "")])

    async def join(self, account: Account, socket: Socket) -> Reader:
        """From now on the socket is told. Returns its member as the news know them."""
        listener = self._listeners.get(account.id)
        if listener is None:
            known: set[str] | None = set() if narrow(account) else None
            listener = self._listeners[account.id] = _Listener(Reader(account, known))
        listener.sockets.add(socket)
        listener.counters = {}  # the new socket has none yet
        self._stale = True
        own = await self._own(account)
        if own is not None and listener.reader.known is not None:
            listener.reader.known |= own
        return listener.reader

    async def _own(self, account: Account) -> set[str] | None:
        """What is within the member's reach; None: they see all or nothing."""
        if not narrow(account):
            return None
        return await self.gateway.database.read(sight.within, account.reach(READ), account.reach(DEALS))

    def leave(self, account: Account, socket: Socket) -> None:
        """The socket is gone."""
        listener = self._listeners.get(account.id)
        if listener is not None:
            listener.sockets.discard(socket)
            if not listener.sockets:
                del self._listeners[account.id]

    def sockets_of(self, member_id: str) -> int:
        """How many sockets the member has here."""
        listener = self._listeners.get(member_id)
        return 0 if listener is None else len(listener.sockets)

    async def missed(self, reader: Reader, since: int, until: int) -> list[Frame] | None:
        """What a returning console missed; None: too much or too long ago, it has to read everything anew."""
        database = self.gateway.database
        if since > until or not await database.read(changes.reaches_back, since):
            return None
        entries = await database.read(changes.after, since, LONGEST_REPLAY + 1, until)
        if len(entries) > LONGEST_REPLAY:
            return None
        return (await news.tell(self.gateway, entries, [reader]))[reader.account.id] if entries else []

    def active(self, member_id: str) -> None:
        """Somebody is at their console."""
        self._active.add(member_id)

    def may_see(self, reader: Reader, conversation_id: str) -> bool:
        """Whether the member may see the conversation, as far as is known here."""
        if not reader.account.may(READ):
            return False
        return reader.account.everywhere(READ) or conversation_id in (reader.known or ())

    def _viewers_changed(self, conversation_id: str) -> None:
        for listener in list(self._listeners.values()):
            if self.may_see(listener.reader, conversation_id):
                shown = _viewers(self.presence, conversation_id, but=listener.reader.account.id)
                patch = {"conversation_id": conversation_id, "viewers": shown}
                self._send(listener, [Frame(self.head, "presence", conversation_id, patch)])

    async def _tick(self) -> None:
        """Once a second: looks that ran out, heartbeats, counters."""
        while True:
            await asyncio.sleep(1)
            try:
                self.presence.expire()
                await self._beat()
                await self._count()
            except Unavailable:
                self._stale = True
            except Exception:
                log.exception("counters not told")

    async def _go_round(self) -> None:
        for turn in itertools.cycle(range(TURNS)):
            await asyncio.sleep(PING_EVERY / TURNS)
            try:
                await self.ping(turn)
            except Exception:
                log.exception("lines not looked at")

    async def ping(self, turn: int) -> None:
        """Show that the lines whose turn it is live, and that their members are still signed in."""
        now, database = self.gateway.now(), self.gateway.database
        every = [socket for one in self._listeners.values() for socket in one.sockets]
        sockets = [socket for socket in every if zlib.crc32(socket.badge.encode()) % TURNS == turn]
        if not sockets:
            return
        try:
            good = await database.read(sessions.still_good, {one.badge for one in sockets}, now)
            for used in good.values():
                if used is not None and now - used.used_at > sessions.SLIDE:
                    await database.write(sessions.slide, used)
        except Unavailable:  # they are told of that; the lines live
            good = dict.fromkeys((one.badge for one in sockets), None)
        for socket in sockets:
            if socket.badge in good:
                socket.ping()
            else:
                socket.end(SIGNED_OUT, "signed out")

    async def _beat(self) -> None:
        seen, self._active = self._active, set()
        if seen:
            try:
                await self.gateway.database.write(team.seen, sorted(seen))
            except Unavailable:
                self._active |= seen
                raise

    async def _count(self) -> None:
        """Tell each member the numbers on their filters, where these changed."""
        readers = [one.reader for one in self._listeners.values() if one.reader.account.may(READ)]
        if not self._stale or not readers:
            return
        self._stale = False
        reaches = {reader.account.id: reader.account.reach(READ) for reader in readers}
        found = await self.gateway.database.read(counters, reaches, self.gateway.now())
        for member_id, numbers in found.items():
            listener = self._listeners.get(member_id)
            if listener is not None and listener.counters != numbers:
                listener.counters = numbers
                self._send(listener, [Frame(self.head, "counters", "", numbers)])

    async def close(self) -> None:
        """Close every socket: the browser comes again to whoever answers then."""
        for listener in list(self._listeners.values()):
            for socket in list(listener.sockets):
                socket.end(1012, "restart")


_hubs: weakref.WeakKeyDictionary[Database, Hub] = weakref.WeakKeyDictionary()


def live_of(gateway: Gateway) -> Hub:
    """The consoles of this gateway's process."""
    found = _hubs.get(gateway.database)
    if found is None:
        found = _hubs[gateway.database] = Hub(gateway)
    return found


def head_of(gateway: Gateway) -> int:
    """The number of the newest change told here. Take it before reading what is labelled with it."""
    return live_of(gateway).head


def viewers(gateway: Gateway, conversation_id: str, but: str) -> list[shapes.Viewer]:
    """Who else has the conversation open."""
    return _viewers(live_of(gateway).presence, conversation_id, but=but)


def _viewers(presence: Presence, conversation_id: str, *, but: str) -> list[shapes.Viewer]:
    return [
        {"member": {"id": ref, "name": name}, "typing": typing}
        for ref, name, typing in presence.viewers(conversation_id)
        if ref != but
    ]
