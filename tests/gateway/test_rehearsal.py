"""The same events, opened once more in an empty database, come to the same state; and nothing is sent."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from channels.fakes import Act, Client, Doing
from channels.telephony import fake_scenes as scenes
from channels.telephony.fake import Exchange
from gateway import clock
from gateway.app import make_gateway
from gateway.config import Config
from gateway.context import Gateway
from gateway.rehearsal import Rehearsed, rehearse
from routing.times import SECOND
from storage import calls
from storage.account import balances
from tests.drills.always import assert_always_true
from tests.gateway.town import Town, open_town, until
from tests.rig.databases import PostgresCopies, SqliteCopies

PLACES = ("messenger1", "messenger2", "form", "phone")
LEFT_OUT = frozenset({"block", "broken"})
"""What is no event, and what is played now and then only."""
SETTLED = 30 * SECOND
"""After so long a call of which nobody tells more has come to something."""
FOR_EVER = 2**62

PICTURE = {
    "contacts": (
        "SELECT min(i.kind || ':' || i.value) AS who, max(i.kind || ':' || i.value) AS last, count(*) AS n FROM contact p"
        " JOIN contact_identity l ON l.contact_id = p.id JOIN identity i ON i.id = l.identity_id GROUP BY p.id"
    ),
    "conversations": (
        "SELECT c.source_id, c.thread, c.nature, c.state, c.subject, c.last_at, c.last_text, c.last_kind, c.inbound,"
        " c.last_client_at, i.value FROM conversation c LEFT JOIN identity i ON i.id = c.identity_id"
    ),
    "messages": (
        "SELECT m.source_id, m.external_id, c.thread, m.kind, m.direction, m.author_kind, m.author_name, m.nature, m.text,"
        " m.at, m.seq, m.attachments, m.edited, m.deleted, q.external_id AS reply_to FROM message m JOIN conversation c"
        " ON c.id = m.conversation_id LEFT JOIN message q ON q.id = m.reply_to_id"
    ),
    "versions": (
        "SELECT m.source_id, m.external_id, v.version, v.text FROM message_version v JOIN message m ON m.id = v.message_id"
    ),
    "reactions": (
        "SELECT m.source_id, m.external_id, r.emojis FROM reaction r JOIN message m ON m.id = r.message_id"
    ),
    "files": (
        "SELECT m.source_id, m.external_id, a.position, a.kind, a.name, a.ref FROM attachment a"
        " JOIN message m ON m.id = a.message_id"
    ),
    "deals": (
        "SELECT d.title, d.stage_kind, d.open, d.repeat, d.quiet, d.source_id, count(m.id) AS said,"
        " min(m.external_id) AS first FROM deal d LEFT JOIN message m ON m.deal_id = d.id GROUP BY d.id, d.title, d.stage_kind,"
        " d.open, d.repeat, d.quiet, d.source_id"
    ),
    # of calls that are told at once, any may have been opened first
    "touches": (
        "SELECT t.source_id, t.campaign, t.attribution, t.first, CASE WHEN m.kind = 'call' THEN 0 ELSE t.at END FROM touch t"
        " LEFT JOIN message m ON m.id = t.message_id"
    ),
    "attachments of messages to deals": (
        "SELECT m.source_id, m.external_id, d.kind, d.rule FROM decision d JOIN message m ON m.id = d.message_id"
        " WHERE d.kind <> 'route'"
    ),
    "addresses": (
        "SELECT a.source_id, i.value, a.last_client_at, a.unreachable FROM address a JOIN identity i ON i.id = a.identity_id"
    ),
    "facts of calls": "SELECT source_id, key, at FROM call_fact",
    "calls": (
        "SELECT source_id, call, direction, state, outcome, line, rang, live, stale, repaired, started_at, ended_at"
        " FROM phone_call"
    ),
    # what is owed and since when; how many tasks led there depends on what was told in between
    "call backs": (
        "SELECT i.value, t.kind, t.owner_id, t.due_at FROM task t JOIN conversation c ON c.id = t.conversation_id"
        " JOIN identity i ON i.id = c.identity_id WHERE t.done_at IS NULL"
    ),
    "envelopes": "SELECT source_id, key, state, reason, number, received_at FROM envelope",
}  # fmt: skip
"""What must come out the same; no id of ours, no processing time, no offer, no assignee."""


def picture(connection: Connection) -> dict[str, list[str]]:
    """The state as those tables show it, in an order of its own."""
    return {
        name: sorted(repr(tuple(row)) for row in connection.execute(text(statement)))
        for name, statement in PICTURE.items()
    }


def differing(here: list[str], there: list[str]) -> tuple[list[str], list[str]]:
    """A few of what is only here, and of what is only there."""
    ours, theirs = Counter(here), Counter(there)
    return sorted((ours - theirs).elements())[:1], sorted((theirs - ours).elements())[:1]


class Life:
    """Clients of all kinds doing all that their networks let them do."""

    def __init__(self, town: Town, seed: int, people: int) -> None:
        self._town = town
        self._dice = random.Random(seed)
        self._clients = [
            Client(
                ref=f"p{number}", name=f"Клиент {number}", phone=f"+7916{number:07}", email=f"p{number}@example.ru",
                username=f"user_{number}",
            )
            for number in range(people)
        ]  # fmt: skip

    async def go_on(self, place: str, events: int) -> None:
        """So many acts at one place, each client's in their order."""
        fake = self._town.fakes[place]
        usual: list[Doing] = [doing for doing in fake.doings if doing not in LEFT_OUT]
        last: dict[str, Doing] = {}
        for number in range(events):
            client = self._dice.choice(self._clients)
            doing: Doing = self._dice.choice(usual) if self._dice.random() < 0.5 else usual[0]
            if last.get(client.ref) != "text" and "text" in usual:
                doing = "text"  # so that there is something to change, answer or react to
            if self._dice.random() < 0.01 and "broken" in fake.doings:
                doing = "broken"  # which says nothing that could be changed later
            else:
                last[client.ref] = doing
            await fake.act(
                Act(
                    client=client, doing=doing, text=f"слово {number}", file=b"\x89PNG bytes",
                    file_name="a.png", fields={"name": "Анна", "phone": f"+7917{number:07}"},
                )
            )  # fmt: skip
            if isinstance(fake, Exchange) and self._dice.random() < 0.2:
                await self._call_whose_end_is_lost(fake, client)
            if self._dice.random() < 0.05:
                await fake.again(1)

    async def _call_whose_end_is_lost(self, exchange: Exchange, client: Client) -> None:
        """It comes to something because nobody tells more."""
        scene = scenes.missed("101")[:-1]
        await exchange.play(exchange.new_call(client, lasts=scenes.lasts(scene)), scene)


async def live_and_rehearse(url: str, empty: str, data: Path, events: int) -> tuple[Town, Gateway, Rehearsed]:
    async with open_town(url, data) as town:
        for place in PLACES:
            await town.connect(place)
        life = Life(town, 5, people=max(10, events // 40))
        await asyncio.gather(*(life.go_on(place, events // len(PLACES)) for place in PLACES))
        await town.opened()
        clock.turn(SETTLED)
        try:
            return await compare(town, empty, data)
        finally:
            clock.turn(-SETTLED)


async def compare(town: Town, empty: str, data: Path) -> tuple[Town, Gateway, Rehearsed]:
    """What here has come to beside what there comes to."""
    town.gateway.bells.ring(["calls"])
    await until(lambda: nothing_settles(town))
    there = make_gateway(Config(database_url=empty, data_dir=data, public_url=town.address))
    sent_before = sum(len(fake.arrived) for fake in town.fakes.values())
    found = await rehearse(town.gateway, there, 0, FOR_EVER)
    here_picture = await town.gateway.database.read(picture)
    there_picture = await there.database.read(picture)
    for name, rows in here_picture.items():
        assert differing(rows, there_picture[name]) == ([], []), name
    assert here_picture["messages"] and here_picture["deals"]
    assert sum(len(fake.arrived) for fake in town.fakes.values()) == sent_before
    assert await town.one("SELECT count(*) FROM outbox") == 0
    assert all(one.balanced for one in await there.database.read_whole(balances))
    await assert_always_true(there)
    assert found.carried == await town.one("SELECT count(*) FROM envelope")
    assert found.carried == found.opened + found.ignored + found.set_aside
    await there.sources.close()
    await there.apart.close()
    await there.database.close()
    return town, there, found


async def nothing_settles(town: Town) -> bool:
    return not await town.gateway.database.read(calls.due, town.gateway.now(), 1)


@pytest.fixture
async def empty_url(
    engine_kind: str, sqlite_copies: SqliteCopies, postgres_copies: PostgresCopies
) -> AsyncIterator[str]:
    """A second fresh, migrated database of the same kind."""
    copies = sqlite_copies if engine_kind == "sqlite" else postgres_copies
    async with copies.fresh() as url:
        yield url


@pytest.mark.timeout(300)
async def test_events_opened_once_more_come_to_the_same_state(
    database_url: str, empty_url: str, tmp_path: Path
) -> None:
    _, _, found = await live_and_rehearse(database_url, empty_url, tmp_path, 250)
    assert found.carried >= 200
    assert found.set_aside > 0


@pytest.mark.full
@pytest.mark.timeout(3600)
async def test_fifty_thousand_events_opened_once_more_come_to_the_same_state(
    database_url: str, empty_url: str, tmp_path: Path
) -> None:
    _, _, found = await live_and_rehearse(database_url, empty_url, tmp_path, 50_000)
    assert found.carried >= 45_000


async def test_a_database_that_is_not_empty_is_left_alone(town: Town) -> None:
    with pytest.raises(ValueError, match="not empty"):
        await rehearse(town.gateway, town.gateway, 0, FOR_EVER)


async def test_only_the_days_events_are_carried(town: Town, empty_url: str, tmp_path: Path) -> None:
    await town.say("messenger1", "вчера")
    await town.opened()
    since = await town.one("SELECT max(received_at) FROM envelope") + 1
    await town.say("messenger1", "сегодня")
    await town.opened()
    there = make_gateway(Config(database_url=empty_url, data_dir=tmp_path, public_url=town.address))
    found = await rehearse(town.gateway, there, since, FOR_EVER)
    said = await there.database.read(
        lambda connection: connection.execute(text("SELECT text FROM message")).scalars().all()
    )
    await there.sources.close()
    await there.database.close()
    assert (found.carried, said) == (1, ["сегодня"])
