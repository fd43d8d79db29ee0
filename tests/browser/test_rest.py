"""Do the rarer ways hold: a line lost under a file, leads held back, an offer by letter, a keyboard on the screen, two fingers
on a picture, and what is told to whoever does not see?"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, FilePayload, expect

from tests.browser import house
from tests.browser.house import House, as_person, form_of, left, mailbox, open_dialog
from tests.rig.browser import PHONE
from tests.rig.mail import MailHost

pytestmark = [pytest.mark.browser, pytest.mark.full, pytest.mark.timeout(600)]

PICTURE = Path(__file__).parents[2] / "console" / "public" / "icons" / "icon-512.png"
KEYBOARD = """() => {
  const place = { offsetTop: 0, offsetLeft: 0, pageTop: 0, pageLeft: 0, scale: 1 };
  const mine = Object.assign(new EventTarget(), { width: innerWidth, height: innerHeight, ...place });
  Object.defineProperty(window, "visualViewport", { value: mine });
  window.raiseKeyboard = (left) => { mine.height = left; mine.dispatchEvent(new Event("resize")); };
}"""
"""What a phone's own keyboard does to a page: it covers it, and only visualViewport says so."""


@pytest.fixture
async def own() -> AsyncIterator[House]:
    """A demonstration where nobody else lives."""
    async with house.run("demo") as made, house.unlock(made):
        await house.look_around(made)
        yield made


async def test_a_line_that_is_lost_while_a_file_goes_up_loses_nothing(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        ira.forgive("ERR_INTERNET_DISCONNECTED|ERR_FAILED|WebSocket")
        await open_dialog(page, "Елена Савина", "ВКонтакте")
        field = page.get_by_label("Текст ответа: Елена Савина")
        await field.fill("Чертёж во вложении, сверьте размеры")
        await page.route("**/api/v1/files?*", lambda route: route.abort("internetdisconnected"))
        plan: FilePayload = {"name": "чертёж.png", "mimeType": "image/png", "buffer": PICTURE.read_bytes()}
        await page.locator("main input[type=file]").set_input_files([plan])
        chips = page.get_by_role("list", name="Файлы")
        again = chips.get_by_role("button", name="Повторить")
        await expect(again).to_be_visible()
        await ira.check(locale="ru")
        await expect(field).to_have_value("Чертёж во вложении, сверьте размеры")
        await again.click()
        await expect(again).to_be_visible()  # still no line
        await page.unroute("**/api/v1/files?*")
        await again.click()
        await expect(again).to_have_count(0)
        await expect(chips).to_contain_text("чертёж.png")
        await page.keyboard.press("Control+Enter")
        await page.get_by_role("button", name=re.compile("^Отправить: ")).click()
        await left(demo, page.url.partition("?")[0].rpartition("/")[2], "Чертёж во вложении, сверьте размеры")
    seen = [line for phone in (await demo.ask("GET", "/demo"))["phones"] for line in phone["seen"]]
    assert [len(line["files"]) for line in seen if line["text"].startswith("Чертёж во вложении")] == [1]


async def test_the_banner_of_leads_held_back_follows_the_last_overdue_task(
    own: House, chromium_browser: Browser
) -> None:
    people = (await own.ask("GET", "/members"))["items"]
    me = next(one["id"] for one in people if one["name"].startswith("Пётр"))
    await own.ask("PATCH", f"/members/{me}", {"capacity": 100})
    async with as_person(chromium_browser, own, await own.link_of("Пётр"), screen=PHONE) as petr:
        page = petr.page
        await page.get_by_role("button", name=re.compile("^Доступность")).click()
        await page.get_by_role("menuitem", name="На смене", exact=True).click()
        asked = 0
        while asked < 100:  # leads that nobody else may take come all the same, and are declined
            asked += 1
            told = await (await page.request.get(f"{own.address}/api/v1/offers")).json()
            for offer in told["items"]:
                await page.request.post(
                    f"{own.address}/api/v1/offers/{offer['id']}/decline",
                    data={"reason": "busy"},
                    headers=house.HEADERS,
                )
            if not told["items"] and told["held_back"] and asked > 10:
                break
            await page.wait_for_timeout(200)
        await page.goto("/mine")
        banner = page.get_by_text(re.compile("^Новые лиды не приходят"))
        await expect(banner).to_be_visible()
        await petr.check(locale="ru")
        work = await (await page.request.get(f"{own.address}/api/v1/tasks")).json()
        for task in work["overdue"][1:]:
            await page.request.post(
                f"{own.address}/api/v1/tasks/{task['id']}/done",
                data={"result": "done"},
                headers=house.HEADERS,
            )
        boxes = page.locator("[data-row] input[type=checkbox]:not(:checked)")
        await expect(boxes).to_have_count(1)
        reason = await banner.text_content() or ""
        await boxes.first.click()
        await expect(page.get_by_text(reason, exact=True)).to_have_count(0)  # another reason, or none


async def test_an_offer_that_came_by_letter_is_taken_in_two_touches(
    shop: House, post_office: MailHost, chromium_browser: Browser
) -> None:
    settings = mailbox(post_office, "mebel@firma.example")
    box = await shop.ask("POST", "/sources", {"channel": "email", "name": "Почта", "settings": settings})
    assert (await shop.ask("POST", f"/sources/{box['id']}/connect"))["state"] == "active"
    address = post_office.welcome("petr@firma.example")
    firm = await shop.ask("GET", "/company")
    known = {one: firm[one] for one in ("name", "timezone", "hours")}
    await shop.ask("PUT", "/company", {**known, "public_url": shop.address})
    queues = (await shop.ask("GET", "/queues"))["items"]
    hired = await shop.ask(
        "POST", "/members",
        {"name": "Пётр Волков", "email": address, "roles": ["manager"], "queue_ids": [queues[0]["id"]]},
    )  # fmt: skip
    form = await form_of(shop, "Расчёт")
    async with as_person(chromium_browser, shop, hired["link"], screen=PHONE) as petr:
        page = petr.page
        way = await page.request.post(
            f"{shop.address}/api/v1/me/ways", data={"source_id": box["id"]}, headers=house.HEADERS
        )
        assert way.status == 201, await way.text()
        await page.request.post(
            f"{shop.address}/api/v1/me/presence", data={"state": "on_shift"}, headers=house.HEADERS
        )
        await page.request.post(
            f"{shop.address}/f/{form['slug']}",
            form={"name": "Зоя", "phone": "+79160004455", "message": "Нужен комод"},
        )
        offers = []
        for _ in range(200):
            offers = (await (await page.request.get(f"{shop.address}/api/v1/offers")).json())["items"]
            if offers:
                break
            await page.wait_for_timeout(100)
        assert offers, await shop.ask("GET", "/conversations?view=all&order=newest")
        link, letters = "", list[str]()
        for _ in range(300):
            letters = [_words(one) for one in post_office.letters(address)]
            found = [re.search(r"http://\S+/offer/\S+", words) for words in letters]
            if link := next((one[0] for one in found if one), ""):
                break
            await page.wait_for_timeout(100)
        assert link, f"no letter with a link came: {letters}"
        await page.goto(link)
        await petr.check(locale="ru", smallest=40)
        await petr.shot("offer-letter-light-390")
        await page.get_by_role("button", name="Взять").tap()
        await expect(page.get_by_text("Лид ваш.")).to_be_visible()
        await page.goto(link)  # the letter can be opened once more
        await expect(page.get_by_text("Лид ваш.")).to_be_visible()
        await expect(page.get_by_role("button", name="Взять")).to_have_count(0)


def _words(letter: bytes) -> str:
    body = email.message_from_bytes(letter, policy=email.policy.default).get_body(("plain", "html"))
    return str(body.get_content()) if body is not None else ""


async def test_the_keyboard_of_a_phone_covers_neither_the_field_nor_the_button(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Ира"), screen=PHONE) as ira:
        page = ira.page
        await ira.context.add_init_script(f"({KEYBOARD})()")
        await open_dialog(page, "Мария Котова", "Telegram")
        field = page.get_by_label("Текст ответа: Мария Котова")
        await field.tap()
        await page.evaluate("raiseKeyboard(420)")
        await field.fill("Пишем с телефона, клавиатура открыта")
        for one in (field, page.get_by_role("button", name=re.compile("^Отправить: "))):
            await expect(one).to_be_in_viewport()
            box = await one.bounding_box()
            assert box and box["y"] + box["height"] <= 420, (
                f"{await one.get_attribute('aria-label')} lies at {box}"
            )
        size = await field.evaluate("(field) => parseFloat(getComputedStyle(field).fontSize)")
        assert size >= 16, "a smaller one makes a phone zoom in"
        await ira.check(locale="ru")
        await ira.shot("keyboard-light-390")
        log = page.get_by_role("log")
        assert await log.evaluate("(log) => log.clientHeight") > 60
        await page.evaluate("raiseKeyboard(innerHeight)")
        full = await page.get_by_role("button", name=re.compile("^Отправить: ")).bounding_box()
        assert full and full["y"] > 420
        await field.fill("")


ORDER = """() => [...document.querySelectorAll("nav, section[aria-label], [role=log], textarea, aside")]
  .map((one) => one.getAttribute("role") || one.tagName.toLowerCase())"""
HEARD = """() => {
  window.heard = [];
  const hear = (where, kind) => new MutationObserver(() => {
    const said = where.textContent.trim();
    if (said) window.heard.push([kind, said]);
  }).observe(where, { childList: true, characterData: true, subtree: true });
  for (const one of document.querySelectorAll(".sr[aria-live]")) hear(one, one.getAttribute("aria-live"));
}"""


async def test_whoever_does_not_see_is_told_what_happens_once_and_in_order(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Ира")) as ira:
        page = ira.page
        await page.goto("/inbox?view=all&order=newest")
        await page.get_by_role("option").first.wait_for()
        await page.evaluate(HEARD)
        await open_by_row(page, "Антон Белов, Telegram")
        log = page.locator("[role=log]")
        await expect(log).to_have_attribute("aria-busy", "false")
        assert await heard(page) == [], "opening a dialog says nothing of what was said in it"
        await demo.play("messenger1", "anton", text="Слышно ли меня?")
        await expect(log.get_by_text("Слышно ли меня?")).to_be_visible()
        order = await page.evaluate(ORDER)
        assert order.index("nav") < order.index("log") < order.index("textarea")
        await expect(log).to_have_attribute("role", "log")
        assert await log.evaluate("(one) => getComputedStyle(one).display") != "none"
        await page.get_by_label(re.compile("Текст ответа")).fill("Слышно, спасибо")
        await page.keyboard.press("Control+Enter")
        await page.get_by_text(re.compile("Отправляем")).first.wait_for()
        assert not [said for kind, said in await heard(page) if kind == "assertive"]
        stops = await ira.tab_through(limit=120)
        assert stops, "nothing can be reached by Tab"


async def open_by_row(page: Any, name: str) -> None:
    await page.get_by_role("option", name=re.compile(name)).first.click()
    await expect(page.get_by_role("heading", name=name.replace(", ", " · "))).to_be_visible()


async def heard(page: Any) -> list[list[str]]:
    found: list[list[str]] = await page.evaluate("window.heard")
    return found


async def test_a_picture_is_brought_closer_by_two_fingers(demo: House, chromium_browser: Browser) -> None:
    for _ in range(2):
        await demo.play("messenger1", "maria", "photo")
    async with as_person(chromium_browser, demo, await demo.link_of("Ира"), screen=PHONE) as ira:
        page = ira.page
        await open_dialog(page, "Мария Котова", "Telegram")
        pictures = page.locator("[role=log] a.picture.photo img")
        await expect(pictures.nth(1)).to_be_visible()
        await pictures.last.tap()
        viewer = page.get_by_role("dialog")
        whole = viewer.get_by_role("button", name="Показать целиком")
        await expect(viewer.get_by_role("img")).to_be_visible()
        await expect(whole).to_have_text("100 %")
        fingers = await ira.context.new_cdp_session(page)

        async def touch(kind: str, *points: tuple[int, int]) -> None:
            where = [{"x": x, "y": y, "id": place} for place, (x, y) in enumerate(points)]
            await fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})

        await touch("touchStart", (180, 400), (210, 400))
        for apart in (30, 60, 90, 120):
            await touch("touchMove", (180 - apart, 400), (210 + apart, 400))
        await touch("touchEnd")
        await expect(whole).not_to_have_text("100 %")
        await ira.check(locale="ru")
        await ira.shot("picture-near-light-390")
        await touch("touchStart", (200, 400))
        await touch("touchMove", (120, 430))
        await touch("touchEnd")
        await expect(whole).not_to_have_text("100 %")  # one finger moves what is near
