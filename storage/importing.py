"""How do rows of an address book become contacts, and how are they taken back exactly?

Rows come in batches, one statement a table each, in the order of locks: identities, then contacts. What a batch changed
stands beside its rows, so that the way back needs nothing else. What was done with a card since stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from routing.imports import Address, Book, Card, Entry, Step, plan
from storage import batch, imports, likeness
from storage.clean import cleaned
from storage.history import COLUMNS as CHANGE
from storage.ids import new_id
from storage.tables import change, company, contact, contact_company, contact_identity, contact_import_row
from storage.tables import identity as identities
from storage.transaction import Transaction

LINK: Final = ("contact_id", "identity_id", "origin", "verified", "name", "created_at")
CARD: Final = (
    "id", "name", "name_from", "responsible_id", "override", "fields", "attribution", "demo", "created_at",
    "updated_at",
)  # fmt: skip
DONE: Final = ("contact_id", "outcome", "reason", "facts", "cells")


def look(
    connection: Connection, entries: Sequence[Entry], *, lock: bool = False
) -> tuple[Book, dict[Address, str]]:
    """What is known of these rows' addresses, and the ids of those there are."""
    wanted = sorted({one for entry in entries for one in entry.addresses})
    keys = {"kind": [kind for kind, _ in wanted], "value": [value for _, value in wanted]}
    found = batch.select(
        connection,
        "SELECT i.id, i.kind, i.value, i.shared FROM {wanted} JOIN identity i ON i.kind = w.kind AND i.value = w.value"
        " ORDER BY i.kind, i.value",
        keys,
        lock="FOR UPDATE OF i" if lock else "",
    )
    ids = {(row.kind, row.value): row.id for row in found}
    address_of = {row.id: (row.kind, row.value) for row in found}
    book = Book(shared={(row.kind, row.value) for row in found if row.shared})
    for row in batch.select(
        connection,
        "SELECT l.identity_id, l.contact_id FROM {wanted} JOIN contact_identity l ON l.identity_id = w.id"
        " ORDER BY l.identity_id, l.created_at, l.contact_id",
        {"id": list(address_of)},
    ):
        book.owners.setdefault(address_of[row.identity_id], []).append(row.contact_id)
    _read_cards(connection, book, lock)
    return book, ids


def _read_cards(connection: Connection, book: Book, lock: bool) -> None:
    owners = {"id": sorted({one for those in book.owners.values() for one in those})}
    for row in batch.select(
        connection,
        "SELECT c.id, c.name, c.name_from, c.responsible_id, c.fields FROM {wanted} JOIN contact c ON c.id = w.id"
        " ORDER BY c.id",
        owners,
        lock="FOR UPDATE OF c" if lock else "",
    ):
        book.cards[row.id] = Card(
            row.id, row.name, row.name_from, row.responsible_id, orjson.loads(row.fields)
        )
    for row in batch.select(
        connection,
        "SELECT l.contact_id, i.kind, i.value FROM {wanted} JOIN contact_identity l ON l.contact_id = w.id"
        " JOIN identity i ON i.id = l.identity_id",
        owners,
    ):
        book.cards[row.contact_id].addresses.add((row.kind, row.value))
    for row in batch.select(
        connection,
        "SELECT p.contact_id, k.name FROM {wanted} JOIN contact_company p ON p.contact_id = w.id"
        " JOIN company k ON k.id = p.company_id",
        owners,
    ):
        book.cards[row.contact_id].companies.add(row.name)


def bring(tx: Transaction, import_id: str, place: int, entries: Sequence[Entry]) -> bool:
    """Do what the rows behind `place` say; False when somebody else did, or it was stopped."""
    row = imports.held(tx, import_id)
    if row.state != "running" or row.place != place:
        return False
    entries = cleaned(list(entries))
    made = _make_identities(tx, entries)
    book, ids = look(tx.connection, entries, lock=True)
    steps = plan(book, entries, row.matching, lambda: new_id(tx.now))
    _write(tx, import_id, row.by_id, book, steps, ids)
    used = {one for step in steps for one in step.links}
    batch.delete(tx.connection, identities, ("id",), [(ref,) for one, ref in made.items() if one not in used])
    _say(tx, import_id, steps, _facts(steps, ids, made, _join_companies(tx, steps)))
    last = place + len(steps)
    gained = Counter[str](step.outcome for step in steps)
    imports.advance(tx, row, last, gained, "done" if last >= row.total or not steps else "")
    return True


def _say(tx: Transaction, import_id: str, steps: Sequence[Step], facts: Mapping[int, dict[str, Any]]) -> None:
    """What became of each row; the words of those that were refused stay, to be mended."""
    key = ("import_id", "line")
    done: list[tuple[Any, ...]] = [
        (import_id, step.n, step.contact_id, step.outcome, step.reason, facts[step.n], [])
        for step in steps if step.outcome != "refused"
    ]  # fmt: skip
    refused = [(import_id, step.n, "refused", step.reason) for step in steps if step.outcome == "refused"]
    batch.update(tx.connection, contact_import_row, key, DONE, done)
    batch.update(tx.connection, contact_import_row, key, ("outcome", "reason"), refused)


def _make_identities(tx: Transaction, entries: Sequence[Entry]) -> dict[Address, str]:
    """Make the addresses that nobody had; those made, with their ids."""
    wanted = sorted({one for entry in entries for one in entry.addresses})
    rows = [(new_id(tx.now), kind, value, tx.now) for kind, value in wanted]
    made = batch.insert_returning(
        tx.connection,
        identities,
        ("id", "kind", "value", "created_at"),
        rows,
        "id",
        "kind",
        "value",
        ignore=True,
    )
    return {(kind, value): ref for ref, kind, value in made}


def _write(
    tx: Transaction, act: str, by: str | None, book: Book, steps: Sequence[Step], ids: Mapping[Address, str]
) -> None:
    touched = {step.contact_id: None for step in steps if step.outcome in ("made", "completed")}
    cards = [book.cards[ref] for ref in touched]
    new: list[tuple[Any, ...]] = [
        (c.id, c.name, c.name_from, c.responsible_id, "", c.fields, {}, 0, tx.now, tx.now)
        for c in cards
        if c.new
    ]
    batch.insert(tx.connection, contact, CARD, new)
    old = [(c.id, c.name, c.name_from, c.responsible_id, c.fields, tx.now) for c in cards if not c.new]
    batch.update(
        tx.connection,
        contact,
        ("id",),
        ("name", "name_from", "responsible_id", "fields", "updated_at"),
        sorted(old),
    )
    links = [(s.contact_id, ids[one], "imported", 0, "", tx.now) for s in steps for one in s.links]
    batch.insert(tx.connection, contact_identity, LINK, links)
    likeness.note(tx, [link[:2] for link in links])
    known = {card.id for card in cards if not card.new}
    history = [
        (new_id(tx.now), act, "contact", step.contact_id, name, before, after, by, tx.now)
        for step in steps if step.outcome == "completed" and step.contact_id in known
        for name, (before, after) in step.changes.items()
    ]  # fmt: skip
    batch.insert(tx.connection, change, CHANGE, history)
    for ref in known:
        tx.changed("contact", ref, ref)


def _join_companies(tx: Transaction, steps: Sequence[Step]) -> tuple[dict[str, str], dict[str, str]]:
    """Put people into their companies, making those that are missing; all by name, and the missing ones."""
    names = list(dict.fromkeys(step.company for step in steps if step.company))
    sql = "SELECT min(k.id) AS id, k.name FROM {wanted} JOIN company k ON k.name = w.name GROUP BY k.name"
    known = {row.name: row.id for row in batch.select(tx.connection, sql, {"name": names})}
    made = {name: new_id(tx.now) for name in names if name not in known}
    batch.insert(
        tx.connection, company, ("id", "name", "fields", "created_at"),
        [(ref, name, {}, tx.now) for name, ref in made.items()],
    )  # fmt: skip
    ids = known | made
    batch.insert(
        tx.connection, contact_company, ("contact_id", "company_id", "role"),
        [(step.contact_id, ids[step.company], step.role) for step in steps if step.company], ignore=True,
    )  # fmt: skip
    return ids, made


def _facts(
    steps: Sequence[Step], ids: Mapping[Address, str], made: Mapping[Address, str],
    companies: tuple[dict[str, str], dict[str, str]],
) -> dict[int, dict[str, Any]]:  # fmt: skip
    """What each row changed. Of what several rows share the first one made it, and is the last to be taken back."""
    known, new = companies
    addresses, names = dict(made), dict(new)
    found: dict[int, dict[str, Any]] = {}
    for step in steps:
        mine = [ref for one in step.links if (ref := addresses.pop(one, ""))]
        facts = {
            "links": [ids[one] for one in step.links], "made": mine,
            "changes": {name: list(values) for name, values in step.changes.items()} if step.outcome == "completed" else {},
            "company": known.get(step.company, ""), "company_made": bool(names.pop(step.company, "")),
        }  # fmt: skip
        found[step.n] = {name: value for name, value in facts.items() if value}
    return found
