"""No list of the queue costs more on a big table than on a small one: each is walked along an index."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import product
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, text

from storage import boards, queue
from storage.database import Database
from storage.queue import ORDERS, VIEWS, Ask
from storage.reach import Reach
from storage.transaction import Transaction

NOW = 1_790_000_000_000_000
MEMBERS = 200
CHUNK = 50_000
EVERYBODYS = Reach("m5")
OWN = Reach("m5", frozenset({"m5"}))
TEAMS = Reach("m5", frozenset(f"m{n}" for n in range(12)), frozenset({"q1", "q2"}))
SPARE = 60
"""Rows that a page of fifty may read beside three times what it shows."""
SERIES = {
    "postgresql": "generate_series({first}, {last}) AS n",
    "sqlite": "(WITH RECURSIVE s(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last}) SELECT n FROM s) AS s",
}
FILL = (
    "INSERT INTO conversation (id, source_id, thread, contact_id, identity_id, nature, state, assignee_id,"
    " waiting_since, deadline_at, due_at, closes_at, last_message_id, last_at, last_text, created_at, updated_at)"
    " SELECT 'k' || n, 's' || (n % 7), 't' || n, 'c' || n, 'i' || n,"
    " CASE WHEN n % 50 = 0 THEN 'spam' ELSE 'client' END,"
    " CASE n % 10 WHEN 0 THEN 'closed' WHEN 1 THEN 'snoozed' WHEN 2 THEN 'waiting' WHEN 3 THEN 'waiting' ELSE 'open' END,"
    f" CASE WHEN n % 3 = 0 THEN 'm' || ((n / 3) % {MEMBERS}) END,"
    f" CASE WHEN n % 10 > 5 THEN {NOW} - n * 1000 END, CASE WHEN n % 10 > 5 THEN {NOW} + n * 1000 END,"
    f" CASE WHEN n % 10 > 5 THEN {NOW} + n * 1000 END,"
    f" CASE WHEN n % 10 = 9 THEN {NOW} + n * 1000 * CAST(1000 AS bigint) END, 'x', {NOW} - n * 1000, 'Здравствуйте',"
    f" {NOW}, {NOW} FROM "
)
DEALS = (
    "INSERT INTO deal (id, number, contact_id, pipeline_id, stage_id, stage_kind, open, owner_id, created_at, last_activity_at)"
    " SELECT 'd' || n, n, 'c' || n, 'p', 'g', 'open', CASE WHEN n % 4 = 0 THEN 1 ELSE 0 END,"
    f" CASE WHEN n % 2 = 0 THEN 'm' || ((n / 2) % {MEMBERS}) END, {NOW}, {NOW} FROM "
)

HELD = (
    "SELECT (SELECT count(*) FROM conversation WHERE assignee_id = :member)"
    " + (SELECT count(*) FROM deal WHERE owner_id = :member)"
)
"""What a member has, which bounds the lists of what is within reach: each may be found by one index and read by another."""


class Spy:
    """A connection that remembers what was asked."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.asked: list[tuple[str, dict[str, Any]]] = []

    @property
    def dialect(self) -> Any:
        return self._connection.dialect

    def execute(self, statement: Any, parameters: dict[str, Any]) -> Any:
        self.asked.append((str(statement), parameters))
        return self._connection.execute(statement, parameters)


async def _filled(url: str, count: int) -> Database:
    opened = Database(url, lambda: NOW)

    def fill(tx: Transaction, first: int, last: int) -> None:
        series = SERIES[tx.connection.dialect.name].format(first=first, last=last)
        for statement in (FILL, DEALS):
            tx.connection.execute(text(statement + series))

    def look(tx: Transaction) -> None:
        tx.connection.execute(text("ANALYZE"))

    for first in range(1, count, CHUNK):
        await opened.write(fill, first, min(count, first + CHUNK - 1))
    await opened.write(look)
    return opened


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await _filled(database_url, 20_000)
    yield opened
    await opened.close()


def _asks() -> Iterator[Ask]:
    for view, order, reach, source in product(VIEWS, ORDERS, (EVERYBODYS, OWN, TEAMS), (None, "s3")):
        yield Ask(view=view, order=order, reach=reach, source_id=source)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _read(connection: Connection, sql: str, parameters: dict[str, Any]) -> tuple[int, list[str]]:
    """(rows of conversations read, complaints) by the database's own account."""
    if connection.dialect.name == "sqlite":
        steps = [row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {sql}"), parameters)]
        return 0, [step for step in steps if step.startswith(("SCAN c", "SCAN k")) and "INDEX" not in step]
    (found,) = connection.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}"), parameters).one()
    plan = found if isinstance(found, list) else orjson.loads(found)
    read, complaints = 0, []
    for node in _nodes(plan[0]["Plan"]):
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in ("conversation", "deal"):
            complaints.append(f"Seq Scan on {node['Relation Name']}")
        if node.get("Relation Name") == "conversation":
            read += node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
    return int(read), complaints


def _as_on_a_solid_disk(connection: Connection, wide: bool) -> None:
    """Of a table this small a planner that reckons with turning disks reads all for a twentieth of it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL random_page_cost = {1.1 if wide else 4}"))


def _held(connection: Connection, reach: Reach) -> int:
    people = sorted(reach.people or {reach.me})
    return sum(connection.execute(text(HELD), {"member": ref}).scalar_one() for ref in people)


def _complaints(connection: Connection) -> list[str]:
    found = []
    held = {reach: _held(connection, reach) for reach in (EVERYBODYS, OWN, TEAMS)}
    for ask in _asks():
        _as_on_a_solid_disk(connection, ask.reach == TEAMS)
        spy = Spy(connection)
        ids, cursor = queue.page(spy, ask, NOW)  # type: ignore[arg-type]
        if cursor is not None:
            queue.page(spy, Ask(**{**_fields(ask), "cursor": cursor}), NOW)  # type: ignore[arg-type]
        name = f"{ask.view} {ask.order} of {len(ask.reach.people or ())}{' source' if ask.source_id else ''}"
        for sql, parameters in spy.asked:
            read, complaints = _read(connection, sql, parameters)
            found += [f"{name}: {complaint}" for complaint in complaints]
            own = not ask.reach.everybody or ask.view == "mine"
            allowed = (
                max(2000 + held[ask.reach], 2 * held[ask.reach])
                if own
                else (24 if ask.source_id else 3) * (len(ids) + SPARE)
            )
            if read > allowed:
                found.append(f"{name}: {read} rows read for {len(ids)}")
    return found


def _fields(ask: Ask) -> dict[str, Any]:
    return {name: getattr(ask, name) for name in Ask.__dataclass_fields__}


async def test_every_list_of_the_queue_is_walked_along_an_index(database: Database) -> None:
    assert await database.read_whole(_complaints) == []


def _board_complaints(connection: Connection) -> list[str]:
    spy, found = Spy(connection), []
    for owner, reach in ((None, EVERYBODYS), ("m5", EVERYBODYS), (None, OWN), (None, TEAMS), ("m5", TEAMS)):
        _as_on_a_solid_disk(connection, reach == TEAMS)
        wanted = boards.Wanted(pipeline_id="p", reach=reach, owner_id=owner)
        boards.columns(spy, wanted)  # type: ignore[arg-type]
        boards.cards(spy, wanted, "g", (NOW, "d500"), 50)  # type: ignore[arg-type]
    for sql, parameters in spy.asked:
        if connection.dialect.name == "sqlite":
            plan = connection.execute(text(f"EXPLAIN QUERY PLAN {sql}"), parameters)
            found += [row.detail for row in plan if "SCAN" in row.detail and "INDEX" not in row.detail]
        else:
            found += _read(connection, sql, parameters)[1]
    return found


async def test_a_board_of_deals_is_walked_along_an_index(database: Database) -> None:
    assert await database.read_whole(_board_complaints) == []


@pytest.mark.full
@pytest.mark.timeout(600)
async def test_every_list_of_a_million_conversations_is_walked_along_an_index(database_url: str) -> None:
    opened = await _filled(database_url, 1_000_000)
    try:
        assert await opened.read_whole(_complaints) == []
    finally:
        await opened.close()


async def test_pages_hold_every_conversation_once_in_one_order(database: Database) -> None:
    def walk(connection: Connection, ask: Ask) -> list[str]:
        found: list[str] = []
        cursor = None
        while True:
            fields = {**_fields(ask), "cursor": cursor}
            ids, cursor = queue.page(connection, Ask(**fields), NOW)
            found += ids
            if cursor is None:
                return found

    for view, order in (("all", "newest"), ("mine", "urgent"), ("snoozed", "urgent"), ("mine", "longest")):
        ask = Ask(view=view, order=order, reach=EVERYBODYS, limit=1000)
        found = await database.read(walk, ask)
        assert len(found) == len(set(found))
        where = f"SELECT count(*) FROM conversation c WHERE {VIEWS[view]}"
        values = {"me": "m5"} if ":me" in where else {}
        assert len(found) == await database.read(_scalar, where, values), (view, order)


def _scalar(connection: Connection, sql: str, values: dict[str, Any]) -> Any:
    return connection.execute(text(sql), values).scalar()
