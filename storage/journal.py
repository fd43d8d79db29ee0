"""What came in, before anybody looked inside?

The journal is written before a provider is answered. One call keeps what many concurrent hooks brought.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from zlib import crc32

from routing.values import value
from storage import batch
from storage.tables import account, envelope, envelope_key
from storage.transaction import Transaction

SHARDS, SALT = 64, 16
COLUMNS = (
    "source_id", "lane", "shard", "received_at", "key", "method", "path", "query", "headers", "body", "body_file",
    "size", "salt", "number",
)  # fmt: skip


@value(frozen=True, slots=True)
class Entry:
    """A proven envelope on its way into the journal. `body` is None when it lies in the file store as `body_file`."""

    source_id: str
    lane: str
    key: str | None
    received_at: int
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes | None
    body_file: str | None
    size: int
    number: int | None = None
    """The provider's own running number, where it has one."""


def shard_of(source_id: str, lane: str) -> int:
    """Which of the 64 shards a lane belongs to; the same on every machine."""
    return crc32(f"{source_id}\0{lane}".encode()) % SHARDS


def append(tx: Transaction, entries: Sequence[Entry]) -> list[int | None]:
    """Keep all entries; their envelope ids, None for one whose key was kept before."""
    if not entries:
        return []
    server = tx.connection.dialect.name == "postgresql"
    answer = (_append_at_once if server else _append_by_table)(tx, entries)
    if any(envelope_id is not None for envelope_id in answer):
        tx.ring("envelopes")
    return answer


def _append_by_table(tx: Transaction, entries: Sequence[Entry]) -> list[int | None]:
    fresh = _fresh(tx, entries)
    kept = [place for place, new in enumerate(fresh) if new]
    salts = _salts(len(kept))
    ids = batch.insert_numbered(
        tx.connection,
        envelope,
        COLUMNS,
        [_row(entries[place], salt) for place, salt in zip(kept, salts, strict=True)],
        "id",
    )
    answer: list[int | None] = [None] * len(entries)
    for place, envelope_id in zip(kept, ids, strict=True):
        answer[place] = envelope_id
    _count(tx, entries, fresh)
    return answer


AT_ONCE = (
    "WITH v AS (SELECT * FROM {rows}), k AS (INSERT INTO envelope_key (source_id, key)"
    " SELECT source_id, key FROM v WHERE key IS NOT NULL ORDER BY source_id, key ON CONFLICT DO NOTHING"
    " RETURNING source_id, key), f AS (SELECT v.* FROM v LEFT JOIN k ON k.source_id = v.source_id AND k.key = v.key"
    " WHERE v.key IS NULL OR k.key IS NOT NULL), e AS (INSERT INTO envelope ({columns}) SELECT {columns} FROM f"
    " ORDER BY n RETURNING id, source_id, key), a AS (INSERT INTO account AS t (source_id, side, received, repeated)"
    " SELECT w.source_id, 'in', (SELECT count(*) FROM f WHERE f.source_id = w.source_id),"
    " w.came - (SELECT count(*) FROM f WHERE f.source_id = w.source_id)"
    " FROM {counts} ORDER BY w.source_id ON CONFLICT (source_id, side)"
    " DO UPDATE SET received = t.received + excluded.received, repeated = t.repeated + excluded.repeated)"
    " SELECT id, source_id, key FROM e ORDER BY id"
)
"""Keys, envelopes and the account by one statement; the account's rows are taken after the keys, as everywhere."""


def _append_at_once(tx: Transaction, entries: Sequence[Entry]) -> list[int | None]:
    """The first entry of each key goes to the database, which says which of them are new."""
    place_of: dict[tuple[str, str], int] = {}
    sent, keyless = [], []
    for place, (entry, salt) in enumerate(zip(entries, _salts(len(entries)), strict=True)):
        if entry.key is None:
            keyless.append(place)
        elif place_of.setdefault((entry.source_id, entry.key), place) != place:
            continue
        sent.append(_row(entry, salt))
    came = sorted(Counter(entry.source_id for entry in entries).items())
    rows = batch.run(tx.connection, AT_ONCE, (envelope, COLUMNS, sent), counts=came)
    answer: list[int | None] = [None] * len(entries)
    unnamed = iter(keyless)  # numbers are given in the order of the entries
    for envelope_id, source_id, key in rows:
        answer[next(unnamed) if key is None else place_of[source_id, key]] = envelope_id
    return answer


def _fresh(tx: Transaction, entries: Sequence[Entry]) -> list[bool]:
    """Which entries are new: those without a key, and the first of each key that was not there."""
    keyed = sorted({(entry.source_id, entry.key) for entry in entries if entry.key is not None})
    new = set(
        batch.insert_returning(
            tx.connection,
            envelope_key,
            ("source_id", "key"),
            keyed,
            "source_id",
            "key",
            ignore=True,
        )
    )
    fresh = []
    for entry in entries:
        mark = (entry.source_id, entry.key)
        fresh.append(entry.key is None or mark in new)
        new.discard(mark)
    return fresh


def _row(entry: Entry, salt: bytes) -> tuple[object, ...]:
    return (
        entry.source_id, entry.lane, shard_of(entry.source_id, entry.lane), entry.received_at, entry.key, entry.method,
        entry.path, entry.query, entry.headers, entry.body, entry.body_file, entry.size,
        salt, entry.number,
    )  # fmt: skip


def _salts(count: int) -> list[bytes]:
    """Drawn for a group at once: each draw is a call of the system."""
    drawn = secrets.token_bytes(SALT * count)
    return [drawn[at : at + SALT] for at in range(0, len(drawn), SALT)]


def _count(tx: Transaction, entries: Sequence[Entry], fresh: Sequence[bool]) -> None:
    counts: dict[str, list[int]] = {}
    for entry, new in zip(entries, fresh, strict=True):
        row = counts.setdefault(entry.source_id, [0, 0])
        row[0 if new else 1] += 1
    rows = [
        (source_id, "in", received, repeated) for source_id, (received, repeated) in sorted(counts.items())
    ]
    batch.add(tx.connection, account, ("source_id", "side"), ("received", "repeated"), rows)
