"""Which extension, tracking number or link means which deal?"""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import Connection, Row, select, text

from storage import audit
from storage.errors import Conflict
from storage.tables import binding
from storage.transaction import Transaction


def bindings(connection: Connection, source_id: str) -> list[Row[Any]]:
    """Those of a source that people gave a value, by kind and value."""
    wanted = (binding.c.source_id == source_id) & (binding.c.kind != "deal_link")
    return list(connection.execute(select(binding).where(wanted).order_by(binding.c.kind, binding.c.value)))


def links_of(connection: Connection, deal_id: str) -> list[tuple[str, str]]:
    """(source, token) of the links to a deal."""
    wanted = (binding.c.deal_id == deal_id) & (binding.c.kind == "deal_link")
    rows = connection.execute(select(binding.c.source_id, binding.c.value).where(wanted))
    return [(row.source_id, row.value) for row in rows]


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


def link_token(tx: Transaction, source_id: str, by: str, deal_id: str) -> str:
    """What a link to this deal carries on this source, made when there is none yet. Raises Conflict bad_request for one
    that is not open."""
    where = {"source": source_id, "deal": deal_id}
    if not tx.connection.execute(text("SELECT open FROM deal WHERE id = :deal"), where).scalar():
        raise Conflict("bad_request", 422, field="deal_id")
    known: str | None = tx.connection.execute(
        text(
            "SELECT value FROM binding WHERE source_id = :source AND kind = 'deal_link' AND deal_id = :deal LIMIT 1"
        ),
        where,
    ).scalar()
    if known is not None:
        return known
    token = secrets.token_urlsafe(16)
    bind(tx, source_id, by, "deal_link", token, deal_id)
    return token


def unbind(tx: Transaction, source_id: str, by: str, kind: str, value: str) -> None:
    """It means no deal any more."""
    gone = tx.connection.execute(
        binding.delete().where(
            binding.c.source_id == source_id, binding.c.kind == kind, binding.c.value == value
        )
    )
    if gone.rowcount:
        audit.note(tx, by, "source.unbind", "source", source_id, {"kind": kind})
