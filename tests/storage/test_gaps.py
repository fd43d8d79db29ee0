"""A number that a provider gave out and we never saw is told, until it comes after all."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.database import Database
from storage.gaps import Numbered, Numbering, _Run, follow, gaps, numberings

DAY = 86_400_000_000
STRICT = Numbering(strict=True, rest=7 * DAY)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, lambda: 1)
    yield opened
    await opened.close()


async def come(database: Database, *numbers: int, at: int = 0, rule: Numbering = STRICT) -> None:
    """These numbers are sealed together, a microsecond apart."""
    numbered = [Numbered("s", number, at + place) for place, number in enumerate(numbers)]
    await database.write(follow, numbered, {"s": rule})


async def missing(database: Database) -> list[tuple[int, int]]:
    return [(gap.first, gap.last) for gap in await database.read(gaps, "s")]


async def test_numbers_one_after_another_leave_nothing_out(database: Database) -> None:
    await come(database, 500, 501, 502)
    await come(database, 503)
    assert await missing(database) == []
    assert (await database.read(numberings))["s"].high == 503


async def test_numbers_left_out_are_told_and_closed_when_they_come_after_all(database: Database) -> None:
    await come(database, 500, 505)
    assert await missing(database) == [(501, 504)]
    await come(database, 503)
    assert await missing(database) == [(501, 502), (504, 504)]
    await come(database, 504, 502, 501)
    assert await missing(database) == []


async def test_a_gap_tells_between_which_times_it_fell(database: Database) -> None:
    await come(database, 1, at=1000)
    await come(database, 4, at=5000)
    (gap,) = await database.read(gaps, "s")
    assert (gap.after_at, gap.before_at, gap.count) == (1000, 5000, 2)


async def test_after_the_providers_rest_numbers_may_begin_anywhere(database: Database) -> None:
    await come(database, 1, 3)
    await come(database, 900_000_000, at=8 * DAY)
    await come(database, 900_000_001, at=8 * DAY + 5)
    assert await missing(database) == [(2, 2)]


async def test_numbers_that_only_grow_have_no_gaps(database: Database) -> None:
    await come(database, 10, 20, 15, rule=Numbering(strict=False))
    assert await missing(database) == []
    assert (await database.read(numberings))["s"].seen == 3


async def test_sources_without_a_rule_are_not_followed(database: Database) -> None:
    await database.write(follow, [Numbered("t", 1, 1), Numbered("t", 9, 2)], {})
    assert await database.read(gaps) == []


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(came=st.sets(st.integers(0, 60), min_size=1), seed=st.integers(0, 9))
def test_whatever_the_order_exactly_what_did_not_come_is_missing(came: set[int], seed: int) -> None:
    order = sorted(came)
    random.Random(seed).shuffle(order)
    run = _Run("s", 1, order[0], order[0], 1, 0)
    for number in order[1:]:
        run.take(Numbered("s", number, 0), STRICT)
    assert set(_spread(run.missing)) == set(range(min(came), max(came))) - came


def _spread(rows: Iterable[tuple[int, int, int, int]]) -> Iterable[int]:
    for first, last, _, _ in rows:
        yield from range(first, last + 1)
