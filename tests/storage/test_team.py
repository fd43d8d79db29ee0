"""The first start makes what an installation begins with, once, whoever starts together."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from gateway import clock
from gateway.permissions import PRESETS
from storage.database import Database
from storage.errors import Conflict
from storage.team import add_member, admins, change_member, first_start, set_roles
from storage.transaction import Transaction


async def test_processes_that_start_together_make_one_installation(database_url: str) -> None:
    processes = [Database(database_url, clock.now) for _ in range(5)]
    made = await asyncio.gather(*(one.write(first_start, PRESETS, "Анна") for one in processes))
    assert len(set(made)) == 1

    counted = await processes[0].read(
        lambda c: [
            c.execute(text(f"SELECT count(*) FROM {table}")).scalar()
            for table in ("member", "queue", "pipeline", "setting")
        ]
    )
    assert counted == [1, 1, 1, 2]
    for one in processes:
        await one.close()


@pytest.mark.parametrize("how", ["role", "leave"])
async def test_of_administrators_who_let_each_other_go_at_once_one_stays(database_url: str, how: str) -> None:
    processes = [Database(database_url, clock.now) for _ in range(6)]
    first = await processes[0].write(first_start, PRESETS, "Анна")
    others = [await processes[0].write(add_member, f"А{n}", f"a{n}@firma.test", ["admin"]) for n in range(5)]

    def let_go(tx: Transaction, who: str) -> None:
        if how == "role":
            set_roles(tx, who, ["head"])
        else:
            change_member(tx, who, active=0)

    went = await asyncio.gather(
        *(one.write(let_go, who) for one, who in zip(processes, [first, *others], strict=True)),
        return_exceptions=True,
    )
    refused = [error for error in went if error is not None]
    assert [error.params["reason"] for error in refused if isinstance(error, Conflict)] == ["last_admin"]
    assert len(await processes[0].read(admins)) == len(refused) == 1
    for one in processes:
        await one.close()


async def test_a_permission_that_is_new_reaches_the_presets_of_an_old_installation_once(
    database_url: str,
) -> None:
    """What a person took away stays away, and roles of the company's own are left alone."""
    new = "recording.listen"
    before = {
        name: {what: scope for what, scope in permissions.items() if what != new}
        for name, permissions in PRESETS.items()
    }
    database = Database(database_url, clock.now)
    await database.write(first_start, before, "Анна")

    def as_an_old_one(tx: Transaction) -> None:
        tx.connection.execute(text("DELETE FROM setting WHERE name = 'permissions'"))
        tx.connection.execute(text("INSERT INTO role (id, name, preset) VALUES ('r', 'own', 0)"))
        tx.connection.execute(text("DELETE FROM role_permission WHERE permission = 'demo.run' AND role_id ="
                                   " (SELECT id FROM role WHERE name = 'operator')"))  # fmt: skip

    await database.write(as_an_old_one)
    await database.write(first_start, PRESETS, "Анна")
    expected = {(name, new, given[new]) for name, given in PRESETS.items() if new in given}
    assert await holders(database, new) == expected
    assert "operator" not in {name for name, _, _ in await holders(database, "demo.run")}

    def take_away(tx: Transaction) -> None:
        tx.connection.execute(text("DELETE FROM role_permission WHERE permission = :new"), {"new": new})

    await database.write(take_away)
    await database.write(first_start, PRESETS, "Анна")
    assert await holders(database, new) == set()
    await database.close()


async def holders(database: Database, permission: str) -> set[tuple[str, str, str]]:
    """(role, permission, scope) of whoever has it."""
    rows = await database.read(
        lambda c: c.execute(
            text(
                "SELECT r.name, p.permission, p.scope FROM role_permission p JOIN role r ON r.id = p.role_id"
                " WHERE p.permission = :permission"
            ),
            {"permission": permission},
        ).all()
    )
    return {(row.name, row.permission, row.scope) for row in rows}
