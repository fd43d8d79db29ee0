"""Does a deal go its way on the board, asked before and taken back after, and is one's own work at hand?"""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.house import House, as_person
from tests.rig.browser import PHONE

pytestmark = pytest.mark.browser


async def made(demo: House, title: str) -> str:
    """A deal of Anna's on the first stage; its id."""
    someone = (await demo.ask("GET", "/contacts?words="))["items"][0]
    deal = await demo.ask("POST", "/deals", {"contact_id": someone["id"], "title": title})
    return str(deal["id"])


def lane(page: Page, stage: str) -> str:
    """A selector of the lane of this stage."""
    return f"section.lane[aria-label^='{stage}:']"


async def test_a_deal_is_moved_asked_first_and_taken_back_before_everybodys_eyes(
    demo: House, chromium_browser: Browser
) -> None:
    deal = await made(demo, "Журнальный стол")
    async with (
        as_person(chromium_browser, demo, await demo.link_of("Анна")) as anna,
        as_person(chromium_browser, demo, await demo.link_of("Ольга")) as olga,
    ):
        page, other = anna.page, olga.page
        await other.goto("/deals")
        await page.goto("/deals")
        first, second = (lane(page, name) for name in ("Новый лид", "Обрабатываем запрос"))
        card = f"[data-deal='{deal}']"
        await expect(other.locator(f"{first} {card}")).to_be_visible()
        await page.locator(f"{first} {card} article").drag_to(page.locator(second))
        form = page.locator(f"{second} form")
        await expect(form.get_by_label("Что нужно клиенту")).to_be_focused()
        await expect(form.locator("input, textarea, select")).to_have_count(1)
        await anna.check(locale="ru")
        await anna.shot("board asks")
        await form.get_by_role("button", name="Отменить").click()
        await expect(page.locator(f"{first} {card}")).to_be_visible()
        await page.locator(f"{card} [data-card]").focus()
        await page.keyboard.press("s")
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Обрабатываем запрос").check()
        await dialog.get_by_role("button", name="Переместить").click()
        await dialog.get_by_label("Что нужно клиенту").fill("Дуб, 60 × 60")
        await anna.check(locale="ru")
        await anna.shot("board move dialog")
        await dialog.get_by_role("button", name="Переместить").click()
        await expect(page.locator(f"{second} {card}")).to_be_visible()
        await expect(page.locator(f"{card} [data-card]")).to_be_focused()
        await expect(other.locator(f"{second} {card}")).to_contain_text("Уточнить информацию")
        await page.locator(".dock").get_by_role("button", name="Отменить").click()
        for screen in (page, other):
            await expect(screen.locator(f"{first} {card}")).to_be_visible()
        await page.locator(f"{card} article").drag_to(page.locator("[data-end]", has_text="Дорого"))
        await page.get_by_role("dialog").get_by_label("Комментарий").fill("У соседей дешевле")
        await page.get_by_role("dialog").get_by_role("button", name="Переместить").click()
        for screen in (page, other):
            await expect(screen.locator(card)).to_have_count(0)
        await page.goto(f"/deals/{deal}?tab=history")
        await expect(page.get_by_text("Почему не состоялась: — → У соседей дешевле")).to_be_visible()
        await anna.check(locale="ru")
        await anna.shot("deal history")


async def test_a_colleagues_change_of_a_deal_is_told_before_it_is_lost(
    demo: House, chromium_browser: Browser
) -> None:
    deal = await made(demo, "Комод")
    async with as_person(chromium_browser, demo, await demo.link_of("Ольга"), screen=PHONE) as olga:
        olga.forgive("409")  # the server says that it is another value now
        page = olga.page
        await page.goto(f"/deals/{deal}?tab=fields")
        await page.get_by_label("Сумма").fill("80 000")
        await demo.ask("PATCH", f"/deals/{deal}", {"values": {"amount": 9_000_000}})
        await page.get_by_role("button", name="Сохранить").click()
        await expect(page.get_by_text(re.compile(r"Теперь там 90\s000\s₽: Анна"))).to_be_visible()
        await olga.check(locale="ru")
        await olga.shot("deal conflict phone")
        await page.get_by_role("button", name="Оставить моё").click()
        await expect(page.locator("dd", has_text=re.compile(r"80\s000"))).to_be_visible()


async def test_ones_own_work_is_at_hand_on_a_phone(demo: House, chromium_browser: Browser) -> None:
    link = await demo.link_of("Пётр")
    async with as_person(chromium_browser, demo, link, screen=PHONE, theme="dark") as petr:
        page = petr.page
        await expect(page.get_by_role("heading", name="Мои лиды и задачи")).to_be_visible()
        await expect(page.get_by_text("Новые лиды не приходят")).to_be_visible()
        await page.get_by_role("button", name="Все", exact=False).first.click()
        task = page.locator("[data-row] label").first
        words = (await task.inner_text()).split("−")[0].strip()
        await task.click()
        await expect(page.get_by_role("heading", name="Сделано")).to_be_visible()
        await petr.check(locale="ru")
        await petr.shot("mine phone done")
        await page.locator(".dock").get_by_role("button", name="Отменить").click()
        await expect(page.get_by_role("heading", name="Сделано")).to_have_count(0)
        await expect(page.locator("[data-row] label", has_text=words.splitlines()[0]).first).to_be_visible()
        without = page.get_by_role("region", name="Сделки без задачи")
        before = await without.locator("[data-row]").count()
        await without.get_by_role("button", name="Поставить задачу").first.click()
        await page.get_by_label("Что сделать").fill("Позвонить утром")
        await page.get_by_role("button", name="Поставить", exact=True).click()
        await expect(without.locator("[data-row]")).to_have_count(before - 1)
        await page.get_by_role("link", name="Сделки").click()
        await page.get_by_role("button", name="Обрабатываем запрос").click()
        await expect(page.locator("[data-deal]").first).to_be_visible()
        await petr.check(locale="ru")
        await petr.shot("board phone")
