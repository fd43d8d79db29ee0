"""What was said, in order? A contact's whole timeline or one conversation's, page by page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Row, text

from storage import batch, letters, queue
from storage.calls import called_back
from storage.reach import Reach

STICKERS = 200
"""How far back is looked."""

COLUMNS = (
    "m.id, m.conversation_id, m.contact_id, m.source_id, m.deal_id, m.external_id, m.kind, m.direction, m.author_kind,"
    " m.author_id, m.author_name, m.nature, m.text, m.content, m.at, m.seq, m.received_at, m.state, m.reason,"
    " m.reply_to_id, m.reply_to_external, m.attachments, m.edited, m.deleted, m.envelope_id"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """Messages with all that a screen shows of them."""

    rows: list[Row[Any]]
    attachments: dict[str, list[Row[Any]]]
    reactions: dict[str, list[str]]
    quotes: dict[str, Row[Any]]
    deals: dict[str, Row[Any]]
    waiting: dict[str, Row[Any]]
    """message -> when its next part goes."""
    answered_by: dict[str, str]
    """member -> name, for calls."""
    own_reactions: dict[str, str]
    later: dict[str, Row[Any]]
    """message -> the newest that was asked of it after it was there."""
    recipients: dict[str, list[Row[Any]]]
    """letter of ours -> its addressees."""
    called_back: dict[str, list[Row[Any]]]
    """contact of a missed call -> when we were in touch afterwards, and how, earliest first."""


def page(
    connection: Connection, *, contact_id: str | None, conversation_id: str | None, before: str | None, limit: int,
    around: str | None = None,
) -> tuple[list[str], str | None]:  # fmt: skip
    """Ids, oldest first, and the cursor of what is older; None: this is the beginning."""
    column, value = (
        ("contact_id", contact_id) if contact_id is not None else ("conversation_id", conversation_id)
    )
    where = f"m.{column} = :value AND NOT (m.deleted = 1 AND m.state = 'cancelled')"
    after = _read_cursor(before)
    if after is None and around is not None:
        after = _just_after(connection, around, where, value or "", limit)
    parameters: dict[str, Any] = {"value": value, "limit": limit + 1}
    if after is not None:
        where += " AND (m.at, m.seq, m.id) < (:at, :seq, :id)"
        parameters |= dict(zip(("at", "seq", "id"), after, strict=True))
    rows = connection.execute(
        text(
            f"SELECT m.id, m.at, m.seq FROM message m WHERE {where}"
            " ORDER BY m.at DESC, m.seq DESC, m.id DESC LIMIT :limit"
        ),
        parameters,
    ).all()
    kept = rows[:limit]
    older = _cursor(kept[-1]) if len(rows) > limit else None
    return [row.id for row in reversed(kept)], older


def _just_after(
    connection: Connection, message_id: str, where: str, value: str, limit: int
) -> tuple[int, int, str] | None:
    """The place behind half a page after this message, so that it stands in the middle; None: at the end."""
    row = connection.execute(
        text("SELECT at, seq, id FROM message WHERE id = :id"), {"id": message_id}
    ).first()
    if row is None:
        return None
    later = connection.execute(
        text(
            f"SELECT m.at, m.seq, m.id FROM message m WHERE {where} AND (m.at, m.seq, m.id) > (:at, :seq, :id)"
            " ORDER BY m.at, m.seq, m.id LIMIT :limit"
        ),
        {"value": value, "at": row.at, "seq": row.seq, "id": row.id, "limit": limit // 2 + 1},
    ).all()
    return (later[-1].at, later[-1].seq, later[-1].id) if len(later) > limit // 2 else None


def _cursor(row: Row[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([row.at, row.seq, row.id])).decode().rstrip("=")


def _read_cursor(cursor: str | None) -> tuple[int, int, str] | None:
    if cursor is None:
        return None
    try:
        at, seq, row_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError):
        return None
    return (
        (at, seq, row_id)
        if isinstance(at, int) and isinstance(seq, int) and isinstance(row_id, str)
        else None
    )


def facts(connection: Connection, ids: Sequence[str]) -> Facts:
    """The messages with their attachments, reactions, quotes and deals; one statement each."""
    rows = batch.select(
        connection,
        f"SELECT {COLUMNS} FROM {{wanted}} JOIN message m ON m.id = w.id ORDER BY w.n",
        {"id": list(ids)},
    )
    attachments: dict[str, list[Row[Any]]] = {}
    with_files = [row.id for row in rows if row.attachments]
    for row in batch.select(
        connection,
        "SELECT a.* FROM {wanted} JOIN attachment a ON a.message_id = w.id AND a.version IS NULL ORDER BY a.position, a.id",
        {"id": with_files},
    ):
        attachments.setdefault(row.message_id, []).append(row)
    reactions, own = _reactions(connection, ids)
    quotes = batch.select(
        connection,
        "SELECT q.id, q.author_name, q.author_kind, q.text, q.kind FROM {wanted} JOIN message q ON q.id = w.id",
        {"id": sorted({row.reply_to_id for row in rows if row.reply_to_id})},
    )
    deals = batch.select(
        connection,
        "SELECT d.id, d.number, d.title, d.stage_kind, s.name AS stage FROM {wanted} JOIN deal d ON d.id = w.id"
        " JOIN stage s ON s.id = d.stage_id",
        {"id": sorted({row.deal_id for row in rows if row.deal_id})},
    )
    pending = [row.id for row in rows if row.state in ("held", "queued", "postponed")]
    waiting = batch.select(
        connection,
        "SELECT o.message_id, min(o.not_before) AS at FROM {wanted} JOIN outbox o ON o.message_id = w.id"
        " AND o.act = 'send' AND o.state IN ('held', 'queued', 'postponed') GROUP BY o.message_id",
        {"id": pending},
    )
    told = [orjson.loads(row.content).get("call", {}) for row in rows if row.kind == "call"]
    members = {ref for call in told for ref in (call.get("answered_by"), *call.get("rang_members", ()))}
    names = batch.select(
        connection,
        "SELECT m.id, m.name FROM {wanted} JOIN member m ON m.id = w.id",
        {"id": sorted(filter(None, members))},
    )
    return Facts(
        rows, attachments, reactions, {row.id: row for row in quotes}, {row.id: row for row in deals},
        {row.message_id: row for row in waiting}, {row.id: row.name for row in names}, own,
        _later(connection, ids),
        letters.of_messages(connection, [row.id for row in rows if row.kind == "mail" and row.direction == "out"]),
        called_back(connection, {row.contact_id for row in rows if row.kind == "call" and row.state == "missed"}),
    )  # fmt: skip


def _reactions(connection: Connection, ids: Sequence[str]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The people's reactions, and our own."""
    people: dict[str, list[str]] = {}
    own: dict[str, str] = {}
    for row in batch.select(
        connection,
        "SELECT r.message_id, r.identity_id, r.emojis, m.source_id FROM {wanted}"
        " JOIN reaction r ON r.message_id = w.id JOIN message m ON m.id = w.id ORDER BY r.at",
        {"id": list(ids)},
    ):
        emojis = orjson.loads(row.emojis)
        if row.identity_id == row.source_id:
            own[row.message_id] = "".join(emojis[:1])
        else:
            people.setdefault(row.message_id, []).extend(emojis)
    return people, own


def _later(connection: Connection, ids: Sequence[str]) -> dict[str, Row[Any]]:
    rows = batch.select(
        connection,
        "SELECT o.message_id, o.act, o.state, o.reason, o.content FROM {wanted} JOIN outbox o ON o.message_id = w.id"
        " AND o.act <> 'send' AND o.state <> 'cancelled' ORDER BY o.created_at, o.id",
        {"id": list(ids)},
    )
    return {row.message_id: row for row in rows}


def versions(connection: Connection, message_id: str) -> list[tuple[Row[Any], list[Row[Any]]]]:
    """The words a message had before, oldest first, with the files that went with them."""
    rows = connection.execute(
        text("SELECT version, text, at FROM message_version WHERE message_id = :id ORDER BY at, version"),
        {"id": message_id},
    ).all()
    files = connection.execute(
        text("SELECT * FROM attachment WHERE message_id = :id AND version IS NOT NULL ORDER BY position, id"),
        {"id": message_id},
    ).all()
    return [(row, [file for file in files if file.version == row.version]) for row in rows]


def conversations_of(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """message -> its conversation."""
    rows = batch.select(
        connection,
        "SELECT m.id, m.conversation_id FROM {wanted} JOIN message m ON m.id = w.id",
        {"id": list(ids)},
    )
    return {row.id: row.conversation_id for row in rows}


def inline_files(connection: Connection, message_id: str) -> dict[str, str]:
    """Content-ID -> attachment, of the files that a letter shows inside itself."""
    rows = connection.execute(
        text(
            "SELECT id, inline_id FROM attachment WHERE message_id = :id AND inline_id <> '' AND state = 'ready'"
        ),
        {"id": message_id},
    )
    return {row.inline_id: row.id for row in rows}


def letter(connection: Connection, message_id: str) -> str | None:
    """A letter's HTML as it came."""
    found: str | None = connection.execute(
        text("SELECT html FROM letter WHERE message_id = :id"), {"id": message_id}
    ).scalar()
    return found


def stickers(connection: Connection, source_id: str, reach: Reach) -> list[Row[Any]]:
    """The newest stickers that came by a source in conversations within reach, each once."""
    rows = connection.execute(
        text(
            "SELECT a.id, a.ref, a.name, a.mime, a.digest, m.conversation_id FROM attachment a"
            " JOIN message m ON m.id = a.message_id"
            " WHERE a.source_id = :source AND a.kind = 'sticker' AND a.state = 'ready' AND m.direction = 'in'"
            " ORDER BY a.id DESC LIMIT :most"
        ),
        {"source": source_id, "most": STICKERS},
    ).all()
    seen = queue.visible(connection, [row.conversation_id for row in rows], reach)
    once = {row.digest: row for row in reversed(rows) if row.conversation_id in seen}
    return list(reversed(once.values()))
