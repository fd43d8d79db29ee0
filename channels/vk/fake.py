"""How do tests and the demonstration play VK? A real server: methods, uploads, callbacks, poll, faults."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any, Literal

from aiohttp import web

from channels.fakes import Act, Arrived, Delivered, Doing, Fake, Fault
from channels.vk.fake_acts import Acts
from channels.vk.fake_methods import Methods
from channels.vk.fake_push import Pusher
from channels.vk.fake_state import Community, Server, VkError
from channels.vk.wire import Json

RATE = 20
WINDOW = 0.95
LARGEST = 256 * 1024 * 1024


class VKFake(Fake):
    """One community on loopback."""

    doings: tuple[Doing, ...] = (
        "text", "photo", "file", "voice", "video", "sticker", "location", "start", "button", "edit",
        "reaction", "block", "unblock", "unsupported", "broken",
    )  # fmt: skip
    faults: tuple[Fault, ...] = (
        "slow_down", "blocked", "server_error", "hang", "reset", "lost_answer", "bad_key", "refused",
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.community = Community()
        self.pusher = Pusher(self.community)
        self.calls: list[tuple[str, dict[str, str]]] = []
        """Every method called, with its values."""
        self.echo: Literal["before", "after", "never"] = "after"
        """Whether `message_reply` about our message comes before or after the answer to messages.send."""
        self.upload_answer: Json | None = None
        """What the next upload server answers instead of taking the file."""
        self.uploads = asyncio.Event()
        """Cleared: upload servers take their time."""
        self.uploads.set()
        self.upload_begun: asyncio.Event | None = None
        """Set when a file is on its way."""
        self.moments: list[float] = []
        """When each method was called, by the loop's clock."""
        self.rate = RATE
        self.refused_for_speed = 0
        self._methods = Methods(self.community, self.pusher.confirm, self._remember)
        self.talk = self._methods
        """What became of our edits, reactions and signs of typing."""
        self._faults: deque[tuple[Fault | int, float | None]] = deque()
        self._times: deque[float] = deque()
        self._runner: web.AppRunner | None = None
        self._stopped = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._last: Json | None = None

    @property
    def url(self) -> str:
        """Where the made-up VK is; valid after `start`."""
        return self._methods.base

    async def start(self) -> None:
        app = web.Application(client_max_size=LARGEST)
        app.router.add_post("/method/{name}", self._method)
        app.router.add_post("/upload/{kind}", self._upload)
        app.router.add_get("/lp", self.pusher.long_poll)
        app.router.add_get("/doc/{number}", self._doc)
        app.router.add_get("/file/{number}/{name}", self._file)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._methods.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.pusher.start()

    async def stop(self) -> None:
        self._stopped.set()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.pusher.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def settings(self) -> Mapping[str, str]:
        community = self.community
        return {
            "group_id": str(community.group_id), "token": community.token, "secret": community.secret,
            "confirmation": community.code, "mode": "callback", "api_base": self.url,
        }  # fmt: skip

    def deliver_to(self, hook_url: str) -> None:
        """A server whose address a person pasted, with all events."""
        for server in list(self.community.servers.values()):
            if server.title == "pasted":
                del self.community.servers[server.id]
        server = Server(self.community.next("server"), hook_url, self.community.secret)
        self.community.servers[server.id] = server

    def fail(self, fault: Fault, times: int = 1, *, after: float | None = None) -> None:
        self._faults.extend((fault, after) for _ in range(times))

    def fail_with(self, code: int, times: int = 1) -> None:
        """The next sends are answered with this number of VK's errors."""
        self._faults.extend((code, None) for _ in range(times))

    def shuffle(self) -> None:
        self.pusher.ordered = False

    async def again(self, times: int = 1) -> Delivered:
        assert self._last is not None, "nothing was delivered yet"
        delivered = Delivered(status=0, body="", event=self._last["event_id"])
        for counter in range(1, times + 1):
            delivered = await self.pusher.hand_over(self._last, counter)
        return delivered

    async def settled(self) -> None:
        """Return when every echo under way is handed over."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    # what a client does

    async def act(self, act: Act) -> Delivered:
        user = self.community.user(act.client.ref, act.client.name)
        event = self.community.event(*Acts(self.community, self.url).event(user, act))
        self._last = event
        return await self.pusher.hand_over(event)

    async def cropped(self, ref: str, text: str, told: str, **more: Any) -> Delivered:
        """A client says more than VK tells bots: `told` of the words and nothing of what is carried along; all of it is
        there for who asks."""
        user = self.community.user(ref, ref)
        message = self.community.message(user, user, text, **more)
        event = self.community.event("message_new", {"message": message})
        event["object"]["message"] |= {
            "text": told,
            "is_cropped": True,
            "fwd_messages": [],
            "attachments": [],
        }
        self._last = event
        return await self.pusher.hand_over(event)

    # what we do

    async def _remember(self, message: Json, values: Mapping[str, str]) -> None:
        """A message of ours is in: note it, and tell everybody who listens."""
        peer = message["peer_id"]
        names = [name for name in values.get("attachment", "").split(",") if name]
        self.arrived.append(
            Arrived(
                n=len(self.arrived) + 1, to=self.community.names.get(peer, ("", str(peer)))[1] or str(peer),
                text=message["text"], id=f"{peer}:{message['conversation_message_id']}",
                files=tuple(self.community.saved[name] for name in names), key=str(message["random_id"]),
                raw={name: value for name, value in values.items() if name != "access_token"},
            )
        )  # fmt: skip
        if self.echo == "never":
            return
        handing = asyncio.create_task(
            self.pusher.hand_over(self.community.event("message_reply", dict(message)))
        )
        self._tasks.add(handing)
        handing.add_done_callback(self._tasks.discard)
        if self.echo == "before":
            await asyncio.wait({handing})

    async def write(self, ref: str, text: str, admin: int = 800000002, seconds_ago: float = 0) -> Delivered:
        """An administrator answers in VK itself."""
        user = self.community.user(ref, self.community.names.get(0, (ref, ref))[0])
        message = self.community.message(
            user, -self.community.group_id, text, seconds_ago, admin_author_id=admin
        )
        self._last = self.community.event("message_reply", message)
        return await self.pusher.hand_over(self._last)

    async def read(self, ref: str, up_to: int) -> Delivered:
        """The client has read the dialog up to that number."""
        user = self.community.user(ref, ref)
        body = {"from_id": user, "peer_id": user, "read_message_id": up_to, "conversation_message_id": up_to}
        self._last = self.community.event("message_read", body)
        return await self.pusher.hand_over(self._last)

    # the server

    async def _method(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        values = {key: str(value) for key, value in (await request.post()).items()}
        self.calls.append((name, values))
        self.moments.append(asyncio.get_running_loop().time())
        fault = self._faults.popleft() if self._faults and name == "messages.send" else None
        if fault is not None and fault[0] != "lost_answer":
            return await self._faulty(request, values, *fault)
        answer = await self._answer(name, values)
        if fault is not None:
            self._cut(request)
        return web.json_response(answer)

    async def _answer(self, name: str, values: Mapping[str, str]) -> Json:
        try:
            if self._too_fast():
                self.refused_for_speed += 1
                raise VkError(6, "Too many requests per second")
            return {"response": await self._methods.call(name, values)}
        except VkError as error:
            return _error(error.code, error.text)

    async def _faulty(
        self, request: web.Request, values: Mapping[str, str], fault: Fault | int, after: float | None
    ) -> web.StreamResponse:
        match fault:
            case int():
                return web.json_response(_error(fault, f"error {fault}"))
            case "slow_down" if after is not None:
                return web.Response(status=429, headers={"Retry-After": str(after)})
            case "slow_down":
                return web.json_response(_error(6, "Too many requests per second"))
            case "blocked":
                refusal = {"code": 901, "description": "Can't send messages for users without permission"}
                row = {"peer_id": int(values["peer_ids"]), "message_id": 0, "error": refusal}
                return web.json_response({"response": [row]})
            case "bad_key":
                return web.json_response(_error(5, "User authorization failed: access_token was revoked."))
            case "server_error":
                return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
            case "hang":
                await self._stopped.wait()
            case "reset":
                self._cut(request)
        return web.json_response(_error(100, "One of the parameters specified was missing or invalid"))

    def _cut(self, request: web.Request) -> None:
        if request.transport is not None:
            request.transport.abort()

    def _too_fast(self) -> bool:
        """More than 20 calls in a second."""
        now = asyncio.get_running_loop().time()
        while self._times and now - self._times[0] > WINDOW:
            self._times.popleft()
        if len(self._times) >= self.rate:
            return True
        self._times.append(now)
        return False

    async def _upload(self, request: web.Request) -> web.Response:
        kind = request.match_info["kind"]
        if self.upload_begun is not None:
            self.upload_begun.set()
        await self.uploads.wait()
        given = (await request.post()).get("photo" if kind == "photo" else "file")
        if self.upload_answer is not None:
            answer, self.upload_answer = self.upload_answer, None
            return web.json_response(answer)
        if not isinstance(given, web.FileField):
            return web.json_response({"error": "no_file"})
        number = self.community.keep_file(given.filename, given.file.read())
        if kind == "photo":
            return web.json_response({"server": 1, "photo": number, "hash": "h"})
        return web.json_response({"file": f"{kind}|{number}"})

    async def _doc(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        raise web.HTTPFound(f"{self.url}/file/{number}/{self.community.files[number][0]}")

    async def _file(self, request: web.Request) -> web.Response:
        found = self.community.files.get(request.match_info["number"])
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found[1], content_type="application/octet-stream")


def _error(code: int, text: str) -> Json:
    return {"error": {"error_code": code, "error_msg": text, "request_params": []}}


FAKE = VKFake
