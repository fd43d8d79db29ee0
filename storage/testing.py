"""How does a source's live test go? Its messages carry a code, and go nowhere but into a dry run."""

from __future__ import annotations

import secrets
from typing import Any

import orjson
from sqlalchemy import Connection, Row, text

from storage.transaction import Transaction


def begin(tx: Transaction, source_id: str, member_id: str) -> str:
    """Begin a test, ending an older one; its code."""
    code = f"test_{secrets.token_hex(4)}"
    tx.connection.execute(
        text(
            "INSERT INTO test_session (source_id, code, member_id, started_at, steps) VALUES (:source, :code, :me, :now, '[]')"
            " ON CONFLICT (source_id) DO UPDATE SET code = :code, member_id = :me, started_at = :now, steps = '[]',"
            " message_id = NULL, conversation_id = NULL, ended_at = NULL"
        ),
        {"source": source_id, "code": code, "me": member_id, "now": tx.now},
    )
    tx.changed("source_test", source_id)
    return code


def find(connection: Connection, source_id: str) -> Row[Any] | None:
    """The test of a source with the time of its message."""
    return connection.execute(
        text(
            "SELECT t.*, m.received_at AS message_at FROM test_session t LEFT JOIN message m ON m.id = t.message_id"
            " WHERE t.source_id = :id AND t.ended_at IS NULL"
        ),
        {"id": source_id},
    ).first()


def steps(row: Row[Any]) -> list[dict[str, Any]]:
    """What the test saw so far."""
    stored = orjson.loads(row.steps)
    return [{"code": one["code"], "ok": True, "detail": "", "params": {}} for one in stored]


def end(tx: Transaction, source_id: str) -> None:
    """End the test."""
    tx.connection.execute(
        text("UPDATE test_session SET ended_at = :now WHERE source_id = :id"),
        {"now": tx.now, "id": source_id},
    )
    tx.changed("source_test", source_id)
