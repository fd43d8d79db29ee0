"""How long are recordings of calls kept, and who listened?"""

from __future__ import annotations

from sqlalchemy import text

from routing.times import Micros
from storage import audit, batch
from storage.transaction import Transaction

AT_ONCE = 500


def forget(tx: Transaction, source_id: str, before: Micros) -> list[str]:
    """Take away a source's recordings of calls older than this; the calls stay. Digests of files that nobody holds now."""
    rows = tx.connection.execute(
        text(
            "SELECT a.id, a.message_id, a.digest, m.contact_id FROM attachment a JOIN message m ON m.id = a.message_id"
            " WHERE m.source_id = :source AND m.kind = 'call' AND m.at < :before AND a.digest IS NOT NULL LIMIT :limit"
        ),
        {"source": source_id, "before": before, "limit": AT_ONCE},
    ).all()
    for row in rows:
        tx.connection.execute(
            text(
                "UPDATE attachment SET digest = NULL, state = 'failed', reason = 'kept_long_enough' WHERE id = :id"
            ),
            {"id": row.id},
        )
        tx.connection.execute(
            text('UPDATE file SET "references" = "references" - 1 WHERE digest = :digest'),
            {"digest": row.digest},
        )
        tx.changed("message", row.message_id, row.contact_id)
    if rows:
        audit.note(tx, None, "recording.forgotten", "source", source_id, {"count": len(rows)})
    kept = batch.select(
        tx.connection,
        'SELECT f.digest FROM {wanted} JOIN file f ON f.digest = w.digest AND f."references" <= 0',
        {"digest": sorted({row.digest for row in rows})},
    )
    return [row.digest for row in kept]


def listened(tx: Transaction, member_id: str, attachment_id: str, message_id: str, ip: str) -> None:
    """Somebody played a recording."""
    audit.note(
        tx, member_id, "recording.listened", "attachment", attachment_id, {"message": message_id}, ip=ip
    )
