"""What is carried from one database into an empty one, so that its events can be opened there once more?

The settings by which decisions are made, and the journal; nothing of what became of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, insert, select, text

from storage.journal import COLUMNS as JOURNALLED
from storage.seal import lock_chain
from storage.tables import account, envelope, envelope_key, metadata
from storage.transaction import Transaction

MADE_OF_EVENTS: Final = frozenset({
    "envelope", "envelope_key", "account", "lease", "contact", "identity", "contact_identity", "address", "conversation",
    "participant", "thread_alias", "thread_member", "message", "message_alias", "message_version", "letter", "recipient",
    "reaction", "attachment", "file", "upload", "outbox", "call_fact", "phone_call", "call_command", "claim", "draft",
    "read_marker", "deal",
    "deal_party", "stage_history", "company", "contact_company", "touch", "consent", "external_ref", "task", "offer",
    "decision", "candidates", "event", "audit_log", "counter", "session", "api_token", "seal", "numbering", "gap", "certificate",
    "test_session", "connection", "source_memory", "early", "unwanted", "turn", "cut", "byline", "scheduled", "push_subscription",
})  # fmt: skip
"""Tables that are not settings; one that is not named here is carried over."""


def settings(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """table -> its rows, of everything that decisions are made by."""
    return {
        table.name: [dict(row._mapping) for row in connection.execute(select(table))]
        for table in metadata.sorted_tables
        if table.name not in MADE_OF_EVENTS
    }


def put_settings(tx: Transaction, found: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Make an empty database decide as the other one does. Raises ValueError when it is not empty."""
    if tx.connection.execute(text("SELECT 1 FROM envelope UNION ALL SELECT 1 FROM source LIMIT 1")).first():
        raise ValueError("the database is not empty")
    for name, rows in found.items():
        table = metadata.tables[name]
        tx.connection.execute(table.delete())
        if rows:
            tx.connection.execute(insert(table), [dict(row) for row in rows])
    for row in found["source"]:
        tx.connection.execute(insert(account).values(source_id=row["id"], side="in"))


def first_of(connection: Connection, since: int) -> int:
    """The number before the first envelope that came at or after that moment."""
    found: int | None = connection.execute(
        text("SELECT min(id) FROM envelope WHERE received_at >= :since"), {"since": since}
    ).scalar()
    return (found or 1) - 1 if found is not None else _highest(connection)


def _highest(connection: Connection) -> int:
    found: int = connection.execute(text("SELECT coalesce(max(id), 0) FROM envelope")).scalar_one()
    return found


def journal(connection: Connection, after: int, until: int, limit: int) -> list[dict[str, Any]]:
    """The next envelopes that came before `until`, in their order; `erased_by` tells those whose words are gone."""
    columns = [envelope.c[name] for name in ("id", *JOURNALLED, "erased_by")]
    rows = connection.execute(
        select(*columns)
        .where(envelope.c.id > after, envelope.c.received_at < until)
        .order_by(envelope.c.id)
        .limit(limit)
    )
    return [dict(row._mapping) for row in rows]


def put_journal(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Let them wait there, as if they had just come; the account counts them as received."""
    lock_chain(tx)
    kept = [{name: row[name] for name in JOURNALLED} for row in rows]
    tx.connection.execute(insert(envelope), kept)
    keys = [{"source_id": row["source_id"], "key": row["key"]} for row in rows if row["key"] is not None]
    if keys:
        tx.connection.execute(insert(envelope_key), keys)
    for row in rows:
        tx.connection.execute(
            text("UPDATE account SET received = received + 1 WHERE source_id = :id AND side = 'in'"),
            {"id": row["source_id"]},
        )
