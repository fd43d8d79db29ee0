"""How does a visitor fill in a form?

A real site on loopback, whose pages carry the form as script, as plain HTML and as a link, and a browser
without a window that posts as browsers do: the hosted page's own form, a script's JSON, a form with files,
or another server.
"""

from __future__ import annotations

import asyncio
import base64
import mimetypes
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from typing import Any, Literal, TypeAlias
from urllib.parse import urlencode, urljoin

import aiohttp
import orjson
from aiohttp import web

from channels.events import Attribution
from channels.fakes import Act, Delivered, Doing, Fake, Fault

API_KEY = "fake-server-key-0123456789"
How: TypeAlias = Literal["script", "plain", "page", "server"]
"""A script's JSON · a plain HTML form elsewhere · our hosted page, loaded first · a server with the API
key."""
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
"""One pixel, PNG."""
TIMEOUT = aiohttp.ClientTimeout(total=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Request:
    url: str
    body: bytes
    headers: Mapping[str, str]


class Site(Fake):
    """A company's site with a form, and its visitors."""

    doings: tuple[Doing, ...] = ("form", "file", "photo", "broken")
    faults: tuple[Fault, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self.hook_url = ""
        self.patience = 2.1
        """Seconds a visitor of the hosted page takes: whoever is faster is taken for a robot."""
        self.url = ""
        self._runner: web.AppRunner | None = None
        self._last: _Request | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/", self._home)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def settings(self) -> Mapping[str, str]:
        return {"allowed_origins": self.url, "api_key": API_KEY}

    def deliver_to(self, hook_url: str) -> None:
        self.hook_url = hook_url

    async def act(self, act: Act, *, how: How | None = None) -> Delivered:
        """Fill in and send. Without `how`: a server hands on what lies back in time, else a script posts."""
        if act.doing == "broken":
            headers = {"Content-Type": "application/json", "Accept": "application/json"}
            cut = f'{{"_sid": "{uuid.uuid4()}", "phone": "+7916'.encode()
            return await self._post(_Request(url=self.hook_url, body=cut, headers=headers))
        match how or ("server" if act.seconds_ago else "script"):
            case "page":
                return await self._by_page(act)
            case "plain":
                values = {**_answers(act), **act.attribution.utm, **act.attribution.client_ids}
                return await self._browser_form(self.hook_url, values, act, f"{self.url}/plain")
            case "server":
                return await self._by_server(act)
            case _:
                return await self._by_script(act)

    def fail(self, fault: Fault, times: int = 1, *, after: float | None = None) -> None:
        """Nothing is ever sent to a form."""

    async def again(self, times: int = 1) -> Delivered:
        if self._last is None:
            raise RuntimeError("nothing was sent yet")
        delivered = [await self._post(self._last) for _ in range(times)]
        return delivered[-1]

    async def _by_script(self, act: Act) -> Delivered:
        """As the embed script does: JSON as text/plain, or a form with files."""
        control = {
            "_sid": str(uuid.uuid4()),
            "_attr": orjson.dumps(_touches(act.attribution, self.url)).decode(),
        }
        values = {**_answers(act), **control, "_page": act.attribution.page or f"{self.url}/"}
        headers = {"Accept": "application/json", "Origin": self.url, "Referer": f"{self.url}/"}
        if _file_of(act):
            body, kind = multipart(values, act)
        else:
            body, kind = orjson.dumps(values), "text/plain;charset=UTF-8"
        return await self._post(
            _Request(url=self.hook_url, body=body, headers={**headers, "Content-Type": kind})
        )

    async def _by_server(self, act: Act) -> Delivered:
        told = {
            "_sid": str(uuid.uuid4()),
            "_at": str(int(time.time() - act.seconds_ago)),
            "_page": f"{self.url}/",
        }
        values = {**_answers(act), **act.attribution.utm, **act.attribution.client_ids, **told}
        headers = {"X-API-Key": API_KEY, "Accept": "application/json"}
        if _file_of(act):
            body, kind = multipart(values, act)
        else:
            body, kind = orjson.dumps(values), "application/json"
        return await self._post(
            _Request(url=self.hook_url, body=body, headers={**headers, "Content-Type": kind})
        )

    async def _by_page(self, act: Act) -> Delivered:
        """Load the hosted page, take over all that it carries unseen, think a little, send."""
        query = urlencode({**act.attribution.utm, **act.attribution.client_ids})
        address = f"{self.page_url}?{query}" if query else self.page_url
        headers = {"Referer": act.attribution.referrer} if act.attribution.referrer else {}
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as session,
            session.get(address, headers=headers) as page,
        ):
            form = _PageForm()
            form.feed(await page.text())
        await asyncio.sleep(self.patience)
        values = {**form.hidden, **_answers(act)}
        for name, value in form.boxes.items():
            values.setdefault(name, value)
        return await self._browser_form(urljoin(self.page_url, form.action), values, act, self.page_url)

    async def _browser_form(self, url: str, values: Mapping[str, str], act: Act, page: str) -> Delivered:
        """A form that the browser posts by itself, without any script."""
        if _file_of(act):
            body, kind = multipart(values, act)
        else:
            body, kind = urlencode(values).encode(), "application/x-www-form-urlencoded"
        headers = {
            "Content-Type": kind,
            "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
            "Origin": origin_of(page),
            "Referer": page,
        }
        return await self._post(_Request(url=url, body=body, headers=headers))

    async def _post(self, request: _Request) -> Delivered:
        self._last = request
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as session,
            session.post(
                request.url, data=request.body, headers=request.headers, allow_redirects=False
            ) as answer,
        ):
            text = await answer.text()
            return Delivered(status=answer.status, body=text, event=_id_in(text))

    async def _home(self, _: web.Request) -> web.Response:
        """The site's page: the script with its link, and a plain form."""
        slug = self.page_url.rpartition("/")[2]
        text = (
            '<!doctype html><html lang="ru"><meta charset="utf-8"><title>Мебель на заказ</title>'
            "<h1>Мебель на заказ</h1>"
            f'<p><a data-inbox-form="{escape(slug)}" href="{escape(self.page_url)}">Оставить заявку</a></p>'
            f'<script async src="{escape(self.page_url)}.js"></script>'
            f'<form method="post" action="{escape(self.hook_url)}"><input name="phone" aria-label="Телефон">'
            "<button>Перезвоните мне</button></form></html>"
        )
        return web.Response(text=text, content_type="text/html")


class _PageForm(HTMLParser):
    """What a page's form carries: its address, its hidden values, its boxes to tick."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.hidden: dict[str, str] = {}
        self.boxes: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        match tag, told.get("type"):
            case "form", _:
                self.action = told.get("action", "")
            case "input", "hidden":
                self.hidden[told["name"]] = told.get("value", "")
            case "input", "checkbox" if "required" in told:
                self.boxes[told["name"]] = told.get("value", "on")


def _file_of(act: Act) -> bytes:
    """What the visitor picks when they were not told what."""
    return act.file or {"photo": PICTURE, "file": b"%PDF-1.4\n%%EOF\n"}.get(act.doing, b"")


def _answers(act: Act) -> dict[str, str]:
    client = act.client
    known = {"name": client.name, "phone": client.phone, "email": client.email, "message": act.text}
    return {name: value for name, value in {**known, "consent": "yes", **act.fields}.items() if value}


def _touches(attribution: Attribution, site: str) -> dict[str, dict[str, Any]]:
    """First and last touch as the script keeps them."""
    last = {
        "ts": int(time.time() * 1000),
        "page": attribution.page or f"{site}/",
        "referrer": attribution.referrer,
        **attribution.utm,
        **attribution.client_ids,
    }
    return {"first": last, "last": last}


def multipart(values: Mapping[str, str], act: Act) -> tuple[bytes, str]:
    """A body with a file, byte for byte as browsers write it, and its type."""
    boundary = f"----WebKitFormBoundary{uuid.uuid4().hex[:16]}"
    pieces = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in values.items()
    ]
    name = act.file_name or ("photo.png" if act.doing == "photo" else "file.pdf")
    mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: {mime}\r\n\r\n"
    )
    pieces += [head.encode(), _file_of(act), f"\r\n--{boundary}--\r\n".encode()]
    return b"".join(pieces), f"multipart/form-data; boundary={boundary}"


def origin_of(address: str) -> str:
    """scheme://host:port of an address."""
    return "/".join(address.split("/")[:3])


def _id_in(text: str) -> str:
    try:
        return str(orjson.loads(text).get("id", ""))
    except (orjson.JSONDecodeError, AttributeError):
        return ""


FAKE = Site
