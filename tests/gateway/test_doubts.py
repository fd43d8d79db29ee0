"""Another name, an address of many and a typed number are asked about, overwrite nothing, and are answered once."""

from __future__ import annotations

from typing import Any

import pytest

from channels.fakes import Act, Client
from storage import doubts, knowing
from storage.database import Database
from storage.errors import Conflict
from storage.transaction import Transaction
from tests.gateway.town import Town

BY = "somebody"


async def writes(town: Town, name: str, email: str, text: str = "Сколько стоит шкаф?") -> None:
    """Somebody submits the shop's form under a name, with a mail."""
    if "form" not in town.sources:
        await town.connect("form")
    client = Client(ref=f"{name} {email}", name=name, email=email)
    await town.fakes["form"].act(Act(client=client, doing="text", text=text))
    await town.opened()


async def asked(town: Town) -> list[tuple[str, str, str]]:
    rows = await town.gateway.database.read(doubts.listed)
    return [(row.kind, row.value, row.address) for row in rows]


async def test_another_name_at_ones_address_is_asked_about_and_a_yes_tells_people_apart(town: Town) -> None:
    await writes(town, "Анна Петрова", "dom@example.org")
    await writes(town, "Ольга Иванова", "dom@example.org")
    await writes(town, "Ольга Иванова", "dom@example.org")
    assert await asked(town) == [("name", "Ольга Иванова", "dom@example.org")]
    assert await town.rows("SELECT name FROM contact") == [("Анна Петрова",)]
    database: Database = town.gateway.database
    (row,) = await database.read(doubts.listed)
    assert [one.id for one in await database.read(doubts.of_contact, row.contact_id)] == [row.id]
    await database.write(doubts.answer, row.id, BY, True)
    with pytest.raises(Conflict) as refused:
        await database.write(doubts.answer, row.id, BY, False)
    assert (refused.value.code, await asked(town)) == ("not_now", [])
    await writes(town, "Ольга Иванова", "dom@example.org")
    await writes(town, "Анна Петрова", "dom@example.org")
    found = await town.rows(
        "SELECT c.name, count(*) FROM message m JOIN contact c ON c.id = m.contact_id WHERE m.direction = 'in'"
        " GROUP BY c.name ORDER BY c.name"
    )
    assert [tuple(one) for one in found] == [("Анна Петрова", 4), ("Ольга Иванова", 1)]


async def test_a_mailbox_of_an_office_is_asked_about_and_a_no_is_not_asked_again(town: Town) -> None:
    await writes(town, "Анна Петрова", "info@firma.example")
    assert await asked(town) == [("shared", "role_mailbox", "info@firma.example")]
    database: Database = town.gateway.database
    (row,) = await database.read(doubts.listed)
    await database.write(doubts.answer, row.id, BY, False)
    await writes(town, "Анна Петрова", "info@firma.example")
    assert await asked(town) == []
    await database.write(doubts.take_back, row.id, BY)
    assert [one[0] for one in await asked(town)] == ["shared"]
    assert await town.one("SELECT count(*) FROM audit_log WHERE action = 'contact.doubt'") == 2


async def test_a_typed_number_only_suggests_until_somebody_says_whose_it_is(town: Town) -> None:
    await writes(town, "Анна Петрова", "anna@example.org")
    await writes(town, "Борис Лунин", "boris@example.org")
    found: dict[str, Any] = {row.name: row.id for row in await town.rows("SELECT id, name FROM contact")}
    anna, boris = found["Анна Петрова"], found["Борис Лунин"]

    def typed(tx: Transaction) -> None:
        for ref in (anna, boris, anna):
            doubts.note_phone(tx, ref, "+79160001122")

    database: Database = town.gateway.database
    await database.write(typed)
    assert [one[::2] for one in await asked(town)] == [("phone", "+79160001122")] * 2
    assert (
        await town.one(
            "SELECT count(*) FROM contact_identity l JOIN identity i ON i.id = l.identity_id AND i.kind = 'phone'"
        )
        == 0
    )
    assert await database.read(knowing.fields_of, anna) == {}
    mine = {row.contact_id: row.id for row in await database.read(doubts.listed)}
    await database.write(doubts.answer, mine[anna], BY, True)
    assert [row.contact_id for row in await database.read(doubts.listed)] == [boris]
    assert await town.one("SELECT count(*) FROM likeness") == 0
    await database.write(doubts.answer, mine[boris], BY, True)
    assert await town.one("SELECT count(*) FROM likeness") == 1, "two have one number: perhaps one person"
    await database.write(doubts.take_back, mine[boris], BY)
    assert (
        await town.one(
            "SELECT count(*) FROM contact_identity l JOIN identity i ON i.id = l.identity_id AND i.kind = 'phone'"
        )
        == 1
    )
