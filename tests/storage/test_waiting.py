"""A flood in one conversation holds up only itself."""

from __future__ import annotations

import pytest

from storage.database import Database
from storage.journal import Entry, append
from storage.waiting import Stored, take

EVERY = frozenset(range(64))


def entry(lane: str, number: int) -> Entry:
    return Entry(
        source_id="s", lane=lane, key=f"{lane}:{number}", received_at=number, method="POST", path="", query={},
        headers={}, body=b"{}", body_file=None, size=2,
    )  # fmt: skip


@pytest.fixture
async def database(database_url: str) -> Database:
    return Database(database_url, lambda: 1)


async def test_others_are_let_in_between_while_each_lane_keeps_its_order(database: Database) -> None:
    await database.write(append, [entry("flood", number) for number in range(3000)])
    await database.write(append, [entry(f"other{number}", number) for number in range(40)])
    found = await database.read(take, EVERY, 500)
    await database.close()
    assert len(found) == 500
    assert {f"other{number}" for number in range(40)} <= {row.lane for row in found}
    flood = [row.id for row in found if row.lane == "flood"]
    assert flood == list(range(min(flood), min(flood) + 460))
    assert found == sorted(found, key=lambda row: row.id)


async def test_without_a_flood_the_oldest_come_first(database: Database) -> None:
    await database.write(append, [entry(f"l{number % 9}", number) for number in range(900)])
    found: list[Stored] = await database.read(take, EVERY, 500)
    await database.close()
    assert [row.id for row in found] == list(range(found[0].id, found[0].id + 500))
