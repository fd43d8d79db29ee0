"""What a check-up says, and what connecting does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from aiohttp import web

from channels.base import Account, Check
from channels.events import Identity
from channels.fakes import Act
from channels.telegram import Telegram
from channels.telegram.about import ABOUT
from channels.telegram.fake import SECRET, TOKEN, TelegramFake
from channels.telegram.fake_updates import user_id
from channels.telegram.health import UPDATES
from tests.channels.telegram.conftest import ANNA

PUBLIC = "https://okno.example.com/hooks/s/k"
ELSEWHERE = "https://crm.example.net/telegram/their-secret-path"


def bot(fake: TelegramFake, hook_url: str = "", **settings: str) -> Telegram:
    return Telegram(Account(source_id="s", settings={**fake.settings(), **settings}, hook_url=hook_url))


def seen(checks: Sequence[Check]) -> dict[str, bool]:
    """Code and verdict of each line; every line has words and tells no secret."""
    for check in checks:
        assert check.code in ABOUT.errors
        assert TOKEN not in f"{check}" and SECRET not in f"{check}"
    return {check.code: check.ok for check in checks}


@pytest.mark.parametrize(
    ("mode", "hook_url", "polls"),
    [
        ("auto", "", True),
        ("auto", PUBLIC, False),
        ("auto", "https://okno.example.com:8443/hooks/s/k", False),
        ("auto", "https://okno.example.com:8080/hooks/s/k", True),
        ("auto", "http://okno.example.com/hooks/s/k", True),
        ("auto", "https://localhost/hooks/s/k", True),
        ("auto", "https://10.0.0.5/hooks/s/k", True),
        ("auto", "https://[::1]/hooks/s/k", True),
        ("auto", "https://93.184.216.34/hooks/s/k", False),
        ("auto", "https://server.local/hooks/s/k", True),
        ("auto", "https://okno.example.com:port/x", True),
        ("polling", PUBLIC, True),
        ("webhook", "http://127.0.0.1:8000/hooks/s/k", False),
        ("webhook", "", False),
    ],
)
def test_telegram_calls_us_only_where_it_can(mode: str, hook_url: str, polls: bool) -> None:
    account = Account(source_id="s", settings={"mode": mode}, hook_url=hook_url)
    assert Telegram(account).polls() is polls


async def test_connecting_without_an_address_takes_the_webhook_away(fake: TelegramFake) -> None:
    await fake.set_hook(ELSEWHERE, "")
    channel = bot(fake)
    checks = await channel.connect()
    assert seen(checks) == {"bot": True, "webhook_taken_over": True, "polling": True}
    assert fake.hook["url"] == ""
    assert next(check.detail for check in checks if check.code == "webhook_taken_over") == "crm.example.net"
    await channel.close()


async def test_connecting_with_an_address_sets_the_webhook(fake: TelegramFake) -> None:
    channel = bot(fake, PUBLIC)
    assert seen(await channel.connect()) == {"bot": True, "webhook": True}
    assert (fake.hook["url"], fake.hook["secret"]) == (PUBLIC, SECRET)
    assert set(fake.allowed or ()) == set(UPDATES)
    assert seen(await channel.connect()) == {"bot": True, "webhook": True}
    await channel.close()


async def test_the_bot_says_who_it_is(fake: TelegramFake) -> None:
    channel = bot(fake)
    assert channel.test_link("test_1") == ""
    line = (await channel.check())[0]
    assert (line.code, line.detail) == ("bot", "Единое окно @inbox_fake_bot")
    assert line.params["username"] == "inbox_fake_bot"
    assert channel.test_link("test_1") == "https://t.me/inbox_fake_bot?start=test_1"
    await channel.close()


def test_a_name_kept_in_the_settings_is_enough_for_a_link() -> None:
    channel = Telegram(Account(source_id="s", settings={"username": "b_bot"}))
    assert channel.test_link("test_1") == "https://t.me/b_bot?start=test_1"


@pytest.mark.parametrize("token", ["", "nonsense", "4200000001:AAwrong-token-0123456789-0123456789"])
async def test_a_wrong_token_is_said_and_nothing_else(fake: TelegramFake, token: str) -> None:
    channel = bot(fake, PUBLIC, token=token)
    for checks in (await channel.check(), await channel.connect()):
        assert [(check.code, check.ok) for check in checks] == [("token_wrong", False)]
    assert await channel.profile(Identity(kind="telegram", value="5")) is None
    await channel.disconnect()
    await channel.close()


async def test_an_unsafe_server_address_is_said(fake: TelegramFake) -> None:
    channel = bot(fake, api_base="http://192.168.0.7:8081")
    assert seen(await channel.check()) == {"api_base_wrong": False}
    assert not fake.calls


async def test_a_webhook_that_went_away_or_elsewhere_is_seen(fake: TelegramFake) -> None:
    channel = bot(fake, PUBLIC)
    await channel.connect()
    await fake.set_hook("", "")
    assert seen(await channel.check())["webhook_missing"] is False
    await fake.set_hook(ELSEWHERE, "")
    lines = {check.code: check for check in await channel.check()}
    assert not lines["webhook_elsewhere"].ok
    assert lines["webhook_elsewhere"].detail == "crm.example.net", "its path may be its secret"
    await channel.close()


async def test_a_hook_that_telegram_refuses_is_said(fake: TelegramFake) -> None:
    channel = bot(fake, "http://okno.example.com/hooks/s/k", mode="webhook")
    assert seen(await channel.connect()) == {"bot": True, "webhook_refused": False}
    await channel.close()


async def test_no_address_where_one_is_needed_is_said(fake: TelegramFake) -> None:
    channel = bot(fake, mode="webhook")
    assert seen(await channel.connect()) == {"bot": True, "hook_missing": False}
    assert seen(await channel.check()) == {"bot": True, "hook_missing": False}
    await channel.close()


async def test_deliveries_that_fail_are_said_with_telegrams_own_words(fake: TelegramFake) -> None:
    hits: list[int] = []

    async def broken(request: web.Request) -> web.Response:
        hits.append(1)
        return web.Response(status=503)

    app = web.Application()
    app.router.add_post("/hook", broken)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    channel = bot(fake, f"http://127.0.0.1:{runner.addresses[0][1]}/hook", mode="webhook")
    await channel.connect()
    assert (await fake.act(Act(client=ANNA, text="x"))).status == 503
    lines = {check.code: check for check in await channel.check()}
    assert not lines["last_error"].ok and "503" in lines["last_error"].detail
    assert lines["pending"].params == {"count": "1"}
    assert len(hits) > 2, "tried again"
    await channel.close()
    await runner.cleanup()


async def test_kinds_that_are_switched_off_are_said(fake: TelegramFake) -> None:
    channel = bot(fake, PUBLIC)
    await channel.connect()
    fake.allow(["message"])
    assert seen(await channel.check())["updates_partial"] is False
    await channel.close()


async def test_disconnecting_takes_away_our_webhook_and_no_others(fake: TelegramFake) -> None:
    channel = bot(fake, PUBLIC)
    await fake.set_hook(ELSEWHERE, "")
    await channel.disconnect()
    assert fake.hook["url"] == ELSEWHERE
    await channel.connect()
    await channel.disconnect()
    assert fake.hook["url"] == ""
    await channel.close()
    await fake.stop()
    await channel.disconnect()
    await channel.close()


async def test_a_persons_name_can_be_asked_for(fake: TelegramFake) -> None:
    await fake.act(Act(client=ANNA, text="x"))
    channel = bot(fake)
    profile = await channel.profile(Identity(kind="telegram", value=str(user_id(ANNA.ref))))
    assert profile is not None
    assert (profile.name, profile.username) == ("Анна Котова", "anna_k")
    for kind, value in (("telegram", "1"), ("telegram", "x"), ("phone", "5")):
        assert await channel.profile(Identity(kind=kind, value=value)) is None
    await channel.close()
