"""How do two cards become one person's? Merging, and its exact way back, with whatever was said later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, insert, select, text, update

from storage import batch, history, leads, likeness
from storage.errors import Conflict
from storage.history import Act, row_of
from storage.ids import new_id
from storage.moving import move_all, new_lead
from storage.tables import contact_identity, contact_merge, conversation
from storage.tasks import close_tasks
from storage.transaction import Transaction

FIELDS: Final = ("name", "responsible_id")
"""What a person chooses between, besides the contacts' own fields."""
LINK: Final = ("contact_id", "identity_id", "origin", "verified", "name", "created_at")
SETS: Final = (
    ("contact_identity", "identity_id"),
    ("deal_party", "deal_id"),
    ("contact_company", "company_id"),
)
"""What two cards may both have, each once."""
HANGING: Final = ("task", "touch", "consent")


def merge(tx: Transaction, kept_id: str, gone_id: str, by: str, chosen: Mapping[str, str]) -> str:
    """Make one card of two; `chosen` says for a field whose value stays ("kept" or "gone"). The merge's id.

    Raises Conflict not_found, bad_request, not_now for a card that is merged already.
    """
    kept, gone = _held(tx, kept_id, gone_id)
    act = Act(tx, by, "contact.merge")
    facts = _move(tx, kept_id, gone_id)
    act.set("contact", kept_id, **_chosen(kept, gone, chosen))
    act.set("contact", gone_id, merged_into=kept_id)
    _one_lead(act, kept_id)
    act.close("contact", kept_id, {"gone": gone_id})
    made = new_id(tx.now)
    tx.connection.execute(
        insert(contact_merge).values(
            id=made, kept_id=kept_id, gone_id=gone_id, by_id=by, at=tx.now, act_id=act.id, facts=facts
        )
    )
    likeness.follow(tx, kept_id, gone_id)
    _tell(tx, kept_id, gone_id)
    return made


def _held(tx: Transaction, kept_id: str, gone_id: str) -> tuple[Row[Any], Row[Any]]:
    """Both cards, their addresses held before them, so that no message can pass by."""
    if kept_id == gone_id:
        raise Conflict("bad_request", 422, field="gone_id")
    lock = " FOR UPDATE OF i" if tx.connection.dialect.name == "postgresql" else ""
    tx.connection.execute(
        text("SELECT i.id FROM identity i WHERE i.id IN (SELECT identity_id FROM contact_identity"
             f" WHERE contact_id IN (:a, :b)) ORDER BY i.kind, i.value{lock}"),
        {"a": kept_id, "b": gone_id},
    ).all()  # fmt: skip
    rows = {ref: row_of(tx, "contact", ref) for ref in sorted((kept_id, gone_id))}
    if any(row.merged_into for row in rows.values()):
        raise Conflict("not_now")
    return rows[kept_id], rows[gone_id]


def _chosen(kept: Row[Any], gone: Row[Any], chosen: Mapping[str, str]) -> dict[str, Any]:
    """The values that stay: what was chosen, else the kept card's, else the other's."""
    values: dict[str, Any] = {}
    for name in FIELDS:
        mine, theirs = getattr(kept, name), getattr(gone, name)
        values[name] = theirs if chosen.get(name) == "gone" or not mine else mine
    if values["name"] != kept.name:
        values["name_from"] = gone.name_from
    fields = {
        name: value
        for name, value in gone.fields.items()
        if chosen.get(name) == "gone" or not kept.fields.get(name)
    }
    return {**values, **({"fields": fields} if fields else {})}


def _ids(tx: Transaction, sql: str, **values: Any) -> list[str]:
    return [row[0] for row in tx.connection.execute(text(sql), values)]


def _move(tx: Transaction, kept_id: str, gone_id: str) -> dict[str, Any]:
    """Everything of the one card to the other; what is needed to tell the rows apart again."""
    who = {"kept": kept_id, "gone": gone_id}
    facts: dict[str, Any] = {
        "links": [
            dict(zip(LINK, row, strict=True))
            for row in tx.connection.execute(
                select(*(contact_identity.c[name] for name in LINK)).where(
                    contact_identity.c.contact_id == gone_id
                )
            )
        ],
        "own": _ids(tx, "SELECT identity_id FROM contact_identity WHERE contact_id = :kept", **who),
        "conversations": _ids(tx, "SELECT id FROM conversation WHERE contact_id = :gone", **who),
        "deals": _ids(tx, "SELECT id FROM deal WHERE contact_id = :gone", **who),
        "parties": [
            list(row)
            for row in tx.connection.execute(
                text("SELECT deal_id, role, main FROM deal_party WHERE contact_id = :gone"), who
            )
        ],
        "own_parties": _ids(tx, "SELECT deal_id FROM deal_party WHERE contact_id = :kept", **who),
        "companies": [
            list(row)
            for row in tx.connection.execute(
                text("SELECT company_id, role FROM contact_company WHERE contact_id = :gone"), who
            )
        ],
        "own_companies": _ids(tx, "SELECT company_id FROM contact_company WHERE contact_id = :kept", **who),
    }
    for table in HANGING:
        facts[table] = _ids(tx, f"SELECT id FROM {table} WHERE contact_id = :gone", **who)
    for table in ("conversation", "message", "deal", *HANGING):
        tx.connection.execute(text(f"UPDATE {table} SET contact_id = :kept WHERE contact_id = :gone"), who)
    for table, other in SETS:
        tx.connection.execute(
            text(f"DELETE FROM {table} WHERE contact_id = :gone AND {other} IN"
                 f" (SELECT {other} FROM {table} WHERE contact_id = :kept)"),
            who,
        )  # fmt: skip
        tx.connection.execute(text(f"UPDATE {table} SET contact_id = :kept WHERE contact_id = :gone"), who)
    return facts


def _one_lead(act: Act, contact_id: str) -> None:
    """Two unqualified leads become the older one; working deals stay."""
    rows = act.tx.connection.execute(
        text("SELECT id, owner_id FROM deal WHERE contact_id = :id AND open = 1 AND stage_kind = 'lead'"
             f" ORDER BY CASE WHEN owner_id IS NULL THEN 1 ELSE 0 END, created_at, id{act.tx.for_update}"),
        {"id": contact_id},
    ).all()  # fmt: skip
    for lead in rows[1:]:
        if lead.owner_id not in (None, rows[0].owner_id):
            continue  # two people are at it: they settle it themselves
        leads.withdraw(act.tx, lead.id)
        move_all(act, lead.id, rows[0].id)
        close_tasks(act, lead.id)
        act.set(
            "deal", lead.id, open=0, stage_kind="merged", merged_into=rows[0].id, waiting="", next_at=None,
            closed_at=act.tx.now,
        )  # fmt: skip


def unmerge(tx: Transaction, merge_id: str, by: str, stage: tuple[str, str]) -> None:
    """Two cards again, each with its own addresses and with all that was ever said there.

    Raises Conflict not_found; not_now when it was undone, or a card was merged further since.
    """
    found = tx.connection.execute(
        select(contact_merge).where(contact_merge.c.id == merge_id).with_for_update()
    ).first()
    if found is None:
        raise Conflict("not_found", 404)
    kept, gone = (row_of(tx, "contact", ref) for ref in (found.kept_id, found.gone_id))
    if found.undone_at is not None or kept.merged_into or gone.merged_into != kept.id:
        raise Conflict("not_now")
    facts = found.facts
    talks = _part(tx, found, facts)
    history.undo(tx, found.act_id, by, tolerant=True)
    for contact_id in (found.kept_id, found.gone_id):
        _attach_again(tx, contact_id, by, stage)
    tx.connection.execute(
        update(contact_merge).where(contact_merge.c.id == merge_id).values(undone_at=tx.now, undone_by=by)
    )
    for ref in talks:
        tx.changed("conversation", ref, found.gone_id)
    _tell(tx, found.kept_id, found.gone_id)


def _part(tx: Transaction, found: Row[Any], facts: Mapping[str, Any]) -> list[str]:
    """Give the other card its addresses, its conversations (later ones too) and what hangs on them; the conversations."""
    kept_id, gone_id = found.kept_id, found.gone_id
    links = facts["links"]
    alone = [link["identity_id"] for link in links if link["identity_id"] not in set(facts["own"])]
    batch.delete(
        tx.connection, contact_identity, ("contact_id", "identity_id"), [(kept_id, ref) for ref in alone]
    )
    if links:
        tx.connection.execute(insert(contact_identity), links)
    talks = dict.fromkeys(facts["conversations"])
    for row in batch.select(
        tx.connection,
        "SELECT c.id FROM {wanted} JOIN conversation c ON c.identity_id = w.id AND c.contact_id = :kept",
        {"id": alone},
        kept=kept_id,
    ):
        talks[row.id] = None
    ids = list(talks)
    batch.update(tx.connection, conversation, ("id",), ("contact_id",), [(ref, gone_id) for ref in ids])
    _set_contact(tx, "message", "conversation_id", ids, gone_id)
    _set_contact(tx, "deal", "id", facts["deals"], gone_id)
    _set_contact(tx, "deal", "conversation_id", ids, gone_id, since=found.at)
    for table in HANGING:
        _set_contact(tx, table, "id", facts[table], gone_id)
    _set_contact(tx, "task", "conversation_id", ids, gone_id, since=found.at)
    for table in ("touch", "consent"):
        tx.connection.execute(
            text(f"UPDATE {table} SET contact_id = :gone WHERE contact_id = :kept AND message_id IN"
                 " (SELECT id FROM message WHERE contact_id = :gone)"),
            {"gone": gone_id, "kept": kept_id},
        )  # fmt: skip
    _part_parties(tx, found, facts)
    _part_companies(tx, found, facts)
    return ids


def _set_contact(
    tx: Transaction, table: str, column: str, ids: Sequence[str], contact_id: str, since: int = 0
) -> None:
    later = " AND t.created_at >= :since" if since else " AND 0 = :since"
    rows = batch.select(
        tx.connection,
        f"SELECT t.id FROM {{wanted}} JOIN {table} t ON t.{column} = w.id{later}",
        {"id": list(ids)},
        since=since,
    )
    batch.update(
        tx.connection,
        history.metadata_table(table),
        ("id",),
        ("contact_id",),
        [(row.id, contact_id) for row in rows],
    )


def _part_companies(tx: Transaction, found: Row[Any], facts: Mapping[str, Any]) -> None:
    """Who belongs to which company, as before; one that was left while they were one card stays left, a role stays changed."""
    own = set(facts.get("own_companies", ()))
    for company_id, role in facts.get("companies", ()):
        which = {"company": company_id, "kept": found.kept_id, "gone": found.gone_id, "role": role}
        now = tx.connection.execute(
            text("SELECT role FROM contact_company WHERE contact_id = :kept AND company_id = :company"), which
        ).first()
        if now is None:
            continue
        if company_id not in own:
            which["role"] = now.role
            tx.connection.execute(
                text("DELETE FROM contact_company WHERE contact_id = :kept AND company_id = :company"), which
            )
        tx.connection.execute(
            text("INSERT INTO contact_company (contact_id, company_id, role) VALUES (:gone, :company, :role)"
                 " ON CONFLICT DO NOTHING"),
            which,
        )  # fmt: skip


def _part_parties(tx: Transaction, found: Row[Any], facts: Mapping[str, Any]) -> None:
    """Who takes part in which deal, as before; of later deals each has its own."""
    own = set(facts["own_parties"])
    for deal_id, role, main in facts["parties"]:
        if deal_id not in own:
            tx.connection.execute(
                text("DELETE FROM deal_party WHERE deal_id = :deal AND contact_id = :kept"),
                {"deal": deal_id, "kept": found.kept_id},
            )
        tx.connection.execute(
            text("INSERT INTO deal_party (deal_id, contact_id, role, main) VALUES (:deal, :gone, :role, :main)"
                 " ON CONFLICT DO NOTHING"),
            {"deal": deal_id, "gone": found.gone_id, "role": role, "main": main},
        )  # fmt: skip
    tx.connection.execute(
        text("UPDATE deal_party SET contact_id = :gone WHERE contact_id = :kept AND main = 1 AND deal_id IN"
             " (SELECT id FROM deal WHERE contact_id = :gone AND created_at >= :at)"),
        {"gone": found.gone_id, "kept": found.kept_id, "at": found.at},
    )  # fmt: skip


def _attach_again(tx: Transaction, contact_id: str, by: str, stage: tuple[str, str]) -> None:
    """What was said while they were one, and went to the other's deal, goes to one's own: the most recent open, or a new lead."""
    strange = tx.connection.execute(
        text("SELECT m.id, m.conversation_id, m.source_id FROM message m WHERE m.contact_id = :id AND m.deal_id IS NOT NULL"
             " AND NOT EXISTS (SELECT 1 FROM deal_party p WHERE p.deal_id = m.deal_id AND p.contact_id = :id)"
             " ORDER BY m.at, m.seq, m.id"),
        {"id": contact_id},
    ).all()  # fmt: skip
    if not strange:
        return
    act = Act(tx, by, "message.move")
    own = tx.connection.execute(
        text("SELECT d.id FROM deal d JOIN deal_party p ON p.deal_id = d.id AND p.contact_id = :id WHERE d.open = 1"
             " ORDER BY d.last_activity_at DESC, d.created_at DESC, d.id DESC LIMIT 1"),
        {"id": contact_id},
    ).scalar()  # fmt: skip
    talk = row_of(tx, "conversation", strange[-1].conversation_id)
    target = own or new_lead(act, talk, None, stage)
    act.set_many("message", [row.id for row in strange], "deal_id", target)
    for ref in dict.fromkeys(row.conversation_id for row in strange):
        act.set("conversation", ref, deal_id=target, pinned_deal_id=None)
    act.close("contact", contact_id, {"to": target})


def _tell(tx: Transaction, *contacts: str) -> None:
    for ref in contacts:
        tx.changed("contact", ref, ref)
        for talk in _ids(tx, "SELECT id FROM conversation WHERE contact_id = :id", id=ref):
            tx.changed("conversation", talk, ref)
    tx.ring("router")


def merges_of(connection: Connection, contact_id: str) -> list[Row[Any]]:
    """Merges into a card that still hold, newest first."""
    return list(
        connection.execute(
            text("SELECT g.id, g.gone_id, c.name AS gone_name, g.at, g.by_id, m.name AS by_name FROM contact_merge g"
                 " JOIN contact c ON c.id = g.gone_id LEFT JOIN member m ON m.id = g.by_id"
                 " WHERE g.kept_id = :id AND g.undone_at IS NULL ORDER BY g.at DESC, g.id DESC"),
            {"id": contact_id},
        )
    )  # fmt: skip


def stored(row: Row[Any]) -> dict[str, Any]:
    """The facts of a merge, whatever way they were read."""
    facts: dict[str, Any] = row.facts if isinstance(row.facts, dict) else orjson.loads(row.facts)
    return facts
