"""The houses that the journeys visit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import expect

from tests.browser import house
from tests.browser.house import House
from tests.rig.mail import MailHost, mail_host

expect.set_options(timeout=house.PATIENCE)


@pytest.fixture(scope="session")
async def demo() -> AsyncIterator[House]:
    """The demonstration, shared: every journey takes a client of its own."""
    async with house.run("demo") as made, house.unlock(made):
        await house.look_around(made)
        yield made


@pytest.fixture(scope="module")
async def shop() -> AsyncIterator[House]:
    """A gateway with nothing but an administrator."""
    async with house.run("serve") as made, house.unlock(made):
        setup = {"name": "Анна", "email": "anna@firma.example", "password": "очень длинный пароль 7"}
        await made.ask("PUT", "/setup", setup)
        yield made


@pytest.fixture(scope="module")
def post_office() -> Iterator[MailHost]:
    """A real mail server."""
    with mail_host() as running:
        yield running
