"""Is anything on the screens of the main walk dead: a button or a link that does nothing?"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, ElementHandle, Error, Page, Request

from tests.browser import house as houses
from tests.browser.house import House, as_person
from tests.rig.browser import DESKTOP, PHONE, Screen, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.full]
FIND = Path(__file__).with_name("press.js").read_text("utf-8")
ENDS = re.compile(r"Убрать демо-данные|Выйти|Удалить|К содержанию|Скачать")
"""What would end the walk, leave the page or only move the focus."""
PATIENCE = 2.5
"""Seconds that a press may take to show."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something to press: its name, and which of that name."""

    name: str
    place: int


@pytest.fixture(scope="module")
async def crowded() -> AsyncIterator[House]:
    """A demonstration of its own: every button is pressed, so nothing stays as it was."""
    async with houses.run("demo") as made, houses.unlock(made):
        await houses.look_around(made)
        yield made


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["wide", "phone"])
async def test_every_button_and_link_of_the_main_screens_does_something(
    crowded: House, chromium_browser: Browser, screen: Screen
) -> None:
    link = await crowded.link_of("Анна")
    dead: list[str] = []
    async with as_person(chromium_browser, crowded, link, screen=screen) as anna:
        anna.forgive("4[0-9][0-9]")  # many a press here is refused, and says so
        for path in await _pages(crowded):
            dead += await _dead_on(anna, path)
    assert dead == []


async def _pages(house: House) -> list[str]:
    rows = (await house.ask("GET", "/conversations?view=all&order=newest&limit=100"))["rows"]
    of_each = {row["source"]["channel"]: row["id"] for row in rows}
    sources = house.sources.values()
    return [
        "/inbox", *(f"/inbox/d/{ref}" for ref in of_each.values()), "/sources", "/sources/new",
        *(f"/sources/{ref}" for ref in sources), "/demo/client", "/profile",
    ]  # fmt: skip


async def _dead_on(who: Visitor, path: str) -> list[str]:
    await _open(who, path)
    dead = []
    for thing in await _things(who.page):
        if ENDS.search(thing.name):
            continue
        if not await _lives(who, path, thing):
            dead.append(f"{path}: {thing.name}")
    return dead


async def _open(who: Visitor, path: str) -> None:
    await who.go(path)
    await who.page.wait_for_load_state("networkidle")


async def _things(page: Page) -> Sequence[Thing]:
    names: list[str] = await page.evaluate(f"() => {{ {FIND}; return names(); }}")
    return [Thing(name, names[:place].count(name)) for place, name in enumerate(names)]


async def _lives(who: Visitor, path: str, thing: Thing) -> bool:
    """Whether pressing it, on the page as it is when just opened, shows, asks or opens anything."""
    page = who.page
    await _open(who, path)
    handle = await page.evaluate_handle(
        f"([wanted, place]) => {{ {FIND}; return nth(wanted, place); }}", [thing.name, thing.place]
    )
    element = handle.as_element()
    return element is None or await _answers(page, element)  # what is gone meanwhile was alive


async def _answers(page: Page, element: ElementHandle) -> bool:
    happened = asyncio.Event()

    def note(_: object) -> None:
        happened.set()

    def asked(request: Request) -> None:
        if request.method != "GET":
            happened.set()

    page.on("filechooser", note)
    page.on("popup", note)
    page.on("request", asked)
    before = await _seen(page)
    try:
        await element.click(timeout=4000)
        for _ in range(int(PATIENCE / 0.1)):
            if happened.is_set() or await _seen(page) != before:
                return True
            await asyncio.sleep(0.1)
        return False
    except Error:  # covered by something; or gone, as an offer is whose time is over
        return not await _is_there(element)
    finally:
        page.remove_listener("filechooser", note)
        page.remove_listener("popup", note)
        page.remove_listener("request", asked)


async def _is_there(element: ElementHandle) -> bool:
    try:
        return bool(await element.evaluate("one => one.isConnected"))
    except Error:  # with its page
        return False


async def _seen(page: Page) -> str:
    """The page as a screen reader tells it, without what counts by itself."""
    return page.url + re.sub(r"\d+", "#", await page.locator("body").aria_snapshot())
