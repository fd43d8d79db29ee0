"""Can pictures be looked at closely, and can one choose how one is told of things?"""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.browser.house import House, as_person, open_dialog
from tests.rig.browser import PHONE

pytestmark = pytest.mark.browser
LAST = re.compile(r"^(\d+) из \1$")
HEARD = """() => {
  window.__shown = [];
  window.Notification = class {
    static permission = "granted";
    constructor(title, more) { window.__shown.push([title, more.body, more.tag]); }
    close() {}
  };
}"""
"""Headless browsers show no notices of the system."""


async def test_a_picture_is_looked_at_large_from_one_to_the_next(
    demo: House, chromium_browser: Browser
) -> None:
    await demo.play("messenger1", "maria", "photo")
    await demo.play("messenger1", "maria", "photo")
    async with as_person(chromium_browser, demo, await demo.link_of("Анна")) as anna:
        page = anna.page
        await open_dialog(page, "Мария Котова", "Telegram")
        pictures = page.locator("[role=log] a.picture.photo img")
        await expect(pictures).not_to_have_count(0)
        await expect(page.locator("[role=log] a.picture.photo").nth(2)).to_be_visible()
        await pictures.last.click()
        viewer = page.get_by_role("dialog")
        place = viewer.locator("[aria-live=polite]")
        await expect(place).to_have_text(LAST)
        await page.keyboard.press("ArrowLeft")
        await expect(place).not_to_have_text(LAST)
        await page.keyboard.press("Equal")
        await expect(viewer.get_by_role("button", name="Показать целиком")).to_have_text("125 %")
        await page.mouse.wheel(0, -240)
        await expect(viewer.get_by_role("button", name="Показать целиком")).not_to_have_text("125 %")
        await anna.check(locale="ru")
        await anna.shot("picture")
        await expect(viewer.get_by_role("link", name="Скачать")).to_have_attribute(
            "href", re.compile("/api/v1/attachments/")
        )
        await page.keyboard.press("Escape")
        await expect(viewer).to_have_count(0)


@pytest.mark.full
async def test_one_chooses_how_one_is_told_and_is_told_so(demo: House, chromium_browser: Browser) -> None:
    link = await demo.link_of("Анна")
    async with as_person(chromium_browser, demo, link, screen=PHONE, theme="dark") as anna:
        page = anna.page
        more = page.get_by_role("navigation", name="Разделы").get_by_role("button", name="Ещё")
        await expect(more.locator(".count")).to_be_visible()  # the bell, though it stands one step away
        await page.add_init_script(f"({HEARD})()")
        await page.goto("/profile#notify")
        table = page.get_by_role("table")
        tick = table.get_by_role("checkbox", name="Меня упомянули: Браузер")
        await expect(tick).not_to_be_checked()
        await tick.check()
        await page.get_by_label("Тихие часы").check()
        await expect(page.get_by_label("с", exact=True)).to_have_value("22:00")
        await anna.check(locale="ru")
        await anna.shot("notify phone")
        await page.get_by_label("Тихие часы").uncheck()
        await page.reload()
        await expect(tick).to_be_checked()
        await page.get_by_role("button", name="Проверить звук и уведомление").click()
        await page.wait_for_function("window.__shown.length === 1")
        assert await page.evaluate("window.__shown[0][0]") == "Так выглядит уведомление"
