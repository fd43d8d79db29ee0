"""What becomes of a form's submission: quarantined, let out, counted, attached, sent from any surface."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson
import pytest
from sqlalchemy import text

from gateway import clock, quarantine, retention
from routing.times import DAY, HOUR, MINUTE
from storage import designs
from storage import quarantine as stored
from storage.forgetting import EXPIRED
from storage.transaction import Transaction
from tests.gateway.town import IGOR, MARIA, Town, open_town, until

SITE = "https://mebel.example"
BROWSER = {"Origin": SITE, "Referer": f"{SITE}/kuhni", "Accept": "text/html,*/*"}


@pytest.fixture
async def town(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """A gateway with a form connected."""
    async with open_town(database_url, tmp_path) as opened:
        source_id = await opened.connect("form")
        site = opened.fakes["form"].settings()["allowed_origins"]
        await opened.gateway.sources.change(source_id, settings={"allowed_origins": f"{SITE} {site}"})
        yield opened


async def post(
    town: Town,
    values: dict[str, str],
    headers: dict[str, str] | None = None,
    *,
    json: bool = False,
    page: bool = True,
) -> tuple[int, str, dict[str, str]]:
    """Post to the hosted page's address, or to the hook; (status, body, headers)."""
    live = town.gateway.sources.get(town.sources["form"])
    assert live is not None
    url = f"{town.address}/f/{live.row.slug}" if page else town.hook(town.sources["form"])
    body = orjson.dumps(values) if json else urlencode(values).encode()
    kind = "application/json" if json else "application/x-www-form-urlencoded"
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            url, data=body, headers={"Content-Type": kind, **(headers or {})}, allow_redirects=False
        ) as got,
    ):
        return got.status, await got.text(), dict(got.headers)


async def said(town: Town) -> list[Any]:
    await town.opened()
    return await town.rows("SELECT nature, deal_id, text FROM message WHERE kind = 'form' ORDER BY at, id")


async def test_what_looks_like_a_robot_is_kept_out_of_sight_and_out_of_the_figures(town: Town) -> None:
    status, _, _ = await post(
        town, {"phone": "+79161112233", "message": "Купите", "_gotcha": "да"}, BROWSER, page=False
    )
    assert status == 303
    ((nature, deal, _),) = await said(town)
    assert (nature, deal) == ("spam", None)
    assert await town.one("SELECT nature FROM conversation") == "spam"
    assert await town.one("SELECT count(*) FROM deal") == 0
    assert await town.one("SELECT count(*) FROM touch") == 0


async def release(town: Town) -> int:
    ids = [row.id for row in await town.rows("SELECT id FROM message WHERE nature = 'spam'")]
    return await quarantine.release(town.gateway, ids, town.admin)


async def test_let_out_it_is_a_lead_as_if_it_had_come_just_now_and_only_once(town: Town) -> None:
    await post(town, {"phone": "+79161112233", "message": "Нужна кухня", "_gotcha": "да"}, BROWSER)
    await town.opened()
    assert await release(town) == 1
    await town.opened()
    ((nature, deal, words),) = await said(town)
    assert (nature, words) == ("client", "Нужна кухня")
    assert deal == await town.one("SELECT id FROM deal")
    assert tuple((await town.rows("SELECT nature, state FROM conversation"))[0]) == ("client", "open")
    assert await town.one("SELECT count(*) FROM touch") == 1
    assert await release(town) == 0
    account = await town.account("form")
    assert account["received"] == account["opened"] == 2


async def test_spam_once_does_not_make_the_next_enquiry_spam(town: Town) -> None:
    await post(town, {"phone": "+79161112233", "message": "Купите", "_gotcha": "да"}, BROWSER)
    await town.opened()
    await post(town, {"phone": "+79161112233", "message": "Нужен шкаф в прихожую"}, BROWSER)
    assert [row.nature for row in await said(town)] == ["spam", "client"]
    assert await town.one("SELECT nature FROM conversation") == "client"


async def test_the_fourth_submission_of_one_person_in_ten_minutes_waits_in_quarantine(town: Town) -> None:
    for number in range(4):
        await post(town, {"phone": "+79161112233", "message": f"Вопрос {number}"}, BROWSER)
    rows = await said(town)
    assert sorted(row.nature for row in rows) == ["client", "client", "client", "spam"]
    doubts = await town.one("SELECT content FROM message WHERE nature = 'spam'")
    assert "pace_person" in doubts


async def test_a_service_that_sends_everybodys_words_from_one_address_is_not_too_often(town: Town) -> None:
    for number in range(8):
        values = {"Name": "Ольга", "Phone": f"+7916222334{number}", "tranid": f"100:{number}00001"}
        status, _, _ = await post(town, values, page=False)
        assert status == 200
    assert {row.nature for row in await said(town)} == {"client"}


async def test_a_mark_that_only_the_gateway_sets_cannot_be_brought_along(town: Town) -> None:
    live = town.gateway.sources.get(town.sources["form"])
    assert live is not None
    await post(
        town,
        {"phone": "+79161112233", "_gotcha": "да"},
        {**BROWSER, "x-marks": "released", "marks": "released"},
    )
    assert [row.nature for row in await said(town)] == ["spam"]
    headers = orjson.loads(await town.one("SELECT headers FROM envelope"))
    assert headers[":address"] == "127.0.0.1"
    assert ":marks" not in headers


async def test_a_repeat_enquiry_is_a_touch_and_by_choice_a_lead_of_its_own(town: Town) -> None:
    await town.say("form", "Нужна кухня", MARIA, doing="form")
    await town.opened()
    await town.say("form", "И ещё шкаф", MARIA, doing="form")
    await town.opened()
    assert await town.one("SELECT count(*) FROM deal") == 1
    assert await town.one("SELECT count(*) FROM touch") == 2
    await town.gateway.sources.change(town.sources["form"], on_open_deal="new_lead")
    await town.say("form", "И стол", MARIA, doing="form")
    await town.opened()
    assert await town.one("SELECT count(*) FROM deal") == 2
    assert [bool(row.first) for row in await town.rows("SELECT first FROM touch ORDER BY at, id")] == [
        True, False, False,
    ]  # fmt: skip


async def test_two_people_at_one_shared_address_stay_two(town: Town) -> None:
    """rules.md, section 0: a shared identity alone identifies nobody."""
    await post(town, {"email": "info@firma.example", "name": "Ольга Ким", "message": "Счёт"}, BROWSER)
    await town.opened()

    def share(tx: Transaction) -> None:
        tx.connection.execute(text("UPDATE identity SET shared = 1 WHERE value = 'info@firma.example'"))

    await town.gateway.database.write(share)
    await post(town, {"email": "info@firma.example", "name": "Пётр Лось", "message": "Доставка"}, BROWSER)
    await post(town, {"email": "info@firma.example", "name": "ольга ким", "message": "Где счёт?"}, BROWSER)
    await said(town)
    names = [row.name for row in await town.rows("SELECT name FROM contact ORDER BY name")]
    assert names == ["Ольга Ким", "Пётр Лось"]


async def test_a_published_version_reaches_the_public_and_an_older_one_comes_back(town: Town) -> None:
    source = town.sources["form"]
    live = town.gateway.sources.get(source)
    assert live is not None
    first = live.row.settings["form"]
    form = {"title": "Замер", "fields": [{"name": "phone", "kind": "phone", "required": True}]}
    number = await town.gateway.database.write(
        designs.publish, source, "form", orjson.dumps(form).decode(), town.admin
    )
    assert number == 2
    await town.gateway.sources.look()
    assert "Замер" in await page(town)
    await town.gateway.database.write(designs.publish, source, "form", first, town.admin, restored_from=1)
    await town.gateway.sources.look()
    assert "Замер" not in await page(town)
    rows = await town.gateway.database.read(designs.versions, source)
    assert [(row.number, row.restored_from) for row in rows] == [(3, 1), (2, None), (1, None)]


async def page(town: Town) -> str:
    live = town.gateway.sources.get(town.sources["form"])
    assert live is not None
    url = f"{town.address}/f/{live.row.slug}"
    async with aiohttp.ClientSession() as session, session.get(url) as got:
        assert got.status == 200
        return await got.text()


async def test_an_answer_to_a_form_goes_by_mail_on_the_same_deal(town: Town) -> None:
    await town.connect("mail")
    await town.say("form", "Сколько стоит?", IGOR, doing="form")
    await town.opened()
    message = await town.reply("Игорь, от 90 тысяч")
    assert await town.state(message, "sent", "failed", "unknown") == "sent"
    deals = await town.rows("SELECT DISTINCT deal_id FROM message WHERE kind <> 'system'")
    assert len(deals) == 1


async def test_a_page_is_asked_whether_it_may_post_and_told_for_its_own_origin_only(town: Town) -> None:
    live = town.gateway.sources.get(town.sources["form"])
    assert live is not None
    url = f"{town.address}/f/{live.row.slug}"
    async with aiohttp.ClientSession() as session:
        for origin, told in ((SITE, SITE), ("https://chuzhoy.example", None)):
            async with session.options(url, headers={"Origin": origin}) as got:
                assert got.headers.get("Access-Control-Allow-Origin") == told
                assert "Access-Control-Allow-Credentials" not in got.headers


async def test_nothing_waits_for_a_worker_that_is_slow(town: Town) -> None:
    """F2: the raw request is kept, then answered; what it means is found out later."""
    status, body, _ = await post(town, {"phone": "нет такого"}, {"Accept": "application/json"}, json=True)
    assert (status, orjson.loads(body)["ok"]) == (200, True)

    async def kept() -> bool:
        return bool(await town.one("SELECT count(*) FROM envelope") == 1)

    await until(kept)


ASKS = {
    "title": "Расчёт",
    "fields": [
        {"name": "name", "role": "name"},
        {"name": "phone", "kind": "phone"},
        {"name": "email", "kind": "email"},
        {"name": "sum", "kind": "number", "to": "deal.amount"},
        {"name": "what", "to": "deal.requirements"},
        {"name": "segment", "to": "contact.segment"},
        {"name": "agree", "kind": "consent", "text": "Согласен", "version": "2026-02", "required": True},
    ],
    "confirmation": {"subject": "Мы получили заявку", "text": "Спасибо! Ответим сегодня."},
}


async def publish(town: Town, form: dict[str, Any]) -> None:
    content = orjson.dumps(form).decode()
    await town.gateway.database.write(designs.publish, town.sources["form"], "form", content, town.admin)
    await town.gateway.sources.look()


async def test_answers_fill_the_lead_and_what_is_empty_on_the_card(town: Town) -> None:
    await publish(town, ASKS)
    first = {
        "phone": "+79161112233",
        "sum": "1 290,50",
        "what": "Кухня",
        "segment": "опт",
        "agree": "2026-02",
    }
    await post(town, first, {**BROWSER, "User-Agent": "Tester"})
    await town.opened()
    deal = (await town.rows("SELECT amount, fields FROM deal"))[0]
    assert (deal.amount, orjson.loads(deal.fields)) == (129050, {"requirements": "Кухня"})
    assert orjson.loads(await town.one("SELECT fields FROM contact")) == {"segment": "опт"}
    consent = (await town.rows("SELECT text, version, proof FROM consent"))[0]
    proof = orjson.loads(consent.proof)
    assert (consent.text, consent.version) == ("Согласен", "2026-02")
    assert (proof["address"], proof["agent"], proof["origin"]) == ("127.0.0.1", "Tester", SITE)
    await post(town, {**first, "segment": "розница", "what": "Шкаф"}, BROWSER)
    await town.opened()
    assert orjson.loads(await town.one("SELECT fields FROM contact")) == {"segment": "опт"}


async def test_a_letter_thanks_once_a_day_with_nothing_that_was_typed(town: Town) -> None:
    await town.connect("mail")
    await publish(town, ASKS)
    for number in range(2):
        values = {"email": "vera@primer.ru", "name": "Вера\r\nBcc: all@primer.ru", "what": f"Купите {number}"}
        await post(town, values, BROWSER)
        await town.opened()

    async def sent() -> bool:
        return bool(town.fakes["mail"].arrived)

    await until(sent)
    (letter,) = town.fakes["mail"].arrived
    assert "Спасибо! Ответим сегодня." in letter.text
    assert "Купите" not in letter.text
    assert "Bcc" not in str(letter.raw)
    row = (await town.rows("SELECT author_kind, purpose, deal_id FROM message WHERE direction = 'out'"))[0]
    assert (row.author_kind, row.purpose) == ("robot", "service")
    assert row.deal_id == await town.one("SELECT id FROM deal")
    assert await town.one("SELECT count(*) FROM conversation WHERE waiting_since IS NOT NULL") == 1


async def test_one_address_gets_two_letters_in_three_hours_from_all_sources_together(town: Town) -> None:
    """E23: whoever fills in form after form for a stranger fills no mailbox."""
    await town.connect("mail")
    await publish(town, ASKS)
    others = [await town.connect(one) for one in ("messenger1", "messenger2")]

    def thanked(tx: Transaction) -> None:
        for other in others:
            statement = text(
                "INSERT INTO confirmation (source_id, address, at) VALUES (:id, 'vera@primer.ru', :now)"
            )
            tx.connection.execute(statement, {"id": other, "now": tx.now})

    await town.gateway.database.write(thanked)
    await post(town, {"email": "vera@primer.ru", "name": "Вера", "what": "Кухня"}, BROWSER)
    await post(town, {"email": "noreply@primer.ru", "name": "Вера", "what": "Шкаф"}, BROWSER)
    await town.opened()
    assert await town.one("SELECT count(*) FROM message WHERE direction = 'out'") == 0
    assert await town.one("SELECT count(*) FROM message WHERE kind = 'form'") == 2


@pytest.mark.parametrize(("before", "thanked"), [(59, 1), (60, 0)])
async def test_a_form_thanks_sixty_people_an_hour(town: Town, before: int, thanked: int) -> None:
    """F12: whoever has a list of strangers' addresses makes us no sender of spam."""
    await town.connect("mail")
    await publish(town, ASKS)

    def others(tx: Transaction) -> None:
        rows = [
            {"id": town.sources["form"], "address": f"{number}@primer.ru", "at": tx.now - MINUTE}
            for number in range(before)
        ]
        old = {"id": town.sources["form"], "address": "old@primer.ru", "at": tx.now - HOUR - MINUTE}
        statement = text("INSERT INTO confirmation (source_id, address, at) VALUES (:id, :address, :at)")
        tx.connection.execute(statement, [*rows, old])

    await town.gateway.database.write(others)
    await post(town, {"email": "vera@primer.ru", "name": "Вера", "what": "Кухня"}, BROWSER)
    await town.opened()
    assert await town.one("SELECT count(*) FROM message WHERE direction = 'out'") == thanked
    assert await town.one("SELECT count(*) FROM message WHERE kind = 'form'") == 1


async def test_what_is_quarantined_thanks_nobody(town: Town) -> None:
    await town.connect("mail")
    await publish(town, ASKS)
    await post(town, {"email": "vera@primer.ru", "_gotcha": "да"}, BROWSER)
    await town.opened()
    assert await town.one("SELECT count(*) FROM outbox") == 0


async def test_the_same_answers_without_an_id_are_one_across_the_border_of_ten_minutes(town: Town) -> None:
    span = 600_000_000
    border = (town.gateway.now() // span + 1) * span
    for moment in (border - 3_000_000, border + 3_000_000):
        clock.turn(moment - town.gateway.now())
        await post(town, {"phone": "+79161112233", "message": "Перезвоните"}, BROWSER)
        await town.opened()
    assert len(await said(town)) == 1


async def test_quarantine_is_kept_for_thirty_days_and_then_its_words_are_gone(town: Town) -> None:
    """F13: nothing is thrown away at once, and nothing of a stranger's is kept for ever."""
    await post(town, {"phone": "+79161112233", "message": "Купите у нас", "_gotcha": "да"}, BROWSER)
    await post(town, {"phone": "+79161112244", "message": "Нужна кухня"}, BROWSER)
    await town.opened()
    source_id = town.sources["form"]
    clock.turn(29 * DAY)
    assert await retention.empty_quarantine(town.gateway) == 0
    assert await town.gateway.database.read(stored.count, source_id) == 1
    clock.turn(DAY + HOUR)
    assert await retention.empty_quarantine(town.gateway) == 1
    assert await retention.empty_quarantine(town.gateway) == 0
    rows = await town.rows("SELECT text, content FROM message WHERE nature = 'spam'")
    assert [tuple(row) for row in rows] == [("", EXPIRED)]
    assert await town.one("SELECT text FROM message WHERE nature = 'client'") == "Нужна кухня"
    assert await town.one("SELECT count(*) FROM envelope WHERE body IS NULL AND erased_by IS NOT NULL") == 1
    assert await town.gateway.database.read(stored.count, source_id) == 0
    assert await release(town) == 0, "there is nothing left to let out"


async def test_new_addresses_leave_the_old_ones_good_for_a_while(town: Town) -> None:
    """F1: a leaked address is changed without losing what is on its way."""
    source_id = town.sources["form"]
    sources = town.gateway.sources
    before = sources.get(source_id)
    assert before is not None
    old_page, old_hook = f"{town.address}/f/{before.row.slug}", town.hook(source_id)

    async def statuses(*urls: str) -> list[int]:
        async with aiohttp.ClientSession() as session:
            found = []
            for url in urls:
                async with session.post(url, json={"phone": "+79161112233", "message": url}) as got:
                    found.append(got.status)
            return found

    await sources.readdress(source_id, 7, town.admin)
    after = sources.get(source_id)
    assert after is not None and len(after.row.slug) >= 26
    assert (
        await statuses(old_page, old_hook, f"{town.address}/f/{after.row.slug}", town.hook(source_id))
        == [200] * 4
    )
    clock.turn(8 * DAY)
    assert await statuses(old_page, old_hook, town.hook(source_id)) == [404, 404, 200]
    leaked = town.hook(source_id)
    await sources.readdress(source_id, 0, town.admin)
    assert await statuses(leaked, town.hook(source_id)) == [404, 200]
    assert await town.one("SELECT count(*) FROM audit_log WHERE action = 'source.readdress'") == 2
