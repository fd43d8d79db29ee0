"""Of two who change in one moment what holds, exactly one does; the other is told, and nothing of theirs is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
from sqlalchemy import Connection, text

from gateway.permissions import PRESETS
from routing.rules import Plan, World
from storage import plans
from storage.database import Database
from storage.errors import Conflict
from storage.team import first_start

ROUNDS = 5
"""Each pair meets so often: which of the two is faster is chance."""


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    opened = Database(postgres_url, lambda: 1_000_000, lambda _: None, pool=4)
    await opened.write(first_start, PRESETS, "Head")
    yield opened
    await opened.close()


async def world(database: Database) -> tuple[World, str]:
    """A company with its one queue."""
    queue: str = await database.read(lambda c: c.execute(text("SELECT id FROM queue")).scalar_one())
    return World(queues={queue: 1}), queue


async def meet(*both: Awaitable[int]) -> tuple[list[int], list[Conflict]]:
    """What came of two who act at once: numbers of those who did it, refusals of the others."""
    came: list[Any] = await asyncio.gather(*both, return_exceptions=True)
    strange = [one for one in came if not isinstance(one, int | Conflict)]
    assert not strange
    return [one for one in came if isinstance(one, int)], [one for one in came if isinstance(one, Conflict)]


async def holds(database: Database) -> int:
    return (await database.read(plans.published))[0]


async def drafted(database: Database, queue: str) -> int:
    row = await database.read(plans.draft)
    return await database.write(
        plans.save_draft, "one", Plan(rules=(), catch_all=queue), row.changes if row is not None else 0
    )


def one_holds(connection: Connection) -> None:
    rows = connection.execute(
        text("SELECT version, state FROM plan WHERE state <> 'draft' ORDER BY version")
    ).all()
    assert [row.version for row in rows] == list(range(1, len(rows) + 1))
    assert [row.state for row in rows][:-1] == ["old"] * (len(rows) - 1)
    assert not rows or rows[-1].state == "published"


async def test_of_two_who_publish_one_draft_one_does(database: Database) -> None:
    known, queue = await world(database)
    for _ in range(ROUNDS):
        seen, now = await drafted(database, queue), await holds(database)
        did, refused = await meet(
            *(database.write(plans.publish, who, "", known, seen, now) for who in ("one", "other"))
        )
        assert (did, [one.code for one in refused]) == ([now + 1], ["draft_conflict"])
        await database.read(one_holds)


async def test_of_a_publishing_and_a_return_to_an_earlier_version_one_happens(database: Database) -> None:
    known, queue = await world(database)
    await drafted(database, queue)
    await database.write(plans.publish, "one", "", known)
    for _ in range(ROUNDS):
        seen, now = await drafted(database, queue), await holds(database)
        did, refused = await meet(
            database.write(plans.publish, "one", "", known, seen, now),
            database.write(plans.roll_back, 1, "other", known, now),
        )
        assert (did, [one.code for one in refused]) == ([now + 1], ["changed"])
        assert refused[0].params["version"] == now + 1
        await database.read(one_holds)


async def test_of_two_returns_one_happens(database: Database) -> None:
    known, queue = await world(database)
    for _ in range(2):
        await drafted(database, queue)
        await database.write(plans.publish, "one", "", known)
    for _ in range(ROUNDS):
        now = await holds(database)
        did, refused = await meet(*(database.write(plans.roll_back, to, "one", known, now) for to in (1, 2)))
        assert (did, [one.code for one in refused]) == ([now + 1], ["changed"])
        await database.read(one_holds)


async def test_of_a_change_of_the_draft_and_its_publishing_one_happens(database: Database) -> None:
    known, queue = await world(database)
    for _ in range(ROUNDS):
        seen, now = await drafted(database, queue), await holds(database)
        did, refused = await meet(
            database.write(plans.save_draft, "one", Plan(rules=(), catch_all=queue), seen),
            database.write(plans.publish, "other", "", known, seen, now),
        )
        assert (len(did), [one.code for one in refused]) == (1, ["draft_conflict"])
        kept = await database.read(plans.draft)
        assert (await holds(database) == now + 1) == (kept is None), (
            "published, or still drafted with the change"
        )
        await database.read(one_holds)


async def test_of_two_first_drafts_one_is_kept(database: Database) -> None:
    _, queue = await world(database)
    did, refused = await meet(
        *(
            database.write(plans.save_draft, who, Plan(rules=(), catch_all=queue), 0)
            for who in ("one", "other")
        )
    )
    assert (did, [one.code for one in refused]) == ([1], ["draft_conflict"])
