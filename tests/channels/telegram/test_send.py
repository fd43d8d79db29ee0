"""What leaves, and what each failure proves; through aiogram, over real HTTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from channels.base import Account, FileKind, OutboundFile, OutboundMessage
from channels.errors import (
    Disconnected,
    OutcomeUnknown,
    Refused,
    SendFailed,
    TryLater,
    Unreachable,
    WindowClosed,
)
from channels.events import ContactCard, Identity, Location
from channels.fakes import Act, Client, Fault
from channels.telegram import Telegram, send
from channels.telegram.about import ABOUT
from channels.telegram.fake import TOKEN, TelegramFake
from channels.telegram.fake_updates import user_id
from channels.telegram.refusals import REFUSED, UNREACHABLE
from tests.channels.telegram.conftest import ANNA

CHAT = str(user_id(ANNA.ref))


def message(text: str = "", *, thread: str = CHAT, **fields: Any) -> OutboundMessage:
    to = Identity(kind="telegram", value=CHAT)
    return OutboundMessage(key="k", thread=thread, to=to, text=text, **fields)


def file(
    kind: FileKind = "file", name: str = "счёт.pdf", body: bytes = b"%PDF-1.4", size: int | None = None
) -> OutboundFile:
    async def read() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1000):
            yield body[start : start + 1000]

    return OutboundFile(
        kind=kind,
        name=name,
        mime="application/octet-stream",
        size=len(body) if size is None else size,
        read=read,
    )


async def failure(telegram: Telegram, what: OutboundMessage) -> SendFailed:
    """The error this message ends in; its code has words and no secret stands in it."""
    with pytest.raises(SendFailed) as caught:
        await telegram.send(what)
    error = caught.value
    assert error.code in ABOUT.errors
    assert TOKEN not in f"{error!r} {error.detail} {error.__cause__!r}"
    return error


async def test_words_arrive_as_they_were_written(fake: TelegramFake, telegram: Telegram) -> None:
    text = "5 < 6 & *не жирно* _не курсив_ [не](ссылка) 😀"
    (sent,) = await telegram.send(message(text))
    assert fake.arrived[-1].text == text
    assert fake.arrived[-1].id == sent
    assert sent.startswith(f"{CHAT}:")
    assert "parse_mode" not in fake.arrived[-1].raw


async def test_an_answer_names_the_message_it_answers(fake: TelegramFake, telegram: Telegram) -> None:
    await fake.act(Act(client=ANNA, text="Сколько?"))
    await telegram.send(message("Сто", reply_to=f"{CHAT}:1"))
    raw = fake.arrived[-1].raw["reply_parameters"]
    assert '"message_id": 1' in raw and '"allow_sending_without_reply": true' in raw


@pytest.mark.parametrize("reply_to", ["5:1", "callback:219000000000000001", "x", f"business:Bc-1:{CHAT}:7"])
async def test_a_message_of_another_chat_is_not_answered(
    fake: TelegramFake, telegram: Telegram, reply_to: str
) -> None:
    await telegram.send(message("Сто", reply_to=reply_to))
    assert "reply_parameters" not in fake.arrived[-1].raw


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("photo", "sendPhoto"),
        ("video", "sendVideo"),
        ("voice", "sendVoice"),
        ("audio", "sendAudio"),
        ("file", "sendDocument"),
        ("sticker", "sendDocument"),
    ],
)
async def test_each_kind_of_file_goes_its_own_way(
    fake: TelegramFake, telegram: Telegram, kind: FileKind, method: str
) -> None:
    await telegram.send(message("подпись", files=(file(kind, body=b"x" * 5000),)))
    arrived = fake.arrived[-1]
    assert (arrived.raw["method"], arrived.text, arrived.files) == (method, "подпись", ("счёт.pdf",))
    assert next(iter(fake.world.files.values())).body == b"x" * 5000


@pytest.mark.parametrize(
    ("name", "arrives"),
    [
        ('a"b\r\nX: y.pdf', "abX: y.pdf"),
        ("../../etc/passwd", "....etcpasswd"),
        ("\u202egnp.exe", "gnp.exe"),
        ("", "file"),
        ("я" * 300 + ".pdf", "я" * 117 + ".pdf"),
        ("без расширения", "без расширения"),
    ],
)
async def test_a_file_name_cannot_break_out(
    fake: TelegramFake, telegram: Telegram, name: str, arrives: str
) -> None:
    await telegram.send(message(files=(file(name=name),)))
    assert fake.arrived[-1].files == (arrives,)


async def test_a_caption_that_is_too_long_goes_before_the_file(
    fake: TelegramFake, telegram: Telegram
) -> None:
    ids = await telegram.send(message("😀" * 600, files=(file(),)))
    assert len(ids) == 2
    assert [one.raw["method"] for one in fake.arrived] == ["sendMessage", "sendDocument"]


async def test_a_place_with_a_name_is_a_venue_and_an_address_alone_is_its_name(
    fake: TelegramFake, telegram: Telegram
) -> None:
    place = Location(latitude=55.75, longitude=37.61, address="Кремль")
    await telegram.send(message(location=place))
    assert (fake.arrived[-1].raw["method"], fake.arrived[-1].text) == ("sendVenue", "Кремль, Кремль")


async def test_a_card_without_a_number_is_refused_before_anything_leaves(
    fake: TelegramFake, telegram: Telegram
) -> None:
    with pytest.raises(Refused) as caught:
        await telegram.send(message(card=ContactCard(name="Анна", emails=("anna@firma.example",))))
    assert caught.value.code == "card_no_phone"
    assert fake.arrived == []


async def test_a_place_on_the_equator_arrives(fake: TelegramFake, telegram: Telegram) -> None:
    await telegram.send(message(location=Location(latitude=0.0, longitude=37.5)))
    assert fake.arrived[-1].text == "0.0,37.5"


@pytest.mark.parametrize(
    ("what", "code"),
    [
        (message(""), "empty"),
        (message(" \n"), "empty"),
        (message("😀" * 2049), "too_long"),
        (message(files=(file(size=50 * (1 << 20) + 1),)), "too_large"),
        (message(files=(file("voice", size=0),)), "file_empty"),
        (message("x", thread="не чат"), "no_chat"),
        (message("x", thread="business::5"), "no_chat"),
    ],
    ids=["nothing", "blanks", "long", "large", "empty file", "no chat", "no connection"],
)
async def test_what_telegram_would_not_take_is_refused_before_it_is_asked(
    fake: TelegramFake, telegram: Telegram, what: OutboundMessage, code: str
) -> None:
    error = await failure(telegram, what)
    assert (type(error), error.code) == (Refused, code)
    assert not fake.calls


async def test_a_picture_over_ten_megabytes_goes_as_a_document(
    fake: TelegramFake, telegram: Telegram
) -> None:
    await telegram.send(message(files=(file("photo", "план.png", b"x" * (10 * (1 << 20) + 1)),)))
    assert fake.arrived[-1].raw["method"] == "sendDocument"


async def test_a_picture_that_is_none_for_telegram_goes_as_a_document(
    fake: TelegramFake, telegram: Telegram
) -> None:
    fake.refuse(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    await telegram.send(message("план", files=(file("photo", "план.png"),)))
    assert [one.raw["method"] for one in fake.arrived] == ["sendDocument"]
    assert fake.arrived[-1].text == "план"


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("slow_down", TryLater, "slow_down"),
        ("blocked", Unreachable, "blocked_by_client"),
        ("server_error", OutcomeUnknown, "server_error"),
        ("reset", OutcomeUnknown, "connection_lost"),
        ("lost_answer", OutcomeUnknown, "connection_lost"),
        ("bad_key", Disconnected, "token_wrong"),
        ("refused", Refused, "refused"),
    ],
)
async def test_each_fault_says_how_certain_it_is(
    fake: TelegramFake, telegram: Telegram, fault: Fault, kind: type[SendFailed], code: str
) -> None:
    fake.fail(fault)
    error = await failure(telegram, message("x"))
    assert (type(error), error.code) == (kind, code)
    assert len(fake.arrived) == (fault == "lost_answer")


async def test_no_answer_in_time_is_unknown(
    fake: TelegramFake, telegram: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send, "TEXT_TIMEOUT", 1)
    fake.fail("hang")
    error = await failure(telegram, message("x"))
    assert (type(error), error.code) == (OutcomeUnknown, "timeout")


async def test_a_connection_never_made_is_certainly_not_sent(fake: TelegramFake) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{free.getsockname()[1]}"
    channel = Telegram(Account(source_id="s", settings={**fake.settings(), "api_base": base}))
    error = await failure(channel, message("x"))
    assert (type(error), error.code) == (TryLater, "network")
    await channel.close()


@pytest.mark.parametrize(
    ("status", "description", "kind", "code"),
    [
        (403, "Forbidden: user is deactivated", Unreachable, "address_dead"),
        (
            403,
            "Forbidden: bot can't initiate conversation with a user",
            Unreachable,
            "no_permission_at_provider",
        ),
        (400, "Bad Request: chat not found", Unreachable, "no_permission_at_provider"),
        (400, "Bad Request: PEER_ID_INVALID", Unreachable, "no_permission_at_provider"),
        (400, "Bad Request: BUSINESS_PEER_USAGE_MISSING", WindowClosed, "provider_window_closed"),
        (400, "Bad Request: BUSINESS_CONNECTION_INVALID", Refused, "business_disconnected"),
        (400, "Bad Request: VOICE_MESSAGES_FORBIDDEN", Refused, "voice_forbidden"),
        (400, "Bad Request: message is too long", Refused, "too_long"),
        (400, "Bad Request: can't parse entities: x", Refused, "refused"),
        (404, "Not Found", Disconnected, "token_wrong"),
        (404, "Not Found: method not found", Refused, "not_supported"),
        (413, "Request Entity Too Large", Refused, "too_large"),
        (500, "Internal Server Error", OutcomeUnknown, "server_error"),
        (418, "I'm a teapot", Refused, "refused"),
    ],
)
async def test_every_refusal_of_the_document_has_its_class(
    fake: TelegramFake, telegram: Telegram, status: int, description: str, kind: type[SendFailed], code: str
) -> None:
    fake.refuse(status, description)
    error = await failure(telegram, message("x"))
    assert (type(error), error.code) == (kind, code)


@pytest.mark.parametrize(
    "description",
    ["Forbidden: bot was kicked from the supergroup chat", "Forbidden: the group chat was deleted",
     "Bad Request: chat not found"],
)  # fmt: skip
async def test_a_group_that_threw_us_out_marks_no_person(
    fake: TelegramFake, telegram: Telegram, description: str
) -> None:
    fake.refuse(403 if "Forbidden" in description else 400, description)
    error = await failure(telegram, message("x", thread="-1001700000001"))
    assert (type(error), error.code) == (Refused, "not_in_group")


async def test_a_flood_pauses_the_bot_until_others_go_through(fake: TelegramFake, telegram: Telegram) -> None:
    fake.fail("slow_down", after=17)
    first = await failure(telegram, message("x"))
    assert isinstance(first, TryLater) and (first.after, first.whole_source) == (17, True)
    fake.fail("slow_down", after=5)
    again = await failure(telegram, message("x"))
    assert isinstance(again, TryLater) and not again.whole_source, "this chat's own limit by now"


async def test_a_flood_in_a_group_is_the_groups_own(fake: TelegramFake, telegram: Telegram) -> None:
    fake.world.talk(-1001700000001)
    fake.fail("slow_down", after=3)
    error = await failure(telegram, message("x", thread="-1001700000001"))
    assert isinstance(error, TryLater) and not error.whole_source


async def test_a_group_that_became_a_supergroup_is_followed(fake: TelegramFake, telegram: Telegram) -> None:
    fake.world.talk(-1001700000009)
    told = "Bad Request: group chat was upgraded to a supergroup chat"
    fake.refuse(400, told, migrate_to_chat_id=-1001700000009)
    (sent,) = await telegram.send(message("x", thread="-700001"))
    assert sent.startswith("-1001700000009:")


async def test_topics_and_business_chats_are_addressed(fake: TelegramFake, telegram: Telegram) -> None:
    fake.world.talk(-1001700000001)
    (in_topic,) = await telegram.send(message("x", thread="-1001700000001:45"))
    assert fake.arrived[-1].raw["message_thread_id"] == "45"
    assert in_topic == "-1001700000001:1"
    await fake.privately(await fake.lend(Client(ref="1", name="Олег")), ANNA, "Здравствуйте")
    (business,) = await telegram.send(message("x", thread=f"business:Bc-1:{CHAT}"))
    assert fake.arrived[-1].raw["business_connection_id"] == "Bc-1"
    assert business == f"business:Bc-1:{CHAT}:2"


async def test_after_a_part_arrived_nothing_is_tried_again(fake: TelegramFake, telegram: Telegram) -> None:
    long = "а" * 2000

    async def fail_the_file() -> AsyncIterator[bytes]:
        fake.fail("slow_down")
        yield b"x"

    broken = OutboundFile(kind="file", name="a", mime="", size=1, read=fail_the_file)
    error = await failure(telegram, message(long, files=(broken,)))
    assert (type(error), error.code) == (OutcomeUnknown, "partly_sent")
    assert len(fake.arrived) == 1


async def test_a_file_that_cannot_be_read_is_certainly_not_sent(
    fake: TelegramFake, telegram: Telegram
) -> None:
    async def gone() -> AsyncIterator[bytes]:
        yield b"half"
        raise FileNotFoundError("gone")

    broken = OutboundFile(kind="file", name="a", mime="", size=100, read=gone)
    error = await failure(telegram, message(files=(broken,)))
    assert (type(error), error.code) == (TryLater, "file_unreadable")
    assert not fake.arrived


async def test_a_wrong_token_never_reaches_the_network(fake: TelegramFake) -> None:
    for token in ("", "no token", "4200000001:", "x:y"):
        channel = Telegram(Account(source_id="s", settings={**fake.settings(), "token": token}))
        with pytest.raises(Disconnected):
            await channel.send(message("x"))
        await channel.close()
    assert not fake.calls


async def test_plain_http_to_elsewhere_is_refused(fake: TelegramFake) -> None:
    for base in ("http://api.telegram.example", "http://127.0.0.1.example", "ftp://x", "https://a@b.example"):
        channel = Telegram(Account(source_id="s", settings={**fake.settings(), "api_base": base}))
        with pytest.raises(Disconnected) as caught:
            await channel.send(message("x"))
        assert caught.value.code == "api_base_wrong"
        await channel.close()


async def test_two_first_messages_at_once_share_one_sender(fake: TelegramFake, telegram: Telegram) -> None:
    await asyncio.gather(*(telegram.send(message(str(number))) for number in range(5)))
    assert sorted(one.text for one in fake.arrived) == ["0", "1", "2", "3", "4"]


def test_every_code_of_the_tables_has_words() -> None:
    assert {code for _, code in (*UNREACHABLE, *REFUSED)} <= ABOUT.errors.keys()
