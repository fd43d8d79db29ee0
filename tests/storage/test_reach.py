"""Whoever sees some sees the same by every way: in lists, one by one, and as news; nobody sees more than their scope."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from sqlalchemy import Connection, insert, text

from storage import batch, queue, sight
from storage.database import Database
from storage.reach import Reach, circles
from storage.tables import (
    contact,
    conversation,
    deal,
    member,
    member_role,
    offer,
    role,
    role_permission,
    team,
)
from storage.tables import queue as queue_table
from storage.transaction import Transaction

NOW = 1_790_000_000_000_000
PEOPLE: Final = tuple(f"m{n}" for n in range(8))
QUEUES: Final = ("q0", "q1", "q2")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, lambda: NOW)
    yield opened
    await opened.close()


# --- the tree ------------------------------------------------------------------------------------------------------

TREE: Final = {
    "sales": (None, "anna", "boris"), "north": ("sales", "carl", None), "far": ("north", None, "dora"),
    "service": (None, "eva", None), "round": ("ring", None, None), "ring": ("round", "greta", None),
}  # fmt: skip
"""team -> above it, head, deputy; `round` and `ring` are a circle that somebody made by hand in the database."""
BELONGS: Final = {
    "anna": None, "boris": "sales", "carl": "sales", "dora": "north", "fred": "far", "eva": None, "ilja": "north",
    "greta": None, "hans": "round", "nobody": None,
}  # fmt: skip
LINES: Final = {"q-sales": "sales", "q-north": "north", "q-far": "far", "q-free": None}


def _company(tx: Transaction) -> None:
    run = tx.connection.execute
    for ref, (above, head, deputy) in TREE.items():
        run(insert(team).values(id=ref, name=ref, parent_id=above, head_id=head, deputy_id=deputy))
    for ref, belongs in BELONGS.items():
        run(insert(member).values(id=ref, name=ref, active=1, team_id=belongs, created_at=0))
    for ref, belongs in LINES.items():
        run(insert(queue_table).values(id=ref, name=ref, strategy="evenly", team_id=belongs, created_at=0))


@pytest.mark.parametrize(
    ("who", "team", "below"),
    [
        ("anna", "anna boris carl q-sales", "anna boris carl dora ilja fred q-sales q-north q-far"),
        ("boris", "boris carl q-sales", "boris carl dora ilja fred q-sales q-north q-far"),
        ("carl", "carl boris dora ilja q-sales q-north", "carl boris dora ilja fred q-sales q-north q-far"),
        ("dora", "dora ilja fred q-north q-far", "dora ilja fred q-north q-far"),
        ("ilja", "ilja dora q-north", "ilja dora q-north"),
        ("eva", "eva", "eva"),
        ("nobody", "nobody", "nobody"),
        ("greta", "greta", "greta hans"),
        ("hans", "hans", "hans"),
    ],
)
async def test_a_team_is_its_people_and_below_are_all_under_ones_own_lead(
    database: Database, who: str, team: str, below: str
) -> None:
    await database.write(_company)
    found = await database.read(circles, who)
    for scope, wanted in (("team", team), ("below", below)):
        reach = found[scope]
        assert {*(reach.people or ()), *reach.queues} == set(wanted.split()), scope
    assert (found["team"].people or set()) <= (found["below"].people or set())


# --- three spellings of one rule -------------------------------------------------------------------------------------


def _world(tx: Transaction, chance: random.Random) -> None:
    def some(*among: str | None) -> str | None:
        return chance.choice(among)

    run = tx.connection.execute
    run(insert(role).values(id="connects", name="connects", preset=0))
    run(insert(role_permission).values(role_id="connects", permission="source.edit", scope="all"))
    run(insert(member_role).values(member_id="m1", role_id="connects"))
    for number in range(60):
        who, at = f"c{number}", NOW + number
        run(insert(contact).values(id=who, name=who, created_at=at, updated_at=at))
        for place in range(chance.randrange(3)):
            ref = f"k{number}-{place}"
            run(
                insert(conversation).values(
                    id=ref, source_id="s", thread=ref, contact_id=who, nature=some("client", "client", "personal"),
                    state="open", assignee_id=some(None, None, *PEOPLE), private_to=some(None, None, None, *PEOPLE),
                    last_at=at, created_at=at, updated_at=at,
                )
            )  # fmt: skip
        for place in range(chance.randrange(3)):
            ref = f"d{number}-{place}"
            run(
                insert(deal).values(
                    id=ref, number=number * 10 + place, contact_id=who, pipeline_id="p", stage_id="g", stage_kind="open",
                    open=int(chance.random() < 0.7), owner_id=some(None, *PEOPLE), queue_id=some(None, *QUEUES),
                    created_at=at, last_activity_at=at,
                )
            )  # fmt: skip
            if chance.random() < 0.3:
                state, to = some("open", "expired"), some(*PEOPLE)
                run(
                    insert(offer).values(
                        id=ref, deal_id=ref, member_id=to, state=state, offered_at=at, expires_at=at
                    )
                )


def _ids(connection: Connection, sql: str, reach: Reach) -> set[str]:
    return {row.id for row in connection.execute(text(sql), reach.given(sql))}


def _disagreements(connection: Connection, reach: Reach) -> list[str]:
    """Where a list, a single look and the news differ."""
    found: list[str] = []
    every = {
        table: _ids(connection, f"SELECT id FROM {table}", Reach("m0"))
        for table in ("conversation", "contact", "deal")
    }
    holders = sight.owners_of_conversations(connection, every["conversation"])
    personal = sight.private(connection, every["conversation"])
    listed = _ids(connection, f"SELECT c.id FROM conversation c WHERE c.id IN {reach.conversations}", reach)
    told = {ref for ref in every["conversation"] if reach.covers(*holders[ref])}
    found += [f"news of {ref}" for ref in listed ^ told]
    lent = reach.me == "m1"
    mine = {ref for ref in personal if personal[ref] == reach.me or (personal[ref] is None and lent)}
    seen = queue.visible(connection, sorted(every["conversation"]), reach)
    found += [f"conversation {ref}" for ref in seen ^ (listed - (personal.keys() - mine))]
    people = _ids(connection, f"SELECT c.id FROM contact c WHERE c.id IN {reach.contacts}", reach)
    one_by_one = f"SELECT c.id FROM {{wanted}} JOIN contact c ON c.id = w.id AND {reach.contact('c.id')}"
    rows = batch.select(connection, one_by_one, {"id": sorted(every["contact"])}, **reach.given(one_by_one))
    found += [f"contact {ref}" for ref in people ^ {row.id for row in rows}]
    clients = sight.holders_of_contacts(connection, every["contact"])
    heard = {ref for ref in every["contact"] if reach.covers(*clients.get(ref, ()))}
    found += [f"news of {ref}, who is out of reach" for ref in heard - people]
    deals = _ids(connection, f"SELECT d.id FROM deal d WHERE {reach.deal('d')}", reach)
    held = _ids(connection, f"SELECT d.id FROM deal d WHERE {reach.holds('d')}", reach)
    found += [f"deal {ref} on a board only" for ref in held - deals]
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_lists_single_looks_and_news_agree_on_what_is_within_reach(
    database: Database, seed: int
) -> None:
    chance = random.Random(seed)  # a made-up world
    await database.write(_world, chance)
    reaches = [Reach(one, frozenset({one})) for one in PEOPLE]
    reaches += [Reach("m0", frozenset()), Reach("m1", frozenset({"m1"}), frozenset({"q0"}))]
    for _ in range(12):
        me = chance.choice(PEOPLE)
        people = frozenset({me, *chance.sample(PEOPLE, chance.randrange(5))})
        reaches.append(Reach(me, people, frozenset(chance.sample(QUEUES, chance.randrange(3)))))
    for reach in reaches:
        assert await database.read(_disagreements, reach) == [], reach


async def test_who_sees_nobodys_sees_nothing_and_everybody_is_everybody(database: Database) -> None:
    await database.write(_world, random.Random(7))
    nobody = Reach("m0", frozenset())

    def count(connection: Connection, reach: Reach) -> tuple[int, int]:
        every = sorted(_ids(connection, "SELECT id FROM conversation WHERE nature <> 'personal'", reach))
        return len(every), len(queue.visible(connection, every, reach))

    every, seen = await database.read(count, nobody)
    assert every > 0
    assert seen == 0
    assert await database.read(count, Reach("m0")) == (every, every)
    assert not nobody.covers("m0", None)
    assert Reach("m0").covers(None)


def _plans(connection: Connection, statement: str, values: dict[str, Any]) -> list[str]:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        rows = connection.execute(text(f"EXPLAIN {statement}"), values)
        return [str(row[0]) for row in rows if "Seq Scan" in row[0]]
    rows = connection.execute(text(f"EXPLAIN QUERY PLAN {statement}"), values)
    return [row.detail for row in rows if row.detail.startswith("SCAN") and "INDEX" not in row.detail]


async def test_what_is_within_reach_is_found_by_indexes(database: Database) -> None:
    wide = Reach("m0", frozenset(PEOPLE[:4]), frozenset(QUEUES[:2]))
    for reach in (wide, Reach("m0", frozenset({"m0"}))):
        for statement in (
            f"SELECT k.id FROM conversation k WHERE k.id IN {reach.conversations}",
            f"SELECT k.id FROM contact k WHERE k.id IN {reach.contacts}",
            f"SELECT c.id FROM conversation c WHERE c.id = 'x' AND {reach.conversation()}",
            f"SELECT c.id FROM contact c WHERE c.id = 'x' AND {reach.contact('c.id')}",
            f"SELECT d.id FROM deal d WHERE d.id = 'x' AND {reach.deal()}",
        ):
            found = await database.read_whole(_plans, statement, dict(reach.given(statement)))
            assert [line for line in found if "role" not in line and "SCAN r" not in line] == [], statement
