"""An offer is told on a phone too; accepting is exclusive and idempotent whichever way it comes."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from sqlalchemy import update

from channels.events import Attribution
from channels.fakes import Act, Client
from gateway import offers
from gateway import told as words
from gateway.refusals import Refusal
from storage import pulse, telling, ways
from storage.tables import member as members
from storage.team import prefer
from storage.transaction import Transaction
from tests.gateway.town import IGOR, Town, until

PHONE = Client(ref="petr", name="Пётр", username="petr_m")


async def staff_bot(town: Town) -> str:
    """A second account of the messenger, set apart for colleagues."""
    source_id = await town.connect("messenger1")
    await town.gateway.sources.change(source_id, staff=1)
    return source_id


async def linked(town: Town, source_id: str, member_id: str, client: Client = PHONE) -> None:
    """The colleague starts the bot with the code of their profile."""
    code = await town.gateway.database.write(ways.ask, member_id, source_id)
    await town.fakes["messenger1"].act(
        Act(client=client, doing="start", attribution=Attribution(campaign=code))
    )

    async def there() -> bool:
        found = await town.gateway.database.read(ways.of_member, member_id)
        return [row.state for row in found if row.source_id == source_id] == ["active"]

    await until(there)


async def told(town: Town, count: int = 1) -> list[Any]:
    seen: list[Any] = []

    async def there() -> bool:
        seen[:] = await town.rows("SELECT state, error FROM staff_notice")
        return [row.state for row in seen] == ["sent"] * count

    await until(there, lambda: str(seen), seconds=60)
    return await town.rows(
        "SELECT id, external_id, offer_id FROM staff_notice WHERE state = 'sent' ORDER BY at, id"
    )


async def test_a_press_under_the_offer_takes_the_lead_and_the_message_says_so(town: Town) -> None:
    clients = dict(town.fakes), dict(town.sources)
    petr = await town.member("petr", "manager")
    bot = await staff_bot(town)
    desk = town.fakes["messenger1"]
    await linked(town, bot, petr)
    assert await town.one("SELECT reachable_until FROM member WHERE id = :id", id=petr) > town.gateway.now()
    town.fakes, town.sources = {**clients[0], "desk": desk}, clients[1]
    await town.say("messenger1", "Сколько стоит шкаф?", IGOR)
    notice = (await told(town))[0]
    shown = [one for one in desk.arrived if "Новый лид" in one.text]
    assert len(shown) == 1 and "Игорь Лапин" in shown[0].text and "Сколько стоит шкаф?" in shown[0].text
    press = Act(client=PHONE, doing="button", fields={"data": f"offer+{notice.id}"}, text="Взять")
    await asyncio.gather(desk.act(press), desk.act(press))

    async def owned() -> bool:
        return bool(await town.one("SELECT owner_id = :id FROM deal", id=petr))

    await until(owned)

    async def settled() -> bool:
        return bool(await town.one("SELECT count(*) FROM staff_notice WHERE state = 'settled'"))

    await until(settled)

    async def changed() -> bool:
        talks = vars(desk)["world"].talks.values()
        return any("ваш" in talk.ours.get("text", "") for talk in talks if talk.ours)

    await until(changed)
    assert await town.one("SELECT count(*) FROM deal") == 1  # what colleagues say to their bot makes no lead
    assert await town.one("SELECT count(*) FROM audit_log WHERE action = 'offer.accept'") == 1


async def test_a_stranger_s_press_takes_nothing_and_a_code_is_good_once(town: Town) -> None:
    clients = dict(town.fakes), dict(town.sources)
    petr = await town.member("petr", "manager")
    bot = await staff_bot(town)
    desk = town.fakes["messenger1"]
    code = await town.gateway.database.write(ways.ask, petr, bot)
    assert await town.gateway.database.write(ways.link, bot, code, "k", "1", "t") == "ru"
    assert await town.gateway.database.write(ways.link, bot, code, "k", "2", "t") is None
    await town.gateway.database.write(
        ways.remove, petr, (await town.gateway.database.read(ways.of_member, petr))[0].id
    )
    await linked(town, bot, petr)
    town.fakes, town.sources = {**clients[0], "desk": desk}, clients[1]
    await town.say("messenger1", "Сколько стоит шкаф?", IGOR)
    notice = (await told(town))[0]
    stranger = Client(ref="eve", name="Ева", username="eve")
    await desk.act(Act(client=stranger, doing="button", fields={"data": f"offer+{notice.id}"}, text="Взять"))
    await town.opened()
    await asyncio.sleep(0.2)
    assert await town.one("SELECT count(*) FROM offer WHERE state = 'open'") == 1


async def test_a_letter_s_link_shows_before_it_accepts_and_only_once(town: Town) -> None:
    petr, olga = await town.member("petr", "manager"), await town.member("olga", "manager")
    await town.say("messenger1", "Сколько стоит шкаф?")

    async def both() -> bool:
        return int(await town.one("SELECT count(*) FROM offer WHERE state = 'open'")) == 2

    await until(both)
    mine = {row.member_id: row.id for row in await town.rows("SELECT id, member_id FROM offer")}

    tokens = {
        member: await town.gateway.database.write(_letter, member, mine[member]) for member in (petr, olga)
    }
    async with aiohttp.ClientSession() as http:
        page = f"{town.address}/offer/"
        words = ""
        for _ in range(3):
            async with http.get(page + tokens[petr]) as got:
                assert got.status == 200 and got.headers["Cache-Control"] == "no-store"
                words = await got.text()
        assert re.search(r'name="do" value="accept"', words)
        assert await both()
        async with http.get(page + "x" * 32) as got:
            assert got.status == 404
        async with http.post(page + tokens[petr], data={"do": "something"}) as got:
            assert got.status == 400
        await town.gateway.database.write(_prefer, petr, "en")
        async with http.get(page + tokens[petr]) as got:
            words = await got.text()
            assert '<html lang="en">' in words and "Take</button>" in words and "Лид" not in words
        await town.gateway.database.write(_prefer, petr, "ru")
        for _ in range(2):
            async with http.post(page + tokens[petr], data={"do": "accept"}) as got:
                assert "Лид ваш" in await got.text()
        async with http.post(page + tokens[olga], data={"do": "accept"}) as got:
            assert "petr" in await got.text()
    with pytest.raises(Refusal) as refused:
        await offers.accept(town.gateway, olga, mine[olga])
    assert refused.value.code == "taken"
    assert await town.one("SELECT owner_id FROM deal") == petr


def _prefer(tx: Transaction, member_id: str, language: str) -> None:
    prefer(tx, member_id, {"language": language})


async def test_a_colleague_is_answered_in_their_language_and_an_unknown_code_in_both(town: Town) -> None:
    petr = await town.member("petr", "manager")
    await town.gateway.database.write(_prefer, petr, "en")
    bot = await staff_bot(town)
    await linked(town, bot, petr)
    desk = town.fakes["messenger1"]

    async def said(words: str) -> bool:
        return any(words in one.text for one in desk.arrived)

    await until(lambda: said("Done: leads will come here."))
    stranger = Client(ref="eve", name="Ева", username="eve")
    await desk.act(Act(client=stranger, doing="start", attribution=Attribution(campaign="no-such-code")))
    await until(lambda: said("Код не подошёл или устарел. Возьмите новый в профиле.\nThe code does not fit"))


async def test_of_three_who_take_one_lead_at_once_one_gets_it_and_chat_letter_and_console_say_who(
    town: Town,
) -> None:
    clients = dict(town.fakes), dict(town.sources)
    petr, olga, anna = [await town.member(name, "manager") for name in ("petr", "olga", "anna")]
    bot = await staff_bot(town)
    desk = town.fakes["messenger1"]
    await linked(town, bot, petr)
    town.fakes, town.sources = {**clients[0], "desk": desk}, clients[1]
    await town.say("messenger1", "Сколько стоит шкаф?", IGOR)
    notice = (await told(town))[0]
    mine = {row.member_id: row.id for row in await town.rows("SELECT id, member_id FROM offer")}
    assert set(mine) == {petr, olga, anna}
    token = await town.gateway.database.write(_letter, olga, mine[olga])
    press = Act(client=PHONE, doing="button", fields={"data": f"offer+{notice.id}"}, text="Взять")
    async with aiohttp.ClientSession() as http:
        page = f"{town.address}/offer/{token}"
        _, _, console = await asyncio.gather(
            desk.act(press), http.post(page, data={"do": "accept"}), offers.accept(town.gateway, anna, mine[anna]),
            return_exceptions=True,
        )  # fmt: skip

        async def over() -> bool:
            return int(await town.one("SELECT count(*) FROM offer WHERE state = 'open'")) == 0

        await until(over)
        owner = await town.one("SELECT owner_id FROM deal")
        states = {row.member_id: row.state for row in await town.rows("SELECT member_id, state FROM offer")}
        assert states == {ref: "accepted" if ref == owner else "taken" for ref in mine}
        assert await town.one("SELECT count(*) FROM audit_log WHERE action = 'offer.accept'") == 1
        name = await town.one("SELECT name FROM member WHERE id = :id", id=owner)
        async with http.get(page) as got:
            assert ("Лид ваш" if owner == olga else name) in await got.text()
    if owner == anna:
        assert console is None
    else:
        assert isinstance(console, Refusal) and (console.code, console.params["by"]) == ("taken", name)

    async def changed() -> bool:
        talks = vars(desk)["world"].talks.values()
        said = "ваш" if owner == petr else f"взял(а) {name}"
        return any(said in talk.ours.get("text", "") for talk in talks if talk.ours)

    await until(changed)


def _letter(tx: Transaction, member: str, offer_id: str) -> str:
    """An offer told by mail; the secret of its link."""
    ways.add_mail(tx, member, "no-such-source", f"{member}@firma.ru")
    way = ways.of_member(tx.connection, member)[-1]
    made, token = ways.begin(
        tx, ways.Notice("", offer_id, way.id, member, way.source_id, "email", way.value, "", "")
    )
    ways.told(tx, made, "m1")
    return token


async def test_a_notice_is_told_on_a_chat_to_whoever_wants_it_once_and_not_in_quiet_hours(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "SOON", 0)
    monkeypatch.setattr(pulse, "SOON", 0)
    petr, olga = await town.member("petr", "manager"), await town.member("olga", "manager")
    bot = await staff_bot(town)
    desk = town.fakes["messenger1"]
    await linked(town, bot, petr)
    await linked(town, bot, olga, Client(ref="olga", name="Ольга", username="olga_m"))
    wishes = {
        petr: {"notify.task": "screen bot"},
        olga: {"notify.task": "bot", "notify.quiet": "00:00-23:59@UTC"},
    }

    def work(tx: Transaction) -> None:
        for member, prefs in wishes.items():
            tx.connection.execute(update(members).where(members.c.id == member).values(prefs=prefs))
            for code in ("evening_tasks", "break_automatic"):
                tx.changed("notification", code, audience=f"member:{member}")

    await town.gateway.database.write(work)

    async def settled() -> bool:
        return int(await town.one("SELECT count(*) FROM notice_told")) == 4

    await until(settled)

    async def arrived() -> bool:
        return any("поставлены задачи" in one.text for one in desk.arrived)

    await until(arrived)
    found = await town.rows(
        "SELECT n.member_id, n.code, t.state FROM notice_told t JOIN notice n ON n.id = t.notice_id"
    )
    assert {(row.member_id, row.code): row.state for row in found} == {
        (petr, "evening_tasks"): "told", (petr, "break_automatic"): "unwanted",
        (olga, "evening_tasks"): "quiet", (olga, "break_automatic"): "unwanted",
    }  # fmt: skip
    assert len([one for one in desk.arrived if "поставлены задачи" in one.text]) == 1


@pytest.mark.parametrize(
    ("quiet", "at", "is_quiet"),
    [
        ("22:00-08:00@UTC", 23, True), ("22:00-08:00@UTC", 7, True), ("22:00-08:00@UTC", 8, False), ("09:00-18:00@UTC", 12, True),
        ("09:00-18:00@UTC", 18, False), ("22:00-08:00@Europe/Moscow", 20, True), ("nonsense", 23, False), ("", 23, False),
        ("22:00-08:00@Nowhere/Else", 20, True),
    ],
)  # fmt: skip
def test_quiet_hours_go_over_midnight_in_the_member_s_own_zone(quiet: str, at: int, is_quiet: bool) -> None:
    moment = int(datetime(2026, 3, 10, at, tzinfo=UTC).timestamp() * 1e6)
    assert words.is_quiet({"notify.quiet": quiet}, moment) is is_quiet


def test_every_notice_has_a_kind_and_words_in_both_languages() -> None:
    assert set(words.KINDS) == set(words.WORDS)
    assert words.words("mention", "Мария", "ru") == "Вас упомянули в заметке: Мария"
    assert words.words("mention", "Maria", "en").startswith("You were mentioned")
