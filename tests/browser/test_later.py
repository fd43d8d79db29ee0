"""Can an answer be written for later, and is it seen, changed and taken back by whoever may?"""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.house import House, as_person, open_dialog
from tests.rig.browser import PHONE

pytestmark = pytest.mark.browser
WHO = "Игорь Лапин"


async def plan(page: Page, words: str) -> None:
    """Write words and open the choice of moments by the key."""
    await page.get_by_label(f"Текст ответа: {WHO}").fill(words)
    await page.keyboard.press("Alt+s")
    await expect(page.get_by_role("dialog", name="Отправить позже")).to_be_visible()


@pytest.mark.full
async def test_an_answer_for_later_waits_where_everybody_sees_it(
    demo: House, chromium_browser: Browser
) -> None:
    async with (
        as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira,
        as_person(chromium_browser, demo, await demo.link_of("Ольга"), screen=PHONE, theme="dark") as olga,
    ):
        page = ira.page
        await demo.play("messenger1", "igor", text="Когда привезёте?")
        await open_dialog(page, WHO, "Telegram")
        await plan(page, "Игорь, привезём в субботу")
        await ira.check(locale="ru")
        await ira.shot("later-dialog-light-1440")
        await page.get_by_role("button", name=re.compile("Через час")).click()
        await expect(page.get_by_label(f"Текст ответа: {WHO}")).to_have_value("")
        kept = page.get_by_role("region", name="Ответы, которые уйдут позже").get_by_role("listitem")
        await expect(kept).to_contain_text("Игорь, привезём в субботу")
        await expect(page.get_by_role("log")).not_to_contain_text("Игорь, привезём в субботу")
        await ira.shot("later-list-light-1440")
        await page.reload()
        await kept.get_by_role("button", name="Изменить").click()
        await page.get_by_label("Текст ответа", exact=True).fill("Игорь, привезём в воскресенье")
        await page.get_by_role("button", name=re.compile("Ждать до")).first.click()
        await expect(kept).to_contain_text("Уйдёт, когда клиент напишет")
        await kept.get_by_role("button", name="Не отправлять").click()
        await expect(kept).to_have_count(0)
        await page.get_by_role("button", name="Отменить", exact=True).click()
        await expect(kept).to_contain_text("Игорь, привезём в воскресенье")
        await open_dialog(olga.page, WHO, "Telegram")
        seen = olga.page.get_by_role("region", name="Ответы, которые уйдут позже").get_by_role("listitem")
        await expect(seen).to_contain_text("Ира Ким")
        await expect(seen.get_by_role("button", name="Отправить сейчас")).to_have_count(0)
        await olga.check(locale="ru")
        await olga.shot("later-list-dark-390")
        await demo.play("messenger1", "igor", text="Алло?")
        log = page.get_by_role("log")
        await expect(log.get_by_role("article").filter(has_text="в воскресенье")).to_contain_text(
            "отправлено", timeout=30_000
        )
        await expect(seen).to_have_count(0)
        await expect(kept).to_have_count(0)


async def test_past_a_closed_window_words_wait_for_the_client(demo: House, chromium_browser: Browser) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        await open_dialog(page, "Вадим Осипов", "Telegram")
        await page.get_by_role("button", name="Отправить, когда напишет").click()
        dialog = page.get_by_role("dialog", name="Отправить позже")
        await expect(dialog.get_by_role("button", name="Через час")).to_have_count(0)
        await dialog.get_by_label("Текст ответа").fill("Вадим, мы ждём вас")
        await ira.check(locale="ru")
        await ira.shot("later-closed-light-1440")
        await dialog.get_by_role("button", name=re.compile("Ждать до")).first.click()
        kept = page.get_by_role("region", name="Ответы, которые уйдут позже").get_by_role("listitem")
        await expect(kept).to_contain_text("Вадим, мы ждём вас")
        await kept.get_by_role("button", name="Не отправлять").click()
        await expect(kept).to_have_count(0)
