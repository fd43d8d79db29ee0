"""What is said beside us, and by many at once: answers typed at the network itself, lent accounts, groups, shared contacts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pytest

from channels.base import Profile
from channels.errors import TryLater
from channels.events import Identity
from channels.fakes import Act, Client
from channels.telegram.fake import TelegramFake
from channels.telegram.fake_rooms import lent_by, private_message
from channels.telegram.fake_updates import user_id
from channels.vk.channel import VK
from channels.vk.fake import VKFake
from gateway import clock
from gateway.rules import answering_of
from storage import bylines, lent, natures
from storage.bylines import AGAIN, KEPT
from tests.gateway.town import IGOR, MARIA, Town, until

GROUP = -77_001
OLGA = Client(ref="olga", name="Ольга")


def telegram(town: Town) -> TelegramFake:
    fake = town.fakes["messenger1"]
    assert isinstance(fake, TelegramFake)
    return fake


async def vk(town: Town) -> VKFake:
    await town.connect("messenger2")
    fake = town.fakes["messenger2"]
    assert isinstance(fake, VKFake)
    return fake


async def said(town: Town, direction: str) -> list[Any]:
    return await town.rows(
        "SELECT id, text, author_kind, author_name, state, deleted, edited FROM message WHERE direction = :way"
        " AND kind <> 'system' ORDER BY at, seq, id",
        way=direction,
    )


async def waits(town: Town) -> list[bool]:
    rows = await town.rows("SELECT waiting_since FROM conversation ORDER BY id")
    return [row.waiting_since is not None for row in rows]


async def test_an_answer_typed_at_the_network_stands_once_with_its_author_and_stops_the_clock(
    town: Town,
) -> None:
    fake = await vk(town)
    await town.say("messenger2", "Есть в наличии?")
    await town.opened()
    assert await waits(town) == [True]
    await fake.write(MARIA.ref, "Да, приезжайте")
    await fake.again(3)
    await town.opened()
    await until(lambda: signed(town, 1))
    assert await waits(town) == [False]
    ours = await town.reply("Адрес пришлю")
    assert await town.state(ours, "sent") == "sent"
    await fake.settled()
    await town.opened()
    rows = await said(town, "out")
    assert [(row.text, row.author_kind, row.author_name) for row in rows] == [
        ("Да, приезжайте", "person", "Клиент Тестовый"), ("Адрес пришлю", "person", "Анна"),
    ]  # fmt: skip
    await fake.read(MARIA.ref, 3)
    await until(lambda: stands(town, ours, "read"))


async def signed(town: Town, count: int) -> bool:
    """So many words of ours are there, and none waits for its author's name."""
    rows = await said(town, "out")
    return len(rows) == count and await town.one("SELECT count(*) FROM byline") == 0


async def test_who_answers_at_the_network_is_asked_about_once_and_called_by_name_from_then_on(
    town: Town,
) -> None:
    fake = await vk(town)
    await town.say("messenger2", "Есть в наличии?")
    await town.opened()
    fake.community.names[800000002] = ("Ольга Смирнова", "")
    await fake.write(MARIA.ref, "Да")
    await until(lambda: signed(town, 1))
    asked = [name for name, _ in fake.calls].count("users.get")
    await fake.write(MARIA.ref, "И на складе")
    await until(lambda: signed(town, 2))
    assert [row.author_name for row in await said(town, "out")] == ["Ольга Смирнова", "Ольга Смирнова"]
    assert [name for name, _ in fake.calls].count("users.get") == asked
    clock.turn(KEPT)
    fake.community.names[800000002] = ("Ольга Белова", "")
    await fake.write(MARIA.ref, "И самовывоз")
    await until(lambda: signed(town, 3))
    assert (await said(town, "out"))[-1].author_name == "Ольга Белова", "people change their names"


async def silent(channel: VK, people: Sequence[Identity]) -> Mapping[Identity, Profile]:
    raise TryLater("no answer in time", code="timeout")


async def test_an_author_whose_network_does_not_answer_is_asked_about_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = await vk(town)
    await town.say("messenger2", "Есть в наличии?")
    await town.opened()
    monkeypatch.setattr(VK, "profiles", silent)
    await fake.write(MARIA.ref, "Да")
    await town.opened()

    async def put_off() -> bool:
        return bool(
            await town.one("SELECT count(*) FROM byline WHERE next_at > :now", now=town.gateway.now())
        )

    await until(put_off)
    (row,) = await said(town, "out")
    assert row.author_name == "id800000002", "shown at once, by the address of the page"
    monkeypatch.undo()
    assert await town.gateway.database.read(bylines.nameless, town.gateway.now(), 9) == []
    clock.turn(AGAIN)
    town.gateway.bells.ring(["profiles"])
    await until(lambda: signed(town, 1))
    (row,) = await said(town, "out")
    assert row.author_name == "Клиент Тестовый"


async def test_who_is_answered_at_the_network_is_no_spammer_any_more(town: Town) -> None:
    fake = await vk(town)
    await town.say("messenger2", "Скидка на окна")
    await town.opened()
    ref = await town.one("SELECT id FROM conversation")
    rules = await answering_of(town.gateway)
    await town.gateway.database.write(natures.set_nature, ref, town.admin, "spam", rules)
    await fake.write(MARIA.ref, "Написано раньше", seconds_ago=60)
    await town.opened()
    assert await town.one("SELECT nature FROM conversation") == "spam"
    await asyncio.sleep(1.1)  # VK tells whole seconds
    await fake.write(MARIA.ref, "Какие окна?")
    await town.opened()
    await town.say("messenger2", "Пластиковые")
    await town.opened()
    (row,) = await town.rows(
        "SELECT c.nature, c.state, i.spam FROM conversation c JOIN identity i ON i.id = c.identity_id"
    )
    assert tuple(row) == ("client", "open", 0)


async def test_an_answer_given_at_the_network_answers_what_reaches_us_only_after_it(town: Town) -> None:
    """The client's words came late, after a fault of ours: whoever answered there had read them."""
    fake = await vk(town)
    await town.say("messenger2", "Здравствуйте")
    await town.opened()
    user = fake.community.user(MARIA.ref, MARIA.name)
    late = fake.community.event(
        "message_new", {"message": fake.community.message(user, user, "И ещё вопрос")}
    )
    await fake.write(MARIA.ref, "Отвечаю на всё")
    await town.opened()
    await fake.pusher.hand_over(late)
    await town.opened()
    assert len(await said(town, "in")) == 2
    assert await waits(town) == [False]
    await town.say("messenger2", "А это уже новое")
    await town.opened()
    assert await waits(town) == [True]


async def stands(town: Town, message_id: str, state: str) -> bool:
    return bool(await town.one("SELECT state FROM message WHERE id = :id", id=message_id) == state)


async def test_what_the_owner_of_a_lent_account_writes_answers_and_what_the_client_takes_back_is_struck(
    town: Town,
) -> None:
    fake = telegram(town)
    key = await fake.lend(IGOR)
    await fake.privately(key, MARIA, "Хочу кухню")
    await town.opened()
    ref = await town.one("SELECT id FROM conversation")
    await town.gateway.database.write(
        natures.set_nature, ref, town.admin, "client", await answering_of(town.gateway)
    )
    assert await waits(town) == [True]
    await fake.privately(key, MARIA, "Приезжайте смотреть", by_owner=True)
    await town.opened()
    assert await waits(town) == [False]
    (row,) = await said(town, "out")
    assert (row.text, row.author_kind, row.author_name) == ("Приезжайте смотреть", "person", IGOR.name)
    ours = await town.reply("Или мы к вам", conversation=ref)
    assert await town.state(ours, "sent") == "sent"
    talk = next(iter(fake.world.private.values()))
    assert talk.own is not None
    edited = talk.own | {"text": "Хочу шкаф", "edit_date": talk.own["date"] + 5}
    await fake.push({"edited_business_message": edited})
    gone = {"business_connection_id": key, "chat": talk.own["chat"], "message_ids": [talk.own["message_id"]]}
    await fake.push({"deleted_business_messages": gone})
    await town.opened()
    (asked,) = await said(town, "in")
    assert (asked.edited, asked.deleted) == (1, 1)
    kept = await town.rows(
        "SELECT text FROM message_version WHERE message_id = :id ORDER BY version", id=asked.id
    )
    assert [row.text for row in kept] == ["Хочу кухню"]
    assert len(await said(town, "out")) == 2


@pytest.mark.parametrize("known", [True, False], ids=["told late", "told by nobody"])
async def test_whose_account_it_is_is_asked_when_somebody_writes_there_first(town: Town, known: bool) -> None:
    """News of accounts come in no order with messages, and not at all where one was lent before we listened."""
    fake = telegram(town)
    igor = await town.member("Игорь", "manager")
    source = town.sources["messenger1"]
    before = await fake.lend(IGOR)
    await town.opened()
    await town.gateway.database.write(lent.belongs_to, source, before, igor, town.admin)
    await fake.lend(IGOR, enabled=False)
    again = lent_by(fake.world, IGOR)  # lent again, and not a word of it
    await fake.privately(again.key, MARIA, "Хочу кухню")
    if known:
        await fake.lend(IGOR)

    async def asked() -> bool:
        rows = await town.rows("SELECT member_id FROM connection WHERE key = :key", key=again.key)
        return [row.member_id for row in rows] == [igor]

    async def nothing_is_asked() -> bool:
        return not await town.rows("SELECT 1 FROM cut")

    await until(asked)
    await town.opened()
    assert await town.one("SELECT private_to FROM conversation") == igor, "the chat is for the owner's eyes"
    # asked in the moment in which it was told: the answer comes, and nobody asks again
    await until(nothing_is_asked)


async def test_an_account_that_the_network_does_not_know_is_not_asked_about_for_ever(town: Town) -> None:
    fake = telegram(town)
    key = lent_by(fake.world, IGOR).key
    gone = fake.world.lent.pop(key)
    fake.world.lent["another"] = gone
    await fake.push(
        {
            "business_message": private_message(fake.world, "another", MARIA, "Привет", False)
            | {"business_connection_id": key}
        }
    )

    async def given_up() -> bool:
        return bool(
            await town.one("SELECT count(*) FROM message WHERE kind = 'text'") == 1
            and await town.one("SELECT count(*) FROM cut") == 0
        )

    await until(given_up)
    assert await town.one("SELECT count(*) FROM connection") == 0


async def test_an_account_that_is_lent_again_goes_on_with_its_conversations(town: Town) -> None:
    """Telegram gives the connection, and so each chat and message, another name."""
    fake = telegram(town)
    before = await fake.lend(IGOR)
    await fake.privately(before, MARIA, "Хочу кухню")
    await fake.privately(before, OLGA, "Это твоя сестра")
    await town.opened()
    refs = {
        row.text: row.conversation_id
        for row in await town.rows("SELECT text, conversation_id FROM message WHERE direction = 'in'")
    }
    client, sister = refs["Хочу кухню"], refs["Это твоя сестра"]
    await town.gateway.database.write(
        natures.set_nature, client, town.admin, "client", await answering_of(town.gateway)
    )
    await town.gateway.database.write(
        natures.set_nature, sister, town.admin, "personal", await answering_of(town.gateway)
    )
    igor = await town.member("Игорь", "manager")
    source = town.sources["messenger1"]
    await town.gateway.database.write(lent.belongs_to, source, before, igor, town.admin)
    first = fake.world.private[before, user_id(MARIA.ref)].own
    assert first is not None

    await fake.lend(IGOR, enabled=False)
    after = await fake.lend(IGOR)
    assert after != before
    await town.opened()
    await fake.privately(after, MARIA, "И шкаф")
    await fake.privately(after, OLGA, "Позвони маме")
    await town.opened()
    assert await town.one("SELECT count(*) FROM conversation") == 2
    rows = await town.rows(
        "SELECT text, conversation_id FROM message WHERE direction = 'in' ORDER BY at, seq"
    )
    assert {row.text for row in rows if row.conversation_id == client} == {"Хочу кухню", "И шкаф"}
    assert "Позвони маме" not in {row.text for row in rows}, "what is private stays so"
    kept = await town.rows("SELECT connection, private_to FROM conversation ORDER BY id")
    assert {(row.connection, row.private_to) for row in kept} == {(after, igor)}

    ours = await town.reply("Какой цвет?", conversation=client, member=igor)
    assert await town.state(ours, "sent") == "sent"
    reworded = first | {
        "business_connection_id": after,
        "text": "Хочу белую кухню",
        "edit_date": first["date"] + 5,
    }
    await fake.push({"edited_business_message": reworded})
    await town.opened()
    assert await town.one("SELECT text FROM message WHERE edited = 1") == "Хочу белую кухню"


async def test_a_group_and_each_of_its_topics_is_one_conversation_that_stays_when_it_becomes_a_supergroup(
    town: Town,
) -> None:
    fake = telegram(town)
    await fake.in_group(GROUP, MARIA, "Когда плитка?")
    await fake.in_group(GROUP, IGOR, "И клей")
    await fake.in_group(GROUP, MARIA, "Про свет", message_thread_id=5, is_topic_message=True)
    await town.opened()
    rows = await town.rows(
        "SELECT c.id, c.thread, c.nature, c.waiting_since, count(p.identity_id) AS people FROM conversation c"
        " LEFT JOIN participant p ON p.conversation_id = c.id GROUP BY c.id, c.thread, c.nature, c.waiting_since"
        " ORDER BY c.thread"
    )
    assert [(row.thread, row.nature, row.waiting_since, row.people) for row in rows] == [
        (str(GROUP), "group", None, 2), (f"{GROUP}:5", "group", None, 1),
    ]  # fmt: skip
    assert await town.one("SELECT count(*) FROM deal") == 0
    whole = rows[0].id
    new = await fake.upgrade(GROUP, MARIA)
    await fake.in_group(new, IGOR, "Мы теперь супергруппа")
    await town.opened()
    assert await town.one("SELECT thread FROM conversation WHERE id = :id", id=whole) == str(new)
    assert await town.one("SELECT count(*) FROM conversation") == 2
    ours = await town.reply("В пятницу", conversation=whole)
    assert await town.state(ours, "sent", "failed") == "sent"
    assert fake.arrived[-1].id.startswith(f"{new}:")


async def test_a_phone_that_is_the_writers_own_is_theirs_and_anothers_is_not(town: Town) -> None:
    fake = telegram(town)
    await town.say("messenger1", "", doing="contact")
    await town.opened()
    own = fake.world.talk(user_id(MARIA.ref)).own
    assert own is not None
    card = {"phone_number": IGOR.phone, "first_name": IGOR.name, "user_id": user_id(IGOR.ref)}
    await fake.push({"message": own | {"message_id": own["message_id"] + 1, "contact": card}})
    await town.opened()
    phones = await town.rows("SELECT value FROM identity WHERE kind = 'phone'")
    assert [row.value for row in phones] == [MARIA.phone]
    assert len(await said(town, "in")) == 2


async def test_a_reaction_of_the_client_stands_under_the_message_and_goes_away_with_it(town: Town) -> None:
    fake = telegram(town)
    await town.say("messenger1", "Спасибо")
    await town.opened()
    assert await waits(town) == [True]
    ours = await town.reply("Пожалуйста")
    assert await town.state(ours, "sent") == "sent"
    await fake.act(Act(client=MARIA, doing="reaction"))
    await town.opened()
    (row,) = await town.rows("SELECT message_id, emojis FROM reaction")
    emojis = row.emojis if isinstance(row.emojis, list) else orjson.loads(row.emojis)
    assert len(emojis) == 1 and row.message_id
    assert await waits(town) == [False], "a reaction asks for no answer"
