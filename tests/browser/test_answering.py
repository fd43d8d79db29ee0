"""Does an operator answer, take back, and find another way where the window is closed?"""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.browser.house import House, as_person, open_dialog
from tests.rig.browser import PHONE

pytestmark = pytest.mark.browser


async def test_a_message_taken_back_in_time_reaches_nobody(demo: House, chromium_browser: Browser) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        await open_dialog(page, "Елена Савина", "ВКонтакте")
        await page.get_by_label("Текст ответа: Елена Савина").fill("Ой, это не вам")
        await page.get_by_role("button", name="Отправить: ВКонтакте, Елена Савина").click()
        await page.get_by_text(re.compile("Отправляем")).wait_for()
        await page.get_by_role("button", name="Отменить", exact=True).click()
        await expect(page.get_by_label("Текст ответа: Елена Савина")).to_have_value("Ой, это не вам")
        await expect(page.get_by_role("log")).not_to_contain_text("Ой, это не вам")
        await page.get_by_label("Текст ответа: Елена Савина").fill("")
        phones = (await demo.ask("GET", "/demo"))["phones"]
        assert not any("не вам" in line["text"] for phone in phones for line in phone["seen"])
        await ira.check(locale="ru")


async def test_after_the_window_the_words_go_along_to_another_channel(
    demo: House, chromium_browser: Browser
) -> None:
    words = "Вадим, каталог с ценами готов"
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        await open_dialog(page, "Вадим Осипов", "Telegram")
        await expect(page.get_by_text("Окно ответа закрыто (Telegram)")).to_be_visible()
        panel = page.get_by_role("region", name="Что можно сделать")
        await expect(panel.get_by_role("button").first).to_have_text("Ответить: Почта")
        await expect(panel.get_by_role("link", name="Позвонить")).to_have_attribute(
            "href", "tel:+79160001010"
        )
        await ira.check(locale="ru")
        await page.get_by_role("button", name="Заметка").click()
        await expect(page.get_by_label("Текст заметки")).to_be_visible()
        await page.get_by_role("button", name="Ответ", exact=True).click()
        await panel.get_by_role("button", name="Ответить: Почта").click()
        field = page.get_by_label("Текст ответа: Вадим Осипов")
        await field.fill(words)
        await page.keyboard.press("Control+Enter")
        answer = page.get_by_role("article").filter(has_text=words)
        await expect(answer).to_contain_text("отправлено", timeout=20_000)


async def test_a_window_that_closes_while_one_types_keeps_the_draft(
    demo: House, chromium_browser: Browser
) -> None:
    """The page believed that it might write; the server refuses, and nothing typed is lost."""
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        ira.forgive("409")
        await open_dialog(page, "Светлана Юрьева", "Telegram")
        await page.get_by_label("Текст ответа: Светлана Юрьева").fill("Светлана, замер завтра")
        await demo.play("messenger1", "svetlana", "block")
        await expect(page.get_by_text("Клиент запретил сообщения (Telegram)")).to_be_visible()
        await expect(page.get_by_text("Ваш текст сохранён: «Светлана, замер завтра»")).to_be_visible()
        await page.reload()
        await expect(page.get_by_text("Ваш текст сохранён: «Светлана, замер завтра»")).to_be_visible()
        await demo.play("messenger1", "svetlana", "unblock")
        await demo.play("messenger1", "svetlana", text="Снова здесь")
        await expect(page.get_by_label("Текст ответа: Светлана Юрьева")).to_have_value(
            "Светлана, замер завтра"
        )


async def test_a_message_that_failed_says_why_and_what_is_best(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        await open_dialog(page, "Зоя Мельник", "Telegram")
        bubble = page.get_by_role("article").filter(has_text="Подтвердите, пожалуйста, время доставки")
        await expect(bubble).to_contain_text("Не отправлено: Клиент запретил сообщения")
        await expect(bubble.get_by_role("button", name="Повторить")).to_be_visible()
        await expect(page.get_by_role("link", name="Позвонить")).to_be_visible()
        await ira.check(locale="ru")


async def test_the_screen_says_why_this_deal_and_why_this_person(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        await open_dialog(page, "Антон Белов", "ВКонтакте")
        side = page.get_by_role("complementary", name="Контакт и сделка")
        await side.get_by_role("button", name="Почему?").click()
        why = page.get_by_role("dialog", name="Почему эта сделка?")
        await expect(why).to_contain_text("открытых сделок нет — новый лид нового клиента")
        await ira.check(locale="ru")
        await page.keyboard.press("Escape")
        await side.get_by_role("button", name=re.compile("Кому ушёл лид|Почему Пётр")).click()
        routed = page.get_by_role("dialog", name="Кто получил лид и почему")
        await expect(routed).to_contain_text("Пётр Власов")
        await expect(routed).to_contain_text("не на смене")
        await ira.check(locale="ru")


async def test_the_phone_goes_from_list_to_dialog_to_contact_and_back(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Ира"), screen=PHONE) as ira:
        page = ira.page
        await ira.check(locale="ru")
        await open_dialog(page, "ООО «Ромашка»", "Почта")
        await ira.check(locale="ru")
        await page.get_by_role("button", name="Ещё действия").first.click()
        await page.get_by_role("menuitem", name="Контакт").click()
        await expect(page).to_have_url(re.compile("/info"))
        await ira.check(locale="ru")
        await page.go_back()
        await expect(page.get_by_role("log")).to_be_visible()
        await page.go_back()
        await expect(page.get_by_role("navigation").first).to_be_visible()


async def test_what_a_client_writes_and_reads_stands_on_their_screen(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Анна")) as anna:
        await anna.page.goto("/demo/client")
        phone = anna.page.get_by_role("region", name="Мебель Москва, бот")
        await phone.get_by_role("combobox").select_option(label="Павел Дроздов")
        await phone.get_by_role("textbox").fill("А зеркало входит?")
        await phone.get_by_role("button", name="Отправить").click()
        await expect(phone.get_by_role("log")).to_contain_text("А зеркало входит?")
        await expect(phone.get_by_role("status")).to_be_visible()
        await anna.shot("simulator")
        await anna.check(locale="ru")
