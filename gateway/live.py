"""How do open consoles learn what changed?

One reader of the live log a process, woken by a bell. Each changed object is loaded once a viewpoint, its patch built for
those who may see it, and sent to their sockets. A socket that cannot keep up is closed; it comes back with its last number.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog
from aiohttp import WSMsgType, web

from gateway.api.layer import origin_is_ours, sign_in
from gateway.context import Gateway
from gateway.refusals import Refusal
from gateway.version import VERSION
from storage import cards, queue, team, timeline
from storage import log as changes
from storage.errors import Unavailable
from storage.log import Entry
from storage.presence import Presence
from storage.team import Account

log = structlog.get_logger(__name__)
LOOK = 1.0
PING = 25.0
BATCH = 500
WAITING_FRAMES = 1000
COUNTERS_EVERY = 1.0
REFRESH_RIGHTS = 60_000_000


@dataclass(eq=False, slots=True)
class Socket:
    """One open console."""

    account: Account
    ws: web.WebSocketResponse
    frames: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(WAITING_FRAMES))
    watching: str | None = None
    checked_at: int = 0
    counters_due: bool = False

    def send(self, frame: dict[str, Any]) -> None:
        """Queue a frame; a socket that is full is closed."""
        try:
            self.frames.put_nowait(orjson.dumps(frame))
        except asyncio.QueueFull:
            asyncio.ensure_future(self.ws.close(code=1013, message=b"too slow"))


class Live:
    """The consoles of this process."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.sockets: set[Socket] = set()
        self.head = 0
        self.presence = Presence(gateway.now)

    async def run(self) -> None:
        """Read the log until cancelled."""
        with self._gateway.bells.listening("live") as bell:
            while True:
                try:
                    await self._catch_up()
                except Unavailable:
                    log.warning("database gone, consoles wait")
                except Exception:
                    log.exception("live log not pushed")
                self._counters()
                await bell.wait(LOOK)

    async def _catch_up(self) -> None:
        database = self._gateway.database
        if not self.sockets:
            self.head = await database.read(changes.head)
            return
        while entries := await database.read(changes.after, self.head, BATCH):
            await self._push(entries, list(self.sockets))
            self.head = entries[-1].seq
            if len(entries) < BATCH:
                return

    async def _push(self, entries: list[Entry], sockets: list[Socket]) -> None:
        """Send the last state of everything these entries name, to those who may see it."""
        newest = {(entry.type, entry.object_id, entry.audience): entry for entry in entries}
        by_account: dict[str, list[Socket]] = {}
        for socket in sockets:
            by_account.setdefault(socket.account.id, []).append(socket)
        for group in by_account.values():
            mine = [entry for entry in newest.values() if _meant(entry, group[0].account)]
            for frame in await frames_for(self._gateway, group[0].account, mine):
                for socket in group:
                    socket.send(frame)
            for socket in group:
                socket.counters_due = socket.counters_due or bool(mine)

    def _counters(self) -> None:
        due = [socket for socket in self.sockets if socket.counters_due]
        if due:
            asyncio.ensure_future(self._send_counters(due))

    async def _send_counters(self, sockets: list[Socket]) -> None:
        from gateway.api.handlers.inbox import counters_of

        for socket in sockets:
            socket.counters_due = False
            if socket.account.may("conversation.read"):
                with suppress(Unavailable):
                    counters = await counters_of(self._gateway, socket.account)
                    socket.send({"seq": self.head, "type": "counters", "id": "counters", "patch": counters})

    # --- one socket ------------------------------------------------------------------------------------------------

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """`/api/v1/live?since=`: refused unless the page is ours or a bearer token is used."""
        from gateway.api.layer import refuse

        try:
            if "Authorization" not in request.headers and not origin_is_ours(request, self._gateway):
                raise Refusal("forbidden", 403, reason="origin")
            account, _ = await sign_in(self._gateway, request)
        except Refusal as refusal:
            return refuse(refusal)
        except Unavailable:
            return refuse(Refusal("unavailable", 503))
        ws = web.WebSocketResponse(max_msg_size=16 * 1024, compress=False, heartbeat=PING * 2)
        await ws.prepare(request)
        socket = Socket(account, ws, checked_at=self._gateway.now())
        await self._talk(socket, request.query.get("since", ""))
        return ws

    async def _talk(self, socket: Socket, since: str) -> None:
        sending = asyncio.create_task(self._send(socket))
        try:
            await self._welcome(socket, since)
            await self._gateway.database.write(team.seen, [socket.account.id])
            async for message in socket.ws:
                if message.type == WSMsgType.TEXT:
                    await self._hear(socket, message.data)
        except Unavailable:
            await socket.ws.close(code=1013, message=b"unavailable")
        finally:
            self.sockets.discard(socket)
            self._look_away(socket)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _welcome(self, socket: Socket, since: str) -> None:
        """Say where the log stands, then what was missed. The socket joins before it catches up: nothing falls between."""
        database = self._gateway.database
        if not self.sockets:
            self.head = await database.read(changes.head)
        self.sockets.add(socket)
        start = self.head
        hello = {
            "seq": start,
            "type": "hello",
            "id": "",
            "server_time": self._gateway.now(),
            "version": VERSION,
        }
        socket.send(hello)
        if not since.isascii() or not since.isdigit() or len(since) > 18:
            return
        seq = int(since)
        if seq > start or not await database.read(changes.reaches_back, seq):
            socket.send({"seq": start, "type": "snapshot_required", "id": ""})
            return
        while seq < start:
            entries = [e for e in await database.read(changes.after, seq, BATCH) if e.seq <= start]
            if not entries:
                return
            newest = {(entry.type, entry.object_id, entry.audience): entry for entry in entries}
            mine = [entry for entry in newest.values() if _meant(entry, socket.account)]
            for frame in await frames_for(self._gateway, socket.account, mine):
                await socket.frames.put(orjson.dumps(frame))
            seq = entries[-1].seq

    async def _send(self, socket: Socket) -> None:
        while True:
            try:
                frame = await asyncio.wait_for(socket.frames.get(), PING)
            except asyncio.TimeoutError:
                ping = {"seq": self.head, "type": "ping", "id": "", "server_time": self._gateway.now()}
                frame = orjson.dumps(ping)
                if not await self._still_allowed(socket):
                    await socket.ws.close(code=4401, message=b"signed out")
                    return
            with suppress(ConnectionError):
                await socket.ws.send_str(frame.decode())

    async def _still_allowed(self, socket: Socket) -> bool:
        """Look at the member's rights now and then: what is lost must be lost here too."""
        now = self._gateway.now()
        if now - socket.checked_at < REFRESH_RIGHTS:
            return True
        with suppress(Unavailable):
            account = await self._gateway.database.read(team.account_of, socket.account.id)
            if account is None or not account.active:
                return False
            socket.account, socket.checked_at = account, now
        return True

    async def _hear(self, socket: Socket, text: str) -> None:
        """What a console says: which conversation is open, whether one types, that somebody is there."""
        try:
            said = orjson.loads(text)
        except orjson.JSONDecodeError:
            return
        match said:
            case {"type": "watch", "conversation_id": str() as ref, **rest}:
                if socket.watching not in (None, ref):
                    self._look_away(socket)
                await self._watch(socket, ref, rest.get("typing") is True)
            case {"type": "watch"}:
                self._look_away(socket)
            case {"type": "active"}:
                await self._gateway.database.write(team.seen, [socket.account.id])

    async def _watch(self, socket: Socket, ref: str, typing: bool) -> None:
        own = not socket.account.everywhere("conversation.read")
        seen = await self._gateway.database.read(queue.visible, [ref], socket.account.id, own)
        if ref not in seen or not socket.account.may("conversation.read"):
            return
        socket.watching = ref
        if self.presence.see(ref, socket.account.id, socket.account.name, typing):
            await self._tell_presence(ref)

    def _look_away(self, socket: Socket) -> None:
        ref, socket.watching = socket.watching, None
        if ref is not None and self.presence.leave(ref, socket.account.id):
            asyncio.ensure_future(self._tell_presence(ref))

    async def _tell_presence(self, ref: str) -> None:
        """Those who look at the same conversation, and all who see its row, learn who is on it."""
        for socket in list(self.sockets):
            own = not socket.account.everywhere("conversation.read")
            if socket.account.may("conversation.read") and (not own or socket.watching == ref):
                patch = {"conversation_id": ref, "viewers": self.presence.viewers(ref, socket.account.id)}
                socket.send({"seq": self.head, "type": "presence", "id": ref, "patch": patch})

    async def close(self) -> None:
        """Close every socket: the browser comes again to whoever answers then."""
        await asyncio.gather(
            *(socket.ws.close(code=1012, message=b"restart") for socket in list(self.sockets)),
            return_exceptions=True,
        )


def _meant(entry: Entry, account: Account) -> bool:
    return entry.audience in ("", f"member:{account.id}")


_lives: weakref.WeakKeyDictionary[Any, Live] = weakref.WeakKeyDictionary()


def live_of(gateway: Gateway) -> Live:
    """The consoles of this gateway's process."""
    found = _lives.get(gateway.database)
    if found is None:
        found = _lives[gateway.database] = Live(gateway)
    return found


def head_of(gateway: Gateway) -> int:
    """The number of the newest change pushed by this process."""
    return live_of(gateway).head


def viewers(gateway: Gateway, conversation_id: str, but: str) -> list[Any]:
    """Who else has the conversation open."""
    return live_of(gateway).presence.viewers(conversation_id, but)


Frame = dict[str, Any]
Maker = Callable[[Gateway, Account, list[Entry]], Awaitable[dict[str, Any]]]


async def frames_for(gateway: Gateway, account: Account, entries: Iterable[Entry]) -> list[Frame]:
    """The frames of these changes as this member may see them, oldest first."""
    by_type: dict[str, list[Entry]] = {}
    for entry in entries:
        by_type.setdefault(entry.type, []).append(entry)
    frames: list[Frame] = []
    for kind, group in by_type.items():
        maker = MAKERS.get(kind)
        if maker is None:
            continue
        patches = await maker(gateway, account, group)
        for entry in group:
            patch = patches.get(entry.object_id)
            name = f"{kind.replace('_', '.')}.upsert" if kind != "source_test" else "source.test"
            if patch is not None:
                if kind == "conversation":
                    patch = {**patch, "seq": entry.seq}
                name = kind if kind == "notification" else name
                frames.append({"seq": entry.seq, "type": name, "id": entry.object_id, "patch": patch})
            elif kind in ("conversation", "offer"):
                frames.append(
                    {"seq": entry.seq, "type": f"{kind}.remove", "id": entry.object_id, "patch": None}
                )
    return sorted(frames, key=lambda frame: int(frame["seq"]))


def _ids(entries: list[Entry]) -> list[str]:
    return list(dict.fromkeys(entry.object_id for entry in entries))


async def _conversations(gateway: Gateway, account: Account, entries: list[Entry]) -> dict[str, Any]:
    from gateway.api.handlers.inbox import own_only, rows_of

    if not account.may("conversation.read"):
        return {}
    ids = _ids(entries)
    seen = await gateway.database.read(queue.visible, ids, account.id, own_only(account))
    rows = await rows_of(gateway, account, [ref for ref in ids if ref in seen])
    return {row["id"]: row for row in rows}


async def _messages(gateway: Gateway, account: Account, entries: list[Entry]) -> dict[str, Any]:
    from gateway.api.handlers.inbox import items_of, own_only

    if not account.may("conversation.read"):
        return {}
    places = await gateway.database.read(timeline.conversations_of, _ids(entries))
    seen = await gateway.database.read(
        queue.visible, sorted(set(places.values())), account.id, own_only(account)
    )
    items = await items_of(gateway, account, [ref for ref, place in places.items() if place in seen])
    return {item["id"]: item for item in items if not (item["deleted"] and item["state"] == "cancelled")}


async def _offers(gateway: Gateway, account: Account, entries: list[Entry]) -> dict[str, Any]:
    from gateway.api.handlers.cards import offers_of

    return {offer["id"]: offer for offer in await offers_of(gateway, _ids(entries))}


async def _deals(gateway: Gateway, account: Account, entries: list[Entry]) -> dict[str, Any]:
    from gateway.api import build

    if not account.may("deal.read"):
        return {}
    rows = await gateway.database.read(cards.deals, _ids(entries))
    every = account.everywhere("deal.read")
    return {row.id: build.deal(row) for row in rows if every or row.owner_id == account.id}


async def _tasks(gateway: Gateway, account: Account, entries: list[Entry]) -> dict[str, Any]:
    from gateway.api import build

    found: dict[str, Any] = {}
    for ref in _ids(entries):
        for row in await gateway.database.read(cards.tasks, task_id=ref):
            if account.everywhere("conversation.read") or row.owner_id == account.id:
                found[ref] = build.task(row)
    return found


async def _contacts(gateway: Gateway, account: Account, entries: list[Entry]) -> dict[str, Any]:
    from gateway.api.handlers.inbox import contact_shape

    if not account.everywhere("contact.read"):
        return {}
    watched = {ref for ref in _ids(entries)[:20]}
    found = {ref: await contact_shape(gateway, ref) for ref in watched}
    return {ref: contact for ref, contact in found.items() if contact is not None}


async def _sources(gateway: Gateway, account: Account, entries: list[Entry]) -> dict[str, Any]:
    from gateway.api.handlers.sources import sources_of

    if not account.may("source.read"):
        return {}
    await gateway.sources.look()
    found = {ref: await sources_of(gateway, ref) for ref in _ids(entries)}
    return {ref: items[0] for ref, items in found.items() if items}


async def _tests(gateway: Gateway, account: Account, entries: list[Entry]) -> dict[str, Any]:
    from gateway.api.handlers.sources import test_shape

    if not account.may("source.read"):
        return {}
    found = {ref: await test_shape(gateway, ref) for ref in _ids(entries)}
    return {ref: test for ref, test in found.items() if test is not None}


async def _members(gateway: Gateway, account: Account, entries: list[Entry]) -> dict[str, Any]:
    rows = await gateway.database.read(team.members)
    roles = await gateway.database.read(team.roles_of)
    wanted = set(_ids(entries))
    return {
        row.id: {
            "id": row.id, "name": row.name, "email": row.email or "", "roles": roles.get(row.id, []),
            "active": bool(row.active),
            "presence": {
                "state": row.presence or "off", "until": row.presence_until, "automatic": bool(row.presence_automatic),
            },
            "load": 0.0, "capacity": row.capacity or 0.0, "invited": not row.password_hash and not row.needs_setup,
        }
        for row in rows
        if row.id in wanted
    }  # fmt: skip


async def _notices(gateway: Gateway, account: Account, entries: list[Entry]) -> dict[str, Any]:
    found = {}
    for ref in _ids(entries):
        code, _, about = ref.partition(":")
        found[ref] = {"code": code, "params": {"id": about}}
    return found


MAKERS: dict[str, Maker] = {
    "conversation": _conversations, "message": _messages, "offer": _offers, "deal": _deals, "task": _tasks,
    "contact": _contacts, "source": _sources, "source_test": _tests, "member": _members, "notification": _notices,
}  # fmt: skip
