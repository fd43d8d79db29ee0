"""What of one card has a person to settle? Another name was given, an address looks shared, a number was only typed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Row, select, text, update

from storage import audit, batch, likeness
from storage.errors import Conflict
from storage.history import row_of
from storage.ids import new_id
from storage.tables import contact_identity, doubt, identity
from storage.transaction import Transaction

Doubt = tuple[str, str, str, str]
"""(contact, kind, address, the name or the reason)."""
COLUMNS: Final = ("id", "contact_id", "kind", "identity_id", "value", "at")
LISTED: Final = (
    "SELECT u.id, u.kind, u.value, u.at, u.contact_id, c.name, i.kind AS address_kind, i.value AS address FROM doubt u"
    " JOIN contact c ON c.id = u.contact_id AND c.merged_into IS NULL JOIN identity i ON i.id = u.identity_id"
    " AND i.shared = 0 WHERE u.answer = '' AND (u.kind <> 'phone' OR NOT EXISTS (SELECT 1 FROM contact_identity l"
    " WHERE l.contact_id = u.contact_id AND l.identity_id = u.identity_id))"
)


def note(tx: Transaction, found: Iterable[Doubt]) -> None:
    """Remember what shows; what a person has settled is not asked again."""
    rows = [(new_id(tx.now), *one, tx.now) for one in sorted(set(found))]
    if batch.insert(tx.connection, doubt, COLUMNS, rows, ignore=True):
        for ref in sorted({row[1] for row in rows}):
            tx.changed("contact", ref, ref)


def note_phone(tx: Transaction, contact_id: str, number: str) -> None:
    """A number in E.164 was typed beside a client: it may be theirs, and whose it is already may be the same person."""
    columns = ("id", "kind", "value", "created_at")
    batch.insert(tx.connection, identity, columns, [(new_id(tx.now), "phone", number, tx.now)], ignore=True)
    known = select(identity.c.id, identity.c.shared).where(
        identity.c.kind == "phone", identity.c.value == number
    )
    found = tx.connection.execute(known).one()
    note(tx, [(contact_id, "phone", found.id, "")])
    owners = select(contact_identity.c.contact_id).where(contact_identity.c.identity_id == found.id)
    others = () if found.shared else tx.connection.execute(owners).scalars()
    likeness.note(tx, (), [(contact_id, ref, found.id) for ref in others if ref != contact_id])


def listed(connection: Connection, before: str = "", limit: int = 100) -> list[Row[Any]]:
    """Open doubts of all cards, the newest first."""
    older = " AND u.id < :before" if before else ""
    values = {"limit": limit, **({"before": before} if before else {})}
    return list(connection.execute(text(f"{LISTED}{older} ORDER BY u.id DESC LIMIT :limit"), values))


def of_contact(connection: Connection, contact_id: str) -> list[Row[Any]]:
    """The same for one card."""
    sql = f"{LISTED} AND u.contact_id = :id ORDER BY u.id DESC LIMIT 50"
    return list(connection.execute(text(sql), {"id": contact_id}))


def contact_of(connection: Connection, doubt_id: str) -> str | None:
    """Whose card a doubt is about."""
    found: str | None = connection.execute(select(doubt.c.contact_id).where(doubt.c.id == doubt_id)).scalar()
    return found


def answer(tx: Transaction, doubt_id: str, by: str, yes: bool) -> None:
    """Yes: several people use the address, or the number is the client's. No: it stays as it is.

    Raises Conflict not_found, not_now for one that was answered.
    """
    row = _held(tx, doubt_id)
    if row.answer:
        raise Conflict("not_now")
    if yes and row.kind == "phone":
        _link(tx, row.contact_id, row.identity_id)
    elif yes:
        _share(tx, row.identity_id, 1)
    _store(tx, row, "yes" if yes else "no", by)


def take_back(tx: Transaction, doubt_id: str, by: str) -> None:
    """It is open again, and what a yes did is undone. Raises Conflict not_found, not_now for an open one."""
    row = _held(tx, doubt_id)
    if not row.answer:
        raise Conflict("not_now")
    if row.answer == "yes" and row.kind == "phone":
        tx.connection.execute(
            contact_identity.delete().where(
                contact_identity.c.contact_id == row.contact_id, contact_identity.c.identity_id == row.identity_id,
                contact_identity.c.origin == "person",
            )
        )  # fmt: skip
    elif row.answer == "yes":
        _share(tx, row.identity_id, 0)
    _store(tx, row, "", by)


def _held(tx: Transaction, doubt_id: str) -> Row[Any]:
    """The doubt, held after its address and its contact: identities, contacts, the rest. Raises Conflict not_found."""
    one = select(doubt).where(doubt.c.id == doubt_id)
    found = tx.connection.execute(one).first()
    if found is None:
        raise Conflict("not_found", 404)
    row_of(tx, "identity", found.identity_id)
    row_of(tx, "contact", found.contact_id)
    return tx.connection.execute(one.with_for_update()).one()


def _share(tx: Transaction, identity_id: str, shared: int) -> None:
    tx.connection.execute(update(identity).where(identity.c.id == identity_id).values(shared=shared))


def _link(tx: Transaction, contact_id: str, identity_id: str) -> None:
    columns = ("contact_id", "identity_id", "origin", "verified", "name", "created_at")
    row = (contact_id, identity_id, "person", 0, "", tx.now)
    batch.insert(tx.connection, contact_identity, columns, [row], ignore=True)
    likeness.note(tx, [(contact_id, identity_id)])


def _store(tx: Transaction, row: Row[Any], said: str, by: str) -> None:
    settled = tx.now if said else None
    tx.connection.execute(
        update(doubt).where(doubt.c.id == row.id).values(answer=said, by_id=by, settled_at=settled)
    )
    audit.note(tx, by, "contact.doubt", "contact", row.contact_id, {"kind": row.kind, "answer": said})
    tx.changed("contact", row.contact_id, row.contact_id)
