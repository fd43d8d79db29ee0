"""Can a head settle what is doubtful about clients: two cards that may be one, and a responsible without deals?"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, expect

from tests.browser.house import House, as_person, row_of
from tests.rig.browser import PHONE

pytestmark = pytest.mark.browser


async def _doubtful(demo: House) -> tuple[dict[str, Any], dict[str, Any]]:
    """A client tells a number that another card has; another client's responsible owns none of their deals."""
    await demo.play("messenger1", "igor", text="Это Игорь, звонил вам утром")
    told = await row_of(demo, lambda one: "звонил вам утром" in (one["last"] or {}).get("text", ""))
    await demo.play("messenger1", "igor", "contact")
    people = (await demo.ask("GET", "/members"))["items"]
    anna = next(one for one in people if one["name"].startswith("Анна"))
    zoya = (await demo.ask("GET", f"/contacts?words={quote('Зоя Мельник')}"))["items"][0]
    await demo.ask("PUT", f"/contacts/{zoya['id']}/responsible", {"member_id": anna["id"]})
    return told, zoya


async def test_doubts_about_clients_are_settled_in_one_place_and_undone(
    demo: House, chromium_browser: Browser
) -> None:
    told, zoya = await _doubtful(demo)
    async with as_person(chromium_browser, demo, await demo.link_of("Анна")) as anna:
        page = anna.page
        await page.goto("/contacts")
        await page.get_by_role("button", name="Сомнения").click()
        alike = page.get_by_role("region", name="Похоже, один человек")
        apart = page.get_by_role("region", name="Ответственный не ведёт сделок")
        compare = alike.get_by_role("button", name="Сравнить").first
        await expect(compare).to_be_visible()
        await expect(apart.get_by_role("link", name=zoya["name"])).to_be_visible()
        await anna.check(locale="ru")
        await anna.shot("doubts")
        await apart.get_by_role("button", name="Клиента — Пётр").click()
        await expect(apart.get_by_role("link", name=zoya["name"])).to_have_count(0)
        await page.get_by_role("button", name="Отменить").click()
        await expect(apart.get_by_role("link", name=zoya["name"])).to_be_visible()
        await compare.click()
        dialog = page.get_by_role("dialog", name="Один человек?")
        await expect(dialog.get_by_text("Что оставить")).to_be_visible()
        await anna.check(locale="ru")
        await anna.shot("doubts compare")
        await dialog.get_by_role("radio").last.check()
        await dialog.get_by_role("button", name="Объединить").click()
        await expect(dialog).to_have_count(0)
        row = await demo.ask("GET", f"/conversations/{told['id']}")
        await page.goto(f"/contacts/{row['contact']['id']}")
        await expect(page.get_by_role("heading", name="Объединённые карточки")).to_be_visible()
        await page.get_by_label("Новая метка").fill("опт")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Убрать метку «опт»")).to_be_visible()
        await page.get_by_label("Добавить компанию").fill("ООО «Заря»")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Должность в «ООО «Заря»»")).to_be_visible()
        await anna.check(locale="ru")
        await anna.shot("contact page")
        await page.get_by_role("button", name="Разъединить").click()
        await expect(page.get_by_role("heading", name="Объединённые карточки")).to_have_count(0)


@pytest.mark.full
async def test_a_card_says_what_is_doubtful_about_it_in_a_hand_too(
    demo: House, chromium_browser: Browser
) -> None:
    await _doubtful(demo)
    link = await demo.link_of("Анна")
    async with as_person(chromium_browser, demo, link, screen=PHONE, theme="dark") as anna:
        page = anna.page
        zoya = (await demo.ask("GET", f"/contacts?words={quote('Зоя Мельник')}"))["items"][0]
        await page.goto(f"/inbox/d/{zoya['conversation_id']}/info")
        await expect(page.locator("[data-mismatch]")).to_contain_text("не ведёт открытых сделок")
        await anna.check(locale="ru")
        await anna.shot("doubt note phone")
        await page.get_by_role("button", name="Сделки — Анна").click()
        await expect(page.locator("[data-mismatch]")).to_have_count(0)
        await page.goto("/contacts/doubts")
        await page.get_by_role("button", name="Сравнить").first.click()
        await expect(page.get_by_role("dialog").get_by_role("button", name="Объединить")).to_be_visible()
        await anna.check(locale="ru")
        await anna.shot("doubts phone")
