"""Whom does a letter go to, who takes part in a thread, and by what other names is a thread known?"""

from __future__ import annotations

from sqlalchemy import Index, PrimaryKeyConstraint, Table, text

from storage.tables.base import at, key, metadata, words

# Every addressee of a letter of ours, with what became of it there.
recipient = Table(
    "recipient",
    metadata,
    key("message_id"),
    key("address"),
    words("name"),
    words("kind"),  # to cc bcc
    words("state"),  # waiting sent failed undelivered
    words("reason"),
    words("detail"),
    at("changed_at"),
    PrimaryKeyConstraint("message_id", "address"),
)
Index(
    "ix_recipient_address",
    recipient.c.address,
    recipient.c.changed_at,
    sqlite_where=text("state = 'sent'"),
    postgresql_where=text("state = 'sent'"),
)

# Every address that a thread was written from or to: who of them writes again takes part.
thread_member = Table(
    "thread_member",
    metadata,
    key("conversation_id"),
    key("address"),
    PrimaryKeyConstraint("conversation_id", "address"),
)

# Further names of a conversation: a joined thread's, or weak marks that count for some days.
thread_alias = Table(
    "thread_alias",
    metadata,
    key("source_id"),
    key("thread"),
    key("conversation_id", index=True),
    at("at"),
    PrimaryKeyConstraint("source_id", "thread"),
)

# What a channel has to remember of its account: tokens that the provider renews, what a trial showed. Sealed.
source_memory = Table(
    "source_memory",
    metadata,
    key("source_id", primary_key=True),
    words("sealed"),
    at("changed_at"),
)
