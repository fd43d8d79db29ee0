"""Turns at a network are taken one after another, whoever takes them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from gateway import clock
from storage import turns
from storage.database import Database

GAP = 50_000


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    found = Database(database_url, clock.now)
    yield found
    await found.close()


async def test_turns_of_one_name_follow_each_other_and_other_names_do_not_wait(
    database: Database,
) -> None:
    waits = [await database.write_alone(turns.take, "a", 10_000_000) for _ in range(3)]
    assert waits[0] == 0
    assert all(later - earlier > 9_000_000 for earlier, later in pairwise(waits))
    assert await database.write_alone(turns.take, "b", GAP) == 0


async def test_who_takes_turns_at_once_gets_one_each(database: Database) -> None:
    waits = sorted(
        await asyncio.gather(*(database.write_alone(turns.take, "a", 60_000_000) for _ in range(8)))
    )
    assert [round(wait / 60_000_000) for wait in waits] == list(range(8))


async def test_after_a_pause_nobody_waits_for_turns_that_are_over(database: Database) -> None:
    await database.write_alone(turns.take, "a", GAP)
    await asyncio.sleep(2 * GAP / 1_000_000)
    assert await database.write_alone(turns.take, "a", GAP) == 0
