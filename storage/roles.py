"""Which roles are there, and what may each of them do, with whose things?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from storage import audit
from storage.errors import Conflict
from storage.ids import new_id
from storage.tables import member_role, role, role_permission
from storage.transaction import Transaction

ALL_POWERFUL = "admin"
"""Whoever may do everything keeps it: nobody could give it back."""


def listed(connection: Connection) -> list[Row[tuple[str, str, int, int]]]:
    """(id, name, preset, people) of every role, the presets first."""
    people = select(func.count()).where(member_role.c.role_id == role.c.id).correlate(role).scalar_subquery()
    statement = select(role.c.id, role.c.name, role.c.preset, people.label("people"))
    return list(connection.execute(statement.order_by(role.c.preset.desc(), role.c.name)))


def permissions(connection: Connection) -> dict[str, dict[str, str]]:
    """role -> permission -> scope."""
    found: dict[str, dict[str, str]] = {}
    for row in connection.execute(select(role_permission).order_by(role_permission.c.permission)):
        found.setdefault(row.role_id, {})[row.permission] = row.scope
    return found


def add(tx: Transaction, by: str, name: str, given: Mapping[str, str]) -> str:
    """A new role; its id. Raises Conflict bad_request for a name in use."""
    _name_is_free(tx, name, "")
    made = new_id(tx.now)
    tx.connection.execute(insert(role).values(id=made, name=name, preset=0))
    _give(tx, made, given)
    audit.note(tx, by, "role.add", "role", made, {"name": name, "permissions": dict(given)})
    return made


def change(tx: Transaction, role_id: str, by: str, name: str | None, given: Mapping[str, str]) -> None:
    """Set what a role may do; its people see it at once. Raises Conflict not_found, not_now for the administrators',
    bad_request for a preset's name or one in use."""
    row = _held(tx, role_id)
    if row.name == ALL_POWERFUL:
        raise Conflict("not_now", reason="admin")
    if name is not None and name != row.name:
        if row.preset:
            raise Conflict("bad_request", 422, field="name", reason="preset")
        _name_is_free(tx, name, role_id)
        tx.connection.execute(update(role).where(role.c.id == role_id).values(name=name))
    before = permissions(tx.connection).get(role_id, {})
    _give(tx, role_id, given)
    facts = {"name": name or row.name, "before": before, "permissions": dict(given)}
    audit.note(tx, by, "role.change", "role", role_id, facts)
    for one in tx.connection.execute(
        select(member_role.c.member_id)
        .where(member_role.c.role_id == role_id)
        .order_by(member_role.c.member_id)
    ):
        tx.changed("member", one.member_id)
    tx.ring("router")


def remove(tx: Transaction, role_id: str, by: str) -> None:
    """Take a role of one's own making out. Raises Conflict not_found, not_now for a preset or while somebody has it."""
    row = _held(tx, role_id)
    held = select(member_role.c.member_id).where(member_role.c.role_id == role_id).limit(1)
    if row.preset or tx.connection.execute(held).first() is not None:
        raise Conflict("not_now", reason="preset" if row.preset else "in_use")
    _give(tx, role_id, {})
    tx.connection.execute(delete(role).where(role.c.id == role_id))
    audit.note(tx, by, "role.remove", "role", role_id, {"name": row.name})


def _held(tx: Transaction, role_id: str) -> Any:
    row = tx.connection.execute(
        select(role.c.name, role.c.preset).where(role.c.id == role_id).with_for_update()
    ).first()
    if row is None:
        raise Conflict("not_found", 404)
    return row


def _name_is_free(tx: Transaction, name: str, but: str) -> None:
    if tx.connection.execute(select(role.c.id).where(role.c.name == name, role.c.id != but)).first():
        raise Conflict("bad_request", 422, field="name", reason="in_use")


def _give(tx: Transaction, role_id: str, given: Mapping[str, str]) -> None:
    tx.connection.execute(delete(role_permission).where(role_permission.c.role_id == role_id))
    rows = [{"role_id": role_id, "permission": what, "scope": scope} for what, scope in given.items()]
    if rows:
        tx.connection.execute(insert(role_permission), rows)
