"""Is the journal still what it was? A signed chain over the digests of its envelopes.

A link names a group of envelopes, each with the digest of what came (salted, so that nothing can be guessed from it once the
salt is gone) and of the facts that stay for ever; or it names the envelopes that were erased, and why. Each link's own digest
covers the link before it. Envelopes are sealed only when no writer can still commit a lower number.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import orjson
from sqlalchemy import Connection, Row, insert, text

from routing.values import value
from storage.errors import Conflict
from storage.gaps import Numbered, Numbering, follow
from storage.tables import seal
from storage.transaction import Transaction

SEAL_LOCK: Final = 7_305_003
GROUP: Final = 1000
BYTES: Final = 16 * 1024 * 1024
"""Bodies read at a time: a group of large ones is cut short."""
LEAF: Final = struct.Struct(">Q32s16s")  # envelope, digest of what came, digest of its facts
PLAIN: Final = struct.Struct(">Q")
NOTHING: Final = bytes(32)
"""Before the first link; also the digest of a body that could not be read when it was sealed."""

Kind: TypeAlias = Literal["sealed", "erased", "removed"]
Sign: TypeAlias = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Link:
    """One row of the chain. `leaves` are LEAF records of a `sealed` link, envelope numbers of the others."""

    id: int
    kind: Kind
    first: int
    last: int
    count: int
    leaves: bytes
    reason: str
    member_id: str | None
    at: int
    previous: bytes
    digest: bytes
    signature: bytes

    def computed(self) -> bytes:
        """What `digest` must be."""
        head = orjson.dumps(
            [self.id, self.kind, self.first, self.last, self.count, self.reason, self.member_id, self.at]
        )
        return hashlib.sha256(self.previous + head + hashlib.sha256(self.leaves).digest()).digest()

    def sealed(self) -> list[tuple[int, bytes, bytes]]:
        """(envelope, digest of what came, digest of its facts) of a `sealed` link."""
        return list(LEAF.iter_unpack(self.leaves))

    def named(self) -> list[int]:
        """The envelopes that an `erased` or `removed` link names."""
        return [number for (number,) in PLAIN.iter_unpack(self.leaves)]


@value(frozen=True, slots=True)
class Kept:
    """An envelope as far as its seal is concerned."""

    id: int
    source_id: str
    received_at: int
    size: int
    number: int | None
    method: str
    path: str
    query: Mapping[str, Any]
    headers: Mapping[str, Any]
    body: bytes | None
    body_file: str | None
    salt: bytes
    erased_by: int | None

    def facts(self) -> bytes:
        """Digest of what stays when the words are erased."""
        words = [self.id, self.source_id, self.received_at, self.size, self.number, self.method]
        return hashlib.sha256(orjson.dumps(words)).digest()[:16]

    def begun(self) -> Any:
        """A hash that waits for the body's bytes: salt and the request's head are in it already."""
        head = orjson.dumps([self.path, self.query, self.headers], option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(self.salt + struct.pack(">I", len(head)) + head)

    def came(self) -> bytes:
        """Digest of what came, of an envelope whose body lies in its row."""
        begun = self.begun()
        begun.update(self.body or b"")
        return bytes(begun.digest())


@dataclass(frozen=True, slots=True)
class Horizon:
    """The highest envelope number that is visible, and who was writing envelopes when it was read."""

    top: int
    writers: frozenset[str]


def horizon(connection: Connection) -> Horizon:
    """How far the journal reaches now. Whoever could still commit a number up to `top` is among `writers`."""
    top: int = connection.execute(text("SELECT coalesce(max(id), 0) FROM envelope")).scalar_one()
    return Horizon(top, _writers(connection))


def final(connection: Connection, seen: Horizon) -> bool:
    """Whether all who were writing then have ended, so that nothing can appear below `top` any more."""
    return not seen.writers or not (seen.writers & _writers(connection))


def _writers(connection: Connection) -> frozenset[str]:
    """Transactions that hold the journal's table for writing; the embedded database numbers in the order of commits."""
    if connection.dialect.name != "postgresql":
        return frozenset()
    rows = connection.execute(
        text(
            "SELECT DISTINCT virtualtransaction AS one FROM pg_locks WHERE locktype = 'relation'"
            " AND relation = 'envelope'::regclass AND mode = 'RowExclusiveLock' AND granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    )
    return frozenset(row.one for row in rows)


KEPT: Final = ", ".join(Kept.__dataclass_fields__)
SEALED: Final = "SELECT coalesce(max(last), 0) FROM seal WHERE kind = 'sealed'"


def sealed_up_to(connection: Connection) -> int:
    """The highest number that is sealed; 0 for none."""
    found: int = connection.execute(text(SEALED)).scalar_one()
    return found


def group_after(connection: Connection, after: int, until: int, limit: int = GROUP) -> list[Kept]:
    """The next envelopes in their order, as many as one link takes."""
    sizes = connection.execute(
        text(
            "SELECT id, CASE WHEN body IS NULL THEN 0 ELSE size END AS size FROM envelope"
            " WHERE id > :after AND id <= :until ORDER BY id LIMIT :limit"
        ),
        {"after": after, "until": until, "limit": limit},
    ).all()
    total, last = 0, after
    for row in sizes:
        total += row.size
        if total > BYTES and last > after:
            break
        last = row.id
    return between(connection, after, last)


def between(connection: Connection, after: int, until: int) -> list[Kept]:
    """Envelopes of a span of numbers, in their order."""
    rows = connection.execute(
        text(f"SELECT {KEPT} FROM envelope WHERE id > :after AND id <= :until ORDER BY id"),
        {"after": after, "until": until},
    )
    return [_kept(row) for row in rows]


def _kept(row: Row[Any]) -> Kept:
    values = list(row)
    values[7], values[8] = orjson.loads(values[7]), orjson.loads(values[8])
    values[9], values[11] = None if values[9] is None else _bytes(values[9]), _bytes(values[11])
    return Kept(*values)


def _bytes(value: Any) -> bytes:
    """Bytes, also where somebody wrote text into the embedded database's loosely typed column."""
    return value.encode() if isinstance(value, str) else bytes(value)


def seal_group(
    tx: Transaction, after: int, leaves: Sequence[tuple[int, bytes, bytes]], numbered: Sequence[Numbered],
    rules: Mapping[str, Numbering], sign: Sign,
) -> Link:  # fmt: skip
    """Add the link of a group that was read after number `after`, and follow the provider's numbers in it.

    Raises Conflict sealed_already when another was faster.
    """
    _lock(tx)
    if sealed_up_to(tx.connection) != after:
        raise Conflict("sealed_already")
    follow(tx, numbered, rules)
    packed = b"".join(LEAF.pack(*leaf) for leaf in leaves)
    return _append(tx, "sealed", [leaf[0] for leaf in leaves], packed, "", None, sign)


def name_group(
    tx: Transaction, kind: Kind, numbers: Sequence[int], reason: str, member_id: str | None, sign: Sign
) -> Link:
    """Add a link that says which envelopes were erased or removed, why and by whom. The caller holds `lock_chain`."""
    ordered = sorted(numbers)
    packed = b"".join(map(PLAIN.pack, ordered))
    return _append(tx, kind, ordered, packed, reason, member_id, sign)


def lock_chain(tx: Transaction) -> None:
    """Nobody else adds a link until this transaction ends."""
    _lock(tx)


def _lock(tx: Transaction) -> None:
    if tx.connection.dialect.name == "postgresql":
        tx.connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SEAL_LOCK})


def _append(
    tx: Transaction, kind: Kind, numbers: Sequence[int], leaves: bytes, reason: str, member_id: str | None, sign: Sign
) -> Link:  # fmt: skip
    before = head(tx.connection)
    blank = Link(
        (before.id if before else 0) + 1, kind, numbers[0], numbers[-1], len(numbers), leaves, reason, member_id, tx.now,
        before.digest if before else NOTHING, b"", b"",
    )  # fmt: skip
    digest = blank.computed()
    link = _with(blank, digest, sign(digest))
    values = {name: getattr(link, name) for name in Link.__dataclass_fields__}
    tx.connection.execute(insert(seal).values(**values))
    return link


def _with(link: Link, digest: bytes, signature: bytes) -> Link:
    values = {name: getattr(link, name) for name in Link.__dataclass_fields__}
    return Link(**{**values, "digest": digest, "signature": signature})


COLUMNS: Final = ", ".join(Link.__dataclass_fields__)


def head(connection: Connection) -> Link | None:
    """The newest link."""
    row = connection.execute(text(f"SELECT {COLUMNS} FROM seal ORDER BY id DESC LIMIT 1")).first()
    return None if row is None else _link(row)


def link(connection: Connection, number: int) -> Link | None:
    """One link."""
    row = connection.execute(text(f"SELECT {COLUMNS} FROM seal WHERE id = :id"), {"id": number}).first()
    return None if row is None else _link(row)


def links_after(connection: Connection, after: int, limit: int) -> list[Link]:
    """Links in their order."""
    rows = connection.execute(
        text(f"SELECT {COLUMNS} FROM seal WHERE id > :after ORDER BY id LIMIT :limit"),
        {"after": after, "limit": limit},
    )
    return [_link(row) for row in rows]


def removed(connection: Connection) -> set[int]:
    """Envelopes whose rows were taken away as a whole, as the chain says (a demonstration that ended)."""
    rows = connection.execute(text(f"SELECT {COLUMNS} FROM seal WHERE kind = 'removed' ORDER BY id"))
    return {number for row in rows for number in _link(row).named()}


def oldest_unsealed(connection: Connection) -> int | None:
    """When the oldest envelope came that no link holds yet; None: all are sealed."""
    found: int | None = connection.execute(
        text(f"SELECT received_at FROM envelope WHERE id > ({SEALED}) ORDER BY id LIMIT 1")
    ).scalar()
    return found


def _link(row: Row[Any]) -> Link:
    values = list(row)
    for place in (5, 9, 10, 11):
        values[place] = _bytes(values[place])
    return Link(*values)
