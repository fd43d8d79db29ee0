"""What can be done to what was said, and how styled words, buttons and lent accounts leave."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from channels.base import Button, OutboundEdit, OutboundMessage
from channels.errors import Disconnected, Refused, SendFailed, TryLater, WindowClosed
from channels.events import Identity, Span
from channels.fakes import Act, Client
from channels.telegram import Telegram
from channels.telegram.about import ABOUT
from channels.telegram.fake import TelegramFake
from channels.telegram.fake_updates import user_id
from tests.channels.telegram.conftest import ANNA
from tests.channels.telegram.test_send import file, message

TO = Identity(kind="telegram", value=str(user_id(ANNA.ref)))
CHAT = TO.value
OLEG = Client(ref="oleg", name="Менеджер Олег")


def changed(external_id: str, text: str, **more: Any) -> OutboundEdit:
    return OutboundEdit(thread=CHAT, to=TO, external_id=external_id, text=text, **more)


def standing(fake: TelegramFake, external_id: str) -> Any:
    """Our message as the chat shows it now; None: it is gone."""
    return fake.world.talk(int(CHAT)).sent.get(int(external_id.rpartition(":")[2]))


async def test_our_words_are_changed_and_the_same_again_is_no_error(
    fake: TelegramFake, telegram: Telegram
) -> None:
    (sent,) = await telegram.send(message("Сто рублей"))
    for _ in range(2):
        await telegram.edit(changed(sent, "Двести 😀 рублей", spans=(Span(start=9, length=6, style="bold"),)))
    assert standing(fake, sent)["text"] == "Двести 😀 рублей"
    assert standing(fake, sent)["entities"] == [{"type": "bold", "offset": 10, "length": 6}]


async def test_words_under_a_file_are_changed_as_a_caption(fake: TelegramFake, telegram: Telegram) -> None:
    (sent,) = await telegram.send(message("счёт", files=(file(),)))
    await telegram.edit(changed(sent, "новый счёт", caption=True))
    assert standing(fake, sent)["caption"] == "новый счёт"


async def test_our_words_are_taken_back_and_what_is_gone_is_no_error(
    fake: TelegramFake, telegram: Telegram
) -> None:
    (first,) = await telegram.send(message("раз"))
    (second,) = await telegram.send(message("два"))
    for _ in range(2):
        await telegram.delete(CHAT, TO, [first, second])
    assert standing(fake, first) is None and standing(fake, second) is None


async def test_more_than_a_hundred_are_taken_back_by_parts(fake: TelegramFake, telegram: Telegram) -> None:
    await telegram.delete(CHAT, TO, [f"{CHAT}:{number}" for number in range(1, 251)])
    parts = [params["message_ids"] for method, params in fake.calls if method == "deleteMessages"]
    assert [len(part) for part in parts] == [100, 100, 50]


async def test_our_reaction_is_put_and_taken_away(fake: TelegramFake, telegram: Telegram) -> None:
    await fake.act(Act(client=ANNA, text="спасибо"))
    under = fake.world.talk(int(CHAT)).reactions
    await telegram.react(CHAT, TO, f"{CHAT}:1", "👍")
    assert under[1] == [{"type": "emoji", "emoji": "👍"}]
    await telegram.react(CHAT, TO, f"{CHAT}:1", "")
    assert under[1] == []


async def test_the_client_sees_that_somebody_writes(fake: TelegramFake, telegram: Telegram) -> None:
    await telegram.typing("-1001700000001:5", TO)
    method, params = fake.calls[-1]
    assert (method, params["action"], params["message_thread_id"]) == ("sendChatAction", "typing", 5)


async def test_nobody_waits_for_a_sign_of_typing_or_a_button(telegram: Telegram, fake: TelegramFake) -> None:
    await fake.stop()
    await telegram.typing(CHAT, TO)
    await telegram.typing("no chat", TO)
    await telegram.acknowledge("219")


async def test_a_pressed_button_stops_waiting(fake: TelegramFake, telegram: Telegram) -> None:
    await telegram.acknowledge("219", "Принято")
    assert fake.calls[-1] == ("answerCallbackQuery", {"callback_query_id": "219", "text": "Принято"})


@pytest.mark.parametrize(
    ("status", "description", "kind", "code"),
    [
        (400, "Bad Request: message can't be edited", Refused, "cannot_edit"),
        (400, "Bad Request: message to edit not found", Refused, "message_gone"),
        (401, "Unauthorized", Disconnected, "token_wrong"),
        (429, "Too Many Requests: retry after 3", TryLater, "slow_down"),
        (502, "Bad Gateway", TryLater, "server_error"),
    ],
)
async def test_what_stops_a_change_is_told(
    fake: TelegramFake, telegram: Telegram, status: int, description: str, kind: type[SendFailed], code: str
) -> None:
    (sent,) = await telegram.send(message("раз"))
    fake.refuse(status, description)
    with pytest.raises(kind) as caught:
        await telegram.edit(changed(sent, "два"))
    assert caught.value.code == code
    assert code in ABOUT.errors


async def test_what_telegram_will_not_take_back_is_told(fake: TelegramFake, telegram: Telegram) -> None:
    fake.refuse(400, "Bad Request: message can't be deleted for everyone")
    with pytest.raises(Refused, match="deleted") as caught:
        await telegram.delete(CHAT, TO, [f"{CHAT}:1"])
    assert caught.value.code == "cannot_delete"


@pytest.mark.parametrize("external_id", ["5:1", "callback:219", "", f"business:Bc-1:{CHAT}:7"])
async def test_a_message_of_another_chat_is_left_alone(
    fake: TelegramFake, telegram: Telegram, external_id: str
) -> None:
    for act in (
        telegram.edit(changed(external_id, "x")),
        telegram.delete(CHAT, TO, [external_id]),
        telegram.react(CHAT, TO, external_id, "👍"),
    ):
        with pytest.raises(Refused):
            await act
    assert not fake.calls


async def test_styles_leave_as_telegram_counts_them(fake: TelegramFake, telegram: Telegram) -> None:
    spans = (
        Span(start=2, length=6, style="bold"),
        Span(start=9, length=6, style="link", url="https://mebel.example/?a=1&b=2"),
    )
    await telegram.send(message("😀 Скидка ссылка", spans=spans))
    raw = orjson.loads(fake.arrived[-1].raw["entities"])
    assert [(one["type"], one["offset"], one["length"], one.get("url")) for one in raw] == [
        ("bold", 3, 6, None),
        ("text_link", 10, 6, "https://mebel.example/?a=1&b=2"),
    ]


async def test_styles_that_are_refused_do_not_hold_the_words_back(
    fake: TelegramFake, telegram: Telegram
) -> None:
    fake.refuse(400, "Bad Request: can't parse entities: ENTITY_BOUNDS_INVALID")
    await telegram.send(message("жирно", spans=(Span(start=0, length=5, style="bold"),)))
    assert [(one.text, "entities" in one.raw) for one in fake.arrived] == [("жирно", False)]


async def test_buttons_stand_under_the_words_and_come_back_pressed(
    fake: TelegramFake, telegram: Telegram
) -> None:
    rows = (
        (Button(label="Да", payload="yes"), Button(label="Нет" * 50)),
        (Button(label="Сайт", url="https://a.example/"),),
    )
    await telegram.send(message("Приехать?", buttons=rows))
    keyboard = orjson.loads(fake.arrived[-1].raw["reply_markup"])["inline_keyboard"]
    assert [[one.get("callback_data", one.get("url")) for one in row] for row in keyboard] == [
        ["yes", "Нет" * 10 + "Не"],
        ["https://a.example/"],
    ]


async def test_buttons_beyond_the_network_are_refused_before_anything_leaves(
    fake: TelegramFake, telegram: Telegram
) -> None:
    for rows in (((Button(label="x", payload="я" * 33),),), tuple((Button(label="x"),) for _ in range(101))):
        with pytest.raises(Refused) as caught:
            await telegram.send(message("?", buttons=rows))
        assert caught.value.code == "buttons_too_many"
    assert not fake.arrived


def privately(key: str, text: str) -> OutboundMessage:
    return message(text, thread=f"business:{key}:{CHAT}")


async def test_a_lent_account_answers_who_wrote(fake: TelegramFake, telegram: Telegram) -> None:
    key = await fake.lend(OLEG)
    await fake.privately(key, ANNA, "Здравствуйте")
    (sent,) = await telegram.send(privately(key, "Добрый день"))
    assert sent == f"business:{key}:{CHAT}:2"
    await telegram.edit(
        OutboundEdit(thread=f"business:{key}:{CHAT}", to=TO, external_id=sent, text="Добрый вечер")
    )
    private = fake.world.private_talk(key, int(CHAT))
    assert private.sent[2]["text"] == "Добрый вечер"
    await telegram.delete(f"business:{key}:{CHAT}", TO, [sent])
    assert not private.sent


async def test_a_lent_account_is_bound_by_a_day(fake: TelegramFake, telegram: Telegram) -> None:
    key = await fake.lend(OLEG)
    await fake.privately(key, ANNA, "Здравствуйте")
    fake.world.lent[key].written_at[int(CHAT)] -= 86_400
    with pytest.raises(WindowClosed):
        await telegram.send(privately(key, "Добрый день"))


@pytest.mark.parametrize(
    ("can_reply", "enabled", "code"), [(True, False, "business_disconnected"), (False, True, "no_rights")]
)
async def test_an_account_taken_back_says_so(
    fake: TelegramFake, telegram: Telegram, can_reply: bool, enabled: bool, code: str
) -> None:
    key = await fake.lend(OLEG)
    await fake.privately(key, ANNA, "Здравствуйте")
    await fake.lend(OLEG, can_reply=can_reply, enabled=enabled)
    with pytest.raises(Refused) as caught:
        await telegram.send(privately(key, "Добрый день"))
    assert caught.value.code == code


async def test_a_bot_cannot_react_on_a_lent_account(telegram: Telegram) -> None:
    with pytest.raises(Refused) as caught:
        await telegram.react(f"business:Bc-1:{CHAT}", TO, f"business:Bc-1:{CHAT}:1", "👍")
    assert caught.value.code == "cannot_react"


async def test_a_group_that_became_a_supergroup_is_followed(fake: TelegramFake, telegram: Telegram) -> None:
    await fake.in_group(-700001, ANNA, "Привет")
    new = await fake.upgrade(-700001, ANNA)
    (sent,) = await telegram.send(message("Здравствуйте", thread="-700001"))
    assert sent.startswith(f"{new}:")


def test_topics_share_the_pace_of_their_group(telegram: Telegram) -> None:
    assert telegram.pace("-1001700000001:5") == telegram.pace("-1001700000001:6") == ("-1001700000001", 3.0)
    assert telegram.pace(CHAT) == (CHAT, 1)
