"""What do a contact, a deal, a task, an offer and a decision show?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from storage import batch, standing
from storage.decisions import RECORD, record_of
from storage.reach import Reach

DEAL = (
    "SELECT d.id, d.number, d.title, d.contact_id, d.stage_id, s.name AS stage, d.stage_kind, d.amount, d.currency, d.owner_id,"
    " m.name AS owner_name, d.queue_id, q.name AS queue_name, d.waiting, d.repeat, d.quiet, d.created_at,"
    " d.last_activity_at, d.closed_at, d.open, d.source_id, d.conversation_id, d.attribution"
    " FROM {wanted} JOIN deal d ON d.id = w.id JOIN stage s ON s.id = d.stage_id"
    " LEFT JOIN member m ON m.id = d.owner_id LEFT JOIN queue q ON q.id = d.queue_id ORDER BY w.n"
)


def contact(connection: Connection, contact_id: str) -> Row[Any] | None:
    """A contact with its responsible."""
    return connection.execute(
        text(
            "SELECT c.id, c.name, c.responsible_id, m.name AS responsible_name, c.attribution, c.merged_into"
            " FROM contact c LEFT JOIN member m ON m.id = c.responsible_id WHERE c.id = :id"
        ),
        {"id": contact_id},
    ).first()


ADDRESS: Final = "i.id, i.kind, i.value, i.username, i.shared, i.blocked, l.origin, l.verified, l.name"
"""What a card shows of an address, whether it is asked for or told as news."""


def identities(connection: Connection, contact_id: str) -> list[Row[Any]]:
    """A contact's addresses, proved ones first."""
    return list(
        connection.execute(
            text(
                f"SELECT {ADDRESS} FROM contact_identity l"
                " JOIN identity i ON i.id = l.identity_id WHERE l.contact_id = :id ORDER BY l.verified DESC, l.created_at"
            ),
            {"id": contact_id},
        )
    )


def addresses(connection: Connection, contact_id: str) -> list[Row[Any]]:
    """The contact's conversations as ways to write: the newest of each address on each source."""
    return list(
        connection.execute(
            text(
                "SELECT c.id, c.source_id, c.identity_id, c.last_at, i.kind, i.value,"
                f" {standing.UNREACHABLE} AS unreachable, {standing.REASON} AS reason,"
                f" {standing.ANCHOR}, {standing.STANDING} FROM conversation c {standing.JOINED}"
                " JOIN identity i ON i.id = c.identity_id"
                " LEFT JOIN address a ON a.source_id = c.source_id AND a.identity_id = c.identity_id"
                " WHERE c.contact_id = :id ORDER BY c.last_at DESC"
            ),
            {"id": contact_id},
        )
    )


def deals_of(connection: Connection, contact_id: str) -> list[str]:
    """The deals a contact is a party of, open ones first, newest first."""
    rows = connection.execute(
        text(
            "SELECT d.id FROM deal_party p JOIN deal d ON d.id = p.deal_id WHERE p.contact_id = :id"
            " ORDER BY d.open DESC, d.last_activity_at DESC, d.id LIMIT 50"
        ),
        {"id": contact_id},
    )
    return [row.id for row in rows]


def deals(connection: Connection, ids: Sequence[str]) -> list[Row[Any]]:
    """Deals with their stage, owner and queue."""
    return batch.select(connection, DEAL, {"id": list(ids)})


def find_deals(connection: Connection, words: str, limit: int, reach: Reach, *, titles: bool) -> list[str]:
    """Deals by number or (`titles`) words of the title, of those within reach."""
    number = int(words.lstrip("№# ")) if words.lstrip("№# ").isdigit() and len(words) < 15 else -1
    within = "" if reach.everybody else f" AND {reach.deal('d')}"
    rows = connection.execute(
        text(
            f"SELECT d.id FROM deal d WHERE (d.number = :number{' OR d.title LIKE :words' if titles or not words else ''})"
            f"{within} ORDER BY d.open DESC, d.last_activity_at DESC LIMIT :limit"
        ),
        {"number": number, "words": f"%{words}%" if words else "%", "limit": limit, **reach.given(within)},
    )
    return [row.id for row in rows]


def tasks(
    connection: Connection, *, contact_id: str | None = None, task_id: str | None = None
) -> list[Row[Any]]:
    """A contact's open tasks, or one task."""
    where = "t.id = :id" if task_id is not None else "t.contact_id = :id AND t.done_at IS NULL"
    return list(
        connection.execute(
            text(
                "SELECT t.id, t.kind, t.title, t.due_at, t.done_at, t.result, t.owner_id, m.name AS owner_name, t.deal_id,"
                " t.contact_id, c.name AS contact_name FROM task t LEFT JOIN member m ON m.id = t.owner_id"
                f" LEFT JOIN contact c ON c.id = t.contact_id WHERE {where} ORDER BY t.due_at, t.id"
            ),
            {"id": task_id or contact_id},
        )
    )


OFFER = (
    "SELECT o.id, o.deal_id, o.member_id, o.broadcast, o.state, o.offered_at, o.expires_at, o.extended, o.decision_id,"
    " d.number, d.title, d.stage_kind, d.contact_id, d.source_id, d.conversation_id, d.created_at, d.repeat,"
    " d.owner_id, d.attribution, s.name AS stage, c.name AS contact_name, m.name AS owner_name, k.last_text,"
    " (SELECT i.value FROM contact_identity l JOIN identity i ON i.id = l.identity_id AND i.kind = 'phone'"
    " WHERE l.contact_id = d.contact_id ORDER BY l.verified DESC, l.created_at LIMIT 1) AS phone"
    " FROM {wanted} JOIN offer o ON o.id = w.id JOIN deal d ON d.id = o.deal_id JOIN stage s ON s.id = d.stage_id"
    " JOIN contact c ON c.id = d.contact_id LEFT JOIN member m ON m.id = d.owner_id"
    " LEFT JOIN conversation k ON k.id = d.conversation_id ORDER BY w.n"
)


def offers(connection: Connection, ids: Sequence[str]) -> list[Row[Any]]:
    """Offers with their lead."""
    return batch.select(connection, OFFER, {"id": list(ids)})


def open_offers(connection: Connection, member_id: str, now: int) -> list[str]:
    """A member's open offers, oldest first."""
    rows = connection.execute(
        text(
            "SELECT id FROM offer WHERE member_id = :me AND state = 'open' AND expires_at > :now ORDER BY offered_at, id"
        ),
        {"me": member_id, "now": now},
    )
    return [row.id for row in rows]


def offer_owner(connection: Connection, offer_id: str) -> str | None:
    """The member an offer was made to."""
    found: str | None = connection.execute(
        text("SELECT member_id FROM offer WHERE id = :id"), {"id": offer_id}
    ).scalar()
    return found


def decisions(
    connection: Connection,
    *,
    message_id: str | None = None,
    deal_id: str | None = None,
    decision_id: str | None = None,
) -> list[dict[str, Any]]:
    """Stored decisions about a message, of a deal (how it was routed), or one; newest first."""
    if message_id is not None:
        where, value = "d.message_id = :value", message_id
    elif deal_id is not None:
        where, value = "d.deal_id = :value AND d.kind <> 'attach'", deal_id
    else:
        where, value = "d.id = :value", decision_id or ""
    rows = connection.execute(
        text(
            f"SELECT d.id, d.at, d.chosen, d.contact_id, {RECORD}"
            f" WHERE {where} ORDER BY d.at DESC, d.id DESC LIMIT 50"
        ),
        {"value": value},
    )
    return [
        {
            **record_of((row.record, row.list)),
            "id": row.id,
            "at": row.at,
            "picked": row.chosen,
            "contact_id": row.contact_id,
        }
        for row in rows
    ]


def names(connection: Connection, ids: Sequence[str], *, titles: bool) -> dict[str, str]:
    """What people call these: members by name, deals by number and (`titles`) title."""
    found = {
        row.id: row.name
        for row in batch.select(
            connection,
            "SELECT m.id, m.name FROM {wanted} JOIN member m ON m.id = w.id",
            {"id": sorted(set(ids))},
        )
    }
    for row in batch.select(
        connection,
        "SELECT d.id, d.number, d.title FROM {wanted} JOIN deal d ON d.id = w.id",
        {"id": sorted(set(ids))},
    ):
        found[row.id] = f"№{row.number} {row.title if titles else ''}".strip()
    return found


def conversation_ids(connection: Connection, contact_id: str) -> list[str]:
    """A contact's conversations, the last used first."""
    rows = connection.execute(
        text("SELECT id FROM conversation WHERE contact_id = :id ORDER BY last_at DESC, id"),
        {"id": contact_id},
    )
    return [row.id for row in rows]


def way_to(connection: Connection, conversation_id: str) -> Row[Any] | None:
    """Where a conversation's client is on its network: source_id, thread, kind, value."""
    return connection.execute(
        text(
            "SELECT c.source_id, c.thread, i.kind, i.value FROM conversation c JOIN identity i ON i.id = c.identity_id"
            " WHERE c.id = :id"
        ),
        {"id": conversation_id},
    ).first()


def participants(connection: Connection, conversation_id: str) -> list[Row[Any]]:
    """Who writes in a group, the newest writer first."""
    return list(
        connection.execute(
            text(
                "SELECT p.name, p.seen_at, i.kind, i.value, i.username, l.contact_id, l.name AS identity_name"
                " FROM participant p JOIN identity i ON i.id = p.identity_id"
                " LEFT JOIN contact_identity l ON l.identity_id = i.id AND l.contact_id ="
                " (SELECT min(o.contact_id) FROM contact_identity o WHERE o.identity_id = i.id)"
                " WHERE p.conversation_id = :id ORDER BY p.seen_at DESC, i.id LIMIT 200"
            ),
            {"id": conversation_id},
        )
    )
