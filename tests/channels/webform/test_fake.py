"""Does the fake visitor post as browsers do, and is what they post understood?"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import web

from channels.base import Account, Envelope, Reply
from channels.events import Attribution, InboundMessage
from channels.fakes import Act, Client
from channels.webform import WebForm
from channels.webform.fake import Site
from tests.channels.contract import RECEIVED_AT

MARIA = Client(ref="maria", name="Мария Котова", phone="+7 916 123-45-67", email="maria@example.ru")
FROM_AD = Attribution(
    page="https://mebel.example/kuhni",
    referrer="https://yandex.ru/",
    utm={"utm_source": "yandex", "utm_campaign": "kuhni"},
    client_ids={"yclid": "42"},
)


@dataclass
class House:
    """The gateway's part: a hook and hosted pages, with a clock that the test moves."""

    channel: WebForm
    now: int = RECEIVED_AT
    kept: dict[str, Envelope] = field(default_factory=dict)

    async def hook(self, request: web.Request) -> web.Response:
        envelope = await self._envelope(request)
        admitted = self.channel.admit(envelope)
        if admitted.keep and admitted.key is not None:
            self.kept.setdefault(admitted.key, envelope)
        return _respond(admitted.reply)

    async def page(self, request: web.Request) -> web.Response:
        reply = self.channel.page("", await self._envelope(request))
        self.now += 30_000_000
        assert reply is not None
        return _respond(reply)

    async def _envelope(self, request: web.Request) -> Envelope:
        headers = {name.lower(): value for name, value in request.headers.items()}
        return Envelope(
            body=await request.read(), received_at=self.now, method=request.method, query=dict(request.query),
            headers=headers,
        )  # fmt: skip

    def said(self) -> InboundMessage:
        (envelope,) = self.kept.values()
        (event,) = self.channel.parse(envelope)
        assert isinstance(event, InboundMessage)
        return event


def _respond(reply: Reply) -> web.Response:
    headers = {**reply.headers, "Content-Type": f"{reply.content_type}; charset=utf-8"}
    return web.Response(status=reply.status, body=reply.body, headers=headers)


@pytest.fixture
async def site() -> AsyncIterator[tuple[Site, House]]:
    fake = Site()
    fake.patience = 0
    await fake.start()
    settings = {**fake.settings(), "form_key": "k"}
    house = House(WebForm(Account(source_id="s", settings=settings, hook_path="/hooks/s/k", slug="f")))
    app = web.Application()
    app.router.add_route("*", "/hooks/s/k", house.hook)
    app.router.add_get("/f/f", house.page)
    app.router.add_post("/f/f", house.hook)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    fake.deliver_to(f"{address}/hooks/s/k")
    fake.page_url = f"{address}/f/f"
    yield fake, house
    await fake.stop()
    await runner.cleanup()


async def test_a_script_posts_its_form_with_the_way_here(site: tuple[Site, House]) -> None:
    fake, house = site
    delivered = await fake.act(Act(client=MARIA, doing="form", text="Сколько стоит?", attribution=FROM_AD))
    said = house.said()
    assert (delivered.status, delivered.event) == (200, said.external_id)
    assert (said.text, said.thread, said.nature) == ("Сколько стоит?", "+79161234567", None)
    assert said.attribution.utm["first_utm_source"] == "yandex"
    assert said.attribution.client_ids == {"yclid": "42"}
    assert said.consents


async def test_a_double_click_is_one_submission(site: tuple[Site, House]) -> None:
    fake, house = site
    first = await fake.act(Act(client=MARIA, doing="form", text="Раз"))
    again = await fake.again(times=3)
    assert first == again
    assert len(house.kept) == 1


async def test_the_hosted_page_works_without_scripts(site: tuple[Site, House]) -> None:
    fake, house = site
    delivered = await fake.act(
        Act(client=MARIA, doing="form", text="Без скриптов", attribution=FROM_AD), how="page"
    )
    said = house.said()
    assert delivered.status == 303
    assert (said.text, said.nature) == ("Без скриптов", None)
    assert said.attribution.utm == {"utm_source": "yandex", "utm_campaign": "kuhni"}
    assert said.attribution.referrer == "https://yandex.ru/"
    assert [consent.purpose for consent in said.consents] == ["personal_data"]


async def test_a_robot_that_answers_at_once_is_kept_as_spam(site: tuple[Site, House]) -> None:
    fake, house = site
    shown = house.now
    await fake.act(Act(client=MARIA, doing="form", text="x"), how="page")
    (envelope,) = house.kept.values()
    (event,) = house.channel.parse(replace(envelope, received_at=shown + 500_000))
    assert isinstance(event, InboundMessage)
    assert event.nature == "spam"


async def test_a_plain_form_of_another_page_posts_too(site: tuple[Site, House]) -> None:
    fake, house = site
    await fake.act(Act(client=MARIA, doing="form", text="Просто форма", attribution=FROM_AD), how="plain")
    assert house.said().text == "Просто форма"
    assert house.said().attribution.campaign == "kuhni"


async def test_a_file_comes_through_byte_for_byte(site: tuple[Site, House]) -> None:
    fake, house = site
    picture = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40 + b"\r\n--"
    await fake.act(Act(client=MARIA, doing="photo", file=picture, file_name="Стена №1.jpg"))
    (photo,) = house.said().attachments
    (envelope,) = house.kept.values()
    assert (photo.kind, photo.name, photo.size) == ("photo", "Стена №1.jpg", len(picture))
    assert house.channel.unpack(envelope, photo.ref) == picture


async def test_a_server_hands_on_what_was_said_before(site: tuple[Site, House]) -> None:
    fake, house = site
    house.now = 4_000_000_000_000_000
    await fake.act(Act(client=MARIA, doing="form", text="Вчера", seconds_ago=86_400))
    assert house.said().at < house.now


async def test_what_is_broken_on_the_way_is_kept(site: tuple[Site, House]) -> None:
    fake, house = site
    delivered = await fake.act(Act(client=MARIA, doing="broken"))
    assert delivered.status == 400
    assert len(house.kept) == 1
