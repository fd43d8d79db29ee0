"""Which extension, tracking number or link means which deal?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select, text

from storage import audit
from storage.errors import Conflict
from storage.tables import binding
from storage.transaction import Transaction


def bindings(connection: Connection, source_id: str) -> list[Row[Any]]:
    """Those of a source, by kind and value."""
    return list(
        connection.execute(
            select(binding).where(binding.c.source_id == source_id).order_by(binding.c.kind, binding.c.value)
        )
    )


def bind(tx: Transaction, source_id: str, by: str, kind: str, value: str, deal_id: str) -> None:
    """From now on it means this deal. Raises Conflict bad_request for a deal that is not open."""
    if not tx.connection.execute(text("SELECT open FROM deal WHERE id = :id"), {"id": deal_id}).scalar():
        raise Conflict("bad_request", 422, field="deal_id")
    unbind(tx, source_id, by, kind, value)
    row = {
        "source_id": source_id,
        "kind": kind,
        "value": value,
        "deal_id": deal_id,
        "by_id": by,
        "at": tx.now,
    }
    tx.connection.execute(binding.insert().values(**row))
    audit.note(tx, by, "source.bind", "source", source_id, {"kind": kind, "deal": deal_id})


def unbind(tx: Transaction, source_id: str, by: str, kind: str, value: str) -> None:
    """It means no deal any more."""
    gone = tx.connection.execute(
        binding.delete().where(
            binding.c.source_id == source_id, binding.c.kind == kind, binding.c.value == value
        )
    )
    if gone.rowcount:
        audit.note(tx, by, "source.unbind", "source", source_id, {"kind": kind})
