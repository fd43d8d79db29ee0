"""A community is connected by us where its key allows it, and says what is wrong where it does not work."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from channels.base import Check
from channels.fakes import Act
from channels.vk.about import ABOUT
from channels.vk.connect import EVENTS
from channels.vk.fake import VKFake
from channels.vk.fake_state import Server
from tests.channels.vk.conftest import ANNA, Connect, Hook, Impatient


def codes(lines: Sequence[Check]) -> list[tuple[str, bool]]:
    assert {line.code for line in lines} <= ABOUT.errors.keys()
    return [(line.code, line.ok) for line in lines]


WELL = [("account", True), ("rights", True), ("callback", True), ("events", True)]


async def connected(channel: Connect, hook: Hook, **settings: str) -> tuple[Impatient, Sequence[Check]]:
    """A channel whose hook hears VK, connected."""
    vk = channel(hook.url, **settings)
    hook.channel = vk
    return vk, await vk.connect()


async def test_connecting_registers_address_secret_and_events_and_confirms(
    fake: VKFake, channel: Connect, hook: Hook
) -> None:
    _, lines = await connected(channel, hook, confirmation="")
    assert codes(lines) == WELL
    assert lines[0].detail == fake.community.name
    (server,) = fake.community.servers.values()
    assert server.url == f"{hook.url}/{fake.community.code}"
    assert (server.secret, server.status) == (fake.community.secret, "ok")
    assert server.events >= set(EVENTS)
    assert (await fake.act(Act(client=ANNA, text="Добрый день"))).body == "ok"


async def test_connecting_twice_changes_nothing(fake: VKFake, channel: Connect, hook: Hook) -> None:
    vk, _ = await connected(channel, hook)
    before = {server.id: server.url for server in fake.community.servers.values()}
    assert codes(await vk.connect()) == WELL
    assert {server.id: server.url for server in fake.community.servers.values()} == before


async def test_connecting_again_mends_another_secret_and_takes_spare_servers_away(
    fake: VKFake, channel: Connect, hook: Hook
) -> None:
    vk, _ = await connected(channel, hook)
    (server,) = fake.community.servers.values()
    server.secret, server.status = "forgotten", "failed"
    fake.deliver_to(hook.url)
    assert codes(await vk.connect()) == WELL
    (server,) = fake.community.servers.values()
    assert (server.secret, server.status) == (fake.community.secret, "ok")


async def test_other_people_s_servers_are_left_alone(fake: VKFake, channel: Connect, hook: Hook) -> None:
    fake.deliver_to("https://other.example.com/vk")
    vk, _ = await connected(channel, hook)
    await vk.disconnect()
    assert [server.url for server in fake.community.servers.values()] == ["https://other.example.com/vk"]


async def test_an_unconfirmed_address_is_said(
    fake: VKFake, channel: Connect, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.vk.connect.PAUSE", 0.01)
    vk = channel(hook.url)  # the hook answers "ok" to everything, so no string comes
    assert codes(await vk.connect())[-1] == ("callback_not_confirmed", False)


async def test_a_check_names_what_was_changed_at_vk(fake: VKFake, channel: Connect, hook: Hook) -> None:
    vk, _ = await connected(channel, hook)
    (server,) = fake.community.servers.values()
    server.events.discard("message_deny")
    lines = await vk.check()
    assert codes(lines)[-1] == ("events_off", False)
    assert lines[-1].params == {"events": "message_deny"}
    server.secret = "other"
    assert codes(await vk.check())[-1] == ("callback_secret", False)
    server.status = "failed"
    assert codes(await vk.check())[-1] == ("callback_not_confirmed", False)
    fake.community.servers.clear()
    assert codes(await vk.check())[-1] == ("callback_missing", False)


async def test_without_the_right_to_manage_the_person_pastes(
    fake: VKFake, channel: Connect, hook: Hook
) -> None:
    fake.community.rights.discard("manage")
    by_hand = [("account", True), ("rights", True), ("callback_by_hand", True)]
    assert codes(await channel(hook.url).connect()) == by_hand
    assert codes(await channel(hook.url).check()) == by_hand
    missing = await channel(hook.url, confirmation="").connect()
    assert codes(missing)[-1] == ("confirmation_missing", False)


async def test_a_key_without_messages_or_files_says_so(fake: VKFake, channel: Connect, hook: Hook) -> None:
    fake.community.rights = {"manage", "messages"}
    lines = await channel(hook.url).check()
    assert ("rights_no_files", True) in codes(lines)
    fake.community.rights = {"manage"}
    assert codes(await channel(hook.url).check()) == [("account", True), ("no_right_messages", False)]


async def test_a_wrong_key_and_another_community_say_so(fake: VKFake, channel: Connect) -> None:
    assert codes(await channel(token="vk1.a.wrong").check()) == [("key_refused", False)]
    assert codes(await channel(group_id="5").check()) == [("other_group", False)]
    assert codes(await channel(group_id="").check()) == [("no_group", False)]
    assert codes(await channel(api_base="http://127.0.0.1:9").connect()) == [("no_connection", False)]


async def test_a_community_with_ten_servers_says_so(fake: VKFake, channel: Connect, hook: Hook) -> None:
    for number in range(10):
        fake.community.servers[100 + number] = Server(100 + number, f"https://other{number}.example.com", "")
    assert codes(await channel(hook.url).connect())[-1] == ("servers_full", False)


async def test_no_address_for_callbacks_says_so(channel: Connect) -> None:
    assert codes(await channel("").connect())[-1] == ("no_public_url", False)


async def test_connecting_by_long_poll_switches_it_on_and_our_callback_off(
    fake: VKFake, channel: Connect, hook: Hook
) -> None:
    await connected(channel, hook)
    fake.community.poll_on, fake.community.polled = False, set()
    vk = channel(hook.url, mode="longpoll")
    assert codes(await vk.check())[-1] == ("longpoll_off", False)
    assert codes(await vk.connect())[-2:] == [("longpoll", True), ("events", True)]
    assert fake.community.polled >= set(EVENTS)
    assert fake.community.servers == {}


async def test_long_poll_without_the_right_to_manage_works_when_it_is_on(
    fake: VKFake, channel: Connect
) -> None:
    fake.community.rights.discard("manage")
    vk = channel(mode="longpoll")
    assert codes(await vk.connect())[-1] == ("longpoll", True)
    fake.community.poll_on = False
    assert codes(await vk.check())[-1] == ("longpoll_off", False)


async def test_no_secret_stands_in_a_check(fake: VKFake, channel: Connect, hook: Hook) -> None:
    _, lines = await connected(channel, hook)
    told = repr([*lines, *(await channel(token="vk1.a.wrong").check())])
    assert fake.community.token not in told
    assert fake.community.secret not in told
    assert "vk1.a.wrong" not in told


async def test_disconnecting_never_raises(channel: Connect, hook: Hook) -> None:
    vk = channel(hook.url, api_base="http://127.0.0.1:9")
    await vk.disconnect()
    assert vk.account.hook_url == hook.url
