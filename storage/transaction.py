"""What belongs to one writing transaction?

Its connection, the live events it will append as its last act, and the bells to ring once it is committed. A bell may be
lost without harm; a live event may not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from routing.values import value
from storage.batch import add, insert, insert_last
from storage.ids import new_id
from storage.tables import account, event, notice

EVENT_LOG_LOCK = 7_305_001  # any number, the same in every process


@value(frozen=True, slots=True)
class Change:
    """One entry of the live log: ids, never words. `audience` narrows who is told ("" everybody who may see it)."""

    type: str
    object_id: str
    contact_id: str | None = None
    audience: str = ""


@dataclass(slots=True)
class Transaction:
    """Handed to every writing function. Times are microseconds UTC."""

    connection: Connection
    now: int
    changes: dict[Change, None] = field(default_factory=dict)
    bells: set[str] = field(default_factory=set)
    head: int = 0
    """The number of the last live event, once appended."""
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    """source -> what its account gains."""

    def changed(
        self,
        type: str,
        object_id: str,
        contact_id: str | None = None,
        audience: str = "",
    ) -> None:
        """Tell the consoles; the same change twice is told once."""
        self.changes[Change(type, object_id, contact_id, audience)] = None

    @property
    def for_update(self) -> str:
        """What a SELECT ends with that holds its rows until the end of the transaction. SQLite has one writer."""
        return " FOR UPDATE" if self.connection.dialect.name == "postgresql" else ""

    def ring(self, *bells: str) -> None:
        """Wake whoever waits for these, after the commit."""
        self.bells.update(bells)

    def count(self, source_id: str, **amounts: int) -> None:
        """Change the outgoing side of a source's account; written near the end, in the order of the locks."""
        self.counts.setdefault(source_id, Counter()).update(amounts)

    def _write_counts(self) -> None:
        columns = tuple(sorted({name for amounts in self.counts.values() for name in amounts}))
        rows = [
            (source_id, "out", *(amounts[name] for name in columns))
            for source_id, amounts in sorted(self.counts.items())
        ]
        add(self.connection, account, ("source_id", "side"), columns, rows)

    def _keep_notices(self) -> None:
        """What somebody is told is kept for them until they have read it."""
        rows = []
        for one in self.changes:
            if one.type == "notification":
                code, _, about = one.object_id.partition(":")
                rows.append((new_id(self.now), one.audience.removeprefix("member:"), code, about, self.now))
        insert(self.connection, notice, ("id", "member_id", "code", "about", "at"), rows)

    def append_changes(self) -> None:
        """The last acts: the account, then lock the log and append, so that numbers become visible in their order."""
        self._write_counts()
        if not self.changes:
            return
        self._keep_notices()
        if self.connection.dialect.name == "postgresql":
            self.connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": EVENT_LOG_LOCK})
        rows = [(self.now, c.type, c.object_id, c.contact_id, c.audience) for c in self.changes]
        columns = ("at", "type", "object_id", "contact_id", "audience")
        self.head = insert_last(self.connection, event, columns, rows, "seq")
        self.ring("live")


def for_this_transaction(connection: Connection, statement: str) -> None:
    """Say something that holds until its end (`SET LOCAL …`). Raises RuntimeError where PostgreSQL has none and would only
    warn: the caller wants `Database.read_whole`."""
    if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
        raise RuntimeError(f"not in a transaction: {statement}")
    connection.execute(text(statement))
