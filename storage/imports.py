"""Which address books are being brought in, how far are they, and what became of each row?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, delete, insert, select, text, update

from routing.times import DAY
from storage import audit, batch
from storage.errors import Conflict
from storage.ids import new_id
from storage.tables import contact_import as imports
from storage.tables import contact_import_row as lines
from storage.transaction import Transaction

BUSY: Final = ("checking", "running", "undoing")
"""States in which something is to be done without anybody doing anything."""
KEEP_DRAFTS: Final = 7 * DAY


def start(
    tx: Transaction, by: str, name: str, form: str, encoding: str, delimiter: str,
    columns: Sequence[str], mapping: Sequence[str],
) -> str:  # fmt: skip
    """A file begins to be read in; its import's id."""
    made = new_id(tx.now)
    tx.connection.execute(
        insert(imports).values(
            id=made, by_id=by, name=name, format=form, encoding=encoding, delimiter=delimiter,
            columns=list(columns), mapping=list(mapping), matching="skip", state="reading",
            created_at=tx.now, changed_at=tx.now,
        )
    )  # fmt: skip
    return made


def add_lines(tx: Transaction, import_id: str, first: int, rows: Sequence[Sequence[str]]) -> None:
    """Keep the next rows of the file."""
    batch.insert(
        tx.connection, lines, ("import_id", "line", "cells"),
        [(import_id, n, list(cells)) for n, cells in enumerate(rows, first)],
    )  # fmt: skip


def read_in(tx: Transaction, import_id: str, total: int) -> None:
    """The whole file is here."""
    _set(tx, import_id, state="draft", total=total)


def forget(tx: Transaction, import_id: str) -> None:
    """Throw a file away that was not brought in. Raises Conflict not_found, not_now."""
    row = held(tx, import_id)
    if row.state not in ("reading", "draft", "checking", "ready"):
        raise Conflict("not_now")
    tx.connection.execute(delete(lines).where(lines.c.import_id == import_id))
    tx.connection.execute(delete(imports).where(imports.c.id == import_id))
    tx.changed("import", import_id)


def one(connection: Connection, import_id: str) -> Row[Any]:
    """An import with who began it. Raises Conflict not_found."""
    found = connection.execute(_listed("WHERE m.id = :id"), {"id": import_id}).first()
    if found is None:
        raise Conflict("not_found", 404)
    return found


def listed(connection: Connection, limit: int = 50) -> list[Row[Any]]:
    """The newest imports."""
    sql = _listed("WHERE m.state <> 'reading' ORDER BY m.created_at DESC, m.id DESC LIMIT :limit")
    return list(connection.execute(sql, {"limit": limit}))


def _listed(where: str) -> Any:
    return text(
        f"SELECT m.*, p.name AS by_name FROM contact_import m LEFT JOIN member p ON p.id = m.by_id {where}"
    ).columns(**{name: imports.c[name].type for name in ("columns", "mapping", "counts", "samples")})


def held(tx: Transaction, import_id: str) -> Row[Any]:
    """The import, held until the end of the transaction. Raises Conflict not_found."""
    found = tx.connection.execute(select(imports).where(imports.c.id == import_id).with_for_update()).first()
    if found is None:
        raise Conflict("not_found", 404)
    return found


def choose(tx: Transaction, import_id: str, mapping: Sequence[str], matching: str, tag: str) -> None:
    """Say what the columns mean and what is done with who is known; then all rows are looked at.

    Raises Conflict not_found, not_now once it runs.
    """
    row = held(tx, import_id)
    if row.state not in ("draft", "checking", "ready"):
        raise Conflict("not_now")
    _set(tx, import_id, state="checking", place=0, counts={}, samples=[], mapping=list(mapping),
         matching=matching, tag=tag)  # fmt: skip


def checked(
    tx: Transaction, import_id: str, seen_at: int, place: int, counts: Mapping[str, int],
    samples: Sequence[Mapping[str, Any]], done: bool,
) -> bool:  # fmt: skip
    """So many rows were looked at; False when the mapping was changed meanwhile, which was `seen_at`."""
    row = held(tx, import_id)
    if row.state != "checking" or row.changed_at != seen_at:
        return False
    _set(tx, import_id, keep=True, state="ready" if done else "checking", place=place, counts=dict(counts),
         samples=list(samples))  # fmt: skip
    return True


def run(tx: Transaction, import_id: str, by: str) -> None:
    """Bring it in. Raises Conflict not_found, not_now before it was looked at."""
    row = held(tx, import_id)
    if row.state != "ready":
        raise Conflict("not_now")
    _set(tx, import_id, state="running", place=0, counts={})
    facts = {"rows": row.total, "matching": row.matching}
    audit.note(tx, by, "contact.import", "import", import_id, facts, audit_id=import_id)


def undo(tx: Transaction, import_id: str, by: str) -> None:
    """Take it back, the last row first. Raises Conflict not_found, not_now for what was not brought in."""
    row = held(tx, import_id)
    if row.state not in ("running", "done"):
        raise Conflict("not_now")
    place = row.total if row.state == "done" else row.place
    _set(tx, import_id, state="undoing", place=place, undone_by=by)
    audit.note(tx, by, "contact.import.undo", "import", import_id, audit_id=undo_of(import_id))


def undo_of(import_id: str) -> str:
    """The act under which the undo stands in the history of fields; the import stands there under its own id."""
    return f"{import_id}-undo"


def advance(tx: Transaction, row: Row[Any], place: int, gained: Mapping[str, int], finished: str) -> None:
    """So many rows are dealt with; `finished` is the state that follows, "" while there are more."""
    counts = dict(row.counts)
    for name, amount in gained.items():
        counts[name] = counts.get(name, 0) + amount
    _set(tx, row.id, place=place, counts=counts, state=finished or row.state)


def _set(tx: Transaction, import_id: str, *, keep: bool = False, **values: Any) -> None:
    stamp = {} if keep else {"changed_at": tx.now}
    tx.connection.execute(update(imports).where(imports.c.id == import_id).values(**values, **stamp))
    tx.changed("import", import_id)
    tx.ring("imports")


def due(connection: Connection) -> Row[Any] | None:
    """The oldest import at which something is to be done."""
    return connection.execute(
        select(imports).where(imports.c.state.in_(BUSY)).order_by(imports.c.created_at, imports.c.id).limit(1)
    ).first()


def cells(connection: Connection, import_id: str, place: int, limit: int) -> list[tuple[int, list[str]]]:
    """Rows behind a place: number and cells."""
    found = connection.execute(
        text("SELECT line, cells FROM contact_import_row WHERE import_id = :id AND line > :place ORDER BY line LIMIT :limit"),
        {"id": import_id, "place": place, "limit": limit},
    )  # fmt: skip
    return [(row.line, orjson.loads(row.cells)) for row in found]


def refused(connection: Connection, import_id: str, place: int, limit: int) -> list[Any]:
    """Rows that could not be taken, behind a place: n, reason, cells."""
    found = connection.execute(
        text("SELECT line, reason, cells FROM contact_import_row WHERE import_id = :id AND outcome = 'refused' AND line > :place"
             " ORDER BY line LIMIT :limit"),
        {"id": import_id, "place": place, "limit": limit},
    )  # fmt: skip
    return [(row.line, row.reason, orjson.loads(row.cells)) for row in found]


def sweep(tx: Transaction) -> int:
    """Throw away files that nobody brought in within a week; how many."""
    old = tx.connection.execute(
        select(imports.c.id).where(
            imports.c.changed_at < tx.now - KEEP_DRAFTS,
            imports.c.state.in_(("reading", "draft", "checking", "ready")),
        )
    ).all()
    for row in old:
        forget(tx, row.id)
    return len(old)
