"""Does the account of every source agree with its rows?

`received = opened + ignored + set aside + waiting` and `accepted = sent + undelivered + failed + unknown + cancelled +
waiting`. The counters change in the transaction of what they count; here the same is counted anew from the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from storage.transaction import for_this_transaction
from storage.waiting import IGNORED, OPENED, SET_ASIDE, WAITING, accounts

INTAKE: Final = {OPENED: "opened", IGNORED: "ignored", SET_ASIDE: "set_aside", WAITING: "waiting"}
OUTGOING: Final = ("sent", "undelivered", "failed", "unknown", "cancelled")
COUNTED: Final = ("received", "opened", "ignored", "set_aside", "waiting", "accepted", *OUTGOING, "leaving")
ONLY_STORED: Final = ("repeated", "refused", "answered")
CHUNK: Final = 200_000
"""Envelopes counted by one statement: a journal of any size is counted within the database's time-out."""


@dataclass(frozen=True, slots=True)
class Balance:
    """One source's account, as it is kept and as its rows say, of the same moment."""

    source_id: str
    kept: Mapping[str, int]
    counted: Mapping[str, int]

    @property
    def differences(self) -> dict[str, tuple[int, int]]:
        """name -> (kept, counted) where they disagree; {} when the account balances."""
        return {
            name: (self.kept[name], self.counted[name])
            for name in COUNTED
            if self.kept[name] != self.counted[name]
        }

    @property
    def balanced(self) -> bool:
        """Both agree and nothing is negative: what waits is never less than nothing."""
        return not self.differences and min(self.kept[name] for name in COUNTED) >= 0


def balances(connection: Connection) -> list[Balance]:
    """Every source's account, of one moment. Must be the first thing its reading transaction does."""
    hold_still(connection)
    kept = dict(_kept(connection))
    counted: dict[str, dict[str, int]] = {}
    for source_id, name, count in _rows(connection):
        row = counted.setdefault(source_id, dict.fromkeys(COUNTED, 0))
        row[name] += count
        row["received" if name in INTAKE.values() else "accepted"] += count
    nothing = dict.fromkeys((*COUNTED, *ONLY_STORED), 0)
    return [
        Balance(name, kept.get(name, nothing), counted.get(name, nothing))
        for name in sorted(kept.keys() | counted.keys())
    ]


def hold_still(connection: Connection) -> None:
    """All of this reading transaction sees the database of one moment (the embedded one does so anyway)."""
    if connection.dialect.name == "postgresql":
        for_this_transaction(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _kept(connection: Connection) -> Iterator[tuple[str, dict[str, int]]]:
    for source_id, row in accounts(connection).items():
        kept = {name: value for name, value in row.items() if name != "source_id"}
        kept["waiting"] = kept["received"] - kept["opened"] - kept["ignored"] - kept["set_aside"]
        kept["leaving"] = kept["accepted"] - sum(kept[name] for name in OUTGOING)
        yield source_id, kept


def _rows(connection: Connection) -> Iterator[tuple[str, str, int]]:
    """(source, column, how many), as the rows say."""
    top: int = connection.execute(text("SELECT coalesce(max(id), 0) FROM envelope")).scalar_one()
    statement = text(
        "SELECT source_id, state, count(*) AS many FROM envelope WHERE id > :after AND id <= :until"
        " GROUP BY source_id, state"
    )
    for after in range(0, top, CHUNK):
        for row in connection.execute(statement, {"after": after, "until": after + CHUNK}):
            yield row.source_id, INTAKE[row.state], row.many
    parts = text("SELECT source_id, state, count(*) AS many FROM outbox GROUP BY source_id, state")
    for row in connection.execute(parts):
        yield row.source_id, row.state if row.state in OUTGOING else "leaving", row.many
