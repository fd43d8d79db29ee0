"""How what clients send is fetched."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from aiohttp import web

from channels.base import Account, FileKind
from channels.errors import ChannelError, Disconnected, Refused, TryLater
from channels.events import InboundMessage
from channels.fakes import Act
from channels.telegram import Telegram, api
from channels.telegram.fake import TOKEN, TelegramFake
from tests.channels.telegram.case import enveloped
from tests.channels.telegram.conftest import ANNA


async def whole(telegram: Telegram, ref: str) -> bytes:
    return b"".join([chunk async for chunk in telegram.download(ref)])


async def reason(telegram: Telegram, ref: str) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await whole(telegram, ref)
    assert TOKEN not in f"{caught.value!r} {caught.value.__cause__!r}"
    return caught.value


async def test_a_file_arrives_byte_for_byte(fake: TelegramFake, telegram: Telegram) -> None:
    body = bytes(range(256)) * 1000
    await fake.act(Act(client=ANNA, doing="file", file=body, file_name="план.pdf"))
    (event,) = telegram.parse(enveloped(json.dumps(fake.waiting[0]).encode()))
    assert isinstance(event, InboundMessage)
    assert await whole(telegram, event.attachments[0].ref) == body


async def test_a_file_telegram_does_not_know_may_come_later(fake: TelegramFake, telegram: Telegram) -> None:
    error = await reason(telegram, "wrong")
    assert (type(error), error.code) == (TryLater, "file_unavailable")


async def test_a_file_over_twenty_megabytes_is_refused(fake: TelegramFake, telegram: Telegram) -> None:
    stored = fake.world.keep(bytes((20 << 20) + 1), "documents", ".bin")
    error = await reason(telegram, stored["file_id"])
    assert (type(error), error.code) == (Refused, "too_large")


async def test_a_server_of_ones_own_gives_files_of_any_size_by_their_place_on_its_disk(
    fake: TelegramFake,
) -> None:
    fake.local = True
    stored = fake.world.keep(bytes((20 << 20) + 1), "documents", ".bin")
    channel = Telegram(Account(source_id="s", settings={**fake.settings(), "server": "local"}))
    assert len(await whole(channel, stored["file_id"])) == (20 << 20) + 1
    fake.world.files[stored["file_id"]].path = "../../../etc/passwd"
    error = await reason(channel, stored["file_id"])
    assert (type(error), error.code) == (Refused, "file_unavailable")
    await channel.close()


async def test_where_files_lie_on_a_disk_is_no_path_at_telegrams_own_server(
    fake: TelegramFake, telegram: Telegram
) -> None:
    fake.local = True
    error = await reason(telegram, fake.world.keep(b"x", "documents", ".bin")["file_id"])
    assert (type(error), error.code) == (Refused, "file_unavailable")


def test_the_limits_follow_whose_server_it_is(fake: TelegramFake) -> None:
    def limits(**more: str) -> Mapping[FileKind, int]:
        return Telegram(Account(source_id="s", settings={**fake.settings(), **more})).can().files

    cloud, own = limits(), limits(server="local")
    assert (cloud["file"], own["file"], own["video"]) == (50 << 20, 2000 << 20, 2000 << 20)
    assert cloud["photo"] == own["photo"] == 10 << 20
    assert limits(server="cloud") == cloud


async def test_a_file_larger_than_it_was_said_to_be_is_broken_off(
    fake: TelegramFake, telegram: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = fake.world.keep(b"x" * 5000, "documents", ".bin")
    monkeypatch.setattr(api, "LARGEST_FILE", 4000)
    fake.world.files[stored["file_id"]].body = b"x" * 5000
    error = await reason(telegram, stored["file_id"])
    assert (type(error), error.code) == (Refused, "too_large")


@pytest.mark.parametrize("path", ["/etc/passwd", "../../bot", "a/../../b", ""])
async def test_a_path_that_leads_elsewhere_is_not_followed(
    fake: TelegramFake, telegram: Telegram, path: str
) -> None:
    stored = fake.world.keep(b"x", "documents", ".bin")
    fake.world.files[stored["file_id"]].path = path
    error = await reason(telegram, stored["file_id"])
    assert (type(error), error.code) == (Refused, "file_unavailable")


async def test_while_the_server_is_down_a_file_may_come_later(fake: TelegramFake, telegram: Telegram) -> None:
    stored = fake.world.keep(b"x", "documents", ".bin")
    assert await whole(telegram, stored["file_id"]) == b"x"
    await fake.stop()
    error = await reason(telegram, stored["file_id"])
    assert (type(error), error.code) == (TryLater, "network")


async def test_nobody_is_followed_to_another_server() -> None:
    """A redirect could lead into the company's own network."""

    async def get_file(request: web.Request) -> web.Response:
        result = {"file_id": "x", "file_unique_id": "x", "file_path": "a"}
        return web.json_response({"ok": True, "result": result})

    async def lead_away(request: web.Request) -> web.Response:
        raise web.HTTPFound("http://127.0.0.1:1/secret")

    app = web.Application()
    app.router.add_post("/bot{token}/getFile", get_file)
    app.router.add_get("/file/bot{token}/{path}", lead_away)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    channel = Telegram(Account(source_id="s", settings={"token": TOKEN, "api_base": base}))
    error = await reason(channel, "x")
    assert (type(error), error.code, error.detail) == (TryLater, "file_unavailable", "HTTP 302")
    await channel.close()
    await runner.cleanup()


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b"[]", b'{"ok":true}', b'{"ok":true,"result":5}', b"[" * 100_000, b'"\xff"']
)
async def test_a_server_that_is_none_of_telegrams_is_tried_later(answer: bytes) -> None:
    async def nonsense(request: web.Request) -> web.Response:
        return web.Response(body=answer)

    app = web.Application()
    app.router.add_post("/{path:.*}", nonsense)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    channel = Telegram(Account(source_id="s", settings={"token": TOKEN, "api_base": base}))
    assert (await reason(channel, "x")).code == "bad_answer"
    assert [check.code for check in await channel.check()] == ["bad_answer"]
    await channel.close()
    await runner.cleanup()


async def test_a_revoked_token_is_told(fake: TelegramFake) -> None:
    settings = {**fake.settings(), "token": "4200000001:AAnother-token-that-is-not-known-here"}
    channel = Telegram(Account(source_id="s", settings=settings))
    with pytest.raises(Disconnected):
        await whole(channel, "x")
    await channel.close()
