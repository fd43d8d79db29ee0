"""Can a mailbox be connected, threads be joined, a form be built and a sample be taught by clicking alone?"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.browser.house import PATIENCE, House, as_person, form_of, lead_of, mailbox, row_of
from tests.rig.browser import DESKTOP, PHONE, Visitor
from tests.rig.mail import MailHost

pytestmark = pytest.mark.browser
ADDRESS = "zakaz@firma.test"
SLOW = 2 * PATIENCE
"""Milliseconds for what waits for a mail server and for names of domains."""


async def look(person: Visitor, name: str) -> None:
    """The page is sound on a desk and on a phone; pictures of both where somebody wants them."""
    for screen in (PHONE, DESKTOP):
        await person.page.set_viewport_size({"width": screen.width, "height": screen.height})
        await person.shot(f"{name} {screen.width}")
        await person.check(locale="ru")


def letter(subject: str, text: str, number: int, who: str = "olga") -> bytes:
    head = (
        f"From: {who.title()} <{who}@client.test>\r\nTo: {ADDRESS}\r\nSubject: {subject}\r\nMessage-ID: <j{number}@client.test>"
        "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    return f"{head}{text}\r\n".encode()


async def on(page: Page, button: str = "Дальше") -> None:
    await page.get_by_role("button", name=button, exact=True).click()


async def fill_settings(page: Page, settings: dict[str, str]) -> None:
    """Type and choose what the second step asks, what is advanced last."""
    for key in ("address", "name", "password"):
        await page.locator(f"#set-{key}").fill(settings[key])
    for server in ("imap", "smtp"):
        await page.locator(f"#set-{server}_host").fill(settings[f"{server}_host"])
        await page.locator(f"#set-{server}_port").fill(settings[f"{server}_port"])
        await page.locator(f"#set-{server}_security").select_option(settings[f"{server}_security"])
    await page.get_by_text("Дополнительно").click()
    await page.get_by_label("Сертификат сервера").fill(settings["certificate"])


@pytest.mark.full
async def test_a_late_proposal_replaces_nothing_that_was_typed_meanwhile(
    shop: House, chromium_browser: Browser
) -> None:
    found = {"preset": "own", "imap_host": "imap.found.ru", "smtp_host": "smtp.found.ru"}
    typed = asyncio.Event()

    async def late(route: Route) -> None:
        await typed.wait()
        await route.fulfill(json={"settings": found, "code": "found_by_srv"})

    async with as_person(chromium_browser, shop, await shop.link_of("Анна")) as anna:
        page = anna.page
        await page.route("**/channels/email/suggest", late)
        await page.goto("/sources/connect/email")
        await page.get_by_label("Чья почта").select_option("own")
        await on(page)
        async with page.expect_request("**/channels/email/suggest"):
            await page.locator("#set-address").fill("zakaz@found.ru")
            await page.locator("#set-imap_host").fill("mail.mine.ru")
        typed.set()
        await expect(page.locator("#set-smtp_host")).to_have_value("smtp.found.ru")
        await expect(page.locator("#set-imap_host")).to_have_value("mail.mine.ru")


async def test_a_mailbox_is_connected_in_five_steps_and_its_threads_are_joined_and_parted(
    shop: House, chromium_browser: Browser, post_office: MailHost
) -> None:
    async with as_person(chromium_browser, shop, await shop.link_of("Анна")) as anna:
        page = anna.page
        await page.goto("/sources/connect")
        await page.get_by_role("link", name="Почта").click()
        await page.get_by_label("Чья почта").select_option("own")
        await on(page)
        await expect(page.get_by_role("heading", name="Пароль", exact=True)).to_be_visible()
        await fill_settings(page, mailbox(post_office, ADDRESS))
        await on(page)
        await expect(page.get_by_role("heading", name="Кому лиды", exact=True)).to_be_visible(timeout=SLOW)
        await page.get_by_label("Название источника").fill("Почта заказов")
        await on(page)
        proved = page.get_by_role("listitem").filter(has_text="Письмо самому себе отправлено и пришло")
        await expect(proved).to_contain_text(ADDRESS, timeout=SLOW)
        await expect(page.get_by_text("Ждём первое сообщение…")).to_be_visible()
        await look(anna, "mailbox test")
        link = await page.get_by_text(f"mailto:{ADDRESS}?").inner_text()
        post_office.deliver(
            ADDRESS, letter("Test", link.partition("body=")[2], 0, "tester"), sender="olga@client.test"
        )
        await expect(page.get_by_text("Получено. Источник работает.")).to_be_visible(timeout=SLOW)
        await on(page)
        await expect(page.get_by_text(f"mailto:{ADDRESS}", exact=True)).to_be_visible()
        await look(anna, "mailbox place")
        await on(page, "Готово")
        await expect(page.get_by_role("heading", name="Почта заказов")).to_be_visible()
        await join_and_part(anna, shop, post_office)


async def join_and_part(anna: Visitor, shop: House, post_office: MailHost) -> None:
    page = anna.page
    made = []
    for number, (subject, words) in enumerate((("Kitchen", "Нужна кухня"), ("Wardrobe", "И ещё шкаф")), 1):
        post_office.deliver(ADDRESS, letter(subject, words, number), sender="olga@client.test")
        made.append((await row_of(shop, ends_with(words)))["id"])
    kitchen, wardrobe = made
    await page.goto(f"/inbox/d/{wardrobe}")
    await join(anna)
    await expect(page).to_have_url(re.compile(kitchen))
    assert await letters_of(shop, kitchen) == ["Нужна кухня", "И ещё шкаф"]
    await undo(page)
    await expect(page).to_have_url(re.compile(wardrobe))
    assert await letters_of(shop, kitchen) == ["Нужна кухня"]
    assert await letters_of(shop, wardrobe) == ["И ещё шкаф"]
    await join(anna)
    await expect(page).to_have_url(re.compile(kitchen))
    await letter_menu(page)
    await page.get_by_role("menuitem", name="Отделить с этого письма").click()
    await expect(page).not_to_have_url(re.compile(kitchen))
    assert await letters_of(shop, kitchen) == ["Нужна кухня"]
    await undo(page)
    await expect(page).to_have_url(re.compile(kitchen))
    assert await letters_of(shop, kitchen) == ["Нужна кухня", "И ещё шкаф"]


async def join(anna: Visitor) -> None:
    page = anna.page
    await letter_menu(page)
    await page.get_by_role("menuitem", name="Соединить с другой перепиской…").click()
    dialog = page.get_by_role("dialog", name="С какой перепиской соединить")
    await dialog.get_by_role("radio", name="Kitchen").check()
    await look(anna, "join")
    await dialog.get_by_role("button", name="Соединить").click()


async def letter_menu(page: Page) -> None:
    await (
        page.get_by_role("article")
        .filter(has_text="И ещё шкаф")
        .get_by_label("Действия с сообщением")
        .click()
    )


async def undo(page: Page) -> None:
    await page.locator(".dock").get_by_role("button", name="Отменить").click()
    await expect(page.get_by_text("Действие отменено").first).to_be_visible()


def ends_with(words: str) -> Callable[[dict[str, Any]], bool]:
    return lambda row: bool(row["last"] and words in row["last"]["text"])


async def letters_of(shop: House, conversation: str) -> list[str]:
    page: Any = await shop.ask("GET", f"/conversations/{conversation}/messages?scope=conversation")
    return [one["text"] for one in page["items"] if one["kind"] == "mail"]


@pytest.mark.full
async def test_a_letter_that_is_not_all_there_says_why(
    shop: House, chromium_browser: Browser, post_office: MailHost
) -> None:
    settings = {"preset": "own", "largest_mb": "1", **mailbox(post_office, "large@firma.test")}
    made = await shop.ask("POST", "/sources", {"channel": "email", "name": "Чертежи", "settings": settings})
    await shop.ask("POST", f"/sources/{made['id']}/connect")
    large = letter("Plan", "Высылаю чертёж\r\n" + ("y" * 76 + "\r\n") * 16_000, 90)
    sealed = letter("Sealed", "-----BEGIN PGP MESSAGE-----", 91).replace(
        b"text/plain; charset=utf-8", b'multipart/encrypted; boundary="b"'
    )
    sealed = sealed.replace(b"-----BEGIN", b"--b\r\nContent-Type: application/octet-stream\r\n\r\n-----BEGIN")
    for raw in (sealed, large):
        post_office.deliver("large@firma.test", raw, sender="olga@client.test")
    ref = (await row_of(shop, ends_with("Высылаю чертёж")))["id"]
    async with as_person(chromium_browser, shop, await shop.link_of("Анна")) as anna:
        page = anna.page
        await page.goto(f"/inbox/d/{ref}")
        came = page.get_by_role("article").filter(has_text="Высылаю чертёж")
        await expect(came.get_by_text("Письмо очень большое")).to_be_visible()
        await expect(came.get_by_role("link", name="letter.eml")).to_be_visible(timeout=SLOW)
        locked = page.get_by_role("article").filter(has_text="Sealed")
        await expect(locked.get_by_text("Письмо зашифровано")).to_be_visible()
        await look(anna, "letter in part")


async def test_a_form_is_built_published_and_rolled_back_by_clicking(
    shop: House, chromium_browser: Browser
) -> None:
    form = await form_of(shop, "Замер")
    assert shop.keys is not None

    async def public() -> str:
        assert shop.keys is not None
        return await (await shop.keys.get(f"/f/{form['slug']}")).text()

    async with as_person(chromium_browser, shop, await shop.link_of("Анна")) as anna:
        page = anna.page
        await page.goto(f"/sources/{form['id']}/design")
        await page.get_by_label("Вид поля").select_option("date")
        await page.get_by_role("button", name="Добавить поле").click()
        await page.get_by_label("Подпись", exact=True).fill("Когда приехать на замер")
        preview = page.frame_locator("iframe")
        await expect(preview.get_by_label("Когда приехать на замер")).to_be_visible()
        await look(anna, "builder")
        assert "Когда приехать на замер" not in await public(), "a draft is nobody's business"
        await on(page, "Опубликовать")
        await expect(page.get_by_text("Опубликовано: посетители видят новую форму").first).to_be_visible()
        assert "Когда приехать на замер" in await public()
        await page.get_by_role("region", name="Версии").get_by_role("button", name="Вернуть").last.click()
        await expect(page.get_by_text("Снова опубликована версия").first).to_be_visible()
        await expect(preview.get_by_label("Когда приехать на замер")).to_have_count(0)
        await look(anna, "builder rolled back")
        assert "Когда приехать на замер" not in await public()


@pytest.mark.full
async def test_a_sample_is_taught_by_clicking_on_its_fields(shop: House, chromium_browser: Browser) -> None:
    form = await form_of(shop, "Свой сайт")
    assert shop.keys is not None
    post = shop.keys.post
    sent = {"zakazchik": "Ольга Весна", "svyaz": "+7 916 123-00-77", "skolko": "90000"}
    assert (await post(form["hook_url"], data=sent)).ok
    async with as_person(chromium_browser, shop, await shop.link_of("Анна")) as anna:
        page = anna.page
        await page.goto(f"/sources/{form['id']}/teach")
        for field, meaning in (("zakazchik", "Имя"), ("skolko", "Сделка: сумма")):
            await page.get_by_role("button", name=field).click()
            await page.get_by_label(f"Что значит поле {field}").select_option(label=meaning)
        result = page.get_by_role("region", name="Что получится")
        await expect(result).to_contain_text("Ольга Весна")
        await expect(result).to_contain_text("+79161230077")
        await look(anna, "teach")
        await on(page, "Сохранить")
        await expect(page.get_by_text("Сохранено: следующие заявки читаются так").first).to_be_visible()
    assert (
        await post(
            form["hook_url"], data={"zakazchik": "Инна Лето", "svyaz": "+7 916 123-00-78", "skolko": "55000"}
        )
    ).ok
    row, _ = await lead_of(shop, "Инна Лето")
    deal = await shop.ask("GET", f"/deals/{row['deal']['id']}")
    assert "55" in str(deal["amount"]), deal
