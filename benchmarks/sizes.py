"""How much room does a million messages take, table by table? `python -m benchmarks.sizes [events]`: docs/scaling.md quotes it.

Short texts, ten a client, opened as workers do, on a PostgreSQL of its own.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import orjson
from sqlalchemy import Connection, text

from gateway.app import make_gateway
from gateway.config import Config
from gateway.context import Gateway
from gateway.demo.stage import places
from gateway.permissions import PRESETS
from gateway.rehearsal import open_waiting
from gateway.sealer import seal_up
from storage import migrate
from storage.journal import Entry, append
from storage.team import first_start
from tests.rig import engines

GROUP = 500
EACH = 10
WORDS = "Здравствуйте, подскажите, пожалуйста, есть ли доставка в субботу и сколько она стоит? "


def update(client: int, number: int, now: int) -> bytes:
    """What the messenger says when a client writes."""
    person = {"id": client, "first_name": f"Клиент {client}"}
    return orjson.dumps({
        "update_id": number,
        "message": {
            "message_id": number, "date": now // 1_000_000, "text": f"{WORDS}{number}", "from": {**person, "is_bot": False},
            "chat": {**person, "type": "private"},
        },
    })  # fmt: skip


def entry(source_id: str, number: int, now: int, client: int = 0) -> Entry:
    """One message of one of many clients, ten of each unless it is said whose."""
    client = client or 1000 + number // EACH
    body = update(client, number, now)
    return Entry(
        source_id=source_id, lane=str(client), key=str(number), received_at=now, method="POST", path="", query={},
        headers={"content-type": "application/json", "user-agent": "provider"}, body=body, body_file=None, size=len(body),
    )  # fmt: skip


async def fill(gateway: Gateway, events: int) -> None:
    """Journal and open so many."""
    name = places()["messenger1"]
    settings = {"token": "123456:AAE" + "x" * 32, "secret_token": "secret"}
    source_id = await gateway.sources.create(name, "sizes", settings, None, None)
    for first in range(0, events, GROUP):
        entries = [
            entry(source_id, number, gateway.now()) for number in range(first, min(events, first + GROUP))
        ]
        await gateway.database.write(append, entries)
        await open_waiting(gateway)
    await seal_up(gateway)


def sizes(connection: Connection) -> list[tuple[str, int, int]]:
    """(table, bytes with its indexes, rows), the largest first."""
    rows = connection.execute(
        text(
            "SELECT relname, pg_total_relation_size(relid) AS size FROM pg_stat_user_tables"
            " ORDER BY size DESC, relname"
        )
    ).all()
    return [
        (
            row.relname,
            row.size,
            connection.execute(text(f'SELECT count(*) FROM "{row.relname}"')).scalar_one(),
        )
        for row in rows
    ]


async def main(events: int) -> None:
    with engines.postgres(own=True) as server, tempfile.TemporaryDirectory() as folder:
        url = await server.create("sizes")
        await migrate.upgrade(url)
        gateway = make_gateway(Config(database_url=url, data_dir=Path(folder)))
        await gateway.database.write(first_start, PRESETS, "Анна")
        await fill(gateway, events)
        for name, size, rows in await gateway.database.read(sizes):
            if rows:
                line = {
                    "name": f"bytes_per_message.{name}",
                    "value": round(size / events),
                    "rows_per_message": rows / events,
                }
                print(orjson.dumps(line).decode(), flush=True)
        await gateway.sources.close()
        await gateway.database.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
