"""Is what somebody looks for found, opened where it stands, and left again to where they were?"""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.browser.house import House, as_person, open_dialog
from tests.rig.browser import PHONE

pytestmark = pytest.mark.browser


async def test_a_search_opens_its_hit_and_leads_back_to_where_one_was(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Анна")) as anna:
        page = anna.page
        await open_dialog(page, "Елена Савина", "ВКонтакте")
        before = page.url
        await page.locator("[role=log]").focus()
        await page.keyboard.press("Slash")
        field = page.get_by_role("searchbox", name="Поиск")
        await expect(field).to_be_focused()
        await expect(page.get_by_text("Ищет слова в любой форме")).to_be_visible()
        await anna.check(locale="ru")
        await anna.shot("search empty")
        await field.fill("tktyf")  # «елена» in the other layout
        await expect(page.get_by_role("tab", name="Диалоги")).to_have_attribute("aria-selected", "true")
        await expect(page.get_by_role("link", name="Елена Савина").first).to_be_visible()
        await page.get_by_role("tab", name="Контакты").click()
        await expect(page.get_by_role("link", name="Елена Савина savina@example.ru")).to_be_visible()
        await field.fill("чертежи от:елена")
        await page.get_by_role("tab", name="Сообщения").click()
        hit = page.get_by_role("tabpanel").get_by_role("link").first
        await expect(hit.locator("mark").first).to_be_visible()
        await anna.check(locale="ru")
        await anna.shot("search messages")
        await field.press("ArrowDown")
        await expect(hit).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-item].sought")).to_be_in_viewport()
        await anna.shot("search opened")
        await page.keyboard.press("Escape")
        await expect(hit).to_be_focused()  # the list as it was left
        await page.keyboard.press("Escape")
        await expect(page).to_have_url(before)
        await page.goto("/search?q=до:никогда")
        await expect(page.get_by_text("Не понял: до:никогда")).to_be_visible()
        await page.route("**/api/v1/search?*tab=messages*", lambda route: route.abort())
        anna.forgive("ERR_FAILED")
        await page.get_by_role("searchbox", name="Поиск").fill("елена")
        await page.get_by_role("tab", name="Сообщения").click()
        await expect(page.get_by_role("tabpanel").get_by_role("alert")).to_contain_text(
            "Поиск «Сообщения» не сработал"
        )
        await expect(page.get_by_text("Остальное работает")).to_be_visible()


@pytest.mark.full
async def test_a_search_fits_a_hand_in_the_dark(demo: House, chromium_browser: Browser) -> None:
    link = await demo.link_of("Анна")
    async with as_person(chromium_browser, demo, link, screen=PHONE, theme="dark") as anna:
        page = anna.page
        await page.get_by_role("navigation", name="Разделы").get_by_role("button", name="Ещё").click()
        await page.get_by_role("menuitem", name="Поиск").click()
        await page.get_by_role("searchbox", name="Поиск").fill("чертежи")
        await page.get_by_role("tab", name="Сообщения").click()
        await expect(page.locator("mark").first).to_be_visible()
        await anna.check(locale="ru")
        await anna.shot("search phone")
