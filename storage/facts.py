"""What must a batch know before it decides? Loaded set by set, one statement a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import orjson
from sqlalchemy import Connection, text

from channels.events import CallFact
from routing.deals import ClosedDeal, OpenDeal
from storage import batch, bylines, calls, early, lent, owing, threads, unfounded
from storage.board import Address, Board, Call, Contact, Conversation, Identity, KeptFile, Message
from storage.ids import new_id
from storage.tables import identity as identity_table
from storage.transaction import Transaction

_call_fact = msgspec.json.Decoder(CallFact)


@dataclass(slots=True)
class Wanted:
    """What the events of a batch name."""

    identities: set[tuple[str, str]] = field(default_factory=set)
    usernames: dict[tuple[str, str], str] = field(default_factory=dict)
    """(kind, value) -> the nickname that came with it."""
    threads: set[tuple[str, str]] = field(default_factory=set)
    externals: set[tuple[str, str]] = field(default_factory=set)
    thread_hints: set[tuple[str, str]] = field(default_factory=set)
    """(source, older thread key): a letter's references, which may be threads or messages."""
    weak_threads: set[tuple[str, str]] = field(default_factory=set)
    """(source, key) of marks that letters of one thread tend to share."""
    reports: set[tuple[str, str]] = field(default_factory=set)
    """(source, external id) of letters of ours that something is told about."""
    groups: set[str] = field(default_factory=set)
    echoes: set[tuple[str, str]] = field(default_factory=set)
    calls: set[tuple[str, str]] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    said: set[tuple[str, str]] = field(default_factory=set)
    """(source, external id) of messages themselves, not of what is told about them."""
    spoken: bool = False
    """We said something, here or in a program of the network's own."""
    edited: set[tuple[str, str]] = field(default_factory=set)
    """(source, external id) of messages that are worded anew."""
    lent: set[tuple[str, str]] = field(default_factory=set)
    """(source, key) of private accounts that something was said on."""
    lent_talk: set[tuple[str, str, str, str, str]] = field(default_factory=set)
    """(source, key of a private account, thread, kind and value of the client there)."""
    colleagues: set[tuple[str, str, str]] = field(default_factory=set)
    """(source, kind, value) of our people who wrote in the network's own program, told without a name."""
    bound: set[tuple[str, str, str]] = field(default_factory=set)
    """(source, kind, value): extensions, tracking numbers, links that may mean a deal."""


def load(tx: Transaction, wanted: Wanted) -> Board:
    """The board of a batch, with its identities, contacts and conversations locked until the transaction ends."""
    board = Board(tx.now)
    connection = tx.connection
    _calls(connection, wanted)
    wanted.identities |= early.load(connection, board, wanted.said)
    _identities(tx, board, wanted)
    threads_named: tuple[set[str], set[str]] = (set(), set())
    names = wanted.thread_hints | wanted.weak_threads
    if names:
        hints = wanted.threads | wanted.thread_hints
        threads_named = threads.named(connection, hints, wanted.weak_threads)
    if wanted.lent_talk:
        board.gone_on = lent.gone_on(connection, wanted.lent_talk)
        threads_named[0].update(row.id for row in board.gone_on.values())
        threads_named[1].update(row.contact_id for row in board.gone_on.values())
    _contacts(connection, board, threads_named[1])
    _conversations(connection, board, wanted, threads_named[0])
    _call_facts(connection, board, wanted)
    _messages(connection, board, wanted)
    threads.load(connection, board, names | wanted.threads if names else (), wanted.reports)
    _addresses(connection, board, wanted)
    _lent(connection, board, wanted)
    _bindings(connection, board, wanted)
    _open_deals(connection, board)
    _last_closed(connection, board)
    _touched(connection, board)
    _call_work(connection, board, wanted)
    _echoes(connection, board, wanted)
    _tests(connection, board, wanted)
    _internal(connection, board, wanted)
    board.colleagues = bylines.names(connection, wanted.colleagues, tx.now)
    return board


def _pairs(pairs: Iterable[tuple[str, str]], one: str, two: str) -> dict[str, list[str]]:
    ordered = sorted(pairs)
    return {one: [pair[0] for pair in ordered], two: [pair[1] for pair in ordered]}


def _identities(tx: Transaction, board: Board, wanted: Wanted) -> None:
    """Make those that are missing, then read and lock all, in the order of their keys."""
    keys = _pairs(wanted.identities, "kind", "value")
    sql = (
        "SELECT i.id, i.kind, i.value, i.shared, i.spam, i.internal, i.username, i.blocked FROM {wanted}"
        " JOIN identity i ON i.kind = w.kind AND i.value = w.value ORDER BY i.kind, i.value"
    )
    found = batch.select(tx.connection, sql, keys, lock="FOR UPDATE OF i")
    known = {(row.kind, row.value) for row in found}
    missing = sorted(wanted.identities - known)
    if missing:
        rows = [(new_id(tx.now), *key, wanted.usernames.get(key, ""), tx.now) for key in missing]
        columns = ("id", "kind", "value", "username", "created_at")
        made = batch.insert_returning(
            tx.connection, identity_table, columns, rows, "id", "kind", "value", ignore=True
        )
        new = {(kind, value) for _, kind, value in made}
        found += batch.select(tx.connection, sql, _pairs(missing, "kind", "value"), lock="FOR UPDATE OF i")
    else:
        new = set()
    for row in found:
        key = (row.kind, row.value)
        board.identities[key] = Identity(
            row.id,
            row.kind,
            row.value,
            bool(row.shared),
            bool(row.spam),
            row.internal,
            row.username,
            key in new,
            blocked=bool(row.blocked),
        )


def _contacts(connection: Connection, board: Board, further: set[str]) -> None:
    ids = sorted(identity.id for identity in board.identities.values() if not identity.new)
    links = batch.select(
        connection,
        "SELECT l.contact_id, l.identity_id, l.name FROM {wanted} JOIN contact_identity l ON l.identity_id = w.id"
        " ORDER BY l.identity_id, l.created_at, l.contact_id",
        {"id": ids},
    )
    for link in links:
        board.contacts_of.setdefault(link.identity_id, []).append(link.contact_id)
        board.names[link.contact_id, link.identity_id] = link.name
    _read_contacts(connection, board, {link.contact_id for link in links} | further)


def _read_contacts(connection: Connection, board: Board, ids: set[str]) -> None:
    rows = batch.select(
        connection,
        "SELECT c.id, c.name, c.name_from, c.responsible_id, c.override, c.attribution, c.demo"
        " FROM {wanted} JOIN contact c ON c.id = w.id ORDER BY c.id",
        {"id": sorted(ids - board.contacts.keys())},
        lock="FOR UPDATE OF c",
    )
    for row in rows:
        board.contacts[row.id] = Contact(
            row.id,
            row.name,
            row.name_from,
            row.responsible_id,
            row.override,
            orjson.loads(row.attribution),
            row.demo,
        )


CONVERSATION = (
    "id", "source_id", "thread", "contact_id", "identity_id", "nature", "state", "subject", "title", "assignee_id",
    "deal_id", "pinned_deal_id", "waiting_since", "deadline_at", "closes_at", "last_message_id", "last_at", "last_seq",
    "last_text", "last_kind", "last_author", "last_author_id", "last_state", "last_client_at", "inbound",
    "snoozed_until", "due_at", "gone_at", "heard_at", "answered_at", "connection", "private_to", "kept_out",
    "anchor_at", "unreachable", "reason", "reach_changed_at", "attribution", "demo",
)  # fmt: skip


def _conversations(connection: Connection, board: Board, wanted: Wanted, named: set[str]) -> None:
    """Find them by thread, by the messages named, and by references; then lock all in the order of their ids."""
    ids = set(named)
    for row in batch.select(
        connection,
        "SELECT c.id FROM {wanted} JOIN conversation c ON c.source_id = w.source_id AND c.thread = w.thread",
        _pairs(wanted.threads | wanted.thread_hints, "source_id", "thread"),
    ):
        ids.add(row.id)
    shared = [
        (contact_id, one.id)
        for one in board.identities.values()
        if one.shared
        for contact_id in board.contacts_of.get(one.id, ())
    ]
    for row in batch.select(  # those who share an address have threads of their own
        connection,
        "SELECT c.id FROM {wanted} JOIN conversation c ON c.contact_id = w.contact_id AND c.identity_id = w.identity_id",
        _pairs(shared, "contact_id", "identity_id"),
    ):
        ids.add(row.id)
    for sql in (
        "SELECT m.conversation_id FROM {wanted} JOIN message m ON m.source_id = w.source_id"
        " AND m.external_id = w.external_id",
        "SELECT m.conversation_id FROM {wanted} JOIN message_alias a ON a.source_id = w.source_id"
        " AND a.external_id = w.external_id JOIN message m ON m.id = a.message_id",
    ):
        keys = _pairs(wanted.externals | wanted.thread_hints, "source_id", "external_id")
        ids.update(row.conversation_id for row in batch.select(connection, sql, keys))
    rows = batch.select(
        connection,
        f"SELECT {', '.join(f'c.{name}' for name in CONVERSATION)} FROM {{wanted}}"
        " JOIN conversation c ON c.id = w.id ORDER BY c.id",
        {"id": sorted(ids)},
        lock="FOR UPDATE OF c",
    )
    for row in rows:
        values: list[Any] = list(row)
        values[-2] = orjson.loads(values[-2])
        record = Conversation(*values)
        board.conversations[record.id] = record
        board.threads[record.source_id, record.thread] = record.id
    # A conversation's contact may be another than its sender's (a group, a moved thread). Contacts come before
    # conversations in the order of locks, so these are read without one: they are only looked at.
    strangers = {record.contact_id for record in board.conversations.values()} - board.contacts.keys()
    _look_at_contacts(connection, board, strangers)


def _look_at_contacts(connection: Connection, board: Board, ids: set[str]) -> None:
    rows = batch.select(
        connection,
        "SELECT c.id, c.name, c.name_from, c.responsible_id, c.override, c.attribution, c.demo"
        " FROM {wanted} JOIN contact c ON c.id = w.id",
        {"id": sorted(ids)},
    )
    for row in rows:
        board.contacts[row.id] = Contact(
            row.id,
            row.name,
            row.name_from,
            row.responsible_id,
            row.override,
            orjson.loads(row.attribution),
            row.demo,
        )


MESSAGE = (
    "id", "conversation_id", "contact_id", "source_id", "external_id", "direction", "author_kind", "kind", "text", "at",
    "seq", "state", "deal_id", "group_key", "attachments", "edited", "deleted", "content", "nature",
    "author_id", "edited_at",
)  # fmt: skip


def _messages(connection: Connection, board: Board, wanted: Wanted) -> None:
    columns = ", ".join(f"m.{name}" for name in MESSAGE)
    keys = _pairs(wanted.externals | wanted.thread_hints, "source_id", "external_id")
    direct = (
        f"SELECT {columns}, w.external_id AS asked FROM {{wanted}} JOIN message m"
        " ON m.source_id = w.source_id AND m.external_id = w.external_id"
    )
    alias = (
        f"SELECT {columns}, w.external_id AS asked FROM {{wanted}} JOIN message_alias a ON a.source_id = w.source_id"
        " AND a.external_id = w.external_id JOIN message m ON m.id = a.message_id"
    )
    for sql in (direct, alias):
        for row in batch.select(connection, sql, keys):
            record = _message(board, row)
            board.externals[record.source_id, row.asked] = record.id
    _files(connection, board, wanted)
    if not wanted.groups:
        return
    pairs = {(conversation, group) for conversation in board.conversations for group in wanted.groups}
    for row in batch.select(
        connection,
        f"SELECT {columns} FROM {{wanted}} JOIN message m"
        " ON m.conversation_id = w.conversation_id AND m.group_key = w.group_key",
        _pairs(pairs, "conversation_id", "group_key"),
    ):
        record = _message(board, row)
        board.groups[record.conversation_id, row.group_key] = record.id


def _files(connection: Connection, board: Board, wanted: Wanted) -> None:
    """What hangs on the messages that are worded anew; new files of the batch itself join them."""
    known = {board.externals[key] for key in wanted.edited if key in board.externals}
    board.files = {ref: [] for ref in known}
    for row in batch.select(
        connection,
        "SELECT a.id, a.message_id, a.position, a.mark, a.version FROM {wanted} JOIN attachment a ON a.message_id = w.id"
        " ORDER BY a.position, a.id",
        {"id": sorted(known)},
    ):
        kept = KeptFile(row.id, row.position, row.mark, row.version is not None)
        board.files[row.message_id].append(kept)


def _message(board: Board, row: object) -> Message:
    values = {name: getattr(row, name) for name in MESSAGE}
    if values["id"] in board.messages:
        return board.messages[values["id"]]
    values["content"] = orjson.loads(values["content"])
    values["edited"], values["deleted"] = bool(values["edited"]), bool(values["deleted"])
    record = Message(**values)
    board.messages[record.id] = record
    return record


def _addresses(connection: Connection, board: Board, wanted: Wanted) -> None:
    pairs = {(source, identity.id) for source in wanted.sources for identity in board.identities.values()}
    if len(wanted.sources) > 4:  # a batch of many sources: do not ask for the whole product
        pairs = {
            (c.source_id, c.identity_id) for c in board.conversations.values() if c.identity_id is not None
        }
        pairs |= {
            (source, board.identities[key].id)
            for source in wanted.sources
            for key in wanted.identities
            if key in board.identities
        }
    for row in batch.select(
        connection,
        "SELECT a.source_id, a.identity_id, a.last_client_at, a.unreachable, a.reason, a.changed_at FROM {wanted}"
        " JOIN address a ON a.source_id = w.source_id AND a.identity_id = w.identity_id",
        _pairs(pairs, "source_id", "identity_id"),
    ):
        board.addresses[row.source_id, row.identity_id] = Address(
            row.source_id,
            row.identity_id,
            row.last_client_at,
            bool(row.unreachable),
            row.reason,
            row.changed_at,
        )


def _open_deals(connection: Connection, board: Board) -> None:
    for row in batch.select(
        connection,
        "SELECT p.contact_id, d.id, d.created_at, d.last_activity_at, d.owner_id FROM {wanted}"
        " JOIN deal_party p ON p.contact_id = w.id JOIN deal d ON d.id = p.deal_id AND d.open = 1",
        {"id": sorted(board.contacts)},
    ):
        deal = OpenDeal(id=row.id, created_at=row.created_at, active_at=row.last_activity_at)
        board.open_deals.setdefault(row.contact_id, []).append(deal)
        board.deals_by_id[row.id] = deal
        board.owners[row.id] = row.owner_id
    pinned = {
        c.pinned_deal_id for c in board.conversations.values() if c.pinned_deal_id
    } - board.deals_by_id.keys()
    answered = {m.deal_id for m in board.messages.values() if m.deal_id} | set(board.bindings.values())
    answered |= {c.attribution["deal"] for c in board.conversations.values() if "deal" in c.attribution}
    answered -= board.deals_by_id.keys()
    for row in batch.select(
        connection,
        "SELECT d.id, d.created_at, d.last_activity_at, d.owner_id FROM {wanted}"
        " JOIN deal d ON d.id = w.id AND d.open = 1",
        {"id": sorted(pinned | answered)},
    ):
        board.deals_by_id[row.id] = OpenDeal(
            id=row.id, created_at=row.created_at, active_at=row.last_activity_at, party=False
        )
        board.owners[row.id] = row.owner_id


def _bindings(connection: Connection, board: Board, wanted: Wanted) -> None:
    if not wanted.bound:
        return
    keys = sorted(wanted.bound)
    for row in batch.select(
        connection,
        "SELECT b.source_id, b.kind, b.value, b.deal_id FROM {wanted} JOIN binding b ON b.source_id = w.source_id"
        " AND b.kind = w.kind AND b.value = w.value",
        {name: [key[place] for key in keys] for place, name in enumerate(("source_id", "kind", "value"))},
    ):
        board.bindings[row.source_id, row.kind, row.value] = row.deal_id


def _lent(connection: Connection, board: Board, wanted: Wanted) -> None:
    """Whose private accounts these are."""
    for row in batch.select(
        connection,
        "SELECT c.source_id, c.key, c.member_id FROM {wanted} JOIN connection c ON c.source_id = w.source_id"
        " AND c.key = w.key",
        _pairs(wanted.lent, "source_id", "key"),
    ):
        board.lent[row.source_id, row.key] = row.member_id


def _last_closed(connection: Connection, board: Board) -> None:
    """The newest closed deal of contacts that have no open one."""
    ids = sorted(contact_id for contact_id in board.contacts if contact_id not in board.open_deals)
    board.last_closed.update(closed_deals_of(connection, ids))


def closed_deals_of(connection: Connection, contact_ids: Sequence[str]) -> dict[str, tuple[ClosedDeal, int]]:
    """Each contact's newest closed deal, and how many there are; a merged one lives on in another."""
    found: dict[str, tuple[ClosedDeal, int]] = {}
    for row in batch.select(
        connection,
        "SELECT * FROM (SELECT d.contact_id, d.id, d.closed_at, d.owner_id, d.lost_reason, s.junk,"
        " count(*) OVER (PARTITION BY d.contact_id) AS deals,"
        " row_number() OVER (PARTITION BY d.contact_id ORDER BY d.closed_at DESC, d.id) AS place"
        " FROM {wanted} JOIN deal d ON d.contact_id = w.id AND d.open = 0 AND d.closed_at IS NOT NULL"
        " AND d.stage_kind <> 'merged' JOIN stage s ON s.id = d.stage_id) AS closed WHERE place = 1",
        {"id": list(contact_ids)},
    ):
        deal = ClosedDeal(
            id=row.id,
            closed_at=row.closed_at,
            owner_id=row.owner_id or "",
            lost_reason=row.lost_reason,
            junk=bool(row.junk),
        )
        found[row.contact_id] = (deal, row.deals)
    return found


def _touched(connection: Connection, board: Board) -> None:
    rows = batch.select(
        connection,
        "SELECT w.id FROM {wanted} WHERE EXISTS (SELECT 1 FROM touch t WHERE t.contact_id = w.id)",
        {"id": sorted(board.contacts)},
    )
    board.touched = {row.id for row in rows}


FACTS = (
    "SELECT f.source_id, f.call, f.key, f.fact FROM {wanted} JOIN call_fact f"
    " ON f.source_id = w.source_id AND f.call = w.call"
)


def _calls(connection: Connection, wanted: Wanted) -> None:
    """Who else is wanted: a later fact of a call may not name its client again."""
    if not wanted.calls:
        return
    for row in batch.select(connection, FACTS, _pairs(wanted.calls, "source_id", "call")):
        fact = _call_fact.decode(row.fact)
        if fact.client is not None:
            wanted.identities.add((fact.client.kind, fact.client.value))
            wanted.threads.add((row.source_id, fact.client.value))


def _call_facts(connection: Connection, board: Board, wanted: Wanted) -> None:
    """What is known of the calls, read once they are ours: between the first look and the locks a worker and the
    switchboard may have passed each other, and a call must not be judged by less than is known."""
    if not wanted.calls:
        return
    board.calls = {pair: Call() for pair in wanted.calls}
    keys = _pairs(wanted.calls, "source_id", "call")
    for row in batch.select(
        connection,
        "SELECT p.source_id, p.call, p.look_at FROM {wanted} JOIN phone_call p ON p.source_id = w.source_id AND p.call = w.call"
        " ORDER BY p.source_id, p.call",
        keys,
        lock="FOR UPDATE OF p",
    ):
        board.calls[row.source_id, row.call].look_at = row.look_at
    for row in batch.select(connection, FACTS, keys):
        board.calls[row.source_id, row.call].facts[row.key] = _call_fact.decode(row.fact)


def _call_work(connection: Connection, board: Board, wanted: Wanted) -> None:
    """Whose telephones are whose, and to whom a call back is owed."""
    if wanted.calls or wanted.spoken:
        board.owing = owing.load(connection, board.contacts, board.now, called=bool(wanted.calls))
    if not wanted.calls:
        return
    for extension, member in connection.execute(
        text("SELECT extension, id FROM member WHERE extension <> ''")
    ):
        board.extensions[extension] = member
    calls.load(connection, board)
    unfounded.load(connection, board)


def _echoes(connection: Connection, board: Board, wanted: Wanted) -> None:
    for row in batch.select(
        connection,
        "SELECT o.source_id, o.echo_key, o.id, o.message_id FROM {wanted} JOIN outbox o"
        " ON o.source_id = w.source_id AND o.echo_key = w.echo_key",
        _pairs(wanted.echoes, "source_id", "echo_key"),
    ):
        board.in_flight[row.source_id, row.echo_key] = (row.id, row.message_id)
    columns = ", ".join(f"m.{name}" for name in MESSAGE)
    ids = {message for _, message in board.in_flight.values()} - board.messages.keys()
    sql = f"SELECT {columns} FROM {{wanted}} JOIN message m ON m.id = w.id"
    for row in batch.select(connection, sql, {"id": sorted(ids)}):
        _message(board, row)


def _tests(connection: Connection, board: Board, wanted: Wanted) -> None:
    for row in batch.select(
        connection,
        "SELECT t.source_id, t.code, t.member_id FROM {wanted} JOIN test_session t"
        " ON t.source_id = w.id AND t.ended_at IS NULL",
        {"id": sorted(wanted.sources)},
    ):
        board.tests[row.source_id] = (row.code, row.member_id or "")


def _internal(connection: Connection, board: Board, wanted: Wanted) -> None:
    """Addresses of our own people."""
    emails = sorted(value for kind, value in wanted.identities if kind == "email")
    for row in batch.select(
        connection, "SELECT m.email, m.id FROM {wanted} JOIN member m ON m.email = w.email", {"email": emails}
    ):
        board.internal["email", row.email] = row.id
