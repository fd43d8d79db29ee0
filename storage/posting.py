"""Which letter is answered or handed on, and what is in it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import getaddresses
from typing import Any

import orjson
from sqlalchemy import Connection, text

from storage.letters import MAIL, Addressee
from storage.outbox import Ready


@dataclass(frozen=True, kw_only=True, slots=True)
class Original:
    """A letter as an answer needs it."""

    id: str
    external_id: str
    inbound: bool
    author: tuple[Addressee, ...]
    """Whom an answer goes to: Reply-To, else who wrote."""
    author_name: str
    to: tuple[Addressee, ...]
    subject: str
    text: str
    html: str
    at: int
    references: tuple[str, ...]
    files: tuple[Mapping[str, Any], ...]


def letter_of(
    connection: Connection, conversation_id: str | None, message_id: str | None, ours_too: bool
) -> Original | None:
    """A message of the conversation, or its newest: of the client's, of ours where there are none."""
    row = connection.execute(
        text(
            "SELECT m.id, m.external_id, m.direction, m.author_name, m.text, m.content, m.at, m.contact_id,"
            " c.subject, i.value, i.kind, l.html FROM message m JOIN conversation c ON c.id = m.conversation_id"
            " LEFT JOIN identity i ON i.id = c.identity_id LEFT JOIN letter l ON l.message_id = m.id"
            + (
                " WHERE m.id = :id"
                if message_id is not None
                else " WHERE m.conversation_id = :conversation AND m.kind NOT IN ('note', 'system', 'call')"
                " AND m.nature <> 'automatic' AND m.deleted = 0"
                " ORDER BY CASE WHEN m.direction = 'in' THEN 0 ELSE 1 END, m.at DESC, m.seq DESC, m.id DESC LIMIT 1"
            )
        ),
        {"id": message_id, "conversation": conversation_id},
    ).first()
    if row is None:
        return None
    content = orjson.loads(row.content)
    mail = content.get("mail") or {}
    author = _people([mail.get("reply_to") or mail.get("from") or ""], "to")
    if not author and row.kind == MAIL and row.direction == "in":
        author = (Addressee(address=row.value, name=row.author_name),)
    to = (*_people(mail.get("to", ()), "to"), *_people(mail.get("cc", ()), "cc"))
    if not to and row.kind == MAIL and row.direction == "out":
        to = (Addressee(address=row.value),)
    return Original(
        id=row.id,
        external_id=row.external_id or "",
        inbound=row.direction == "in",
        author=author,
        author_name=row.author_name,
        to=to,
        subject=content.get("subject") or row.subject,
        text=row.text,
        html=row.html or "",
        at=row.at,
        references=tuple(mail.get("references", ())),
        files=tuple(_files(connection, row.id)),
    )


def _people(lines: Any, kind: str) -> tuple[Addressee, ...]:
    return tuple(
        Addressee(address=address.lower(), name=name, kind=kind)
        for name, address in getaddresses([str(line) for line in lines])
        if "@" in address
    )


def _files(connection: Connection, message_id: str) -> list[dict[str, Any]]:
    rows = connection.execute(
        text(
            "SELECT id, digest, name, mime, kind, size, state, inline_id FROM attachment"
            " WHERE message_id = :id AND version IS NULL ORDER BY position, id"
        ),
        {"id": message_id},
    )
    return [dict(row._mapping) for row in rows]


@dataclass(frozen=True, slots=True)
class SentPart:
    """The part by which a letter of ours left."""

    source_id: str
    ready: Ready


def sent_part(connection: Connection, message_id: str) -> SentPart | None:
    """A letter of ours as it was handed to the network; None when it was not prepared yet."""
    row = connection.execute(
        text(
            "SELECT o.id, o.source_id, o.content, o.created_at, o.prepared, o.conversation_id FROM outbox o"
            " WHERE o.message_id = :id AND o.act = 'send' AND o.prepared IS NOT NULL ORDER BY o.part LIMIT 1"
        ),
        {"id": message_id},
    ).first()
    if row is None:
        return None
    ready = Ready(
        row.id, message_id, "send", row.conversation_id, "", "", MAIL, "", "", "", orjson.loads(row.content), "", (), 1,
        row.created_at, (), bytes(row.prepared),
    )  # fmt: skip
    return SentPart(row.source_id, ready)


def known_addresses(connection: Connection, conversation_id: str) -> list[Addressee]:
    """The addresses by which the conversation's client can be written to, the surest first."""
    rows = connection.execute(
        text(
            "SELECT i.value, p.name FROM conversation c JOIN contact p ON p.id = c.contact_id"
            " JOIN contact_identity l ON l.contact_id = c.contact_id"
            " JOIN identity i ON i.id = l.identity_id AND i.kind = :kind"
            " WHERE c.id = :id ORDER BY CASE WHEN i.id = c.identity_id THEN 0 ELSE 1 END, l.verified DESC, l.created_at"
        ),
        {"id": conversation_id, "kind": MAIL},
    )
    return [Addressee(address=row.value, name=row.name if "@" not in row.name else "") for row in rows]


def related(connection: Connection, conversation_id: str) -> tuple[str | None, str | None]:
    """The thread that this one seems to go on from: its id and subject."""
    row = connection.execute(
        text(
            "SELECT o.id, o.subject FROM conversation c JOIN conversation o ON o.id = c.related_id WHERE c.id = :id"
        ),
        {"id": conversation_id},
    ).first()
    return (None, None) if row is None else (row.id, row.subject)
