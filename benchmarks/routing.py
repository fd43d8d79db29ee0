"""How long does routing take for one lead, with 5, 50 and 500 managers, and 0 and 10 000 leads waiting?

`python -m benchmarks.routing` measures on a fresh SQLite file: the pure decision, and the router's whole look (read, decide,
write, commit) for one new lead. INBOX_DATABASE_URL names another database to measure; it must be empty.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert, text

from gateway import clock
from gateway.permissions import PRESETS
from routing.assignment import Lead, Queue, route
from routing.members import Member
from routing.schedule import ALWAYS
from routing.times import FOREVER
from storage import leases, migrate
from storage.database import Database
from storage.dealing import route_waiting
from storage.ids import new_id
from storage.tables import contact, deal, member, queue, queue_member
from storage.team import first_start, set_roles
from storage.transaction import Transaction

MANAGERS = (5, 50, 500)
WAITING = (0, 10_000)
TIMES = 30


def pure(managers: int) -> list[float]:
    """Seconds of `route` alone."""
    people = [Member(id=f"m{number}", push_until=FOREVER) for number in range(managers)]
    among = Queue(id="q", order=tuple(one.id for one in people), strategy="evenly")
    taken = []
    for number in range(TIMES):
        lead = Lead(id=f"l{number}", created_at=number)
        began = time.perf_counter()
        route(lead, people, among, number)
        taken.append(time.perf_counter() - began)
    return taken


async def whole(url: str, managers: int, waiting: int) -> list[float]:
    """Seconds of the router's look for one new lead."""
    database = Database(url, clock.now, lambda _: None)
    try:
        queue_id = await database.write(_hire, managers)
        await database.write(_wait, queue_id, waiting)
        held = (await database.write(leases.acquire, ["router"], "bench", 600.0))[0]
        await database.write(route_waiting, held, ALWAYS, {}, True)
        taken = []
        for _ in range(TIMES):
            await database.write(_free, queue_id)
            began = time.perf_counter()
            await database.write(route_waiting, held, ALWAYS, {}, True)
            taken.append(time.perf_counter() - began)
        return taken
    finally:
        await database.close()


def _hire(tx: Transaction, managers: int) -> str:
    first_start(tx, PRESETS, "Bench")
    queue_id = new_id(tx.now)
    tx.connection.execute(
        insert(queue).values(id=queue_id, name="bench", strategy="evenly", head_id="m0", created_at=tx.now)
    )
    for number in range(managers):
        row = {
            "id": f"m{number}", "name": f"M{number}", "active": 1, "presence": "on_shift", "capacity": 0.0,
            "reachable_until": FOREVER, "created_at": tx.now,
        }  # fmt: skip
        tx.connection.execute(insert(member).values(**row))
        set_roles(tx, f"m{number}", ("manager",))
        tx.connection.execute(
            insert(queue_member).values(queue_id=queue_id, member_id=f"m{number}", position=number, weight=1)
        )
    return queue_id


def _wait(tx: Transaction, queue_id: str, waiting: int) -> None:
    """Leads that nobody of the queue may take: each was declined by everybody."""
    declined = [
        row.member_id
        for row in tx.connection.execute(
            text("SELECT member_id FROM queue_member WHERE queue_id = :id"), {"id": queue_id}
        )
    ]
    rows = [
        _lead(number, queue_id, tx.now, waiting="nobody", ladder={"declined": declined, "kept_since": tx.now})
        for number in range(waiting)
    ]
    tx.connection.execute(insert(contact).values(id="c", name="Bench", created_at=tx.now, updated_at=tx.now))
    for start in range(0, len(rows), 1000):
        tx.connection.execute(insert(deal), rows[start : start + 1000])


def _lead(
    number: int, queue_id: str, now: int, *, waiting: str, ladder: dict[str, object]
) -> dict[str, object]:
    return {
        "id": new_id(now), "number": number + 1, "contact_id": "c", "pipeline_id": "p", "stage_id": "s",
        "stage_kind": "lead", "open": 1, "queue_id": queue_id, "waiting": waiting, "ladder": ladder, "attribution": {},
        "next_at": now + 3_600_000_000 if waiting == "nobody" else now, "created_at": now, "last_activity_at": now,
        "routed": {"rule": "bench"},
    }  # fmt: skip


def _free(tx: Transaction, queue_id: str) -> None:
    """Everybody is free again, and one new lead is there."""
    tx.connection.execute(text("UPDATE offer SET state = 'withdrawn' WHERE state = 'open'"))
    tx.connection.execute(text("UPDATE deal SET waiting = '', open = 0 WHERE waiting = 'offered'"))
    number: int = tx.connection.execute(text("SELECT coalesce(max(number), 0) FROM deal")).scalar_one()
    tx.connection.execute(insert(deal).values(**_lead(number, queue_id, tx.now, waiting="new", ladder={})))


def shown(taken: list[float]) -> str:
    """Median and worst, milliseconds."""
    return f"{statistics.median(taken) * 1000:8.2f} ms  worst {max(taken) * 1000:8.2f} ms"


async def main() -> None:
    for managers in MANAGERS:
        print(f"{managers:4} managers, the decision alone        {shown(pure(managers))}")
    for managers in MANAGERS:
        for waiting in WAITING:
            with tempfile.TemporaryDirectory() as folder:
                url = os.environ.get("INBOX_DATABASE_URL") or f"sqlite:///{Path(folder) / 'bench.db'}"
                await migrate.upgrade(url)
                taken = await whole(url, managers, waiting)
            print(f"{managers:4} managers, {waiting:6} waiting, whole look {shown(taken)}")


if __name__ == "__main__":
    asyncio.run(main())
