"""Which cards may be one person? Kept the moment it shows: an address that two have, or that one tells and another has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from storage import audit, batch
from storage.ids import new_id
from storage.tables import different, likeness
from storage.transaction import Transaction

Told = tuple[str, str, str]
"""(who told of an address, whose it is, the address)."""
COLUMNS: Final = ("id", "a_id", "b_id", "identity_id", "at")


def note(tx: Transaction, links: Iterable[tuple[str, str]], told: Iterable[Told] = ()) -> None:
    """Remember who has one address with somebody: `links` are addresses that contacts just got."""
    given = sorted(set(links))
    pairs = {_pair(*one) for one in told}
    for row in batch.select(
        tx.connection,
        "SELECT w.contact_id AS one, o.contact_id AS other, w.identity_id FROM {wanted} JOIN contact_identity o"
        " ON o.identity_id = w.identity_id AND o.contact_id <> w.contact_id",
        {"contact_id": [one for one, _ in given], "identity_id": [ref for _, ref in given]},
    ):
        pairs.add(_pair(row.one, row.other, row.identity_id))
    if not pairs:
        return
    rows = [(new_id(tx.now), *pair, tx.now) for pair in sorted(pairs)]
    if batch.insert(tx.connection, likeness, COLUMNS, rows, ignore=True):
        for ref in sorted({ref for a, b, _ in pairs for ref in (a, b)}):
            tx.changed("contact", ref, ref)


Signed = tuple[str, str, str, str]
"""(whose letter, kind and value of an address in its signature, the letter)."""


def note_signed(tx: Transaction, signed: Iterable[Signed]) -> None:
    """Remember whose letters are signed with an address that somebody else has. One that many share says nothing."""
    rows = sorted(set(signed))
    found: dict[tuple[str, str, str], str] = {}
    for row in batch.select(
        tx.connection,
        "SELECT w.contact_id AS one, l.contact_id AS other, i.id, w.message_id FROM {wanted} JOIN identity i"
        " ON i.kind = w.kind AND i.value = w.value AND i.shared = 0 JOIN contact_identity l ON l.identity_id = i.id"
        " AND l.contact_id <> w.contact_id ORDER BY w.message_id",
        {
            name: [row[place] for row in rows]
            for place, name in enumerate(("contact_id", "kind", "value", "message_id"))
        },
    ):
        found.setdefault(_pair(row.one, row.other, row.id), row.message_id)
    kept = [(new_id(tx.now), *pair, tx.now, message) for pair, message in sorted(found.items())]
    if kept and batch.insert(tx.connection, likeness, (*COLUMNS, "message_id"), kept, ignore=True):
        for ref in sorted({ref for a, b, _ in found for ref in (a, b)}):
            tx.changed("contact", ref, ref)


def _pair(one: str, other: str, identity_id: str) -> tuple[str, str, str]:
    return min(one, other), max(one, other), identity_id


LISTED: Final = (
    "SELECT l.id, l.a_id AS a, l.b_id AS b, l.at, l.message_id, m.conversation_id, i.kind, i.value, x.name AS a_name,"
    " y.name AS b_name,"
    " p.origin AS a_origin, q.origin AS b_origin,"
    " CASE WHEN p.verified = 1 AND q.verified = 1 THEN 1 ELSE 0 END AS verified FROM likeness l"
    " JOIN identity i ON i.id = l.identity_id AND i.shared = 0"
    " JOIN contact x ON x.id = l.a_id AND x.merged_into IS NULL JOIN contact y ON y.id = l.b_id AND y.merged_into IS NULL"
    " LEFT JOIN message m ON m.id = l.message_id"
    " LEFT JOIN contact_identity p ON p.contact_id = l.a_id AND p.identity_id = l.identity_id"
    " LEFT JOIN contact_identity q ON q.contact_id = l.b_id AND q.identity_id = l.identity_id"
    " WHERE l.settled = 0 AND (p.contact_id IS NOT NULL OR q.contact_id IS NOT NULL) AND NOT EXISTS"
    " (SELECT 1 FROM different d WHERE d.a_id = l.a_id AND d.b_id = l.b_id)"
)


def listed(connection: Connection, before: str = "", limit: int = 100) -> list[Row[Any]]:
    """Pairs of cards with the address that speaks for it, the newest first; no origin: that one only told of it."""
    older = " AND l.id < :before" if before else ""
    values = {"limit": limit, **({"before": before} if before else {})}
    return list(connection.execute(text(f"{LISTED}{older} ORDER BY l.id DESC LIMIT :limit"), values))


def of_contact(connection: Connection, contact_id: str) -> list[Row[Any]]:
    """The same for one card."""
    found = [
        row
        for side in ("a_id", "b_id")
        for row in connection.execute(
            text(f"{LISTED} AND l.{side} = :id ORDER BY l.id DESC LIMIT 50"), {"id": contact_id}
        )
    ]
    return sorted(found, key=lambda row: str(row.id), reverse=True)


def follow(tx: Transaction, kept_id: str, gone_id: str) -> None:
    """Whoever was like the card that went into another is like that one now."""
    others: list[Told] = []
    for mine, theirs in (("a_id", "b_id"), ("b_id", "a_id")):
        rows = tx.connection.execute(
            text(f"SELECT {theirs} AS other, identity_id FROM likeness WHERE {mine} = :gone AND settled = 0"
                 f" AND {theirs} <> :kept"),
            {"gone": gone_id, "kept": kept_id},
        )  # fmt: skip
        others += [(kept_id, row.other, row.identity_id) for row in rows]
    note(tx, (), others)


def say_different(tx: Transaction, one: str, other: str, by: str) -> None:
    """«Это разные люди»: not proposed again."""
    first, second = sorted((one, other))
    row = (first, second, by, tx.now)
    if batch.insert(tx.connection, different, ("a_id", "b_id", "by_id", "at"), [row], ignore=True):
        _settle(tx, first, second, settled=1)
        audit.note(tx, by, "contact.different", "contact", first, {"other": second})


def take_back(tx: Transaction, one: str, other: str, by: str) -> None:
    """They may be one person after all."""
    first, second = sorted((one, other))
    gone = tx.connection.execute(
        different.delete().where(different.c.a_id == first, different.c.b_id == second)
    )
    if gone.rowcount:
        _settle(tx, first, second, settled=0)
        audit.note(tx, by, "contact.maybe_same", "contact", first, {"other": second})


def _settle(tx: Transaction, first: str, second: str, *, settled: int) -> None:
    tx.connection.execute(
        text("UPDATE likeness SET settled = :settled WHERE a_id = :a AND b_id = :b"),
        {"settled": settled, "a": first, "b": second},
    )
    for ref in (first, second):
        tx.changed("contact", ref, ref)
