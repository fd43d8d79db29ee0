"""Where two things fit, a person sees both and chooses: a colleague's schedule, a client's deal, who is responsible."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.browser.house import House, as_person, open_dialog


@pytest.mark.full
async def test_a_schedule_two_people_edited_shows_what_differs_before_one_chooses(
    demo: House, chromium_browser: Browser
) -> None:
    people = (await demo.ask("GET", "/members"))["items"]
    petr = next(one["id"] for one in people if one["name"].startswith("Пётр"))
    before = await demo.ask("GET", f"/members/{petr}/schedule")
    kept = {name: before[name] for name in ("timezone", "week", "dated", "leave")}
    async with as_person(chromium_browser, demo, await demo.link_of("Анна")) as anna:
        page = anna.page
        anna.forgive("409")
        await page.goto(f"/team/p/{petr}")
        hours = page.locator("section", has=page.get_by_role("heading", name="График"))
        await hours.get_by_label("Первый день").fill("2027-07-05")
        await hours.get_by_role("button", name="Добавить отпуск").click()
        week = [[[600, 1140]], *before["week"][1:]]
        other = {
            **kept,
            "week": week,
            "dated": {"2027-01-02": [[540, 720]]},
            "leave": [["2027-08-01", "2027-08-10"]],
        }
        await demo.ask("PUT", f"/members/{petr}/schedule", {**other, "seen": before["version"]})
        await hours.get_by_role("button", name="Сохранить", exact=True).click()
        choice = hours.get_by_role("alert")
        await expect(choice).to_contain_text("Понедельник: 10–19")
        await expect(choice).to_contain_text("2 янв. 2027 г.: 9–12")
        await expect(choice).to_contain_text("1 авг. 2027 г.")
        await anna.shot("schedule of two")
        await choice.get_by_role("button", name="Показать новый").click()
        await expect(choice).to_have_count(0)
        await expect(hours.get_by_text("1 авг. 2027 г.", exact=False)).to_be_visible()
        now = await demo.ask("GET", f"/members/{petr}/schedule")
        assert now["leave"] == [["2027-08-01", "2027-08-10"]]
        await demo.ask("PUT", f"/members/{petr}/schedule", {**kept, "seen": now["version"]})


async def test_of_two_close_deals_one_is_chosen_beside_the_words_and_taken_back(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Анна")) as anna:
        page = anna.page
        await open_dialog(page, "Олег Крылов", "ВКонтакте")
        talk = page.url.split("/inbox/d/")[1].split("?")[0].split("#")[0]
        contact = (await demo.ask("GET", f"/conversations/{talk}"))["contact"]["id"]
        await demo.ask("POST", "/deals", {"contact_id": contact, "title": "Шкаф в прихожую"})
        await demo.play("messenger2", "oleg_k", text="Когда будет готово?")
        asked = page.locator('[data-question="close"]')
        await expect(asked).to_contain_text("О какой сделке пишет клиент?")
        await anna.shot("which deal")
        await asked.get_by_role("button", name="Шкаф в прихожую").click()
        await expect(asked).to_have_count(0)
        row = (await demo.ask("GET", f"/conversations/{talk}"))["row"]
        assert row["deal"]["title"] == "Шкаф в прихожую" and row["deal"]["pinned"]
        await page.get_by_role("button", name="Отменить").click()
        await expect(page.get_by_text("Отменено").first).to_be_visible()
        assert not (await demo.ask("GET", f"/conversations/{talk}"))["row"]["deal"]["pinned"]
        await anna.check(locale="ru")


@pytest.mark.full
async def test_the_company_says_who_wins_where_a_responsible_owns_no_deal(
    demo: House, chromium_browser: Browser
) -> None:
    async with as_person(chromium_browser, demo, await demo.link_of("Анна")) as anna:
        page = anna.page
        await page.goto("/company")
        choice = page.get_by_label("Если ответственный за контакт")
        await choice.select_option(label="Побеждает сделка: ответственным станет тот, кто её ведёт")
        section = page.locator("section", has=page.get_by_role("heading", name="Компания и рабочее время"))
        await section.get_by_role("button", name="Сохранить").click()
        await expect(page.get_by_text("Сохранено").first).to_be_visible()
        assert (await demo.ask("GET", "/company"))["mismatch"] == "deal"
        await choice.select_option(label="Спрашивать: показывать расхождение руководителю")
        await section.get_by_role("button", name="Сохранить").click()
        await expect(section.get_by_role("button", name="Сохранить")).to_be_disabled()
        assert (await demo.ask("GET", "/company"))["mismatch"] == "ask"
