"""Who lost a lease is stopped at the commit, and two workers that meet at one person take turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from channels.events import InboundMessage
from gateway.opening.batch import Parsed, open_batch
from gateway.parsing import parse
from gateway.rules import house_of, setup_of
from storage import outbox, waiting
from storage.cursors import keep_polled
from storage.dealing import route_waiting
from storage.errors import LeaseLost
from storage.ids import new_id
from storage.leases import Lease, acquire, take_from
from storage.outbox import Outcome
from storage.transaction import Transaction
from tests.gateway.town import Town, open_town


@pytest.fixture
async def door(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    """A process that takes in and opens nothing: the tests are its workers."""
    async with open_town(database_url, tmp_path, "web") as opened:
        await opened.connect("messenger1")
        yield opened


async def handed_over(town: Town, *names: str) -> tuple[list[Lease], list[Lease]]:
    """The leases as a slow process still believes in them, and as the next one holds them."""
    slow = await town.gateway.database.write(acquire, list(names), "slow", 60.0)
    await town.gateway.database.write(take_from, ["slow"])
    return slow, await town.gateway.database.write(acquire, list(names), "next", 60.0)


async def batch_of(town: Town) -> tuple[list[Parsed], list[str]]:
    """What waits, read, and the leases that opening it takes."""
    stored = await town.gateway.database.read(waiting.take, frozenset(range(64)), 500)
    names = sorted({f"shard:{row.shard}" for row in stored})
    return [await parse(town.gateway, row) for row in stored], names


async def test_a_worker_that_lost_its_shard_writes_nothing(door: Town) -> None:
    await door.say("messenger1", "Кто первый?")
    parsed, names = await batch_of(door)
    slow, following = await handed_over(door, *names)
    house = await house_of(door.gateway)
    with pytest.raises(LeaseLost):
        await door.gateway.database.write(open_batch, house, parsed, slow)
    assert await door.one("SELECT count(*) FROM message") == 0
    await door.gateway.database.write(open_batch, house, parsed, following)
    assert await door.one("SELECT count(*) FROM message WHERE direction = 'in'") == 1


async def test_an_envelope_opened_by_another_worker_is_not_opened_again(door: Town) -> None:
    await door.say("messenger1", "Один раз")
    parsed, names = await batch_of(door)
    _, held = await handed_over(door, *names)
    house = await house_of(door.gateway)
    await door.gateway.database.write(open_batch, house, parsed, held)
    with pytest.raises(LeaseLost):
        await door.gateway.database.write(open_batch, house, parsed, held)
    account = await door.account("messenger1")
    assert (account["received"], account["opened"] + account["ignored"]) == (1, 1)


async def test_a_sender_that_lost_its_source_takes_and_settles_nothing(door: Town) -> None:
    await door.say("messenger1", "Есть доставка?")
    parsed, names = await batch_of(door)
    _, held = await handed_over(door, *names)
    await door.gateway.database.write(open_batch, await house_of(door.gateway), parsed, held)
    message = await door.reply("Есть")
    source_id = door.sources["messenger1"]
    slow, following = await handed_over(door, f"send:{source_id}")
    live = door.gateway.sources.get(source_id)
    assert live is not None
    database = door.gateway.database
    with pytest.raises(LeaseLost):
        await database.write(outbox.take_ready, slow[0], source_id, live.window, 10)
    (part,) = await database.write(outbox.take_ready, following[0], source_id, live.window, 10)
    with pytest.raises(LeaseLost):
        await database.write(outbox.settle, slow[0], [Outcome(part.id, message, "sent", ("1",))])
    assert await door.one("SELECT state FROM outbox") == "sending"


async def test_a_listener_that_lost_its_source_keeps_neither_events_nor_the_place(door: Town) -> None:
    source_id = door.sources["messenger1"]
    slow, _ = await handed_over(door, f"listen:{source_id}")
    with pytest.raises(LeaseLost):
        await door.gateway.database.write(keep_polled, slow[0], source_id, [], b"further")
    assert await door.one("SELECT cursor FROM source WHERE id = :id", id=source_id) is None


async def test_a_router_that_lost_its_turn_asks_nobody(door: Town) -> None:
    await door.member("Пётр", "manager")
    await door.say("messenger1", "Сколько стоит?")
    parsed, names = await batch_of(door)
    _, held = await handed_over(door, *names)
    await door.gateway.database.write(open_batch, await house_of(door.gateway), parsed, held)
    slow, following = await handed_over(door, "router")
    setup = await setup_of(door.gateway)
    with pytest.raises(LeaseLost):
        await door.gateway.database.write(route_waiting, slow[0], setup.schedule, {}, True)
    assert await door.one("SELECT count(*) FROM offer") == 0
    await door.gateway.database.write(route_waiting, following[0], setup.schedule, {}, True)
    assert await door.one("SELECT count(*) FROM offer") > 0


async def test_two_workers_with_words_of_one_person_by_two_sources_make_one_lead(
    postgres_url: str, tmp_path: Path
) -> None:
    """Each holds its own shard, so only the locks on the person make the second see what the first did."""
    async with open_town(postgres_url, tmp_path, "web") as door:
        await door.connect("messenger1")
        await door.say("messenger1", "Первый источник")
        ((one,), _) = await batch_of(door)
        first, second = await _by_another_source(door, one)
        await door.gateway.database.write(_known, one)
        _, held = await handed_over(door, "shard:1", "shard:2")
        house = await house_of(door.gateway)
        begun = asyncio.Event()

        def slowly(tx: Transaction) -> None:
            open_batch(tx, house, [first], held[:1])
            begun.set()
            tx.connection.execute(text("SELECT pg_sleep(1)"))

        slow = asyncio.create_task(door.gateway.database.write(slowly))
        await begun.wait()
        await door.gateway.database.write(open_batch, house, [second], held[1:])
        await slow
        for table in ("contact", "deal"):
            assert await door.one(f"SELECT count(*) FROM {table}") == 1, table
        assert await door.one("SELECT count(DISTINCT deal_id) FROM message WHERE direction = 'in'") == 1


def _known(tx: Transaction, parsed: Parsed) -> None:
    """The person was heard of before, and is nobody's contact yet: making the row cannot be what they meet at."""
    said = parsed.events[0]
    assert isinstance(said, InboundMessage)
    identity = said.sender.identity
    tx.connection.execute(
        text("INSERT INTO identity (id, kind, value, created_at) VALUES (:id, :kind, :value, :now)"),
        {"id": new_id(tx.now), "kind": identity.kind, "value": identity.value, "now": tx.now},
    )


async def _by_another_source(door: Town, one: Parsed) -> tuple[Parsed, Parsed]:
    """The same words by a second bot. The person is known, and has no deal yet."""
    source_id = door.sources["messenger1"]
    door.fakes["first"] = door.fakes["messenger1"]
    await door.connect("messenger1")
    await door.say("messenger1", "Второй источник")
    parsed, _ = await batch_of(door)
    return one, next(row for row in parsed if row.source_id != source_id)
