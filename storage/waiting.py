"""Which envelopes still wait, and what became of the others?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

from routing.values import value
from storage import batch
from storage.errors import LeaseLost
from storage.leases import Lease, check
from storage.tables import account, envelope, source
from storage.transaction import Transaction

WAITING, OPENED, IGNORED, SET_ASIDE = 0, 1, 2, 3
NAMES = {WAITING: "waiting", OPENED: "opened", IGNORED: "ignored", SET_ASIDE: "set_aside"}


@value(frozen=True, slots=True)
class Stored:
    """An envelope out of the journal. `body` is None when it lies in the file store as `body_file`, or was erased."""

    id: int
    source_id: str
    lane: str
    shard: int
    state: int
    received_at: int
    key: str | None
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes | None
    body_file: str | None
    size: int
    reason: str
    error: str
    attempts: int


@value(frozen=True, slots=True)
class Settled:
    """What became of one envelope."""

    envelope_id: int
    source_id: str
    state: int
    reason: str = ""
    error: str = ""


def ignored(envelope_id: int, source_id: str, reason: str) -> Settled:
    """Read, and nothing of it is of use to us, for this reason."""
    return Settled(envelope_id, source_id, IGNORED, reason)


COLUMNS = ", ".join(f"e.{name}" for name in Stored.__dataclass_fields__)


def take(connection: Connection, shards: frozenset[int], limit: int) -> list[Stored]:
    """The oldest waiting envelopes of each of these shards, at most `limit`, in their order.

    Where a few lanes fill most of that, the others are let in between: a flood in one conversation holds up only itself.
    """
    each = limit // 8 + 1
    first = _taken(connection, shards, "", limit, each, {})
    if len(first) < limit and each in Counter(row.shard for row in first).values():  # few shards hold many
        first = _taken(connection, shards, "", limit, limit, {})
    if len(first) < limit:
        return first
    floods = _floods(first, limit)
    if not floods:
        return first
    passed = " ".join(
        f"AND NOT (x.source_id = :s{place} AND x.lane = :l{place})" for place in range(len(floods))
    )
    names = {
        f"{letter}{place}": one
        for place, pair in enumerate(floods)
        for letter, one in zip("sl", pair, strict=True)
    }
    others = _taken(connection, shards, passed, limit * 3 // 4, limit, names)
    kept = [row for row in first if (row.source_id, row.lane) in floods][: limit - len(others)]
    return sorted([*kept, *others], key=lambda row: row.id)


def _floods(rows: Sequence[Stored], limit: int) -> list[tuple[str, str]]:
    """Lanes that have more than a quarter of the places."""
    counts = Counter((row.source_id, row.lane) for row in rows)
    return sorted(lane for lane, count in counts.items() if count > limit // 4)


OLDEST = (
    "SELECT x.id FROM envelope x WHERE x.state = 0 AND x.shard = w.shard {passed} ORDER BY x.id LIMIT {each}"
)
"""The first few of each shard: so no look walks over all that wait, however many that are."""
FIRST = {
    "postgresql": "SELECT o.id FROM {{wanted}} CROSS JOIN LATERAL ({oldest}) AS o ORDER BY o.id LIMIT {limit}",
    "sqlite": "SELECT o.id FROM {{wanted}} CROSS JOIN envelope o ON o.id IN ({oldest}) ORDER BY o.id LIMIT {limit}",
}


def _taken(
    connection: Connection, shards: frozenset[int], passed: str, limit: int, each: int, names: Mapping[str, str]
) -> list[Stored]:  # fmt: skip
    oldest = OLDEST.format(passed=passed, each=each)
    ids = FIRST[connection.dialect.name].format(oldest=oldest, limit=limit)
    sql = f"SELECT {COLUMNS} FROM envelope e WHERE e.id IN ({ids}) ORDER BY e.id"
    return [stored_of(row) for row in batch.select(connection, sql, {"shard": sorted(shards)}, **names)]


def find(connection: Connection, envelope_id: int) -> Stored | None:
    """One envelope."""
    row = connection.execute(
        text(f"SELECT {COLUMNS} FROM envelope e WHERE e.id = :id"), {"id": envelope_id}
    ).first()
    return None if row is None else stored_of(row)


def stored_of(row: Sequence[Any]) -> Stored:
    """An envelope of a row that gives COLUMNS."""
    values = list(row)
    values[9], values[10] = orjson.loads(values[9]), orjson.loads(values[10])
    return Stored(*values)


def waiting_still(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Those of the envelopes that nobody settled meanwhile."""
    rows = batch.select(
        connection,
        "SELECT e.id FROM {wanted} JOIN envelope e ON e.id = w.id AND e.state = 0",
        {"id": list(ids)},
    )
    return {row.id for row in rows}


def settle(tx: Transaction, settled: Iterable[Settled]) -> Counter[str]:
    """Store what became of waiting envelopes and count it per source.

    Raises LeaseLost when somebody settled one of them meanwhile: nothing may be opened twice.
    """
    rows = list(settled)
    alike: dict[tuple[int, str, str], list[int]] = {}
    for row in rows:
        alike.setdefault((row.state, row.reason, row.error[:2000]), []).append(row.envelope_id)
    for (state, reason, error), ids in alike.items():
        if batch.settle(tx.connection, ids, (state, reason, error, tx.now)) != len(ids):
            raise LeaseLost("settled meanwhile")
    counts: dict[str, list[int]] = {}
    for row in rows:
        counts.setdefault(row.source_id, [0, 0, 0])[row.state - 1] += 1
    amounts = [(source_id, "opened", *numbers) for source_id, numbers in sorted(counts.items())]
    batch.add(tx.connection, account, ("source_id", "side"), ("opened", "ignored", "set_aside"), amounts)
    last = [(source_id, tx.now) for source_id in sorted(counts)]
    batch.update(tx.connection, source, ("id",), ("last_event_at",), last)
    for source_id, numbers in counts.items():
        if numbers[SET_ASIDE - 1]:
            tx.changed("source", source_id)
    return Counter(NAMES[row.state] for row in rows)


def set_aside(tx: Transaction, row: Settled, leases: Sequence[Lease]) -> None:
    """Put one poisonous envelope aside with its error, visible and replayable.

    Raises LeaseLost when its shard is somebody else's by now: two workers must not both count it.
    """
    check(tx, leases)
    if row.envelope_id in waiting_still(tx.connection, [row.envelope_id]):
        settle(tx, [row])


def back_to_waiting(tx: Transaction, ids: Sequence[int]) -> int:
    """Let settled envelopes wait again; how many. The account follows."""
    rows = batch.select(
        tx.connection,
        "SELECT e.id, e.source_id, e.state FROM {wanted} JOIN envelope e ON e.id = w.id WHERE e.state = 3 ORDER BY e.id",
        {"id": sorted(ids)},
        lock="FOR UPDATE OF e",
    )
    batch.update(
        tx.connection,
        envelope,
        ("id",),
        ("state", "error", "reason"),
        [(row.id, WAITING, "", "") for row in rows],
    )
    tx.connection.execute(
        text("UPDATE envelope SET attempts = attempts + 1 WHERE id = :id"), [{"id": row.id} for row in rows]
    ) if rows else None
    counts = Counter(row.source_id for row in rows)
    batch.add(
        tx.connection,
        account,
        ("source_id", "side"),
        ("set_aside",),
        [(name, "opened", -count) for name, count in sorted(counts.items())],
    )
    for name in counts:
        tx.changed("source", name)
    tx.ring("envelopes")
    return len(rows)


def aside_of(connection: Connection, source_id: str, limit: int, after: int = 0) -> list[int]:
    """The ids of a source's set-aside envelopes behind a number, oldest first."""
    rows = connection.execute(
        text(
            "SELECT id FROM envelope WHERE source_id = :source AND state = 3 AND id > :after ORDER BY id LIMIT :limit"
        ),
        {"source": source_id, "limit": limit, "after": after},
    )
    return [row.id for row in rows]


def states_of(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """How each envelope stands."""
    rows = batch.select(
        connection, "SELECT e.id, e.state FROM {wanted} JOIN envelope e ON e.id = w.id", {"id": list(ids)}
    )
    return {row.id: row.state for row in rows}


def envelope_of(connection: Connection, message_id: str) -> int | None:
    """The envelope that brought a message; None: it is one of ours."""
    found: int | None = connection.execute(
        text("SELECT envelope_id FROM message WHERE id = :id"), {"id": message_id}
    ).scalar()
    return found


def listed(
    connection: Connection, source_id: str, state: int, before: int | None, limit: int
) -> list[Stored]:
    """A source's envelopes of one state, newest first."""
    below = "AND e.id < :before" if before is not None else ""
    rows = connection.execute(
        text(
            f"SELECT {COLUMNS} FROM envelope e WHERE e.source_id = :source AND e.state = :state {below}"
            " ORDER BY e.id DESC LIMIT :limit"
        ),
        {"source": source_id, "state": state, "before": before, "limit": limit},
    )
    return [stored_of(row) for row in rows]


def accounts(connection: Connection) -> dict[str, dict[str, int]]:
    """Every source's account."""
    sums = ", ".join(
        f"CAST(sum({column.name}) AS bigint) AS {column.name}"
        for column in account.c
        if not column.primary_key
    )
    rows = connection.execute(text(f"SELECT source_id, {sums} FROM account GROUP BY source_id"))
    return {row.source_id: dict(row._mapping) for row in rows}
