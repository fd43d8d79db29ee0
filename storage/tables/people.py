"""Who writes to us, and at which addresses?"""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, Table, UniqueConstraint, text

from storage.tables.base import (
    at,
    document,
    flag,
    key,
    maybe,
    maybe_at,
    metadata,
    words,
)

contact = Table(
    "contact",
    metadata,
    key("id", primary_key=True),
    words("name"),
    words("name_from"),  # network stated person
    maybe("responsible_id", index=True),
    words("override"),  # "client": «Вести как клиента» for an internal address
    document("fields"),
    document("attribution"),
    maybe("merged_into"),
    flag("demo"),
    at("created_at"),
    at("updated_at"),
)

# Two cards made one, with what tells their rows apart again.
contact_merge = Table(
    "contact_merge",
    metadata,
    key("id", primary_key=True),
    key("kept_id", index=True),
    key("gone_id"),
    maybe("by_id"),
    at("at"),
    maybe("act_id"),
    document("facts"),
    maybe_at("undone_at"),
    maybe("undone_by"),
)

different = Table(
    "different",
    metadata,
    key("a_id"),
    key("b_id"),
    maybe("by_id"),
    at("at"),
    PrimaryKeyConstraint("a_id", "b_id"),
)

# Two cards that may be one person, and the address that speaks for it: both have it, or one tells of the other's.
likeness = Table(
    "likeness",
    metadata,
    key("id", primary_key=True),
    key("a_id"),
    key("b_id"),
    key("identity_id"),
    flag("settled"),
    at("at"),
    maybe("message_id"),  # the letter in whose signature one told of it
    UniqueConstraint("a_id", "b_id", "identity_id"),
)
Index("ix_likeness_b_id", likeness.c.b_id)
Index(
    "ix_likeness_open",
    likeness.c.id,
    sqlite_where=text("settled = 0"),
    postgresql_where=text("settled = 0"),
)

# What of one card a person has to settle: another name was given, an address looks shared, a number was typed.
doubt = Table(
    "doubt",
    metadata,
    key("id", primary_key=True),
    key("contact_id"),
    key("kind"),  # name shared phone
    key("identity_id"),
    words("value"),  # the name, or why it looks shared
    words("answer"),  # yes no; "" while it is open
    maybe("by_id"),
    maybe_at("settled_at"),
    at("at"),
    UniqueConstraint("contact_id", "kind", "identity_id"),
)
Index(
    "ix_doubt_open",
    doubt.c.id,
    sqlite_where=text("answer = ''"),
    postgresql_where=text("answer = ''"),
)

identity = Table(
    "identity",
    metadata,
    key("id", primary_key=True),
    key("kind"),
    key("value"),
    flag("shared"),
    flag("spam"),
    flag("blocked"),  # a person of ours wants to hear nothing of them; what they say is kept
    words("internal"),  # why it is one of ours: member directory domain
    words("username"),
    maybe_at(
        "asked_at"
    ),  # when the network was last asked for the profile; 0: it is to be asked; null: no need
    at("created_at"),
    UniqueConstraint("kind", "value"),
)

Index(
    "ix_identity_asked",
    identity.c.asked_at,
    identity.c.id.desc(),
    sqlite_where=text("asked_at IS NOT NULL"),
    postgresql_where=text("asked_at IS NOT NULL"),
)
Index("ix_identity_value", identity.c.value)
Index(
    "ix_identity_username",
    identity.c.username,
    sqlite_where=text("username <> ''"),
    postgresql_where=text("username <> ''"),
    postgresql_ops={"username": "text_pattern_ops"},
)

contact_identity = Table(
    "contact_identity",
    metadata,
    key("contact_id"),
    key("identity_id"),
    words("origin"),  # network stated person imported
    flag("verified"),
    words("name"),  # how this person is called at this address
    at("created_at"),
    PrimaryKeyConstraint("contact_id", "identity_id"),
)
Index(
    "ix_contact_identity_identity_id",
    contact_identity.c.identity_id,
    contact_identity.c.contact_id,
)

# Somebody's own account on which a source may speak in their name (a Telegram Business connection).
connection = Table(
    "connection",
    metadata,
    key("source_id"),
    key("key"),  # the network's name of it
    key("identity_id"),  # its owner
    words("name"),
    flag("active"),
    flag("can_reply"),
    at("changed_at"),
    maybe("member_id"),  # which of our people its owner is
    PrimaryKeyConstraint("source_id", "key"),
)

# An identity on a source: the reply window's anchor and whether it can be written to.
address = Table(
    "address",
    metadata,
    key("source_id"),
    key("identity_id"),
    maybe_at("last_client_at"),
    flag("unreachable"),
    words("reason"),
    maybe_at("changed_at"),
    PrimaryKeyConstraint("source_id", "identity_id"),
)
Index("ix_address_identity_id", address.c.identity_id)
