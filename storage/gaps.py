"""Which of the provider's running numbers never came?

Where a network numbers its events one by one, a number left out is an event that we were not given. Numbers are followed in the
transaction that seals their envelopes, so each is looked at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from storage import batch
from storage.tables import gap, numbering
from storage.transaction import Transaction

FAR: Final = 1000
"""A number so far below all others begins a run of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Numbering:
    """What a source's numbers mean. `strict`: each follows the one before; else only the order tells something.

    After `rest` microseconds of silence the provider may begin anew; 0: it never does.
    """

    strict: bool
    rest: int = 0


@dataclass(frozen=True, slots=True)
class Numbered:
    """One envelope that carries a number."""

    source_id: str
    number: int
    received_at: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers `first` to `last` are missing: received between these two times, if they had been."""

    source_id: str
    first: int
    last: int
    after_at: int
    before_at: int

    @property
    def count(self) -> int:
        return self.last - self.first + 1


@dataclass(slots=True)
class _Run:
    """How far one source's numbers have come, and what is missing of this run."""

    source_id: str
    run: int
    first: int
    high: int
    seen: int
    at: int
    missing: list[tuple[int, int, int, int]] = field(default_factory=list)
    """(first, last, after_at, before_at)"""
    closed: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    """(run, first, last, after_at, before_at) of runs that ended in this batch."""

    def take(self, one: Numbered, rule: Numbering) -> None:
        """Follow the next number."""
        idle = bool(rule.rest) and one.received_at - self.at >= rule.rest
        if idle or one.number < self.first - FAR:
            self.closed += [(self.run, *row) for row in self.missing]
            self.missing = []
            self.run, self.first, self.high = self.run + 1, one.number, one.number
        elif one.number > self.high:
            if rule.strict and one.number > self.high + 1:
                self.missing.append((self.high + 1, one.number - 1, self.at, one.received_at))
            self.high = one.number
        elif one.number < self.first:
            if rule.strict and one.number < self.first - 1:
                self.missing.append((one.number + 1, self.first - 1, one.received_at, self.at))
            self.first = one.number
        else:
            self._fill(one.number)
        self.seen, self.at = self.seen + 1, max(self.at, one.received_at)

    def _fill(self, number: int) -> None:
        """One that was missing has come after all."""
        for row in self.missing:
            first, last, after_at, before_at = row
            if first <= number <= last:
                self.missing.remove(row)
                if first < number:
                    self.missing.append((first, number - 1, after_at, before_at))
                if number < last:
                    self.missing.append((number + 1, last, after_at, before_at))
                return


def follow(tx: Transaction, numbered: Sequence[Numbered], rules: Mapping[str, Numbering]) -> None:
    """Follow the numbers of envelopes in the order of the journal; sources without a rule are passed over."""
    wanted = sorted({one.source_id for one in numbered if one.source_id in rules})
    runs = _load(tx.connection, wanted)
    for one in numbered:
        if one.source_id not in rules:
            continue
        run = runs.get(one.source_id)
        if run is None:
            runs[one.source_id] = _Run(one.source_id, 1, one.number, one.number, 1, one.received_at)
        else:
            run.take(one, rules[one.source_id])
    _store(tx.connection, list(runs.values()))


def _load(connection: Connection, sources: Sequence[str]) -> dict[str, _Run]:
    rows = batch.select(
        connection,
        "SELECT n.source_id, n.run, n.first, n.high, n.seen, n.at FROM {wanted} JOIN numbering n ON n.source_id = w.id",
        {"id": list(sources)},
    )
    runs = {row.source_id: _Run(*tuple(row)) for row in rows}
    missing = batch.select(
        connection,
        "SELECT g.source_id, g.first, g.last, g.after_at, g.before_at FROM {wanted}"
        " JOIN numbering n ON n.source_id = w.id JOIN gap g ON g.source_id = n.source_id AND g.run = n.run ORDER BY g.first",
        {"id": list(sources)},
    )
    for row in missing:
        runs[row.source_id].missing.append((row.first, row.last, row.after_at, row.before_at))
    return runs


def _store(connection: Connection, runs: Sequence[_Run]) -> None:
    for run in runs:
        connection.execute(
            text("DELETE FROM gap WHERE source_id = :source AND run >= :run"),
            {"source": run.source_id, "run": min([row[0] for row in run.closed] + [run.run])},
        )
    columns = ("source_id", "run", "first", "last", "after_at", "before_at")
    rows: list[tuple[Any, ...]] = [(run.source_id, *row) for run in runs for row in run.closed]
    rows += [(run.source_id, run.run, *row) for run in runs for row in run.missing]
    batch.insert(connection, gap, columns, rows)
    for run in runs:
        connection.execute(numbering.delete().where(numbering.c.source_id == run.source_id))
    values = [(run.source_id, run.run, run.first, run.high, run.seen, run.at) for run in runs]
    batch.insert(connection, numbering, ("source_id", "run", "first", "high", "seen", "at"), values)


def gaps(connection: Connection, source_id: str | None = None) -> list[Gap]:
    """What is missing of one source or of all, oldest first."""
    chosen = "WHERE source_id = :source" if source_id is not None else ""
    rows = connection.execute(
        text(
            f"SELECT source_id, first, last, after_at, before_at FROM gap {chosen} ORDER BY before_at, source_id, first"
        ),
        {"source": source_id} if source_id is not None else {},
    )
    return [Gap(*tuple(row)) for row in rows]


def numberings(connection: Connection) -> dict[str, Row[Any]]:
    """source -> how far its numbers have come (`run first high seen at`)."""
    return {row.source_id: row for row in connection.execute(numbering.select())}
