"""How do we ask VK for what happened? Bots Long Poll, for installations that VK cannot call.

Source: dev.vk.com/api/bots-long-poll/getting-started. The cursor is VK's `ts`. When VK has lost a part of
the history, a mark of that is kept like an event, so that the gap is seen where events are seen.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import msgspec

from channels.base import Envelope, Polled, PolledEnvelope
from channels.errors import Disconnected, Refused, TryLater, WebhookRefused
from channels.events import Micros
from channels.vk.admit import key_of, lane_of, read_head
from channels.vk.api import Api
from channels.vk.failures import http_failure
from channels.vk.hosts import allowed
from channels.vk.wire import SECOND, Json, words

WAIT = 25
MARGIN = 10
LARGEST = 16 * 1024 * 1024
FRUITLESS = 5
"""Answers without updates or a valid place in a row, after which something is wrong beyond a stale key."""
GAP = "history_lost"


class _Answer(msgspec.Struct):
    ts: Any = None
    updates: list[msgspec.Raw] = []
    failed: int = 0
    told_at: Micros = 0
    """By VK's own clock."""


_answer = msgspec.json.Decoder(_Answer)


@dataclass(frozen=True, slots=True)
class _Server:
    url: str
    key: str
    ts: str


async def listen(
    api: Api,
    http: aiohttp.ClientSession,
    group_id: int,
    cursor: bytes | None,
    wait: int = WAIT,
) -> AsyncIterator[Polled]:
    """Look for ever; without a cursor from now on. Raises TryLater, Disconnected."""
    server = await _server(api, group_id)
    ts = cursor.decode("ascii", "replace") if cursor else server.ts
    if not cursor:
        yield Polled(envelopes=(), cursor=ts.encode())  # kept at once: "now" must not move when we restart
    fruitless = 0
    while True:
        answer = await _look(http, api.base, server, ts, wait)
        fruitless = fruitless + 1 if answer.failed else 0
        if fruitless > FRUITLESS:
            raise TryLater("the long poll goes nowhere", code="longpoll_failed")
        match answer.failed:
            case 0:
                ts = _place(answer.ts)
                yield Polled(
                    envelopes=tuple(_polled(raw, answer.told_at) for raw in answer.updates),
                    cursor=ts.encode(),
                )
            case 1:
                before, ts = ts, _place(answer.ts)
                yield _gap(group_id, before, ts, answer.told_at)
            case 2 | 4:
                server = await _server(api, group_id)
            case _:
                server = await _server(api, group_id)
                before, ts = ts, server.ts
                yield _gap(group_id, before, ts, answer.told_at)


async def _server(api: Api, group_id: int) -> _Server:
    """Where and with which key to ask; the key lives for about an hour."""
    try:
        found = await api.call("groups.getLongPollServer", group_id=group_id)
    except Refused as error:
        code = "no_right" if error.code == "no_right" else "longpoll_off"
        raise Disconnected(error.detail, code=code) from None
    if not isinstance(found, dict):
        raise TryLater("no long poll server", code="longpoll_failed")
    return _Server(words(found, "server"), words(found, "key"), _place(found.get("ts")))


async def _look(http: aiohttp.ClientSession, base: str, server: _Server, ts: str, wait: int) -> _Answer:
    query = {"act": "a_check", "key": server.key, "ts": ts, "wait": str(wait)}
    limit = aiohttp.ClientTimeout(total=wait + MARGIN, connect=MARGIN)
    try:
        url = allowed(server.url, base)
        async with http.get(url, params=query, timeout=limit, allow_redirects=False) as got:
            if got.status != 200:
                raise _status(got)
            answer = _answer.decode(await _body(got))
        answer.told_at = _told_at(got.headers.get("Date", ""))
        return answer
    except TimeoutError:
        raise TryLater("no answer in time", code="timeout") from None
    except Refused as error:
        raise TryLater(error.detail, code="longpoll_failed") from None
    except (aiohttp.ClientError, ValueError, RecursionError) as error:
        raise TryLater(type(error).__name__, code="longpoll_failed") from None


async def _body(got: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for block in got.content.iter_any():
        body += block
        if len(body) > LARGEST:
            raise TryLater("an answer without end", code="longpoll_failed")
    return bytes(body)


def _status(got: aiohttp.ClientResponse) -> TryLater:
    headers = got.headers
    error = http_failure(got.status, headers.get("Retry-After", ""), headers.get("Date", ""))
    return error if isinstance(error, TryLater) else TryLater(error.detail, code="longpoll_failed")


def _place(ts: object) -> str:
    """VK writes `ts` now as a number, now as a string."""
    if isinstance(ts, bool) or not isinstance(ts, int | str) or ts == "":
        raise TryLater("an answer without a place", code="longpoll_failed")
    return str(ts)


def _polled(raw: msgspec.Raw, told_at: Micros) -> PolledEnvelope:
    """An update as the callback would have brought it: the bytes as they came."""
    body = bytes(raw)
    envelope = Envelope(body=body, received_at=told_at, method="POLL")
    try:
        head = read_head(body)
    except WebhookRefused:  # not an event; kept all the same, and set aside when it is opened
        return PolledEnvelope(envelope=envelope)
    return PolledEnvelope(envelope=envelope, key=key_of(head, body), lane=lane_of(head))


def _gap(group_id: int, before: str, after: str, told_at: Micros) -> Polled:
    mark: Json = {
        "type": GAP, "group_id": group_id, "event_id": f"{GAP}:{before}:{after}", "v": "5.199",
        "object": {"from": before, "to": after},
    }  # fmt: skip
    envelope = Envelope(body=json.dumps(mark).encode(), received_at=told_at, method="POLL")
    lost = PolledEnvelope(envelope=envelope, key=mark["event_id"])
    return Polled(envelopes=(lost,), cursor=after.encode(), lost=True)


def _told_at(date: str) -> Micros:
    """The answer's own Date; a channel has no clock."""
    try:
        return int(parsedate_to_datetime(date).timestamp()) * SECOND
    except (ValueError, TypeError, OverflowError):
        return 0


async def place(api: Api, group_id: int) -> str:
    """Where the long poll stands now. Raises SendFailed's kin."""
    return (await _server(api, group_id)).ts
