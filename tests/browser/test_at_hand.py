"""Do the things that save an operator's hands work: ready answers, kept lists, several dialogs at once?"""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.browser.house import House, as_person, open_dialog
from tests.rig.browser import PHONE

pytestmark = pytest.mark.browser


async def test_a_ready_answer_is_written_chosen_and_filled(demo: House, chromium_browser: Browser) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        ira.forgive("422")  # the refused code
        await page.goto("/canned")
        await expect(page.get_by_text("Готовых ответов ещё нет")).to_be_visible()
        await page.get_by_role("button", name="Новый ответ").click()
        await page.get_by_label("Код").fill("два слова")
        await page.get_by_label("Текст").fill("{{имя}}, доставка стоит {{сумма}} и займёт {{срок}}.")
        await page.get_by_role("button", name="Сохранить").click()
        await expect(page.get_by_text("Код — одно слово")).to_be_visible()
        await page.get_by_label("Код").fill("/доставка")
        await page.get_by_role("button", name="Сохранить").click()
        await expect(page.get_by_role("heading", name="/доставка")).to_be_visible()
        await ira.check(locale="ru")
        await ira.shot("canned page")

        await open_dialog(page, "Елена Савина", "ВКонтакте")
        field = page.get_by_label("Текст ответа: Елена Савина")
        await field.click()
        await page.keyboard.type("/lj")  # «до» typed in the other layout
        await expect(page.get_by_role("option", name="/доставка")).to_be_visible()
        await ira.shot("canned picker")
        await ira.check(locale="ru")
        await page.keyboard.press("Enter")
        await expect(field).to_have_value("Елена, доставка стоит {{сумма}} и займёт {{срок}}.")
        await page.keyboard.type("500 ₽")  # the first place to fill was selected
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Заполните «срок»")).to_be_visible()
        await page.keyboard.type("два дня")
        await expect(field).to_have_value("Елена, доставка стоит 500 ₽ и займёт два дня.")
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Отменить", exact=True).click()
        await expect(field).to_have_value("Елена, доставка стоит 500 ₽ и займёт два дня.")
        await field.fill("")

        await field.fill("")
        await page.keyboard.type("/нетакого и дальше")
        await expect(page.get_by_role("listbox", name="Готовые ответы")).to_have_count(0)
        await expect(field).to_have_value("/нетакого и дальше")
        await field.fill("")


async def test_a_list_is_kept_and_several_dialogs_are_put_off_and_taken_back(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        await page.goto("/inbox?view=all&order=newest")
        filters = page.get_by_role("group", name="Фильтр")
        await filters.get_by_role("button").last.click()
        await page.get_by_role("menuitem", name="Сохранить этот список…").click()
        await page.get_by_label("Название списка").fill("Все свежие")
        await page.get_by_role("button", name="Сохранить").click()
        await expect(filters.get_by_role("button", name="Все свежие")).to_be_visible()
        await page.goto("/inbox")
        await filters.get_by_role("button").last.click()
        await page.get_by_role("menuitem", name="Все свежие").click()
        await expect(page).to_have_url(re.compile("view=all.*order=newest"))

        rows = page.get_by_role("listbox", name="Диалоги").get_by_role("option")
        await page.get_by_role("button", name=re.compile("Порядок")).click()
        await page.get_by_role("menuitem", name="Выбрать несколько").click()
        await rows.nth(1).click()
        await rows.nth(3).click(modifiers=["Shift"])
        bar = page.get_by_role("toolbar", name="Действия с выбранными")
        await expect(bar).to_contain_text("Выбрано 3 диалога")
        await ira.shot("bulk")
        await ira.check(locale="ru")
        await bar.get_by_role("button", name="Ещё действия").click()
        await page.get_by_role("menuitem", name="До завтра, 10:00").click()
        queue = page.get_by_role("region", name="Очередь диалогов")
        await expect(queue.get_by_text("Сделано: 3 диалога")).to_be_visible()
        snoozed = await demo.ask("GET", "/conversations?view=snoozed&order=newest")
        assert len(snoozed["rows"]) >= 3
        await page.get_by_role("button", name="Отменить", exact=True).click()
        await expect(queue.get_by_text("Действие отменено")).to_be_visible()
        again = await demo.ask("GET", "/conversations?view=snoozed&order=newest")
        assert len(again["rows"]) == len(snoozed["rows"]) - 3


@pytest.mark.full
async def test_several_dialogs_are_chosen_by_touch(demo: House, chromium_browser: Browser) -> None:
    link = await demo.link_of("Ира")
    async with as_person(chromium_browser, demo, link, screen=PHONE, theme="dark") as ira:
        page = ira.page
        await page.goto("/inbox?view=all&order=newest")
        await page.get_by_role("button", name=re.compile("Порядок")).click()
        await page.get_by_role("menuitem", name="Выбрать несколько").click()
        rows = page.get_by_role("listbox", name="Диалоги").get_by_role("option")
        await rows.nth(0).tap()
        await rows.nth(2).tap()
        await expect(page.get_by_role("toolbar", name="Действия с выбранными")).to_contain_text("Выбрано 2")
        await expect(page).to_have_url(re.compile("/inbox"))
        await ira.shot("bulk phone")
        await ira.check(locale="ru")
        await page.get_by_role("button", name="Снять выбор").tap()
        await expect(page.get_by_role("toolbar", name="Действия с выбранными")).to_have_count(0)


async def test_a_menu_is_worked_by_keys_alone_and_gives_the_focus_back(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        await page.goto("/inbox")
        opener = page.get_by_role("group", name="Фильтр").get_by_role("button").last
        first = page.get_by_role("menuitem").first
        await opener.focus()
        await page.keyboard.press("Enter")  # perhaps before what draws the menu has come
        await expect(first).to_be_visible()
        await expect(opener).to_have_attribute("aria-expanded", "true")
        await page.keyboard.press("Escape")
        await expect(first).to_have_count(0)
        await expect(opener).to_be_focused()
        await page.keyboard.press("ArrowDown")
        await expect(first).to_be_focused()
        await page.keyboard.press("Escape")
        await opener.click()
        await expect(first).to_be_visible()
        await opener.click()
        await expect(first).to_have_count(0)
        await opener.click()
        await page.get_by_role("main").click(position={"x": 200, "y": 200})
        await expect(first).to_have_count(0)
