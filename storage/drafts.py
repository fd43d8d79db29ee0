"""What is somebody writing just now? A draft a person, a conversation and a mode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Row, text

from routing.times import DAY
from storage import batch
from storage.errors import Conflict
from storage.tables import upload
from storage.transaction import Transaction

KEPT = 7 * DAY


def find(connection: Connection, member_id: str, conversation_id: str, mode: str) -> Row[Any] | None:
    """The draft, if there is one."""
    return connection.execute(
        text(
            "SELECT text, files, reply_to_id, version FROM draft"
            " WHERE member_id = :me AND conversation_id = :id AND mode = :mode"
        ),
        {"me": member_id, "id": conversation_id, "mode": mode},
    ).first()


def save(
    tx: Transaction, member_id: str, conversation_id: str, mode: str, words: str, files: Sequence[str],
    reply_to: str | None, version: int,
) -> int:  # fmt: skip
    """Keep the draft; its new version. Raises Conflict draft_conflict when another device wrote meanwhile."""
    known = find(tx.connection, member_id, conversation_id, mode)
    if known is not None and known.version != version:
        raise Conflict("draft_conflict", version=known.version, text=known.text)
    tx.connection.execute(
        text(
            "INSERT INTO draft (member_id, conversation_id, mode, text, files, reply_to_id, version, updated_at)"
            " VALUES (:me, :id, :mode, :words, :files, :reply, :version, :now)"
            " ON CONFLICT (member_id, conversation_id, mode) DO UPDATE SET text = :words, files = :files,"
            " reply_to_id = :reply, version = :version, updated_at = :now"
        ),
        {
            "me": member_id, "id": conversation_id, "mode": mode, "words": words,
            "files": orjson.dumps(list(files)).decode(), "reply": reply_to, "version": version + 1, "now": tx.now,
        },
    )  # fmt: skip
    _changed(tx, member_id, conversation_id, mode)
    return version + 1


def drop(tx: Transaction, member_id: str, conversation_id: str, mode: str) -> None:
    """Empty the draft. Its number goes on, so that another tab cannot bring the old words back."""
    found = tx.connection.execute(
        text(
            "UPDATE draft SET text = '', files = '[]', reply_to_id = NULL, version = version + 1, updated_at = :now"
            " WHERE member_id = :me AND conversation_id = :id AND mode = :mode"
        ),
        {"me": member_id, "id": conversation_id, "mode": mode, "now": tx.now},
    )
    if found.rowcount:
        _changed(tx, member_id, conversation_id, mode)


def _changed(tx: Transaction, member_id: str, conversation_id: str, mode: str) -> None:
    """Only the writer's own consoles are told."""
    tx.changed("draft", f"{conversation_id}:{mode}", None, f"member:{member_id}")
    if mode == "reply":
        tx.changed("conversation", conversation_id, None, f"member:{member_id}")


def sweep(tx: Transaction) -> int:
    """Take away what has been empty for a week; how many."""
    return tx.connection.execute(
        text("DELETE FROM draft WHERE text = '' AND files = '[]' AND updated_at < :before"),
        {"before": tx.now - KEPT},
    ).rowcount


def uploads(connection: Connection, ids: Sequence[str], member_id: str) -> list[Any]:
    """A member's uploaded files, in the order of `ids`."""
    rows = batch.select(
        connection,
        "SELECT u.id, u.name, u.mime, u.size FROM {wanted} JOIN upload u ON u.id = w.id WHERE u.member_id = :me ORDER BY w.n",
        {"id": list(ids)},
        me=member_id,
    )
    return [{"id": row.id, "name": row.name, "mime": row.mime, "size": row.size} for row in rows]


def add_upload(
    tx: Transaction, upload_id: str, member_id: str, digest: str, name: str, mime: str, kind: str, size: int
) -> None:
    """A file that a person is about to send."""
    batch.insert(
        tx.connection, upload, ("id", "member_id", "digest", "name", "mime", "kind", "size", "created_at"),
        [(upload_id, member_id, digest, name, mime, kind, size, tx.now)],
    )  # fmt: skip
    tx.connection.execute(
        text(
            'INSERT INTO file (digest, size, mime, "references", created_at) VALUES (:digest, :size, :mime, 1, :now)'
            ' ON CONFLICT (digest) DO UPDATE SET "references" = file."references" + 1'
        ),
        {"digest": digest, "size": size, "mime": mime, "now": tx.now},
    )
