"""Can a head say who gets which leads, see that it holds, and run a team's week, on a desk and in a hand?"""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.browser.house import House, as_person, form_of, lead_of
from tests.rig.browser import PHONE

pytestmark = pytest.mark.browser


async def invited(shop: House, name: str, *roles: str) -> tuple[str, str]:
    """A colleague and the link they come in by."""
    queues = [one["id"] for one in (await shop.ask("GET", "/queues"))["items"]]
    body = {
        "name": name, "email": f"{name.casefold()}@firma.example", "roles": list(roles), "queue_ids": queues[:1],
    }  # fmt: skip
    made = await shop.ask("POST", "/members", body)
    return made["member"]["id"], made["link"]


async def enquire(page: Page, address: str, name: str) -> None:
    """A client fills a hosted form in, no faster than a person."""
    await page.goto(address)
    await page.get_by_label("Как к вам обращаться").fill(name)
    await page.get_by_label("Телефон").fill("+7 812 700-10-20")
    await page.get_by_label("Я согласен").check()
    await page.wait_for_timeout(2300)
    await page.get_by_role("button", name="Отправить").click()


async def test_a_rule_is_drafted_checked_tried_published_obeyed_and_taken_back(
    shop: House, chromium_browser: Browser
) -> None:
    queue = (await shop.ask("GET", "/queues"))["items"][0]
    petr, link = await invited(shop, "Пётр", "manager")
    form = await form_of(shop, "Заявка с сайта")
    empty: dict[str, Any] = {"rules": [], "catch_all": queue["id"], "seen": 0}
    await shop.ask("PUT", "/routing/draft", empty)
    await shop.ask("POST", "/routing/publish", {"note": "как было"})
    own = await shop.ask(
        "POST", "/queues", {"name": "Питер", "strategy": "in_order", "members": [petr], "head_id": petr}
    )
    async with (
        as_person(chromium_browser, shop, link) as manager,
        as_person(chromium_browser, shop, await shop.link_of("Анна")) as anna,
    ):
        page = anna.page
        await page.goto("/routing")
        await expect(page.get_by_text("Правил пока нет")).to_be_visible()
        await page.keyboard.press("n")
        rule = page.get_by_role("listitem").filter(has=page.get_by_role("switch"))
        await rule.get_by_label("Название").fill("Северо-запад")
        await rule.get_by_label("Добавить условие…").select_option("region")
        await rule.get_by_label("Телефон: значения через запятую").fill("812, 813")
        await rule.get_by_role("combobox", name="Очередь").select_option(own["id"])
        await expect(page.get_by_text("Черновик сохранён")).to_be_visible()
        await rule.get_by_role("button", name="Готово").click()
        await expect(
            rule.get_by_role("button", name=re.compile("Телефон: 812 или 813 → «Питер»"))
        ).to_be_visible()

        await page.get_by_role("button", name="Добавить правило").click()
        second = rule.nth(1)
        await second.get_by_label("Добавить условие…").select_option("region")
        await second.get_by_label("Телефон: значения через запятую").fill("812")
        await expect(second.get_by_text("Никогда не сработает")).to_contain_text("Северо-запад")
        await anna.shot("rules draft")
        await anna.check(locale="ru")
        await second.get_by_role("button", name=re.compile("Телефон: 812 →")).press("Alt+ArrowUp")
        await expect(second.get_by_role("button", name=re.compile("^Северо-запад"))).to_be_visible()
        await expect(page.get_by_text("Никогда не сработает")).to_be_hidden()
        await rule.first.get_by_role("button", name=re.compile("Действия")).click()
        await page.get_by_role("menuitem", name="Убрать").click()
        await expect(rule).to_have_count(1)

        await page.get_by_label("Источник", exact=True).select_option(label="Заявка с сайта")
        await page.get_by_label("Телефон клиента").fill("8 (812) 700-10-20")
        await page.get_by_role("button", name="Проверить", exact=True).click()
        await expect(page.get_by_text("Получит: Пётр")).to_be_visible()
        await expect(page.get_by_text("Правило 1 «Северо-запад»").last).to_be_visible()
        await anna.shot("rules tried")

        async def faster(way: Route) -> None:
            """A colleague changes the draft just before this change arrives."""
            drafted = (await shop.ask("GET", "/routing"))["draft"]
            theirs = [{**one, "name": "Чужое"} for one in drafted["plan"]["rules"]]
            for one in theirs:
                del one["hits_today"]
            await shop.ask("PUT", "/routing/draft", {**empty, "rules": theirs, "seen": drafted["seen"]})
            await way.continue_()

        anna.forgive("409")
        await page.route("**/routing/draft", faster, times=1)
        await rule.get_by_role("switch").uncheck()
        await expect(page.get_by_text("Ваши правки здесь, но не сохранены")).to_be_visible()
        await page.get_by_role("button", name="Взять чужой вариант").click()
        await expect(rule.get_by_role("button", name=re.compile("^Чужое"))).to_be_visible()

        await page.get_by_role("button", name="Опубликовать").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_text("новое")).to_be_visible()
        await expect(dialog.get_by_text("За это время лидов не было.")).to_be_visible()
        await dialog.get_by_label("Заметка к версии").fill("Питерские заявки — Петру")
        await anna.shot("rules publish")
        await anna.check(locale="ru")
        await dialog.get_by_role("button", name="Опубликовать").click()
        await expect(page.get_by_text("Правила опубликованы").first).to_be_visible()

        client = await anna.context.new_page()
        await enquire(client, f"{shop.address}/f/{form['slug']}", "Нева Ольга")
        await expect(manager.page.get_by_role("button", name="Принять").first).to_be_visible()
        row, _ = await lead_of(shop, "Нева Ольга")
        records = (await shop.ask("GET", f"/deals/{row['deal']['id']}/decisions"))["items"]
        assert {one["rule"] for one in records if one["kind"] == "rules"} == {"rule"}
        await client.close()

        await page.reload()
        await expect(page.get_by_text("сегодня 1 раз")).to_be_visible()
        await page.get_by_role("button", name="История").click()
        await dialog.get_by_role("button", name="Версия 1", exact=True).click()
        await expect(dialog.get_by_text("Остальное → очередь источника")).to_be_visible()
        await anna.shot("rules history")
        await dialog.get_by_role("button", name="Вернуть версию 1").click()
        await expect(page.get_by_text("Правил пока нет")).to_be_visible()
        assert (await shop.ask("GET", "/routing"))["version"] == 3
    async with as_person(
        chromium_browser, shop, await shop.link_of("Анна"), screen=PHONE, theme="dark"
    ) as anna:
        await anna.page.goto("/routing")
        await expect(anna.page.get_by_text("Известный клиент")).to_be_visible()
        await anna.shot("rules phone")
        await anna.check(locale="ru")
        await anna.page.goto("/routing/queues")
        await expect(anna.page.get_by_role("button", name="Новая очередь")).to_be_visible()
        await anna.check(locale="ru")


@pytest.mark.full
async def test_a_team_is_invited_scheduled_stood_in_for_and_left_without_orphans(
    shop: House, chromium_browser: Browser
) -> None:
    await invited(shop, "Олег", "manager")
    async with as_person(chromium_browser, shop, await shop.link_of("Анна")) as anna:
        page = anna.page
        await page.goto("/team")
        await page.get_by_role("button", name="Пригласить").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Имя").fill("Вера")
        await dialog.get_by_label("Почта").fill("vera@firma.example")
        await dialog.get_by_label("менеджер", exact=False).check()
        await dialog.get_by_role("button", name="Создать ссылку").click()
        await dialog.get_by_role("button", name="Готово").click()
        await expect(page.get_by_role("row", name=re.compile("Вера.*приглашение"))).to_be_visible()
        await anna.shot("team people")

        await page.get_by_role("link", name="График").click()
        row = page.get_by_role("row", name=re.compile("^Вера"))
        await row.get_by_role("gridcell").first.click()
        await page.keyboard.type("9-13 14-18")
        await page.keyboard.press("Enter")
        await expect(row.get_by_role("gridcell").first).to_have_text("9–13, 14–18")
        await page.keyboard.press("ArrowUp")
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("Delete")
        await expect(row.get_by_role("gridcell").nth(1)).to_have_text("—")
        await page.keyboard.type("22-6")
        await page.keyboard.press("Tab")
        await expect(row.get_by_role("gridcell").nth(1)).to_have_text("22–6")
        await anna.shot("team week")
        await anna.check(locale="ru")
        await page.get_by_role("button", name="Неделя позже").click()
        await expect(row.get_by_role("gridcell").first).not_to_have_text("9–13, 14–18")
        await page.get_by_role("button", name="Копировать прошлую").click()
        await expect(row.get_by_role("gridcell").first).to_have_text("9–13, 14–18")

        await page.get_by_role("link", name="Люди").click()
        await page.get_by_role("link", name="Вера").click()
        await page.get_by_label("Первый день").fill("2027-07-05")
        await page.get_by_label("Последний день", exact=True).fill("2027-07-18")
        await page.get_by_role("button", name="Добавить отпуск").click()
        hours = page.locator("section", has=page.get_by_role("heading", name="График"))
        await hours.get_by_role("button", name="Сохранить").click()
        await expect(page.get_by_text("Сохранено").first).to_be_visible()
        vera = page.url.rsplit("/", 1)[1]
        kept = await shop.ask("GET", f"/members/{vera}/schedule")
        assert kept["leave"] == [["2027-07-05", "2027-07-18"]] and len(kept["dated"]) == 4
        await anna.shot("team person")
        await anna.check(locale="ru")

        queue = (await shop.ask("GET", "/queues"))["items"][0]
        await shop.ask("PATCH", f"/queues/{queue['id']}", {"head_id": vera})
        await page.get_by_label("Кому", exact=True).select_option(label="Олег")
        await page.get_by_label("По какой день").fill("2027-07-18")
        await page.get_by_role("button", name="Передать на время").click()
        await page.get_by_role("button", name="Вернуть сейчас").click()
        await expect(page.get_by_role("button", name="Передать насовсем")).to_be_visible()

        await page.get_by_role("button", name="Отключить доступ").click()
        await expect(dialog.get_by_text("РОП в 1 очереди")).to_be_visible()
        await expect(dialog.get_by_role("button", name="Отключить доступ")).to_be_disabled()
        await dialog.get_by_label("Кому передать").select_option(label="Олег")
        await dialog.get_by_role("button", name="Отключить доступ").click()
        await expect(page.get_by_role("button", name="Вернуть доступ")).to_be_visible()
        left = (await shop.ask("GET", "/queues"))["items"][0]
        assert left["head"]["name"] == "Олег" and vera not in [one["id"] for one in left["members"]]

        await page.goto("/team/teams")
        await page.get_by_role("button", name="Новая команда").first.click()
        await dialog.get_by_label("Название").fill("Розница")
        await dialog.get_by_label("РОП", exact=True).select_option(label="Анна")
        await dialog.get_by_role("button", name="Сохранить").click()
        await expect(page.get_by_text("РОП: Анна")).to_be_visible()
        await page.goto("/team/ledger")
        await expect(page.get_by_text(re.compile("Лидов \\d+: у менеджеров"))).to_be_visible()
        await anna.shot("team ledger")
    async with as_person(
        chromium_browser, shop, await shop.link_of("Анна"), screen=PHONE, theme="dark"
    ) as anna:
        for part, seen in (("", "Олег"), ("/schedule", "Покрытие"), ("/ledger", "Кому достались лиды")):
            await anna.page.goto(f"/team{part}")
            await expect(anna.page.get_by_text(seen).first).to_be_visible()
            await anna.shot(f"team phone{part.replace('/', ' ')}")
            await anna.check(locale="ru")
