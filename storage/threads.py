"""Which threads do letters name, who takes part in them, and what was told about letters of ours?"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

from storage import batch
from storage.board import Board
from storage.letters import Told, settle_recipients
from storage.tables import conversation, thread_alias, thread_member
from storage.transaction import Transaction


def named(
    connection: Connection, hints: Iterable[tuple[str, str]], weak: Iterable[tuple[str, str]]
) -> tuple[set[str], set[str]]:
    """The conversations that letters refer to, and their contacts: these are locked before the conversations are."""
    known = sorted(set(hints))
    keys = {"source_id": [one for one, _ in known], "name": [two for _, two in known]}
    found: set[tuple[str, str]] = set()
    for sql in (
        "JOIN message m ON m.source_id = w.source_id AND m.external_id = w.name"
        " JOIN conversation c ON c.id = m.conversation_id",
        "JOIN message_alias a ON a.source_id = w.source_id AND a.external_id = w.name"
        " JOIN message m ON m.id = a.message_id JOIN conversation c ON c.id = m.conversation_id",
        "JOIN conversation c ON c.source_id = w.source_id AND c.thread = w.name",
    ):
        rows = batch.select(connection, f"SELECT c.id, c.contact_id FROM {{wanted}} {sql}", keys)
        found.update((row.id, row.contact_id) for row in rows)
    pairs = sorted({*known, *weak})
    rows = batch.select(
        connection,
        "SELECT c.id, c.contact_id FROM {wanted} JOIN thread_alias t ON t.source_id = w.source_id AND t.thread = w.thread"
        " JOIN conversation c ON c.id = t.conversation_id",
        {"source_id": [one for one, _ in pairs], "thread": [two for _, two in pairs]},
    )
    found.update((row.id, row.contact_id) for row in rows)
    return {conversation_id for conversation_id, _ in found}, {contact_id for _, contact_id in found}


def load(
    connection: Connection, board: Board, names: Iterable[tuple[str, str]], reports: Iterable[tuple[str, str]]
) -> None:
    """Further names and participants of the board's conversations; addressees of letters that are reported on."""
    pairs = sorted(set(names))
    for row in batch.select(
        connection,
        "SELECT t.source_id, t.thread, t.conversation_id, t.at FROM {wanted} JOIN thread_alias t"
        " ON t.source_id = w.source_id AND t.thread = w.thread",
        {"source_id": [one for one, _ in pairs], "thread": [two for _, two in pairs]},
    ):
        if row.conversation_id in board.conversations:
            board.aliases[row.source_id, row.thread] = (row.conversation_id, row.at)
    if pairs:
        for row in batch.select(
            connection,
            "SELECT p.conversation_id, p.address FROM {wanted} JOIN thread_member p ON p.conversation_id = w.id",
            {"id": sorted(board.conversations)},
        ):
            board.members.setdefault(row.conversation_id, set()).add(row.address)
    told = sorted(set(reports))
    for row in batch.select(
        connection,
        "SELECT r.message_id, r.address, r.state FROM {wanted} JOIN message m ON m.source_id = w.source_id"
        " AND m.external_id = w.external_id JOIN recipient r ON r.message_id = m.id",
        {"source_id": [one for one, _ in told], "external_id": [two for _, two in told]},
    ):
        board.recipients.setdefault(row.message_id, {})[row.address] = row.state


def flush(tx: Transaction, board: Board) -> None:
    """Write what became of threads and letters."""
    batch.update(tx.connection, conversation, ("id",), ("related_id",), sorted(board.related))
    columns = ("conversation_id", "address")
    batch.insert(tx.connection, thread_member, columns, sorted(board.new_members), ignore=True)
    marks = sorted((*key, *value) for key, value in board.marked.items())
    keys = ("source_id", "thread")
    batch.insert(tx.connection, thread_alias, (*keys, "conversation_id", "at"), marks, ignore=True)
    batch.update(tx.connection, thread_alias, keys, ("conversation_id", "at"), marks)
    told = [(row[0], Told(row[1], row[2], row[3], row[4])) for row in board.told]
    settle_recipients(tx, told)


def name_again(tx: Transaction, source_id: str, thread: str, conversation_id: str) -> None:
    """From now on this thread's letters belong to that conversation."""
    tx.connection.execute(
        text(
            "INSERT INTO thread_alias (source_id, thread, conversation_id, at) VALUES (:source, :thread, :id, :now)"
            " ON CONFLICT (source_id, thread) DO UPDATE SET conversation_id = excluded.conversation_id, at = excluded.at"
        ),
        {"source": source_id, "thread": thread, "id": conversation_id, "now": tx.now},
    )
