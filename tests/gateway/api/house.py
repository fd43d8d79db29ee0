"""A gateway at work, and people who use it."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.app import make_app, make_gateway
from gateway.clock import new_id
from gateway.config import Config
from gateway.context import Gateway
from gateway.permissions import PRESETS
from storage import sessions, team
from storage.team import first_start
from tests.gateway.api.paper import SECRET

API = "/api/v1"
PATIENCE = 30.0
"""Seconds that a busy machine may need for what takes milliseconds."""
CONNECTIONS = 3
"""Each is a process of PostgreSQL's with all its caches to fill: ten cost more than most tests do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def code(self) -> str:
        """The refusal's code."""
        return str(self.json["code"])


@dataclass(slots=True)
class Person:
    """Somebody with a browser. `token` "" is nobody."""

    http: aiohttp.ClientSession
    base: str
    id: str = ""
    token: str = ""

    async def call(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        """One request, as the console makes it."""
        sent = {"X-Inbox": "1", "Content-Type": "application/json"}
        if self.token:
            sent["Cookie"] = f"inbox={self.token}"
        sent |= headers or {}
        data = io.BytesIO(raw) if raw is not None else None if body is None else orjson.dumps(body)
        async with self.http.request(
            method, self.base + API + path, data=data, headers=sent, allow_redirects=False
        ) as got:
            return Answer(got.status, got.headers, await got.read())

    async def get(self, path: str) -> Any:
        """What a successful GET answers."""
        return await self._good("GET", path, None)

    async def post(self, path: str, body: Any = None) -> Any:
        return await self._good("POST", path, body if body is not None else {})

    async def put(self, path: str, body: Any) -> Any:
        return await self._good("PUT", path, body)

    async def patch(self, path: str, body: Any) -> Any:
        return await self._good("PATCH", path, body)

    async def _good(self, method: str, path: str, body: Any) -> Any:
        found = await self.call(method, path, body)
        assert 200 <= found.status < 300, (method, path, found.status, found.body)
        return found.json if found.body else None

    @contextlib.asynccontextmanager
    async def live(self, since: int | None = None) -> AsyncIterator[Line]:
        """An open socket, after its hello."""
        query = "" if since is None else f"?since={since}"
        headers = {"Cookie": f"inbox={self.token}", "Origin": self.base}
        async with self.http.ws_connect(f"{self.base}{API}/live{query}", headers=headers) as socket:
            line = Line(socket)
            line.hello = await line.next("hello")
            yield line


@dataclass(slots=True)
class Line:
    """A live socket as a console reads it."""

    socket: aiohttp.ClientWebSocketResponse
    hello: dict[str, Any] = field(default_factory=dict)
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def next(self, kind: str, ref: str | None = None, seconds: float = PATIENCE) -> dict[str, Any]:
        """The next frame of this kind (and id); what comes before it is remembered in `heard`."""
        async with asyncio.timeout(seconds):
            while True:
                frame: dict[str, Any] = await self.socket.receive_json(loads=orjson.loads)
                self.heard.append(frame)
                if frame["type"] == kind and ref in (None, frame["id"]):
                    return frame

    async def say(self, **words: Any) -> None:
        await self.socket.send_str(orjson.dumps(words).decode())


@dataclass(slots=True)
class House:
    """The gateway with its people and its source."""

    gateway: Gateway
    http: aiohttp.ClientSession
    base: str
    admin: Person
    source_id: str = ""
    hook: str = ""

    async def person(self, *roles: str, name: str = "", keep: bool = True) -> Person:
        """A new member who is signed in, for a month or for half a day; without roles: somebody who is not."""
        if not roles:
            return Person(self.http, self.base)

        def add(tx: Any) -> tuple[str, str]:
            made = team.add_member(tx, name or roles[0].title(), f"{new_id()}@example.org", roles)
            return made, sessions.open_session(tx, made, keep=keep, agent="", ip="")[0]

        made, token = await self.gateway.database.write(add)
        return Person(self.http, self.base, made, token)

    async def connect(self) -> str:
        """A source on the made-up network; its id."""
        body = {"channel": "paper", "name": "Paper", "settings": {"token": SECRET}}
        made = await self.admin.post("/sources", body)
        await self.admin.post(f"/sources/{made['id']}/connect")
        live = self.gateway.sources.get(made["id"])
        assert live is not None
        self.source_id, self.hook = made["id"], f"/hooks/{made['id']}/{live.row.hook_key}"
        return self.source_id

    async def hears(
        self, chat: str = "anna", text: str = "hello", *, ago: int = 1_000_000, **more: Any
    ) -> str:
        """A client writes; the conversation's id once it is there."""
        if not self.source_id:
            await self.connect()
        external = more.pop("id", new_id())
        said = {"id": external, "chat": chat, "text": text, "at": self.gateway.now() - ago, **more}
        async with self.http.post(
            self.base + self.hook, data=orjson.dumps(said), headers={"X-Paper": SECRET}
        ) as got:
            assert got.status == 200, await got.text()
        return await self.opened(external)

    async def hook_says(self, said: dict[str, Any]) -> None:
        """The network hands something over, whatever it is."""
        async with self.http.post(
            self.base + self.hook, data=orjson.dumps({"text": "", **said}), headers={"X-Paper": SECRET}
        ) as got:
            assert got.status == 200, await got.text()

    async def settled(self) -> None:
        """Wait until nothing that was handed over waits."""
        async with asyncio.timeout(PATIENCE):
            while await self.rows("SELECT id FROM envelope WHERE state = 0"):
                await asyncio.sleep(0.02)

    async def opened(self, external: str) -> str:
        """Wait until a message is opened; its conversation."""

        def find(connection: Any) -> str | None:
            sql = "SELECT conversation_id FROM message WHERE external_id = :id"
            found: str | None = connection.execute(_text(sql), {"id": external}).scalar()
            return found

        with self.gateway.bells.listening("live") as bell:
            async with asyncio.timeout(PATIENCE):
                while (found := await self.gateway.database.read(find)) is None:
                    await bell.wait(0.1)
        return found

    async def rows(self, sql: str, **parameters: Any) -> Sequence[Any]:
        """What the database holds."""
        return await self.gateway.database.read(lambda c: c.execute(_text(sql), parameters).all())


def _text(sql: str) -> Any:
    from sqlalchemy import text

    return text(sql)


@contextlib.asynccontextmanager
async def open_house(url: str, folder: Path, *, redis: str = "") -> AsyncIterator[House]:
    """Start the gateway in this process; its first administrator is signed in and set up."""
    config = Config(_env_file=None, data_dir=folder, database_url=url, redis_url=redis, pool=CONNECTIONS)
    gateway = make_gateway(config)
    admin_id = await gateway.database.write(first_start, PRESETS, "Admin")
    token, _ = await gateway.database.write(sessions.open_session, admin_id, keep=True, agent="", ip="")
    app: web.Application = make_app(gateway)
    server = TestServer(app)
    await server.start_server(shutdown_timeout=1)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        base = f"http://127.0.0.1:{server.port}"
        try:
            yield House(gateway, http, base, Person(http, base, admin_id, token))
        finally:
            await server.close()
