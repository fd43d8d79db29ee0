"""Which versions of a source's public face were published, and what is being worked on?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from storage import audit
from storage.errors import Conflict
from storage.sources import change_source, load_source
from storage.transaction import Transaction

NOTHING: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Draft:
    """What is worked on. `revision` counts its saves; 0: nobody saved one, it is what is published."""

    content: str
    revision: int
    at: int
    by: str


def draft(connection: Connection, source_id: str) -> Draft | None:
    """The draft of a source; None: there is none."""
    row = connection.execute(
        text(
            "SELECT d.content, d.revision, d.at, m.name FROM design_draft d LEFT JOIN member m ON m.id = d.by_id"
            " WHERE d.source_id = :id"
        ),
        {"id": source_id},
    ).first()
    return None if row is None else Draft(row.content, row.revision, row.at, row.name or "")


def versions(connection: Connection, source_id: str, limit: int = 100) -> list[Row[Any]]:
    """What was published, newest first, without contents."""
    return list(
        connection.execute(
            text(
                "SELECT d.number, d.note, d.restored_from, d.at, m.name AS by_name FROM design d"
                " LEFT JOIN member m ON m.id = d.by_id WHERE d.source_id = :id ORDER BY d.number DESC LIMIT :limit"
            ),
            {"id": source_id, "limit": limit},
        )
    )


def version(connection: Connection, source_id: str, number: int) -> str | None:
    """A version as it was published; None: there is none of this number."""
    found: str | None = connection.execute(
        text("SELECT content FROM design WHERE source_id = :id AND number = :number"),
        {"id": source_id, "number": number},
    ).scalar()
    return found


def save(tx: Transaction, source_id: str, by: str, content: str, revision: int) -> int:
    """Keep the draft; its new revision. Raises Conflict draft_conflict when somebody saved another meanwhile."""
    row = tx.connection.execute(
        text(
            "INSERT INTO design_draft (source_id, content, revision, by_id, at) VALUES (:id, :content, 1, :by, :now)"
            " ON CONFLICT (source_id) DO UPDATE SET content = :content, revision = design_draft.revision + 1,"
            " by_id = :by, at = :now WHERE design_draft.revision = :revision RETURNING revision"
        ),
        {"id": source_id, "content": content, "by": by, "now": tx.now, "revision": revision},
    ).first()
    if row is None:
        raise Conflict("draft_conflict")
    saved: int = row.revision
    return saved


def discard(tx: Transaction, source_id: str) -> None:
    """Forget the draft: what is published stands."""
    tx.connection.execute(text("DELETE FROM design_draft WHERE source_id = :id"), {"id": source_id})


def publish(
    tx: Transaction, source_id: str, setting: str, content: str, by: str | None, *, note: str = "",
    restored_from: int | None = None, along: Mapping[str, str] = NOTHING,
) -> int:  # fmt: skip
    """This content is what counts from now on; its number. The draft is done with. `along` are settings that it brings.
    Raises Conflict not_found."""
    lock = tx.for_update
    tx.connection.execute(text(f"SELECT id FROM source WHERE id = :id{lock}"), {"id": source_id})
    row = load_source(tx.connection, source_id)
    if row is None:
        raise Conflict("not_found", 404)
    last = tx.connection.execute(
        text("SELECT max(number) FROM design WHERE source_id = :id"), {"id": source_id}
    ).scalar()
    number = (last or 0) + 1
    tx.connection.execute(
        text(
            "INSERT INTO design (source_id, number, content, note, restored_from, by_id, at)"
            " VALUES (:id, :number, :content, :note, :restored, :by, :now)"
        ),
        {
            "id": source_id, "number": number, "content": content, "note": note[:500], "restored": restored_from,
            "by": by, "now": tx.now,
        },
    )  # fmt: skip
    settings = {**row.settings, **along, setting: content, version_setting(setting): str(number)}
    change_source(tx, source_id, settings=settings)
    discard(tx, source_id)
    if by is not None:
        audit.note(tx, by, "design.publish", "source", source_id, {"number": number, "from": restored_from})
    return number


def version_setting(setting: str) -> str:
    """Where the number of the published version stands among the source's settings."""
    return f"{setting}_version"
