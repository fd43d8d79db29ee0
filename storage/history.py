"""What did one act change, field by field, and how is it taken back?

An act is one thing a person (or a rule) did. It sets fields of objects, makes objects, and ends as one line of the audit;
every value before and after is kept as a `change`, which is the history of every field and the way back in one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, Table, select, text

from storage import audit, batch
from storage.errors import Conflict
from storage.ids import new_id
from storage.tables import change, company, contact, conversation, deal, identity, message, task, touch
from storage.tables.base import Json, metadata
from storage.transaction import Transaction


def metadata_table(name: str) -> Table:
    """A table by its name."""
    return metadata.tables[name]


TABLES: Final[Mapping[str, Table]] = {
    "identity": identity, "contact": contact, "conversation": conversation, "deal": deal, "message": message, "touch": touch,
    "task": task, "company": company,
}  # fmt: skip
"""The order of locks: identities, contacts, conversations, deals, and then what hangs on them."""
COLUMNS = ("id", "act_id", "object_kind", "object_id", "field", "before", "after", "by_id", "at")


@dataclass(slots=True)
class Act:
    """One act under way; `close` writes it down. `by` "" is a rule of ours."""

    tx: Transaction
    by: str
    action: str
    id: str = ""
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.id = self.id or new_id(self.tx.now)

    def set(self, kind: str, object_id: str, **values: Any) -> Row[Any]:
        """Give fields of an object new values; `fields` merges into the document, null takes a field away.

        Returns the row as it was. Raises Conflict not_found.
        """
        row = row_of(self.tx, kind, object_id)
        changed: dict[str, Any] = {}
        for name, value in values.items():
            before = getattr(row, name)
            if name == "fields":
                value = self._merged(kind, object_id, before, value)
            elif value != before:
                self._keep(kind, object_id, name, before, value)
            if value != before:
                changed[name] = value
        _store(self.tx, kind, object_id, changed)
        return row

    def _merged(
        self, kind: str, object_id: str, before: dict[str, Any], given: Mapping[str, Any]
    ) -> dict[str, Any]:
        merged = dict(before)
        for name, value in given.items():
            if merged.get(name) != value:
                self._keep(kind, object_id, f"fields.{name}", merged.get(name), value)
                merged[name] = value
        return {name: value for name, value in merged.items() if value is not None}

    def set_many(self, kind: str, ids: Sequence[str], name: str, value: Any) -> int:
        """Give one field of many objects the same value, by one statement; how many had another before."""
        table = TABLES[kind].name
        owner = "t.id" if kind == "contact" else "t.contact_id"
        rows = [
            row
            for row in batch.select(
                self.tx.connection,
                f"SELECT t.id, {owner} AS contact_id, t.{name} AS before FROM {{wanted}} JOIN {table} t ON t.id = w.id",
                {"id": list(ids)},
            )
            if row.before != value
        ]
        for row in rows:
            self._keep(kind, row.id, name, row.before, value)
            self.tx.changed(kind, row.id, row.contact_id)
        batch.update(self.tx.connection, TABLES[kind], ("id",), (name,), [(row.id, value) for row in rows])
        return len(rows)

    def join(self, deal_id: str, contact_id: str, role: str = "client") -> None:
        """Make a contact a party of a deal; nothing for one who is."""
        added = self.tx.connection.execute(
            text("INSERT INTO deal_party (deal_id, contact_id, role, main) VALUES (:deal, :contact, :role, 0)"
                 " ON CONFLICT DO NOTHING"),
            {"deal": deal_id, "contact": contact_id, "role": role},
        )  # fmt: skip
        if added.rowcount:
            self._keep("deal_party", f"{deal_id} {contact_id}", "", None, role)

    def made(self, kind: str, object_id: str) -> None:
        """The act made this object; taking it back removes it."""
        self._keep(kind, object_id, "", None, True)

    def _keep(self, kind: str, object_id: str, name: str, before: Any, after: Any) -> None:
        self.rows.append(
            (new_id(self.tx.now), self.id, kind, object_id, name, before, after, self.by or None, self.tx.now)
        )

    def close(self, object_kind: str, object_id: str, facts: Mapping[str, Any] | None = None) -> str:
        """Write the act down; its id, by which it is taken back. An act that changed nothing leaves no trace: ""."""
        if not self.rows:
            return ""
        batch.insert(self.tx.connection, change, COLUMNS, self.rows)
        audit.note(
            self.tx, self.by or None, self.action, object_kind, object_id,
            {**(facts or {}), "fields": sorted({row[4] for row in self.rows if row[4]})}, audit_id=self.id,
        )  # fmt: skip
        return self.id


def row_of(tx: Transaction, kind: str, object_id: str) -> Row[Any]:
    """The object, held until the end of the transaction. Raises Conflict not_found."""
    table = TABLES[kind]
    found = tx.connection.execute(select(table).where(table.c.id == object_id).with_for_update()).first()
    if found is None:
        raise Conflict("not_found", 404)
    return found


def _store(tx: Transaction, kind: str, object_id: str, values: Mapping[str, Any]) -> None:
    table = TABLES[kind]
    if not values:
        return
    stamp = {"updated_at": tx.now} if "updated_at" in table.c else {}
    tx.connection.execute(table.update().where(table.c.id == object_id).values(**values, **stamp))
    _tell(tx, kind, object_id)


def _tell(tx: Transaction, kind: str, object_id: str) -> None:
    table = TABLES[kind]
    owner = "id" if kind == "contact" else "contact_id"
    contact_id = None
    if owner in table.c:
        contact_id = tx.connection.execute(select(table.c[owner]).where(table.c.id == object_id)).scalar()
    tx.changed(kind, object_id, contact_id)
    tx.ring("router")


def undo(tx: Transaction, act_id: str, by: str, *, tolerant: bool = False) -> None:
    """Put everything an act changed back, and remove what it made; `tolerant`: what was changed again since stays.

    Raises Conflict not_found for an unknown act, not_now when something of it was changed again since, or done already.
    """
    rows = tx.connection.execute(select(change).where(change.c.act_id == act_id).order_by(change.c.id)).all()
    if not rows and tolerant:
        return
    if not rows:
        raise Conflict("not_found", 404)
    back = Act(tx, by, "undo")
    alone = Counter((row.object_kind, row.object_id) for row in rows)
    many = [
        row
        for row in rows
        if row.object_kind in BULK and row.field in MANY and alone[row.object_kind, row.object_id] == 1
    ]
    _many_back(tx, back, many, tolerant)
    objects: dict[tuple[str, str], list[Row[Any]]] = {}
    for row in rows:
        if row not in many:
            objects.setdefault((row.object_kind, row.object_id), []).append(row)
    for (kind, object_id), of_one in sorted(
        objects.items(), key=lambda one: any(not r.field for r in one[1])
    ):
        if kind == "deal_party":
            _leave(tx, *object_id.split(" "))
        else:
            _back(tx, back, kind, object_id, of_one, tolerant)
    first = rows[0]
    if not back.close(first.object_kind, first.object_id, {"of": act_id}):
        audit.note(tx, by, "undo", first.object_kind, first.object_id, {"of": act_id})


MANY: Final = frozenset({"deal_id", "nature", "responsible_id", "assignee_id", "owner_id"})
"""Fields that one act gives many objects at once."""
BULK: Final = frozenset({"message", "touch", "contact", "conversation", "deal", "task"})


def _many_back(tx: Transaction, back: Act, rows: Sequence[Row[Any]], tolerant: bool) -> None:
    """Put one field of many objects back, a statement for each kind and value."""
    groups: dict[tuple[str, str, Any], list[Row[Any]]] = {}
    for row in rows:
        groups.setdefault((row.object_kind, row.field, row.before), []).append(row)
    for (kind, name, before), group in groups.items():
        ids = [row.object_id for row in group]
        present = batch.select(
            tx.connection,
            f"SELECT t.id, t.{name} AS value FROM {{wanted}} JOIN {TABLES[kind].name} t ON t.id = w.id",
            {"id": ids},
        )
        after = {row.object_id: row.after for row in group}
        same = [row.id for row in present if row.value == after[row.id]]
        if len(same) < len(present) and not tolerant:
            raise Conflict("not_now")
        back.set_many(kind, same, name, before)


def _leave(tx: Transaction, deal_id: str, contact_id: str) -> None:
    """A party that an act made is none any more, unless something of theirs is on the deal."""
    tx.connection.execute(
        text("DELETE FROM deal_party WHERE deal_id = :deal AND contact_id = :contact AND NOT EXISTS"
             " (SELECT 1 FROM message m WHERE m.deal_id = :deal AND m.contact_id = :contact)"),
        {"deal": deal_id, "contact": contact_id},
    )  # fmt: skip


def _back(
    tx: Transaction, back: Act, kind: str, object_id: str, rows: list[Row[Any]], tolerant: bool
) -> None:
    try:
        now = row_of(tx, kind, object_id)
    except Conflict:
        if tolerant:
            return
        raise Conflict("not_now") from None
    if any(row.field == "" for row in rows):
        if kind == "deal" and _in_use(tx, object_id):
            return
        tx.connection.execute(TABLES[kind].delete().where(TABLES[kind].c.id == object_id))
        tx.changed(kind, object_id, getattr(now, "contact_id", None))
        return
    values: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    for row in rows:
        name = row.field.removeprefix("fields.")
        inner = name != row.field
        present = now.fields.get(name) if inner else getattr(now, name)
        if present != row.after:
            if tolerant:
                continue
            raise Conflict("not_now")
        (fields if inner else values)[name] = row.before
    if fields:
        values["fields"] = fields
    back.set(kind, object_id, **values)


def _in_use(tx: Transaction, deal_id: str) -> bool:
    """Whether something is on a deal: then it stays, for nothing said may be without its deal."""
    found = tx.connection.execute(
        text("SELECT 1 FROM message WHERE deal_id = :id LIMIT 1"), {"id": deal_id}
    ).first()
    if found is None:
        for table in ("deal_party", "stage_history"):
            tx.connection.execute(text(f"DELETE FROM {table} WHERE deal_id = :id"), {"id": deal_id})
    return found is not None


def of(connection: Connection, object_id: str, limit: int = 200) -> list[Row[Any]]:
    """The history of every field of an object, newest first, with who changed it."""
    return list(
        connection.execute(
            text(
                "SELECT c.id, c.act_id, c.field, c.before, c.after, c.by_id, m.name AS by_name, c.at, a.action FROM change c"
                " LEFT JOIN member m ON m.id = c.by_id LEFT JOIN audit_log a ON a.id = c.act_id"
                " WHERE c.object_id = :id ORDER BY c.at DESC, c.id DESC LIMIT :limit"
            ).columns(before=Json(), after=Json()),
            {"id": object_id, "limit": limit},
        )
    )


def action_of(connection: Connection, act_id: str) -> Row[Any] | None:
    """What kind of act it was, whose, and on what: action, member_id, object_kind, object_id, facts."""
    return connection.execute(
        text("SELECT action, member_id, object_kind, object_id, facts FROM audit_log WHERE id = :id"),
        {"id": act_id},
    ).first()


def facts_of(row: Row[Any]) -> dict[str, Any]:
    """The facts of an audit line."""
    found: dict[str, Any] = orjson.loads(row.facts)
    return found
