"""Which contacts are there? A list to leaf through, newest first, and the same as lines of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, text

from storage import audit, batch, search
from storage.reach import Reach
from storage.transaction import Transaction

PEOPLE: Final = (
    "c.merged_into IS NULL AND NOT EXISTS (SELECT 1 FROM contact_identity g JOIN identity i ON i.id = g.identity_id"
    " WHERE g.contact_id = c.id AND i.kind = 'group')"
)
"""Merged cards are part of others, and a group is no person."""
FOUND: Final = 200


def listed(
    connection: Connection, *, words: str = "", after: str = "", limit: int = 50, reach: Reach | None = None
) -> list[dict[str, Any]]:
    """Contacts behind one of them, newest first; `words`: those found by name, number, mail or nickname, at most two hundred.

    `reach`: only those within it.
    """
    mine = within(reach)
    parameters: dict[str, Any] = {"limit": limit}
    if mine and reach is not None:
        parameters |= reach.given(mine)
    if words:
        ids = search.contacts(connection, words, FOUND)
        sql = f"SELECT c.id FROM {{wanted}} JOIN contact c ON c.id = w.id AND {PEOPLE}{mine} ORDER BY w.n LIMIT :limit"
        rows = batch.select(connection, sql, {"id": list(dict.fromkeys(ids))}, **parameters)
    else:
        before = "c.id < :after AND " if after else ""
        statement = f"SELECT c.id FROM contact c WHERE {before}{PEOPLE}{mine} ORDER BY c.id DESC LIMIT :limit"
        rows = list(
            connection.execute(text(statement), {**parameters, **({"after": after} if after else {})})
        )
    return lines(connection, [row.id for row in rows])


def within(reach: Reach | None) -> str:
    """The rest of a condition on `contact c`: only contacts within reach."""
    return "" if reach is None or reach.everybody else f" AND c.id IN {reach.contacts}"


def lines(connection: Connection, ids: Sequence[str]) -> list[dict[str, Any]]:
    """These contacts with their addresses and companies, in this order."""
    wanted = {"id": list(ids)}
    found = {
        row.id: {**row._asdict(), "fields": orjson.loads(row.fields), "addresses": [], "companies": []}
        for row in batch.select(
            connection,
            "SELECT c.id, c.name, c.fields, c.created_at, c.responsible_id, m.name AS responsible_name, (SELECT k.id FROM"
            " conversation k WHERE k.contact_id = c.id AND k.nature <> 'personal' ORDER BY k.last_at DESC, k.id LIMIT 1)"
            " AS conversation_id FROM {wanted}"
            " JOIN contact c ON c.id = w.id LEFT JOIN member m ON m.id = c.responsible_id",
            wanted,
        )
    }
    for row in batch.select(
        connection,
        "SELECT l.contact_id, i.kind, i.value, i.username FROM {wanted} JOIN contact_identity l ON l.contact_id = w.id"
        " JOIN identity i ON i.id = l.identity_id ORDER BY w.n, l.created_at, i.kind, i.value",
        wanted,
    ):
        found[row.contact_id]["addresses"].append((row.kind, row.value, row.username))
    for row in batch.select(
        connection,
        "SELECT p.contact_id, k.id, k.name, p.role FROM {wanted} JOIN contact_company p ON p.contact_id = w.id"
        " JOIN company k ON k.id = p.company_id ORDER BY w.n, k.name",
        wanted,
    ):
        found[row.contact_id]["companies"].append((row.id, row.name, row.role))
    return [found[ref] for ref in ids if ref in found]


def field_names(connection: Connection, after: str, limit: int) -> tuple[str, set[str]]:
    """The names of custom fields of the next contacts; the last one's id, "" when there were none."""
    statement = "SELECT c.id, c.fields FROM contact c WHERE c.id > :after ORDER BY c.id LIMIT :limit"
    rows = connection.execute(text(statement), {"after": after, "limit": limit}).all()
    names = {name for row in rows for name in orjson.loads(row.fields) if name != "tags"}
    return (rows[-1].id if rows else ""), names


def taken_out(tx: Transaction, by: str, facts: Mapping[str, Any], ip: str) -> None:
    """Remember who took the contacts out."""
    audit.note(tx, by, "contact.export", "contact", None, facts, ip=ip)
