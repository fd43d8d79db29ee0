"""Who may see what, for many things and many people at once?

A member whose permission covers only their own sees the conversations assigned to them and everything of contacts
whose open deal is theirs or is offered to them. The number of statements does not grow with the people.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, text

from storage import batch

LARGEST_OWN = 5000


def owners_of_contacts(connection: Connection, ids: Iterable[str]) -> dict[str, set[str]]:
    """contact -> members who may see it as their own: owners of its open deals, and who is offered one."""
    wanted = {"id": sorted(set(ids))}
    found: dict[str, set[str]] = {}
    for sql in (
        "SELECT d.contact_id AS id, d.owner_id AS member FROM {wanted} JOIN deal d ON d.contact_id = w.id"
        " AND d.open = 1 AND d.owner_id IS NOT NULL",
        "SELECT d.contact_id AS id, o.member_id AS member FROM {wanted} JOIN deal d ON d.contact_id = w.id"
        " JOIN offer o ON o.deal_id = d.id AND o.state = 'open'",
    ):
        for row in batch.select(connection, sql, wanted):
            found.setdefault(row.id, set()).add(row.member)
    return found


def owners_of_conversations(connection: Connection, ids: Iterable[str]) -> dict[str, set[str]]:
    """conversation -> members who may see it as their own: its assignee, whose account it is on, whose the contact is."""
    rows = batch.select(
        connection,
        "SELECT c.id, c.contact_id, c.assignee_id, c.private_to FROM {wanted} JOIN conversation c ON c.id = w.id",
        {"id": sorted(set(ids))},
    )
    of_contacts = owners_of_contacts(connection, (row.contact_id for row in rows))
    return {
        row.id: of_contacts.get(row.contact_id, set()) | ({row.assignee_id, row.private_to} - {None})
        for row in rows
    }


def conversations_of_contacts(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Every conversation of these contacts."""
    rows = batch.select(
        connection,
        "SELECT c.id FROM {wanted} JOIN conversation c ON c.contact_id = w.id",
        {"id": sorted(set(ids))},
    )
    return {row.id for row in rows}


def private(connection: Connection, ids: Iterable[str]) -> dict[str, str | None]:
    """Those that are chats of a private account -> the member whose account that is, as far as somebody said."""
    rows = batch.select(
        connection,
        "SELECT c.id, c.private_to FROM {wanted} JOIN conversation c ON c.id = w.id AND c.nature = 'personal'",
        {"id": sorted(set(ids))},
    )
    return {row.id: row.private_to for row in rows}


def own(connection: Connection, member_id: str) -> set[str]:
    """The conversations and open deals that a member sees as their own now."""
    rows = connection.execute(
        text("SELECT id FROM deal WHERE owner_id = :me AND open = 1 ORDER BY id DESC LIMIT :limit"),
        {"me": member_id, "limit": LARGEST_OWN},
    )
    return {row.id for row in rows} | own_conversations(connection, member_id)


def own_conversations(connection: Connection, member_id: str) -> set[str]:
    """What a member sees as their own now, newest first, at most five thousand."""
    rows = connection.execute(
        text(
            "SELECT id, last_at FROM conversation WHERE assignee_id = :me"
            " UNION SELECT c.id, c.last_at FROM deal d JOIN conversation c ON c.contact_id = d.contact_id"
            " WHERE d.owner_id = :me AND d.open = 1"
            " UNION SELECT c.id, c.last_at FROM offer o JOIN deal d ON d.id = o.deal_id"
            " JOIN conversation c ON c.contact_id = d.contact_id WHERE o.member_id = :me AND o.state = 'open'"
            " UNION SELECT id, last_at FROM conversation WHERE private_to = :me"
            " ORDER BY last_at DESC LIMIT :limit"
        ),
        {"me": member_id, "limit": LARGEST_OWN},
    )
    return {row.id for row in rows}


def personal(
    connection: Connection, conversations: Iterable[str], members: Iterable[str]
) -> tuple[dict[tuple[str, str], Row[Any]], dict[tuple[str, str], str]]:
    """(member, conversation) -> read marker, and -> draft of a reply, for these members."""
    ids, wanted = {"id": sorted(set(conversations))}, set(members)
    markers = batch.select(
        connection,
        "SELECT r.member_id, r.conversation_id, r.inbound, r.kept_unread, r.message_id FROM {wanted}"
        " JOIN member m ON 1 = 1 JOIN read_marker r ON r.member_id = m.id AND r.conversation_id = w.id",
        ids,
    )
    drafts = batch.select(
        connection,
        "SELECT t.member_id, t.conversation_id, t.text FROM {wanted} JOIN member m ON 1 = 1"
        " JOIN draft t ON t.member_id = m.id AND t.conversation_id = w.id AND t.mode = 'reply'",
        ids,
    )
    return (
        {(row.member_id, row.conversation_id): row for row in markers if row.member_id in wanted},
        {(row.member_id, row.conversation_id): row.text for row in drafts if row.member_id in wanted},
    )
