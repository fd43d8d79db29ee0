"""Who may see what, for many things and many people at once?

Whoever sees only what is within reach sees the conversations assigned to people there and everything of contacts whose open
deal is theirs, is offered to them, or waits in their queue. The number of statements does not grow with the people.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, text

from storage import batch, queue
from storage.reach import Reach

LARGEST = 20_000
"""So much of what is within somebody's reach is remembered, so that they can be told when it is no more."""


def owners_of_contacts(connection: Connection, ids: Iterable[str]) -> dict[str, set[str]]:
    """contact -> who holds it: owners of its open deals (the queue of one that is nobody's), and who is offered one."""
    wanted = {"id": sorted(set(ids))}
    found: dict[str, set[str]] = {}
    for sql in (
        "SELECT d.contact_id AS id, coalesce(d.owner_id, d.queue_id) AS member FROM {wanted} JOIN deal d"
        " ON d.contact_id = w.id AND d.open = 1 AND coalesce(d.owner_id, d.queue_id) IS NOT NULL",
        "SELECT d.contact_id AS id, o.member_id AS member FROM {wanted} JOIN deal d ON d.contact_id = w.id"
        " JOIN offer o ON o.deal_id = d.id AND o.state = 'open'",
    ):
        for row in batch.select(connection, sql, wanted):
            found.setdefault(row.id, set()).add(row.member)
    return found


def holders_of_contacts(connection: Connection, ids: Iterable[str]) -> dict[str, set[str]]:
    """contact -> who holds it or a conversation with it: by whom its card and its deals are seen."""
    found = owners_of_contacts(connection, ids)
    rows = batch.select(
        connection,
        "SELECT c.contact_id, c.assignee_id, c.private_to FROM {wanted} JOIN conversation c ON c.contact_id = w.id"
        " AND c.nature <> 'personal' AND (c.assignee_id IS NOT NULL OR c.private_to IS NOT NULL)",
        {"id": sorted(set(ids))},
    )
    for row in rows:
        found.setdefault(row.contact_id, set()).update({row.assignee_id, row.private_to} - {None})
    return found


def owners_of_conversations(connection: Connection, ids: Iterable[str]) -> dict[str, set[str]]:
    """conversation -> who holds it: its assignee, whose account it is on, whoever holds the contact."""
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


def within(connection: Connection, talks: Reach, deals: Reach) -> set[str]:
    """The conversations and open deals within reach now; of what is everybody's, none."""
    found = set() if talks.everybody else set(conversations(connection, talks, LARGEST))
    if not deals.everybody:
        sql = (
            f"SELECT d.id FROM deal d WHERE d.open = 1 AND {deals.holds('d')} ORDER BY d.id DESC LIMIT :limit"
        )
        rows = connection.execute(text(sql), {**deals.given(sql), "limit": LARGEST})
        found |= {row.id for row in rows}
    return found


def conversations(connection: Connection, reach: Reach, limit: int) -> list[str]:
    """The conversations within reach, the newest first."""
    sql = f"SELECT c.id FROM conversation c WHERE c.id IN {reach.conversations} ORDER BY c.last_at DESC, c.id LIMIT :limit"
    return [row.id for row in connection.execute(text(sql), {**reach.given(sql), "limit": limit})]


def reaches_conversation(connection: Connection, reach: Reach, conversation_id: str) -> bool:
    """Whether the conversation is there and within reach."""
    return bool(queue.visible(connection, [conversation_id], reach))


def reaches_contact(connection: Connection, reach: Reach, contact_id: str) -> bool:
    """Whether the contact is within reach; of everybody's, any is."""
    return reach.everybody or _fits(
        connection, reach, f"contact c WHERE c.id = :id AND {reach.contact('c.id')}", contact_id
    )


def reaches_deal(connection: Connection, reach: Reach, deal_id: str) -> bool:
    """Whether the deal is within reach; of everybody's, any is."""
    return reach.everybody or _fits(
        connection, reach, f"deal d WHERE d.id = :id AND {reach.deal('d')}", deal_id
    )


def _fits(connection: Connection, reach: Reach, what: str, ref: str) -> bool:
    return (
        connection.execute(text(f"SELECT 1 FROM {what}"), {"id": ref, **reach.given(what)}).first()
        is not None
    )


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
