"""Which notices are still to be told on a chat or by mail? Each once a way, soon or not at all: the console keeps them."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, text

from routing.times import MINUTE, SECOND
from storage.batch import insert
from storage.tables import notice_told
from storage.tables.base import Json
from storage.transaction import Transaction

SOON: Final = 20 * SECOND
"""Who reads it in the console meanwhile need not be told."""
LATE: Final = 15 * MINUTE
AT_ONCE: Final = 200


def due(connection: Connection, now: int) -> list[Row[Any]]:
    """Notices nobody read yet with a working way of their member on which they were not told, oldest first."""
    return list(
        connection.execute(
            text("SELECT n.id, n.code, n.about, n.member_id, n.at, w.id AS way_id, w.source_id, w.kind, w.value, w.thread,"
                 " m.name, m.prefs FROM notice n JOIN staff_way w ON w.member_id = n.member_id AND w.state = 'active'"
                 " JOIN member m ON m.id = n.member_id AND m.active = 1"
                 " JOIN source s ON s.id = w.source_id AND s.state = 'active'"
                 " WHERE n.at > :late AND n.at <= :soon AND n.read_at IS NULL AND NOT EXISTS"
                 " (SELECT 1 FROM notice_told t WHERE t.notice_id = n.id AND t.way_id = w.id)"
                 " ORDER BY n.at, n.id, w.id LIMIT :limit").columns(prefs=Json()),
            {"late": now - LATE, "soon": now - SOON, "limit": AT_ONCE},
        )
    )  # fmt: skip


def begin(tx: Transaction, notice_id: str, way_id: str, state: str = "told") -> bool:
    """It is about to be told, or (another state) will not be; False: somebody else was faster."""
    columns = ("notice_id", "way_id", "state", "at")
    return bool(
        insert(tx.connection, notice_told, columns, [(notice_id, way_id, state, tx.now)], ignore=True)
    )


def again(tx: Transaction, notice_id: str, way_id: str) -> None:
    """It surely did not leave: the next look tries once more."""
    tx.connection.execute(
        notice_told.delete().where(notice_told.c.notice_id == notice_id, notice_told.c.way_id == way_id)
    )
