"""Who waits is woken for what is due, and at rest nobody is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import BigInteger, Integer, LargeBinary, Table

from routing.times import MINUTE, SECOND
from storage import tables
from storage.database import Database
from storage.pulse import DUE, pulse
from storage.tables.base import Json
from storage.transaction import Transaction

NOW = 1_790_000_000_000_000
LONG_AGO = NOW - 2 * MINUTE
WAITS: list[tuple[str, Table, dict[str, Any]]] = [
    ("envelopes", tables.envelope, {"id": 1}),
    ("outbox", tables.outbox, {"state": "held", "not_before": NOW}),
    ("lookups", tables.outbox, {"state": "unknown", "not_before": NOW}),
    ("media", tables.attachment, {"state": "fetch", "next_at": NOW}),
    ("cut", tables.cut, {"next_at": NOW}),
    ("leads", tables.deal, {"waiting": "new", "next_at": NOW}),
    ("leads", tables.deal, {"waiting": "nobody"}),
    ("leads", tables.handover, {"until": NOW}),
    ("leads", tables.member, {"presence": "break", "presence_until": NOW}),
    ("timers", tables.firing, {"state": "waiting", "at": NOW}),
    ("timers", tables.scheduled, {"state": "waiting", "at": NOW}),
    ("timers", tables.conversation, {"state": "snoozed", "snoozed_until": NOW}),
    ("timers", tables.conversation,
     {"state": "open", "nature": "client", "waiting_since": NOW, "due_at": NOW + 10 * MINUTE}),
    ("timers", tables.task, {"remind_at": NOW}),
    ("calls", tables.phone_call, {"live": 1, "look_at": NOW}),
    ("calls", tables.call_command, {"state": "requested", "created_at": LONG_AGO}),
    ("push", tables.push_subscription, {}),
    ("imports", tables.contact_import, {"state": "running"}),
]  # fmt: skip


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, lambda: NOW)
    yield opened
    await opened.close()


def _add(tx: Transaction, table: Table, /, **values: Any) -> None:
    """A row with these values, and nothing in all else that must be there."""
    for column in table.c:
        if column.name not in values and not column.nullable and column.server_default is None:
            match column.type:
                case Integer() | BigInteger():
                    values[column.name] = 0
                case LargeBinary():
                    values[column.name] = b""
                case Json():
                    values[column.name] = {}
                case _:
                    values[column.name] = "x"
    tx.connection.execute(table.insert().values(**values))


async def test_at_rest_nobody_is_woken(database: Database) -> None:
    found = await database.read(pulse, NOW)
    assert (found.head, found.due) == (0, frozenset())


@pytest.mark.parametrize(("bell", "table", "values"), WAITS)
async def test_what_is_due_wakes_who_waits_for_it(
    database: Database, bell: str, table: Table, values: dict[str, Any]
) -> None:
    await database.write(_add, table, **values)
    assert (await database.read(pulse, NOW)).due == {bell}
    timed = [name for name in ("next_at", "not_before", "until", "at", "look_at") if name in values]
    if timed:
        assert (await database.read(pulse, NOW - SECOND)).due == frozenset()


async def test_an_offer_wakes_the_desk_only_where_somebody_is_told_elsewhere(database: Database) -> None:
    await database.write(_add, tables.offer, state="open")
    assert (await database.read(pulse, NOW)).due == frozenset()
    await database.write(_add, tables.staff_way, state="active")
    assert (await database.read(pulse, NOW)).due == {"staff"}


async def test_the_logs_end_is_told(database: Database) -> None:
    await database.write(lambda tx: tx.changed("member", "m"))
    assert (await database.read(pulse, NOW)).head > 0


def test_every_bell_is_tried() -> None:
    assert {bell for bell, _, _ in WAITS} | {"staff"} == set(DUE)
