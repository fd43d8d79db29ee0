"""Can an address book be brought in by three steps, looked through, and taken back, on a desk and in a hand?"""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, FilePayload, expect

from tests.browser.house import House, as_person
from tests.rig.browser import PHONE

pytestmark = pytest.mark.browser
BOOK = (
    "ФИО;Мобильный телефон;Почта;Компания;Метки;Скидка\n"
    "Орлова Нина;8 (916) 700-10-20;nina@orlova.example;ООО «Берёзка»;опт, выставка;10%\n"
    "Гусев Пётр;+7 916 700-10-21;;ООО «Берёзка»;;\n;;;;пусто;\n"
)


async def test_an_address_book_comes_in_by_three_steps_and_goes_again(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Анна")) as anna:
        page = anna.page
        await page.goto("/contacts")
        await expect(page.get_by_role("heading", name="Контакты")).to_be_visible()
        await expect(page.get_by_text("Елена Савина").first).to_be_visible()
        await anna.check(locale="ru")
        await anna.shot("contacts")
        await page.get_by_role("button", name="Импорт").click()
        book = FilePayload(name="клиенты.csv", mimeType="text/csv", buffer=BOOK.encode("cp1251"))
        await page.locator("input[type=file]").set_input_files(book)
        await expect(page.get_by_label("Мобильный телефон")).to_have_value("phone")
        await expect(page.get_by_label("Скидка")).to_have_value("field:Скидка")
        await page.get_by_label("Кодировка").select_option("DOS (CP866)")
        await expect(page.get_by_label("Скидка")).to_have_count(0)
        await page.get_by_label("Кодировка").select_option("Windows-1251")
        await expect(page.get_by_label("Скидка")).to_have_value("field:Скидка")
        await page.get_by_label("Дополнить").check()
        await anna.check(locale="ru")
        await anna.shot("import columns")
        await page.get_by_role("button", name="Проверить").click()
        await expect(page.get_by_role("heading", name="Вот что получится")).to_be_visible()
        await anna.check(locale="ru")
        await anna.shot("import preview")
        await page.get_by_role("button", name="Загрузить (2)").click()
        await expect(page.get_by_role("heading", name="Готово")).to_be_visible()
        await anna.shot("import done")
        await page.get_by_role("link", name="К контактам").click()
        await page.get_by_role("searchbox").fill("7001020")
        await page.get_by_role("button", name="Орлова Нина").click()
        await expect(page.get_by_role("dialog").get_by_text("10%")).to_be_visible()
        await anna.check(locale="ru")
        await anna.shot("contact card")
        await page.keyboard.press("Escape")
        await page.goto("/contacts/import")
        await page.get_by_role("link", name="клиенты.csv").first.click()
        await page.get_by_role("button", name="Отменить импорт").click()
        await expect(page.get_by_role("heading", name="Импорт отменён")).to_be_visible()
        await page.goto("/contacts?q=7001020")
        await expect(page.get_by_text("никого нет")).to_be_visible()


@pytest.mark.full
async def test_contacts_and_their_import_fit_a_hand_in_the_dark(
    demo: House, chromium_browser: Browser
) -> None:
    link = await demo.link_of("Анна")
    async with as_person(chromium_browser, demo, link, screen=PHONE, theme="dark") as anna:
        page = anna.page
        await page.goto("/contacts")
        await expect(page.get_by_text("Елена Савина").first).to_be_visible()
        await anna.check(locale="ru")
        await anna.shot("contacts phone")
        await page.goto("/contacts/import")
        book = FilePayload(name="клиенты.csv", mimeType="text/csv", buffer=BOOK.encode())
        await page.locator("input[type=file]").set_input_files(book)
        await expect(page.get_by_label("Почта")).to_have_value("email")
        await anna.check(locale="ru")
        await anna.shot("import columns phone")
        await page.get_by_role("button", name="Проверить").click()
        await expect(page.get_by_role("heading", name="Вот что получится")).to_be_visible()
        await anna.check(locale="ru")
        await anna.shot("import preview phone")


@pytest.mark.full
async def test_what_was_told_is_listed_and_a_card_can_be_blocked(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Анна"), screen=PHONE) as anna:
        page = anna.page
        await page.goto("/notices")
        await expect(page.get_by_role("heading", name="Уведомления")).to_be_visible()
        await anna.check(locale="ru")
        await anna.shot("notices phone")
        await page.goto("/contacts")
        await page.get_by_role("button", name="Никита Громов").first.click()
        await page.get_by_role("button", name="Заблокировать").click()
        await expect(page.get_by_text("Заблокирован: его сообщения")).to_be_visible()
        await anna.check(locale="ru")
        await anna.shot("blocked phone")
        await page.get_by_role("button", name="Разблокировать").click()
        await expect(page.get_by_role("button", name="Заблокировать")).to_be_visible()
