"""What is taken out of the journal, and what stays?

The words go: body, headers, address and the salt of their digest. What stays is a row with numbers and times, its digest in
the chain, and a signed link that says which envelopes were erased, why and by whom.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from sqlalchemy import Connection, text

from storage import audit, batch
from storage.seal import Link, Sign, lock_chain, name_group, sealed_up_to
from storage.tables import envelope
from storage.tables import unwanted as unwanted_table
from storage.transaction import Transaction
from storage.waiting import IGNORED, OPENED, SET_ASIDE

Reason: TypeAlias = Literal["retention", "lawful", "personal"]
REACHED: Final = "retention"
"""The counter's name: envelopes up to this number have been looked at by the clock of retention."""


def erase(
    tx: Transaction, ids: Sequence[int], reason: Reason, member_id: str | None, sign: Sign
) -> tuple[Link | None, list[str]]:
    """Take the words out of these envelopes: the link that says so, and body files that nothing refers to any more.

    Only envelopes that are settled and sealed and still have their words; the others are passed over. None: there were none.
    """
    lock_chain(tx)
    rows = batch.select(
        tx.connection,
        "SELECT e.id, e.body_file FROM {wanted} JOIN envelope e ON e.id = w.id"
        " WHERE e.state <> 0 AND e.erased_by IS NULL AND e.id <= :top ORDER BY e.id",
        {"id": sorted(set(ids))},
        lock="FOR UPDATE OF e",
        top=sealed_up_to(tx.connection),
    )
    if not rows:
        return None, []
    link = name_group(tx, "erased", [row.id for row in rows], reason, member_id, sign)
    columns = ("body", "body_file", "salt", "path", "query", "headers", "lane", "error", "erased_by")
    values: list[tuple[object, ...]] = [
        (row.id, None, None, b"", "", {}, {}, "", "", link.id) for row in rows
    ]
    _overwriting(tx.connection, "ON")
    batch.update(tx.connection, envelope, ("id",), columns, values)
    _overwriting(tx.connection, "OFF")
    facts = {"link": link.id, "count": link.count, "reason": reason}
    audit.note(tx, member_id, "erase", "envelope", None, facts)
    return link, _unused(tx.connection, sorted({row.body_file for row in rows if row.body_file is not None}))


def _overwriting(connection: Connection, switch: str) -> None:
    """Let the embedded database overwrite what it frees, not only forget where it was."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA secure_delete = {switch}")


def _unused(connection: Connection, digests: Sequence[str]) -> list[str]:
    """Those of the files that neither an envelope nor a message's file is."""
    rows = batch.select(
        connection,
        "SELECT w.digest FROM {wanted} WHERE NOT EXISTS (SELECT 1 FROM envelope e WHERE e.body_file = w.digest)"
        " AND NOT EXISTS (SELECT 1 FROM file f WHERE f.digest = w.digest)",
        {"digest": list(digests)},
    )
    return [row.digest for row in rows]


def due(connection: Connection, opened_before: int, aside_before: int | None, limit: int) -> list[int]:
    """Envelopes whose time is over: settled ones that came before `opened_before`, and set-aside ones that came before
    `aside_before` (None: those are kept for ever)."""
    reached = _reached(connection)
    rows = connection.execute(
        text(
            "SELECT id FROM (SELECT id, state, received_at, erased_by FROM envelope WHERE id > :reached ORDER BY id"
            " LIMIT :limit) AS next WHERE state IN (:opened, :ignored) AND received_at < :before AND erased_by IS NULL"
            " UNION SELECT id FROM envelope WHERE attempts > 0 AND id <= :reached AND state IN (:opened, :ignored)"
            " AND received_at < :before AND erased_by IS NULL"
        ),
        {
            "reached": reached, "limit": limit, "opened": OPENED, "ignored": IGNORED, "before": opened_before,
        },
    )  # fmt: skip
    found = {row.id for row in rows}
    if aside_before is not None:
        aside = connection.execute(
            text(
                "SELECT id FROM envelope WHERE state = 3 AND received_at < :before AND erased_by IS NULL LIMIT :limit"
            ),
            {"before": aside_before, "limit": limit},
        )
        found |= {row.id for row in aside}
    return sorted(found)


def _reached(connection: Connection) -> int:
    found: int | None = connection.execute(
        text("SELECT value FROM counter WHERE name = :name"), {"name": REACHED}
    ).scalar()
    return found or 0


def advance(tx: Transaction, opened_before: int, limit: int) -> bool:
    """Go on behind the envelopes that `due` has shown; False when there is nothing behind them yet.

    A set-aside one is passed for good (when it is opened after all, its tries tell); a waiting one is waited for.
    """
    reached = _reached(tx.connection)
    rows = tx.connection.execute(
        text(
            "SELECT id, state, received_at, erased_by FROM envelope WHERE id > :reached ORDER BY id LIMIT :limit"
        ),
        {"reached": reached, "limit": limit},
    )
    passed = reached
    for row in rows:
        if row.received_at >= opened_before or (row.state != SET_ASIDE and row.erased_by is None):
            break
        passed = row.id
    statement = text(
        "INSERT INTO counter (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = :value"
    )
    tx.connection.execute(statement, {"name": REACHED, "value": passed})
    return passed > reached


def unwanted(connection: Connection, limit: int) -> list[int]:
    """Envelopes of private talk whose words are still there, oldest first."""
    rows = connection.execute(
        text("SELECT envelope_id FROM unwanted ORDER BY envelope_id LIMIT :limit"), {"limit": limit}
    )
    return [row.envelope_id for row in rows]


def forget_unwanted(tx: Transaction, ids: Sequence[int]) -> int:
    """Those of them whose words are gone are looked at no more; how many."""
    rows = batch.select(
        tx.connection,
        "SELECT w.id FROM {wanted} LEFT JOIN envelope e ON e.id = w.id WHERE e.id IS NULL OR e.erased_by IS NOT NULL",
        {"id": list(ids)},
    )
    return batch.delete(tx.connection, unwanted_table, ("envelope_id",), [(row.id,) for row in rows])


def of_contact(connection: Connection, contact_id: str) -> list[int]:
    """The envelopes that brought what is on a contact's timeline."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT envelope_id AS id FROM message WHERE contact_id = :contact AND envelope_id IS NOT NULL"
            " ORDER BY envelope_id"
        ),
        {"contact": contact_id},
    )
    return [row.id for row in rows]
