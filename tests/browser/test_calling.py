"""Does a call reach the one who should take it, and is nobody left waiting who was missed?"""

from __future__ import annotations

import asyncio
import re
import time
from urllib.parse import urlencode

import pytest
from playwright.async_api import Browser, expect

from tests.browser.house import House, as_person
from tests.channels.telephony.test_guessing import EVERY
from tests.rig.browser import PHONE

pytestmark = pytest.mark.browser
AGO = 20
"""Seconds that a call has been ringing when we look: long enough not to be a slip."""


async def test_a_call_rings_is_taken_by_another_is_missed_and_called_back(
    demo: House, chromium_browser: Browser
) -> None:
    """ring → card → answered by another → missed → task → call back → the call on the timeline → the report."""
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        ira.forgive("409")  # asked first, when it is night
        ring = page.get_by_role("region", name=re.compile("Звонит клиент"))
        await demo.play("phone", "igor", "call_rings", member="102", seconds_ago=AGO)
        await expect(ring).to_be_visible()
        await expect(ring).to_contain_text("+7 (916) 000-22-33")
        await ira.shot("call rings")
        await ira.check(locale="ru")
        await demo.play("phone", "igor", "call_taken", member="101")
        await expect(ring).to_have_count(0)
        await demo.play("phone", "igor", "call_ends")

        await asyncio.sleep(1.1)  # exchanges tell whole seconds: this call ends after that talk began
        await demo.play("phone", "igor", "call_rings", member="102", seconds_ago=AGO)
        await expect(ring).to_be_visible()
        await demo.play("phone", "igor", "call_ends")
        missed = page.get_by_role("region", name=re.compile("Пропущенный звонок"))
        await expect(missed).to_be_visible()
        await missed.get_by_role("button", name="Открыть").click()
        log = page.get_by_role("log")
        await expect(log.get_by_role("article", name=re.compile("Пропущенный звонок")).last).to_be_visible()
        panel = page.get_by_role("complementary")
        await expect(panel.get_by_text(re.compile(r"Перезвонить: (Игорь|\+7 \(916\))")).first).to_be_visible()
        await ira.shot("call missed")
        await ira.check(locale="ru")

        await missed.get_by_role("button", name="Перезвонить").click()
        placed = page.get_by_text(re.compile("Сейчас зазвонит ваш телефон")).first
        again = missed.get_by_role("button", name="Всё равно позвонить")
        await expect(again.or_(placed).first).to_be_visible()
        if await again.count():
            await again.click()
        await expect(placed).to_be_visible()
        outgoing = log.get_by_role("article", name=re.compile("Исходящий звонок")).last
        await expect(outgoing).to_be_visible()
        await outgoing.get_by_role("button", name="Дозвонился", exact=True).click()
        await expect(outgoing.get_by_text("отмечено: дозвонился")).to_be_visible()
        row = log.get_by_role("article", name=re.compile("Пропущенный звонок")).last
        await expect(row.get_by_text(re.compile("перезвонили"))).to_be_visible()
        await expect(panel.get_by_text(re.compile("(поговорили|дозвонились), ")).first).to_be_visible()
        await ira.shot("call back done")

    async with as_person(chromium_browser, demo, await demo.link_of("Ольга")) as olga:
        await olga.page.goto("/reports/calls")
        people = olga.page.get_by_role("region", name="По сотрудникам")
        row = people.get_by_role("row", name=re.compile("Ира"))
        await expect(row).to_be_visible()
        assert int(await row.get_by_role("cell").nth(3).inner_text()) >= 1, "her call back is counted"
        await olga.shot("calls report")
        await olga.check(locale="ru")
    link = await demo.link_of("Ольга")
    async with as_person(chromium_browser, demo, link, screen=PHONE, theme="dark") as olga:
        await olga.page.goto("/reports/calls")
        await expect(olga.page.get_by_role("region", name="По сотрудникам")).to_be_visible()
        await olga.shot("calls report phone")
        await olga.check(locale="ru")


async def test_a_recording_is_played_sought_and_heard_faster(demo: House, chromium_browser: Browser) -> None:
    await demo.play("phone", "svetlana", "call_answered", member="101")
    link = await demo.link_of("Ира")
    async with as_person(chromium_browser, demo, link, screen=PHONE, theme="dark") as ira:
        page = ira.page
        rows = (await demo.ask("GET", "/conversations?view=all&order=newest"))["rows"]
        of_phone = [row for row in rows if row["source"]["id"] == demo.sources["phone"]]
        ref = next(
            row["id"] for row in of_phone if row["contact"]["name"] in ("+79160005566", "Светлана Юрьева")
        )
        await page.goto(f"/inbox/d/{ref}")
        player = page.get_by_role("group", name="Запись звонка").last
        await expect(player).to_be_visible()
        await player.get_by_role("button", name=re.compile("Скорость")).click()
        await expect(player.get_by_role("button", name=re.compile("1.25"))).to_be_visible()
        await player.get_by_role("button", name="Слушать запись").click()
        await expect(player.get_by_text(re.compile("/ 0:03"))).to_be_visible()
        await player.get_by_role("slider").fill("2")
        await expect(player.get_by_text(re.compile("0:0[23] /"))).to_be_visible()
        await ira.shot("call recording phone")
        await ira.check(locale="ru")


@pytest.mark.full
async def test_an_unknown_system_is_taught_by_three_calls(demo: House, chromium_browser: Browser) -> None:
    """The wizard of an unknown telephone system, with a fake one that tells of each call."""
    body = {"channel": "telephony", "name": "Наша АТС", "settings": {"provider": "generic"}}
    made = await demo.ask("POST", "/sources", body)
    await demo.ask("POST", f"/sources/{made['id']}/connect")
    hook = (
        "/" + made["hook_url"].partition("://")[2].partition("/")[2]
        if "://" in made["hook_url"]
        else made["hook_url"]
    )
    async with as_person(chromium_browser, demo, await demo.link_of("Анна")) as anna:
        page = anna.page
        await page.goto(f"/sources/{made['id']}")
        await page.get_by_role("link", name="Научить по звонкам").click()
        await page.get_by_label("Телефон, с которого или на который звоните").fill("8 916 123-45-67")
        await anna.shot("learn begin")
        for place, course in enumerate(("answered", "missed", "outgoing")):
            card = (
                page.get_by_role("listitem")
                .filter(has_text=("Ответьте", "Не отвечайте", "Позвоните сами")[place])
                .first
            )
            await card.get_by_role("button", name="Начать").click()
            for request in EVERY["telphin", course].requests:
                form = {**request["form"], "EventTime": str(int(time.time() * 1_000_000))}
                assert demo.keys is not None
                told = await demo.keys.post(
                    hook, data=urlencode(form), headers={"Content-Type": "application/x-www-form-urlencoded"}
                )
                assert told.ok
            await expect(card.get_by_text(re.compile("Приш"))).to_be_visible()
            await card.get_by_role("button", name="Звонок закончен").click()
            await asyncio.sleep(0)
        await expect(page.get_by_text(re.compile(r"исходящий · \+7 \(916\) 123-45-67"))).to_be_visible()
        await expect(page.get_by_text(re.compile("входящий .* пропущен"))).to_be_visible()
        await anna.shot("learn done")
        await anna.check(locale="ru")
        await page.get_by_role("button", name="Включить").click()
        await expect(page.get_by_text("Включено: звонки читаются так").first).to_be_visible()
        await expect(page.get_by_text(re.compile("Опубликована версия 1"))).to_be_visible()
    link = await demo.link_of("Анна")
    async with as_person(chromium_browser, demo, link, screen=PHONE, theme="dark") as anna:
        await anna.page.goto(f"/sources/{made['id']}/learn")
        await expect(anna.page.get_by_text(re.compile("входящий .* пропущен"))).to_be_visible()
        await anna.shot("learn phone")
        await anna.check(locale="ru")
