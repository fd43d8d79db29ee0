"""What was it before, who changed it, and what is asked of people?"""

from __future__ import annotations

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table

from storage.tables.base import Json, at, document, key, maybe, maybe_at, metadata, words

# One field of one object changed by one act. Words live here and not in the audit, so that they can be erased.
change = Table(
    "change",
    metadata,
    key("id", primary_key=True),
    key("act_id", index=True),
    words("object_kind"),
    key("object_id"),
    words("field"),  # "" = the object itself was made
    Column("before", Json, nullable=True),
    Column("after", Json, nullable=True),
    maybe("by_id"),
    at("at"),
)
Index("ix_change_object", change.c.object_id, change.c.at)

# Asked once, in place: which of two close deals, is an old deal meant, is it about the deal just closed.
question = Table(
    "question",
    metadata,
    key("conversation_id"),
    key("kind"),  # close stale after_closed
    key("about"),  # the deal; "-" for close
    document("choices", "[]"),
    maybe("message_id"),
    at("asked_at"),
    maybe_at("answered_at"),
    maybe("answered_by"),
    words("answer"),
    PrimaryKeyConstraint("conversation_id", "kind", "about"),
)

# A telephone extension, tracking number or deep link that means one deal.
binding = Table(
    "binding",
    metadata,
    key("source_id"),
    key("kind"),  # extension tracking deep_link deal_link
    key("value"),
    key("deal_id", index=True),
    maybe("by_id"),
    at("at"),
    PrimaryKeyConstraint("source_id", "kind", "value"),
)

# What was said once about something and must not be said again: a warning, a reminder, an automatic reply.
told = Table(
    "told",
    metadata,
    key("kind"),
    key("object_id"),
    at("since"),  # the moment it is about: waiting since, closed since
    at("at"),
    PrimaryKeyConstraint("kind", "object_id", "since"),
)
Index("ix_told_at", told.c.at)
