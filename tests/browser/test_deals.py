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
    known = (await demo.ask("GET", "/contacts?words="))["items"]
    someone = next(one for one in known if one["name"] and not set(one["name"]) & set("+@"))
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
        await anna.shot("board move dialog")
        await dialog.get_by_role("button", name="Переместить").click()
        await expect(page.locator(f"{second} {card}")).to_be_visible()
        await expect(page.locator(f"{card} [data-card]")).to_be_focused()
        await expect(other.locator(f"{second} {card}")).to_contain_text("Уточнить информацию")
        await page.locator(f"{card} article").drag_to(page.locator("[data-end]", has_text="Дорого"))
        await page.get_by_role("dialog").get_by_label("Комментарий").fill("У соседей дешевле")
        await page.get_by_role("dialog").get_by_role("button", name="Переместить").click()
        await page.locator(".dock").get_by_role("button", name="Отменить").click()
        await expect(page.locator(".dock").get_by_text("Отменено")).to_be_visible()
        for screen in (page, other):
            await expect(screen.locator(f"{second} {card}")).to_be_visible()
        await page.goto(f"/deals/{deal}?tab=history")
        await expect(page.get_by_text("Почему не состоялась: — → У соседей дешевле")).to_be_visible()
        await anna.check(locale="ru")
        await anna.shot("deal history")


@pytest.mark.full
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
    people = (await demo.ask("GET", "/members"))["items"]
    me = next(one["id"] for one in people if one["name"].startswith("Пётр"))
    deal, link = await made(demo, "Полка"), await demo.link_of("Пётр")
    await demo.ask("POST", f"/deals/{deal}/owner", {"member_id": me})
    await demo.ask("POST", "/tasks", {"title": "Замерить нишу", "owner_id": me})
    async with as_person(chromium_browser, demo, link, screen=PHONE, theme="dark") as petr:
        page = petr.page
        await expect(page.get_by_role("heading", name="Мои лиды и задачи")).to_be_visible()
        why = page.get_by_text("Новые лиды не приходят").or_(page.get_by_text("Предложено сейчас"))
        await expect(why.first).to_be_visible()
        task = page.locator("[data-row] label", has_text="Замерить нишу")
        await page.get_by_role("button", name="Все", exact=False).first.click()
        await task.click()
        done = page.get_by_role("heading", name="Сделано")
        await expect(done).to_be_visible()
        await petr.check(locale="ru")
        await petr.shot("mine phone done")
        await page.locator("label", has_text="Замерить нишу").click()
        await expect(done).to_have_count(0)
        await expect(task).to_be_visible()
        idle = page.get_by_role("region", name="Сделки без задачи").locator("[data-row]", has_text="Полка")
        await idle.get_by_role("button", name="Поставить задачу").click()
        await idle.get_by_label("Что сделать").fill("Позвонить утром")
        await idle.get_by_role("button", name="Поставить", exact=True).click()
        await expect(idle).to_have_count(0)
        await page.get_by_role("link", name="Сделки").click()
        await page.get_by_role("button", name="Обрабатываем запрос").click()
        await expect(page.locator("[data-deal]").first).to_be_visible()
        await petr.check(locale="ru")
        await petr.shot("board phone")
