"""What do we know of a contact besides its addresses? Custom fields and tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from storage.errors import Conflict
from storage.history import Act, row_of
from storage.tables import contact
from storage.transaction import Transaction


def fields_of(connection: Connection, contact_id: str) -> dict[str, Any]:
    """All of them; {} for none."""
    found: dict[str, Any] | None = connection.execute(
        select(contact.c.fields).where(contact.c.id == contact_id)
    ).scalar()
    return found or {}


def set_fields(
    tx: Transaction, contact_id: str, by: str, values: Mapping[str, Any], was: Mapping[str, Any]
) -> str:
    """Change some; the act. Raises Conflict changed when a colleague was faster."""
    row = row_of(tx, "contact", contact_id)
    for name, seen in was.items():
        present = row.fields.get(name)
        if present != seen and present != values.get(name):
            raise Conflict("changed", field=name, value="" if present is None else str(present))
    act = Act(tx, by, "contact.change")
    act.set("contact", contact_id, fields=dict(values))
    return act.close("contact", contact_id)
