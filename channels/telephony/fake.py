"""How does a telephone system behave?

A real exchange on loopback: it plays calls as webhooks with true signatures, in any order and as often as
wanted, takes the commands of the API and keeps recordings behind links that work once.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import time
import uuid
import wave
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

import aiohttp
import orjson
from aiohttp import web

from channels.fakes import Act, Arrived, Client, Delivered, Doing, Fake, Fault
from channels.telephony import fake_scenes as scenes
from channels.telephony.fake_scenes import Call, Scene, Telling
from channels.telephony.providers.mango import signature

KEY, SALT = "fake-vpbx-key", "fake-vpbx-salt"
SECRET = "fake-generic-secret"
MEMBER = "101"
LINE = "74951234567"
RINGS_AFTER = 1.0
TIMEOUT = aiohttp.ClientTimeout(total=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Request:
    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(slots=True)
class _Live:
    """A call that goes on."""

    call: Call
    members: tuple[str, ...]
    winner: str = ""
    talked_at: int = 0


def ringing_of(member: str) -> tuple[str, ...]:
    """Whose telephones ring: the department, and whoever was named."""
    return tuple(dict.fromkeys((member, *(extension for _, extension in USERS))))


class Exchange(Fake):
    """A Mango Office exchange with two employees."""

    doings: tuple[Doing, ...] = (
        "call_missed", "call_answered", "call_rings", "call_taken", "call_ends", "broken",
    )  # fmt: skip
    faults: tuple[Fault, ...] = (
        "slow_down",
        "server_error",
        "hang",
        "reset",
        "lost_answer",
        "bad_key",
        "refused",
    )
    provider: ClassVar[str] = "mango"

    def __init__(self) -> None:
        super().__init__()
        self.url = ""
        self.recordings: dict[str, bytes] = {}
        """Finished recordings by id."""
        self.unready = 0
        """So many more asks for a recording find it not stored yet."""
        self.history: list[str] = []
        self.routed: list[tuple[str, str]] = []
        """(leg, extension): calls that a command sent on."""
        """Lines of the statistics."""
        self._live: dict[str, _Live] = {}
        """client -> the call that goes on."""
        self._hook_url = ""
        self._clients: dict[str, str] = {}
        self._links: dict[str, str] = {}
        self._faults: list[tuple[Fault, float | None]] = []
        self._last: list[_Request] = []
        self._courses: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/vpbx/commands/callback", self._callback)
        app.router.add_post("/vpbx/commands/route", self._route)
        app.router.add_post("/vpbx/config/users/request", self._users)
        app.router.add_post("/vpbx/queries/recording/post", self._recording)
        app.router.add_post("/vpbx/stats/request", self._stats)
        app.router.add_post("/vpbx/stats/result", self._stats_result)
        app.router.add_get("/files/{link}", self._file)
        app.router.add_get("/records/{call}", self._record)
        self._stopping = asyncio.Event()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        self._stopping.set()
        for task in self._courses:
            task.cancel()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def settings(self) -> Mapping[str, str]:
        return {
            "provider": "mango",
            "vpbx_api_key": KEY,
            "vpbx_api_salt": SALT,
            "api_base": f"{self.url}/vpbx",
        }

    def deliver_to(self, hook_url: str) -> None:
        self._hook_url = hook_url

    def fail(self, fault: Fault, times: int = 1, *, after: float | None = None) -> None:
        self._faults += [(fault, after)] * times

    async def act(self, act: Act) -> Delivered:
        """The client calls; the call has ended `seconds_ago`."""
        member = act.member or MEMBER
        match act.doing:
            case "broken":
                self._last = [self._broken()]
                return await self.again()
            case "call_rings" | "call_taken" | "call_ends":
                return await self._live_call(act, member)
            case "call_answered":
                scene = scenes.answered(member)
            case _:
                scene = scenes.missed(member)
        call = self.new_call(act.client, ended=time.time() - act.seconds_ago, lasts=scenes.lasts(scene))
        self.recordings[f"r{call.id}"] = tone()
        return await self.play(call, scene)

    async def _live_call(self, act: Act, member: str) -> Delivered:
        """A call that goes on while one watches: it rings everybody, is taken by `member`, ends."""
        ref, now = act.client.ref, int(time.time() - act.seconds_ago)
        known = self._live.get(ref)
        if known is None or act.doing == "call_rings":
            known = self._live[ref] = _Live(self.new_call(act.client, ended=now), ringing_of(member))
            if act.doing == "call_rings":
                return await self.play(known.call, scenes.rings(known.members))
        at = max(1, now - known.call.began)
        if act.doing == "call_taken":
            known.winner, known.talked_at = member, at
            return await self.play(known.call, scenes.taken(known.members, member, at))
        del self._live[ref]
        return await self.play(
            known.call,
            scenes.ends(known.members, known.winner, known.talked_at, max(at, known.talked_at + 4)),
        )

    def new_call(self, client: Client, *, ended: float = 0, lasts: int = 0, command: str = "") -> Call:
        """A call of this client, not yet told about."""
        number = digits_of(client)
        self._clients[number] = client.ref
        began = int(ended or time.time()) - lasts
        return Call(id=uuid.uuid4().hex[:20], client=number, line=LINE, began=began, command=command)

    async def play(
        self, call: Call, scene: Scene, *, order: Sequence[int] | None = None, times: int = 1
    ) -> Delivered:
        """Tell it all, in the order of the given places (some may be left out), each so many times."""
        told = self._tell(call, scene)
        wanted = range(len(told)) if order is None else order
        self._last = [self._request(told[place]) for place in wanted]
        return await self.again(times)

    async def play_command(self, *, taken: bool = True) -> Delivered:
        """What follows the last command to call: the employee takes up the telephone, the client does so or
        not."""
        arrived = self.arrived[-1]
        scene = scenes.click_to_call(arrived.raw["member"], taken=taken)
        # Who watches it sees it begin when they asked for it; else all of it lies behind us when it is told.
        began = int(time.time()) - (0 if self.lively else scenes.lasts(scene))
        call = Call(
            id=uuid.uuid4().hex[:20],
            client=arrived.raw["number"],
            line=LINE,
            began=began,
            command=arrived.key,
        )
        return await self.play(call, scene)

    async def again(self, times: int = 1) -> Delivered:
        delivered = Delivered(status=0, body="", event="")
        for request in self._last:
            for _ in range(times):
                delivered = await _post(request)
        return delivered

    def _tell(self, call: Call, scene: Scene) -> list[Telling]:
        return scenes.by_mango(call, scene)

    def _request(self, telling: Telling) -> _Request:
        return self._signed(telling.path, orjson.dumps(telling.says))

    def _broken(self) -> _Request:
        return self._signed("events/call", b'{"entry_id": "' + uuid.uuid4().hex.encode())

    def _signed(self, path: str, json: bytes) -> _Request:
        fields = {"vpbx_api_key": KEY, "sign": signature(KEY, json, SALT), "json": json}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return _Request(url=f"{self._hook_url}/{path}", body=urlencode(fields).encode(), headers=headers)

    async def _callback(self, request: web.Request) -> web.StreamResponse:
        """commands/callback, with whatever fault comes next."""
        told = await self._proven(request)
        if told is None:
            return web.json_response({"code": 3102}, status=401)
        fault, after = self._faults.pop(0) if self._faults else (None, None)
        match fault:
            case "slow_down":
                return web.Response(status=429, headers={"Retry-After": str(int(after or 1))})
            case "server_error":
                return web.Response(status=500)
            case "bad_key":
                return web.json_response({"code": 3102}, status=401)
            case "refused":
                return web.json_response({"code": 3104}, status=420)
            case "hang":
                await self._stopping.wait()
            case "reset":
                _cut(request)
                return web.Response()
        number = str(told["to_number"])
        self.arrived.append(
            Arrived(
                n=len(self.arrived) + 1, to=self._clients.get(number, number), text="", id=str(told["command_id"]),
                key=str(told["command_id"]), raw={"member": str(told["from"]["extension"]), "number": number},
            )
        )  # fmt: skip
        if self.lively:
            self._soon(self.play_command())
        if fault == "lost_answer":
            _cut(request)
        return web.json_response({"result": 1000})

    async def _route(self, request: web.Request) -> web.StreamResponse:
        """commands/route: a call that waits in a menu goes on to an extension; with the faults of any command."""
        told = await self._proven(request)
        if told is None:
            return web.json_response({"code": 3102}, status=401)
        if self._faults:
            self._faults.pop(0)
            return web.json_response({"code": 3310}, status=420)
        self.routed.append((str(told["call_id"]), str(told["to_number"])))
        return web.json_response({"result": 1000})

    def _soon(self, course: Coroutine[Any, Any, Delivered]) -> None:
        """A moment after the answer, as telephones ring."""

        async def later() -> None:
            await asyncio.sleep(RINGS_AFTER)
            await course

        task = asyncio.create_task(later())
        self._courses.add(task)
        task.add_done_callback(self._courses.discard)

    async def _users(self, request: web.Request) -> web.Response:
        if await self._proven(request) is None:
            return web.json_response({"code": 3102}, status=401)
        users = [
            {"general": {"name": name}, "telephony": {"extension": extension}} for name, extension in USERS
        ]
        return web.json_response({"users": users})

    async def _stats(self, request: web.Request) -> web.Response:
        if await self._proven(request) is None:
            return web.json_response({"code": 3102}, status=401)
        return web.json_response({"key": "report"})

    async def _stats_result(self, request: web.Request) -> web.Response:
        if await self._proven(request) is None:
            return web.json_response({"code": 3102}, status=401)
        return web.Response(text="".join(self.history), content_type="text/csv")

    async def _recording(self, request: web.Request) -> web.Response:
        """A redirect to a link that works once; 404 until the recording is stored."""
        told = await self._proven(request)
        if told is None:
            return web.Response(status=403)
        if self.unready or str(told.get("recording_id")) not in self.recordings:
            self.unready = max(0, self.unready - 1)
            return web.Response(status=404)
        link = uuid.uuid4().hex
        self._links[link] = str(told["recording_id"])
        return web.Response(status=302, headers={"Location": f"{self.url}/files/{link}"})

    async def _file(self, request: web.Request) -> web.Response:
        recording = self._links.pop(request.match_info["link"], "")
        if not recording:
            return web.Response(status=410)
        return web.Response(body=self.recordings[recording], content_type="audio/wav")

    async def _record(self, request: web.Request) -> web.Response:
        """A recording as other systems keep it: under an open address."""
        found = self.recordings.get(f"r{request.match_info['call']}")
        return (
            web.Response(status=404) if found is None else web.Response(body=found, content_type="audio/wav")
        )

    async def _proven(self, request: web.Request) -> dict[str, Any] | None:
        """What a signed command says; None when its signature is wrong."""
        form = await request.post()
        json = str(form.get("json", "")).encode()
        if form.get("vpbx_api_key") != KEY or form.get("sign") != signature(KEY, json, SALT):
            return None
        found: dict[str, Any] = orjson.loads(json)
        return found


class OtherExchange(Exchange):
    """An exchange that speaks our own contract, signed with an HMAC."""

    provider: ClassVar[str] = "generic"
    faults: tuple[Fault, ...] = ()

    def settings(self) -> Mapping[str, str]:
        return {
            "provider": "generic",
            "preset": "contract",
            "proof": "hmac",
            "secret": SECRET,
            "recording_hosts": self.url.removeprefix("http://"),
        }

    def _tell(self, call: Call, scene: Scene) -> list[Telling]:
        return scenes.by_contract(call, scene, f"{self.url}/records")

    def _request(self, telling: Telling) -> _Request:
        return self._with_hmac(orjson.dumps(telling.says))

    def _broken(self) -> _Request:
        return self._with_hmac(b'{"cmd": "event", "callid": "' + uuid.uuid4().hex.encode())

    def signed(self, body: bytes) -> _Request:
        """The body as a request to the hook, with its signature."""
        return self._with_hmac(body)

    def _with_hmac(self, body: bytes) -> _Request:
        sign = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Signature": f"sha256={sign}"}
        return _Request(url=self._hook_url, body=body, headers=headers)

    async def ask(self, client: Client) -> Delivered:
        """Ask whom to ring."""
        says = {"cmd": "contact", "phone": digits_of(client), "did": LINE, "callid": uuid.uuid4().hex[:20]}
        return await _post(self._with_hmac(orjson.dumps(says)))


USERS = (("Анна", "101"), ("Пётр", "102"))


async def _post(request: _Request) -> Delivered:
    async with (
        aiohttp.ClientSession(timeout=TIMEOUT) as session,
        session.post(request.url, data=request.body, headers=request.headers) as answer,
    ):
        return Delivered(status=answer.status, body=await answer.text(), event="")


def _cut(request: web.Request) -> None:
    """The connection breaks."""
    if request.transport is not None:
        request.transport.abort()


def digits_of(client: Client) -> str:
    """The client's number as exchanges write it; one is made up for those without."""
    told = "".join(letter for letter in client.phone if letter.isdigit())
    return told or f"7900{int(hashlib.sha256(client.ref.encode()).hexdigest(), 16) % 10**7:07}"


def tone(seconds: float = 3) -> bytes:
    """A short recording, WAV."""
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(bytes(128 + 40 * (place // 10 % 2) for place in range(int(8000 * seconds))))
    return out.getvalue()


FAKE = Exchange
