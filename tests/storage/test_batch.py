"""One statement carries a whole batch, with the same effect on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Connection, text

from storage import batch
from storage.database import Database
from storage.errors import LeaseLost
from storage.journal import Entry, append
from storage.leases import Lease, acquire, check, release, renew
from storage.tables import account, setting
from storage.transaction import Transaction

SECOND = 1_000_000


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 1_790_000_000 * SECOND

    def __call__(self) -> int:
        return self.now


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, Clock())
    yield opened
    await opened.close()


def _all(connection: Connection, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(text(sql))]


def _settings(connection: Connection) -> list[Any]:
    return list(connection.execute(setting.select().order_by(setting.c.name)))


async def test_documents_and_odd_words_come_back_as_they_went(database: Database) -> None:
    words = {"я": "ё\u0000…".replace("\u0000", ""), "quote": "'\"\\", "list": [1, None, True]}

    def write(tx: Transaction) -> None:
        batch.insert(tx.connection, setting, ("name", "value", "updated_at"), [("a", words, 1), ("b", [], 2)])

    await database.write(write)
    rows = await database.read(_settings)
    assert [(row.name, row.value) for row in rows] == [("a", words), ("b", [])]


async def test_rows_whose_key_is_there_are_passed_over_and_the_others_told(database: Database) -> None:
    def write(tx: Transaction, names: list[str]) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = [(name, {}, 1) for name in names]
        return batch.insert_returning(
            tx.connection, setting, ("name", "value", "updated_at"), rows, "name", ignore=True
        )

    assert await database.write(write, ["a", "b", "a"]) == [("a",), ("b",)]
    assert await database.write(write, ["b", "c"]) == [("c",)]


async def test_counters_are_added_to_and_made_where_missing(database: Database) -> None:
    def write(tx: Transaction) -> None:
        batch.add(
            tx.connection, account, ("source_id", "side"), ("received", "opened"),
            [("s", "in", 2, 1), ("t", "in", 1, 0)],
        )  # fmt: skip

    await database.write(write)
    await database.write(write)
    found = await database.read(_all, "SELECT source_id, received, opened FROM account ORDER BY source_id")
    assert found == [("s", 4, 2), ("t", 2, 0)]


async def test_wanted_rows_come_in_the_order_they_were_asked_for(database: Database) -> None:
    def write(tx: Transaction) -> None:
        batch.insert(tx.connection, setting, ("name", "value", "updated_at"), [(n, {}, 1) for n in "abc"])

    await database.write(write)
    rows = await database.read(
        batch.select,
        "SELECT s.name FROM {wanted} JOIN setting s ON s.name = w.name ORDER BY w.n",
        {"name": ["c", "a", "x"]},
    )
    assert [row.name for row in rows] == ["c", "a"]


async def test_the_same_key_is_kept_once_and_an_envelope_without_a_key_always(database: Database) -> None:
    def entry(key: str | None) -> Entry:
        return Entry("s", "lane", key, 1, "POST", "", {}, {}, b"x", None, 1)

    first = await database.write(append, [entry("k"), entry("k"), entry(None), entry(None)])
    again = await database.write(append, [entry("k")])
    assert [found is not None for found in first] == [True, False, True, True]
    assert again == [None]
    assert await database.read(_all, "SELECT received, repeated FROM account") == [(3, 2)]


async def test_a_failed_function_leaves_nothing_and_rings_nobody(database_url: str) -> None:
    rung: list[object] = []
    database = Database(database_url, Clock(), rung.append)

    def write(tx: Transaction) -> None:
        batch.insert(tx.connection, setting, ("name", "value", "updated_at"), [("a", {}, 1)])
        tx.changed("member", "m")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await database.write(write)
    assert await database.read(_all, "SELECT name FROM setting") == []
    assert rung == []
    await database.close()


async def test_a_lease_is_one_persons_until_it_runs_out_and_a_late_holder_is_stopped(
    database: Database,
) -> None:
    (mine,) = await database.write(acquire, ["shard:1"], "one", 0.2)
    assert await database.write(acquire, ["shard:1"], "two", 10) == []
    await _wait_out(database)
    (theirs,) = await database.write(acquire, ["shard:1"], "two", 10)
    assert theirs.token == mine.token + 1
    with pytest.raises(LeaseLost):
        await database.write(check, [mine])
    assert await database.write(renew, [mine], 10) == []
    assert [kept.token for kept in await database.write(renew, [theirs], 10)] == [theirs.token]


async def test_a_lease_given_back_is_free_at_once(database: Database) -> None:
    held: list[Lease] = await database.write(acquire, ["router"], "one", 60)
    await database.write(release, held)
    assert len(await database.write(acquire, ["router"], "two", 60)) == 1


async def _wait_out(database: Database) -> None:
    """A quarter of a second on the database's clock, whichever that is."""
    await asyncio.sleep(0.25)
    clock = database.clock
    assert isinstance(clock, Clock)
    clock.now += SECOND
