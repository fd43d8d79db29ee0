"""Which texts and lists do people keep at hand? Their own, and everybody's.

What is removed stays a while, so that the removal can be taken back; a code names one text of its owner at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Row, text

from routing.times import DAY
from storage.errors import Conflict
from storage.ids import new_id
from storage.tables import canned, saved_view
from storage.transaction import Transaction

KEPT = 7 * DAY
MOST = 1000
"""Texts and lists that one owner may keep."""


def texts(connection: Connection, member_id: str) -> Sequence[Row[Any]]:
    """Everybody's texts and the member's own, those this member uses most first."""
    return connection.execute(
        text(
            "SELECT c.id, c.owner_id, c.code, c.title, c.text, COALESCE(u.uses, 0) AS uses FROM canned c"
            " LEFT JOIN canned_use u ON u.canned_id = c.id AND u.member_id = :me"
            " WHERE (c.owner_id IS NULL OR c.owner_id = :me) AND c.removed_at IS NULL"
            " ORDER BY COALESCE(u.uses, 0) DESC, c.code, c.id"
        ),
        {"me": member_id},
    ).all()


def find_text(connection: Connection, ref: str) -> Row[Any] | None:
    """One text, a removed one too."""
    return connection.execute(
        text("SELECT id, owner_id, code, removed_at FROM canned WHERE id = :id"), {"id": ref}
    ).first()


def add_text(tx: Transaction, owner_id: str | None, code: str, title: str, words: str) -> str:
    """Keep a text; its id. Raises Conflict code_taken, too_many_kept."""
    _must_be_free(tx, owner_id, code, "")
    _must_fit(tx, "canned", owner_id)
    ref = new_id(tx.now)
    values = {"id": ref, "owner_id": owner_id, "code": code, "title": title, "text": words}
    tx.connection.execute(canned.insert().values(**values, created_at=tx.now, updated_at=tx.now))
    return ref


def change_text(tx: Transaction, ref: str, owner_id: str | None, changes: Mapping[str, str]) -> None:
    """Change code, title or text, whichever are given. Raises Conflict code_taken."""
    if "code" in changes:
        _must_be_free(tx, owner_id, changes["code"], ref)
    tx.connection.execute(canned.update().where(canned.c.id == ref).values(**changes, updated_at=tx.now))


def remove_text(tx: Transaction, ref: str) -> None:
    """Take a text away; `restore_text` brings it back."""
    tx.connection.execute(canned.update().where(canned.c.id == ref).values(removed_at=tx.now))


def restore_text(tx: Transaction, ref: str, owner_id: str | None, code: str) -> None:
    """Bring a removed text back. Raises Conflict code_taken."""
    _must_be_free(tx, owner_id, code, ref)
    tx.connection.execute(canned.update().where(canned.c.id == ref).values(removed_at=None))


def used_text(tx: Transaction, member_id: str, ref: str) -> None:
    """Count that the member put it into an answer."""
    tx.connection.execute(
        text(
            "INSERT INTO canned_use (member_id, canned_id, uses, used_at) VALUES (:me, :id, 1, :now)"
            " ON CONFLICT (member_id, canned_id) DO UPDATE SET uses = canned_use.uses + 1, used_at = :now"
        ),
        {"me": member_id, "id": ref, "now": tx.now},
    )


def _must_be_free(tx: Transaction, owner_id: str | None, code: str, but: str) -> None:
    taken = tx.connection.execute(
        text(
            "SELECT 1 FROM canned WHERE code = :code AND removed_at IS NULL AND id <> :but"
            " AND COALESCE(owner_id, '') = :owner"
        ),
        {"code": code, "but": but, "owner": owner_id or ""},
    ).first()
    if taken is not None:
        raise Conflict("code_taken", field="code")


def _must_fit(tx: Transaction, table: str, owner_id: str | None) -> None:
    count = tx.connection.execute(
        text(f"SELECT COUNT(*) FROM {table} WHERE COALESCE(owner_id, '') = :owner AND removed_at IS NULL"),
        {"owner": owner_id or ""},
    ).scalar_one()
    if count >= MOST:
        raise Conflict("too_many_kept", most=MOST)


def views(connection: Connection, member_id: str) -> list[dict[str, Any]]:
    """Everybody's lists, then the member's own, by name."""
    rows = connection.execute(
        text(
            "SELECT id, owner_id, name, filter FROM saved_view WHERE (owner_id IS NULL OR owner_id = :me)"
            " AND removed_at IS NULL ORDER BY owner_id IS NOT NULL, name, id"
        ),
        {"me": member_id},
    )
    return [
        {"id": row.id, "owner_id": row.owner_id, "name": row.name, "filter": orjson.loads(row.filter)}
        for row in rows
    ]


def find_view(connection: Connection, ref: str) -> Row[Any] | None:
    """One list, a removed one too."""
    return connection.execute(
        text("SELECT id, owner_id, removed_at FROM saved_view WHERE id = :id"), {"id": ref}
    ).first()


def add_view(tx: Transaction, owner_id: str | None, name: str, shown: Mapping[str, str]) -> str:
    """Keep a list under a name; its id. Raises Conflict too_many_kept."""
    _must_fit(tx, "saved_view", owner_id)
    ref = new_id(tx.now)
    values = {"id": ref, "owner_id": owner_id, "name": name, "filter": dict(shown), "created_at": tx.now}
    tx.connection.execute(saved_view.insert().values(**values))
    return ref


def rename_view(tx: Transaction, ref: str, name: str) -> None:
    """Give a list another name."""
    tx.connection.execute(saved_view.update().where(saved_view.c.id == ref).values(name=name))


def remove_view(tx: Transaction, ref: str, *, back: bool = False) -> None:
    """Take a list away, or bring it `back`."""
    removed_at = None if back else tx.now
    tx.connection.execute(saved_view.update().where(saved_view.c.id == ref).values(removed_at=removed_at))


def sweep(tx: Transaction) -> int:
    """Take away for good what was removed a week ago; how many."""
    gone = 0
    for table in ("canned", "saved_view"):
        gone += tx.connection.execute(
            text(f"DELETE FROM {table} WHERE removed_at < :before"), {"before": tx.now - KEPT}
        ).rowcount
    return gone
