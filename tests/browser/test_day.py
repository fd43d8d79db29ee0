"""Does the rest of a day hold: windows that run out, files, offers, hostile words, a session that ends, another language?"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, FilePayload, Page, expect

from tests.browser import house
from tests.browser.house import House, as_person, left, open_dialog, row_of
from tests.rig.browser import PHONE, SMALL

pytestmark = [pytest.mark.browser, pytest.mark.full, pytest.mark.timeout(600)]

PNG = Path(__file__).parents[2] / "console" / "public" / "icons"


@pytest.fixture
async def own() -> AsyncIterator[House]:
    """A demonstration whose clock may be turned: nobody else lives there."""
    async with house.run("demo") as made, house.unlock(made):
        await house.look_around(made)
        yield made


async def test_a_window_runs_out_before_ones_eyes(own: House, chromium_browser: Browser) -> None:
    await own.play("messenger1", "svetlana", text="Ещё вопрос о кухне")
    async with as_person(chromium_browser, own, await own.link_of("Ира")) as ira:
        page = ira.page
        await open_dialog(page, "Светлана Юрьева", "Telegram")
        field = page.get_by_label("Текст ответа: Светлана Юрьева")
        await field.fill("Светлана, считаем")
        seen = []
        for minutes, words in (
            (20 * 60, "Окно ответа: ещё"),
            (3 * 60 + 5, r"закроется через \d+ мин"),
            (47, r"закроется через \d+:\d\d"),
        ):
            await own.ask("POST", "/demo/clock", {"minutes": minutes})
            line = page.get_by_text(re.compile(words)).first
            await expect(line).to_be_visible(timeout=60_000)
            seen.append(await line.text_content())
        await ira.check(locale="ru")
        await own.ask("POST", "/demo/clock", {"minutes": 9})
        await expect(page.get_by_text("Окно ответа закрыто (Telegram)").first).to_be_visible(timeout=60_000)
        await expect(page.get_by_text("Ваш текст сохранён: «Светлана, считаем»")).to_be_visible()
        await page.get_by_role("button", name="Заметка").click()
        await expect(page.get_by_label("Текст заметки")).to_be_visible()
        await page.get_by_role("button", name="Ответ", exact=True).click()
        await own.play("messenger1", "svetlana", text="Я снова здесь")
        await expect(field).to_have_value("Светлана, считаем", timeout=30_000)
        assert len(set(seen)) == 3, seen


async def test_a_tab_that_is_closed_while_the_answer_waits_sends_it_once(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        await open_dialog(page, "Елена Савина", "ВКонтакте")
        await page.get_by_label("Текст ответа: Елена Савина").fill("Закрыли вкладку сразу")
        await page.keyboard.press("Control+Enter")
        await page.get_by_text(re.compile("Отправляем")).first.wait_for()
        where = page.url.partition("?")[0].rpartition("/")[2]
        await page.close()
        await left(demo, where, "Закрыли вкладку сразу")


async def test_files_are_refused_by_name_before_they_are_sent_and_the_others_arrive(
    demo: House, chromium_browser: Browser
) -> None:
    picture = (PNG / "icon-192.png").read_bytes()
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        await open_dialog(page, "Елена Савина", "ВКонтакте")
        choose = page.locator("main input[type=file]")
        good: FilePayload = {"name": "план.png", "mimeType": "image/png", "buffer": picture}
        empty: FilePayload = {"name": "пусто.txt", "mimeType": "text/plain", "buffer": b""}
        await choose.set_input_files([good, empty])
        await expect(page.get_by_text("«пусто.txt»: файл пустой.").first).to_be_visible()
        chips = page.get_by_role("list", name="Файлы")
        await expect(chips).to_contain_text("план.png")
        await expect(chips).not_to_contain_text("пусто.txt")
        await ira.check(locale="ru")
        await page.get_by_label("Текст ответа: Елена Савина").fill("Чертёж приложен")
        await page.keyboard.press("Control+Enter")
        sent = page.get_by_role("article").filter(has_text="Чертёж приложен")
        await expect(sent.get_by_role("img").first).to_be_visible(timeout=20_000)
        await left(demo, page.url.partition("?")[0].rpartition("/")[2], "Чертёж приложен")
    phones = (await demo.ask("GET", "/demo"))["phones"]
    files = [line["files"] for phone in phones for line in phone["seen"] if line["text"] == "Чертёж приложен"]
    assert [len(one) for one in files] == [1]


async def come_to_work(page: Page) -> None:
    await page.get_by_role("button", name=re.compile("^Доступность")).click()
    await page.get_by_role("menuitem", name="На смене", exact=True).click()


async def lead_of(where: House, client: str, words: str) -> dict[str, Any]:
    await where.play("form", client, "form", text=words)
    return await row_of(where, lambda one: words in (one["last"] or {}).get("text", ""))


async def test_an_offer_is_declined_with_a_reason_and_another_is_accepted_once(
    own: House, chromium_browser: Browser
) -> None:
    people = (await own.ask("GET", "/members"))["items"]
    petr_id = next(one["id"] for one in people if one["name"].startswith("Пётр"))
    await own.ask("PATCH", f"/members/{petr_id}", {"capacity": 100})
    async with as_person(chromium_browser, own, await own.link_of("Пётр")) as petr:
        page = petr.page
        await come_to_work(page)
        await page.goto("/inbox")
        card = page.get_by_role("region", name="Новый лид для вас").first
        accept = card.get_by_role("button", name="Принять")
        await lead_of(own, "zoya", "Нужен комод")
        await expect(accept).to_be_visible(timeout=30_000)
        await petr.check(locale="ru")
        await card.get_by_role("button", name="Отказаться").click()
        await page.get_by_role("menuitem", name="Занят").click()
        await expect(page.get_by_text("Вы отказались от лида.").first).to_be_visible()
        await card.get_by_role("button", name="Скрыть").click()
        await lead_of(own, "vadim", "Нужен стеллаж")
        await expect(accept).to_be_visible(timeout=30_000)
        await accept.dblclick()
        await expect(page.get_by_text("Принято. Лид ваш.").first).to_be_visible()
        await expect(card.get_by_role("button", name="Написать")).to_be_visible()
        await petr.check(locale="ru")


HOSTILE = (
    "<img src=x onerror=alert(1)><script>alert(2)</script> javascript:alert(3)",
    "щ" * 300,
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞ " * 5,
    "שלום עולם \u202eпереворот\u202c مرحبا",
    "https://evil.example/" + "a" * 500,
)


async def test_hostile_words_run_nothing_and_break_no_layout(demo: House, chromium_browser: Browser) -> None:
    for words in HOSTILE:
        await demo.play("messenger1", "igor", text=words)
    async with as_person(chromium_browser, demo, await demo.link_of("Ира"), screen=SMALL) as ira:
        page = ira.page
        opened: list[str] = []

        async def refuse(dialog: Any) -> None:
            opened.append(dialog.message)
            await dialog.dismiss()

        page.on("dialog", refuse)
        await page.goto("/inbox?view=all&q=" + "Игорь")
        await page.get_by_role("option", name="Игорь Лапин, Telegram").first.click()
        log = page.get_by_role("log")
        await expect(log.get_by_text("<img src=x onerror=alert(1)>", exact=False)).to_be_visible()
        await expect(log.get_by_text("https://evil.example/", exact=False).first).to_be_visible()
        assert await log.locator("img[src='x'], script").count() == 0
        await ira.check(locale="ru")
        assert opened == []


async def test_a_session_that_ends_in_mid_typing_takes_nothing_along(
    shop: House, chromium_browser: Browser
) -> None:
    async with as_person(chromium_browser, shop, await shop.link_of("Анна")) as anna:
        anna.forgive("401|403|Failed to load|WebSocket")
        page = anna.page
        await page.goto("/canned")
        await page.get_by_role("button", name="Новый ответ").click()
        await page.get_by_label("Код").fill("/после")
        await page.get_by_label("Текст").fill("Этот текст должен остаться")
        await page.context.clear_cookies()
        await page.get_by_role("button", name="Сохранить").click()
        again = page.get_by_role("dialog", name="Сеанс закончился")
        await expect(again).to_be_visible()
        await again.get_by_label(re.compile("Пароль для")).fill("не тот пароль")
        await again.get_by_role("button", name="Войти", exact=True).click()
        await expect(again.get_by_role("alert")).not_to_be_empty()
        await again.get_by_label(re.compile("Пароль для")).fill("очень длинный пароль 7")
        await again.get_by_role("button", name="Войти", exact=True).click()
        await expect(again).to_have_count(0)
        await expect(page.get_by_label("Текст")).to_have_value("Этот текст должен остаться")
        await page.get_by_role("button", name="Сохранить").click()
        await expect(page.get_by_role("heading", name="/после")).to_be_visible()


async def test_another_language_and_theme_come_in_mid_work_without_a_reload(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        await open_dialog(page, "Елена Савина", "ВКонтакте")
        where = page.url
        await page.get_by_label("Текст ответа: Елена Савина").fill("Черновик остаётся")
        await page.evaluate("window.__same = true")
        await page.keyboard.press("Escape")
        await page.get_by_role("link", name=re.compile("^Профиль")).click()
        await page.get_by_label("English").check()
        await expect(page.get_by_role("heading", name="Profile")).to_be_visible()
        await page.get_by_label("dark").check()
        await ira.check(locale="en")
        await page.go_back()
        await expect(
            page.get_by_label("Reply to Елена Савина", exact=False).or_(page.locator("main textarea"))
        ).to_have_value("Черновик остаётся")
        await ira.check(locale="en")
        assert page.url == where and await page.evaluate("window.__same")
        await page.locator("main textarea").fill("")
        await page.goto("/profile")
        await page.get_by_label("Русский").check()
        await page.get_by_label("светлая").check()
        await expect(page.get_by_role("heading", name="Профиль")).to_be_visible()


async def test_five_channels_bring_rows_that_say_where_they_come_from(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(
        chromium_browser, demo, await demo.link_of("Ира"), screen=PHONE, theme="dark"
    ) as ira:
        page = ira.page
        await page.goto("/inbox?view=all&order=newest")
        for place, channel in (("messenger1", "Telegram"), ("messenger2", "ВКонтакте"), ("mail", "Почта")):
            await demo.play(place, "zoya", text=f"Пришло: {channel}")
            row = page.get_by_role("option", name=re.compile(f"Зоя Мельник, {channel}.*Пришло: {channel}"))
            await expect(row.first).to_be_visible(timeout=20_000)
        await demo.play("form", "zoya", "form", text="Пришло: форма")
        await expect(page.get_by_role("option", name=re.compile("Зоя Мельник, Форма")).first).to_be_visible(
            timeout=20_000
        )
        await demo.play("phone", "zoya", "call_missed")
        await expect(
            page.get_by_role("option", name=re.compile("Зоя Мельник, Телефония")).first
        ).to_be_visible(timeout=40_000)
        assert re.match(r"\(\d+\) ", await page.title())
        await ira.check(locale="ru")
