"""What would Telegram do?

A Bot API server on loopback (documents: core.telegram.org/bots/api; behaviour: tdlib/telegram-bot-api).
Updates go to the webhook that was set, or wait for getUpdates; order is kept in each chat, a failed
delivery is tried again at once and then ever later, in hundredths of the real pauses. Plain http hooks
on loopback are taken, as a self-hosted server takes them.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Coroutine, Mapping
from typing import Any, Final, cast

import aiohttp
import orjson
from aiohttp import web

from channels.fakes import Act, Client, Delivered, Fake, Fault
from channels.telegram.fake_methods import Answer, Methods, Params, Refusal, Uploaded, error
from channels.telegram.fake_rooms import connection_of, group_message, lent_by, private_message
from channels.telegram.fake_updates import World, update_of, user_id

TOKEN: Final = "4200000001:AAFake-token-of-the-loopback-server_00"
SECRET: Final = "fake-secret-token_0123456789"
BOT: Final = {"id": 4200000001, "is_bot": True, "first_name": "Единое окно", "username": "inbox_fake_bot"}
ACTS: Final = frozenset(
    {
        "editMessageText",
        "editMessageCaption",
        "deleteMessages",
        "deleteBusinessMessages",
        "setMessageReaction",
    }
)
ATTEMPTS: Final = 6
FIRST_PAUSE: Final = 0.01
"""Seconds; the real server waits 2, 4, 8 …"""
HOOK_TIMEOUT: Final = 10.0
LARGEST_REQUEST: Final = 52 << 20
DEFAULT_OFF: Final = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""Kinds that come only when asked for by name (Bot API: setWebhook)."""
WEBHOOK_ACTIVE: Final = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
OTHER_READER: Final = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)


class TelegramFake(Fake):
    """One bot and its clients."""

    doings = (
        "text", "photo", "file", "voice", "video", "sticker", "location", "contact", "start", "button",
        "edit", "reaction", "block", "unblock", "unsupported", "broken",
    )  # fmt: skip
    faults = (
        "slow_down", "blocked", "server_error", "hang", "reset", "lost_answer", "bad_key", "refused",
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.world = World(bot=BOT)
        self.calls: deque[tuple[str, Params]] = deque(maxlen=10_000)
        """The latest calls that came in, with their parameters."""
        self.waiting: deque[dict[str, Any]] = deque()
        """Updates that nobody has taken yet."""
        self.hook: dict[str, Any] = {"url": "", "secret": "", "error": "", "error_at": 0}
        self.token = TOKEN
        self.local = False
        """It runs as a company's own server with --local: no limit of size, and files named by their place on its disk."""
        self._allowed: frozenset[str] | None = None
        self._methods = Methods(self.world, self)
        self._faults: deque[tuple[Fault, float | None]] = deque()
        self._answers: deque[Refusal] = deque()
        self._changed = asyncio.Condition()
        self._reader = 0
        self._lanes: dict[int, asyncio.Lock] = {}
        self._last: dict[str, Any] = {}
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[Delivered]] = set()
        self._runner: web.AppRunner | None = None
        self._client: aiohttp.ClientSession | None = None
        self.base = ""

    async def start(self) -> None:
        app = web.Application(client_max_size=LARGEST_REQUEST)
        app.router.add_get("/file/bot{token}/{path:.*}", self._file)
        app.router.add_route("*", "/bot{token}/{method}", self._called)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.base = f"http://{host}:{port}"
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=HOOK_TIMEOUT))

    async def stop(self) -> None:
        self._stopping.set()
        async with self._changed:
            self._changed.notify_all()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.close()
            self._client = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def settings(self) -> Mapping[str, str]:
        return {"token": TOKEN, "secret_token": SECRET, "api_base": self.base, "mode": "auto"}

    def deliver_to(self, hook_url: str) -> None:
        """Nothing: a Telegram source tells the server itself, by setWebhook."""

    def fail(self, fault: Fault, times: int = 1, *, after: float | None = None) -> None:
        self._faults.extend((fault, after) for _ in range(times))

    def refuse(self, status: int, description: str, times: int = 1, **parameters: object) -> None:
        """The next `times` sends, changes or deletions get this answer of the server."""
        self._answers.extend(Refusal(status, description, parameters) for _ in range(times))

    async def act(self, act: Act) -> Delivered:
        if act.doing in ("block", "unblock"):
            self._methods.block(user_id(act.client.ref), blocked=act.doing == "block")
        return await self.push(update_of(self.world, act))

    async def lend(self, owner: Client, *, can_reply: bool = True, enabled: bool = True) -> str:
        """Somebody connects the bot to their own account, or changes that; the connection's key."""
        lent = lent_by(self.world, owner)
        lent.can_reply, lent.enabled = can_reply, enabled
        await self.push({"business_connection": connection_of(lent)})
        return lent.key

    async def privately(self, key: str, client: Client, text: str, *, by_owner: bool = False) -> Delivered:
        """Somebody writes in a chat of a lent account: the client, or its owner."""
        return await self.push({"business_message": private_message(self.world, key, client, text, by_owner)})

    async def in_group(self, chat: int, client: Client, text: str, **more: Any) -> Delivered:
        """Somebody writes in a group that the bot is in; `more` are further fields of the message."""
        return await self.push({"message": group_message(self.world, chat, client, text) | more})

    async def upgrade(self, chat: int, client: Client) -> int:
        """The group becomes a supergroup under another id, which is returned (Bot API: Message, migrate_to_chat_id)."""
        new = self.world.moved[chat] = -1_000_000_000_000 + chat
        here, there = group_message(self.world, chat, client, ""), group_message(self.world, new, client, "")
        for message, told in ((here, {"migrate_to_chat_id": new}), (there, {"migrate_from_chat_id": chat})):
            del message["text"]
            await self.push({"message": message | told})
        return new

    async def again(self, times: int = 1) -> Delivered:
        """A polled bot cannot see an update twice that it has confirmed: nothing happens there."""
        delivered = Delivered(status=0, body="", event=str(self._last.get("update_id", "")))
        for _ in range(times if self.hook["url"] and self._last else 0):
            delivered = await self._deliver(self._last)
        return delivered

    async def push(self, update: dict[str, Any]) -> Delivered:
        """Hand over an update of any kind; it gets its number here."""
        kind = next(iter(update))
        if not self._asked_for(kind):
            return Delivered(status=0, body=f"{kind} was not asked for", event="")
        numbered = {"update_id": self.world.number(), **update}
        self._last = numbered
        self.world.talk(_chat_of(numbered))
        if self.hook["url"]:
            return await self._deliver(numbered)
        await self._wait_for_reader(numbered)
        return Delivered(status=0, body="", event=str(numbered["update_id"]))

    def _asked_for(self, kind: str) -> bool:
        return kind in self._allowed if self._allowed else kind not in DEFAULT_OFF

    async def _wait_for_reader(self, update: dict[str, Any]) -> None:
        async with self._changed:
            self.waiting.append(update)
            self._changed.notify_all()

    async def _deliver(self, update: dict[str, Any]) -> Delivered:
        """One at a time in a chat; what is refused every time waits on, and is counted as pending."""
        lane = self._lanes.setdefault(_chat_of(update), asyncio.Lock())
        status, body, pause = 0, "", 0.0
        async with lane:
            for attempt in range(ATTEMPTS):
                status, body = await self._post(update)
                if 200 <= status < 300:
                    return Delivered(status=status, body=body, event=str(update["update_id"]))
                self.hook["error"] = f"Wrong response from the webhook: {status}"
                self.hook["error_at"] = int(time.time())
                pause = FIRST_PAUSE * 2**attempt
                await asyncio.sleep(0 if attempt == 0 else pause)
        await self._wait_for_reader(update)
        return Delivered(status=status, body=body, event=str(update["update_id"]))

    async def _post(self, update: dict[str, Any]) -> tuple[int, str]:
        if self._client is None:
            raise RuntimeError("the fake is not started")
        headers = {"Content-Type": "application/json"}
        if self.hook["secret"]:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.hook["secret"]
        try:
            async with self._client.post(
                self.hook["url"], data=orjson.dumps(update), headers=headers, allow_redirects=False
            ) as response:
                return response.status, await response.text(errors="replace")
        except (TimeoutError, aiohttp.ClientError):
            return 0, ""

    async def _called(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != TOKEN:
            return _answer(error(401, "Unauthorized"))
        method = request.match_info["method"]
        try:
            params = await _params(request)
        except web.HTTPRequestEntityTooLarge:
            return _answer(error(413, "Request Entity Too Large"))
        except (ConnectionError, aiohttp.ClientPayloadError):  # the caller broke off in the middle of it
            return web.Response()
        self.calls.append((method, params))
        if method == "getUpdates":
            return _answer(await self._get_updates(params))
        if method.startswith("send") and method != "sendChatAction":
            return await self._sent(request, method, params)
        if self._answers and method in ACTS:
            return _answer(self._answers.popleft().answer())
        return _answer(await self._methods.call(method, params))

    async def _sent(self, request: web.Request, method: str, params: Params) -> web.StreamResponse:
        if self._answers:
            return _answer(self._answers.popleft().answer())
        fault, after = self._faults.popleft() if self._faults else (None, None)
        match fault:
            case "slow_down":
                pause = max(1, int(after or 1))
                return _answer(error(429, f"Too Many Requests: retry after {pause}", retry_after=pause))
            case "blocked":
                return _answer(error(403, "Forbidden: bot was blocked by the user"))
            case "server_error":
                return _answer(error(502, "Bad Gateway"))
            case "bad_key":
                return _answer(error(401, "Unauthorized"))
            case "refused":
                return _answer(error(400, "Bad Request: can't parse entities: unexpected end tag"))
            case "hang":
                await self._stopping.wait()
            case "lost_answer":
                await self._methods.call(method, params)
        if fault in ("hang", "reset", "lost_answer"):
            _cut(request)
            return web.Response()
        return _answer(await self._methods.call(method, params))

    async def _get_updates(self, params: Params) -> Answer:
        """Bot API: getUpdates. A newer reader throws out the one that waits; a webhook keeps all out."""
        if self.hook["url"]:
            return error(409, WEBHOOK_ACTIVE)
        if "allowed_updates" in params:
            self.allow(params["allowed_updates"])
        self._reader += 1
        mine = self._reader
        until = time.monotonic() + min(float(params.get("timeout", 0)), 50)
        async with self._changed:
            self._changed.notify_all()
            self._confirm(int(params.get("offset", 0)))
            while not self.waiting and mine == self._reader and not self._stopping.is_set():
                if self.hook["url"]:
                    return error(409, "Conflict: terminated by setWebhook request")
                if not await self._wait_until(until):
                    break
        if mine != self._reader:
            return error(409, OTHER_READER)
        limit = min(max(int(params.get("limit", 100)), 1), 100)
        return Answer(result=list(self.waiting)[:limit])

    async def _wait_until(self, until: float) -> bool:
        left = until - time.monotonic()
        if left <= 0:
            return False
        try:
            async with asyncio.timeout(left):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _confirm(self, offset: int) -> None:
        """What lies below the offset is done with; a negative one counts from the end."""
        if offset < 0:
            while len(self.waiting) > -offset:
                self.waiting.popleft()
            return
        while self.waiting and self.waiting[0]["update_id"] < offset:
            self.waiting.popleft()

    def allow(self, kinds: object) -> None:
        """Remember which kinds are wanted; an empty list means the default."""
        listed = orjson.loads(kinds) if isinstance(kinds, str) else kinds
        self._allowed = frozenset(cast(list[str], listed)) or None

    @property
    def allowed(self) -> list[str] | None:
        """The kinds asked for by name."""
        return sorted(self._allowed) if self._allowed else None

    async def set_hook(self, url: str, secret: str) -> None:
        """A new webhook gets what has been waiting; readers are thrown out."""
        async with self._changed:
            self.hook = {"url": url, "secret": secret, "error": "", "error_at": 0}
            late = list(self.waiting) if url else []
            if url:
                self.waiting.clear()
            self._changed.notify_all()
        for update in late:
            self._background(self._deliver(update))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        stored = (one for one in self.world.files.values() if one.path == request.match_info["path"])
        found = next(stored, None)
        if request.match_info["token"] != TOKEN or found is None:
            return _answer(error(404, "Not Found"))
        return web.Response(body=found.body, content_type="application/octet-stream")

    def _background(self, work: Coroutine[Any, Any, Delivered]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _answer(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=answer.body(), content_type="application/json")


def _cut(request: web.Request) -> None:
    """Break the connection off without an answer."""
    if request.transport is not None:
        request.transport.abort()


async def _params(request: web.Request) -> Params:
    """Bot API: Making requests; query, JSON, form and multipart are all taken."""
    params: Params = dict(request.query)
    if request.content_type == "application/json":
        body = await request.read()
        return params | (orjson.loads(body) if body else {})
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            params[name] = Uploaded(value.filename, value.file.read())
        else:
            params[name] = value
    return params


def _chat_of(update: dict[str, Any]) -> int:
    """The chat whose order an update belongs to."""
    for fact in update.values():
        if isinstance(fact, dict):
            chat = fact.get("chat") or fact.get("message", {}).get("chat") or fact.get("from") or {}
            return int(chat.get("id", 0))
    return 0


FAKE = TelegramFake
