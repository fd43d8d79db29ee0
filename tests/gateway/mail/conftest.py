"""A mail server for the session, a gateway for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from channels.email import Email
from channels.email.mailbox import Patience
from tests.gateway.mail.house import MailHouse, open_mail_house
from tests.rig.mail import MailHost, mail_host

QUICK = Patience(connect=15, answer=15, body=10, idle=60, poll=0.2, send=3)


@pytest.fixture(scope="session")
def mail_server() -> Iterator[MailHost]:
    with mail_host() as running:
        yield running


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Email, "patience", QUICK)


@pytest.fixture
async def mail(
    sqlite_url: str, tmp_path: Path, mail_server: MailHost, quick: None
) -> AsyncIterator[MailHouse]:
    """A gateway whose mailbox is in service, on SQLite."""
    async with open_mail_house(sqlite_url, tmp_path, mail_server) as opened:
        await opened.connect()
        yield opened


@pytest.fixture
async def mail_on_both(
    database_url: str, tmp_path: Path, mail_server: MailHost, quick: None
) -> AsyncIterator[MailHouse]:
    """The same on each kind of database."""
    async with open_mail_house(database_url, tmp_path, mail_server) as opened:
        await opened.connect()
        yield opened
