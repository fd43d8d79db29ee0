"""Whose call to a network comes next, whichever of our processes makes it?"""

from __future__ import annotations

from sqlalchemy import text

from routing.times import Micros
from storage.transaction import Transaction

CLOCK = {"postgresql": "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"}
"""Asked while the row is held, so that those who waited for it do not all call at once."""


def take(tx: Transaction, name: str, interval: Micros) -> Micros:
    """Take the next turn under this name; microseconds until then. Turns are `interval` apart. One statement."""
    now = CLOCK.get(tx.connection.dialect.name, ":now")
    row = tx.connection.execute(
        text(
            f"INSERT INTO turn (name, at) VALUES (:name, {now}) ON CONFLICT (name) DO UPDATE SET"
            f" at = CASE WHEN turn.at + :interval > {now} THEN turn.at + :interval ELSE {now} END"
            f" RETURNING at, {now} AS now"
        ),
        {"name": name, "interval": interval, "now": tx.now},
    ).one()
    wait: Micros = row.at - row.now
    return max(0, wait)
