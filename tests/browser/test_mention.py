"""Is a colleague mentioned by «@» and, where the layout has none, by a key, and do they hear of it?"""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.browser.house import House, as_person, open_dialog

pytestmark = pytest.mark.browser
WHO = "Елена Савина"


async def test_a_colleague_is_mentioned_in_either_layout_and_hears_of_it(
    demo: House, chromium_browser: Browser
) -> None:
    async with (
        as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira,
        as_person(chromium_browser, demo, await demo.link_of("Пётр")) as petr,
    ):
        await petr.page.goto("/notices")
        heard = petr.page.get_by_role("region", name="Уведомления").get_by_role(
            "button", name=re.compile(WHO)
        )
        before = await heard.count()
        page = ira.page
        await open_dialog(page, WHO, "ВКонтакте")
        answer = page.get_by_label(f"Текст ответа: {WHO}")
        await answer.fill("")
        await answer.click()
        await page.keyboard.type("пишите на info@firma.ru @")
        astray = page.get_by_text("Это ответ, его увидит клиент.")
        await expect(astray).to_be_visible()
        await ira.check(locale="ru")
        await page.get_by_role("button", name="Сделать заметкой").click()
        note = page.get_by_label("Текст заметки")
        await expect(note).to_have_value("пишите на info@firma.ru @")
        await expect(astray).to_have_count(0)
        await note.fill("")
        await page.keyboard.press("Alt+u")  # a Cyrillic layout has no «@»
        people = page.get_by_role("listbox", name="Кого упомянуть")
        await expect(people).to_be_visible()
        await page.keyboard.type("gtn")  # «пет» in the other layout
        await expect(people.get_by_role("option")).to_have_count(1)
        await ira.shot("mention-light-1440")
        await ira.check(locale="ru")
        await page.keyboard.press("Enter")
        await expect(note).to_have_value(re.compile(r"^@Пётр \S+ $"))
        await page.keyboard.type("посмотри замер ")
        await page.keyboard.type("@ол")
        await expect(people.get_by_role("option").first).to_contain_text("Ольга")
        await page.keyboard.press("Escape")
        await expect(people).to_have_count(0)
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_role("log").get_by_text("посмотри замер")).to_be_visible()
        await expect(heard).to_have_count(before + 1)
