"""What does a board of deals show? Columns with their sums, cards page by page, and what a card says beside its deal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, String, bindparam, text

from storage import batch, search
from storage.reach import Reach
from storage.tables.base import Json

MOST_FOUND: Final = 200
"""Contacts whose deals a search looks through."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which open deals: of whom, and with these words."""

    pipeline_id: str
    reach: Reach
    owner_id: str | None = None
    """Only of this owner, if they are within reach."""
    words: str = ""

    @property
    def where(self) -> str:
        """The condition on `deal d`, along ix_deal_board."""
        own = "" if self.owner_id is None else " AND d.owner_id = :owner"
        if not self.reach.everybody:
            own += f" AND {self.reach.holds('d')}"
        found = f" AND ({FOUND})" if self.words else ""
        return f"d.pipeline_id = :pipeline AND d.open = 1{own}{found}"


FOUND: Final = "d.number = :number OR d.contact_id IN :contacts OR " + " OR ".join(
    f"d.title LIKE :like{n} ESCAPE '\\'" for n in range(4)
)
"""SQLite folds the case of Latin letters only, so the usual spellings of a word are all looked for."""


def _run(connection: Connection, wanted: Wanted, sql: str, **more: Any) -> list[Row[Any]]:
    """The rows of `sql`, in which `{wanted}` is the condition on `deal d`."""
    values: dict[str, Any] = {
        "pipeline": wanted.pipeline_id,
        "owner": wanted.owner_id,
        **more,
        **wanted.reach.values,
    }
    statement = text(sql.format(wanted=wanted.where))
    if wanted.words:
        statement = statement.bindparams(bindparam("contacts", type_=String, expanding=True))
        values |= {
            "contacts": search.contacts(connection, wanted.words, MOST_FOUND),
            **_spellings(wanted.words),
        }
    if "ids" in more:
        statement = statement.bindparams(bindparam("ids", type_=String, expanding=True))
    return list(connection.execute(statement, values))


def _spellings(words: str) -> dict[str, Any]:
    said = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    forms = (said, said.lower(), said.upper(), said[:1].upper() + said[1:].lower())
    number = words.lstrip("№# ")
    short = number.isascii() and number.isdigit() and len(number) < 15
    return {
        "number": int(number) if short else -1,
        **{f"like{n}": f"%{form}%" for n, form in enumerate(forms)},
    }


def columns(connection: Connection, wanted: Wanted) -> list[Row[Any]]:
    """(stage_id, currency, deals, amount) of open deals."""
    return _run(
        connection, wanted,
        "SELECT d.stage_id, d.currency, count(*) AS deals, coalesce(sum(d.amount), 0) AS amount FROM deal d"
        " WHERE {wanted} GROUP BY d.stage_id, d.currency ORDER BY d.stage_id, d.currency",
    )  # fmt: skip


def cards(
    connection: Connection, wanted: Wanted, stage_id: str, before: tuple[int, str] | None, limit: int
) -> list[str]:
    """The deals of a column, most recently active first; `before` is the last card's (last_activity_at, id)."""
    at, last = before or (2**62, "")
    rows = _run(
        connection, wanted,
        "SELECT d.id FROM deal d WHERE {wanted} AND d.stage_id = :stage AND d.last_activity_at <= :at"
        " AND (d.last_activity_at < :at OR d.id > :last) ORDER BY d.last_activity_at DESC, d.id LIMIT :limit",
        stage=stage_id, at=at, last=last, limit=limit,
    )  # fmt: skip
    return [row.id for row in rows]


def still_there(connection: Connection, wanted: Wanted, ids: Sequence[str]) -> list[str]:
    """Those of these deals that stand on the board."""
    return [
        row.id
        for row in _run(
            connection, wanted, "SELECT d.id FROM deal d WHERE {wanted} AND d.id IN :ids", ids=list(ids)
        )
    ]


@dataclass(slots=True)
class Facts:
    """What cards say beside their deals, each by the deal's id."""

    contacts: dict[str, Row[Any]]
    """contact_id, name, phone."""
    talks: dict[str, Row[Any]]
    """The conversation in which the client spoke last: conversation_id, source_id, waiting_since, deadline_at, state."""
    tasks: dict[str, list[Row[Any]]] = field(default_factory=dict)
    """Open tasks, the most urgent first."""
    asked: dict[str, Row[Any]] = field(default_factory=dict)
    """The newest question to the head: open, or refused since the deal came to its stage."""


def facts(connection: Connection, deal_ids: Sequence[str]) -> Facts:
    """What these deals' cards show; four statements whatever their number."""
    ids = {"id": list(deal_ids)}
    found = Facts(
        {row.deal_id: row for row in batch.select(connection, CONTACT, ids)},
        {row.deal_id: row for row in batch.select(connection, TALK, ids)},
    )
    for row in batch.select(connection, TASK, ids):
        found.tasks.setdefault(row.deal_id, []).append(row)
    found.asked = {row.deal_id: row for row in batch.select(connection, ASKED, ids)}
    return found


CONTACT: Final = (
    "SELECT w.id AS deal_id, c.id, c.name, (SELECT i.value FROM contact_identity l JOIN identity i ON i.id = l.identity_id"
    " AND i.kind = 'phone' WHERE l.contact_id = c.id ORDER BY l.verified DESC, l.created_at LIMIT 1) AS phone"
    " FROM {wanted} JOIN deal d ON d.id = w.id JOIN contact c ON c.id = d.contact_id"
)
TALK: Final = (
    "SELECT p.deal_id, c.id, c.source_id, c.state, c.waiting_since, c.deadline_at FROM {wanted}"
    " JOIN deal_party p ON p.deal_id = w.id JOIN conversation c ON c.contact_id = p.contact_id AND c.deal_id = p.deal_id"
    " AND c.nature NOT IN ('personal', 'spam', 'blocked') ORDER BY coalesce(c.last_client_at, 0), c.last_at, c.id"
)
"""The last of a deal's is the one that counts."""
TASK: Final = (
    "SELECT t.deal_id, t.id, t.kind, t.title, t.due_at FROM {wanted} JOIN task t ON t.deal_id = w.id AND t.done_at IS NULL"
    " ORDER BY coalesce(t.due_at, 9007199254740990), t.id"
)
ASKED: Final = (
    "SELECT p.deal_id, p.id, p.state, p.asked_at, p.settled_at, p.comment, p.by_id, m.name AS by_name, p.stage_id,"
    " s.name AS stage FROM {wanted} JOIN approval p ON p.deal_id = w.id AND (p.state = 'open' OR p.state = 'refused'"
    " AND NOT EXISTS (SELECT 1 FROM stage_history h WHERE h.deal_id = p.deal_id AND h.at > p.settled_at))"
    " JOIN stage s ON s.id = p.stage_id LEFT JOIN member m ON m.id = p.by_id ORDER BY p.asked_at"
)


def not_contacted(connection: Connection, owner_id: str) -> list[str]:
    """A person's open deals whose client nobody has been in touch with since they took them, the oldest first."""
    rows = connection.execute(
        text("SELECT id FROM deal WHERE owner_id = :owner AND open = 1 AND quiet = 0 AND accepted_at IS NOT NULL"
             " AND first_contact_at IS NULL ORDER BY accepted_at, id LIMIT 100"),
        {"owner": owner_id},
    )  # fmt: skip
    return [row.id for row in rows]


def talks(connection: Connection, deal_id: str) -> list[str]:
    """The conversations in which something was said about a deal, the newest first."""
    rows = connection.execute(
        text("SELECT conversation_id, max(at) AS last FROM message WHERE deal_id = :id GROUP BY conversation_id"
             " ORDER BY last DESC, conversation_id LIMIT 100"),
        {"id": deal_id},
    )  # fmt: skip
    return [row.conversation_id for row in rows]


def whole(connection: Connection, deal_id: str) -> Row[Any]:
    """What a deal's own page shows beside its card."""
    return connection.execute(
        text("SELECT contact_id, pipeline_id, fields, accepted_at, first_contact_at, lost_reason, source_id FROM deal"
             " WHERE id = :id").columns(fields=Json()),
        {"id": deal_id},
    ).one()  # fmt: skip
