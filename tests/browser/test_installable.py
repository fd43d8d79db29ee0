"""Can the console be put on a phone's screen, and does it open there without a network?"""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.browser.house import House
from tests.rig.browser import PHONE, visit

pytestmark = pytest.mark.browser
KEPT = """async () => {
  await navigator.serviceWorker.ready;
  const kept = [];
  for (const name of await caches.keys()) {
    for (const one of await (await caches.open(name)).keys()) kept.push(new URL(one.url).pathname);
  }
  return kept;
}"""


async def test_it_is_installable_and_opens_without_a_network(demo: House, chromium_browser: Browser) -> None:
    async with visit(chromium_browser, demo.address, screen=PHONE, keeps=True) as ira:
        page = ira.page
        ira.forgive("ERR_INTERNET_DISCONNECTED|ERR_FAILED|WebSocket")
        await page.goto(await demo.link_of("Ира"))
        await page.wait_for_url(re.compile("/inbox"))
        kept: list[str] = await page.evaluate(KEPT)
        assert "/" in kept and any(one.startswith("/assets/ContactsPage") for one in kept)
        assert not [one for one in kept if one.startswith(("/api/", "/f/", "/hooks/"))]
        session = await ira.context.new_cdp_session(page)
        assert (await session.send("Page.getAppManifest"))["errors"] == []
        errors = (await session.send("Page.getInstallabilityErrors"))["installabilityErrors"]
        assert [one["errorId"] for one in errors if one["errorId"] != "in-incognito"] == []
        await page.reload()
        await expect(page.get_by_role("option").first).to_be_visible()
        await page.wait_for_function("navigator.serviceWorker.controller !== null")

        await ira.context.set_offline(True)
        await page.reload()
        await expect(page.get_by_role("heading", name="Нет связи с сервером")).to_be_visible()
        await expect(page.get_by_text("Последний раз связь была")).to_be_visible()
        assert await page.get_by_role("option").count() == 0
        await ira.check(locale="ru")
        await ira.shot("offline-light-390")
        assert await page.evaluate("fetch('/api/v1/session').then(() => 'kept', () => 'gone')") == "gone"

        await ira.context.set_offline(False)
        await expect(page.get_by_role("option").first).to_be_visible()
        await expect(page).to_have_url(re.compile("/inbox"))
