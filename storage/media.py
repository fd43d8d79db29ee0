"""Which files are still to be fetched, and where do they lie?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from routing.values import value
from storage import batch
from storage.tables import attachment
from storage.transaction import Transaction


@value(frozen=True, slots=True)
class Wanted:
    """An attachment to fetch; `envelope_id` is where it lies when the envelope itself carries it."""

    id: str
    message_id: str
    contact_id: str
    source_id: str
    ref: str
    name: str
    mime: str
    kind: str
    envelope_id: int | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Missed:
    """An attachment that could not be fetched, and when to try again; None: not any more."""

    wanted: Wanted
    reason: str
    again_at: int | None = None


def to_fetch(tx: Transaction, limit: int, patience: int, resting: Collection[str] = ()) -> list[Wanted]:
    """The next files, but none of the sources that are resting; nobody else gets them for `patience` microseconds."""
    names = {f"source{place}": source_id for place, source_id in enumerate(sorted(resting))}
    others = f" AND a.source_id NOT IN ({', '.join(f':{name}' for name in names)})" if names else ""
    skip = " FOR UPDATE OF a SKIP LOCKED" if tx.connection.dialect.name == "postgresql" else ""
    rows = tx.connection.execute(
        text(
            "SELECT a.id, a.message_id, m.contact_id, a.source_id, a.ref, a.name, a.mime, a.kind, a.envelope_id, a.attempts"
            " FROM attachment a JOIN message m ON m.id = a.message_id WHERE a.state = 'fetch' AND a.next_at <= :now"
            f"{others} ORDER BY a.next_at, a.id LIMIT :limit{skip}"
        ),
        {"now": tx.now, "limit": limit, **names},
    ).all()
    later = [(row.id, tx.now + patience, row.attempts + 1) for row in rows]
    batch.update(tx.connection, attachment, ("id",), ("next_at", "attempts"), sorted(later))
    return [_wanted(row) for row in rows]


def _wanted(row: Row[Any]) -> Wanted:
    values: list[Any] = [*row]
    values[-1] += 1
    return Wanted(*values)


def fetched(
    tx: Transaction,
    wanted: Wanted,
    digest: str,
    size: int,
    mime: str,
    thumb: str | None,
    shape: Sequence[int | None],
) -> None:
    """The file is here."""
    for kept in filter(None, (digest, thumb)):
        tx.connection.execute(
            text(
                'INSERT INTO file (digest, size, mime, "references", created_at) VALUES (:digest, :size, :mime, 1, :now)'
                ' ON CONFLICT (digest) DO UPDATE SET "references" = file."references" + 1'
            ),
            {"digest": kept, "size": size, "mime": mime, "now": tx.now},
        )
    tx.connection.execute(
        text(
            "UPDATE attachment SET state = 'ready', reason = '', digest = :digest, size = :size, mime = :mime,"
            " thumb = :thumb, width = COALESCE(:width, width), height = COALESCE(:height, height) WHERE id = :id"
        ),
        {
            "digest": digest, "size": size, "mime": mime, "thumb": thumb, "width": shape[0], "height": shape[1],
            "id": wanted.id,
        },
    )  # fmt: skip
    tx.changed("message", wanted.message_id, wanted.contact_id)


def not_fetched(tx: Transaction, missed: Sequence[Missed]) -> None:
    """What could not be fetched: again later, or not any more, with the reason. Screens hear of it
    at the first time and when it is given up."""
    rows = [
        (one.wanted.id, "fetch" if one.again_at is not None else "failed", one.reason, one.again_at)
        for one in sorted(missed, key=lambda one: one.wanted.id)
    ]
    batch.update(tx.connection, attachment, ("id",), ("state", "reason", "next_at"), rows)
    for one in missed:
        if one.again_at is None or one.wanted.attempts == 1:
            tx.changed("message", one.wanted.message_id, one.wanted.contact_id)


def fetch_again(tx: Transaction, attachment_id: str) -> bool:
    """A person asks for another try; False: there is nothing to try."""
    found = tx.connection.execute(
        text(
            "UPDATE attachment SET state = 'fetch', attempts = 0, next_at = :now WHERE id = :id AND state = 'failed'"
        ),
        {"now": tx.now, "id": attachment_id},
    )
    tx.ring("media")
    return found.rowcount == 1


def next_fetch(connection: Connection) -> int | None:
    """When the next file is due."""
    found: int | None = connection.execute(
        text("SELECT min(next_at) FROM attachment WHERE state = 'fetch'")
    ).scalar()
    return found


@dataclass(frozen=True, slots=True)
class Kept:
    """An attachment as it is kept."""

    message_id: str
    digest: str | None
    thumb: str | None
    mime: str
    name: str
    state: str
    of_call: bool
    """A recording: whoever listens is written down."""


def kept(connection: Connection, attachment_id: str) -> Kept | None:
    """Where an attachment's bytes are."""
    row = connection.execute(
        text(
            "SELECT a.message_id, a.digest, a.thumb, a.mime, a.name, a.state, m.kind = 'call' AS of_call"
            " FROM attachment a JOIN message m ON m.id = a.message_id WHERE a.id = :id"
        ),
        {"id": attachment_id},
    ).first()
    return None if row is None else Kept(*tuple(row))
