"""Whose console do the journeys visit? A gateway in a process of its own, with its clients, colleagues and keys."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.async_api import APIRequestContext, Browser, Page, async_playwright, expect

from gateway.demo.stage import places
from tests.rig.browser import DESKTOP, Locale, Screen, Theme, Visitor, visit
from tests.rig.mail import MailHost
from tests.rig.process import Child, folder, free_port

ROOT = Path(__file__).parents[2]
HEADERS = {"X-Inbox": "1", "Content-Type": "application/json"}
LINK = re.compile(r"http://127\.0\.0\.1:\d+/enter#t=\S+")
PATIENCE = 12_000
"""Milliseconds that a page may take on a busy machine to show what it should."""
SLOW = 90.0
"""Seconds a busy machine may need to tell the demonstration's story."""


@dataclass
class House:
    """One running gateway. `link` is the one-time link it printed, good for one person."""

    address: str
    data: Path
    process: Child
    link: str = ""
    keys: APIRequestContext | None = None
    """The administrator's way in without a page; made by `unlock`."""
    sources: dict[str, str] = field(default_factory=dict)
    """The demonstration's channels and their sources."""

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the API as the administrator; the answer's JSON. Raises AssertionError for a refusal."""
        assert self.keys is not None, "unlock the house first"
        told = await self.keys.fetch(f"/api/v1{path}", method=method, data=body, headers=HEADERS)
        assert told.ok, f"{method} {path}: {told.status} {await told.text()}"
        return await told.json() if told.status != 204 else None

    async def play(self, place: str, client: str, doing: str = "text", **more: Any) -> None:
        """A made-up client does something at a place: messenger1, messenger2, mail, form or phone."""
        act = {"source_id": self.sources[place], "client": client, "doing": doing, **more}
        await self.ask("POST", "/demo/act", act)

    async def spoil(self, place: str, fault: str) -> None:
        """The next send at this place meets a fault."""
        await self.ask("POST", "/demo/fault", {"source_id": self.sources[place], "fault": fault})

    async def link_of(self, name: str) -> str:
        """A new sign-in link for the colleague of this name."""
        people = (await self.ask("GET", "/members"))["items"]
        member = next(one for one in people if one["name"].startswith(name))
        return str((await self.ask("POST", f"/members/{member['id']}/link"))["link"])


@contextlib.asynccontextmanager
async def run(command: str) -> AsyncIterator[House]:
    """A process of `inbox <command>` on an empty folder, until the end."""
    with folder("house", on_disk=True) as place:
        port = free_port()
        work = place / "work"
        work.mkdir()
        env = {**os.environ, "PYTHONPATH": str(ROOT), "INBOX_DATA_DIR": str(place / "data")}
        env |= {"INBOX_PORT": str(port), "INBOX_HOST": "127.0.0.1", "INBOX_ENV_FILE": str(place / "none")}
        child = Child([sys.executable, "-m", "gateway", command], cwd=work, ports=[port], env=env)
        await asyncio.to_thread(child.start, SLOW)
        try:
            house = House(f"http://127.0.0.1:{port}", place / "data", child)
            house.link = await _printed_link(child)
            yield house
        finally:
            await asyncio.to_thread(child.stop)


async def _printed_link(child: Child) -> str:
    """What the program prints last when it is ready: the one-time link."""
    for _ in range(int(SLOW / 0.1)):
        if found := LINK.search(child.said()):
            return found[0]
        await asyncio.sleep(0.1)
    raise AssertionError(f"no link was printed:\n{child.said()[-2000:]}")


@contextlib.asynccontextmanager
async def unlock(house: House) -> AsyncIterator[House]:
    """Take the administrator's keys by the printed link."""
    async with async_playwright() as playwright:
        keys = await playwright.request.new_context(base_url=house.address)
        token = house.link.partition("#t=")[2]
        house.keys = keys
        await house.ask("POST", "/enter", {"token": token})
        yield house
        await keys.dispose()


async def look_around(house: House) -> None:
    """Learn which source of the demonstration stands at which place."""
    demo = await house.ask("GET", "/demo")
    known = {phone["source"]["channel"]: phone["source"]["id"] for phone in demo["phones"]}
    house.sources = {place: known[name] for place, name in places().items()}


@contextlib.asynccontextmanager
async def as_person(
    browser: Browser,
    house: House,
    link: str,
    *,
    screen: Screen = DESKTOP,
    theme: Theme = "light",
    locale: Locale = "ru",
) -> AsyncIterator[Visitor]:
    """Somebody who came in by a link, at their first page."""
    async with visit(browser, house.address, screen=screen, theme=theme, locale=locale) as person:
        person.page.set_default_timeout(PATIENCE)
        await person.page.goto(link)
        await person.page.wait_for_url(re.compile(r"/(inbox|mine|sources|setup|profile)"))
        yield person


async def open_dialog(page: Page, name: str, channel: str) -> None:
    """Look a client up and choose their conversation on a channel."""
    await page.goto(f"/inbox?view=all&q={quote(name)}")
    await page.get_by_role("option", name=f"{name}, {channel}").first.click()
    await expect(page.get_by_role("heading", name=f"{name} · {channel}")).to_be_visible()


async def form_of(shop: House, name: str, origin: str = "", **more: Any) -> dict[str, Any]:
    """A form in service."""
    settings = {"allowed_origins": origin, "without_consent": "yes", **more}
    made = await shop.ask(
        "POST", "/sources", {"channel": places()["form"], "name": name, "settings": settings}
    )
    connected: dict[str, Any] = await shop.ask("POST", f"/sources/{made['id']}/connect")
    assert connected["state"] == "active", connected["health"]
    return connected


async def lead_of(shop: House, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The conversation of this client and the form's message in it, as soon as they are there."""
    row = await row_of(shop, lambda one: bool(one["contact"]["name"] == name))
    said = (await shop.ask("GET", f"/conversations/{row['id']}/messages"))["items"]
    return row, next(one for one in said if one["kind"] == "form")


async def row_of(shop: House, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The newest row of the queue that is wanted, as soon as it is there."""
    rows: list[dict[str, Any]] = []
    for _ in range(400):
        rows = (await shop.ask("GET", "/conversations?view=all&order=newest"))["rows"]
        found = next(filter(wanted, rows), None)
        if found is not None:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(
        f"no such conversation among {[(one['contact']['name'], one['last']) for one in rows]}"
    )


async def left(demo: House, conversation: str, words: str) -> None:
    """The answer left for the network, once."""
    states: list[str] = []
    for _ in range(300):
        items = (await demo.ask("GET", f"/conversations/{conversation}/messages"))["items"]
        states = [one["state"] for one in items if one["text"] == words]
        if len(states) == 1 and states[0] in ("sent", "delivered", "read"):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{words!r} stands as {states}")


def mailbox(host: MailHost, address: str) -> dict[str, str]:
    """The settings of a mailbox at a server of our own."""
    return {
        "preset": "own", "address": host.welcome(address), "name": "Мебель", "password": host.password, "imap_host": "127.0.0.1",
        "imap_port": str(host.ports.imap), "imap_security": "plain", "smtp_host": "127.0.0.1",
        "smtp_port": str(host.ports.submissions), "smtp_security": "tls",
        "certificate": host.certificate.authority.read_text("ascii"),
    }  # fmt: skip
