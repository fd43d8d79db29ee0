"""What changed, who did it, and how are we set up?"""

from __future__ import annotations

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, text

from storage.tables.base import (
    Serial,
    at,
    document,
    flag,
    key,
    maybe,
    maybe_at,
    metadata,
    number,
    words,
)

# Live events hold ids, never text. Inserted last in a transaction, under one lock, so that no reader passes a late commit.
event = Table(
    "event",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    at("at"),
    key("type"),
    key("object_id"),
    maybe("contact_id"),
    words("audience"),
    sqlite_autoincrement=True,
)

# What a member was told, until they have read it and a while longer.
notice = Table(
    "notice",
    metadata,
    key("id", primary_key=True),
    key("member_id"),
    key("code"),
    words("about"),
    at("at"),
    maybe_at("read_at"),
)
Index("ix_notice_member", notice.c.member_id, notice.c.id)
Index(
    "ix_notice_unread",
    notice.c.member_id,
    sqlite_where=text("read_at IS NULL"),
    postgresql_where=text("read_at IS NULL"),
)
Index("ix_notice_at", notice.c.at)

# On which chats and by which letters a notice was told, or will not be.
notice_told = Table(
    "notice_told",
    metadata,
    key("notice_id"),
    key("way_id"),
    words("state"),  # told quiet unwanted failed
    at("at"),
    PrimaryKeyConstraint("notice_id", "way_id"),
)
Index("ix_notice_told_at", notice_told.c.at)

audit_log = Table(
    "audit_log",
    metadata,
    key("id", primary_key=True),
    at("at"),
    maybe("member_id"),
    words("actor"),  # person system router
    words("action"),
    words("object_kind"),
    maybe("object_id"),
    document("facts"),
    words("ip"),
)
Index("ix_audit_log_at", audit_log.c.at)
Index("ix_audit_log_object", audit_log.c.object_id, audit_log.c.at)

setting = Table(
    "setting",
    metadata,
    key("name", primary_key=True),
    document("value", "null"),
    at("updated_at"),
)

counter = Table(
    "counter",
    metadata,
    key("name", primary_key=True),
    number("value"),
)

session = Table(
    "session",
    metadata,
    key("digest", primary_key=True),  # sha256 of the token
    key("member_id", index=True),
    words("kind"),  # browser once
    at("created_at"),
    at("expires_at"),
    at("used_at"),
    maybe_at("confirmed_at"),
    words("agent"),
    words("ip"),
    flag("keep"),
)

api_token = Table(
    "api_token",
    metadata,
    key("id", primary_key=True),
    key("digest", unique=True),
    key("member_id"),
    words("name"),
    at("created_at"),
    maybe_at("used_at"),
    maybe_at("revoked_at"),
)
