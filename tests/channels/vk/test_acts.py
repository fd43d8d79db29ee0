"""What can be done on VK to what was said, how styled words and buttons leave, and how a dialog is read back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from channels.base import Button, OutboundEdit, OutboundMessage
from channels.errors import Disconnected, Refused, SendFailed, TryLater, Unreachable
from channels.events import Completed, Identity, InboundMessage, OutgoingSeen, Span
from channels.fakes import Act
from channels.vk.channel import VK
from channels.vk.fake import VKFake
from channels.vk.reactions import EMOJIS, OFFERED
from channels.vk.styles import format_data
from tests.channels.vk.conftest import ANNA, Connect
from tests.channels.vk.test_send import KEY, file_of

SECOND = 1_000_000


@pytest.fixture
async def peer(fake: VKFake) -> str:
    """Anna's dialog; she has written once."""
    await fake.act(Act(client=ANNA, text="Здравствуйте"))
    return str(fake.community.user(ANNA.ref, ANNA.name))


def to(peer: str) -> Identity:
    return Identity(kind="vk", value=peer)


def message(peer: str, text: str, key: str = KEY, **more: Any) -> OutboundMessage:
    return OutboundMessage(key=key, thread=peer, to=to(peer), text=text, **more)


def standing(fake: VKFake, external_id: str) -> dict[str, object] | None:
    """Our message as the dialog shows it now; None: it is gone."""
    peer, _, cmid = external_id.partition(":")
    return fake.community.messages.get((int(peer), int(cmid)))


async def test_our_words_are_changed_and_the_same_again_is_no_error(
    fake: VKFake, channel: Connect, peer: str
) -> None:
    vk = channel()
    (sent,) = await vk.send(message(peer, text="Сто рублей"))
    edit = OutboundEdit(
        thread=peer, to=to(peer), external_id=sent, text="😀 Двести рублей",
        spans=(Span(start=2, length=6, style="bold"),),
    )  # fmt: skip
    for _ in range(2):
        await vk.edit(edit)
    found = standing(fake, sent)
    assert found is not None and found["text"] == "😀 Двести рублей"
    assert found["format_data"] == {"version": 1, "items": [{"type": "bold", "offset": 3, "length": 6}]}


async def test_a_file_stays_when_the_words_under_it_are_changed(
    fake: VKFake, channel: Connect, peer: str
) -> None:
    vk = channel()
    (sent,) = await vk.send(
        message(peer, text="кухня", files=(file_of("photo", b"jpeg", "кухня.jpg", "image/jpeg"),))
    )
    await vk.edit(OutboundEdit(thread=peer, to=to(peer), external_id=sent, text="шкаф", caption=True))
    found = standing(fake, sent)
    assert found is not None and found["text"] == "шкаф"
    assert [one["type"] for one in found["attachments"]] == ["photo"]  # type: ignore[attr-defined]


async def test_our_words_are_taken_back_and_what_is_gone_is_no_error(
    fake: VKFake, channel: Connect, peer: str
) -> None:
    vk = channel()
    ids = [(await vk.send(message(peer, text=words, key=words)))[0] for words in ("раз", "два")]
    for _ in range(2):
        await vk.delete(peer, to(peer), ids)
    assert [standing(fake, one) for one in ids] == [None, None]


async def test_what_is_too_old_says_so(fake: VKFake, channel: Connect, peer: str) -> None:
    vk = channel()
    (sent,) = await vk.send(message(peer, text="давно"))
    fake.community.messages[int(peer), int(sent.partition(":")[2])]["date"] -= 90_000
    with pytest.raises(Refused) as edited:
        await vk.edit(OutboundEdit(thread=peer, to=to(peer), external_id=sent, text="иначе"))
    with pytest.raises(Refused) as deleted:
        await vk.delete(peer, to(peer), [sent])
    assert (edited.value.code, deleted.value.code) == ("too_old", "cannot_change")


async def test_our_reaction_is_put_and_taken_away(fake: VKFake, channel: Connect, peer: str) -> None:
    vk = channel()
    await vk.react(peer, to(peer), f"{peer}:1", "👍")
    assert fake.talk.reactions == {(int(peer), 1): EMOJIS.index("👍") + 1}
    await vk.react(peer, to(peer), f"{peer}:1", "")
    assert fake.talk.reactions == {}
    with pytest.raises(Refused, match="no such reaction"):
        await vk.react(peer, to(peer), f"{peer}:1", "🦄")
    assert set(OFFERED) <= set(EMOJIS)


async def test_another_dialogs_message_is_never_touched(channel: Connect, peer: str) -> None:
    for external_id in ("7:1", f"{peer}:m3", "", peer):
        with pytest.raises(Refused) as refused:
            await channel().react(peer, to(peer), external_id, "👍")
        assert refused.value.code == "message_gone"


async def test_typing_is_shown_and_a_pressed_button_stops_waiting(
    fake: VKFake, channel: Connect, peer: str
) -> None:
    vk = channel()
    await vk.typing(peer, to(peer))
    await vk.acknowledge(f"press1:{peer}:{peer}", "Принято")
    assert fake.talk.typed == [int(peer)]
    assert fake.talk.answered == [
        ("press1", json.dumps({"type": "show_snackbar", "text": "Принято"}, ensure_ascii=False))
    ]
    await fake.stop()
    await vk.typing(peer, to(peer))  # nobody waits for it: no error
    await vk.acknowledge("nothing known")


async def test_styled_words_and_buttons_leave_as_vk_takes_them(
    fake: VKFake, channel: Connect, peer: str
) -> None:
    buttons = (
        (Button(label="Цена", payload="price"), Button(label="Сайт", url="https://example.com")),
        (Button(label="Ё" * 60, payload='{"a":1}'),),
    )
    spans = (Span(start=0, length=5, style="link", url="https://example.com/a"),)
    (sent,) = await channel().send(message(peer, text="Здесь", spans=spans, buttons=buttons))
    found = standing(fake, sent)
    assert found is not None
    assert found["format_data"] == {
        "version": 1,
        "items": [{"type": "url", "offset": 0, "length": 5, "url": "https://example.com/a"}],
    }
    keyboard = found["keyboard"]
    assert isinstance(keyboard, dict) and keyboard["inline"] is True
    actions = [button["action"] for row in keyboard["buttons"] for button in row]
    assert [action["type"] for action in actions] == ["callback", "open_link", "callback"]
    assert (actions[0]["payload"], len(actions[2]["label"])) == ('"price"', 40)


@pytest.mark.parametrize(
    "buttons",
    [((Button(label="a"),) * 6,), ((Button(label="a"),),) * 7, ((Button(label="a", payload="x" * 300),),)],
)
async def test_more_buttons_than_vk_takes_are_refused_before_the_call(
    fake: VKFake, channel: Connect, peer: str, buttons: tuple[tuple[Button, ...], ...]
) -> None:
    with pytest.raises(Refused) as refused:
        await channel().send(message(peer, text="Выберите", buttons=buttons))
    assert refused.value.code == "buttons_too_many"
    assert not [name for name, _ in fake.calls if name == "messages.send"]


def test_styles_that_vk_has_not_are_left_out() -> None:
    assert format_data("код", [Span(start=0, length=3, style="code")]) == ""


async def test_a_time_is_read_back_whole_and_what_came_already_is_known(
    fake: VKFake, channel: Connect, peer: str
) -> None:
    """More than a page in one dialog and more dialogs than one call reads: nothing is left out, nothing twice."""
    now = fake.community.messages[int(peer), 1]["date"]
    for number in range(450):
        fake.community.message(int(peer), int(peer), f"слово {number}")
    fake.community.message(int(peer), -fake.community.group_id, "ответ", admin_author_id=800000002)
    for user in range(60):
        fake.community.message(900_000_000 + user, 900_000_000 + user, f"от {user}")
    fake.community.message(5, 5, "старое", seconds_ago=90_000)
    vk = channel()
    found = [
        (one.lane, vk.parse(one.envelope)[0])
        async for one in vk.history((now - 60) * SECOND, (now + 60) * SECOND)
    ]
    facts = [fact for _, fact in found]
    assert all(isinstance(fact, InboundMessage | OutgoingSeen) for fact in facts)
    ids = [fact.external_id for fact in facts if isinstance(fact, InboundMessage | OutgoingSeen)]
    assert len(ids) == len(set(ids)) == 1 + 450 + 1 + 60
    assert [fact.text for fact in facts if isinstance(fact, OutgoingSeen)] == ["ответ"]
    assert all(lane == fact.thread for lane, fact in found if isinstance(fact, InboundMessage))
    reads = [name for name, _ in fake.calls if name == "execute"]
    assert len(reads) < 8, "dialogs are read together"


async def read_back(vk: VK, now: int) -> list[str]:
    """The dialogs in which something was said around now."""
    return [one.lane async for one in vk.history((now - 60) * SECOND, (now + 60) * SECOND)]


async def test_old_dialogs_that_are_pinned_hide_no_newer_one(
    fake: VKFake, channel: Connect, peer: str
) -> None:
    now = fake.community.messages[int(peer), 1]["date"]
    fake.talk.pinned = [900_000_000 + user for user in range(5)]
    for user in range(205):
        fake.community.message(
            900_000_000 + user, 900_000_000 + user, "старое", seconds_ago=90_000 * (user < 5)
        )
    assert len(set(await read_back(channel(), now))) == 1 + 200


async def test_dialogs_without_end_are_no_history_that_was_read(
    fake: VKFake, channel: Connect, peer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never silently cut: the caller tries again and says so."""
    monkeypatch.setattr("channels.vk.history.MOST_DIALOGS", 400)
    now = fake.community.messages[int(peer), 1]["date"]
    for user in range(401):
        fake.community.message(900_000_000 + user, 900_000_000 + user, "новое")
    with pytest.raises(TryLater):
        await read_back(channel(), now)


async def test_a_dialog_that_cannot_be_read_now_is_read_again_later_and_never_passed_over(
    fake: VKFake, channel: Connect, peer: str
) -> None:
    now = fake.community.messages[int(peer), 1]["date"]
    fake.community.message(5, 5, "и я")
    fake.talk.shut[5] = 10
    with pytest.raises(TryLater):
        await read_back(channel(), now)
    fake.talk.shut[5] = 15  # one that VK will never show holds nothing up
    assert await read_back(channel(), now) == [peer]
    del fake.talk.shut[5]
    assert sorted(await read_back(channel(), now)) == sorted([peer, "5"])


async def test_all_of_a_cropped_message_is_asked_for_and_what_is_gone_is_none(
    fake: VKFake, channel: Connect, peer: str
) -> None:
    fake.community.message(int(peer), int(peer), "Всё целиком")
    vk = channel()
    envelope = await vk.whole(peer, f"{peer}:2")
    assert envelope is not None
    (told,) = vk.parse(envelope)
    assert isinstance(told, Completed)
    assert (told.external_id, told.text, told.whole) == (f"{peer}:2", "Всё целиком", True)
    fake.community.messages[int(peer), 2]["is_cropped"] = True  # VK has no more of it either
    envelope = await vk.whole(peer, f"{peer}:2")
    assert envelope is not None
    (told,) = vk.parse(envelope)
    assert isinstance(told, Completed)
    assert not told.whole
    assert await vk.whole(peer, f"{peer}:77") is None
    fake.community.token = "another"
    with pytest.raises(Disconnected):
        await vk.whole(peer, f"{peer}:2")


async def test_a_refused_person_is_marked_whatever_the_act(fake: VKFake, channel: Connect, peer: str) -> None:
    fake.fail_with(902)
    with pytest.raises(Unreachable):
        await channel().send(message(peer, text="не дойдёт"))
    with pytest.raises(SendFailed):
        await channel(token="wrong").react(peer, to(peer), f"{peer}:1", "👍")
