"""Does each role see exactly the pages that are its own, and is every one of them sound?"""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.browser.house import House, as_person

pytestmark = [pytest.mark.browser, pytest.mark.full, pytest.mark.timeout(900)]

PEOPLE = {"operator": "Ира", "manager": "Пётр", "marketer": "Олег", "head": "Ольга", "admin": "Анна"}
TALKING, LEADING, EVERYBODY = "operator manager head admin", "head admin", " ".join(PEOPLE)
PAGES = {
    "/inbox": TALKING, "/mine": TALKING, "/canned": TALKING, "/contacts": TALKING, "/search": TALKING,
    "/deals": EVERYBODY, "/team": EVERYBODY, "/team/schedule": EVERYBODY, "/profile": EVERYBODY, "/notices": EVERYBODY,
    "/sources": "marketer head admin", "/routing": "marketer head admin", "/routing/queues": "marketer head admin",
    "/sources/connect": "marketer admin",
    "/contacts/doubts": "operator head admin",
    "/contacts/import": LEADING, "/company": LEADING, "/start": LEADING, "/reports/calls": LEADING,
    "/demo/client": "operator admin",
}  # fmt: skip
HOMES = {
    "operator": "/inbox",
    "manager": "/mine",
    "marketer": "/sources",
    "head": "/inbox",
    "admin": "/inbox",
}
"""Reports, where a head's day should begin, are yet to come."""


@pytest.mark.parametrize("role", PEOPLE)
async def test_a_role_sees_its_own_pages_and_is_told_of_the_others(
    demo: House, chromium_browser: Browser, role: str
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of(PEOPLE[role])) as person:
        page = person.page
        person.forgive("403")
        await page.goto("/")
        await page.wait_for_url(f"**{HOMES[role]}*")
        for address, roles in PAGES.items():
            await page.goto(address)
            heading = page.get_by_role("heading").first
            if role in roles.split():
                await expect(heading).to_be_visible()
                assert page.url.removeprefix(demo.address).partition("?")[0] == address
                await person.check(locale="ru")
            else:
                await expect(page.get_by_text("У вас нет доступа к разделу")).to_be_visible()
                await expect(page.get_by_text("Доступ даёт:")).to_be_visible()
        addresses = [
            str(await link.get_attribute("href"))
            for link in await page.get_by_role("navigation", name="Разделы").get_by_role("link").all()
        ]
        assert addresses
        strangers = [one for one in addresses if one in PAGES and role not in PAGES[one].split()]
        assert strangers == [], "the navigation leads to what is not theirs"
