"""Who lets a source speak in their own name, and which of our people is that?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, text

from storage import audit, batch
from storage.errors import Conflict
from storage.transaction import Transaction


def lent(connection: Connection, source_id: str) -> list[Row[Any]]:
    """The private accounts lent to a source, the newest news first."""
    return list(
        connection.execute(
            text(
                "SELECT c.key, c.name, c.active, c.can_reply, c.changed_at, c.member_id, m.name AS member_name, i.username"
                " FROM connection c LEFT JOIN member m ON m.id = c.member_id LEFT JOIN identity i ON i.id = c.identity_id"
                " WHERE c.source_id = :id ORDER BY c.changed_at DESC, c.key"
            ),
            {"id": source_id},
        )
    )


def gone_on(
    connection: Connection, said: Iterable[tuple[str, str, str, str, str]]
) -> dict[tuple[str, str], Row[Any]]:
    """(source, thread) -> the conversation (`id`, `contact_id`) that the same client had with the same owner when the account
    was lent before: the network names both anew. `said`: (source, connection, thread, kind and value of the client)."""
    columns = ("source_id", "key", "thread", "kind", "value")
    rows = batch.select(
        connection,
        "SELECT w.source_id, w.thread, c.id, c.contact_id FROM {wanted} JOIN connection n"
        " ON n.source_id = w.source_id AND n.key = w.key"
        " JOIN connection o ON o.source_id = n.source_id AND o.identity_id = n.identity_id AND o.key <> n.key"
        " JOIN identity i ON i.kind = w.kind AND i.value = w.value JOIN contact_identity l ON l.identity_id = i.id"
        " JOIN conversation c ON c.contact_id = l.contact_id AND c.source_id = w.source_id AND c.identity_id = i.id"
        " AND c.connection = o.key WHERE NOT EXISTS"
        " (SELECT 1 FROM conversation x WHERE x.source_id = w.source_id AND x.thread = w.thread) ORDER BY c.last_at, c.id",
        dict(zip(columns, map(list, zip(*sorted(said), strict=True)), strict=True)),
    )  # fmt: skip
    return {(row.source_id, row.thread): row for row in rows}  # the latest of them


def rename(connection: Connection, names: Iterable[tuple[str, str, str]]) -> None:
    """What was said in these conversations is found under their new names too. `names`: (conversation, before, now)."""
    for conversation_id, before, now in sorted(names):
        connection.execute(
            text(
                "INSERT INTO message_alias (source_id, external_id, message_id) SELECT source_id,"
                " :now || substr(external_id, :rest), id FROM message WHERE conversation_id = :id"
                " AND external_id LIKE :like ESCAPE '!' ON CONFLICT DO NOTHING"
            ),
            {"now": now, "rest": len(before) + 1, "id": conversation_id, "like": _escaped(before) + ":%"},
        )


def _escaped(words: str) -> str:
    return words.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def show_to_owner(tx: Transaction, source_id: str, key: str) -> None:
    """What was said on an account before the network told whose it is, is for its owner's eyes too."""
    moved = tx.connection.execute(
        text(
            "UPDATE conversation SET private_to = (SELECT n.member_id FROM connection n WHERE n.source_id = :source"
            " AND n.key = :key) WHERE source_id = :source AND connection = :key AND private_to IS NULL AND EXISTS"
            " (SELECT 1 FROM connection n WHERE n.source_id = :source AND n.key = :key AND n.member_id IS NOT NULL)"
            " RETURNING id, contact_id"
        ),
        {"source": source_id, "key": key},
    ).all()
    for row in moved:
        tx.changed("conversation", row.id, row.contact_id)


def belongs_to(tx: Transaction, source_id: str, key: str, member_id: str | None, by: str) -> None:
    """From now on its chats are for this member's eyes; None: nobody said whose it is. Raises Conflict not_found."""
    values = {"source": source_id, "key": key, "member": member_id}
    known = "EXISTS (SELECT 1 FROM member WHERE id = :member)" if member_id is not None else "1 = 1"
    changed = tx.connection.execute(
        text(
            f"UPDATE connection SET member_id = :member WHERE source_id = :source AND key = :key AND {known}"
        ),
        values,
    )
    if changed.rowcount != 1:
        raise Conflict("not_found", 404)
    moved = tx.connection.execute(
        text(
            "UPDATE conversation SET private_to = :member WHERE source_id = :source AND connection = :key"
            " RETURNING id, contact_id"
        ),
        values,
    ).all()
    for row in moved:
        tx.changed("conversation", row.id, row.contact_id)
    audit.note(tx, by, "source.lent", "source", source_id, {"member": member_id})
