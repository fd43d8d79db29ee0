"""A colleague's browser hears of what is theirs though no page is open: once, closed, with as little as they chose."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import update

from gateway import offers, pushdesk
from gateway.maintenance import _rotate
from gateway.pushdesk import prover_of
from gateway.vault import Vault
from storage import devices, sessions
from storage.tables import member as members
from storage.transaction import Transaction
from tests.gateway.town import IGOR, Town, until
from tests.rig.pushservice import Browser, PushService, push_service

CHROME = "Mozilla/5.0 (Linux; Android 15) Chrome/156.0 Mobile Safari/537.36"


@pytest.fixture
async def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PushService]:
    """The browsers' push service, and a gateway that reaches it and waits for nothing."""
    async with push_service(tmp_path) as made:
        monkeypatch.setattr(pushdesk, "connector", made.connector)
        monkeypatch.setattr(pushdesk, "REST", 0.05)
        monkeypatch.setattr(devices, "SOON", 0)
        monkeypatch.setattr(devices, "FIRST_PAUSE", 0)
        yield made
        assert made.failures == []


@dataclass
class Colleague:
    """Somebody who is signed in with a browser."""

    town: Town
    id: str
    token: str

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"X-Inbox": "1", "Cookie": f"inbox={self.token}", "User-Agent": CHROME}
        async with (
            aiohttp.ClientSession() as http,
            http.request(method, f"{self.town.address}/api/v1{path}", json=body, headers=headers) as got,
        ):
            return got.status, await got.json() if got.content_type == "application/json" else None

    async def switch_on(self, service: PushService) -> Browser:
        """Their browser is told things from now on, and showed that it is."""
        _, known = await self.call("GET", "/me/devices")
        browser = service.subscribe(known["key"])
        status, _ = await self.call("POST", "/me/devices", browser.json())
        assert status == 201
        await until(lambda: _shown(browser, "hello"))
        await until(lambda: self._works(browser))
        return browser

    async def _works(self, browser: Browser) -> bool:
        sql = "SELECT worked_at FROM push_subscription WHERE endpoint = :endpoint"
        return (await self.town.one(sql, endpoint=browser.endpoint)) is not None

    async def wish(self, **prefs: Any) -> None:
        def work(tx: Transaction) -> None:
            tx.connection.execute(update(members).where(members.c.id == self.id).values(prefs=prefs))

        await self.town.gateway.database.write(work)


async def colleague(town: Town, name: str) -> Colleague:
    ref = await town.member(name, "manager")
    token, _ = await town.gateway.database.write(sessions.open_session, ref, keep=True, agent=CHROME, ip="")
    return Colleague(town, ref, token)


async def _shown(browser: Browser, tag: str, times: int = 1) -> bool:
    return len([one for one in browser.shown if one["tag"].startswith(tag)]) >= times


def of(browser: Browser, tag: str) -> list[dict[str, Any]]:
    return [one for one in browser.shown if one["tag"].startswith(tag)]


async def _only_by_push(town: Town, member_id: str) -> None:
    """No page was open for a day."""

    def work(tx: Transaction) -> None:
        tx.connection.execute(update(members).where(members.c.id == member_id).values(seen_at=1))

    await town.gateway.database.write(work)


async def test_an_offer_is_shown_without_a_client_s_word_reaches_who_has_no_page_open_and_becomes_its_outcome(
    town: Town, service: PushService
) -> None:
    petr = await colleague(town, "petr")
    phone = await petr.switch_on(service)
    until_when = await town.one("SELECT reachable_until FROM member WHERE id = :id", id=petr.id)
    assert 23 * 3600e6 < until_when - town.gateway.now() <= 24 * 3600e6
    await _only_by_push(town, petr.id)
    await town.say("messenger1", "Сколько стоит шкаф?", IGOR)
    await until(lambda: _shown(phone, "offer-"))
    number = await town.one("SELECT number FROM deal")
    offer_id = await town.one("SELECT id FROM offer WHERE member_id = :id", id=petr.id)
    (told,) = of(phone, "offer-")
    assert told == {
        "tag": f"offer-{offer_id}", "title": f"Новый лид №{number}", "body": told["body"], "url": f"/offer/{offer_id}",
        "offer": offer_id, "take": "Взять",
    }  # fmt: skip
    assert told["body"].startswith("Ответьте в течение")
    assert service.taken[-1]["Urgency"] == "high" and 0 < int(service.taken[-1]["TTL"]) <= 600
    await offers.accept(town.gateway, petr.id, offer_id)
    await until(lambda: _shown(phone, "offer-", 2))
    outcome = of(phone, "offer-")[1]
    assert (
        outcome["tag"] == told["tag"]
        and "ваш" in outcome["title"]
        and "offer" not in outcome
        and outcome["quiet"]
    )

    async def settled() -> bool:
        return bool(await town.one("SELECT count(*) FROM staff_notice WHERE state = 'settled'") == 1)

    await until(settled)
    assert len(of(phone, "offer-")) == 2


async def test_whoever_wants_it_sees_who_wrote_what_and_both_of_two_browsers_hear_it(
    town: Town, service: PushService
) -> None:
    petr = await colleague(town, "petr")
    await petr.wish(**{"notify.details": True, "language": "en"})
    token, _ = await town.gateway.database.write(sessions.open_session, petr.id, keep=True, agent="", ip="")
    both = [await one.switch_on(service) for one in (petr, Colleague(town, petr.id, token))]
    await town.say("messenger1", "Сколько стоит шкаф?", IGOR)
    for browser in both:
        await until(partial(_shown, browser, "offer-"))
        (told,) = of(browser, "offer-")
        assert "Игорь Лапин" in told["title"] and "Сколько стоит шкаф?" in told["body"]
    offer_id = await town.one("SELECT id FROM offer WHERE member_id = :id", id=petr.id)
    await offers.accept(town.gateway, petr.id, offer_id)
    await town.opened()
    await town.say("messenger1", "И доставка?", IGOR)  # it is their conversation now
    for browser in both:
        await until(partial(_shown, browser, "dialog-"))
        told = of(browser, "dialog-")[-1]
        assert told["title"] == "Игорь Лапин writes" and told["url"].startswith("/inbox/d/")


async def test_a_busy_service_is_asked_again_and_a_browser_that_is_gone_is_forgotten(
    town: Town, service: PushService
) -> None:
    petr, olga = await colleague(town, "petr"), await colleague(town, "olga")
    phone, lost = await petr.switch_on(service), await olga.switch_on(service)
    del service.browsers[lost.endpoint.rpartition("/")[2]]
    service.faults += [(429, "0"), (503, ""), (500, "")]
    await town.say("messenger1", "Сколько стоит шкаф?", IGOR)
    await until(lambda: _shown(phone, "offer-"))

    async def forgotten() -> bool:
        return bool(await town.one("SELECT count(*) FROM push_subscription") == 1)

    await until(forgotten)
    assert service.faults == [] and len(of(phone, "offer-")) == 1
    assert await town.one("SELECT reachable_until FROM member WHERE id = :id", id=olga.id) is None
    _, found = await petr.call("GET", "/me/devices")
    assert [(one["name"], one["state"], one["here"]) for one in found["items"]] == [
        ("Chrome · Android", "working", True)
    ]


async def test_a_long_pause_that_a_service_asks_for_is_kept_and_shown(
    town: Town, service: PushService
) -> None:
    petr = await colleague(town, "petr")
    phone = await petr.switch_on(service)
    service.faults += [(429, "60")]
    await town.say("messenger1", "Сколько стоит шкаф?", IGOR)

    async def waits() -> bool:
        _, found = await petr.call("GET", "/me/devices")
        return [(one["state"], one["error"]) for one in found["items"]] == [("waiting", "status_429")]

    await until(waits)
    asked = service.asked
    for _ in range(3):  # rounds go on, and leave it alone
        town.gateway.bells.ring(["push"])
        await asyncio.sleep(0.1)
    assert service.asked == asked and of(phone, "offer-") == []


async def test_notices_follow_wishes_and_quiet_hours_and_name_no_client(
    town: Town, service: PushService
) -> None:
    petr, olga, anna = [await colleague(town, name) for name in ("petr", "olga", "anna")]
    await olga.wish(**{"notify.quiet": "00:00-23:59@UTC"})
    await anna.wish(**{"notify.task": "screen bot"})
    phones = [await one.switch_on(service) for one in (petr, olga, anna)]
    await town.say("messenger1", "Сколько стоит шкаф?", IGOR)
    await town.opened()
    conversation = await town.one("SELECT id FROM conversation")

    def work(tx: Transaction) -> None:
        for one in (petr, olga, anna):
            tx.changed("notification", f"snooze_over:{conversation}", audience=f"member:{one.id}")

    await town.gateway.database.write(work)
    await until(lambda: _shown(phones[0], "snooze_over-"))

    async def settled() -> bool:
        return bool(await town.one("SELECT count(*) FROM notice_told") == 3)

    await until(settled)
    (told,) = of(phones[0], "snooze_over-")
    assert (told["title"], told["url"]) == ("Отложенный диалог снова открыт", f"/inbox/d/{conversation}")
    assert of(phones[1], "snooze_over-") == of(phones[2], "snooze_over-") == []
    states = await town.rows("SELECT state FROM notice_told ORDER BY state")
    assert [row.state for row in states] == ["quiet", "told", "unwanted"]


async def test_a_browser_hears_nothing_after_its_person_signed_out_or_somebody_else_signed_in(
    town: Town, service: PushService
) -> None:
    petr, olga = await colleague(town, "petr"), await colleague(town, "olga")
    shared, own = await petr.switch_on(service), await olga.switch_on(service)
    await olga.call("POST", "/me/devices", shared.json())  # the same browser
    found = await town.rows("SELECT member_id, endpoint FROM push_subscription")
    assert [(row.member_id, row.endpoint) for row in found] == [(olga.id, shared.endpoint)]
    await until(lambda: _shown(shared, "hello", 2))
    status, _ = await olga.call("DELETE", "/session")
    assert status == 204
    await town.say("messenger1", "Сколько стоит шкаф?", IGOR)
    await town.opened()
    anna = await colleague(town, "anna")
    await anna.switch_on(service)  # rounds were made meanwhile
    assert of(shared, "offer-") == of(own, "offer-") == []
    assert await town.gateway.database.write(devices.sweep) == 1


async def test_what_is_no_push_service_s_address_or_no_key_is_refused_and_nothing_is_kept(
    town: Town, service: PushService
) -> None:
    petr, olga = await colleague(town, "petr"), await colleague(town, "olga")
    _, known = await petr.call("GET", "/me/devices")
    good = service.subscribe(known["key"]).json()
    bad = [
        {"endpoint": "http://push.example.org/x"}, {"endpoint": "https://127.0.0.1/x"}, {"endpoint": "https://[::1]/x"},
        {"endpoint": "https://10.1.2.3:8443/x"}, {"endpoint": "https://user@push.example.org/x"},
        {"endpoint": "https://push.example.org:99999/x"}, {"endpoint": "https://\u00e4.example/x"}, {"endpoint": ""},
        {"p256dh": "AAAA"}, {"auth": "AAAA"},
    ]  # fmt: skip
    for change in bad:
        status, refusal = await petr.call("POST", "/me/devices", {**good, **change})
        assert (status, refusal["code"]) == (422, "bad_request"), change
    assert await town.one("SELECT count(*) FROM push_subscription") == 0
    await petr.switch_on(service)
    _, known = await petr.call("GET", "/me/devices")
    (mine,) = known["items"]
    for method, path in (("DELETE", ""), ("POST", "/try")):
        status, refusal = await olga.call(method, f"/me/devices/{mine['id']}{path}", {} if path else None)
        assert (status, refusal["code"]) == (404, "not_found")
    status, _ = await petr.call("DELETE", f"/me/devices/{mine['id']}")
    assert status == 204 and await town.one("SELECT count(*) FROM push_subscription") == 0


async def test_an_address_inside_our_own_network_is_never_called(town: Town) -> None:
    """The guard looks where the name leads when the connection is made."""
    async with pushdesk._session() as http:
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.post("https://localhost:1/x")


async def test_the_installation_has_one_key_which_survives_new_secret_keys(
    town: Town, service: PushService
) -> None:
    gateway = town.gateway
    made = await asyncio.gather(*(prover_of(gateway) for _ in range(4)))
    assert len({one.public for one in made}) == 1
    assert made[0].secret not in str(await gateway.database.read(devices.key))
    petr = await colleague(town, "petr")
    phone = await petr.switch_on(service)
    (row,) = await town.rows("SELECT sealed FROM push_subscription")
    assert phone.json()["auth"] not in row.sealed
    from cryptography.fernet import Fernet

    old = gateway.vault
    fresh = Fernet.generate_key().decode()
    both = Vault([fresh, *_keys(gateway.config.data_dir)])
    await _rotate(gateway.database, both)
    (anew,) = await town.rows("SELECT sealed FROM push_subscription")
    assert Vault([fresh]).open(anew.sealed) == old.open(row.sealed)
    kept = await gateway.database.read(devices.key)
    assert Vault([fresh]).open(kept["sealed"])["secret"] == made[0].secret


def _keys(data_dir: Path) -> list[str]:
    return (data_dir / "secret.key").read_text("ascii").split()
