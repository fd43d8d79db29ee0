"""Does the local server do what Telegram's documents say? aiogram's own types are the judge of its shapes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest
from aiogram.types import Message, Update, WebhookInfo
from aiohttp import web

from channels.fakes import Act, Client, Doing
from channels.telegram.fake import SECRET, TOKEN, TelegramFake
from channels.telegram.fake_updates import picture, update_of, user_id
from tests.channels.telegram.conftest import ANNA

PETR = Client(ref="petr", name="Пётр")


async def call(fake: TelegramFake, method: str, token: str = TOKEN, **params: Any) -> dict[str, Any]:
    """One call of the Bot API as any program would make it."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{fake.base}/bot{token}/{method}", json=params) as response,
    ):
        answer: dict[str, Any] = orjson.loads(await response.read())
        assert answer.get("error_code", 200) == response.status
        return answer


@asynccontextmanager
async def hook(*statuses: int) -> AsyncIterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """A program that is called: answers with these statuses one after another, then with 200; remembers all."""
    heard: list[tuple[str, dict[str, Any]]] = []
    left = list(statuses)

    async def called(request: web.Request) -> web.Response:
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        heard.append((secret, orjson.loads(await request.read())))
        return web.Response(status=left.pop(0) if left else 200)

    app = web.Application()
    app.router.add_post("/hook", called)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook", heard
    await runner.cleanup()


@pytest.mark.parametrize("doing", [doing for doing in TelegramFake.doings if doing != "broken"])
def test_aiogram_takes_every_update_it_makes(doing: Doing) -> None:
    world = TelegramFake().world
    for who, text in ((ANNA, ""), (ANNA, "слова"), (PETR, "слова")):
        update = update_of(world, Act(client=who, doing=doing, text=text, reply_to=f"{user_id(who.ref)}:1"))
        (kind,) = update
        assert Update.model_validate({"update_id": world.number(), **update}).event_type == kind


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("sendMessage", {"text": "привет"}),
        ("sendLocation", {"latitude": 1.5, "longitude": 2.5}),
    ],
)
async def test_aiogram_takes_what_it_answers_to_a_send(
    fake: TelegramFake, method: str, params: dict[str, Any]
) -> None:
    await fake.act(Act(client=ANNA, text="x"))
    answer = await call(fake, method, chat_id=user_id(ANNA.ref), **params)
    assert Message.model_validate(answer["result"]).message_id == 2


async def test_its_picture_is_a_picture() -> None:
    import io

    from PIL import Image

    with Image.open(io.BytesIO(picture())) as found:
        assert found.size == (64, 48)


async def test_a_delivery_carries_the_secret_and_is_tried_again_until_taken(fake: TelegramFake) -> None:
    async with hook(500, 403, 503) as (url, heard):
        await call(fake, "setWebhook", url=url, secret_token=SECRET)
        delivered = await fake.act(Act(client=ANNA, text="x"))
        assert (delivered.status, len(heard)) == (200, 4)
        assert {secret for secret, _ in heard} == {SECRET}
        assert len({update["update_id"] for _, update in heard}) == 1


async def test_order_is_kept_in_a_chat_and_others_do_not_wait(fake: TelegramFake) -> None:
    async with hook(500, 500) as (url, heard):
        await call(fake, "setWebhook", url=url)
        acts = [Act(client=ANNA, text="1"), Act(client=ANNA, text="2"), Act(client=PETR, text="3")]
        await asyncio.gather(*(fake.act(act) for act in acts))
    taken = [update["message"]["text"] for _, update in heard if "message" in update]
    assert taken.index("3") < len(taken) - 1
    assert [text for text in dict.fromkeys(taken) if text != "3"] == ["1", "2"]


async def test_what_was_never_taken_waits_for_the_next_webhook(fake: TelegramFake) -> None:
    async with hook(*[500] * 6) as (url, heard):
        await call(fake, "setWebhook", url=url)
        assert (await fake.act(Act(client=ANNA, text="x"))).status == 500
        info = WebhookInfo.model_validate((await call(fake, "getWebhookInfo"))["result"])
        assert info.pending_update_count == 1
        assert "500" in (info.last_error_message or "")
        await call(fake, "setWebhook", url=url)
        async with asyncio.timeout(5):
            while len(heard) < 7:
                await asyncio.sleep(0.01)


async def test_delivering_again_repeats_the_same_update(fake: TelegramFake) -> None:
    async with hook() as (url, heard):
        await call(fake, "setWebhook", url=url)
        first = await fake.act(Act(client=ANNA, text="x"))
        again = await fake.again(2)
        assert again == first
        assert len(heard) == 3
        assert len({update["update_id"] for _, update in heard}) == 1


async def test_an_offset_confirms_what_lies_below_it(fake: TelegramFake) -> None:
    for text in "123":
        await fake.act(Act(client=ANNA, text=text))
    first = (await call(fake, "getUpdates", limit=2))["result"]
    assert [update["message"]["text"] for update in first] == ["1", "2"]
    rest = (await call(fake, "getUpdates", offset=first[-1]["update_id"] + 1))["result"]
    assert [update["message"]["text"] for update in rest] == ["3"]
    assert (await call(fake, "getUpdates", offset=rest[0]["update_id"] + 1))["result"] == []


async def test_a_negative_offset_keeps_the_last_ones(fake: TelegramFake) -> None:
    for text in "123":
        await fake.act(Act(client=ANNA, text=text))
    last = (await call(fake, "getUpdates", offset=-1))["result"]
    assert [update["message"]["text"] for update in last] == ["3"]


async def test_a_long_poll_answers_as_soon_as_something_happens(fake: TelegramFake) -> None:
    waiting = asyncio.create_task(call(fake, "getUpdates", timeout=20))
    await asyncio.sleep(0.05)
    await fake.act(Act(client=ANNA, text="x"))
    async with asyncio.timeout(2):
        assert len((await waiting)["result"]) == 1


async def test_a_webhook_keeps_readers_out(fake: TelegramFake) -> None:
    waiting = asyncio.create_task(call(fake, "getUpdates", timeout=20))
    await asyncio.sleep(0.05)
    await call(fake, "setWebhook", url="https://okno.example.com/h")
    assert "terminated by setWebhook" in (await waiting)["description"]
    assert (
        "can't use getUpdates method while webhook is active"
        in (await call(fake, "getUpdates"))["description"]
    )


async def test_reactions_come_only_when_asked_for(fake: TelegramFake) -> None:
    await fake.act(Act(client=ANNA, text="x"))
    assert (await fake.act(Act(client=ANNA, doing="reaction"))).event == ""
    await call(fake, "getUpdates", allowed_updates=["message_reaction"])
    assert (await fake.act(Act(client=ANNA, doing="reaction"))).event != ""
    assert (await fake.act(Act(client=ANNA, text="x"))).event == ""


@pytest.mark.parametrize(
    ("method", "params", "description"),
    [
        ("setWebhook", {"url": "http://okno.example.com/h"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        ("setWebhook", {"url": "https://x.example.com", "secret_token": "кот"}, "secret token contains unallowed characters"),
        ("sendMessage", {"chat_id": "5x", "text": "x"}, "chat not found"),
        ("sendMessage", {"chat_id": 77, "text": "x"}, "chat not found"),
        ("sendMessage", {"chat_id": user_id("anna"), "text": " "}, "message text is empty"),
        ("sendMessage", {"chat_id": user_id("anna"), "text": "😀" * 2049}, "message is too long"),
        ("sendDocument", {"chat_id": user_id("anna"), "caption": "x" * 1025}, "message caption is too long"),
        ("sendDocument", {"chat_id": user_id("anna")}, "there is no document in the request"),
        ("sendMessage", {"chat_id": user_id("anna"), "text": "x", "reply_parameters": {"message_id": 9}},
         "message to be replied not found"),
        ("getFile", {"file_id": "x"}, "wrong file_id or the file is temporarily unavailable"),
        ("editMessageText", {"chat_id": user_id("anna"), "message_id": 9, "text": "x"}, "message to edit not found"),
        ("deleteMessage", {"chat_id": user_id("anna"), "message_id": 9}, "message to delete not found"),
    ],
)  # fmt: skip
async def test_it_refuses_what_telegram_refuses(
    fake: TelegramFake, method: str, params: dict[str, Any], description: str
) -> None:
    answer = await call(fake, method, **params)
    assert (answer["error_code"], answer["description"]) == (400, f"Bad Request: {description}")


async def test_our_own_message_can_be_edited_once_and_deleted_once(fake: TelegramFake) -> None:
    chat = user_id(ANNA.ref)
    number = (await call(fake, "sendMessage", chat_id=chat, text="раз"))["result"]["message_id"]
    edited = await call(fake, "editMessageText", chat_id=chat, message_id=number, text="два")
    assert edited["result"]["text"] == "два"
    same = await call(fake, "editMessageText", chat_id=chat, message_id=number, text="два")
    assert same["description"].startswith("Bad Request: message is not modified:")
    assert (await call(fake, "deleteMessage", chat_id=chat, message_id=number))["ok"]
    assert not (await call(fake, "deleteMessage", chat_id=chat, message_id=number))["ok"]


async def test_who_blocked_the_bot_is_not_written_to_until_they_come_back(fake: TelegramFake) -> None:
    chat = user_id(ANNA.ref)
    await fake.act(Act(client=ANNA, doing="block"))
    blocked = await call(fake, "sendMessage", chat_id=chat, text="x")
    assert blocked["description"] == "Forbidden: bot was blocked by the user"
    await fake.act(Act(client=ANNA, doing="unblock"))
    assert (await call(fake, "sendMessage", chat_id=chat, text="x"))["ok"]


async def test_a_wrong_token_and_an_unknown_method_are_refused(fake: TelegramFake) -> None:
    assert (await call(fake, "getMe", token="1:x"))["error_code"] == 401
    assert (await call(fake, "getMoon"))["error_code"] == 404
    assert (await call(fake, "sendChatAction", chat_id=1, action="typing"))["result"] is True
    assert (await call(fake, "answerCallbackQuery", callback_query_id="1"))["result"] is True


async def test_what_happened_long_ago_is_told_so(fake: TelegramFake) -> None:
    await fake.act(Act(client=ANNA, text="давно", seconds_ago=90_000))
    await fake.act(Act(client=ANNA, text="сейчас"))
    old, new = fake.waiting
    assert 89_000 < new["message"]["date"] - old["message"]["date"] < 91_000
