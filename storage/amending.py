"""May a message of ours be worded anew or taken back, or a client's be marked, and how does that join the line?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import Row, text

from routing.text import Stretch
from routing.times import HOUR
from storage import amends, audit, batch
from storage.errors import Conflict
from storage.ids import new_id
from storage.outbox import Outcome, Part, Place, parts_of, settle, store_parts
from storage.replying import Target, closed, parts_of_text, spans_json, window_of
from storage.tables import outbox
from storage.transaction import Transaction

WAITS = frozenset({"held", "queued", "postponed"})
LEFT = frozenset({"sent", "delivered", "read"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """Who wants a message changed. `anyones`: not only one's own."""

    member_id: str
    message_id: str
    anyones: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Powers:
    """What the network lets us do later; hours 0 is for ever."""

    edit: bool
    edit_hours: float
    delete: bool
    delete_hours: float
    reactions: tuple[str, ...]


def edit(
    tx: Transaction, wish: Wish, words: str, spans: Sequence[Stretch], target: Target, powers: Powers
) -> None:
    """Word a message anew: at once while it waits, through the line when it left. Raises Conflict."""
    row = _own(tx, wish)
    parts = _held_parts(tx, wish, "cannot_edit")
    old = [Part.of(orjson.loads(part.content)) for part in parts]
    files = [file for part in old for file in part.files]
    shared = [part for part in old if part.shares and part.letter is None]
    if not words and shared and not files:
        raise Conflict("text_empty", 422)
    fresh = parts_of_text(words, spans, target, files, shared)
    if old[0].letter is not None and len(fresh) == 1:
        fresh = (replace(old[0], text=fresh[0].text, spans=fresh[0].spans),)
    if all(part.state in WAITS for part in parts):
        _rewrite(tx, row, parts, fresh, words, spans, target)
    else:
        _must_have_left(row, parts)
        if not powers.edit:
            raise Conflict("cannot_edit")
        if powers.edit_hours and tx.now - row.at > powers.edit_hours * HOUR:
            raise Conflict("edit_too_late", hours=powers.edit_hours)
        window = window_of(tx, row.identity_id, target, row.conversation_id)
        if not window.allow:
            raise closed(window)
        changes = _changes(parts, fresh)
        _ask(tx, row, "edit", {"changes": changes, "words": words, "spans": spans_json(spans)})
    audit.note(tx, wish.member_id, "message.edit", "message", row.id)


def _rewrite(
    tx: Transaction, row: Row[Any], parts: Sequence[Row[Any]], fresh: Sequence[Part], words: str,
    spans: Sequence[Stretch], target: Target,
) -> None:  # fmt: skip
    """Nobody has seen it: the waiting parts are made anew in their old place."""
    first = parts[0]
    tx.connection.execute(text("DELETE FROM outbox WHERE message_id = :id AND act = 'send'"), {"id": row.id})
    tx.count(row.source_id, accepted=-len(parts))
    place = Place(row.id, row.conversation_id, row.source_id, first.state, first.created_at, first.not_before)
    keys = [target.echo(f"{row.id}.{number}" if number else row.id) for number in range(len(fresh))]
    store_parts(tx, place, fresh, keys)
    amends.reword(tx, row.id, words, spans_json(spans))
    tx.connection.execute(text("DELETE FROM message_version WHERE message_id = :id"), {"id": row.id})
    tx.connection.execute(text("UPDATE message SET edited = 0 WHERE id = :id"), {"id": row.id})
    amends.told(tx, row.id)


def _changes(parts: Sequence[Row[Any]], fresh: Sequence[Part]) -> list[dict[str, Any]]:
    """What each message of the network has to say now. Raises Conflict when the parts no longer fit.

    Unchanged ones too: another change may be on its way, and the same words again are no error."""
    old = [orjson.loads(part.content) for part in parts]
    shape = [(bool(one["files"]), Part.of(one).shares) for one in old]
    if shape != [(bool(part.files), part.shares) for part in fresh]:
        raise Conflict("edit_too_long")
    changes = []
    for row, before, after in zip(parts, old, fresh, strict=True):
        if not before["text"] and not after.text:
            continue
        changes.append({
            "external_id": orjson.loads(row.external_ids)[0], "text": after.text, "spans": list(after.spans),
            "caption": bool(after.files), "part": row.id,
        })  # fmt: skip
    return changes


def delete(tx: Transaction, wish: Wish, powers: Powers) -> None:
    """Take a message that left back, for both sides. Raises Conflict."""
    row = _own(tx, wish)
    parts = _held_parts(tx, wish, "cannot_delete")
    _must_have_left(row, parts)
    if not powers.delete:
        raise Conflict("cannot_delete")
    if powers.delete_hours and tx.now - row.at > powers.delete_hours * HOUR:
        raise Conflict("delete_too_late", hours=powers.delete_hours)
    _give_up(tx, row.id, "edit")
    ids = [external_id for part in parts for external_id in orjson.loads(part.external_ids)]
    _ask(tx, row, "delete", {"external_ids": ids})
    audit.note(tx, wish.member_id, "message.delete", "message", row.id)


def react(
    tx: Transaction, member_id: str, message_id: str, emoji: str, target: Target, powers: Powers
) -> None:
    """Put our one reaction under what a client said; "" takes it away. Raises Conflict."""
    row = _message(tx, message_id)
    if row.direction != "in" or row.external_id is None or row.deleted:
        raise Conflict("cannot_react")
    if emoji and emoji not in powers.reactions:
        raise Conflict("cannot_react", emoji=emoji)
    window = window_of(tx, row.identity_id, target, row.conversation_id)
    if not window.allow:
        raise closed(window)
    _ask(tx, row, "react", {"external_id": row.external_id, "emoji": emoji})
    audit.note(tx, member_id, "message.react", "message", row.id)


def _message(tx: Transaction, message_id: str) -> Row[Any]:
    row = tx.connection.execute(
        text(
            "SELECT m.id, m.conversation_id, m.source_id, m.contact_id, m.external_id, m.direction, m.kind, m.state,"
            " m.author_id, m.at, m.text, m.deleted, c.identity_id FROM message m"
            " JOIN conversation c ON c.id = m.conversation_id WHERE m.id = :id"
        ),
        {"id": message_id},
    ).first()
    if row is None:
        raise Conflict("not_found", 404)
    return row


def _own(tx: Transaction, wish: Wish) -> Row[Any]:
    """A message of ours that this member may change. Raises Conflict."""
    row = _message(tx, wish.message_id)
    if row.direction != "out" or row.deleted:
        raise Conflict("not_now")
    if row.author_id != wish.member_id and not wish.anyones:
        raise Conflict("forbidden", 403, permission="conversation.assign")
    return row


def _held_parts(tx: Transaction, wish: Wish, code: str) -> Sequence[Row[Any]]:
    """The message's parts; one that was written elsewhere has none, and the network lets only its author change it."""
    try:
        return parts_of(tx, wish.message_id)
    except Conflict:
        raise Conflict(code) from None


def _must_have_left(row: Row[Any], parts: Sequence[Row[Any]]) -> None:
    """Raise Conflict not_now unless every part is out and the network named it."""
    named = all(part.state == "sent" and orjson.loads(part.external_ids) for part in parts)
    if row.state not in LEFT or not named:
        raise Conflict("not_now")


def _ask(tx: Transaction, row: Row[Any], act: str, content: dict[str, Any]) -> None:
    """Join the line; the newest wish replaces one of the same kind that still waits."""
    _give_up(tx, row.id, act)
    columns = (
        "id", "message_id", "conversation_id", "source_id", "part", "act", "state", "content", "created_at", "not_before",
    )  # fmt: skip
    values = (
        new_id(tx.now), row.id, row.conversation_id, row.source_id, 0, act, "queued", content, tx.now, tx.now,
    )  # fmt: skip
    batch.insert(tx.connection, outbox, columns, [values])
    tx.count(row.source_id, accepted=1)
    tx.ring("outbox")
    amends.told(tx, row.id)


def _give_up(tx: Transaction, message_id: str, act: str) -> None:
    lock = tx.for_update
    rows = tx.connection.execute(
        text(
            "SELECT id FROM outbox WHERE message_id = :id AND act = :act AND state IN ('queued', 'postponed')"
            f" ORDER BY id{lock}"
        ),
        {"id": message_id, "act": act},
    ).all()
    settle(tx, None, [Outcome(row.id, message_id, "cancelled", reason="superseded") for row in rows])
