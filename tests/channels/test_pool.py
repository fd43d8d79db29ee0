"""Does a closed channel leave connections behind?"""

from __future__ import annotations

import aiohttp
import pytest

from channels.errors import TryLater
from channels.pool import Pool


async def test_a_pool_is_one_until_closed_and_none_after() -> None:
    made: list[aiohttp.ClientSession] = []

    def make() -> aiohttp.ClientSession:
        made.append(aiohttp.ClientSession())
        return made[-1]

    pool = Pool(make)
    assert pool.session() is pool.session()
    await pool.close()
    await pool.close()
    with pytest.raises(TryLater) as error:
        pool.session()
    assert error.value.code == "source_renewed"
    assert [one.closed for one in made] == [True]
