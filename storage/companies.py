"""Which companies are there, and who belongs to them?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, insert, text

from storage import audit
from storage.errors import Conflict
from storage.history import Act, row_of
from storage.ids import new_id
from storage.tables import company
from storage.transaction import Transaction


def listed(connection: Connection, words: str, after: str, limit: int) -> list[Row[Any]]:
    """Companies whose name contains these words as typed or with a capital, by age, behind one of them, with how many
    people each has."""
    return list(
        connection.execute(
            text("SELECT c.id, c.name, c.created_at, (SELECT count(*) FROM contact_company p WHERE p.company_id = c.id)"
                 " AS people FROM company c WHERE c.id > :after AND (c.name LIKE :words OR c.name LIKE :capital) ORDER BY c.id"
                 " LIMIT :limit"),
            {"words": f"%{words}%", "capital": f"%{words[:1].upper()}{words[1:]}%", "after": after, "limit": limit},
        )
    )  # fmt: skip


def one(connection: Connection, company_id: str) -> Row[Any]:
    """A company. Raises Conflict not_found."""
    found = connection.execute(company.select().where(company.c.id == company_id)).first()
    if found is None:
        raise Conflict("not_found", 404)
    return found


def people(connection: Connection, company_id: str) -> list[Row[Any]]:
    """Its contacts with their roles, by name."""
    return list(
        connection.execute(
            text("SELECT p.contact_id AS id, k.name, p.role FROM contact_company p JOIN contact k ON k.id = p.contact_id"
                 " WHERE p.company_id = :id ORDER BY k.name, k.id LIMIT 1000"),
            {"id": company_id},
        )
    )  # fmt: skip


def make(tx: Transaction, by: str, name: str, fields: Mapping[str, Any]) -> str:
    """A new company; its id."""
    made = new_id(tx.now)
    tx.connection.execute(insert(company).values(id=made, name=name, fields=dict(fields), created_at=tx.now))
    audit.note(tx, by, "company.make", "customer", made)
    return made


def change(tx: Transaction, company_id: str, by: str, name: str | None, fields: Mapping[str, Any]) -> str:
    """Another name, other fields (null takes one away); every change is kept. The act. Raises Conflict not_found."""
    row_of(tx, "company", company_id)
    act = Act(tx, by, "company.change")
    act.set(
        "company",
        company_id,
        **({"name": name} if name else {}),
        **({"fields": dict(fields)} if fields else {}),
    )
    return act.close("company", company_id)


def join(tx: Transaction, company_id: str, by: str, contact_id: str, role: str) -> None:
    """A contact belongs to it, in this role. Raises Conflict not_found."""
    one(tx.connection, company_id)
    row_of(tx, "contact", contact_id)
    tx.connection.execute(
        text("INSERT INTO contact_company (contact_id, company_id, role) VALUES (:contact, :company, :role)"
             " ON CONFLICT (contact_id, company_id) DO UPDATE SET role = excluded.role"),
        {"contact": contact_id, "company": company_id, "role": role},
    )  # fmt: skip
    audit.note(tx, by, "company.join", "contact", contact_id, {"company": company_id})
    tx.changed("contact", contact_id, contact_id)


def leave(tx: Transaction, company_id: str, by: str, contact_id: str) -> None:
    """A contact belongs to it no more. Raises Conflict not_found."""
    gone = tx.connection.execute(
        text("DELETE FROM contact_company WHERE contact_id = :contact AND company_id = :company"),
        {"contact": contact_id, "company": company_id},
    )
    if not gone.rowcount:
        raise Conflict("not_found", 404)
    audit.note(tx, by, "company.leave", "contact", contact_id, {"company": company_id})
    tx.changed("contact", contact_id, contact_id)


def of_contact(connection: Connection, contact_id: str) -> list[Row[Any]]:
    """The companies a contact belongs to."""
    return list(
        connection.execute(
            text("SELECT c.id, c.name, p.role FROM contact_company p JOIN company c ON c.id = p.company_id"
                 " WHERE p.contact_id = :id ORDER BY c.name, c.id"),
            {"id": contact_id},
        )
    )  # fmt: skip
