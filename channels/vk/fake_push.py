"""How does the made-up VK hand events over? By callback until it hears `ok`, and by long poll."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import defaultdict
from email.utils import parsedate_to_datetime

import aiohttp
from aiohttp import web

from channels.fakes import Delivered
from channels.vk.fake_state import Community, Server
from channels.vk.wire import Json

ATTEMPTS = 5
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 2.0
"""A Retry-After is kept to, up to here: nobody waits three hours in a test."""
ANSWER_WITHIN = 10


class Pusher:
    """Hands over in the dialog's order, or as fast as it goes: VK promises no order."""

    ordered = True

    def __init__(self, community: Community) -> None:
        self._community = community
        self._http: aiohttp.ClientSession | None = None
        self._lanes: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._changed = asyncio.Event()
        self.poll_faults: list[int] = []
        """What the next looks of the long poll answer: the numbers of `failed`."""
        self.asked = asyncio.Event()
        """Set once somebody looks."""

    def start(self) -> None:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN))

    async def stop(self) -> None:
        self._changed.set()
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def hand_over(self, event: Json, counter: int = 0) -> Delivered:
        """Put it into the long poll, post it to every server that wants it. Returns the last answer."""
        self._community.record(event)
        self._changed.set()
        self._changed = asyncio.Event()
        result = Delivered(status=0, body="", event=event["event_id"])
        lane = self._lanes[_lane(event)] if self.ordered else contextlib.nullcontext()
        async with lane:
            for server in list(self._community.servers.values()):
                known = not server.events or event["type"] in server.events
                if server.status == "ok" and known:
                    result = await self._insist(server, event, counter)
        return result

    async def _insist(self, server: Server, event: Json, counter: int) -> Delivered:
        pause, status, body = FIRST_PAUSE, 0, ""
        for attempt in range(counter, counter + ATTEMPTS):
            status, body, wait = await self._post(server, event, attempt)
            if status == 200 and body == "ok":
                break
            await asyncio.sleep(pause if wait is None else min(wait, LONGEST_PAUSE))
            pause = min(pause * 2, LONGEST_PAUSE)
        return Delivered(status=status, body=body, event=event["event_id"])

    async def _post(self, server: Server, event: Json, attempt: int) -> tuple[int, str, float | None]:
        headers = {"Content-Type": "application/json"}
        if attempt:
            headers["X-Retry-Counter"] = str(attempt)
        signed = {**event, **({"secret": server.secret} if server.secret else {})}
        data = json.dumps(signed, ensure_ascii=False).encode()
        if self._http is None:
            return 0, "stopped", None
        try:
            async with self._http.post(server.url, data=data, headers=headers) as answer:
                wait = _wait(answer) if answer.status in (410, 429, 503) else None
                return answer.status, await answer.text(), wait
        except (aiohttp.ClientError, TimeoutError) as error:
            return 0, type(error).__name__, None

    async def confirm(self, server: Server) -> None:
        """Ask for the confirmation string."""
        event: Json = {"type": "confirmation", "group_id": self._community.group_id}
        status, body, _ = await self._post(server, event, 0)
        server.status = "ok" if (status, body) == (200, self._community.code) else "failed"

    async def long_poll(self, request: web.Request) -> web.Response:
        """GET /lp?act=a_check&key=…&ts=…&wait=…"""
        community = self._community
        self.asked.set()
        if self.poll_faults:
            return self._failed(self.poll_faults.pop(0))
        if request.query.get("key") != community.poll_key:
            return web.json_response({"failed": 2})
        ts = int(request.query["ts"])
        if ts < community.oldest or ts > community.ts:
            return web.json_response({"failed": 1, "ts": community.ts})
        changed = self._changed
        if ts == community.ts:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), int(request.query.get("wait", "25")))
        updates = [event for at, event in community.history if at >= ts]
        return web.json_response({"ts": str(community.ts), "updates": updates})

    def _failed(self, number: int) -> web.Response:
        if number == 1:
            return web.json_response({"failed": 1, "ts": self._community.ts})
        if number in (2, 3):
            self._community.poll_key += "x"
        return web.json_response({"failed": number})


def _lane(event: Json) -> int:
    body = event.get("object")
    if not isinstance(body, dict):
        return 0
    message = body.get("message")
    place = message if isinstance(message, dict) else body
    return int(place.get("peer_id") or place.get("user_id") or 0)


def _wait(answer: aiohttp.ClientResponse) -> float | None:
    """Retry-After: VK's papers say a date; seconds are understood too."""
    value = answer.headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
