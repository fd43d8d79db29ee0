"""Does the head's word come where it is asked for, and does whoever asked see the answer without looking for it?"""

from __future__ import annotations

import re
import sqlite3
import time
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.house import House, as_person

pytestmark = pytest.mark.browser
DAY = 86_400_000_000


async def silent_deal(demo: House) -> str:
    """A deal of Пётр's whose client three tries on three days have not reached; its id."""
    client, now = str(uuid4()), time.time_ns() // 1000
    with sqlite3.connect(demo.data / "demo" / "inbox.db", timeout=30) as rows:
        rows.execute(
            "INSERT INTO contact (id, name, created_at, updated_at) VALUES (?, 'Семён Тихий', ?, ?)",
            (client, now, now),
        )
    deal = str((await demo.ask("POST", "/deals", {"contact_id": client, "title": "Тихий стол"}))["id"])
    for _ in range(3):
        await demo.ask("POST", f"/deals/{deal}/attempts", {"result": "not_reached", "title": "Звонок"})
    petr = next(one for one in (await demo.ask("GET", "/members"))["items"] if one["name"].startswith("Пётр"))
    await demo.ask("POST", f"/deals/{deal}/owner", {"member_id": petr["id"]})
    with sqlite3.connect(demo.data / "demo" / "inbox.db", timeout=30) as rows:
        rows.execute("UPDATE deal SET created_at = created_at - ? WHERE id = ?", (9 * DAY, deal))
        rows.execute("UPDATE stage_history SET at = at - ? WHERE deal_id = ?", (9 * DAY, deal))
        tries = rows.execute(
            "SELECT id FROM task WHERE deal_id = ? AND result = 'not_reached'", (deal,)
        ).fetchall()
        for days, (task,) in enumerate(tries, 1):
            rows.execute("UPDATE task SET done_at = done_at - ? WHERE id = ?", (days * DAY, task))
    return deal


async def ask_head(page: Page) -> None:
    """Through the form that opens where the deal cannot be ended yet."""
    await page.get_by_role("button", name="Переместить в…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Перестал выходить на связь").check()
    await dialog.get_by_role("button", name="Переместить").click()
    await dialog.get_by_role("button", name="Спросить РОПа").click()
    await expect(page.get_by_text("Ждёт решения РОПа: «Перестал выходить на связь»")).to_be_visible()


@pytest.mark.full
async def test_a_manager_asks_the_head_answers_on_the_deal_and_the_manager_sees_it(
    demo: House, chromium_browser: Browser
) -> None:
    deal = await silent_deal(demo)
    async with (
        as_person(chromium_browser, demo, await demo.link_of("Пётр")) as petr,
        as_person(chromium_browser, demo, await demo.link_of("Анна")) as anna,
    ):
        petr.forgive("404.*proposals")  # once the deal has ended its client is not his any more
        await anna.page.goto("/notices")
        await petr.page.goto(f"/deals/{deal}")
        await ask_head(petr.page)
        await anna.page.get_by_role(
            "button", name="Нужно ваше решение: «перестал выходить на связь», Семён Тихий"
        ).click()
        await anna.page.wait_for_url(re.compile(f"/deals/{deal}$"))
        word = anna.page.get_by_role("form", name="Ждут вашего решения")
        await word.get_by_label("Комментарий").fill("Позвоните ещё раз в пятницу")
        await anna.check(locale="ru")
        await anna.shot("head is asked")
        await word.get_by_role("button", name="Не согласовать").click()
        await expect(petr.page.get_by_text("«Позвоните ещё раз в пятницу»")).to_be_visible()
        await petr.check(locale="ru")
        await petr.shot("head said no")
        await ask_head(petr.page)
        await word.get_by_role("button", name="Согласовать", exact=True).click()
        await expect(petr.page.get_by_text("Завершена: Перестал выходить на связь")).to_be_visible()
        await petr.page.goto("/notices")
        await petr.page.get_by_role("button", name=re.compile("^Согласовано: Семён Тихий")).first.click()
        await petr.page.wait_for_url(re.compile(f"/deals/{deal}$"))
