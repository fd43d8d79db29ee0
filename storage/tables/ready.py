"""What do people keep at hand: texts they use again, and lists they look at again?"""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, Table

from storage.tables.base import at, document, key, maybe, maybe_at, metadata, number, words

canned = Table(
    "canned",
    metadata,
    key("id", primary_key=True),
    maybe("owner_id"),  # NULL: everybody's
    words("code"),
    words("title"),
    words("text"),
    at("created_at"),
    at("updated_at"),
    maybe_at("removed_at"),  # kept for the undo
)
Index("ix_canned_owner_id_code", canned.c.owner_id, canned.c.code)

canned_use = Table(
    "canned_use",
    metadata,
    key("member_id"),
    key("canned_id"),
    number("uses"),
    at("used_at"),
    PrimaryKeyConstraint("member_id", "canned_id"),
)

saved_view = Table(
    "saved_view",
    metadata,
    key("id", primary_key=True),
    maybe("owner_id"),  # NULL: everybody's
    words("name"),
    document("filter"),
    at("created_at"),
    maybe_at("removed_at"),
)
