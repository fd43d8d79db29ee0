"""What a person agreed to can be shown and handed over; addresses of sources are changed and found out by request."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.api.house import House, open_house

FORM = """{"title": "Заявка", "fields": [{"name": "phone", "kind": "phone", "label": "Телефон", "required": true},
 {"name": "ok", "kind": "consent", "required": true, "text": "Я согласен на обработку данных.", "url": "https://mebel.example/soglasie"},
 {"name": "news", "kind": "consent", "text": "Присылайте новости.", "purpose": "marketing"}]}"""


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """A running gateway with the true networks."""
    async with open_house(database_url, tmp_path) as opened:
        yield opened


async def asked(house: House, **answers: str) -> str:
    """Somebody sent the form; the contact's id."""
    made = await house.admin.post(
        "/sources", {"channel": "webform", "name": "Сайт", "settings": {"form": FORM}}
    )
    await house.admin.post(f"/sources/{made['id']}/connect")
    sent = {"phone": "+79161112233", **answers}
    headers = {
        "User-Agent": "=HYPERLINK(1)",
        "Origin": "https://mebel.example",
        "Referer": "https://mebel.example/kuhni",
    }
    async with house.http.post(f"{house.base}/f/{made['slug']}", json=sent, headers=headers) as got:
        assert got.status == 200, await got.text()
        external = (await got.json())["id"]
    conversation = await house.opened(external)
    (row,) = await house.rows("SELECT contact_id FROM conversation WHERE id = :id", id=conversation)
    return str(row.contact_id)


async def test_a_consent_is_shown_with_its_words_its_time_and_what_proves_it(house: House) -> None:
    contact = await asked(house, ok="yes")
    (shown,) = (await house.admin.get(f"/contacts/{contact}/consents"))["items"]
    assert shown["text"] == "Я согласен на обработку данных.\nhttps://mebel.example/soglasie"
    assert (shown["purpose"], shown["source"]["name"]) == ("personal_data", "Сайт")
    assert shown["version"] and shown["at"] and shown["journal"]
    assert shown["proof"]["address"] == "127.0.0.1"
    assert shown["proof"]["origin"] == "https://mebel.example"


async def test_consents_are_handed_over_as_a_table_that_runs_nothing(house: House) -> None:
    contact = await asked(house, ok="yes", news="yes")
    got = await house.admin.call("GET", f"/contacts/{contact}/consents.csv")
    assert got.status == 200 and "attachment" in got.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(got.body.decode("utf-8-sig"))))
    assert {row["purpose"] for row in rows} == {"personal_data", "marketing"}
    assert {row["agent"] for row in rows} == {"'=HYPERLINK(1)"}
    assert all(row["at"].endswith("+00:00") and row["page"] and row["journal"] for row in rows)


async def test_whoever_may_not_see_the_contact_sees_no_consent(house: House) -> None:
    contact = await asked(house, ok="yes")
    manager = await house.person("manager")
    for path in (f"/contacts/{contact}/consents", f"/contacts/{contact}/consents.csv"):
        assert (await manager.call("GET", path)).status in (403, 404)
    assert (await (await house.person()).call("GET", f"/contacts/{contact}/consents.csv")).status == 401


async def test_addresses_are_changed_by_those_who_may_and_where_there_are_any(house: House) -> None:
    contact = await asked(house, ok="yes")
    assert contact
    (form,) = [one for one in (await house.admin.get("/sources"))["items"] if one["channel"] == "webform"]
    changed = await house.admin.post(f"/sources/{form['id']}/addresses", {"keep_days": 3})
    assert changed["slug"] != form["slug"] and changed["hook_url"] != form["hook_url"]
    assert changed["old_address_until"] > house.gateway.now() and changed["state"] == "active"
    assert (
        await (await house.person("operator")).call("POST", f"/sources/{form['id']}/addresses", {})
    ).status == 403
    mail = await house.admin.post(
        "/sources",
        {
            "channel": "email",
            "name": "Почта",
            "settings": {"preset": "yandex360", "address": "a@yandex.ru", "password": "x"},
        },
    )
    assert not mail["has_address"]
    refused = await house.admin.call("POST", f"/sources/{mail['id']}/addresses", {})
    assert (refused.status, refused.code) == (409, "not_now")


async def test_a_mailbox_is_known_by_its_address_before_anything_is_kept(house: House) -> None:
    told = await house.admin.post("/channels/email/suggest", {"settings": {"address": "anna@bk.ru"}})
    assert told == {"settings": {"preset": "mailru"}, "code": "found_by_known"}
    assert await house.admin.post("/channels/webform/suggest", {"settings": {}}) == {
        "settings": {},
        "code": "",
    }
    assert (await house.admin.call("POST", "/channels/nowhere/suggest", {"settings": {}})).status == 404
    assert (
        await (await house.person("operator")).call("POST", "/channels/email/suggest", {"settings": {}})
    ).status == 403
    assert await house.rows("SELECT id FROM source") == []
