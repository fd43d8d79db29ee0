"""Who did what? Rows are only ever added; they hold ids and codes, never words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert

from storage.ids import new_id
from storage.tables import audit_log
from storage.transaction import Transaction


def note(
    tx: Transaction, member_id: str | None, action: str, object_kind: str, object_id: str | None,
    facts: Mapping[str, Any] | None = None, *, ip: str = "", actor: str = "", audit_id: str = "",
) -> str:  # fmt: skip
    """Add one line; its id. Without a member the actor is the system, unless named."""
    audit_id = audit_id or new_id(tx.now)
    tx.connection.execute(
        insert(audit_log).values(
            id=audit_id,
            at=tx.now,
            member_id=member_id,
            actor=actor or ("person" if member_id else "system"),
            action=action,
            object_kind=object_kind,
            object_id=object_id,
            facts=dict(facts or {}),
            ip=ip,
        )
    )
    return audit_id
