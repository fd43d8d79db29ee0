"""Whoever is let go keeps nothing of what was given to them in that very moment; with real transactions that wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection, text

from storage import leases, offers, staff
from storage.database import Database
from storage.dealing import route_waiting
from storage.errors import Conflict
from tests.gateway.storm import DUSK, START, happen
from tests.gateway.test_routing_storm import settle_in

GONE = "m000"
"""The only one in the queue «evenly», so every lead of it is theirs."""
STAYS = "m001"


@asynccontextmanager
async def house(url: str) -> AsyncIterator[tuple[Database, asyncpg.Connection]]:
    """Two managers in two queues, a lead for the first, and a connection that acts in the same moment."""
    database = Database(url, lambda: START, lambda _: None, pool=4)
    other = await asyncpg.connect(url)
    await database.write(settle_in, 2)
    await database.write(happen, "lead", 0.0, 0.0)
    await other.execute("UPDATE deal SET queue_id = 'a'")
    yield database, other
    await other.close()
    await database.close()


async def route(database: Database) -> None:
    held = (await database.write(leases.acquire, ["router"], "only", 10.0**9))[0]
    await database.write(route_waiting, held, DUSK, {}, True)


async def waits(url: str) -> None:
    """Until a transaction of this database stands at another's lock."""
    looking = await asyncpg.connect(url)
    sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while not await looking.fetchval(sql):
        await asyncio.sleep(0.01)
    await looking.close()


def rows(sql: str) -> Callable[[Connection], list[tuple[Any, ...]]]:
    return lambda connection: [tuple(row) for row in connection.execute(text(sql))]


OFFERS = rows("SELECT member_id, state FROM offer ORDER BY id")
OWNERS = rows("SELECT owner_id, waiting FROM deal")


async def test_nobody_is_offered_a_lead_who_was_let_go_in_the_same_moment(postgres_url: str) -> None:
    async with house(postgres_url) as (database, other):
        async with other.transaction():
            await other.execute("UPDATE member SET active = 0, presence = 'off' WHERE id = $1", GONE)
            routing = asyncio.create_task(route(database))
            await waits(postgres_url)
        await routing
        assert await database.read(OFFERS) == []
        assert await database.read(OWNERS) == [(None, "nobody")]


async def test_an_offer_made_while_somebody_was_let_go_is_taken_back(postgres_url: str) -> None:
    async with house(postgres_url) as (database, other):
        async with other.transaction():
            await other.execute(
                "INSERT INTO offer (id, deal_id, member_id, rung, broadcast, state, offered_at, expires_at)"
                " SELECT 'o', id, $1, 0, 0, 'open', $2::bigint, $2::bigint + 120000000 FROM deal", GONE, START,
            )  # fmt: skip
            await other.execute("UPDATE deal SET waiting = 'offered'")
            await other.execute("UPDATE member SET last_offer_at = $2 WHERE id = $1", GONE, START)
            leaving = asyncio.create_task(database.write(staff.deactivate, GONE, STAYS, STAYS))
            await waits(postgres_url)
        await leaving
        assert await database.read(OFFERS) == [(GONE, "withdrawn")]
        assert await database.read(OWNERS) == [(None, "new")]


async def test_an_acceptance_that_was_faster_goes_on_to_whoever_takes_over(postgres_url: str) -> None:
    async with house(postgres_url) as (database, other):
        async with other.transaction():
            await other.execute("UPDATE deal SET owner_id = $1, waiting = '', next_at = NULL", GONE)
            await other.execute("UPDATE member SET expired_in_row = 0 WHERE id = $1", GONE)
            leaving = asyncio.create_task(database.write(staff.deactivate, GONE, STAYS, STAYS))
            await waits(postgres_url)
        await leaving
        assert await database.read(OWNERS) == [(STAYS, "")]


async def test_who_was_let_go_accepts_nothing_more(postgres_url: str) -> None:
    async with house(postgres_url) as (database, other):
        await route(database)
        offer_id = await other.fetchval("SELECT id FROM offer WHERE member_id = $1", GONE)
        async with other.transaction():
            await other.execute("UPDATE member SET active = 0 WHERE id = $1", GONE)
            accepting = asyncio.create_task(database.write(offers.accept_offer, GONE, offer_id, DUSK))
            await waits(postgres_url)
        with pytest.raises(Conflict) as refused:
            await accepting
        assert refused.value.code == "withdrawn"
        assert await database.read(OWNERS) == [(None, "offered")]


async def test_nothing_is_given_to_who_was_let_go_in_the_same_moment(postgres_url: str) -> None:
    async with house(postgres_url) as (database, other):
        await other.execute("UPDATE deal SET owner_id = $1, waiting = '', next_at = NULL", GONE)
        async with other.transaction():
            await other.execute("UPDATE member SET active = 0 WHERE id = $1", STAYS)
            leaving = asyncio.create_task(database.write(staff.deactivate, GONE, STAYS, STAYS))
            await waits(postgres_url)
        with pytest.raises(Conflict) as refused:
            await leaving
        assert (refused.value.code, refused.value.params) == ("bad_request", {"field": "member_id"})
