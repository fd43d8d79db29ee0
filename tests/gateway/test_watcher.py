"""Does a source that went deaf say so, mend itself, and get back what was said meanwhile?"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

import channels
from channels.fakes import Act, Client, Fake
from gateway.app import Running, make_gateway
from gateway.config import Config
from gateway.context import Gateway
from gateway.demo.stage import places
from gateway.permissions import PRESETS
from gateway.sources import Live
from gateway.watcher import watch
from storage.team import first_start
from tests.gateway.town import until

ANNA = Client(ref="anna", name="Анна")


@dataclass
class Post:
    """One messenger source that asks the network, and its network."""

    gateway: Gateway
    source_id: str
    fake: Fake

    def live(self) -> Live:
        found = self.gateway.sources.get(self.source_id)
        assert found is not None
        return found

    async def said(self) -> list[str]:
        rows = await self.gateway.database.read(
            lambda connection: connection.execute(
                text("SELECT text FROM message WHERE kind = 'text' ORDER BY at, seq, id")
            ).all()
        )
        return [row.text for row in rows]

    async def arrives(self, *words: str) -> None:
        async def there() -> bool:
            return await self.said() == list(words)

        await until(there, lambda: f"wanted {words}", seconds=20)


@pytest.fixture
async def post(database_url: str, tmp_path: Path) -> AsyncIterator[Post]:
    gateway = make_gateway(Config(database_url=database_url, data_dir=tmp_path))
    place = places()["messenger2"]
    fake = channels.fake(place)()
    await fake.start()
    async with Running(gateway):
        await gateway.database.write(first_start, PRESETS, "Анна")
        settings = {**fake.settings(), "mode": "longpoll"}
        source_id = await gateway.sources.create(place, place, settings, None, None)
        checks = await gateway.sources.connect(source_id)
        assert all(check.ok for check in checks), checks
        yield Post(gateway, source_id, fake)
    await fake.stop()


async def test_what_was_switched_off_is_switched_on_and_what_was_said_meanwhile_is_read_back(
    post: Post,
) -> None:
    await post.fake.act(Act(client=ANNA, text="раз"))
    await post.arrives("раз")
    post.fake.community.poll_on = False  # type: ignore[attr-defined]
    await post.fake.act(Act(client=ANNA, text="никто не слышит"))
    assert await watch(post.gateway, post.live())
    await post.arrives("раз", "никто не слышит")
    await post.fake.act(Act(client=ANNA, text="снова слышно"))
    await post.arrives("раз", "никто не слышит", "снова слышно")
    assert post.live().row.state == "active"


async def test_a_refused_key_says_so_and_a_new_look_brings_the_source_back(post: Post) -> None:
    right, community = "vk1.a.fake-community-token", post.fake.community  # type: ignore[attr-defined]
    community.token = "another"
    assert not await watch(post.gateway, post.live())
    await post.gateway.sources.look()
    assert [check["code"] for check in post.live().row.health if not check["ok"]] == ["key_refused"]
    assert post.live().row.last_error == "key_refused"
    community.token = right
    assert await watch(post.gateway, post.live())
    await post.gateway.sources.look()
    assert (post.live().row.last_error, post.live().row.state) == ("", "active")


async def test_a_part_that_the_long_poll_gave_up_is_read_back_before_the_place_moves(post: Post) -> None:
    await post.fake.act(Act(client=ANNA, text="раз"))
    await post.arrives("раз")
    pusher, community = post.fake.pusher, post.fake.community  # type: ignore[attr-defined]
    community.poll_on = False  # said, and put into no long poll
    await post.fake.act(Act(client=ANNA, text="выпало"))
    community.poll_on = True
    pusher.poll_faults.append(1)
    await post.fake.act(Act(client=ANNA, text="дальше"))
    await post.arrives("раз", "выпало", "дальше")


async def test_what_could_not_be_read_back_is_said_and_read_at_the_next_look(post: Post) -> None:
    """Though events came meanwhile, and the last of them would be where reading begins."""
    community, talk = post.fake.community, post.fake.talk  # type: ignore[attr-defined]
    await post.fake.act(Act(client=ANNA, text="раз"))
    await post.arrives("раз")
    community.poll_on = False
    await post.fake.act(Act(client=ANNA, text="никто не слышит"))
    anna = community.user(ANNA.ref, ANNA.name)
    talk.shut[anna] = 10
    assert not await watch(post.gateway, post.live())
    await post.gateway.sources.look()
    assert [check["code"] for check in post.live().row.health if not check["ok"]] == ["history_unread"]
    talk.shut.clear()
    assert await watch(post.gateway, post.live())
    await post.arrives("раз", "никто не слышит")
    await post.gateway.sources.look()
    assert (post.live().row.last_error, post.live().row.state) == ("", "active")


async def test_what_the_long_poll_gave_up_is_asked_for_until_it_is_told(post: Post) -> None:
    await post.fake.act(Act(client=ANNA, text="раз"))
    await post.arrives("раз")
    pusher, community = post.fake.pusher, post.fake.community  # type: ignore[attr-defined]
    talk = post.fake.talk  # type: ignore[attr-defined]
    community.poll_on = False
    await post.fake.act(Act(client=ANNA, text="выпало"))
    community.poll_on = True
    anna = community.user(ANNA.ref, ANNA.name)
    talk.shut[anna] = 10
    pusher.poll_faults.append(1)

    async def in_vain() -> bool:
        return "messages.getHistory" in {name for name, _ in post.fake.calls}  # type: ignore[attr-defined]

    await until(in_vain)
    talk.shut.clear()
    pusher.poll_faults.append(1)
    await post.arrives("раз", "выпало")
