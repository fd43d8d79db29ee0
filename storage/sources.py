"""Which accounts are connected, and how are they?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, text, update

from storage import audit
from storage.tables import account, source
from storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source as it is stored; `sealed` holds its secrets, closed."""

    id: str
    channel: str
    name: str
    hook_key: str
    slug: str
    old_hook_key: str
    old_slug: str
    old_until: int | None
    state: str
    settings: Mapping[str, str]
    sealed: str
    health: list[dict[str, Any]]
    last_error: str
    last_event_at: int | None
    verified_at: int | None
    paused_until: int | None
    paused_reason: str
    queue_id: str | None
    window_hours: float | None
    enforcement: str
    first_answer: str
    on_open_deal: str
    pipeline_id: str | None
    attachment: Mapping[str, Any]
    answering: Mapping[str, Any]
    staff: int
    transport: str
    demo: int
    created_by: str | None
    created_at: int
    updated_at: int


COLUMNS = tuple(SourceRow.__dataclass_fields__)


def load_sources(connection: Connection) -> list[SourceRow]:
    """All of them, oldest first."""
    rows = connection.execute(
        select(*(source.c[name] for name in COLUMNS)).order_by(source.c.created_at, source.c.id)
    )
    return [_row(row) for row in rows]


def load_source(connection: Connection, source_id: str) -> SourceRow | None:
    """One of them."""
    found = connection.execute(
        select(*(source.c[name] for name in COLUMNS)).where(source.c.id == source_id)
    ).first()
    return None if found is None else _row(found)


def _row(row: Row[Any]) -> SourceRow:
    return SourceRow(*tuple(row))


def add_source(tx: Transaction, /, **values: Any) -> None:
    """A new source with its empty account."""
    tx.connection.execute(insert(source).values(created_at=tx.now, updated_at=tx.now, **values))
    tx.connection.execute(insert(account).values(source_id=values["id"], side="in"))
    _told(tx, values["id"])


def change_source(tx: Transaction, source_id: str, /, **values: Any) -> bool:
    """Set some of its columns; False: there is no such source."""
    changed = tx.connection.execute(
        update(source).where(source.c.id == source_id).values(updated_at=tx.now, **values)
    )
    _told(tx, source_id)
    return changed.rowcount == 1


def readdress(tx: Transaction, source_id: str, hook_key: str, slug: str, until: int | None, by: str) -> bool:
    """Give a source new addresses; the ones it had stay good until then, older ones end now. False: no such source."""
    changed = tx.connection.execute(
        update(source)
        .where(source.c.id == source_id)
        .values(
            hook_key=hook_key, slug=slug, old_hook_key=source.c.hook_key, old_slug=source.c.slug, old_until=until,
            updated_at=tx.now,
        )
    )  # fmt: skip
    audit.note(tx, by, "source.readdress", "source", source_id, {"old_until": until})
    _told(tx, source_id)
    return changed.rowcount == 1


def _told(tx: Transaction, source_id: str) -> None:
    tx.changed("source", source_id)
    tx.ring("sources")


def memory_of(connection: Connection, source_id: str) -> str:
    """What a source's channel remembers, sealed; "" is nothing."""
    found: str | None = connection.execute(
        text("SELECT sealed FROM source_memory WHERE source_id = :id"), {"id": source_id}
    ).scalar()
    return found or ""


def remember(tx: Transaction, source_id: str, sealed: str) -> None:
    """Keep what a source's channel remembers from now on."""
    tx.connection.execute(
        text(
            "INSERT INTO source_memory (source_id, sealed, changed_at) VALUES (:id, :sealed, :now)"
            " ON CONFLICT (source_id) DO UPDATE SET sealed = excluded.sealed, changed_at = excluded.changed_at"
        ),
        {"id": source_id, "sealed": sealed, "now": tx.now},
    )


def remember_anew(tx: Transaction, source_id: str, before: str, sealed: str) -> None:
    """Keep the same memory under another key, unless the channel has remembered something newer meanwhile."""
    tx.connection.execute(
        text("UPDATE source_memory SET sealed = :sealed WHERE source_id = :id AND sealed = :before"),
        {"id": source_id, "before": before, "sealed": sealed},
    )
