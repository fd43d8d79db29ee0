"""An answer reaches VK once, or fails with what to do next."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest

from channels.base import FileKind, OutboundFile, OutboundMessage
from channels.errors import Disconnected, Refused, SendFailed, TryLater, Unreachable, WindowClosed
from channels.events import Identity, Location
from channels.fakes import Act, Fault
from channels.vk.api import THREADS
from channels.vk.failures import http_failure
from channels.vk.fake import VKFake
from channels.vk.send import random_id
from tests.channels.vk.conftest import ANNA, Connect

KEY = "0190a000-0000-7000-8000-0000000000aa"


def file_of(
    kind: FileKind, content: bytes, name: str, mime: str = "", size: int | None = None
) -> OutboundFile:
    async def read() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 1000):
            yield content[start : start + 1000]

    return OutboundFile(
        kind=kind, name=name, mime=mime, size=len(content) if size is None else size, read=read
    )


def to(
    peer: int, text: str = "Здравствуйте", key: str = KEY, files: tuple[OutboundFile, ...] = (),
    reply_to: str = "", location: Location | None = None,
) -> OutboundMessage:  # fmt: skip
    return OutboundMessage(
        key=key, thread=str(peer), to=Identity(kind="vk", value=str(peer)), text=text, files=files,
        reply_to=reply_to, location=location,
    )  # fmt: skip


@pytest.fixture
async def anna(fake: VKFake) -> int:
    """A client who wrote once; her dialog's next number is 2."""
    await fake.act(Act(client=ANNA, text="Добрый день"))
    return fake.community.user(ANNA.ref, ANNA.name)


async def test_a_text_arrives_and_its_number_in_the_dialog_comes_back(
    fake: VKFake, channel: Connect, anna: int
) -> None:
    ids = await channel().send(to(anna, "Да, есть 👍"))
    (arrived,) = fake.arrived
    assert ids == (f"{anna}:2",) == (arrived.id,)
    assert (arrived.to, arrived.text) == ("anna", "Да, есть 👍")


async def test_the_same_key_is_sent_once_however_often_it_is_tried(
    fake: VKFake, channel: Connect, anna: int
) -> None:
    vk = channel()
    first = await vk.send(to(anna))
    assert await vk.send(to(anna)) == first
    assert len(fake.arrived) == 1


async def test_after_a_lost_answer_the_second_try_doubles_nothing(
    fake: VKFake, channel: Connect, anna: int
) -> None:
    vk = channel()
    fake.fail("lost_answer")
    with pytest.raises(TryLater):
        await vk.send(to(anna))
    assert await vk.send(to(anna)) == (f"{anna}:2",)
    assert len(fake.arrived) == 1


def test_the_random_id_is_a_positive_int32_and_never_nought() -> None:
    made = {random_id(f"{KEY}.{n}") for n in range(2000)}
    assert len(made) == 2000
    assert all(0 < number < 2**31 for number in made)


async def test_the_echo_carries_what_echo_key_foretold(fake: VKFake, channel: Connect, anna: int) -> None:
    vk = channel()
    await vk.send(to(anna))
    assert fake.arrived[0].key == vk.echo_key(KEY)


async def test_a_quote_points_at_the_message_in_the_dialog(fake: VKFake, channel: Connect, anna: int) -> None:
    await channel().send(to(anna, reply_to=f"{anna}:1"))
    forward = json.loads(fake.arrived[0].raw["forward"])
    assert forward == {"peer_id": anna, "conversation_message_ids": [1], "is_reply": True}


@pytest.mark.parametrize("odd", ["5:1", "m301", "1:m301", ""])
async def test_a_quote_from_elsewhere_is_left_out(
    fake: VKFake, channel: Connect, anna: int, odd: str
) -> None:
    await channel().send(to(anna, reply_to=odd))
    assert "forward" not in fake.arrived[0].raw


async def test_a_quote_that_vk_forbids_is_refused_with_that_reason(channel: Connect, anna: int) -> None:
    with pytest.raises(Refused) as refused:
        await channel().send(to(anna, reply_to=f"{anna}:99"))
    assert refused.value.code == "cannot_quote"


async def test_a_place_is_sent_as_a_place(fake: VKFake, channel: Connect, anna: int) -> None:
    await channel().send(to(anna, text="", location=Location(latitude=55.75, longitude=37.61)))
    assert (fake.arrived[0].raw["lat"], fake.arrived[0].raw["long"]) == ("55.75", "37.61")


@pytest.mark.parametrize(
    ("kind", "mime", "method", "reference"),
    [
        ("photo", "image/jpeg", "photos.saveMessagesPhoto", "photo-"),
        ("photo", "image/webp", "docs.save", "doc-"),
        ("file", "application/pdf", "docs.save", "doc-"),
        ("video", "video/mp4", "docs.save", "doc-"),
        ("audio", "audio/ogg", "docs.save", "doc-"),
        ("voice", "audio/ogg", "docs.save", "audio_message-"),
    ],
)
async def test_a_file_goes_up_in_three_steps(
    fake: VKFake, channel: Connect, anna: int, kind: FileKind, mime: str, method: str, reference: str
) -> None:
    content = bytes(range(256)) * 300
    await channel().send(to(anna, files=(file_of(kind, content, "смета «кухня».bin", mime),)))
    assert [name for name, _ in fake.calls][1:] == [method, "messages.send"]
    assert fake.arrived[0].raw["attachment"].startswith(reference)
    assert [kept for name, kept in fake.community.files.values()] == [content]


async def test_a_document_keeps_its_name(fake: VKFake, channel: Connect, anna: int) -> None:
    await channel().send(to(anna, files=(file_of("file", b"%PDF", "счёт.pdf", "application/pdf"),)))
    assert fake.arrived[0].files == ("счёт.pdf",)


async def test_words_and_several_files_are_one_message(fake: VKFake, channel: Connect, anna: int) -> None:
    files = (file_of("photo", b"1", "a.jpg", "image/jpeg"), file_of("file", b"22", "b.txt", "text/plain"))
    ids = await channel().send(to(anna, "Вот", files=files))
    assert len(ids) == 1
    assert len(fake.arrived[0].files) == 2


async def test_a_file_that_vk_does_not_take_is_not_even_uploaded(
    fake: VKFake, channel: Connect, anna: int
) -> None:
    for kind, size, code in (("photo", 51 * 2**20, "too_large"), ("sticker", 5, "file_kind")):
        with pytest.raises(Refused) as refused:
            await channel().send(to(anna, files=(file_of(kind, b"x", "a.jpg", size=size),)))  # type: ignore[arg-type]
        assert refused.value.code == code
    assert fake.calls == []


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("photo", {"server": 1, "photo": "[]", "hash": "h"}),
        ("file", {"error": "unknown error", "error_descr": "bad file"}),
        ("file", {}),
    ],
)
async def test_a_file_that_the_upload_server_turns_down_is_refused(
    fake: VKFake, channel: Connect, anna: int, kind: FileKind, answer: dict[str, object]
) -> None:
    fake.upload_answer = answer
    with pytest.raises(Refused) as refused:
        await channel().send(to(anna, files=(file_of(kind, b"x", "a.jpg", "image/jpeg"),)))
    assert refused.value.code == "file_refused"
    assert fake.arrived == []


async def test_without_the_right_to_upload_the_reason_is_said(
    fake: VKFake, channel: Connect, anna: int
) -> None:
    fake.community.rights.discard("docs")
    with pytest.raises(Refused) as refused:
        await channel().send(to(anna, files=(file_of("file", b"x", "a.pdf"),)))
    assert refused.value.code == "no_right"


FAULTS: list[tuple[Fault, type[SendFailed], str]] = [
    ("slow_down", TryLater, "too_many"),
    ("blocked", Unreachable, "no_permission"),
    ("server_error", TryLater, "vk_failed"),
    ("hang", TryLater, "timeout"),
    ("reset", TryLater, "no_connection"),
    ("lost_answer", TryLater, "no_connection"),
    ("bad_key", Disconnected, "key_refused"),
    ("refused", Refused, "bad_request"),
]


@pytest.mark.parametrize(("fault", "kind", "code"), FAULTS, ids=[row[0] for row in FAULTS])
async def test_each_fault_of_the_network_is_named(
    fake: VKFake, channel: Connect, anna: int, fault: Fault, kind: type[SendFailed], code: str
) -> None:
    fake.fail(fault)
    with pytest.raises(kind) as failed:
        await channel().send(to(anna))
    assert (type(failed.value), failed.value.code) == (kind, code)


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ("3", 3.0),
        ("Tue, 22 Sep 2026 12:00:30 GMT", 30.0),
        ("Tue, 22 Sep 2026 11:00:00 GMT", 0.0),
        ("99999999", 10800.0),
        ("nan", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, after: float | None) -> None:
    failed = http_failure(503, value, "Tue, 22 Sep 2026 12:00:00 GMT")
    assert isinstance(failed, TryLater)
    assert failed.after == after


async def test_a_429_is_kept_to_by_the_whole_community(fake: VKFake, channel: Connect, anna: int) -> None:
    fake.fail("slow_down", after=7)
    with pytest.raises(TryLater) as later:
        await channel().send(to(anna))
    assert (later.value.after, later.value.whole_source) == (7.0, True)


CODES: list[tuple[int, type[SendFailed], str]] = [
    (1, TryLater, "vk_failed"), (6, TryLater, "too_many"), (9, TryLater, "flood"),
    (10, TryLater, "vk_failed"), (14, TryLater, "captcha"), (29, TryLater, "quota"),
    (36, TryLater, "vk_failed"), (5, Disconnected, "key_refused"), (17, Disconnected, "key_refused"),
    (27, Disconnected, "key_refused"), (28, Disconnected, "key_refused"), (7, Refused, "no_right"),
    (15, Refused, "no_right"), (203, Refused, "no_right"), (8, Refused, "bad_request"),
    (100, Refused, "bad_request"), (910, Refused, "too_long"), (914, Refused, "too_long"),
    (912, Refused, "chatbot_off"), (913, Refused, "cannot_quote"), (917, Refused, "chat_closed"),
    (921, Refused, "cannot_quote"), (945, Refused, "chat_closed"), (18, Unreachable, "person_deleted"),
    (37, Unreachable, "person_banned"), (900, Unreachable, "blacklisted"),
    (901, Unreachable, "no_permission"), (902, Unreachable, "privacy"),
    (932, Unreachable, "peer_closed"), (936, Unreachable, "person_not_found"),
    (983, Unreachable, "writing_off"), (1012, Unreachable, "writing_off"),
    (987, Unreachable, "request_needed"), (950, WindowClosed, "provider_window_closed"),
    (77777, Refused, "refused"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "kind", "code"), CODES, ids=[str(row[0]) for row in CODES])
async def test_each_number_of_vk_has_a_meaning(
    fake: VKFake, channel: Connect, anna: int, number: int, kind: type[SendFailed], code: str
) -> None:
    fake.fail_with(number)
    with pytest.raises(kind) as failed:
        await channel().send(to(anna))
    assert (type(failed.value), failed.value.code) == (kind, code)
    assert fake.arrived == []


def test_every_meaning_has_words_in_both_languages() -> None:
    from channels.vk.about import ABOUT
    from channels.vk.failures import DISCONNECTED, LATER, REFUSED, UNREACHABLE

    codes = {
        *DISCONNECTED.values(),
        *UNREACHABLE.values(),
        *REFUSED.values(),
        *(row[0] for row in LATER.values()),
    }
    codes |= {row[2] for row in (*FAULTS, *CODES)} | {
        "no_right",
        "messages_denied",
        "file_gone",
        "foreign_address",
    }
    assert codes <= ABOUT.errors.keys()
    assert all(text.ru and text.en and text.ru != text.en for text in ABOUT.errors.values())


async def test_somebody_who_never_wrote_cannot_be_written_to(fake: VKFake, channel: Connect) -> None:
    with pytest.raises(Unreachable) as failed:
        await channel().send(to(712345678))
    assert failed.value.code == "no_permission"


async def test_a_dead_address_of_vk_is_no_connection(channel: Connect) -> None:
    with pytest.raises(TryLater) as later:
        await channel(api_base="http://127.0.0.1:9").send(to(5))
    assert later.value.code == "no_connection"


async def test_nothing_to_say_and_nobody_to_say_it_to_is_refused(
    fake: VKFake, channel: Connect, anna: int
) -> None:
    nobody = OutboundMessage(key=KEY, thread="root@mail", to=Identity(kind="email", value="a@b"), text="x")
    for message in (to(anna, text=""), nobody):
        with pytest.raises(Refused):
            await channel().send(message)
    assert fake.calls == []


async def test_an_answer_given_up_before_its_turn_is_never_sent(
    fake: VKFake, channel: Connect, anna: int
) -> None:
    vk = channel()
    fake.fail("hang", THREADS)
    stuck = [asyncio.create_task(vk.send(to(anna, key=f"a{number}"))) for number in range(THREADS)]
    waiting = asyncio.create_task(vk.send(to(anna, key="b")))
    await asyncio.sleep(0.05)
    waiting.cancel()
    assert {type(one) for one in await asyncio.gather(*stuck, return_exceptions=True)} == {TryLater}
    await asyncio.gather(waiting, return_exceptions=True)
    assert await vk.send(to(anna, key="c")) == (f"{anna}:2",)
    assert [arrived.key for arrived in fake.arrived] == [str(random_id("c"))]


async def test_a_file_on_its_way_is_broken_off_when_the_answer_is_given_up(
    fake: VKFake, channel: Connect, anna: int
) -> None:
    """What is tried again is not uploaded a second time beside the first, and nobody waits for the line."""
    vk, begun = channel(), asyncio.Event()
    fake.upload_begun = begun
    fake.uploads.clear()
    sending = asyncio.create_task(
        vk.send(to(anna, files=(file_of("file", b"x" * (32 << 20), "a.zip", "application/zip"),)))
    )
    await begun.wait()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    fake.uploads.set()
    assert await vk.send(to(anna, key="after")) == (f"{anna}:2",)
    await asyncio.sleep(0.3)
    assert [arrived.key for arrived in fake.arrived] == [str(random_id("after"))]
    assert "docs.save" not in [name for name, _ in fake.calls]


async def test_a_large_file_holds_up_nobody_else(fake: VKFake, channel: Connect, anna: int) -> None:
    vk, begun = channel(), asyncio.Event()
    fake.upload_begun = begun
    fake.uploads.clear()
    slow = asyncio.create_task(
        vk.send(to(anna, key="slow", files=(file_of("photo", b"x", "a.png", "image/png"),)))
    )
    await begun.wait()
    await vk.send(to(anna, key="quick"))
    assert [arrived.key for arrived in fake.arrived] == [str(random_id("quick"))]
    fake.uploads.set()
    await slow
    assert len(fake.arrived) == 2


async def test_no_second_holds_more_calls_than_vk_allows_and_none_is_doubled(
    fake: VKFake, channel: Connect, anna: int
) -> None:
    """Files cost three calls; the other channel is another process's, which takes the sending over in the middle."""
    moments = fake.moments = []
    first, second = channel(), channel()
    picture = file_of("photo", b"x", "a.png", "image/png")
    await asyncio.gather(*(first.send(to(anna, key=f"a{n}", files=(picture,))) for n in range(8)))
    await asyncio.gather(*(second.send(to(anna, key=f"b{n}")) for n in range(20)))
    assert len(fake.arrived) == len({one.key for one in fake.arrived}) == 28
    assert len(moments) == 8 * 3 + 20
    assert max(sum(at <= other < at + 1 for other in moments) for at in moments) <= 20


async def test_a_clock_set_back_by_an_hour_holds_nothing_up(
    fake: VKFake, channel: Connect, anna: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    vk = channel()
    await vk.send(to(anna, key="before"))
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3600)
    async with asyncio.timeout(10):
        await vk.send(to(anna, key="after"))
    assert len(fake.arrived) == 2


async def test_no_secret_stands_in_an_error(fake: VKFake, channel: Connect, anna: int) -> None:
    for fault, _, _ in FAULTS:
        fake.fail(fault)
        with pytest.raises(SendFailed) as failed:
            await channel().send(to(anna, text="слова клиента"))
        told = f"{failed.value!r} {failed.value.detail} {failed.value.__cause__!r}"
        assert fake.community.token not in told
        assert "слова клиента" not in told
        await fake.act(Act(client=ANNA, text="и снова"))
