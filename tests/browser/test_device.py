"""Does a browser hear of things though no page is open, is that plain to see, and does a press lead where it belongs?"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from playwright.async_api import Browser, CDPSession, Page, expect

from tests.browser.house import House, as_person
from tests.rig.browser import PHONE, visit
from tests.rig.pushservice import Browser as Subscribed

pytestmark = pytest.mark.browser

SERVICE = """([endpoint, p256dh, auth]) => {
  const plain = (key) => atob(key.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = (key) => Uint8Array.from(plain(key), (one) => one.charCodeAt(0)).buffer;
  const made = (key) => ({
    options: { applicationServerKey: bytes(key) }, toJSON: () => ({ endpoint, keys: { p256dh, auth } }),
    unsubscribe: async () => (localStorage.removeItem("made"), true),
  });
  PushManager.prototype.getSubscription = async () => (localStorage.made ? made(localStorage.made) : null);
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    localStorage.made = btoa(String.fromCharCode(...applicationServerKey)).replaceAll("+", "-").replaceAll("/", "_");
    return made(localStorage.made);
  };
}"""
"""The browser's push service, which is on the internet. Everything else is the browser's own."""


SHOWN = """async () => {
  const shown = await (await navigator.serviceWorker.ready).getNotifications();
  return shown.length && shown.map((one) => [one.title, one.body, one.tag, one.data.url, ...one.actions.map((act) => act.title)]);
}"""


def here(page: Page) -> Any:
    return page.get_by_role("switch", name="Уведомления на этом устройстве")


async def deliver(tools: CDPSession, home: str, said: dict[str, Any]) -> None:
    """What a push service hands the browser."""
    workers: list[dict[str, Any]] = []
    tools.on("ServiceWorker.workerRegistrationUpdated", lambda event: workers.extend(event["registrations"]))
    await tools.send("ServiceWorker.enable")
    while not workers:
        await asyncio.sleep(0.05)
    await tools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": home, "registrationId": workers[-1]["registrationId"], "data": json.dumps(said)},
    )


@pytest.mark.full
async def test_notices_are_switched_on_shown_and_switched_off(demo: House, chromium_browser: Browser) -> None:
    subscribed = Subscribed("https://push.invalid/one", "")
    keys = subscribed.json()
    async with visit(chromium_browser, demo.address, screen=PHONE, keeps=True) as petr:
        page = petr.page
        await petr.context.grant_permissions(["notifications"])
        await petr.context.add_init_script(
            f"({SERVICE})({json.dumps([keys['endpoint'], keys['p256dh'], keys['auth']])})"
        )
        await page.goto(await demo.link_of("Пётр"))
        await page.wait_for_url(re.compile("/(mine|inbox)"))
        await page.wait_for_function("navigator.serviceWorker.ready.then(() => true)")
        await page.goto("/profile#notify")
        await expect(here(page)).not_to_be_checked()
        await here(page).check()
        await expect(here(page)).to_be_checked()
        await expect(page.get_by_role("columnheader", name="Устройства")).to_be_visible()
        await expect(page.get_by_role("checkbox", name="Меня упомянули: Устройства")).to_be_checked()
        await petr.check(locale="ru")
        await petr.shot("device-on-light-390")

        tools = await petr.context.new_cdp_session(page)
        said = {
            "title": "Новый лид №7",
            "body": "Ответьте в течение 2 мин.",
            "url": "/offer/7",
            "offer": "7",
            "take": "Взять",
        }
        await page.goto("about:blank")  # a page that is looked at says it itself
        await deliver(tools, demo.address, {**said, "tag": "offer-7"})
        await page.goto("/profile")
        told = await page.wait_for_function(SHOWN)
        lead = ["Новый лид №7", said["body"], "/offer/7", "/offer/7", "Взять"]
        assert [one for one in await told.json_value() if one[2] == "/offer/7"] == [lead]
        await page.goto("/profile#notify")
        await here(page).uncheck()
        await expect(here(page)).not_to_be_checked()
        await expect(page.get_by_role("columnheader", name="Устройства")).to_have_count(0)


@pytest.mark.full
async def test_what_stands_in_the_way_is_said_with_what_to_do(demo: House, chromium_browser: Browser) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Пётр"), screen=PHONE) as petr:
        page = petr.page
        await petr.context.add_init_script("delete window.PushManager")
        await page.goto("/profile#notify")
        await expect(here(page)).to_be_disabled()
        await expect(page.get_by_text("не умеет показывать уведомления закрытой страницы")).to_be_visible()
        await petr.context.add_init_script(
            "Object.defineProperty(navigator, 'userAgent', { value: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)' })"
        )
        await page.reload()
        await expect(page.get_by_text("Сначала добавьте страницу на экран «Домой»")).to_be_visible()
        await petr.check(locale="ru")
