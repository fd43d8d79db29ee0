"""One process of the routing storm: people who come and go, accept and decline, and a router that stands by.

`python -m tests.gateway.storm URL SEED STEPS` acts on a database until it has made its steps or is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys

from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from routing.schedule import Schedule
from routing.times import DAY, HOUR, MINUTE, SECOND
from storage import leases, offers
from storage.database import Database
from storage.dealing import Pages, route_waiting
from storage.errors import Conflict, LeaseLost, Unavailable
from storage.ids import new_id
from storage.tables import deal, task
from storage.transaction import Transaction

DUSK = Schedule(zone="Europe/Berlin", week=(((0, 1440),),) * 7)
"""The company works round the clock, across every change of the clocks."""
START = 1_774_659_600 * SECOND
"""An evening before the clocks go forward in Berlin."""
KINDS = (
    "lead",
    "accept",
    "accept",
    "decline",
    "presence",
    "presence",
    "capacity",
    "task",
    "beat",
    "clock",
    "answer",
    "route",
)


class Actor:
    """Somebody who does random things, each in a transaction of its own."""

    def __init__(self, url: str, seed: int) -> None:
        self.dice = random.Random(seed)
        self.name = f"storm-{seed}"
        self.database = Database(url, self.now, lambda _: None, pool=2)
        self.clock = START
        self.held: leases.Lease | None = None
        self.pages = Pages()

    def now(self) -> int:
        """The storm's own clock: it is in the database, so that all agree."""
        return self.clock

    async def live(self, steps: int) -> None:
        """Act until the steps are made."""
        try:
            for _ in range(steps):
                self.clock = await self.database.read(_clock)
                with contextlib.suppress(Conflict, LeaseLost, Unavailable, DBAPIError):
                    await self.act(self.dice.choice(KINDS))
        finally:
            await self.database.close()

    async def act(self, kind: str) -> None:
        """One thing."""
        if kind == "route":
            await self.route()
        elif kind in ("accept", "decline"):
            await self.database.write(_answer, self.dice.random(), kind == "accept")
        else:
            await self.database.write(happen, kind, self.dice.random(), self.dice.random())

    async def route(self) -> None:
        """Be the router, if nobody else is."""
        if self.held is None or self.dice.random() < 0.2:
            taken = await self.database.write(leases.acquire, ["router"], self.name, 5.0)
            self.held = next(iter(taken), None)
        if self.held is not None:
            try:
                await self.database.write(route_waiting, self.held, DUSK, {}, True, self.pages)
            except LeaseLost:
                self.held = None


def _clock(connection: object) -> int:
    sql = text("SELECT value FROM counter WHERE name = 'storm'")
    return int(connection.execute(sql).scalar_one())  # type: ignore[attr-defined]


def _member(tx: Transaction, luck: float) -> str:
    rows = tx.connection.execute(text("SELECT id FROM member WHERE name LIKE 'M%' ORDER BY id")).all()
    return str(rows[int(luck * len(rows))].id)


def _answer(tx: Transaction, luck: float, accept: bool) -> None:
    rows = tx.connection.execute(
        text("SELECT id, member_id FROM offer WHERE state = 'open' ORDER BY id")
    ).all()
    if not rows:
        return
    row = rows[int(luck * len(rows))]
    if accept:
        offers.accept_offer(tx, row.member_id, row.id, DUSK)
    else:
        offers.decline_offer(tx, row.member_id, row.id, "busy", "")


def happen(tx: Transaction, kind: str, luck: float, more: float) -> None:
    """What people and clients do."""
    match kind:
        case "lead":
            _lead(tx, luck)
        case "presence":
            state = ("on_shift", "on_shift", "break", "dnd", "off")[int(more * 5)]
            _set(tx, luck, "presence", state)
        case "capacity":
            _set(tx, luck, "capacity", (0.0, 1.0, 2.0, 10.0)[int(more * 4)])
        case "beat":
            _set(tx, luck, "seen_at", tx.now)
        case "task" if more < 0.5:
            tx.connection.execute(
                insert(task).values(
                    id=new_id(tx.now), owner_id=_member(tx, luck), kind="personal", title="x",
                    due_at=tx.now - HOUR, created_at=tx.now,
                )
            )  # fmt: skip
        case "task":
            tx.connection.execute(
                text("UPDATE task SET done_at = :now WHERE owner_id = :id AND done_at IS NULL"),
                {"now": tx.now, "id": _member(tx, luck)},
            )
        case "answer":
            tx.connection.execute(
                text(
                    "UPDATE deal SET first_contact_at = :now WHERE owner_id = :id AND first_contact_at IS NULL"
                ),
                {"now": tx.now, "id": _member(tx, luck)},
            )
        case "clock":
            ahead = int((MINUTE, MINUTE, HOUR, DAY)[int(more * 4)] * luck)
            tx.connection.execute(
                text("UPDATE counter SET value = value + :ahead WHERE name = 'storm'"), {"ahead": ahead}
            )


def _set(tx: Transaction, luck: float, column: str, value: object) -> None:
    sql = text(f"UPDATE member SET {column} = :value WHERE id = :id")
    tx.connection.execute(sql, {"value": value, "id": _member(tx, luck)})


def _lead(tx: Transaction, luck: float) -> None:
    number = tx.connection.execute(
        text("UPDATE counter SET value = value + 1 WHERE name = 'deal' RETURNING value")
    ).scalar_one()
    stage = tx.connection.execute(text("SELECT id, pipeline_id FROM stage WHERE kind = 'lead' LIMIT 1")).one()
    queue_id = tx.connection.execute(text("SELECT id FROM queue ORDER BY id")).all()[int(luck * 2)].id
    tx.connection.execute(
        insert(deal).values(
            id=new_id(tx.now), number=number, contact_id="c", pipeline_id=stage.pipeline_id, stage_id=stage.id,
            stage_kind="lead", open=1, queue_id=queue_id, waiting="new", next_at=tx.now, created_at=tx.now,
            last_activity_at=tx.now, priority=int(luck * 10) % 2,
        )
    )  # fmt: skip


if __name__ == "__main__":
    asyncio.run(Actor(sys.argv[1], int(sys.argv[2])).live(int(sys.argv[3])))
