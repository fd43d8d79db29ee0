"""How is a batch's board written? Every table once, in the order of the locks; the live log comes after."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from storage import (
    batch,
    bylines,
    calls,
    cut,
    doubts,
    early,
    lent,
    likeness,
    owing,
    previews,
    threads,
    unfounded,
)
from storage.board import Address, Board, Contact, Conversation, Deal, Message, NewAttachment
from storage.facts import CONVERSATION
from storage.ids import new_id
from storage.outbox import bounced, mark_answered, proven
from storage.tables import (
    address,
    attachment,
    call_fact,
    consent,
    contact,
    contact_identity,
    conversation,
    deal,
    deal_party,
    decision,
    identity,
    letter,
    message,
    message_alias,
    message_version,
    participant,
    question,
    reaction,
    stage_history,
    test_session,
    touch,
    unwanted,
)
from storage.thanking import fill_contacts, thank
from storage.transaction import Transaction


def flush(tx: Transaction, board: Board, stage: tuple[str, str]) -> None:
    """Write everything the batch changed, and say so in the live log. `stage` is (pipeline, stage) of new leads."""
    _people(tx, board)
    _conversations(tx, board)
    for told in board.connections:
        lent.show_to_owner(tx, *told[:2])
    _deals(tx, board, stage)
    _messages(tx, board)
    threads.flush(tx, board)
    for conversation_id in sorted(board.reshown):
        previews.show_newest(tx, conversation_id)
    _parts(tx.connection, board)
    _figures(tx, board)
    _calls(tx, board)
    _outgoing(tx, board)
    _tests(tx, board)
    if board.new_attachments:
        tx.ring("media")
    if board.cut:
        tx.ring("cut")
    if board.bylines:
        tx.ring("profiles")
    fill_contacts(tx, board.contact_fields)
    thank(tx, board.confirmations)
    if board.rerouted:
        tx.ring("leads")


def _people(tx: Transaction, board: Board) -> None:
    connection = tx.connection
    new = [row for row in board.contacts.values() if row.new]
    batch.insert(
        connection, contact, (*CONTACT, "created_at"), [(*_contact(row, tx.now), tx.now) for row in new]
    )
    changed = [row for row in board.contacts.values() if row.dirty and not row.new]
    batch.update(connection, contact, ("id",), CONTACT[1:], [_contact(row, tx.now) for row in changed])
    links = [(*link[:2], link[2], int(link[3]), link[4], tx.now) for link in board.new_links]
    columns = ("contact_id", "identity_id", "origin", "verified", "name", "created_at")
    batch.insert(connection, contact_identity, columns, links, ignore=True)
    likeness.note(tx, [link[:2] for link in links], board.alike)
    likeness.note_signed(tx, board.signed)
    doubts.note(tx, board.doubts)
    for row in changed:
        tx.changed("contact", row.id, row.id)
    _nameless(tx, board, new)
    named = [(row.id, row.username) for row in board.identities.values() if row.dirty]
    batch.update(connection, identity, ("id",), ("username",), sorted(named))
    batch.update(connection, identity, ("id",), ("spam",), [(one, 0) for one in sorted(board.lifted)])
    _addresses(tx, board)
    for told in board.connections:
        connection.execute(text(CONNECTION), dict(zip(CONNECTION_COLUMNS, told, strict=True)))


def _nameless(tx: Transaction, board: Board, new: Sequence[Contact]) -> None:
    """The network is asked for the names of new people who came without one."""
    unnamed = {row.id for row in new if row.name_from == "address"}
    asked = sorted((link[1], 0) for link in board.new_links if link[0] in unnamed)
    if asked:
        batch.update(tx.connection, identity, ("id",), ("asked_at",), asked)
        tx.ring("profiles")


CONTACT = ("id", "name", "name_from", "responsible_id", "attribution", "demo", "updated_at")


def _contact(row: Contact, now: int) -> tuple[Any, ...]:
    return row.id, row.name, row.name_from, row.responsible_id, row.attribution, row.demo, now


CONNECTION_COLUMNS = ("source_id", "key", "identity_id", "name", "active", "can_reply", "changed_at")
CONNECTION = (
    f"INSERT INTO connection ({', '.join(CONNECTION_COLUMNS)}, member_id) VALUES"
    f" ({', '.join(f':{c}' for c in CONNECTION_COLUMNS)}, (SELECT o.member_id FROM connection o WHERE"
    " o.source_id = CAST(:source_id AS varchar) AND o.identity_id = CAST(:identity_id AS varchar)"
    " AND o.member_id IS NOT NULL ORDER BY o.changed_at DESC LIMIT 1))"
    " ON CONFLICT (source_id, key) DO UPDATE SET name = excluded.name, active = excluded.active,"
    " can_reply = excluded.can_reply, changed_at = excluded.changed_at WHERE connection.changed_at <= excluded.changed_at"
)
"""The latest news of a private account stands, whatever the order in which it came. Lent again, it is the same member's."""

ADDRESS = ("source_id", "identity_id", "last_client_at", "unreachable", "reason", "changed_at")


def _addresses(tx: Transaction, board: Board) -> None:
    new: list[tuple[Any, ...]] = []
    known: list[tuple[Any, ...]] = []
    for row in board.addresses.values():
        if row.dirty:
            (new if row.new else known).append(_address(row))
    # Somebody else may have made one meanwhile; then it is changed like those that were there.
    if batch.insert(tx.connection, address, ADDRESS, sorted(new), ignore=True) < len(new):
        known += new
    batch.update(tx.connection, address, ADDRESS[:2], ADDRESS[2:], sorted(known))


def _address(row: Address) -> tuple[Any, ...]:
    return (
        row.source_id, row.identity_id, row.last_client_at, int(row.unreachable), row.reason, row.changed_at,
    )  # fmt: skip


def _conversations(tx: Transaction, board: Board) -> None:
    names = (*CONVERSATION, "updated_at")
    new = [row for row in board.conversations.values() if row.new]
    values = [(*_conversation(row), tx.now, tx.now) for row in new]
    batch.insert(tx.connection, conversation, (*names, "created_at"), values)
    changed = sorted(
        (row for row in board.conversations.values() if row.dirty and not row.new), key=lambda r: r.id
    )
    batch.update(tx.connection, conversation, ("id",), names[4:], [_changed(row, tx.now) for row in changed])
    batch.update(tx.connection, conversation, ("id",), ("thread",), sorted(board.renamed_threads))
    lent.rename(tx.connection, board.resumed)
    for row in (*new, *changed):
        tx.changed("conversation", row.id, row.contact_id)
    batch.insert(
        tx.connection, participant, ("conversation_id", "identity_id", "name", "seen_at"),
        [(*pair, name, tx.now) for pair, name in sorted(board.participants.items())], ignore=True,
    )  # fmt: skip


def _conversation(row: Conversation) -> tuple[Any, ...]:
    values: tuple[Any, ...] = _values(row)
    return values


_values = attrgetter(*CONVERSATION)


def _changed(row: Conversation, now: int) -> tuple[Any, ...]:
    """Its id and what can change: not its source, thread and contact."""
    values = _conversation(row)
    return (values[0], *values[4:], now)


DEAL = (
    "id", "number", "contact_id", "pipeline_id", "stage_id", "stage_kind", "open", "title", "currency", "owner_id",
    "queue_id", "source_id", "conversation_id", "waiting", "next_at", "priority", "repeat", "quiet", "attribution",
    "demo", "created_at", "last_activity_at", "accepted_at", "amount", "fields",
)  # fmt: skip


def _deals(tx: Transaction, board: Board, stage: tuple[str, str]) -> None:
    connection = tx.connection
    if board.new_deals:
        first = next_numbers(connection, "deal", len(board.new_deals))
        rows = [_deal(row, first + place, stage, tx.now) for place, row in enumerate(board.new_deals)]
        batch.insert(connection, deal, DEAL, rows)
        parties = [(row.id, row.contact_id, "client", 1) for row in board.new_deals]
        batch.insert(connection, deal_party, ("deal_id", "contact_id", "role", "main"), parties)
        entered = [
            (new_id(tx.now), row.id, None, (row.stage or stage)[1], None, tx.now) for row in board.new_deals
        ]
        batch.insert(connection, stage_history, ("id", "deal_id", "from_id", "to_id", "by_id", "at"), entered)
    active = sorted(board.active_deals.items())
    batch.update(connection, deal, ("id",), ("last_activity_at",), active)
    for deal_id, at in sorted(board.answered_deals.items()):
        connection.execute(
            text("UPDATE deal SET first_contact_at = :at WHERE id = :id AND first_contact_at IS NULL"),
            {"id": deal_id, "at": at},
        )
    unfounded.end(tx, board)
    for row in board.new_deals:
        tx.changed("deal", row.id, row.contact_id)
    for deal_id, _ in active:
        tx.changed("deal", deal_id)


def _deal(row: Deal, number: int, stage: tuple[str, str], now: int) -> tuple[Any, ...]:
    accepted, stage = now if row.owner_id else None, row.stage or stage
    return (
        row.id, number, row.contact_id, stage[0], stage[1], "lead", 1, row.title, row.currency, row.owner_id, row.queue_id,
        row.source_id, row.conversation_id, row.waiting, now if row.waiting else None, row.priority,
        int(row.repeat), int(row.quiet), row.attribution, row.demo, row.at, row.at, accepted,
        row.amount, row.fields,
    )  # fmt: skip


def next_numbers(connection: Connection, name: str, count: int) -> int:
    """The first of `count` consecutive numbers nobody else gets."""
    statement = text(
        "INSERT INTO counter (name, value) VALUES (:name, :count)"
        " ON CONFLICT (name) DO UPDATE SET value = counter.value + :count RETURNING value"
    )
    last: int = connection.execute(statement, {"name": name, "count": count}).scalar_one()
    return last - count + 1


MESSAGE = (
    "id", "conversation_id", "contact_id", "source_id", "deal_id", "external_id", "group_key", "kind", "direction",
    "author_kind", "author_id", "author_name", "purpose", "nature", "text", "content", "at", "seq", "received_at",
    "state", "reason", "reply_to_id", "reply_to_external", "attachments", "edited", "deleted", "envelope_id", "stems",
    "edited_at",
)  # fmt: skip
CHANGES = ("text", "state", "reason", "attachments", "edited", "deleted", "stems")


def _messages(tx: Transaction, board: Board) -> None:
    new = [row for row in board.messages.values() if row.new]
    batch.insert(tx.connection, message, MESSAGE, [_message(row) for row in new])
    changed = [row for row in board.messages.values() if row.dirty and not row.new]
    # What was not loaded (stems) is written only where the text changed with it.
    said = [row for row in changed if row.stems or row.reworded]
    rows = [
        (
            row.id, row.kind, row.text, row.content, row.attachments, int(row.edited), int(row.deleted), row.stems,
            row.edited_at,
        )
        for row in said
    ]  # fmt: skip
    columns = ("kind", "text", "content", "attachments", "edited", "deleted", "stems", "edited_at")
    batch.update(tx.connection, message, ("id",), columns, rows)
    written = {row.id for row in said}
    marks = [
        (row.id, row.attachments, int(row.edited), int(row.deleted))
        for row in changed
        if row.id not in written
    ]
    batch.update(tx.connection, message, ("id",), ("attachments", "edited", "deleted"), marks)
    known = [
        (row.id, row.content, row.at, row.state, row.deal_id, row.author_id, row.direction, row.author_kind, row.nature)
        for row in changed
        if row.kind == "call"
    ]  # fmt: skip
    columns = ("content", "at", "state", "deal_id", "author_id", "direction", "author_kind", "nature")
    batch.update(tx.connection, message, ("id",), columns, known)
    batch.update(
        tx.connection, message, ("id",), ("at", "seq"), sorted({row[0]: row for row in board.placed}.values())
    )
    let_out = [(row.id, row.nature, row.deal_id) for row in map(board.messages.__getitem__, board.let_out)]
    batch.update(tx.connection, message, ("id",), ("nature", "deal_id"), let_out)
    for row in (*new, *changed):
        tx.changed("message", row.id, row.contact_id)


def _message(row: Message) -> tuple[Any, ...]:
    values: tuple[Any, ...] = _said(row)
    return (*values[:24], int(row.edited), int(row.deleted), *values[26:])


_said = attrgetter(*MESSAGE)


ATTACHMENT = (
    "id", "message_id", "position", "kind", "name", "mime", "size", "width", "height", "seconds", "transcript",
    "inline_id", "source_id", "ref", "envelope_id", "state", "next_at", "mark",
)  # fmt: skip


ALIAS = ("source_id", "external_id", "message_id")
CONSENT = ("id", "contact_id", "message_id", "purpose", "text", "version", "at", "proof")
REACTION = ("message_id", "identity_id", "emojis", "at")


def _parts(connection: Connection, board: Board) -> None:
    batch.insert(
        connection, attachment, ATTACHMENT, [_attachment(row, board.now) for row in board.new_attachments]
    )
    batch.insert(connection, message_alias, ALIAS, board.new_aliases, ignore=True)
    batch.insert(connection, letter, ("message_id", "html"), board.letters)
    batch.insert(connection, consent, CONSENT, board.consents)
    _versions(connection, board)
    early.flush(connection, board)
    cut.flush(connection, board)
    bylines.flush(connection, board)
    batch.insert(
        connection, unwanted, ("envelope_id",), [(one,) for one in sorted(board.unwanted)], ignore=True
    )
    # The newest word of each person on each message stands.
    latest = {(row[0], row[1]): row for row in board.reactions}
    batch.delete(connection, reaction, REACTION[:2], sorted(latest))
    batch.insert(connection, reaction, REACTION, [row for row in latest.values() if row[2]])


def _attachment(new: NewAttachment, now: int) -> tuple[Any, ...]:
    part = new.attachment
    return (
        new.id, new.message_id, new.position, part.kind, part.name[:255], part.mime, part.size, part.width, part.height,
        part.seconds, part.transcript, part.inline_id, new.source_id, part.ref, new.envelope_id, "fetch",
        None if new.held else now, new.mark,
    )  # fmt: skip


def _versions(connection: Connection, board: Board) -> None:
    """What stood before each edit, numbered after what was kept before."""
    if not board.versions:
        return
    ids = sorted({version.message_id for version in board.versions})
    sql = "SELECT v.message_id, max(v.version) AS last FROM {wanted} JOIN message_version v ON v.message_id = w.id"
    last = {
        row.message_id: row.last
        for row in batch.select(connection, f"{sql} GROUP BY v.message_id", {"id": ids})
    }
    rows = []
    gone = []
    for one in board.versions:
        number = last[one.message_id] = last.get(one.message_id, 0) + 1
        rows.append((one.message_id, number, one.text, one.at, one.envelope_id))
        gone += [(file, number) for file in one.files]
    columns = ("message_id", "version", "text", "at", "envelope_id")
    batch.insert(connection, message_version, columns, rows)
    batch.update(connection, attachment, ("id",), ("version",), sorted(gone))


DECISION = (
    "id", "kind", "rule", "chosen", "message_id", "conversation_id", "deal_id", "contact_id", "record", "at",
)  # fmt: skip
TOUCH = ("id", "contact_id", "deal_id", "message_id", "source_id", "campaign", "attribution", "at", "first")


QUESTION = ("conversation_id", "kind", "about", "choices", "message_id", "asked_at")


def _figures(tx: Transaction, board: Board) -> None:
    asked = [(*row, tx.now) for row in board.questions]
    batch.insert(tx.connection, question, QUESTION, asked, ignore=True)  # asked once
    batch.insert(tx.connection, decision, DECISION, [(*row, tx.now) for row in board.decisions])
    batch.insert(tx.connection, touch, TOUCH, [(*row[:8], int(row[8])) for row in board.touches])


def _calls(tx: Transaction, board: Board) -> None:
    rows = [
        (source_id, fact.key, call_id, fact.at, msgspec.to_builtins(fact))
        for (source_id, call_id), call in sorted(board.calls.items())
        for fact in call.new
    ]
    batch.insert(tx.connection, call_fact, ("source_id", "key", "call", "at", "fact"), rows, ignore=True)
    done = owing.write(tx, board.owing)
    calls.write(tx, board)
    calls.tell_missed(tx, done)
    _answer_elsewhere(tx, board)


def _answer_elsewhere(tx: Transaction, board: Board) -> None:
    """Forms and missed calls of a client are answered by whatever else we say to them."""
    wanted = [
        (contact_id, source_id, at)
        for contact_id, at in sorted(board.owing.in_touch.items())
        for source_id in sorted(board.owing.mute)
    ]
    contacts, sources, times = zip(*wanted, strict=True) if wanted else ((), (), ())
    for row in batch.select(
        tx.connection,
        "SELECT c.id, c.heard_at, w.at FROM {wanted} JOIN conversation c ON c.source_id = w.source_id"
        " AND c.contact_id = w.contact_id AND c.waiting_since IS NOT NULL AND c.last_client_at <= w.at ORDER BY c.id",
        {"contact_id": contacts, "source_id": sources, "at": times},
    ):
        if row.id not in board.conversations:
            mark_answered(tx, row.id, max(row.at, row.heard_at))  # networks' clocks, and ours


def _outgoing(tx: Transaction, board: Board) -> None:
    """Proof that our own messages are there, and what the network says became of them."""
    for row_id, message_id, external_id, at in board.echoes:
        settle_echo(tx, row_id, message_id, external_id, at)
    batch.update(tx.connection, message, ("id",), ("seq",), sorted(dict(board.numbered).items()))
    states = [(message_id, state, reason) for message_id, state, reason in board.delivered]
    batch.update(tx.connection, message, ("id",), ("state", "reason"), states)
    for message_id, state, reason in board.delivered:
        if state == "undelivered":
            bounced(tx, message_id, reason)
    for conversation_id, seq, state in board.read_up_to:
        _read_up_to(tx, conversation_id, seq, state)


def settle_echo(tx: Transaction, row_id: str, message_id: str, external_id: str, at: int) -> None:
    """The network shows our own message: it left, whatever the call's answer was."""
    fresh = proven(tx, row_id, external_id, at)
    tx.connection.execute(
        text(
            "UPDATE message SET external_id = COALESCE(external_id, :external), state = CASE WHEN state IN"
            " ('held', 'queued', 'sending', 'postponed', 'unknown') THEN 'sent' ELSE state END WHERE id = :id"
        ),
        {"id": message_id, "external": external_id},
    )
    if fresh:
        tx.changed("message", message_id)


def _read_up_to(tx: Transaction, conversation_id: str, seq: int, state: str) -> None:
    below = {"delivered": ("sent",), "read": ("sent", "delivered")}.get(state, ())
    names = ", ".join(f"'{name}'" for name in below) or "''"
    found = tx.connection.execute(
        text(
            f"UPDATE message SET state = :state WHERE conversation_id = :id AND direction = 'out' AND seq > 0"
            f" AND seq <= :seq AND state IN ({names}) RETURNING id, contact_id"
        ),
        {"id": conversation_id, "seq": seq, "state": state},
    ).all()
    for row in found:
        tx.changed("message", row.id, row.contact_id)


def _tests(tx: Transaction, board: Board) -> None:
    """The live test of a source saw something."""
    for source_id, code, message_id, conversation_id in board.test_steps:
        tx.connection.execute(
            test_session.update()
            .where(test_session.c.source_id == source_id)
            .values(
                message_id=message_id or test_session.c.message_id,
                conversation_id=conversation_id,
                steps=[{"code": code, "at": tx.now}],
            )
        )
        tx.changed("source_test", source_id)
