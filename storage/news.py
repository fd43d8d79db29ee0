"""What has to be read to tell people what changed? One statement a table, whatever the size of the batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row

from storage import batch, cards, queue, scheduled, sight, timeline
from storage.calls import Cards
from storage.calls import cards as cards_of
from storage.log import Entry
from storage.reach import Reach


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """A contact with all its card shows."""

    row: Row[Any]
    identities: list[Row[Any]]
    deals: list[Row[Any]]
    tasks: list[Row[Any]]


@dataclass(slots=True)
class Read:
    """All that the things of a batch show, and who may see them."""

    rows: queue.Facts
    items: timeline.Facts
    deals: dict[str, Row[Any]]
    tasks: dict[str, Row[Any]]
    offers: dict[str, Row[Any]]
    contacts: dict[str, ContactFacts]
    calls: Cards
    scheduled: dict[str, Row[Any]]
    scheduled_files: dict[str, Row[Any]]
    of_conversations: dict[str, set[str]] = field(default_factory=dict)
    """conversation -> who holds it (storage/sight.py)."""
    of_contacts: dict[str, set[str]] = field(default_factory=dict)
    private: dict[str, str | None] = field(default_factory=dict)
    """conversation of a private account -> the member whose account it is."""
    markers: dict[tuple[str, str], Row[Any]] = field(default_factory=dict)
    drafts: dict[tuple[str, str], str] = field(default_factory=dict)


def read(
    connection: Connection, entries: Iterable[Entry], members: Iterable[str], narrow: bool, now: int
) -> Read:
    """Read everything these entries are about. `narrow`: somebody among the members does not see everybody's."""
    batch.plan_once(connection)
    ids: dict[str, set[str]] = {}
    for entry in entries:
        ids.setdefault(entry.type, set()).add(entry.object_id)
    deals = {row.id: row for row in cards.deals(connection, sorted(ids.get("deal", ())))}
    tasks = {row.id: row for row in tasks_of(connection, ids.get("task", ()))}
    contact_ids = ids.get("contact", set())
    conversations = set(ids.get("conversation", ()))
    if narrow:  # who owns a deal decides who sees the contact's conversations
        touched = contact_ids | {row.contact_id for row in deals.values()}
        conversations |= sight.conversations_of_contacts(connection, touched)
    planned = scheduled.found(connection, ids.get("scheduled", ()))
    found = Read(
        rows=queue.facts(connection, sorted(conversations), ""),
        items=timeline.facts(connection, sorted(ids.get("message", ()))),
        deals=deals,
        tasks=tasks,
        offers={row.id: row for row in cards.offers(connection, sorted(ids.get("offer", ())))},
        contacts=contacts(connection, contact_ids),
        calls=cards_of(connection, sorted(ids.get("call", ())), now),
        scheduled=planned,
        scheduled_files=scheduled.files_of(connection, planned.values()),
    )
    said_in = {row.conversation_id for row in (*found.items.rows, *planned.values())}
    found.private = sight.private(connection, conversations | said_in)
    found.markers, found.drafts = sight.personal(connection, conversations, members)
    if narrow:
        found.of_conversations = sight.owners_of_conversations(connection, conversations | said_in)
        whose = {row.contact_id for row in (*deals.values(), *tasks.values()) if row.contact_id}
        found.of_contacts = sight.holders_of_contacts(connection, contact_ids | whose)
    return found


def contacts(connection: Connection, ids: Iterable[str]) -> dict[str, ContactFacts]:
    """Contacts with all their cards show."""
    wanted = {"id": sorted(set(ids))}
    rows = batch.select(
        connection,
        "SELECT c.id, c.name, c.responsible_id, m.name AS responsible_name, c.attribution, c.merged_into"
        " FROM {wanted} JOIN contact c ON c.id = w.id LEFT JOIN member m ON m.id = c.responsible_id",
        wanted,
    )
    found = {row.id: ContactFacts(row, [], [], []) for row in rows}
    for row in batch.select(
        connection,
        f"SELECT l.contact_id, {cards.ADDRESS}"
        " FROM {wanted} JOIN contact_identity l ON l.contact_id = w.id JOIN identity i ON i.id = l.identity_id"
        " ORDER BY l.verified DESC, l.created_at",
        wanted,
    ):
        found[row.contact_id].identities.append(row)
    for row in batch.select(
        connection, f"{TASK} ON t.contact_id = w.id AND t.done_at IS NULL {OWNER}", wanted
    ):
        found[row.contact_id].tasks.append(row)
    _add_deals(connection, found, wanted)
    return found


def _add_deals(
    connection: Connection, found: Mapping[str, ContactFacts], wanted: Mapping[str, list[str]]
) -> None:
    """The deals that the contacts are parties of, open ones first, newest first."""
    parties = batch.select(
        connection,
        "SELECT p.contact_id, d.id FROM {wanted} JOIN deal_party p ON p.contact_id = w.id"
        " JOIN deal d ON d.id = p.deal_id ORDER BY d.open DESC, d.last_activity_at DESC, d.id",
        wanted,
    )
    rows = {row.id: row for row in cards.deals(connection, sorted({row.id for row in parties}))}
    for row in parties:
        found[row.contact_id].deals.append(rows[row.id])


TASK = (
    "SELECT t.id, t.kind, t.title, t.due_at, t.done_at, t.result, t.owner_id, m.name AS owner_name, t.deal_id,"
    " t.contact_id, c.name AS contact_name FROM {wanted} JOIN task t"
)
OWNER = "LEFT JOIN member m ON m.id = t.owner_id LEFT JOIN contact c ON c.id = t.contact_id ORDER BY t.due_at, t.id"


def tasks_of(connection: Connection, ids: Iterable[str]) -> list[Row[Any]]:
    """Tasks by their ids."""
    return batch.select(connection, f"{TASK} ON t.id = w.id {OWNER}", {"id": sorted(set(ids))})


def counters(connection: Connection, members: Mapping[str, Reach], now: int) -> dict[str, dict[str, int]]:
    """The numbers on the filters of several members, of what is within their reach.

    What is the same for everybody is counted once.
    """
    shared: dict[str, int] | None = None
    mine = _grouped(
        connection,
        "SELECT c.assignee_id AS id, count(*) AS n FROM {wanted} JOIN conversation c ON c.assignee_id = w.id"
        " AND c.state <> 'closed' GROUP BY c.assignee_id",
        members,
    )
    offered = _grouped(
        connection,
        "SELECT o.member_id AS id, count(*) AS n FROM {wanted} JOIN offer o ON o.member_id = w.id"
        " AND o.state = 'open' AND o.expires_at > :now GROUP BY o.member_id",
        members,
        now=now,
    )
    found: dict[str, dict[str, int]] = {}
    for member_id, reach in members.items():
        if not reach.everybody:
            found[member_id] = queue.counters(connection, reach, now)
            continue
        if shared is None:
            shared = queue.counters(connection, reach, now)
        found[member_id] = {
            **shared,
            "mine": mine.get(member_id, 0),
            "offers": offered.get(member_id, 0),
        }
    return found


def _grouped(
    connection: Connection, sql: str, members: Mapping[str, Reach], **parameters: Any
) -> dict[str, int]:
    rows = batch.select(connection, sql, {"id": sorted(members)}, **parameters)
    return {row.id: row.n for row in rows}
