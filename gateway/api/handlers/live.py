"""How does one console keep up? A WebSocket that carries changes down, and looks and heartbeats up."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Iterable
from typing import Any

import orjson
import structlog
from aiohttp import WSMsgType, web
from pydantic import Field

from gateway.api.layer import Call, Query, badge_of, origin_is_ours, route
from gateway.clock import new_id
from gateway.live import Hub, live_of
from gateway.news import Frame, Reader
from gateway.refusals import Refusal
from gateway.version import VERSION
from storage.errors import Unavailable

log = structlog.get_logger(__name__)
LONGEST_QUEUE = 1000
TOGETHER = 50
"""Frames that are sent under one time limit."""
LARGEST_WORD = 4096
SEND_WITHIN = 30.0
MOST_SOCKETS = 50
SLOW, TRY_AGAIN = 4408, 1013


class Since(Query):
    since: int | None = Field(default=None, ge=0, le=2**53)


@route("GET", "/live", query=Since, status=101)
async def live(call: Call, query: Since) -> web.WebSocketResponse:
    """Changes as they happen, over a WebSocket; `since` is the number of the last one seen."""
    request = call.request
    if "Authorization" not in request.headers and (
        "Origin" not in request.headers or not origin_is_ours(request, call.gateway)
    ):
        raise Refusal("forbidden", 403, reason="origin")
    hub = live_of(call.gateway)
    if hub.sockets_of(call.me) >= MOST_SOCKETS:
        raise Refusal("too_many", 429, retry_after=30)
    socket = web.WebSocketResponse(max_msg_size=LARGEST_WORD, compress=False, timeout=5.0)
    if not socket.can_prepare(request):
        raise Refusal("bad_request", 400, field="Upgrade")
    await socket.prepare(request)
    await Line(call, hub, socket).run(query.since)
    return socket


class Line:
    """One open socket. Frames wait in a bounded queue; who does not keep up is cut off and comes again."""

    def __init__(self, call: Call, hub: Hub, socket: web.WebSocketResponse) -> None:
        self._call = call
        self._hub = hub
        self._socket = socket
        self.badge = badge_of(call.request)
        self._id = new_id()
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(LONGEST_QUEUE)
        self._held: list[bytes] | None = []
        """Changes that come while we catch up; None once we have."""
        self._close: tuple[int, str] = (1000, "")

    def put(self, frames: Iterable[bytes]) -> None:
        """Queue frames; never waits."""
        if self._held is not None:
            self._held.extend(frames)
            if len(self._held) > LONGEST_QUEUE:
                self.end(SLOW, "too slow")
            return
        try:
            for frame in frames:
                self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            self.end(SLOW, "too slow")

    def ping(self) -> None:
        """Say that the line lives."""
        self.put([self._word("ping", self._hub.head)])

    def end(self, code: int, reason: str) -> None:
        """Close it: what is queued is dropped."""
        self._close = (code, reason)
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def run(self, since: int | None) -> None:
        """Until either side closes."""
        tasks: list[asyncio.Task[None]] = []
        try:
            reader = await self._hub.join(self._call.account, self)
            tasks = [asyncio.create_task(self._write())]
            await self._catch_up(reader, since)
            tasks.append(asyncio.create_task(self._read(reader)))
            ended, _ = await asyncio.wait({tasks[0], tasks[-1]}, return_when=asyncio.FIRST_COMPLETED)
            for one in ended:
                one.result()
        except Unavailable:
            self._close = (TRY_AGAIN, "try again")
        except Exception:
            log.exception("live socket failed")
            self._close = (1011, "failed")
        finally:
            self._hub.leave(self._call.account, self)
            self._hub.presence.look(self._id, self._call.me, self._call.account.name, "", False)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._say_why()

    async def _say_why(self) -> None:
        """Close the line. The other side says that it heard why before the connection goes, else it may never hear it."""
        code, reason = self._close
        with contextlib.suppress(Exception):
            async with asyncio.timeout(SEND_WITHIN):
                await self._socket.close(code=code, message=reason.encode())

    async def _catch_up(self, reader: Reader, since: int | None) -> None:
        """Say hello, then what was missed, then what happened meanwhile."""
        head = self._hub.head
        self._queue.put_nowait(self._word("hello", head, version=VERSION))
        if since is not None and since != head:
            frames = None if since > head else await self._hub.missed(reader, since, head)
            if frames is None or len(frames) > LONGEST_QUEUE // 2:
                frames = [Frame(head, "snapshot_required", "")]
            for frame in frames:
                self._queue.put_nowait(frame.encode())
        held, self._held = self._held or [], None
        self.put(held)

    def _word(self, kind: str, seq: int, **more: Any) -> bytes:
        now = self._call.gateway.now()
        return orjson.dumps({"seq": seq, "type": kind, "id": "", "server_time": now, **more})

    async def _write(self) -> None:
        ended = False
        while not ended:
            frames = [await self._queue.get()]
            while len(frames) < TOGETHER and not self._queue.empty():
                frames.append(self._queue.get_nowait())
            ended = None in frames
            try:
                async with asyncio.timeout(SEND_WITHIN):
                    for frame in itertools.takewhile(lambda one: one is not None, frames):
                        await self._socket.send_frame(frame or b"", WSMsgType.TEXT)
            except (TimeoutError, ConnectionError, RuntimeError):
                self._close = (SLOW, "too slow")
                break

    async def _read(self, reader: Reader) -> None:
        async for message in self._socket:
            if message.type is WSMsgType.TEXT:
                self._hear(reader, message.data)

    def _hear(self, reader: Reader, data: str) -> None:
        """A look or a heartbeat; what is neither is passed over."""
        try:
            said = orjson.loads(data)
        except orjson.JSONDecodeError:
            return
        if not isinstance(said, dict):
            return
        match said.get("type"):
            case "active":
                self._hub.active(self._call.me)
            case "watch":
                place = said.get("conversation_id") or said.get("deal_id")
                self._watch(reader, place, said.get("typing") is True)

    def _watch(self, reader: Reader, place: object, typing: bool) -> None:
        """A conversation, or a deal's page: their ids are unique over both."""
        seen = place if isinstance(place, str) and len(place) <= 80 else ""
        if seen and not self._hub.may_see(reader, seen):
            seen = ""
        self._hub.presence.look(self._id, self._call.me, self._call.account.name, seen, typing)
