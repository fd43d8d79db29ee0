"""What a client attached is fetched from VK's servers and from nowhere else."""

from __future__ import annotations

import pytest
from aiohttp import web

from channels.base import Envelope
from channels.errors import Refused, TryLater
from channels.events import Identity, InboundMessage
from channels.fakes import Act, Doing
from channels.vk.fake import VKFake
from channels.vk.hosts import API, allowed, base_of, is_public_https
from tests.channels.vk.conftest import ANNA, Connect, Hook, Impatient


async def fetched(vk: Impatient, ref: str) -> bytes:
    return b"".join([block async for block in vk.download(ref)])


async def ref_of(fake: VKFake, vk: Impatient, hook: Hook, doing: Doing, content: bytes = b"") -> str:
    fake.deliver_to(hook.url)
    await fake.act(Act(client=ANNA, doing=doing, file=content, file_name="вид.bin"))
    envelope: Envelope = hook.heard[-1]
    (fact,) = vk.parse(envelope)
    assert isinstance(fact, InboundMessage)
    return fact.attachments[0].ref


@pytest.mark.parametrize("doing", ["photo", "file", "voice", "sticker"])
async def test_an_attachment_s_bytes_come(fake: VKFake, channel: Connect, hook: Hook, doing: Doing) -> None:
    vk = channel()
    ref = await ref_of(fake, vk, hook, doing, b"the bytes" * 1000)
    assert await fetched(vk, ref) == fake.community.files[ref.removeprefix(fake.url).split("/")[2]][1]
    assert fake.community.token not in ref


REFUSED = [
    "http://sun9-1.userapi.com/a.jpg",
    "https://sun9-1.userapi.com.evil.test/a.jpg",
    "https://evil.test/userapi.com",
    "https://eviluserapi.com/a.jpg",
    "https://user:pass@vk.com/doc1",
    "https://vk.com:8443/doc1",
    "https://127.0.0.1/a",
    "https://[::1]/a",
    "https://169.254.169.254/latest/meta-data",
    "file:///etc/passwd",
    "ftp://vk.com/a",
    "//vk.com/a",
    "https://",
    "https://vk.com:99999/a",
    "",
]


@pytest.mark.parametrize("ref", REFUSED)
async def test_an_address_that_is_not_vk_s_is_never_called(channel: Connect, ref: str) -> None:
    with pytest.raises(Refused) as refused:
        await fetched(channel(), ref)
    assert refused.value.code == "foreign_address"


@pytest.mark.parametrize(
    "url",
    [
        "https://vk.com/doc1_2?hash=a",
        "https://sun9-1.userapi.com/a",
        "https://VK.COM/a",
        "https://psv4.vkuser.net/b",
    ],
)
def test_vk_s_own_hosts_are_called(url: str) -> None:
    assert allowed(url, API) == url


async def test_being_sent_elsewhere_is_not_followed(fake: VKFake, channel: Connect) -> None:
    fake.community.files["1"] = ("x", b"secret")
    elsewhere = web.Application()

    async def away(_: web.Request) -> web.Response:
        raise web.HTTPFound("http://127.0.0.1:9/internal")

    elsewhere.router.add_get("/a", away)
    runner = web.AppRunner(elsewhere)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    with pytest.raises(Refused) as refused:
        await fetched(channel(api_base=base), f"{base}/a")
    assert refused.value.code == "foreign_address"
    with pytest.raises(Refused):
        await fetched(channel(), f"{base}/a")  # another port of this machine is not our VK either
    await runner.cleanup()


async def test_a_file_that_is_gone_says_so_and_a_dead_server_may_come_back(
    fake: VKFake, channel: Connect
) -> None:
    with pytest.raises(Refused) as gone:
        await fetched(channel(), f"{fake.url}/file/404/a")
    assert gone.value.code == "file_gone"
    with pytest.raises(TryLater):
        await fetched(channel(api_base="http://127.0.0.1:9"), "http://127.0.0.1:9/file/1/a")


async def test_a_file_over_the_limit_is_given_up(
    fake: VKFake, channel: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.vk.download.LARGEST", 1000)
    number = fake.community.keep_file("a", b"x" * 1001)
    with pytest.raises(Refused) as refused:
        await fetched(channel(), f"{fake.url}/file/{number}/a")
    assert refused.value.code == "too_large"


@pytest.mark.parametrize(
    ("value", "base"),
    [
        ("", API),
        ("https://api.vk.ru/", API),
        ("https://vk.example.com/api/", "https://vk.example.com/api"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://vk.example.com", API),
        ("http://10.0.0.1", API),
        ("ftp://127.0.0.1", API),
        ("nonsense", API),
    ],
)
def test_the_api_s_address_is_https_or_on_this_machine(value: str, base: str) -> None:
    assert base_of(value) == base


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://inbox.example.com/hooks/a/b", True),
        ("https://8.8.8.8/hooks", True),
        ("http://inbox.example.com/hooks", False),
        ("https://localhost/hooks", False),
        ("https://inbox.local/hooks", False),
        ("https://192.168.1.5/hooks", False),
        ("https://intranet/hooks", False),
        ("", False),
    ],
)
def test_auto_calls_back_only_where_vk_can_reach_us(channel: Connect, url: str, public: bool) -> None:
    assert is_public_https(url) is public
    assert channel(url, mode="auto").polls() is not public
    assert channel(url, mode="callback").polls() is False
    assert channel(url, mode="longpoll").polls() is True


async def test_a_person_s_name_and_picture_are_told_when_asked(fake: VKFake, channel: Connect) -> None:
    user = fake.community.user(ANNA.ref, ANNA.name)
    vk = channel()
    found = await vk.profile(Identity(kind="vk", value=str(user)))
    assert found is not None
    assert (found.name, found.username, found.picture) == (
        "Анна Котова",
        f"id{user}",
        f"{fake.url}/file/0/face.jpg",
    )
    club = await vk.profile(Identity(kind="vk_club", value="210000001"))
    assert club is not None
    assert club.name == fake.community.name


async def test_what_cannot_be_asked_has_no_profile(fake: VKFake, channel: Connect) -> None:
    assert await channel().profile(Identity(kind="vk_chat", value="2000000007")) is None
    assert await channel().profile(Identity(kind="vk", value="../1")) is None
    assert await channel(token="vk1.a.wrong").profile(Identity(kind="vk", value="1")) is None
