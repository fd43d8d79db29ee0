"""Who comes too often is told by all processes together, and by each alone while nobody counts for all."""

from __future__ import annotations

import pytest

from channels.base import Limit
from gateway.frequency import Frequency
from routing.times import SECOND
from storage.tallies import Tallies
from tests.rig.process import free_port

NOW = 1_789_988_700 * SECOND
FIVE = Limit(name="pace_address", value="203.0.113.7", times=5, seconds=60)


async def test_five_through_two_processes_are_five(redis_url: str) -> None:
    one, two = Frequency(Tallies(redis_url)), Frequency(Tallies(redis_url))
    for turn in range(5):
        assert not await (one, two)[turn % 2].count("form", [FIVE], NOW + turn)
    assert await two.count("form", [FIVE], NOW + 6) == {"pace_address"}
    assert not await two.count("another form", [FIVE], NOW + 6)
    assert not await one.count("form", [FIVE], NOW + 120 * SECOND), "two spans later all is forgotten"
    await one.close()
    await two.close()


async def test_no_number_and_no_address_stands_in_redis(redis_url: str) -> None:
    counted = Frequency(Tallies(redis_url))
    phone = Limit(name="pace_person", value="+79161112233", times=3, seconds=600)
    await counted.count("form", [FIVE, phone], NOW)
    redis = counted._together._redis
    assert redis is not None
    names = [bytes(name).decode() for name in await redis.keys("*") if isinstance(name, bytes)]
    assert len(names) == 2
    assert all("203.0.113" not in name and "7916" not in name for name in names)
    assert all([0 < await redis.ttl(name) <= 1200 for name in names])
    await counted.close()


@pytest.mark.parametrize("url", ["", f"redis://127.0.0.1:{free_port()}/0"], ids=["none", "gone"])
async def test_without_redis_each_process_counts_for_itself(url: str) -> None:
    alone = Frequency(Tallies(url))
    over = [bool(await alone.count("form", [FIVE], NOW + turn)) for turn in range(7)]
    assert over == [False] * 5 + [True] * 2
    await alone.close()
