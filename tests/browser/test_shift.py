"""Does a whole shift hold: by keys alone, drafts that never mix, two at one dialog, a list under fire, a line that is cut?"""

from __future__ import annotations

import asyncio
import itertools
import random
import re

import pytest
from playwright.async_api import Browser, Locator, expect

from tests.browser.house import House, as_person, left, open_dialog
from tests.rig.browser import Visitor
from tests.rig.wire import wire

pytestmark = [pytest.mark.browser, pytest.mark.full, pytest.mark.timeout(600)]

CYRILLIC = dict(zip("QWERTYUIOPASDFGHJKLZXCVBNM", "йцукенгшщзфывапролдячсмить", strict=True))


async def key(of: Visitor, letter: str, *, cyrillic: bool) -> None:
    """Press a letter's key in either layout."""
    if cyrillic:
        await of.press_russian(CYRILLIC[letter], f"Key{letter}")
    else:
        await of.page.keyboard.press(letter.lower())


async def reached(demo: House, words: str, count: int) -> list[str]:
    """What began with these words reached clients, in order, once so many are there."""
    seen: list[str] = []
    for _ in range(300):
        phones = (await demo.ask("GET", "/demo"))["phones"]
        seen = sorted(
            line["text"] for phone in phones for line in phone["seen"] if line["text"].startswith(words)
        )
        if len(seen) >= count:
            break
        await asyncio.sleep(0.1)
    return seen


async def next_that_can_be_answered(of: Visitor, *, cyrillic: bool) -> Locator:
    """N, until there is something to write in; a missed call has none."""
    field = of.page.get_by_role("textbox", name=re.compile("Текст ответа"))
    seen = []
    for _ in range(15):
        was = of.page.url
        await key(of, "N", cyrillic=cyrillic)
        await expect(of.page).not_to_have_url(was)
        modes = of.page.get_by_role("group", name="Режим").or_(
            of.page.get_by_role("region", name="Что можно сделать")
        )
        await expect(modes.first).to_be_visible()
        if await field.count():
            return field
        seen.append(await of.page.get_by_role("main").get_by_role("heading").first.text_content())
    raise AssertionError(f"nobody can be answered among {seen}")


@pytest.mark.parametrize("cyrillic", [True, False], ids=["cyrillic", "latin"])
async def test_a_shift_is_worked_by_keys_alone_in_either_layout(
    demo: House, chromium_browser: Browser, cyrillic: bool
) -> None:
    words = f"Отвечаем клавишами {cyrillic}"
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        await page.goto("/inbox")
        await expect(page.get_by_role("option").first).to_be_visible()
        answered = []
        for number in range(3):
            field = await next_that_can_be_answered(ira, cyrillic=cyrillic)
            answered.append(page.url.partition("?")[0].rpartition("/")[2])
            await key(ira, "R", cyrillic=cyrillic)
            await expect(field).to_be_focused()
            await page.keyboard.insert_text(f"{words} {number}")
            was = page.url
            await page.keyboard.press("Alt+Enter")  # sent, and on to the next
            await expect(page).not_to_have_url(was)
            await page.evaluate("document.activeElement.blur()")
        assert len(set(answered)) == 3
        # what is typed is never taken for a command
        field = await next_that_can_be_answered(ira, cyrillic=cyrillic)
        await key(ira, "R", cyrillic=cyrillic)
        await expect(field).to_be_focused()
        at = page.url
        for letter in "NEHD":
            await key(ira, letter, cyrillic=cyrillic)
        await expect(field).to_have_value("".join(CYRILLIC[one] for one in "NEHD") if cyrillic else "nehd")
        assert page.url == at
        await field.fill("")
        await page.evaluate("document.activeElement.blur()")
        await key(ira, "H", cyrillic=cyrillic)
        await expect(page.get_by_role("menuitem").first).to_be_visible()
        await page.keyboard.press("Escape")
        await key(ira, "G", cyrillic=cyrillic)
        await key(ira, "D", cyrillic=cyrillic)
        await expect(page).to_have_url(re.compile("/deals"))
        await key(ira, "G", cyrillic=cyrillic)
        await key(ira, "I", cyrillic=cyrillic)
        await expect(page).to_have_url(re.compile("/inbox"))
        await page.keyboard.press("Control+k")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.keyboard.press("F1")
        await expect(page.get_by_role("dialog", name=re.compile("клавиш"))).to_be_visible()
        await page.keyboard.press("Escape")
    for number, where in enumerate(answered):
        await left(demo, where, f"{words} {number}")


async def test_drafts_stay_where_they_were_written_however_quickly_one_moves(
    demo: House, chromium_browser: Browser
) -> None:
    link = await demo.link_of("Ира")
    listed = "/conversations?view=all&order=newest"
    rows = [one for one in (await demo.ask("GET", listed))["rows"] if one["window"]["state"] == "open"][:2]
    async with as_person(chromium_browser, demo, link) as ira:
        page = ira.page
        field = page.get_by_role("textbox", name=re.compile("Текст ответа"))
        await page.goto("/inbox?view=all&order=newest")
        ends = [page.locator(f"#row-{row['id']}") for row in rows]
        for number, end in enumerate(ends):
            await end.click()
            await expect(page.get_by_role("main").get_by_role("heading").first).to_contain_text(
                rows[number]["contact"]["name"]
            )
            await field.fill(f"Черновик {number}")
        for number in range(30):
            await ends[number % 2].click()
        for number, row in enumerate(rows):
            await page.goto(f"/inbox/d/{row['id']}")
            await expect(field).to_have_value(f"Черновик {number}")
            await page.reload()
            await expect(field).to_have_value(f"Черновик {number}")
            async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as elsewhere:
                await elsewhere.page.goto(f"/inbox/d/{row['id']}")
                there = elsewhere.page.get_by_role("textbox", name=re.compile("Текст ответа"))
                await expect(there).to_have_value(f"Черновик {number}")
        await page.goto("/inbox?view=all&order=newest")
        for end in ends:
            await expect(end).to_contain_text("Черновик:")
            await end.click()
            await expect(field).to_have_value(re.compile("Черновик"))
            await field.fill("")
        await expect(ends[0]).not_to_contain_text("Черновик:")


async def test_two_at_one_dialog_see_each_other_and_nothing_goes_twice(
    demo: House, chromium_browser: Browser
) -> None:
    theirs, ours = "Ответ Иры: завтра", "Ответ Анны: сегодня"
    async with (
        as_person(chromium_browser, demo, await demo.link_of("Анна")) as anna,
        as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira,
    ):
        anna.forgive("409")
        for one in (anna, ira):
            await open_dialog(one.page, "Елена Савина", "ВКонтакте")
        header = anna.page.get_by_role("main")
        await expect(header.get_by_text("Ира", exact=False).first).to_be_visible()
        await expect(header.get_by_text(re.compile("Ира.* смотрит"))).to_be_visible()
        await anna.page.get_by_label("Текст ответа: Елена Савина").press_sequentially(ours)
        await ira.page.get_by_label("Текст ответа: Елена Савина").press_sequentially(theirs)
        await expect(header.get_by_text(re.compile("Ира.* пишет"))).to_be_visible()
        # both send in the same moment, before either can see the other's words
        await asyncio.gather(*(one.page.keyboard.press("Control+Enter") for one in (ira, anna)))
        stopped = None
        for _ in range(300):
            for one, own, other in ((anna, ours, theirs), (ira, theirs, ours)):
                if await one.page.locator(".note-box[role=alert]").count():
                    stopped = (one, own, other)
            if stopped:
                break
            await asyncio.sleep(0.1)
        assert stopped, "two answers of one moment, and nobody was told"
        one, own, other = stopped
        alert = one.page.locator(".note-box[role=alert]")
        await expect(alert).to_contain_text(other)
        await alert.get_by_role("button", name="Изменить").click()
        await expect(one.page.get_by_label("Текст ответа: Елена Савина")).to_have_value(own)
        assert await reached(demo, "Ответ ", 1) == [other]
        await one.page.get_by_label("Текст ответа: Елена Савина").fill("")
        await one.page.wait_for_timeout(1500)  # the emptied draft is kept, too
        await ira.page.close()
        await expect(header.get_by_text(re.compile("Ира.* (смотрит|пишет)"))).to_have_count(0, timeout=20_000)
    assert await reached(demo, "Ответ ", 1) == [other]


WATCH = """() => addEventListener("mousedown", (event) => {
  window.__pressed = event.target.closest("[id^=row-]")?.id ?? "";
}, true)"""


async def test_the_row_under_the_pointer_is_the_one_that_opens_while_others_arrive(
    demo: House, chromium_browser: Browser
) -> None:
    dice = random.Random(7)

    async def fire() -> None:
        clients = itertools.cycle(["maria", "igor", "svetlana", "tatiana"])
        for number in itertools.count():
            await demo.play("messenger1", next(clients), text=f"Ещё вопрос {number}")
            await asyncio.sleep(0.4)

    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        await page.evaluate(WATCH)
        await page.goto("/inbox?view=all")
        await page.evaluate(WATCH)
        await expect(page.get_by_role("option").first).to_be_visible()
        traffic = asyncio.create_task(fire())
        wrong = []
        for _ in range(200):
            boxes = [
                box for row in await page.get_by_role("option").all() if (box := await row.bounding_box())
            ]
            box = dice.choice([one for one in boxes if 120 < one["y"] < 700])
            await page.mouse.click(box["x"] + 80, box["y"] + box["height"] / 2)
            pressed = str(await page.evaluate("window.__pressed")).removeprefix("row-")
            await page.wait_for_function("(id) => !id || location.pathname.endsWith(id)", arg=pressed)
            if not pressed or not page.url.partition("?")[0].endswith(pressed):
                wrong.append((pressed, page.url))
        assert not traffic.done(), traffic
        traffic.cancel()
        await asyncio.gather(traffic, return_exceptions=True)
        assert wrong == []


async def test_a_line_that_is_cut_for_twenty_seconds_loses_and_doubles_nothing(
    demo: House, chromium_browser: Browser
) -> None:
    port = int(demo.address.rpartition(":")[2])
    with wire(port) as between:
        link = (await demo.link_of("Ира")).replace(f":{port}/", f":{between.port}/")
        through = House(f"http://127.0.0.1:{between.port}", demo.data, demo.process)
        async with as_person(chromium_browser, through, link) as ira:
            page = ira.page
            ira.forgive("ERR_|WebSocket|Failed to load")
            await open_dialog(page, "Светлана Юрьева", "Telegram")
            log = page.get_by_role("log")
            between.refuse()
            between.cut()
            await expect(page.get_by_text(re.compile("Нет связи"))).to_be_visible(timeout=20_000)
            for number in range(5):
                await demo.play("messenger1", "svetlana", text=f"Пока вас не было {number}")
            field = page.get_by_label("Текст ответа: Светлана Юрьева")
            for number in range(2):
                await field.fill(f"Без связи {number}")
                await page.keyboard.press("Control+Enter")
            await page.wait_for_timeout(8000)
            between.mend()
            await expect(page.get_by_text(re.compile("Снова на связи"))).to_be_visible(timeout=40_000)
            for number in range(5):
                await expect(log.get_by_text(f"Пока вас не было {number}")).to_have_count(1)
            for number in range(2):
                answer = log.get_by_role("article").filter(has_text=f"Без связи {number}")
                await expect(answer).to_have_count(1)
                await expect(answer).to_contain_text(
                    re.compile("отправлено|доставлено|прочитано"), timeout=30_000
                )
            texts = await log.get_by_role("article").all_text_contents()
            came = [n for one in texts for n in range(5) if f"Пока вас не было {n}" in one]
            assert came == [0, 1, 2, 3, 4]
    assert await reached(demo, "Без связи", 2) == ["Без связи 0", "Без связи 1"]
