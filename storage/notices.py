"""What was somebody told, and what of it have they not read yet?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, text

from routing.times import DAY
from storage import batch
from storage.tables import notice
from storage.transaction import Transaction

KEPT: Final = 90 * DAY
NAMED: Final = {
    "conversation": "SELECT k.id, c.name, k.id AS conversation_id, NULL AS deal_id FROM {wanted}"
    " JOIN conversation k ON k.id = w.id JOIN contact c ON c.id = k.contact_id",
    "deal": "SELECT d.id, c.name, d.conversation_id, d.id AS deal_id FROM {wanted} JOIN deal d ON d.id = w.id"
    " JOIN contact c ON c.id = d.contact_id",
    "task": "SELECT t.id, t.title AS name, t.conversation_id, t.deal_id FROM {wanted} JOIN task t ON t.id = w.id",
    "member": "SELECT m.id, m.name, NULL AS conversation_id, NULL AS deal_id FROM {wanted} JOIN member m ON m.id = w.id",
    "approval": "SELECT a.id, c.name, NULL AS conversation_id, a.deal_id FROM {wanted} JOIN approval a ON a.id = w.id"
    " JOIN deal d ON d.id = a.deal_id JOIN contact c ON c.id = d.contact_id",
}
"""What a notice may be about, what it is called, and where it is dealt with; ids are unique over all kinds."""


class Named(NamedTuple):
    """What something is called, and where one deals with it: in a conversation, else on a deal's page."""

    name: str = ""
    conversation_id: str | None = None
    deal_id: str | None = None


GONE: Final = Named()
"""What is not there any more, or is about nothing."""


def listed(connection: Connection, member_id: str, before: str, limit: int) -> list[Row[Any]]:
    """A member's notices behind one of them, newest first."""
    older = " AND id < :before" if before else ""
    return list(
        connection.execute(
            text(
                f"SELECT id, code, about, at, read_at FROM notice WHERE member_id = :me{older} ORDER BY id DESC LIMIT :limit"
            ),
            {"me": member_id, "limit": limit, **({"before": before} if before else {})},
        )
    )


def unread(connection: Connection, member_id: str) -> int:
    """How many a member has not read."""
    found: int = connection.execute(
        text("SELECT count(*) FROM notice WHERE member_id = :me AND read_at IS NULL"), {"me": member_id}
    ).scalar_one()
    return found


def names(connection: Connection, ids: Sequence[str]) -> dict[str, Named]:
    """What things are called, and where they belong; what is gone is missing."""
    wanted = {"id": sorted({one for one in ids if one})}
    return {
        row.id: Named(row.name, row.conversation_id, row.deal_id)
        for sql in NAMED.values()
        for row in batch.select(connection, sql, wanted)
    }


def read(tx: Transaction, member_id: str, ids: Sequence[str] | None) -> None:
    """The member has read these, or all."""
    if ids is None:
        tx.connection.execute(
            text("UPDATE notice SET read_at = :now WHERE member_id = :me AND read_at IS NULL"),
            {"now": tx.now, "me": member_id},
        )
    else:
        found = batch.select(
            tx.connection,
            "SELECT n.id FROM {wanted} JOIN notice n ON n.id = w.id AND n.member_id = :me AND n.read_at IS NULL",
            {"id": list(ids)},
            me=member_id,
        )
        batch.update(tx.connection, notice, ("id",), ("read_at",), [(row.id, tx.now) for row in found])
    tx.changed("notices", member_id, audience=f"member:{member_id}")


def sweep(tx: Transaction) -> int:
    """Forget what was told long ago, and on which ways; how many."""
    tx.connection.execute(text("DELETE FROM notice_told WHERE at < :old"), {"old": tx.now - KEPT})
    gone: int = tx.connection.execute(
        text("DELETE FROM notice WHERE at < :old"), {"old": tx.now - KEPT}
    ).rowcount
    return gone
