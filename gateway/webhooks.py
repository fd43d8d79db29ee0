"""What happens to a provider's request?

Prove, keep, answer. Nothing is answered with success before it is on disk; nothing unproven is kept.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeAlias, cast

import structlog
from aiohttp import web

from channels.base import ADDRESS, MARKS, Admitted, Envelope, Reply, RouteQuestion, WebhookChannel
from channels.errors import WebhookRefused
from gateway.callers import address_of
from gateway.calls import steer, whom_to_ring
from gateway.context import Gateway
from gateway.frequency import Frequency
from gateway.intake import Intake, NoRoom, TooSlow
from gateway.journal import Busy, Journal
from gateway.metrics import HOOKS
from gateway.sources import Live
from storage.errors import Unavailable
from storage.files import FileStore
from storage.journal import Entry
from storage.tallies import Tallies

log = structlog.get_logger(__name__)
Handler: TypeAlias = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
INLINE = 256 * 1024
RETRY_AFTER = 5
WAIT_FOR_JOURNAL = 0.8
"""Seconds that the answer to whom to ring waits for its event to be on disk (design.md, I1)."""
INSPECTION = 5.0
"""Seconds a channel may look twice at what came."""
DROPPED = frozenset({"cookie", "connection", "accept-encoding"})


class Hooks:
    """Answers `/hooks/{source_id}/{key}/…`, and what is posted to a hosted page."""

    def __init__(self, gateway: Gateway, journal: Journal) -> None:
        self._gateway = gateway
        self._journal = journal
        self._late: set[asyncio.Task[web.StreamResponse]] = set()
        """Events whose answer did not wait for their being kept."""
        self._intake = Intake(gateway.config.max_body, gateway.config.intake_memory)
        self._beside_answers: set[asyncio.Task[None]] = set()
        self._frequency = Frequency(Tallies(gateway.config.redis_url))

    async def close(self) -> None:
        """Count no more callers."""
        await self._frequency.close()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        named = request.match_info
        return await self._answered(request, named["source_id"], named["key"], named.get("path", ""))

    def before(self, others: Handler) -> Handler:
        """The same as a server's handler, before its router: hooks are most of what comes, and need nothing that pages and the
        API do. What is not plainly a hook's address goes to the `others`."""

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            path = request.rel_url.raw_path
            if not path.startswith("/hooks/") or "%" in path or "Expect" in request.headers:
                return await others(request)
            parts = path.split("/")
            if len(parts) != 4:
                return await others(request)
            return await self._answered(cast(web.Request, request), parts[2], parts[3], "")

        return answer

    async def _answered(
        self, request: web.Request, source_id: str, key: str, path: str
    ) -> web.StreamResponse:  # fmt: skip
        try:
            live = await self._find(source_id, key)
        except Unavailable:
            return _plain(503, "unavailable", {"Retry-After": str(RETRY_AFTER)})
        return _plain(404, "unknown_source") if live is None else await self.receive(live, request, path)

    async def receive(self, live: Live, request: web.Request, path: str = "") -> web.StreamResponse:
        """Take a request to a source that is known to be meant; `path` is what stands behind its address."""
        if (small := self._intake.at_hand(request)) is not None:
            return await self._take(live, self._envelope(request, path, small))
        try:
            async with self._intake.body(request) as body:
                return await self._take(live, self._envelope(request, path, body))
        except web.HTTPRequestEntityTooLarge:
            HOOKS.labels("too_large").inc()
            return _plain(413, "too_large")
        except TooSlow:
            HOOKS.labels("too_slow").inc()
            return _plain(408, "too_slow")
        except NoRoom:
            HOOKS.labels("no_room").inc()
            return _plain(503, "unavailable", {"Retry-After": str(RETRY_AFTER)})

    async def _find(self, source_id: str, key: str) -> Live | None:
        """The source, when the key in the address is its own. An unknown source costs the same as a wrong key."""
        live = await self._gateway.sources.find(source_id)
        good = live.keys(self._gateway.now()) if live is not None else ("",)
        fits = any(hmac.compare_digest(one.encode(), key.encode()) for one in good)
        usable = live is not None and live.receiving and isinstance(live.channel, WebhookChannel)
        return live if fits and usable else None

    def _envelope(self, request: web.Request, path: str, body: bytes) -> Envelope:
        return Envelope(
            body=body,
            received_at=self._gateway.now(),
            method=request.method,
            path=path,
            query=dict(request.query) if request.query_string else {},
            headers=_headers(request, address_of(request, self._gateway.config.trust_proxy)),
        )

    async def _take(self, live: Live, envelope: Envelope) -> web.StreamResponse:
        assert isinstance(live.channel, WebhookChannel)
        try:
            if len(envelope.body) > INLINE:  # digests of megabytes must not hold up everybody else
                admitted = await asyncio.to_thread(live.channel.admit, envelope)
            else:
                admitted = live.channel.admit(envelope)
        except WebhookRefused:
            HOOKS.labels("refused").inc()
            return _plain(403, "refused")
        if admitted.limits or admitted.inspect:
            admitted = await self._inspect(live.channel, envelope, admitted)
            envelope = _marked(envelope, admitted.marks)
        if admitted.question is not None and not admitted.command:
            return await self._answer(live, envelope, admitted, admitted.question)
        if not admitted.keep:
            HOOKS.labels("answered").inc()
            return _respond(admitted.reply)
        return await self._keep(live, envelope, admitted, admitted.reply)

    async def _inspect(self, channel: WebhookChannel, envelope: Envelope, admitted: Admitted) -> Admitted:
        """Count it under its limits and let the channel look again. What goes wrong there loses nothing."""
        over = await self._frequency.count(channel.account.source_id, admitted.limits, envelope.received_at)
        admitted = replace(admitted, marks=(*admitted.marks, *sorted(over)))
        try:
            async with asyncio.timeout(INSPECTION):
                return await channel.inspect(envelope, admitted, over)
        except Exception as error:
            log.warning("not inspected", source=channel.account.source_id, error=type(error).__name__)
            return admitted

    async def _answer(
        self, live: Live, envelope: Envelope, admitted: Admitted, question: RouteQuestion
    ) -> web.StreamResponse:
        """Whom to ring. A question that is an event too is kept meanwhile: the answer waits 0.8 s for that, no longer."""
        assert isinstance(live.channel, WebhookChannel)
        keeping = None
        if admitted.keep:
            keeping = asyncio.create_task(self._keep(live, envelope, admitted, admitted.reply))
            self._late.add(keeping)
            keeping.add_done_callback(self._late.discard)
        began = self._gateway.now()
        reply = live.channel.answer(await whom_to_ring(self._gateway, live, question))
        if keeping is None:
            HOOKS.labels("answered").inc()
            return _respond(reply)
        left = max(0.0, WAIT_FOR_JOURNAL - (self._gateway.now() - began) / 1_000_000)
        await asyncio.wait({keeping}, timeout=left)
        if not keeping.done():
            HOOKS.labels("late").inc()
        elif keeping.result().status != 200:
            return keeping.result()
        return _respond(reply)

    async def _keep(
        self, live: Live, envelope: Envelope, admitted: Admitted, reply: Reply
    ) -> web.StreamResponse:
        try:
            entry = await make_entry(
                self._gateway.files, live.row.id, admitted.lane, admitted.key, envelope, admitted.number
            )
            kept = await self._journal.keep(entry)
        except (Busy, Unavailable, OSError) as error:
            HOOKS.labels("unavailable").inc()
            log.warning("hook not kept", source=live.row.id, error=type(error).__name__)
            again = str(RETRY_AFTER)
            if isinstance(live.channel, WebhookChannel):
                again = live.channel.come_again(RETRY_AFTER, self._gateway.now())
            return _plain(503, "unavailable", {"Retry-After": again})
        if kept is not None and admitted.command and admitted.question is not None:
            self._beside(steer(self._gateway, live, admitted.question, admitted.command))
        return _respond(reply)

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it while the provider already has its answer."""
        task = asyncio.create_task(work)
        self._beside_answers.add(task)
        task.add_done_callback(self._beside_answers.discard)


async def make_entry(
    files: FileStore,
    source_id: str,
    lane: str,
    key: str | None,
    envelope: Envelope,
    number: int | None = None,
) -> Entry:
    """The envelope as the journal takes it; a large body goes to the file store first. Raises OSError."""
    stored = await files.put_bytes(envelope.body) if len(envelope.body) > INLINE else None
    return Entry(
        source_id=source_id,
        lane=lane,
        key=key or None,  # an empty string is never a key
        received_at=envelope.received_at,
        method=envelope.method,
        path=envelope.path,
        query=envelope.query,
        headers=envelope.headers,
        body=None if stored else envelope.body,
        body_file=stored.digest if stored else None,
        size=len(envelope.body),
        number=number,
    )


def _headers(request: web.Request, address: str) -> dict[str, str]:
    """The request's headers in lower case and who called, without what is the connection's own or only ours to say."""
    headers = {}
    for name, value in request.headers.items():
        name = name.lower()
        if name not in DROPPED and name[:1] != ":":
            headers[name] = value
    headers[ADDRESS] = address
    return headers


def _marked(envelope: Envelope, marks: Iterable[str]) -> Envelope:
    told = " ".join(dict.fromkeys(marks))
    return replace(envelope, headers={**envelope.headers, MARKS: told}) if told else envelope


@lru_cache(maxsize=64)
def _typed(content_type: str) -> dict[str, str]:
    return {"Content-Type": f"{content_type}; charset=utf-8"}


def _respond(reply: Reply) -> web.Response:
    typed = _typed(reply.content_type)
    headers = {**reply.headers, **typed} if reply.headers else typed
    return web.Response(status=reply.status, body=reply.body, headers=headers)


def _plain(status: int, code: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"code": code, "message": code, "params": {}}, status=status, headers=headers)
