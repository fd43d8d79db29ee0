"""Nothing leaves outside the window, nothing leaves twice, and nothing that failed looks sent."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from channels.fakes import Client
from channels.vk.fake import VKFake
from channels.vk.send import random_id
from gateway import afterwards, clock, replies
from gateway.refusals import Refusal
from storage import acts, drafts
from storage.amending import Wish
from storage.transaction import Transaction
from tests.gateway.town import IGOR, Town, until

HOUR = 3_600_000_000


@pytest.fixture
async def asked(town: Town) -> Town:
    """A client has asked something."""
    await town.say("messenger1", "Доставка есть?")
    await town.opened()
    return town


async def test_an_answer_reaches_the_client_once_and_stops_the_clock(asked: Town) -> None:
    message = await asked.reply("Да, доставим в субботу")
    assert await asked.state(message, "sent", "failed", "unknown") == "sent"
    assert [arrived.text for arrived in asked.fakes["messenger1"].arrived] == ["Да, доставим в субботу"]
    row = (await asked.rows("SELECT state, waiting_since, assignee_id FROM conversation"))[0]
    assert tuple(row) == ("waiting", None, asked.admin)
    account = await asked.account("messenger1")
    assert (account["accepted"], account["sent"]) == (1, 1)


async def test_the_same_id_again_sends_nothing_more(asked: Town) -> None:
    message = clock.new_id()
    for _ in range(3):
        await asked.reply("Один раз", id=message)
    await asked.state(message, "sent")
    await asyncio.gather(*(asked.reply("Один раз", id=message) for _ in range(3)))
    assert len(asked.fakes["messenger1"].arrived) == 1


async def test_a_held_answer_can_be_taken_back_and_never_leaves(asked: Town) -> None:
    message = await asked.reply("Опечатка", hold_ms=None)
    assert await asked.one("SELECT state FROM message WHERE id = :id", id=message) == "held"
    text, _ = await replies.undo(asked.gateway, asked.admin, message)
    assert text == "Опечатка"
    assert await asked.one("SELECT state FROM conversation") == "open"
    await asyncio.sleep(0.1)
    assert asked.fakes["messenger1"].arrived == []


async def test_an_answer_after_the_window_is_refused_with_a_code_and_the_draft_is_kept(asked: Town) -> None:
    ref = await asked.one("SELECT id FROM conversation")
    await asked.gateway.database.write(drafts.save, asked.admin, ref, "reply", "Добрый день", [], None, 0)
    clock.turn(25 * HOUR)
    try:
        with pytest.raises(Refusal) as refused:
            await asked.reply("Поздно")
    finally:
        clock.turn(-25 * HOUR)
    assert refused.value.code == "window_closed"
    assert await asked.one("SELECT count(*) FROM outbox") == 0
    assert await asked.one("SELECT text FROM draft") == "Добрый день"


async def test_what_the_second_check_stops_is_undelivered_and_the_client_still_waits(asked: Town) -> None:
    def age(tx: Transaction) -> None:
        tx.connection.exec_driver_sql("UPDATE address SET last_client_at = last_client_at - 90000000000")

    message = await asked.reply("Пока окно открыто", hold_ms=None)
    await asked.gateway.database.write(age)
    clock.turn(10_000_000)
    try:
        assert await asked.state(message, "undelivered", "sent") == "undelivered"
    finally:
        clock.turn(-10_000_000)
    assert await asked.one("SELECT reason FROM message WHERE id = :id", id=message) == "window_closed"
    assert await asked.one("SELECT state FROM conversation") == "open"
    assert asked.fakes["messenger1"].arrived == []


async def test_a_client_who_blocked_us_fails_the_message_with_the_reason_and_marks_the_address(
    asked: Town,
) -> None:
    asked.fakes["messenger1"].fail("blocked")
    message = await asked.reply("Вы ещё здесь?")
    assert await asked.state(message, "failed", "sent", "unknown") == "failed"
    assert await asked.one("SELECT unreachable FROM address") == 1
    assert await asked.one("SELECT reason FROM message WHERE id = :id", id=message)
    assert await asked.one("SELECT state FROM conversation") == "open"
    with pytest.raises(Refusal) as refused:
        await asked.reply("И снова")
    assert refused.value.code == "blocked_by_client"


async def test_who_writes_again_can_be_written_to_again(asked: Town) -> None:
    asked.fakes["messenger1"].fail("blocked")
    await asked.state(await asked.reply("Вы ещё здесь?"), "failed")
    await asyncio.sleep(1.1)  # the network tells whole seconds
    await asked.say("messenger1", "Я тут")
    await asked.opened()
    assert await asked.one("SELECT unreachable FROM address") == 0
    assert await asked.state(await asked.reply("Отлично"), "sent", "failed") == "sent"


async def test_a_network_that_asks_for_patience_gets_it_and_the_message_once(asked: Town) -> None:
    asked.fakes["messenger1"].fail("slow_down", after=1)
    message = await asked.reply("Подождём")
    assert await asked.state(message, "postponed") == "postponed"
    assert asked.fakes["messenger1"].arrived == []
    assert await asked.state(message, "sent") == "sent"
    assert len(asked.fakes["messenger1"].arrived) == 1


async def test_an_answer_of_unknown_fate_is_never_sent_again_by_itself(asked: Town) -> None:
    asked.fakes["messenger1"].fail("lost_answer")
    message = await asked.reply("Ушло или нет?")
    assert await asked.state(message, "unknown", "sent", "failed") == "unknown"
    await asyncio.sleep(0.3)
    assert len(asked.fakes["messenger1"].arrived) == 1
    await replies.resolve(asked.gateway, asked.admin, message, "sent")
    assert await asked.one("SELECT state FROM message WHERE id = :id", id=message) == "sent"
    account = await asked.account("messenger1")
    assert (account["accepted"], account["sent"], account["unknown"]) == (1, 1, 0)


async def test_a_failed_message_can_be_tried_again_and_then_looks_sent(asked: Town) -> None:
    asked.fakes["messenger1"].fail("refused")
    message = await asked.reply("Не с первого раза")
    assert await asked.state(message, "failed") == "failed"
    await replies.retry(asked.gateway, asked.admin, message)
    assert await asked.state(message, "sent") == "sent"
    account = await asked.account("messenger1")
    assert (account["accepted"], account["sent"], account["failed"]) == (1, 1, 0)


async def test_a_refused_key_stops_the_source_and_keeps_the_message(asked: Town) -> None:
    asked.fakes["messenger1"].fail("bad_key", 3)
    message = await asked.reply("Ключ отозван")
    await until(lambda: broken(asked))
    assert await asked.state(message, "queued", "failed", "sent", "unknown") == "queued"


async def broken(town: Town) -> bool:
    return bool(await town.one("SELECT state FROM source") == "broken")


async def test_answers_of_one_conversation_keep_their_order(asked: Town) -> None:
    messages = [await asked.reply(f"часть {number}") for number in range(5)]
    for message in messages:
        await asked.state(message, "sent")
    assert [arrived.text for arrived in asked.fakes["messenger1"].arrived] == [f"часть {n}" for n in range(5)]


async def test_a_long_text_is_cut_and_every_part_leaves_in_order(asked: Town) -> None:
    message = await asked.reply("Очень длинный ответ. " * 400)
    await asked.state(message, "sent")
    parts = [arrived.text for arrived in asked.fakes["messenger1"].arrived]
    assert len(parts) > 1
    assert " ".join(parts).split() == ("Очень длинный ответ. " * 400).split()


async def test_a_colleagues_newer_answer_stops_the_send_once(asked: Town) -> None:
    seen = await asked.one("SELECT id FROM message WHERE direction = 'in'")
    colleague = await asked.member("petr", "operator")
    await asked.state(await asked.reply("Ответил Пётр", member=colleague), "sent")
    with pytest.raises(Refusal) as refused:
        await asked.reply("Отвечаю и я", last_seen=seen, anyway=False)
    assert refused.value.code == "stale_context"
    await asked.state(await asked.reply("Отвечаю и я", last_seen=seen, anyway=True), "sent")


async def test_one_slow_conversation_does_not_hold_the_others(asked: Town) -> None:
    await asked.say("messenger1", "И мне ответьте", IGOR)
    await asked.opened()
    first, second = [
        row.id for row in await asked.rows("SELECT id FROM conversation ORDER BY created_at, id")
    ]
    asked.fakes["messenger1"].fail("slow_down", after=2)
    slow = await asked.reply("медленно", conversation=first)
    await asked.state(slow, "postponed")
    assert await asked.state(await asked.reply("быстро", conversation=second), "sent", "failed") == "sent"


async def test_what_became_of_calls_that_end_while_others_are_stored_is_stored_too(asked: Town) -> None:
    people = [Client(ref=f"8{number:03}", name=f"Клиент {number}") for number in range(8)]
    for one in people:
        await asked.say("messenger1", "А мне?", one)
    await asked.opened()
    places = [row.id for row in await asked.rows("SELECT id FROM conversation")]
    for _ in range(3):
        sent = await asyncio.gather(*(asked.reply("Да", conversation=place) for place in places))
        for message in sent:
            assert await asked.state(message, "sent", "unknown") == "sent"


async def test_a_note_never_leaves(asked: Town) -> None:
    ref = await asked.one("SELECT id FROM conversation")
    await asked.gateway.database.write(acts.note, ref, asked.admin, clock.new_id(), "между нами")
    await asyncio.sleep(0.2)
    assert asked.fakes["messenger1"].arrived == []
    assert await asked.one("SELECT state FROM conversation") == "open"


async def test_a_form_is_answered_by_mail_and_any_answer_to_the_client_answers_it(town: Town) -> None:
    await town.connect("form")
    await town.connect("mail")
    await town.say("form", "", doing="form", fields={"message": "Перезвоните"})
    await town.opened()
    form = await town.one("SELECT id FROM conversation")
    message = await town.reply("Мария, посчитали: 84 000 ₽", conversation=form)
    assert await town.state(message, "sent", "failed", "unknown") == "sent"
    assert town.fakes["mail"].arrived[-1].to in ("maria", "maria@example.ru")
    assert await town.one("SELECT state FROM conversation WHERE id = :id", id=form) == "waiting"
    assert await town.one("SELECT count(DISTINCT contact_id) FROM conversation") == 1


async def test_a_place_and_a_card_go_behind_the_words_and_are_shown_as_they_went(asked: Town) -> None:
    place = {"latitude": 55.75, "longitude": 37.61, "title": "Шоурум", "address": "Тверская, 1"}
    card = {"name": "Анна Мастер", "phones": ["+79160000011"], "emails": [], "own": False}
    shared = replies.Shared(location=place, card=card)
    message = await asked.reply("Ждём вас", shared=shared)
    assert await asked.state(message, "sent", "failed", "unknown") == "sent"
    arrived = asked.fakes["messenger1"].arrived
    assert [one.raw["method"] for one in arrived] == ["sendMessage", "sendVenue", "sendContact"]
    content = orjson.loads(await asked.one("SELECT content FROM message WHERE id = :id", id=message))
    assert (content["location"], content["card"]) == (place, card)


async def test_a_clients_sticker_is_sent_back_alone_and_its_picture_is_ours_too(asked: Town) -> None:
    await asked.say("messenger1", "", doing="sticker")
    await asked.opened()
    ready = "SELECT id FROM attachment WHERE kind = 'sticker' AND state = 'ready'"

    async def fetched() -> bool:
        return bool(await asked.rows(ready))

    await until(fetched)
    shared = replies.Shared(sticker=await asked.one(ready))
    message = await asked.reply("", shared=shared)
    assert await asked.state(message, "sent", "failed", "unknown") == "sent"
    assert asked.fakes["messenger1"].arrived[-1].raw["method"] == "sendSticker"
    assert await asked.one("SELECT kind FROM message WHERE id = :id", id=message) == "sticker"
    assert await asked.one("SELECT count(*) FROM attachment WHERE message_id = :id", id=message) == 1
    assert await asked.one("SELECT count(DISTINCT digest) FROM attachment WHERE kind = 'sticker'") == 1
    kept = (
        'SELECT "references" FROM file WHERE digest = (SELECT max(digest) FROM attachment WHERE kind = :kind)'
    )
    assert await asked.one(kept, kind="sticker") == 2


async def test_what_the_network_has_no_message_for_is_refused_and_nothing_changes(town: Town) -> None:
    await town.connect("messenger2")
    await town.say("messenger2", "Где вы?")
    await town.opened()
    card = {"name": "Анна", "phones": ["+79160000011"], "emails": [], "own": False}
    with pytest.raises(Refusal) as refused:
        await town.reply("Вот", shared=replies.Shared(card=card))
    assert (refused.value.code, refused.value.params["what"]) == ("cannot_share", "card")
    assert await town.one("SELECT count(*) FROM outbox") == 0
    assert await town.one("SELECT state FROM conversation") == "open"


async def test_words_changed_while_they_are_held_keep_the_place_that_goes_along(asked: Town) -> None:
    place = {"latitude": 55.75, "longitude": 37.61, "title": "", "address": ""}
    message = await asked.reply("Ждемс", hold_ms=None, shared=replies.Shared(location=place))
    source = asked.sources["messenger1"]
    wish = Wish(member_id=asked.admin, message_id=message, anyones=False)
    await afterwards.edit(asked.gateway, wish, source, "Ждём", ())
    clock.turn(10_000_000)
    try:
        assert await asked.state(message, "sent", "failed", "unknown") == "sent"
    finally:
        clock.turn(-10_000_000)
    arrived = asked.fakes["messenger1"].arrived
    assert [(one.raw["method"], one.text) for one in arrived] == [
        ("sendMessage", "Ждём"), ("sendLocation", "55.75,37.61"),
    ]  # fmt: skip


async def test_an_answer_that_the_network_took_for_a_repeat_of_another_does_not_look_sent(town: Town) -> None:
    """VK answers a `random_id` that it knows with the message that had it first, and sends nothing."""
    await town.connect("messenger2")
    await town.say("messenger2", "Доставка есть?")
    await town.opened()
    first = await town.reply("Есть")
    await town.state(first, "sent")
    fake, second = town.fakes["messenger2"], clock.new_id()
    assert isinstance(fake, VKFake)
    ((peer, _), known) = next(iter(fake.community.randoms.items()))
    fake.community.randoms[peer, random_id(second)] = known
    await town.reply("Завтра", id=second)
    assert await town.state(second, "sent", "failed", "unknown") == "failed"
    assert await town.one("SELECT reason FROM message WHERE id = :id", id=second) == "key_taken"
    assert [one.text for one in fake.arrived] == ["Есть"]
    account = await town.account("messenger2")
    assert (account["sent"], account["failed"]) == (1, 1)
    assert await town.one("SELECT state FROM message WHERE id = :id", id=first) == "sent"
