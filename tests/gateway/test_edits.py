"""A client changes what was said: the screen shows what stands now, and keeps what stood before, files too."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from sqlalchemy import text

from channels.fakes import Act, Client
from channels.telegram.fake import TelegramFake
from gateway.refusals import Refusal
from routing.times import SECOND
from storage import queue, timeline
from storage.transaction import Transaction
from tests.gateway.town import MARIA, Town, until

LATER = 5


async def shown(town: Town) -> tuple[Any, list[str]]:
    """The one message with files or words, and the names of the files that it shows."""
    await town.opened()
    (row,) = await town.rows("SELECT id FROM message WHERE direction = 'in'")
    facts = await town.gateway.database.read(timeline.facts, [row.id])
    return facts.rows[0], [file.name for file in facts.attachments.get(row.id, [])]


async def before(town: Town, ref: str) -> list[tuple[str, list[str]]]:
    """What stood there before: words, and the files that went away with them."""
    kept = await town.gateway.database.read(timeline.versions, ref)
    return [(row.text, [file.name for file in files]) for row, files in kept]


@pytest.mark.parametrize("place", ["messenger1", "messenger2"])
async def test_a_file_that_an_edit_replaced_stays_with_the_earlier_version(town: Town, place: str) -> None:
    if place not in town.sources:
        await town.connect(place)
    await town.say(place, "Смета", doing="file", file=b"old", file_name="old.pdf")
    await town.opened()
    await town.say(place, "Смета", doing="edit", file=b"new one", file_name="new.pdf")
    row, files = await shown(town)
    assert (row.text, row.edited, row.attachments, files) == ("Смета", 1, 1, ["new.pdf"])
    assert await before(town, row.id) == [("Смета", ["old.pdf"])]

    async def both_fetched() -> bool:
        return bool(await town.one("SELECT count(*) FROM attachment WHERE state = 'ready'") == 2)

    await until(both_fetched)


@pytest.mark.parametrize("place", ["messenger1", "messenger2"])
async def test_other_words_under_the_same_file_leave_the_file_alone(town: Town, place: str) -> None:
    if place not in town.sources:
        await town.connect(place)
    await town.say(place, "Смета", doing="file", file=b"old", file_name="old.pdf")
    await town.say(place, "Смета вторая", doing="edit")
    row, files = await shown(town)
    assert (row.text, row.edited, files) == ("Смета вторая", 1, ["old.pdf"])
    assert await before(town, row.id) == [("Смета", [])]


def part(number: int, *, words: str = "", photo: str = "", **more: Any) -> dict[str, Any]:
    """One picture of an album, as Bot API shows it (Message.media_group_id)."""
    name = photo or f"photo-{number}"
    size = {"file_id": name, "file_unique_id": name, "file_size": 5, "width": 90, "height": 67}
    chat = {"id": 77, "type": "private", "first_name": MARIA.name}
    person = {"id": 77, "is_bot": False, "first_name": MARIA.name}
    caption = {"caption": words} if words else {}
    return {
        "message_id": number, "date": 1_790_000_000, "chat": chat, "from": person, "photo": [size],
        "media_group_id": "album", **caption, **more,
    }  # fmt: skip


def telegram(town: Town) -> TelegramFake:
    fake = town.fakes["messenger1"]
    assert isinstance(fake, TelegramFake)
    return fake


async def album(town: Town) -> tuple[Any, list[str]]:
    await town.opened()
    (row,) = await town.rows("SELECT id, text, content, attachments FROM message WHERE direction = 'in'")
    files = await town.rows(
        "SELECT ref FROM attachment WHERE message_id = :id AND version IS NULL ORDER BY position, id",
        id=row.id,
    )
    return row, [file.ref for file in files]


@pytest.mark.parametrize("apart", [True, False], ids=["one by one", "together"])
async def test_an_album_is_one_message_in_order_however_its_parts_arrive(town: Town, apart: bool) -> None:
    """Every order, each in a chat of its own."""
    bold = [{"type": "bold", "offset": 0, "length": 3}]
    parts = {
        10: part(10, words="Вид спереди", caption_entities=bold),
        11: part(11),
        12: part(12, words="Вид сзади", caption_entities=bold),
    }
    orders = list(itertools.permutations(parts))
    for place, order in enumerate(orders):
        person = {"id": 100 + place, "is_bot": False, "first_name": f"Клиент {place}"}
        for number in order:
            said = {**parts[number], "chat": {**person, "type": "private"}, "from": person}
            await telegram(town).push({"message": {**said, "media_group_id": f"album {place}"}})
            if apart:
                await town.opened()
    await town.opened()
    found = await town.rows(
        "SELECT m.id, m.text, m.content, m.attachments FROM message m WHERE m.direction = 'in' ORDER BY m.group_key"
    )
    assert len(found) == len(orders) == await town.one("SELECT count(*) FROM deal")
    facts = await town.gateway.database.read(timeline.facts, [row.id for row in found])
    for row, order in zip(found, orders, strict=True):
        assert (row.text, row.attachments) == ("Вид спереди\nВид сзади", 3), order
        assert [file.ref for file in facts.attachments[row.id]] == ["photo-10", "photo-11", "photo-12"], order
        starts = [span["start"] for span in json.loads(row.content)["spans"]]
        assert starts == [0, 12], order
    where = "SELECT DISTINCT m.at, m.seq, c.last_at, c.last_seq FROM message m JOIN conversation c ON c.last_message_id = m.id"
    (place,) = await town.rows(where)
    assert tuple(place) == (1_790_000_000 * SECOND, 10) * 2, "where its earliest part stands"


async def test_an_edit_of_one_part_of_an_album_leaves_the_others(town: Town) -> None:
    for number, words in ((10, "Спереди"), (11, ""), (12, "Сзади")):
        await telegram(town).push({"message": part(number, words=words)})
    await town.opened()
    edited = part(11, photo="photo-new", edit_date=1_790_000_000 + LATER)
    await telegram(town).push({"edited_message": edited})
    row, files = await album(town)
    assert (row.text, files) == ("Спереди\nСзади", ["photo-10", "photo-new", "photo-12"])
    worded = part(12, words="Сбоку", edit_date=1_790_000_000 + 2 * LATER)
    await telegram(town).push({"edited_message": worded})
    row, files = await album(town)
    assert (row.text, files) == ("Спереди\nСбоку", ["photo-10", "photo-new", "photo-12"])
    kept = await town.gateway.database.read(timeline.versions, row.id)
    assert [(one.text, [file.ref for file in gone]) for one, gone in kept] == [
        ("Спереди\nСзади", ["photo-11"]), ("Спереди\nСзади", []),
    ]  # fmt: skip


async def test_an_album_that_the_owner_of_a_lent_account_sends_is_one_message_too(town: Town) -> None:
    key = await telegram(town).lend(MARIA)
    chat = {"id": 77, "type": "private", "first_name": "Клиент"}
    for number in (31, 30):
        said = part(number, chat=chat, business_connection_id=key)
        said["from"] = {"id": 5, "is_bot": False, "first_name": "Владелец"}
        await telegram(town).push({"business_message": said})
    await town.opened()
    (row,) = await town.rows("SELECT id, attachments FROM message WHERE direction = 'out'")
    assert row.attachments == 2
    assert (await town.account("messenger1"))["set_aside"] == 0


async def test_words_on_a_lent_account_open_no_window_at_the_bot_nor_the_other_way_round(town: Town) -> None:
    """The person is the same; the right to answer is each chat's own."""
    key = await telegram(town).lend(MARIA)
    ago = 3 * 24 * 3600
    await town.say("messenger1", "Боту, давно", seconds_ago=ago)
    await town.opened()
    await telegram(town).privately(key, MARIA, "Владельцу, сейчас")
    await town.opened()
    rows = await town.rows(
        "SELECT c.connection, c.closes_at, c.anchor_at, a.last_client_at FROM conversation c JOIN address a"
        " ON a.source_id = c.source_id AND a.identity_id = c.identity_id ORDER BY c.connection"
    )
    bot, lent = rows
    now = town.gateway.now()
    assert bot.last_client_at < now - (ago - 60) * 1_000_000 and bot.anchor_at is None
    assert (bot.connection, lent.connection) == ("", key)
    assert bot.closes_at < now < lent.closes_at
    assert lent.anchor_at > now - 60_000_000


async def test_who_refuses_the_bot_is_reached_on_a_lent_account_and_the_other_way_round(town: Town) -> None:
    """The person is the same; each chat is an address of its own."""
    fake = telegram(town)
    key = await fake.lend(MARIA)
    await town.say("messenger1", "Боту")
    await fake.privately(key, MARIA, "Владельцу")
    await town.opened()
    refs = {row.connection: row.id for row in await town.rows("SELECT id, connection FROM conversation")}
    await fake.act(Act(client=MARIA, doing="block"))
    await town.opened()
    assert await unreachable(town) == {"": "blocked_by_client", key: ""}
    private = await town.reply("От владельца", conversation=refs[key])
    assert await town.state(private, "sent", "failed", "undelivered") == "sent"
    assert fake.arrived[-1].raw["business_connection_id"] == key

    await fake.act(Act(client=MARIA, doing="unblock"))
    await town.opened()
    fake.refuse(403, "Forbidden: bot was blocked by the user")
    refused = await town.reply("Ещё раз", conversation=refs[key])
    assert await town.state(refused, "sent", "failed", "undelivered") == "failed"
    assert await unreachable(town) == {"": "", key: "blocked_by_client"}
    to_the_bot = await town.reply("От бота", conversation=refs[""])
    assert await town.state(to_the_bot, "sent", "failed", "undelivered") == "sent"
    assert "business_connection_id" not in fake.arrived[-1].raw
    with pytest.raises(Refusal) as told:
        await town.reply("И ещё раз", conversation=refs[key])
    assert told.value.code == "blocked_by_client"

    await fake.privately(key, MARIA, "Снова здесь")
    await town.opened()
    assert await unreachable(town) == {"": "", key: ""}
    again = await town.reply("С возвращением", conversation=refs[key])
    assert await town.state(again, "sent", "failed", "undelivered") == "sent"


async def unreachable(town: Town) -> dict[str, str]:
    """Connection -> why the row of its conversation says that nobody can be written to there."""
    refs = [row.id for row in await town.rows("SELECT id FROM conversation ORDER BY id")]
    found = await town.gateway.database.read(queue.facts, refs, town.admin)
    return {row.connection: row.reach if row.unreachable else "" for row in found.rows}


def ask_again(tx: Transaction) -> None:
    tx.connection.execute(text("UPDATE cut SET next_at = 0"))
    tx.ring("cut")


async def test_what_the_network_cut_is_shown_as_such_and_made_whole_though_the_first_question_fails(
    town: Town,
) -> None:
    await town.connect("messenger2")
    vk: Any = town.fakes["messenger2"]
    token, vk.community.token = vk.community.token, "another"
    carried = [{"from_id": 5, "date": 1_790_000_000, "text": "из пересланного"}]
    await vk.cropped("maria", "Начало и конец", "Начало…", fwd_messages=carried)
    row, _ = await shown(town)
    assert (row.text, json.loads(row.content)["unsupported"]) == ("Начало…", "cut")

    async def asked_in_vain() -> bool:
        return bool(await town.one("SELECT count(*) FROM cut WHERE tries = 1"))

    await until(asked_in_vain)
    vk.community.token = token
    await town.gateway.database.write(ask_again)

    async def whole() -> bool:
        return not await town.one("SELECT count(*) FROM cut")

    await until(whole)
    row, _ = await shown(town)
    content = json.loads(row.content)
    assert (row.text, row.edited, await before(town, row.id)) == ("Начало и конец", 0, [])
    assert "unsupported" not in content
    assert [one["text"] for one in content["forwards"]] == ["из пересланного"]
    await vk.again()  # the same cropped event once more changes nothing
    assert (await shown(town))[0].text == "Начало и конец"
    assert await town.one("SELECT count(*) FROM cut") == 0


async def test_what_cannot_be_made_whole_says_so_and_a_later_wording_still_counts(town: Town) -> None:
    await town.connect("messenger2")
    vk: Any = town.fakes["messenger2"]
    token, vk.community.token = vk.community.token, "another"
    await vk.cropped("maria", "Начало и конец", "Начало…")
    kept = dict(vk.community.messages)
    vk.community.messages.clear()
    vk.community.token = token
    await town.opened()
    await town.gateway.database.write(ask_again)

    async def given_up() -> bool:
        return not await town.one("SELECT count(*) FROM cut")

    await until(given_up)
    row, _ = await shown(town)
    assert (row.text, json.loads(row.content)["unsupported"]) == ("Начало…", "cut_for_good")
    vk.community.messages.update(kept)
    await vk.act(Act(client=Client(ref="maria", name="maria"), doing="edit", text="Иначе"))
    row, _ = await shown(town)
    assert (row.text, row.edited, json.loads(row.content).get("unsupported")) == ("Иначе", 1, None)
