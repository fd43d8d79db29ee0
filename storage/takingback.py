"""How is an address book that was brought in taken back?

The last row first, each exactly: cards it made go, cards it completed lose what it gave them. Where somebody wrote, worked or
changed something since, that stays, and is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, text

from storage import batch, imports
from storage.history import COLUMNS as CHANGE
from storage.ids import new_id
from storage.tables import change, company, contact, contact_company, contact_identity, contact_import_row
from storage.tables import identity as identities
from storage.transaction import Transaction

HANGING: Final = ("conversation", "deal", "task", "touch", "consent", "deal_party", "call_command")
PLAIN: Final = ("name", "name_from", "responsible_id")


def take_back(tx: Transaction, import_id: str, place: int, size: int) -> bool:
    """Undo up to `size` rows before `place`; False when somebody else did."""
    row = imports.held(tx, import_id)
    if row.state != "undoing" or row.place != place:
        return False
    first = max(0, place - size)
    rows = _rows(tx.connection, import_id, first, place)
    _hold(tx, rows)
    made = [one for one in rows if one["outcome"] == "made"]
    completed = [one for one in rows if one["outcome"] == "completed"]
    kept = _give_back(tx, row, completed) | _unmake(tx, row, made)
    _forget_unused(tx, [one for one in rows if one["n"] not in kept])
    batch.update(
        tx.connection, contact_import_row, ("import_id", "line"), ("reason",),
        [(import_id, one["n"], "kept" if one["n"] in kept else "undone") for one in (*made, *completed)],
    )  # fmt: skip
    gained = {"undone": len(made) + len(completed) - len(kept), "kept": len(kept)}
    imports.advance(tx, row, first, gained, "undone" if first == 0 else "")
    return True


def _rows(connection: Connection, import_id: str, first: int, last: int) -> list[dict[str, Any]]:
    found = connection.execute(
        text("SELECT line, contact_id, outcome, facts FROM contact_import_row WHERE import_id = :id AND line > :first"
             " AND line <= :last ORDER BY line DESC"),
        {"id": import_id, "first": first, "last": last},
    )  # fmt: skip
    empty: dict[str, Any] = {"links": [], "made": [], "changes": {}, "company": "", "company_made": False}
    return [
        {
            **empty,
            **orjson.loads(row.facts),
            "n": row.line,
            "contact_id": row.contact_id,
            "outcome": row.outcome,
        }
        for row in found
    ]


def _hold(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Addresses first, then cards, so that no message comes between."""
    batch.select(
        tx.connection,
        "SELECT i.id FROM {wanted} JOIN identity i ON i.id = w.id ORDER BY i.kind, i.value",
        {"id": sorted({ref for one in rows for ref in one["links"]})},
        lock="FOR UPDATE OF i",
    )
    batch.select(
        tx.connection,
        "SELECT c.id FROM {wanted} JOIN contact c ON c.id = w.id ORDER BY c.id",
        {"id": sorted({one["contact_id"] for one in rows if one["contact_id"]})},
        lock="FOR UPDATE OF c",
    )


# Cards that were completed.


def _give_back(tx: Transaction, row: Any, rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """Take back what these rows added; the rows of which something stays."""
    cards = _cards(tx.connection, rows)
    talked = _talked(tx.connection, rows)
    kept: set[int] = set()
    links: list[tuple[str, str]] = []
    history: list[tuple[Any, ...]] = []
    for one in rows:
        card = cards.get(one["contact_id"])
        if card is None:
            kept.add(one["n"])
            continue
        for name, (before, after) in one["changes"].items():
            if _put_back(card, name, before, after):
                history.append(
                    (
                        new_id(tx.now),
                        imports.undo_of(row.id),
                        "contact",
                        card["id"],
                        name,
                        after,
                        before,
                        row.undone_by,
                        tx.now,
                    )
                )
            else:
                kept.add(one["n"])
        mine = [(one["contact_id"], ref) for ref in one["links"]]
        links += [pair for pair in mine if pair not in talked]
        if any(pair in talked for pair in mine):
            kept.add(one["n"])
    batch.delete(tx.connection, contact_identity, ("contact_id", "identity_id"), links)
    _leave_companies(tx, [one for one in rows if one["contact_id"] in cards])
    batch.insert(tx.connection, change, CHANGE, history)
    values = [(c["id"], *(c[name] for name in PLAIN), c["fields"], tx.now) for c in cards.values()]
    batch.update(
        tx.connection, contact, ("id",), (*PLAIN, "fields", "updated_at"), sorted(values, key=lambda v: v[0])
    )
    for ref in cards:
        tx.changed("contact", ref, ref)
    return kept


def _cards(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    found = batch.select(
        connection,
        "SELECT c.id, c.name, c.name_from, c.responsible_id, c.fields FROM {wanted} JOIN contact c ON c.id = w.id"
        " AND c.merged_into IS NULL",
        {"id": sorted({one["contact_id"] for one in rows})},
    )
    return {row.id: {**row._asdict(), "fields": orjson.loads(row.fields)} for row in found}


def _put_back(card: dict[str, Any], name: str, before: Any, after: Any) -> bool:
    inner = name.removeprefix("fields.")
    where = card if inner == name else card["fields"]
    if where.get(inner) != after:
        return False
    where[inner] = before
    if before is None and where is not card:
        del where[inner]
    return True


def _talked(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """(contact, address) at which something was said, or which is proved by now."""
    pairs = sorted({(one["contact_id"], ref) for one in rows for ref in one["links"]})
    wanted = {"contact_id": [contact for contact, _ in pairs], "identity_id": [ref for _, ref in pairs]}
    said = batch.select(
        connection,
        "SELECT k.contact_id, k.identity_id FROM {wanted} JOIN conversation k ON k.identity_id = w.identity_id"
        " AND k.contact_id = w.contact_id",
        wanted,
    )
    proved = batch.select(
        connection,
        "SELECT l.contact_id, l.identity_id FROM {wanted} JOIN contact_identity l ON l.contact_id = w.contact_id"
        " AND l.identity_id = w.identity_id AND (l.verified = 1 OR l.origin <> 'imported')",
        wanted,
    )
    return {(row.contact_id, row.identity_id) for row in (*said, *proved)}


def _leave_companies(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    batch.delete(
        tx.connection, contact_company, ("contact_id", "company_id"),
        [(one["contact_id"], one["company"]) for one in rows if one["company"]],
    )  # fmt: skip


# Cards that were made.


def _unmake(tx: Transaction, row: Any, rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """Take these cards away; the rows whose cards stay, because they are in use."""
    used = _used(tx.connection, row.id, rows)
    gone = [one for one in rows if one["contact_id"] not in used]
    links = [(one["contact_id"], ref) for one in gone for ref in one["links"]]
    batch.delete(tx.connection, contact_identity, ("contact_id", "identity_id"), links)
    _leave_companies(tx, gone)
    ids = [(one["contact_id"],) for one in gone]
    batch.delete(tx.connection, change, ("object_id",), ids)
    batch.delete(tx.connection, contact, ("id",), ids)
    for (ref,) in ids:
        tx.changed("contact", ref, ref)
    return {one["n"] for one in rows if one["contact_id"] in used}


def _used(connection: Connection, import_id: str, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Cards with which something was done since."""
    hanging = " OR ".join(f"EXISTS (SELECT 1 FROM {table} h WHERE h.contact_id = c.id)" for table in HANGING)
    found = batch.select(
        connection,
        f"SELECT c.id FROM {{wanted}} JOIN contact c ON c.id = w.id WHERE c.merged_into IS NOT NULL OR {hanging}"
        " OR EXISTS (SELECT 1 FROM contact_merge m WHERE m.kept_id = c.id AND m.undone_at IS NULL)"
        " OR EXISTS (SELECT 1 FROM change g WHERE g.object_id = c.id AND g.act_id <> :id AND g.act_id <> :undo)",
        {"id": [one["contact_id"] for one in rows]},
        id=import_id,
        undo=imports.undo_of(import_id),
    )
    used = {row.id for row in found}
    ours = {one["contact_id"]: {*one["links"], one["company"]} for one in rows}
    for table, column in (("contact_identity", "identity_id"), ("contact_company", "company_id")):
        for row in batch.select(
            connection,
            f"SELECT t.contact_id, t.{column} AS other FROM {{wanted}} JOIN {table} t ON t.contact_id = w.id",
            {"id": list(ours)},
        ):
            if row.other not in ours[row.contact_id]:
                used.add(row.contact_id)
    return used


def _forget_unused(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Addresses and companies that the import made, and that nobody has any more."""
    gone = batch.select(
        tx.connection,
        "SELECT i.id FROM {wanted} JOIN identity i ON i.id = w.id AND i.spam = 0 WHERE "
        + " AND ".join(
            f"NOT EXISTS (SELECT 1 FROM {table} t WHERE t.identity_id = i.id)"
            for table in ("contact_identity", "conversation", "address", "participant")
        ),
        {"id": [ref for one in rows for ref in one["made"]]},
    )
    batch.delete(tx.connection, identities, ("id",), [(row.id,) for row in gone])
    empty = batch.select(
        tx.connection,
        "SELECT k.id FROM {wanted} JOIN company k ON k.id = w.id"
        " WHERE NOT EXISTS (SELECT 1 FROM contact_company p WHERE p.company_id = k.id)"
        " AND NOT EXISTS (SELECT 1 FROM change g WHERE g.object_id = k.id)",
        {"id": [one["company"] for one in rows if one["company_made"]]},
    )
    batch.delete(tx.connection, company, ("id",), [(row.id,) for row in empty])
