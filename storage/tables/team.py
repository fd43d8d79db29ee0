"""Who works here, with what rights, in which queues?"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Float,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)

from storage.tables.base import (
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

team = Table(
    "team",
    metadata,
    key("id", primary_key=True),
    words("name"),
    maybe("parent_id"),
    maybe("head_id"),
    maybe("deputy_id"),
)

member = Table(
    "member",
    metadata,
    key("id", primary_key=True),
    words("name"),
    maybe("email", unique=True),
    words("password_hash"),
    flag("active"),
    flag("needs_setup"),
    maybe("team_id"),
    words("extension"),
    words("timezone"),
    document("schedule"),
    document("leave", "[]"),
    document("skills", "[]"),
    Column("capacity", Float, nullable=True),
    words("presence"),  # on_shift break dnd off
    flag("presence_automatic"),
    maybe_at("presence_until"),
    maybe_at("seen_at"),  # last heartbeat
    maybe_at("reachable_until"),
    maybe_at("last_offer_at"),
    Column("expired_in_row", Integer, nullable=False, server_default="0"),
    maybe_at("gate_override_until"),
    document("prefs"),
    maybe("substitute_id"),
    flag("demo"),
    at("created_at"),
)

role = Table(
    "role",
    metadata,
    key("id", primary_key=True),
    words("name"),
    flag("preset"),
)

role_permission = Table(
    "role_permission",
    metadata,
    key("role_id"),
    key("permission"),
    key("scope"),  # own team below all
    PrimaryKeyConstraint("role_id", "permission"),
)

member_role = Table(
    "member_role",
    metadata,
    key("member_id"),
    key("role_id"),
    PrimaryKeyConstraint("member_id", "role_id"),
)

queue = Table(
    "queue",
    metadata,
    key("id", primary_key=True),
    words("name"),
    words("strategy"),
    maybe("team_id"),
    maybe("head_id"),
    document("schedule"),
    document("rules"),  # accept_seconds, single_offers, all_seconds, capacity, skills …: absent = the default
    at("created_at"),
)

# The routing plan, its draft and every version that ever held.
plan = Table(
    "plan",
    metadata,
    key("id", primary_key=True),
    number("version"),
    words("state"),  # draft published old
    document("document"),
    maybe("by_id"),
    words("note"),
    number("changes"),
    at("changed_at"),
    maybe_at("published_at"),
)

# Everything somebody had, given to a colleague; with `until` for a time only.
handover = Table(
    "handover",
    metadata,
    key("id", primary_key=True),
    key("from_id", index=True),
    key("to_id"),
    maybe("by_id"),
    at("at"),
    maybe_at("until"),
    maybe_at("returned_at"),
    maybe("act_id"),
)

# Where a colleague hears of offers without a page being open: a chat with our own bot, a mail address.
staff_way = Table(
    "staff_way",
    metadata,
    key("id", primary_key=True),
    key("member_id", index=True),
    key("source_id"),
    words("kind"),  # of the identity
    words("value"),
    words("thread"),
    words("state"),  # asked active blocked
    maybe("code", unique=True),  # what the bot is started with, once
    at("made_at"),
    maybe_at("expires_at"),
)
Index("ix_staff_way_value", staff_way.c.source_id, staff_way.c.value)

# A colleague's browser that can be told things though no page is open. It ends with the session that made it.
push_subscription = Table(
    "push_subscription",
    metadata,
    key("id", primary_key=True),
    key("member_id", index=True),
    key("session"),  # its digest
    words("endpoint"),
    words("sealed"),  # the browser's keys
    words("name"),
    at("made_at"),
    maybe_at("greeted_at"),
    maybe_at("worked_at"),
    maybe_at("retry_at"),
    number("failures"),
    words("error"),
    UniqueConstraint("endpoint"),
)

# One offer told on one way. What is sent is never sent again; it is changed to what became of the offer.
staff_notice = Table(
    "staff_notice",
    metadata,
    key("id", primary_key=True),
    key("offer_id"),
    key("way_id"),
    key("member_id"),
    words("state"),  # sending sent settled failed
    maybe("digest", unique=True),  # of the secret in a letter's link
    words("external_id"),
    words("error"),
    at("at"),
    UniqueConstraint("offer_id", "way_id"),
)
Index(
    "ix_staff_notice_open",
    staff_notice.c.at,
    sqlite_where=text("state IN ('sending', 'sent')"),
    postgresql_where=text("state IN ('sending', 'sent')"),
)

queue_member = Table(
    "queue_member",
    metadata,
    key("queue_id"),
    key("member_id"),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("weight", Float, nullable=False, server_default="1"),
    PrimaryKeyConstraint("queue_id", "member_id"),
)
