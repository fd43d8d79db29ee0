"""Does a call reach the one who should take it, and is nobody left waiting who was missed?"""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.browser.house import House, as_person

pytestmark = pytest.mark.browser


async def _on_shift(page: object) -> None: ...


async def test_a_call_rings_is_taken_by_another_is_missed_and_called_back(
    demo: House, chromium_browser: Browser
) -> None:
    """ring → card → answered by another → missed → task → call back → the call on the timeline."""
    people = (await demo.ask("GET", "/members"))["items"]
    ira = next(one for one in people if one["name"].startswith("Ира"))
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as visitor:
        page = visitor.page
        card = page.get_by_role("region", name=re.compile("Звонит.*Игорь"))
        await demo.play("phone", "igor", "call_rings", member="102")
        await expect(card).to_be_visible()
        await expect(card).to_contain_text("Игорь")
        await visitor.check(locale="ru")
        await demo.play("phone", "igor", "call_taken", member="101")
        await expect(card).to_have_count(0)
        await demo.play("phone", "igor", "call_ends")
        await demo.play("phone", "igor", "call_rings", member="102")
        await expect(card).to_be_visible()
        await demo.play("phone", "igor", "call_ends")
        missed = page.get_by_role("region", name=re.compile("Пропущенный.*Игорь"))
        await expect(missed).to_be_visible()
        await missed.get_by_role("button", name="Открыть").click()
        log = page.get_by_role("log")
        await expect(log.get_by_role("article", name=re.compile("Пропущенный")).last).to_be_visible()
        await expect(page.get_by_text("Перезвонить").first).to_be_visible()
        await visitor.check(locale="ru")
        await missed.get_by_role("button", name="Перезвонить").click()
        again = page.get_by_role("button", name="Всё равно позвонить")
        await expect(
            again.or_(page.get_by_text(re.compile("Сейчас зазвонит ваш телефон"))).first
        ).to_be_visible()
        if await again.count():
            await again.first.click()
        await expect(page.get_by_text(re.compile("Сейчас зазвонит ваш телефон"))).to_be_visible()
        assert ira["id"]
