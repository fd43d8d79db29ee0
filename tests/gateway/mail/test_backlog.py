"""A mailbox full of letters that came while we were away is taken in whole, killed in the middle of it or not."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from gateway.app import make_gateway
from gateway.config import Config
from gateway.permissions import PRESETS
from storage.team import first_start
from storage.waiting import accounts
from tests.gateway.mail.house import letter
from tests.gateway.test_kill import SLOW, Served
from tests.gateway.town import until
from tests.rig.mail import MailHost

ADDRESS = "backlog@firma.test"


async def taken_in(url: str, folder: Path, host: MailHost, number: int, address: str) -> None:
    """So many letters wait; the gateway is killed twice while it takes them in; each is there once, and all is accounted for."""
    gateway = make_gateway(Config(_env_file=None, database_url=url, data_dir=folder))
    served = Served(url, folder)
    try:
        await gateway.database.write(first_start, PRESETS, "Анна")
        source_id = await gateway.sources.create("email", "Почта", settings(host, address), None, None)
        await gateway.sources.connect(source_id)
        for one in range(number):
            sender = f"client{one % 97}@client.test"
            host.put(
                address,
                letter(
                    address, f"Письмо {one}", f"Вопрос номер {one}", sender=sender, id=f"b{one}@client.test"
                ),
            )

        async def count() -> int:
            found = await gateway.database.read(
                lambda c: c.execute(text("SELECT count(*) FROM message WHERE kind = 'mail'")).scalar_one()
            )
            return int(found)

        async def reached(wanted: float) -> bool:
            return await count() >= wanted

        for part in (0.05, 0.25):
            await served.start()
            await until(partial(reached, number * part), lambda: "some of the letters", SLOW)
            await served.kill()
            assert await count() < number, "killed in the middle"
        await served.start()
        await until(partial(reached, number), lambda: "all letters", SLOW)
        await served.kill()
        said = await gateway.database.read(_texts)
        account = (await gateway.database.read(accounts))[source_id]
        assert Counter(said) == Counter(f"Вопрос номер {one}" for one in range(number))
        ended = account["opened"] + account["ignored"] + account["set_aside"]
        assert account["received"] == ended and account["opened"] == number and account["set_aside"] == 0
    finally:
        await served.kill()
        await gateway.sources.close()
        await gateway.database.close()


def settings(host: MailHost, address: str) -> dict[str, str]:
    return {
        "preset": "own", "address": host.welcome(address), "name": "Магазин", "password": host.password,
        "imap_host": "127.0.0.1", "imap_port": str(host.ports.imap), "imap_security": "plain",
        "smtp_host": "localhost", "smtp_port": str(host.relay.tls_port), "smtp_security": "tls",
        "certificate": host.certificate.authority.read_text("ascii"),
    }  # fmt: skip


def _texts(connection: Connection) -> list[str]:
    rows = connection.execute(text("SELECT text FROM message WHERE kind = 'mail'"))
    return [row.text for row in rows]


@pytest.mark.timeout(400)
async def test_two_hundred_letters_of_an_absence_survive_two_kills(
    sqlite_url: str, tmp_path: Path, mail_server: MailHost, quick: None
) -> None:
    await asyncio.wait_for(taken_in(sqlite_url, tmp_path, mail_server, 200, "few@firma.test"), 390)


@pytest.mark.full
@pytest.mark.timeout(1200)
async def test_five_thousand_letters_of_an_absence_survive_two_kills(
    database_url: str, tmp_path: Path, mail_server: MailHost, quick: None
) -> None:
    await taken_in(
        database_url, tmp_path, mail_server, 5000, f"many{abs(hash(database_url)) % 10_000}@firma.test"
    )
