"""The houses that the journeys visit."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.browser import house
from tests.browser.house import House

expect.set_options(timeout=house.PATIENCE)


@pytest.fixture(scope="session")
async def demo() -> AsyncIterator[House]:
    """The demonstration, shared: every journey takes a client of its own."""
    async with house.run("demo") as made, house.unlock(made):
        await house.look_around(made)
        yield made
