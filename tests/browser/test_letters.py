"""Does a person answer, copy, forward and begin letters, and read one without being watched?"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.house import House, as_person, open_dialog
from tests.rig.browser import PHONE

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("INBOX_SHOTS", "")


async def shoot(page: Page, name: str) -> None:
    """A picture to look at, where somebody wants to."""
    if SHOTS:
        await page.screenshot(path=str(Path(SHOTS, f"{name}.png")))


async def test_an_answer_is_addressed_before_a_word_is_written(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        await open_dialog(page, "ООО «Ромашка»", "Почта")
        await expect(page.get_by_role("button", name="Изменить получателей и тему")).to_be_visible()
        await shoot(page, "answer-light-1440")
        await page.get_by_role("button", name="Изменить получателей и тему").click()
        await expect(page.get_by_label("Кому", exact=True)).not_to_have_value("")
        await page.get_by_role("button", name="Копии").click()
        await page.get_by_label("Копия", exact=True).fill("Бухгалтер <buh@client.example>")
        await page.get_by_label("Тема", exact=True).fill("Re: Смета и договор")
        await page.get_by_label("Текст ответа: ООО «Ромашка»").fill("Вадим, смету приложу завтра.")
        await shoot(page, "answer-open-light-1440")
        await ira.check(locale="ru")
        await page.get_by_role("button", name="Отправить: Почта, ООО «Ромашка»").click()
        await expect(page.get_by_role("log")).to_contain_text("Re: Смета и договор")
        await expect(page.get_by_role("log").get_by_text("buh@client.example").first).to_be_visible()


async def test_a_new_letter_goes_to_any_address(demo: House, chromium_browser: Browser) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Ира"), theme="dark") as ira:
        page = ira.page
        ira.forgive("422")
        await page.get_by_role("button", name="Написать письмо").click()
        dialog = page.get_by_role("dialog", name="Написать письмо")
        await dialog.get_by_label("Кому", exact=True).fill("не адрес")
        await dialog.get_by_label("Тема", exact=True).fill("Каталог дверей")
        await dialog.get_by_label("Текст письма").fill("Здравствуйте! Высылаем каталог.")
        await dialog.get_by_role("button", name="Отправить", exact=True).click()
        await expect(dialog.get_by_role("alert")).to_contain_text("не почтовый адрес")
        await shoot(page, "new-dark-1440")
        await dialog.get_by_label("Кому", exact=True).fill("Ольга <olga@new.example>")
        await dialog.get_by_role("button", name="Отправить", exact=True).click()
        await expect(page.get_by_role("heading", name="Ольга · Почта")).to_be_visible()
        await expect(page.get_by_role("log")).to_contain_text("Каталог дверей")
        await shoot(page, "new-sent-dark-1440")
        await ira.check(locale="ru")


@pytest.mark.full
async def test_a_letter_is_handed_on_from_a_phone(demo: House, chromium_browser: Browser) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Ира"), screen=PHONE) as ira:
        page = ira.page
        await open_dialog(page, "ООО «Ромашка»", "Почта")
        await page.get_by_role("button", name="Действия с сообщением").last.click()
        await shoot(page, "menu-light-390")
        await page.get_by_role("menuitem", name="Переслать").click()
        await expect(page.get_by_label("Тема", exact=True)).to_have_value(re.compile("^Fwd: "))
        await shoot(page, "forward-light-390")
        await ira.check(locale="ru")
