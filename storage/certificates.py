"""Which certificates were written, and what does the installation have to say for a span of time?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, insert, text

from storage import audit
from storage.account import Balance, balances
from storage.gaps import Gap, gaps
from storage.tables import certificate
from storage.transaction import Transaction

COLUMNS: Final = "id, at, since, until, balanced, document, signature, public_key, member_id"
SAMPLE: Final = 20
"""Set-aside envelopes named one by one; all of them are counted."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate. `document` is what was signed, as its canonical JSON says it."""

    id: str
    at: int
    since: int
    until: int
    balanced: bool
    document: dict[str, Any]
    signature: str
    public_key: str
    member_id: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """What the rows say, all of one moment."""

    balances: list[Balance]
    gaps: list[Gap]
    aside: Mapping[str, tuple[int, list[dict[str, Any]]]]
    """source -> how many are set aside, and the oldest of them with their errors."""
    waiting_since: Mapping[str, int]
    """source -> when its oldest waiting envelope came."""
    names: Mapping[str, str]


def look(connection: Connection) -> Found:
    """Everything a certificate tells. Must be the first thing its reading transaction does."""
    return Found(
        balances=balances(connection),
        gaps=gaps(connection),
        aside=aside(connection),
        waiting_since=oldest_waiting(connection),
        names=names(connection),
    )


def keep(tx: Transaction, found: Certificate) -> None:
    """Store it; whoever watches the sources is told."""
    tx.connection.execute(
        insert(certificate).values(
            id=found.id, at=found.at, since=found.since, until=found.until, balanced=int(found.balanced),
            document=found.document, signature=found.signature, public_key=found.public_key, member_id=found.member_id,
        )
    )  # fmt: skip
    audit.note(tx, found.member_id, "certificate", "certificate", found.id, {"balanced": found.balanced})
    tx.changed("certificate", found.id)


def newest(connection: Connection, limit: int, before: int | None = None) -> list[Certificate]:
    """The last ones, newest first; `before`: written before that moment."""
    below = "WHERE at < :before" if before is not None else ""
    rows = connection.execute(
        text(f"SELECT {COLUMNS} FROM certificate {below} ORDER BY at DESC, id DESC LIMIT :limit"),
        {"limit": limit, "before": before} if before is not None else {"limit": limit},
    )
    return [_certificate(row) for row in rows]


def find(connection: Connection, certificate_id: str) -> Certificate | None:
    """One of them."""
    row = connection.execute(
        text(f"SELECT {COLUMNS} FROM certificate WHERE id = :id"), {"id": certificate_id}
    ).first()
    return None if row is None else _certificate(row)


def _certificate(row: Row[Any]) -> Certificate:
    values = list(row)
    values[4], values[5] = bool(values[4]), orjson.loads(values[5])
    return Certificate(*values)


def anchors(connection: Connection) -> list[tuple[int, str]]:
    """(link, digest) of the chain as earlier certificates told it: it must hold them for ever."""
    rows = connection.execute(text("SELECT document FROM certificate ORDER BY at DESC LIMIT 400"))
    told = [orjson.loads(row.document).get("chain", {}) for row in rows]
    return [(one["head"], one["digest"]) for one in told if one.get("head")]


def aside(connection: Connection) -> dict[str, tuple[int, list[dict[str, Any]]]]:
    """source -> how many are set aside, and the oldest of them with their errors."""
    counts = connection.execute(
        text("SELECT source_id, count(*) AS many FROM envelope WHERE state = 3 GROUP BY source_id")
    ).all()
    return {row.source_id: (row.many, _oldest_aside(connection, row.source_id)) for row in counts}


def _oldest_aside(connection: Connection, source_id: str) -> list[dict[str, Any]]:
    rows = connection.execute(
        text(
            "SELECT id, received_at, error FROM envelope WHERE source_id = :source AND state = 3 ORDER BY id LIMIT :limit"
        ),
        {"source": source_id, "limit": SAMPLE},
    )
    return [{"envelope": row.id, "at": row.received_at, "error": row.error.partition(":")[0]} for row in rows]


def oldest_waiting(connection: Connection) -> dict[str, int]:
    """source -> when its oldest waiting envelope came."""
    rows = connection.execute(
        text("SELECT source_id, min(received_at) AS at FROM envelope WHERE state = 0 GROUP BY source_id")
    )
    return {row.source_id: row.at for row in rows}


def names(connection: Connection) -> dict[str, str]:
    """source -> what people call it."""
    return {row.id: row.name for row in connection.execute(text("SELECT id, name FROM source"))}
