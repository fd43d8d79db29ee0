"""What does a person see, and is every page they see sound?

A Visitor is one person at one browser. Whatever goes wrong on their pages by itself is remembered and fails the test at
its end: errors in the console, unhandled rejections, requests to other hosts. `check` looks at the page as it stands.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    WebSocket,
    async_playwright,
)

from tests.rig import chromium

Theme: TypeAlias = Literal["light", "dark"]
Locale: TypeAlias = Literal["ru", "en"]
LOOK = Path(__file__).with_name("look.js").read_text("utf-8")
SHOTS = "INBOX_TEST_SCREENSHOTS"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SMALLEST = 24
"""Pixels; WCAG 2.2, 2.5.8."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Screen:
    """How large the window is, and whether fingers touch it."""

    width: int
    height: int
    touch: bool = False


DESKTOP = Screen(width=1440, height=900)
LAPTOP = Screen(width=1280, height=800)
TABLET = Screen(width=1024, height=768)
PHONE = Screen(width=390, height=844, touch=True)
SMALL = Screen(width=320, height=640, touch=True)
SCREENS = (DESKTOP, LAPTOP, TABLET, PHONE, SMALL)


@contextlib.asynccontextmanager
async def launch() -> AsyncIterator[Browser]:
    """A running Chromium, the system's or one from a package. Raises ServerFailed."""
    found = await asyncio.to_thread(chromium.find)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(found.program),
            args=list(chromium.FLAGS),
            env={**os.environ, **found.environment},
        )
        try:
            yield browser
        finally:
            await browser.close()


@contextlib.asynccontextmanager
async def visit(
    browser: Browser,
    home: str,
    *,
    screen: Screen = DESKTOP,
    theme: Theme = "light",
    locale: Locale = "ru",
    still: bool = True,
    keeps: bool = False,
) -> AsyncIterator[Visitor]:
    """A person who comes to the site at `home` with an empty browser; `still`: they want no motion; `keeps`: the browser
    keeps the console for when there is no network.

    Leaving raises AssertionError if anything went wrong on a page that nobody forgave.
    """
    context = await browser.new_context(
        base_url=home,
        viewport={"width": screen.width, "height": screen.height},
        has_touch=screen.touch,
        is_mobile=screen.touch,
        color_scheme=theme,
        reduced_motion="reduce" if still else "no-preference",
        locale={"ru": "ru-RU", "en": "en-GB"}[locale],
        timezone_id="Europe/Moscow",
        service_workers="allow" if keeps else "block",
    )
    try:
        visitor = Visitor(context, await context.new_page(), home)
        yield visitor
        visitor.complain()
    finally:
        await context.close()


class Visitor:
    """One person. `page` is where they are; more pages may be opened in `context`."""

    def __init__(self, context: BrowserContext, page: Page, home: str) -> None:
        self.context = context
        self.page = page
        self.wrong: list[str] = []
        self._home = urlsplit(home).netloc
        self._forgiven: list[re.Pattern[str]] = []
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.wrong.append(f"uncaught: {error.error}"))
        context.on("request", lambda request: self._asked(request))
        page.on("websocket", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.wrong.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _asked(self, request: Request | WebSocket) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob", "about") and address.netloc != self._home:
            self.wrong.append(f"foreign: {request.url}")

    def forgive(self, pattern: str) -> None:
        """What matches is meant to go wrong in this journey: a refused password logs "401" in the console."""
        self._forgiven.append(re.compile(pattern))

    def complain(self) -> None:
        """Raise AssertionError if anything went wrong that was not forgiven."""
        left = [wrong for wrong in self.wrong if not any(each.search(wrong) for each in self._forgiven)]
        if left:
            raise AssertionError("on the pages of this visit:\n  " + "\n  ".join(left))

    async def go(self, path: str) -> None:
        """Open a page and wait until it has nothing more to load."""
        await self.page.goto(path)
        await self.page.wait_for_load_state("load")

    async def check(
        self,
        page: Page | None = None,
        *,
        locale: Locale | None = None,
        smallest: int = SMALLEST,
        leave_out: str = "",
    ) -> None:
        """Raise AssertionError with all that is unsound about the page as it stands.

        locale: what the page's language must be; smallest: size of a target in pixels; leave_out: a selector of what
        is not ours (a letter's own markup in its frame).
        """
        page = page or self.page
        asked = {"smallest": smallest, "leaveOut": leave_out or ":not(*)", "locale": locale or ""}
        unsound: list[str] = await page.evaluate(LOOK, asked)
        unsound += await axe_violations(page, leave_out)
        if unsound:
            raise AssertionError(f"{page.url} is unsound:\n  " + "\n  ".join(unsound))
        self.complain()

    async def tab_through(self, limit: int = 80) -> list[str]:
        """Press Tab until the focus comes round; the names of all stops. Raises AssertionError for an invisible one."""
        stops: list[str] = []
        await self.page.evaluate("window.__stops = new Set()")
        for _ in range(limit):
            await self.page.keyboard.press("Tab")
            stop: dict[str, Any] | None = await self.page.evaluate(STOP)
            if stop is None or stop["again"]:
                break
            assert stop["seen"], f"the focus on {stop['name']!r} cannot be seen on {self.page.url}"
            stops.append(stop["name"])
        return stops

    async def press_russian(self, letter: str, code: str) -> None:
        """Press a key of a keyboard in the Russian layout: the page gets the letter and the physical key."""
        session = await self.context.new_cdp_session(self.page)
        number = ord(code.removeprefix("Key")) if code.startswith("Key") else 0
        key = {"key": letter, "code": code, "windowsVirtualKeyCode": number}
        await session.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": letter, **key})
        await session.send("Input.dispatchKeyEvent", {"type": "keyUp", **key})
        await session.detach()

    async def shot(self, name: str) -> None:
        """Take a picture into the folder that INBOX_TEST_SCREENSHOTS names, if any."""
        if wanted := os.environ.get(SHOTS):
            await self.page.screenshot(path=Path(wanted) / f"{name}.png")


STOP = """() => {
  const stop = document.activeElement;
  if (!stop || stop === document.body) return null;
  const again = window.__stops.has(stop);
  window.__stops.add(stop);
  const style = getComputedStyle(stop);
  const marked = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none";
  const box = stop.getBoundingClientRect();
  const name = stop.ariaLabel || stop.innerText?.trim().slice(0, 40) || stop.name || stop.tagName;
  return { again, name, seen: marked && box.width > 0 && box.bottom > 0 && box.top < innerHeight };
}"""


async def axe_violations(page: Page, leave_out: str = "") -> list[str]:
    """What axe finds against WCAG 2.2 AA, one line for each rule."""
    around: Sequence[str] | dict[str, list[str]] | None = {"exclude": [leave_out]} if leave_out else None
    found = await Axe().run(page, context=around, options={"runOnly": RULES})
    return [
        f"axe {rule['id']}: {rule['help']}: " + ", ".join(str(node["target"]) for node in rule["nodes"][:3])
        for rule in found.response["violations"]
    ]
