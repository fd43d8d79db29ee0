"""Is every screen in each of its states sound, in both themes, on a wide screen and in a hand? With INBOX_TEST_SCREENSHOTS each
is kept as a picture to be looked at."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.browser.house import House, as_person, open_dialog
from tests.rig.browser import DESKTOP, PHONE, Screen, Theme, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.full, pytest.mark.timeout(900)]

LOOKS = [(theme, screen) for theme in ("light", "dark") for screen in (DESKTOP, PHONE)]
State = Callable[[Page, House], Awaitable[Any]]


def at(path: str, ready: str = "h1, [role=option]") -> State:
    """A page as it opens."""

    async def there(page: Page, _: House) -> None:
        await page.goto(path)
        await page.locator(ready).first.wait_for()

    return there


def dialog(name: str, channel: str) -> State:
    async def there(page: Page, _: House) -> None:
        await open_dialog(page, name, channel)
        await page.locator("[role=log][aria-busy=false]").wait_for()

    return there


async def note(page: Page, demo: House) -> None:
    await open_dialog(page, "Мария Котова", "Telegram")
    await page.keyboard.press("Alt+u")
    await expect(page.get_by_role("listbox", name="Кого упомянуть")).to_be_visible()


async def palette(page: Page, _: House) -> None:
    await page.goto("/inbox")
    await page.get_by_role("option").first.wait_for()
    await page.keyboard.press("Control+k")
    await page.get_by_role("dialog").wait_for()


async def helped(page: Page, _: House) -> None:
    await page.goto("/inbox")
    await page.get_by_role("option").first.wait_for()
    await page.keyboard.press("F1")
    await page.get_by_role("dialog").wait_for()


async def found(page: Page, _: House) -> None:
    await page.goto("/search?q=шкаф")
    await page.get_by_role("main").get_by_role("link").first.wait_for()


async def contact(page: Page, demo: House) -> None:
    rows = (await demo.ask("GET", "/contacts?words=Мария%20Котова"))["items"]
    await page.goto(f"/contacts/{rows[0]['id']}")
    await page.get_by_role("log").get_by_role("article").first.wait_for()


async def deal(page: Page, demo: House) -> None:
    rows = (await demo.ask("GET", "/conversations?view=all&order=newest"))["rows"]
    wanted = next(row["deal"]["id"] for row in rows if row["deal"] and row["deal"]["stage_kind"] == "open")
    await page.goto(f"/deals/{wanted}")
    await page.get_by_role("tablist").wait_for()


async def person(page: Page, demo: House) -> None:
    people = (await demo.ask("GET", "/members"))["items"]
    await page.goto(f"/team/p/{people[1]['id']}")
    await page.locator("h1").wait_for()


def broken(path: str, api: str) -> State:
    """What the page needs is refused."""

    async def there(page: Page, _: House) -> None:
        async def refuse(route: Route) -> None:
            await route.fulfill(status=503, json={"code": "busy", "message": "", "params": {}})

        await page.route(api, refuse)
        await page.goto(path)
        await page.get_by_role("button", name="Повторить").first.wait_for()
        await page.unroute(api)

    return there


STATES: dict[str, State] = {
    "inbox": at("/inbox", "[role=option]"), "inbox-all": at("/inbox?view=all&order=newest", "[role=option]"),
    "inbox-nothing": at("/inbox?view=all&q=нетникого", "main, [role=region]"), "dialog": dialog("Мария Котова", "Telegram"),
    "dialog-closed": dialog("Вадим Осипов", "Telegram"), "note": note, "palette": palette, "help": helped, "mine": at("/mine"),
    "deals": at("/deals", "article"), "deal": deal, "contacts": at("/contacts", "main a, main button"), "contact": contact,
    "search": found, "team": at("/team", "table, h1"), "schedule": at("/team/schedule"), "person": person,
    "routing": at("/routing"), "queues": at("/routing/queues"), "company": at("/company"), "profile": at("/profile"),
    "notices": at("/notices"), "canned": at("/canned"), "doubts": at("/contacts/doubts"), "sources": at("/sources"),
    "calls": at("/reports/calls"), "lost": at("/no/such/page"), "start": at("/start"),
    "broken-contacts": broken("/contacts", "**/api/v1/contacts?*"), "broken-deals": broken("/deals", "**/api/v1/pipelines"),
    "broken-search": broken("/search?q=шкаф", "**/api/v1/search*"),
}  # fmt: skip


@pytest.mark.parametrize(("theme", "screen"), LOOKS, ids=lambda one: getattr(one, "width", one))
async def test_every_screen_is_sound_in_every_state(
    demo: House, chromium_browser: Browser, theme: Theme, screen: Screen
) -> None:
    unsound: list[str] = []
    link = await demo.link_of("Анна")
    async with as_person(chromium_browser, demo, link, theme=theme, screen=screen) as anna:
        anna.forgive("503|404")
        for name, bring in STATES.items():
            try:
                await bring(anna.page, demo)
                await _settle(anna)
                await anna.shot(f"{name}-{theme}-{screen.width}")
                await anna.check(locale="ru", leave_out="iframe")
            except Exception as error:
                unsound.append(f"{name}: {error}")
    assert not unsound, "\n".join(unsound)


async def _settle(visitor: Visitor) -> None:
    await expect(visitor.page.locator(".skeleton:visible")).to_have_count(0)
    await visitor.page.evaluate("document.fonts.ready")


EMPTY = (
    "/inbox",
    "/mine",
    "/deals",
    "/contacts",
    "/notices",
    "/canned",
    "/sources",
    "/search",
    "/contacts/doubts",
)


@pytest.mark.parametrize(("theme", "screen"), LOOKS, ids=lambda one: getattr(one, "width", one))
async def test_an_installation_without_a_word_says_what_will_be_here(
    shop: House, chromium_browser: Browser, theme: Theme, screen: Screen
) -> None:
    unsound: list[str] = []
    link = await shop.link_of("Анна")
    async with as_person(chromium_browser, shop, link, theme=theme, screen=screen) as anna:
        for path in EMPTY:
            try:
                await anna.go(path)
                await anna.page.locator("h1, h2").first.wait_for()
                await _settle(anna)
                await anna.shot(f"empty{re.sub('/', '-', path)}-{theme}-{screen.width}")
                await anna.check(locale="ru")
            except Exception as error:
                unsound.append(f"{path}: {error}")
    assert not unsound, "\n".join(unsound)
