"""Does an operator see and do in the console all that they would open the messenger for?"""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.house import House, as_person, open_dialog
from tests.rig.browser import PHONE

pytestmark = pytest.mark.browser
SOON = 20_000


def bubble(page: Page, words: str) -> Locator:
    """The message that says this."""
    return page.get_by_role("article").filter(has_text=words).last


async def choose(page: Page, message: Locator, name: str) -> None:
    """Something of a message's menu."""
    await message.hover()
    await message.get_by_role("button", name="Действия с сообщением").click()
    await page.get_by_role("menuitem", name=name, exact=True).click()


@pytest.mark.parametrize(
    ("place", "client", "name", "channel"),
    [
        ("messenger1", "svetlana", "Светлана Юрьева", "Telegram"),
        pytest.param("messenger2", "elena", "Елена Савина", "ВКонтакте", marks=pytest.mark.full),
    ],
)
async def test_words_are_styled_changed_marked_and_taken_back(
    demo: House, chromium_browser: Browser, place: str, client: str, name: str, channel: str
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        await demo.play(place, client, text="Сколько стоит доставка?")
        await open_dialog(page, name, channel)
        asked = bubble(page, "Сколько стоит доставка?")
        await choose(page, asked, "Поставить 👍")
        await expect(asked.get_by_role("button", name="Убрать вашу реакцию 👍")).to_be_visible()

        field = page.get_by_label(f"Текст ответа: {name}")
        await field.fill("Доставка тыщща рублей")
        await field.evaluate("one => one.setSelectionRange(9, 15)")
        await field.press("Control+b")
        await expect(field).to_have_value("Доставка **тыщща** рублей")
        await field.press("Control+Enter")
        ours = bubble(page, "Доставка тыщща рублей")
        await expect(ours).to_contain_text("отправлено", timeout=SOON)
        await expect(ours.locator(".bold")).to_have_text("тыщща")

        await choose(page, ours, "Изменить")
        words = page.get_by_label("Новый текст сообщения")
        await expect(words).to_have_value("Доставка **тыщща** рублей")
        await words.fill("Доставка **тысяча** рублей")
        await words.press("Enter")
        changed = bubble(page, "Доставка тысяча рублей")
        await expect(changed.get_by_role("button", name="изменено")).to_be_visible(timeout=SOON)
        await ira.check(locale="ru")
        await changed.get_by_role("button", name="изменено").click()
        earlier = page.get_by_role("dialog", name="Прежний текст")
        await expect(earlier).to_contain_text("Доставка тыщща рублей")
        await ira.check(locale="ru")
        await page.keyboard.press("Escape")

        await demo.play(place, client, "reaction")
        await expect(changed.get_by_label("Реакция клиента")).to_be_visible()
        await demo.play(place, client, "edit", text="Сколько стоит доставка в Тверь?")
        fresh = bubble(page, "Сколько стоит доставка в Тверь?")
        await expect(fresh).to_contain_text("изменено")

        await choose(page, changed, "Удалить у клиента")
        asks = page.get_by_role("dialog", name="Удалить сообщение у клиента?")
        await ira.check(locale="ru")
        await asks.get_by_role("button", name="Удалить у клиента").click()
        await expect(changed).to_contain_text("Удалено у клиента", timeout=SOON)
        await expect(changed.locator(".gone")).to_be_visible()


@pytest.mark.full
async def test_on_a_phone_in_the_dark_all_of_it_is_within_reach(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(
        chromium_browser, demo, await demo.link_of("Ира"), screen=PHONE, theme="dark"
    ) as ira:
        page = ira.page
        await demo.play("messenger1", "svetlana", text="А самовывоз есть?")
        await open_dialog(page, "Светлана Юрьева", "Telegram")
        asked = bubble(page, "А самовывоз есть?")
        await choose(page, asked, "Ответить на это")
        field = page.get_by_label("Текст ответа: Светлана Юрьева")
        await field.fill("Есть, с 10 до 20")
        await page.get_by_role("button", name="Отправить: Telegram, Светлана Юрьева").click()
        ours = bubble(page, "Есть, с 10 до 20")
        await expect(ours).to_contain_text("отправлено", timeout=SOON)
        await expect(ours.get_by_role("button", name="К сообщению")).to_contain_text("А самовывоз есть?")
        await ira.check(locale="ru")
        await choose(page, ours, "Изменить")
        await page.get_by_label("Новый текст сообщения").fill("Есть, с 9 до 21")
        await page.get_by_role("button", name="Сохранить").click()
        await expect(bubble(page, "Есть, с 9 до 21")).to_contain_text("изменено", timeout=SOON)
        await ira.check(locale="ru")
