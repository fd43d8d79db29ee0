"""What is always true of routing holds with real processes, real transactions, and processes killed at random."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection, insert, text

from gateway.permissions import PRESETS
from routing.assignment import Offer, route
from routing.decision import Decision
from routing.replay import reevaluate
from routing.times import FOREVER
from storage import leads, leases
from storage.database import Database
from storage.dealing import Pages, route_waiting
from storage.decisions import RECORD, record_of
from storage.tables import contact, counter, member, queue, queue_member
from storage.team import first_start, set_roles
from storage.transaction import Transaction
from tests.gateway.storm import DUSK, START, happen

OVERLOOKED = {"sticky", "gate_relaxed"}
"""Rules that pass over a failed check, and say so in the record."""


def settle_in(tx: Transaction, managers: int) -> None:
    """Two queues of one company, and a clock that all processes share."""
    first_start(tx, PRESETS, "Head")
    head = tx.connection.execute(text("SELECT id FROM member")).scalar_one()
    tx.connection.execute(text("DELETE FROM queue_member"))
    tx.connection.execute(text("DELETE FROM queue"))
    for name, strategy in (("a", "evenly"), ("b", "all_at_once")):
        tx.connection.execute(
            insert(queue).values(id=name, name=name, strategy=strategy, head_id=head, created_at=tx.now)
        )
    for number in range(managers):
        ref = f"m{number:03}"
        tx.connection.execute(
            insert(member).values(
                id=ref, name=f"M{number}", active=1, presence="on_shift", capacity=2.0,
                reachable_until=FOREVER if number % 2 else None, seen_at=tx.now, created_at=tx.now,
            )
        )  # fmt: skip
        set_roles(tx, ref, ("manager",))
        tx.connection.execute(
            insert(queue_member).values(queue_id="ab"[number % 2], member_id=ref, position=number, weight=1)
        )
    tx.connection.execute(insert(contact).values(id="c", name="Client", created_at=tx.now, updated_at=tx.now))
    tx.connection.execute(insert(counter).values(name="storm", value=START))


def always_true(connection: Connection, since: str) -> str:
    """Raise AssertionError where something is not; the newest decision looked at."""

    def none(sql: str) -> None:
        rows = connection.execute(text(sql)).all()
        assert not rows, (sql, rows[:3])

    none("SELECT deal_id FROM offer WHERE state = 'accepted' GROUP BY deal_id HAVING count(*) > 1")
    none("SELECT member_id FROM offer WHERE state = 'open' GROUP BY member_id HAVING count(*) > 1")
    none(
        "SELECT deal_id FROM offer WHERE state = 'open' AND broadcast = 0 GROUP BY deal_id HAVING count(*) > 1"
    )
    none(
        "SELECT o.id FROM offer o JOIN deal d ON d.id = o.deal_id WHERE o.state = 'accepted' AND d.owner_id <> o.member_id"
    )
    none(
        "SELECT o.id FROM offer o JOIN deal d ON d.id = o.deal_id WHERE o.state = 'open' AND d.owner_id IS NOT NULL"
    )
    none("SELECT id FROM deal WHERE owner_id IS NULL AND waiting = ''")
    none("SELECT d.id FROM deal d WHERE d.waiting = 'offered' AND NOT EXISTS"
         " (SELECT 1 FROM offer o WHERE o.deal_id = d.id AND o.state = 'open')")  # fmt: skip
    none(
        "SELECT id FROM deal WHERE waiting NOT IN ('', 'new', 'offered', 'nobody', 'sticky', 'out_of_hours', 'ladder_end')"
    )
    last = since
    for row in connection.execute(
        text(f"SELECT {RECORD} WHERE d.kind = 'route' AND d.id > :since ORDER BY d.id"), {"since": since}
    ):
        stored = Decision.from_json(record_of(row))
        again = reevaluate(stored)
        assert (again.rule, again.chosen) == (stored.rule, stored.chosen)
        for one in stored.candidates:
            if one.verdict == "chosen" and stored.rule not in OVERLOOKED:
                assert "failed" not in one.facts, (stored.rule, one)
    newest = connection.execute(text("SELECT max(id) FROM decision")).scalar()
    return newest or last


async def storm(url: str, managers: int, processes: int, steps: int, seed: int) -> int:
    """Let it rage, killing; how many leads there were."""
    dice = random.Random(seed)
    clock = START
    database = Database(url, lambda: clock, lambda _: None, pool=2)
    await database.write(settle_in, managers)
    running: list[asyncio.subprocess.Process] = []
    share, started, since = steps // processes, 0, ""

    async def start() -> None:
        nonlocal started
        started += 1
        running.append(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.gateway.storm", url, str(seed * 1000 + started), str(share),
                stderr=asyncio.subprocess.PIPE,
            )
        )  # fmt: skip

    for _ in range(processes):
        await start()
    kills = max(2, processes // 4)
    while any(one.returncode is None for one in running):
        await asyncio.sleep(dice.uniform(0.3, 1.5))
        since = await database.read(always_true, since)
        alive = [one for one in running if one.returncode is None]
        if kills and alive and dice.random() < 0.4:
            kills -= 1
            dice.choice(alive).kill()
            await start()
        for one in running:
            if one.returncode is not None and one.returncode not in (0, -9):
                assert one.stderr is not None
                raise AssertionError((await one.stderr.read()).decode()[-2000:])
    clock = await database.read(
        lambda c: int(c.execute(text("SELECT value FROM counter WHERE name = 'storm'")).scalar_one())
    )
    await quiet(database)
    await database.read(always_true, "")
    count: int = await database.read(lambda c: c.execute(text("SELECT count(*) FROM deal")).scalar_one())
    await database.close()
    return count


async def quiet(database: Database) -> None:
    """With the last router's work done, nobody waits for nobody while somebody passes every check."""
    await database.write(_end_leases)
    held = (await database.write(leases.acquire, ["router"], "last", 600.0))[0]
    pages = Pages()
    for _ in range(500):
        if await database.write(route_waiting, held, DUSK, {}, True, pages) > 0 and not pages.after:
            break
    before = await database.read(snapshot)

    def look(connection: Connection) -> list[str]:
        now = database.clock()
        people = leads.members(connection, DUSK, {}, now)
        queues, shares = leads.queues(connection, DUSK), leads.shares(connection)
        wrong = []
        for queue_id in queues:
            for found in leads.stuck_leads(connection, {}, queue_id, None, 200):
                asked = leads.asked(queues[queue_id], found.lead, people, shares)
                if found.waiting == "nobody" and isinstance(
                    route(found.lead, asked, queues[queue_id], now), Offer
                ):
                    wrong.append(found.lead.id)
        return wrong

    assert await database.write(lambda tx: look(tx.connection)) == []
    assert await database.read(snapshot) == before  # asking changes not one row


def _end_leases(tx: Transaction) -> None:
    tx.connection.execute(text("DELETE FROM lease"))


def snapshot(connection: Connection) -> list[Any]:
    """Every row that routing writes."""
    return [
        connection.execute(text(f"SELECT * FROM {table} ORDER BY id")).all()
        for table in ("deal", "offer", "member")
    ]


@pytest.mark.timeout(300)
async def test_always_true_under_concurrency(postgres_url: str) -> None:
    assert await storm(postgres_url, managers=20, processes=3, steps=240, seed=5) > 5


@pytest.mark.full
@pytest.mark.timeout(7200)
async def test_always_true_in_a_hundred_thousand_steps(postgres_url: str) -> None:
    steps = int(os.environ.get("INBOX_STORM_STEPS", "100000"))
    assert await storm(postgres_url, managers=200, processes=16, steps=steps, seed=9) > steps // 20


async def test_nobody_is_offered_what_was_taken_in_the_same_moment(postgres_url: str) -> None:
    database = Database(postgres_url, lambda: START, lambda _: None, pool=4)
    await database.write(settle_in, 6)
    held = (await database.write(leases.acquire, ["router"], "only", 10.0**9))[0]
    await database.write(happen, "lead", 0.5, 0.0)
    took = await asyncpg.connect(postgres_url)
    async with took.transaction():
        taken = await took.fetch(
            "UPDATE deal SET open = 0, waiting = '', next_at = NULL WHERE waiting <> '' RETURNING id"
        )
        assert len(taken) == 1
        routing = asyncio.create_task(database.write(route_waiting, held, DUSK, {}, True))
        await asyncio.sleep(0.3)
    await routing
    await took.close()
    rows = await database.read(lambda c: c.execute(text("SELECT waiting, open FROM deal")).all())
    offers = await database.read(lambda c: c.execute(text("SELECT count(*) FROM offer")).scalar_one())
    await database.close()
    assert ([tuple(row) for row in rows], offers) == ([("", 0)], 0)


async def rehearse(url: str, times: int) -> None:
    """Ask, look that nothing changed, then let it happen: the same answer each time."""
    dice, clock = random.Random(3), START
    database = Database(url, lambda: clock, lambda _: None, pool=2)
    await database.write(settle_in, 12)
    held = (await database.write(leases.acquire, ["router"], "only", 10.0**9))[0]

    def would(connection: Connection) -> tuple[str, str, tuple[str, ...]]:
        people = leads.members(connection, DUSK, {}, clock)
        found = leads.due_leads(connection, {}, clock, 1)[0]
        queue = leads.queues(connection, DUSK)[found.queue_id or ""]
        answer = route(
            found.lead, leads.asked(queue, found.lead, people, leads.shares(connection)), queue, clock
        )
        return found.lead.id, answer.decision.rule, answer.decision.chosen

    def did(connection: Connection, lead_id: str) -> tuple[str, str, tuple[str, ...]]:
        sql = f"SELECT {RECORD} WHERE d.kind = 'route' AND d.deal_id = :id ORDER BY d.id DESC LIMIT 1"
        stored = Decision.from_json(record_of(connection.execute(text(sql), {"id": lead_id}).one()))
        return lead_id, stored.rule, stored.chosen

    for _ in range(times):
        clock += 60_000_000
        for _ in range(4):
            kind = dice.choice(("presence", "capacity", "task", "beat", "answer"))
            await database.write(happen, kind, dice.random(), dice.random())
        await database.write(_settle_all)
        await database.write(happen, "lead", dice.random(), 0.0)
        before = await database.read(snapshot)
        wanted = await database.write(lambda tx: would(tx.connection))
        assert await database.read(snapshot) == before
        await database.write(route_waiting, held, DUSK, {}, False)
        assert await database.read(did, wanted[0]) == wanted
    await database.close()


def _settle_all(tx: Transaction) -> None:
    """Every earlier lead is somebody's or over, so that the next one is the only one that waits."""
    tx.connection.execute(text("UPDATE offer SET state = 'withdrawn' WHERE state = 'open'"))
    tx.connection.execute(
        text("UPDATE deal SET waiting = '', next_at = NULL, open = 0 WHERE owner_id IS NULL")
    )


async def test_a_dry_run_is_the_next_real_decision(database_url: str) -> None:
    await rehearse(database_url, 50)


@pytest.mark.full
@pytest.mark.timeout(1800)
async def test_a_dry_run_is_the_next_real_decision_a_thousand_times(database_url: str) -> None:
    await rehearse(database_url, 1000)
