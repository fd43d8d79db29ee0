"""Whose turn is it?

A lease is a row on the database's clock. Its token grows each time it changes hands, and every effect checks it: a slow
holder whose lease was taken over is stopped at its commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from storage import batch
from storage.errors import LeaseLost
from storage.tables import lease as lease_table
from storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do something alone, as long as the token is the row's. `until` is on the holder's own clock."""

    name: str
    holder: str
    token: int
    until: int


SERVER_NOW = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"


def database_now(connection: Connection, ours: int) -> int:
    """Microseconds UTC on the database's clock; the embedded database has ours."""
    if connection.dialect.name != "postgresql":
        return ours
    return server_now(connection)


def server_now(connection: Connection) -> int:
    """Microseconds UTC on the clock of a database that is a server."""
    found: int = connection.execute(text(f"SELECT {SERVER_NOW}")).scalar_one()
    return found


def acquire(
    tx: Transaction, names: Sequence[str], holder: str, seconds: float, limit: int = 64
) -> list[Lease]:
    """Take up to `limit` of those that nobody holds now, or that the holder lost sight of."""
    now = database_now(tx.connection, tx.now)
    span = int(seconds * 1_000_000)
    batch.insert(
        tx.connection, lease_table, ("name", "holder", "token", "until"),
        [(name, "", 0, 0) for name in sorted(names)], ignore=True,
    )  # fmt: skip
    free = batch.select(
        tx.connection,
        "SELECT l.name, l.token FROM {wanted} JOIN lease l ON l.name = w.name"
        " WHERE l.until < :now OR l.holder = :holder ORDER BY l.name",
        {"name": sorted(names)},
        lock="FOR UPDATE OF l SKIP LOCKED",
        now=now,
        holder=holder,
    )
    taken = [Lease(row.name, holder, row.token + 1, tx.now + span) for row in free[:limit]]
    rows = [(held.name, held.holder, held.token, now + span) for held in taken]
    batch.update(tx.connection, lease_table, ("name",), ("holder", "token", "until"), rows)
    return taken


def renew(tx: Transaction, leases: Iterable[Lease], seconds: float) -> list[Lease]:
    """The same leases with more time; those that were taken over are missing. One statement on PostgreSQL."""
    span = int(seconds * 1_000_000)
    ours = sorted(leases, key=lambda held: held.name)
    if tx.connection.dialect.name == "postgresql":
        still = _prolonged(tx.connection, ours, span)
    else:
        still = _still_ours(tx, ours)
        rows = [(name, tx.now + span) for name in sorted(still)]
        batch.update(tx.connection, lease_table, ("name",), ("until",), rows)
    return [Lease(held.name, held.holder, held.token, tx.now + span) for held in ours if held.name in still]


PROLONG = (
    "WITH ours AS (SELECT l.name FROM {wanted} JOIN lease l ON l.name = w.name AND l.holder = w.holder"
    " AND l.token = w.token ORDER BY l.name FOR UPDATE OF l)"
    f" UPDATE lease t SET until = {SERVER_NOW} + :span FROM ours WHERE t.name = ours.name RETURNING t.name"
)


def _prolonged(connection: Connection, ours: Sequence[Lease], span: int) -> set[str]:
    keys = {name: [getattr(held, name) for held in ours] for name in ("name", "holder", "token")}
    return {row.name for row in batch.select(connection, PROLONG, keys, span=span)}


def _still_ours(tx: Transaction, leases: Sequence[Lease]) -> set[str]:
    """The names of those that nobody took over, locked in the order of their names."""
    rows = batch.select(
        tx.connection,
        "SELECT l.name, l.holder, l.token FROM {wanted} JOIN lease l ON l.name = w.name ORDER BY l.name",
        {"name": [held.name for held in leases]},
        lock="FOR UPDATE OF l",
    )
    found = {row.name: (row.holder, row.token) for row in rows}
    return {held.name for held in leases if found.get(held.name) == (held.holder, held.token)}


def release(tx: Transaction, leases: Iterable[Lease]) -> None:
    """Give them back at once, so that others need not wait for the time to run out."""
    still = _still_ours(tx, sorted(leases, key=lambda held: held.name))
    batch.update(tx.connection, lease_table, ("name",), ("until",), [(name, 0) for name in sorted(still)])
    tx.ring("leases")


def holders(connection: Connection) -> list[str]:
    """Whoever is named in a lease that was not given back."""
    return list(connection.execute(text("SELECT DISTINCT holder FROM lease WHERE until > 0")).scalars())


def take_from(tx: Transaction, dead: Sequence[str]) -> None:
    """Free whatever these held: they will never come back."""
    rows = batch.select(
        tx.connection,
        "SELECT l.name FROM {wanted} JOIN lease l ON l.holder = w.holder WHERE l.until > 0 ORDER BY l.name",
        {"holder": sorted(dead)},
        lock="FOR UPDATE OF l",
    )
    batch.update(tx.connection, lease_table, ("name",), ("until",), [(row.name, 0) for row in rows])
    tx.ring("leases")


def check(tx: Transaction, leases: Sequence[Lease]) -> None:
    """Hold the leases' rows until the end of the transaction. Raises LeaseLost when one is somebody else's."""
    if not leases:
        return
    rows = batch.select(
        tx.connection,
        "SELECT l.name, l.token FROM {wanted} JOIN lease l ON l.name = w.name ORDER BY l.name",
        {"name": sorted(held.name for held in leases)},
        lock="FOR SHARE OF l",
    )
    tokens = {row.name: row.token for row in rows}
    for held in leases:
        if tokens.get(held.name) != held.token:
            raise LeaseLost(held.name)


def alive(connection: Connection, prefix: str, ours: int) -> int:
    """How many leases whose name begins so are held now."""
    now = SERVER_NOW if connection.dialect.name == "postgresql" else str(ours)
    found: int = connection.execute(
        text(f"SELECT count(*) FROM lease WHERE name LIKE :prefix AND until >= {now}"),
        {"prefix": f"{prefix}%"},
    ).scalar_one()
    return found
