"""Does a form on somebody else's page become a lead, by every way it can stand there, and is it answered by mail?"""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from gateway.demo.stage import places
from tests.browser.house import House, as_person, form_of, lead_of, mailbox
from tests.rig.browser import PHONE
from tests.rig.mail import MailHost

pytestmark = pytest.mark.browser

TAGS = "?utm_source=yandex&utm_medium=cpc&utm_campaign=kuhni&yclid=77"
HOSTILE = "<style>*{color:lime!important;font-size:40px} input,button{display:none!important}</style>"
PATIENT = 2.3
"""Seconds a person takes to fill in a form: whoever is faster is taken for a robot."""


@contextlib.asynccontextmanager
async def site(pages: Mapping[str, str]) -> AsyncIterator[str]:
    """A company's own site at another origin, until the block ends; its address."""

    async def page(request: web.Request) -> web.Response:
        found = pages.get(request.path)
        if found is None:
            raise web.HTTPNotFound
        head = '<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>Мебель</title></head>'
        return web.Response(text=f"{head}<body>{found}</body></html>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", page)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def utm_of(shop: House, row: dict[str, Any]) -> dict[str, str]:
    contact = await shop.ask("GET", f"/contacts/{row['contact']['id']}")
    utm: dict[str, str] = contact["attribution"]["utm"]
    return utm


async def fill(page: Page, where: Any, name: str, phone: str) -> None:
    await where.get_by_label("Как к вам обращаться").fill(name)
    await where.get_by_label("Телефон").fill(phone)
    await where.get_by_label("Я согласен").check()
    await page.wait_for_timeout(PATIENT * 1000)
    await where.get_by_role("button", name="Отправить").click()


async def test_the_script_shows_the_form_in_a_page_that_styles_everything(
    shop: House, chromium_browser: Browser
) -> None:
    pages: dict[str, str] = {}
    async with site(pages) as origin:
        form = await form_of(shop, "Скрипт", origin)
        pages["/kuhni"] = (
            f'{HOSTILE}<h1>Кухни</h1><a href="{shop.address}/f/{form["slug"]}" data-inbox-form="{form["slug"]}">Заявка</a>'
            f'<script async src="{shop.address}/f/{form["slug"]}.js"></script>'
        )
        page = await chromium_browser.new_page()
        await page.goto(f"{origin}/kuhni{TAGS}")
        await expect(page.get_by_role("button", name="Отправить")).to_be_visible()
        colour = await page.get_by_label("Телефон").evaluate("node => getComputedStyle(node).fontSize")
        assert colour == "16px"
        await fill(page, page, "Вера Скрипт", "+79161230001")
        await expect(page.get_by_role("status")).to_contain_text("Спасибо")
        await page.close()
        row, said = await lead_of(shop, "Вера Скрипт")
        assert (row["nature"], row["deal"] is not None) == ("client", True)
        assert await utm_of(shop, row) == {
            "utm_source": "yandex", "utm_medium": "cpc", "utm_campaign": "kuhni", "first_utm_source": "yandex",
            "first_utm_medium": "cpc", "first_utm_campaign": "kuhni", "first_page": f"{origin}/kuhni{TAGS}",
        }  # fmt: skip
        assert said["fields"]


@pytest.mark.full
async def test_a_frame_and_a_plain_form_work_where_scripts_are_off(
    shop: House, chromium_browser: Browser
) -> None:
    pages: dict[str, str] = {}
    async with site(pages) as origin:
        form = await form_of(shop, "Без скриптов", origin)
        address = f"{shop.address}/f/{form['slug']}"
        pages["/ramka"] = (
            f'<iframe src="{address}" title="Заявка" width="600" height="800"'
            ' referrerpolicy="no-referrer-when-downgrade"></iframe>'
        )
        pages["/prosto"] = (
            f'<meta name="referrer" content="no-referrer-when-downgrade"><form method="post" action="{address}">'
            '<input name="name" aria-label="Имя"><input name="phone" aria-label="Телефон"><button>Отправить</button></form>'
        )
        context = await chromium_browser.new_context(java_script_enabled=False)
        page = await context.new_page()
        await page.goto(f"{origin}/ramka{TAGS}")
        frame = page.frame_locator("iframe")
        await fill(page, frame, "Вера Рамка", "+79161230002")
        await expect(frame.get_by_role("heading", name="Спасибо")).to_be_visible()
        await page.goto(f"{origin}/prosto{TAGS}")
        await page.get_by_label("Имя").fill("Вера Простая")
        await page.get_by_label("Телефон").fill("8 916 123 00 03")
        await page.get_by_role("button", name="Отправить").click()
        await expect(page.get_by_role("heading", name="Спасибо")).to_be_visible()
        await context.close()
        for name in ("Вера Рамка", "Вера Простая"):
            row, _ = await lead_of(shop, name)
            assert row["nature"] == "client", name
            assert (await utm_of(shop, row))["utm_campaign"] == "kuhni", name


async def test_a_mistake_keeps_what_was_typed_and_two_clicks_are_one_lead(
    shop: House, chromium_browser: Browser
) -> None:
    form = await form_of(shop, "Страница")
    context = await chromium_browser.new_context(
        java_script_enabled=False, viewport={"width": PHONE.width, "height": PHONE.height}
    )
    page = await context.new_page()
    await page.goto(f"{shop.address}/f/{form['slug']}")
    await fill(page, page, "Вера Ошиблась", "12")
    await expect(page.get_by_role("alert")).to_contain_text("Проверьте номер телефона")
    await expect(page.get_by_label("Как к вам обращаться")).to_have_value("Вера Ошиблась")
    await page.get_by_label("Телефон").fill("+79161230004")
    await page.get_by_role("button", name="Отправить").dblclick()
    await expect(page.get_by_role("heading", name="Спасибо")).to_be_visible()
    await context.close()
    row, _ = await lead_of(shop, "Вера Ошиблась")
    said = (await shop.ask("GET", f"/conversations/{row['id']}/messages"))["items"]
    assert len([one for one in said if one["kind"] == "form"]) == 1


@pytest.mark.full
async def test_a_form_is_answered_by_mail_and_the_clients_reply_comes_to_the_same_deal(
    shop: House, chromium_browser: Browser, post_office: MailHost
) -> None:
    pages: dict[str, str] = {}
    box = {"channel": places()["mail"], "name": "Почта", "settings": mailbox(post_office, "shop@firma.test")}
    source = await shop.ask("POST", "/sources", box)
    assert (await shop.ask("POST", f"/sources/{source['id']}/connect"))["state"] == "active"
    async with site(pages) as origin:
        form = await form_of(shop, "Вопрос", origin)
        pages["/"] = f'<script async src="{shop.address}/f/{form["slug"]}.js"></script>'
        page = await chromium_browser.new_page()
        await page.goto(f"{origin}/{TAGS}")
        await page.get_by_label("Почта").fill("vera@client.test")
        await fill(page, page, "Вера Письмо", "+79161230005")
        await expect(page.get_by_role("status")).to_contain_text("Спасибо")
        await page.close()
    row, _ = await lead_of(shop, "Вера Письмо")
    link = (await shop.ask("POST", f"/members/{await me(shop)}/link"))["link"]
    async with as_person(chromium_browser, shop, link) as anna:
        await anna.page.goto(f"/inbox/d/{row['id']}")
        await anna.page.get_by_label("Текст ответа: Вера Письмо").fill(
            "Вера, добрый день! Посчитали: 90 тысяч."
        )
        await anna.page.keyboard.press("Enter")
        await anna.page.keyboard.press("Control+Enter")
        letter = await relayed(post_office, "vera@client.test")
        assert "90 тысяч" in words(letter)
        reply = (
            f"From: Vera <vera@client.test>\r\nTo: shop@firma.test\r\nSubject: Re: {letter['subject'] or ''}\r\n"
            f"Message-ID: <reply-1@client.test>\r\nIn-Reply-To: {letter['message-id']}\r\n"
            f"References: {letter['message-id']}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nБеру!\r\n"
        )
        post_office.deliver("shop@firma.test", reply.encode(), sender="vera@client.test")
        said = await reply_of(shop, row["contact"]["id"])
        assert said["deal"]["id"] == row["deal"]["id"]


def words(letter: Any) -> str:
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


async def me(shop: House) -> str:
    people = (await shop.ask("GET", "/members"))["items"]
    return str(people[0]["id"])


async def relayed(host: MailHost, to: str) -> Any:
    """The letter that left for this address."""
    for _ in range(400):
        for seen in host.relay.seen:
            if to in seen.recipients:
                return email.message_from_bytes(seen.content, policy=email.policy.default)
        await asyncio.sleep(0.05)
    raise AssertionError(f"nothing left for {to}")


async def reply_of(shop: House, contact: str) -> Any:
    """What the client wrote back, wherever it was put."""
    for _ in range(400):
        rows = (await shop.ask("GET", "/conversations?view=all&order=newest"))["rows"]
        for row in (one for one in rows if one["contact"]["id"] == contact):
            items = (await shop.ask("GET", f"/conversations/{row['id']}/messages"))["items"]
            found = next((one for one in items if one["direction"] == "in" and "Беру!" in one["text"]), None)
            if found is not None:
                return found
        await asyncio.sleep(0.05)
    raise AssertionError("the reply did not come")
