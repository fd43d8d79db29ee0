"""What came in, from where, and who is working on it?"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    text,
)

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

source = Table(
    "source",
    metadata,
    key("id", primary_key=True),
    key("channel"),
    words("name"),
    key("hook_key", unique=True),
    key("slug", unique=True),
    key("old_hook_key", server_default=""),  # both addresses before the last change, good until old_until
    key("old_slug", server_default=""),
    maybe_at("old_until"),
    words("state"),  # draft active paused broken disconnected
    document("settings"),  # open settings
    words("sealed"),  # the secret ones, encrypted as one document
    document("health", "[]"),
    words("last_error"),
    maybe_at("last_event_at"),
    maybe_at("verified_at"),
    maybe_at("paused_until"),
    words("paused_reason"),
    Column("cursor", LargeBinary, nullable=True),
    maybe("queue_id"),
    Column("window_hours", Float, nullable=True),
    words("enforcement"),  # "" = the channel's own
    words("first_answer"),  # manager operator
    words("on_open_deal"),  # attach new_lead
    maybe("pipeline_id"),  # where its leads begin; none is the first pipeline
    document("attachment"),  # evidence, ask_within, after_close, stale_after, recency: absent = the default
    document("answering"),  # first_minutes, next_minutes, closed_reply: absent = the channel's own, none
    flag("staff"),  # set apart for our own people: offers go out here, nobody who writes here is a client
    words("transport"),  # webhook polling none
    flag("demo"),
    maybe("created_by"),
    at("created_at"),
    at("updated_at"),
)

# What the public sees of a source that people design: published versions, and the draft they work on.
design = Table(
    "design",
    metadata,
    key("source_id"),
    Column("number", Integer, nullable=False),
    words("content"),
    words("note"),
    Column("restored_from", Integer, nullable=True),
    maybe("by_id"),
    at("at"),
    PrimaryKeyConstraint("source_id", "number"),
)

design_draft = Table(
    "design_draft",
    metadata,
    key("source_id", primary_key=True),
    words("content"),
    number("revision"),  # counts saves, so that two people do not overwrite each other
    maybe("by_id"),
    at("at"),
)

envelope = Table(
    "envelope",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    key("source_id"),
    key("lane"),
    Column("shard", Integer, nullable=False),
    Column("state", Integer, nullable=False, server_default="0"),  # 0 waiting 1 opened 2 ignored 3 set aside
    at("received_at"),
    maybe("key"),
    words("method"),
    words("path"),
    document("query"),
    document("headers"),
    Column("body", LargeBinary, nullable=True),
    maybe("body_file"),  # over 256 kB the body lies in the file store
    number("size"),
    Column("salt", LargeBinary, nullable=False),
    Column("number", BigInteger, nullable=True),  # the provider's own running number of the event
    words("reason"),
    words("error"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    maybe_at("settled_at"),
    Column("erased_by", BigInteger, nullable=True),  # the link that tells why body, headers and salt are gone
    sqlite_autoincrement=True,
)
Index(
    "ix_envelope_again",
    envelope.c.id,
    sqlite_where=text("attempts > 0"),
    postgresql_where=text("attempts > 0"),
)
Index(
    "ix_envelope_body_file",
    envelope.c.body_file,
    sqlite_where=text("body_file IS NOT NULL"),
    postgresql_where=text("body_file IS NOT NULL"),
)
Index(
    "ix_envelope_waiting",
    envelope.c.shard,
    envelope.c.id,
    sqlite_where=text("state = 0"),
    postgresql_where=text("state = 0"),
)
Index(
    "ix_envelope_aside",
    envelope.c.source_id,
    envelope.c.id,
    sqlite_where=text("state = 3"),
    postgresql_where=text("state = 3"),
)

envelope_key = Table(
    "envelope_key",
    metadata,
    key("source_id"),
    key("key"),
    PrimaryKeyConstraint("source_id", "key"),
    sqlite_with_rowid=False,
)

# The account that balances, changed in the transaction of what it counts. A source has a row for each `side` that
# writes (in: journal, opened: workers, out: senders), so that hooks never wait for a worker's lock; its sum is what holds.
account = Table(
    "account",
    metadata,
    key("source_id"),
    key("side"),
    number("received"),
    number("opened"),
    number("ignored"),
    number("set_aside"),
    number("accepted"),
    number("sent"),
    number("undelivered"),
    number("failed"),
    number("unknown"),
    number("cancelled"),
    number("refused"),
    number("answered"),
    number("repeated"),
    PrimaryKeyConstraint("source_id", "side"),
)

lease = Table(
    "lease",
    metadata,
    key("name", primary_key=True),
    key("holder"),
    number("token"),
    at("until"),
)

turn = Table(
    "turn",  # when a network is called next, by whichever process; not logged on PostgreSQL
    metadata,
    key("name", primary_key=True),
    at("at"),
)

test_session = Table(
    "test_session",
    metadata,
    key("source_id", primary_key=True),
    key("code"),
    maybe("member_id"),
    at("started_at"),
    document("steps", "[]"),
    maybe("message_id"),
    maybe("conversation_id"),
    maybe_at("ended_at"),
)
