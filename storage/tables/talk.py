"""What was said, and what is on its way out?"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
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

conversation = Table(
    "conversation",
    metadata,
    key("id", primary_key=True),
    key("source_id"),
    key("thread"),
    key("contact_id", index=True),
    maybe("identity_id", index=True),
    words("nature"),
    words("state"),  # open waiting snoozed closed
    words("subject"),
    words("title"),
    maybe("assignee_id"),
    maybe("deal_id"),  # where its newest message went
    maybe("pinned_deal_id"),
    maybe("related_id"),  # another thread that this one seems to go on from
    maybe_at("waiting_since"),
    maybe_at("deadline_at"),
    maybe_at("closes_at"),  # copy of the window's end, for sorting
    maybe_at("due_at"),  # when an answer is due, in working time
    maybe_at("gone_at"),  # from when on nothing at all may be sent
    number("heard_at"),  # our receipt of the last message that needs an answer
    number("answered_at"),
    maybe("last_message_id"),
    at("last_at"),
    number("last_seq"),
    words("last_text"),
    words("last_kind"),
    words("last_author"),  # client person robot system
    maybe("last_author_id"),
    words("last_state"),
    maybe_at("last_client_at"),
    number("inbound"),  # how many messages came in: an unread count is a difference
    maybe_at("snoozed_until"),
    document("attribution"),
    flag("demo"),
    at("created_at"),
    at("updated_at"),
    words("connection"),  # the private account it was held on, "" is the source's own
    maybe("private_to"),  # the member whose account that is
    flag("kept_out"),  # the owner said that it is their private life: no words of it are kept
    # A chat on a private account is an address of its own; elsewhere these stand with the address.
    maybe_at("anchor_at"),
    flag("unreachable"),
    words("reason"),
    maybe_at("reach_changed_at"),
    UniqueConstraint("source_id", "thread"),
)
WAITS = "state = 'open' AND waiting_since IS NOT NULL"
CALM = "state <> 'closed' AND (state <> 'open' OR waiting_since IS NULL)"


def _list(name: str, *columns: str, where: str) -> None:
    """An index that one list of the queue is walked along (storage/queue.py)."""
    Index(
        f"ix_conversation_{name}", *(conversation.c[column] for column in (*columns, "id")),
        sqlite_where=text(where), postgresql_where=text(where),
    )  # fmt: skip


_list("closing", "closes_at", where=f"{WAITS} AND closes_at IS NOT NULL")
_list("due", "deadline_at", where=WAITS)
_list("waiting", "waiting_since", where=WAITS)
_list("answer", "due_at", where=f"{WAITS} AND nature = 'client'")
_list("unanswered", "last_at", where=WAITS)
_list("calm", "last_at", where=CALM)
_list("nobody", "last_at", where="state = 'open' AND assignee_id IS NULL")
_list("closed", "last_at", where="state = 'closed'")
_list("asleep", "last_at", where="state = 'snoozed'")
_list("spam", "last_at", where="nature = 'spam'")
_list("blocked", "last_at", where="nature = 'blocked'")
_list("personal", "last_at", where="nature = 'personal'")
_list("lent", "private_to", "last_at", where="private_to IS NOT NULL")
_list("own", "assignee_id", "last_at", where="assignee_id IS NOT NULL")
_list("load", "assignee_id", "source_id", where="state = 'open' AND assignee_id IS NOT NULL")
Index("ix_conversation_source", conversation.c.source_id, conversation.c.last_at, conversation.c.id)
Index(
    "ix_conversation_snoozed",
    conversation.c.snoozed_until,
    sqlite_where=text("state = 'snoozed'"),
    postgresql_where=text("state = 'snoozed'"),
)

participant = Table(
    "participant",
    metadata,
    key("conversation_id"),
    key("identity_id"),
    words("name"),
    at("seen_at"),
    PrimaryKeyConstraint("conversation_id", "identity_id"),
)
Index("ix_participant_identity_id", participant.c.identity_id)

message = Table(
    "message",
    metadata,
    key("id", primary_key=True),
    key("conversation_id"),
    key("contact_id"),
    key("source_id"),
    maybe("deal_id"),
    maybe("external_id"),  # null until the network gave one; never ""
    maybe("group_key"),
    words("kind"),
    words("direction"),  # in out none
    words("author_kind"),  # client person robot system
    maybe("author_id"),
    words("author_name"),
    words("purpose"),  # reply service promotion
    words("nature"),
    words("text"),
    document("content"),  # subject, fields, location, card, mail headers, unsupported, system line
    at("at"),
    number("seq"),
    at("received_at"),
    words("state"),
    words("reason"),
    maybe("reply_to_id"),
    maybe("reply_to_external"),
    number("attachments"),
    flag("edited"),
    flag("deleted"),
    Column("envelope_id", BigInteger, nullable=True),
    words("stems"),  # stemmed words, for search
    number("edited_at"),  # when the newest wording was given
)
Index("uq_message_external", message.c.source_id, message.c.external_id, unique=True)
Index(
    "uq_message_album",
    message.c.conversation_id,
    message.c.group_key,
    unique=True,
    sqlite_where=text("group_key IS NOT NULL"),
    postgresql_where=text("group_key IS NOT NULL"),
)
Index(
    "ix_message_conversation",
    message.c.conversation_id,
    message.c.at,
    message.c.seq,
    message.c.id,
)
Index(
    "ix_message_contact",
    message.c.contact_id,
    message.c.at,
    message.c.seq,
    message.c.id,
)
Index("ix_message_deal", message.c.deal_id, message.c.at, message.c.id)
Index(
    "ix_message_spam",
    message.c.source_id,
    message.c.at,
    message.c.id,
    sqlite_where=text("nature = 'spam'"),
    postgresql_where=text("nature = 'spam'"),
)

# Whom a source thanked by mail, and when last: once a day, so that nobody can make us fill a stranger's mailbox.
confirmation = Table(
    "confirmation",
    metadata,
    key("source_id"),
    key("address"),
    at("at"),
    PrimaryKeyConstraint("source_id", "address"),
)
Index("ix_confirmation_source_id", confirmation.c.source_id, confirmation.c.at)

# Further network ids of one message: an album's other pictures, a long text's other parts.
message_alias = Table(
    "message_alias",
    metadata,
    key("source_id"),
    key("external_id"),
    key("message_id", index=True),
    PrimaryKeyConstraint("source_id", "external_id"),
)

# The HTML of letters, apart from the rows that lists read.
letter = Table(
    "letter",
    metadata,
    key("message_id", primary_key=True),
    words("html"),
)

message_version = Table(
    "message_version",
    metadata,
    key("message_id"),
    number("version"),
    words("text"),
    at("at"),
    Column("envelope_id", BigInteger, nullable=True),  # what brought the wording that took its place
    PrimaryKeyConstraint("message_id", "version"),
)

# What a network told of a message before it handed the message over: kept until that comes.
early = Table(
    "early",
    metadata,
    key("source_id"),
    key("external_id"),
    key("kind"),  # edit delete reaction
    Column("envelope_id", BigInteger, nullable=False),
    document("event"),
    at("at"),
    PrimaryKeyConstraint("source_id", "external_id", "kind", "envelope_id"),
)
Index("ix_early_at", early.c.at)

# Messages of which only a part came; the network is asked for all of them until it answers.
cut = Table(
    "cut",
    metadata,
    key("source_id"),
    key("external_id"),
    key("thread"),
    at("at"),
    at("next_at"),
    number("tries"),
    PrimaryKeyConstraint("source_id", "external_id"),
)
Index("ix_cut_next_at", cut.c.next_at)

# People of ours who write in the network's own program: what they are called there, "" where it tells nobody.
colleague = Table(
    "colleague",
    metadata,
    key("source_id"),
    key("kind"),
    key("value"),
    words("name"),
    at("asked_at"),
    PrimaryKeyConstraint("source_id", "kind", "value"),
)

# Messages of theirs that wait for the name.
byline = Table(
    "byline",
    metadata,
    key("message_id", primary_key=True),
    key("source_id"),
    key("kind"),
    key("value"),
    at("next_at"),
)
Index("ix_byline_next_at", byline.c.next_at)
Index("ix_byline_colleague", byline.c.source_id, byline.c.kind, byline.c.value)

# Envelopes of private talk: their words are erased as soon as the chain has sealed them.
unwanted = Table(
    "unwanted",
    metadata,
    Column("envelope_id", BigInteger, primary_key=True, autoincrement=False),
)

reaction = Table(
    "reaction",
    metadata,
    key("message_id"),
    key("identity_id"),
    document("emojis", "[]"),
    at("at"),
    PrimaryKeyConstraint("message_id", "identity_id"),
)

file = Table(
    "file",
    metadata,
    key("digest", primary_key=True),  # sha256 of the bytes
    number("size"),
    words("mime"),
    number("references"),
    at("created_at"),
)

attachment = Table(
    "attachment",
    metadata,
    key("id", primary_key=True),
    key("message_id", index=True),
    Column("position", Integer, nullable=False, server_default="0"),
    words("kind"),
    words("name"),
    words("mime"),
    Column("size", BigInteger, nullable=True),
    Column("width", Integer, nullable=True),
    Column("height", Integer, nullable=True),
    Column("seconds", Integer, nullable=True),
    words("transcript"),
    words("inline_id"),
    key("source_id"),
    words("ref"),
    Column("envelope_id", BigInteger, nullable=True),
    words("state"),  # fetch ready failed
    words("reason"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    maybe_at("next_at"),
    maybe("digest"),
    maybe("thumb"),
    Column("version", Integer, nullable=True),  # the earlier version it went away with; NULL: it is there now
    words("mark"),  # the network's own name of the file itself: the same wherever and whenever it is told
)
Index(
    "ix_attachment_sticker",
    attachment.c.source_id,
    attachment.c.id,
    sqlite_where=text("kind = 'sticker'"),
    postgresql_where=text("kind = 'sticker'"),
)
Index(
    "ix_attachment_fetch",
    attachment.c.next_at,
    attachment.c.id,
    sqlite_where=text("state = 'fetch'"),
    postgresql_where=text("state = 'fetch'"),
)

upload = Table(
    "upload",
    metadata,
    key("id", primary_key=True),
    key("member_id"),
    key("digest"),
    words("name"),
    words("mime"),
    words("kind"),
    number("size"),
    at("created_at"),
)

# One row a part that has to leave. The message shows the worst of its parts' states. Later acts on a message (another
# wording, taking it back, a reaction) stand in the same line, so that each conversation keeps its order.
outbox = Table(
    "outbox",
    metadata,
    key("id", primary_key=True),
    key("message_id", index=True),
    key("conversation_id"),
    key("source_id"),
    Column("part", Integer, nullable=False, server_default="0"),
    Column("act", Text, nullable=False, server_default="send"),  # send edit delete react
    words("state"),
    document("content"),
    at("created_at"),
    at("not_before"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    maybe_at("first_tried_at"),
    maybe_at("tried_at"),
    words("reason"),
    words("detail"),
    document("external_ids", "[]"),
    maybe("echo_key"),  # how the network will name it when it echoes our own message
    number("token"),  # the sender's lease token that last touched it
    maybe_at("settled_at"),
    Column("prepared", LargeBinary, nullable=True),  # the bytes that leave, made before the first attempt
)
Index(
    "ix_outbox_unknown",
    outbox.c.source_id,
    outbox.c.not_before,
    sqlite_where=text("state = 'unknown'"),
    postgresql_where=text("state = 'unknown'"),
)
Index(
    "ix_outbox_ready",
    outbox.c.source_id,
    outbox.c.not_before,
    outbox.c.id,
    sqlite_where=text("state in ('held','queued','sending','postponed')"),
    postgresql_where=text("state in ('held','queued','sending','postponed')"),
)
Index(
    "ix_outbox_conversation",
    outbox.c.conversation_id,
    outbox.c.created_at,
    sqlite_where=text("state in ('held','queued','sending','postponed')"),
    postgresql_where=text("state in ('held','queued','sending','postponed')"),
)
Index(
    "ix_outbox_tried",
    outbox.c.source_id,
    outbox.c.tried_at,
    sqlite_where=text("tried_at IS NOT NULL"),
    postgresql_where=text("tried_at IS NOT NULL"),
)

call_fact = Table(
    "call_fact",
    metadata,
    key("source_id"),
    key("key"),
    key("call"),
    at("at"),
    document("fact"),
    PrimaryKeyConstraint("source_id", "key"),
)
Index("ix_call_fact_call", call_fact.c.source_id, call_fact.c.call)

# What the facts of a call come to, as far as it is looked for: who rings now, what is still to settle.
phone_call = Table(
    "phone_call",
    metadata,
    key("source_id"),
    key("call"),
    maybe("message_id", index=True),  # NULL: a hidden number, counted only
    maybe("contact_id"),
    words("direction"),
    words("state"),
    words("outcome"),
    words("line"),
    maybe("member_id"),  # who talks or talked
    document("ringing", "[]"),  # members whose telephones ring now
    document("rang", "[]"),  # members whose telephones rang
    flag("live"),
    flag("stale"),  # nobody ever told how it ended
    flag("repaired"),  # known only because the provider was asked for its history
    at("started_at"),
    maybe_at("ended_at"),
    maybe_at("look_at"),  # when it settles, or is to be given up
    PrimaryKeyConstraint("source_id", "call"),
)
Index(
    "ix_phone_call_live",
    phone_call.c.look_at,
    sqlite_where=text("live = 1"),
    postgresql_where=text("live = 1"),
)
Index("ix_phone_call_started", phone_call.c.started_at)
Index("ix_phone_call_contact", phone_call.c.contact_id, phone_call.c.started_at)

# Somebody pressed a number: their telephone rings first, then the client's.
call_command = Table(
    "call_command",
    metadata,
    key("id", primary_key=True),
    key("source_id"),
    key("member_id"),
    words("extension"),
    key("number"),
    maybe("contact_id", index=True),
    maybe("deal_id"),
    maybe("message_id"),  # the call that came of it
    words("state"),  # requested accepted linked failed expired
    words("reason"),
    maybe("ref"),  # the provider's id of the command or call
    at("created_at"),
)
Index(
    "ix_call_command_open",
    call_command.c.created_at,
    sqlite_where=text("state in ('requested','accepted')"),
    postgresql_where=text("state in ('requested','accepted')"),
)

Index("ix_outbox_echo", outbox.c.source_id, outbox.c.echo_key)

draft = Table(
    "draft",
    metadata,
    key("member_id"),
    key("conversation_id"),
    key("mode"),
    words("text"),
    document("files", "[]"),
    maybe("reply_to_id"),
    number("version"),
    at("updated_at"),
    PrimaryKeyConstraint("member_id", "conversation_id", "mode"),
)

# Answers that wait for their time or for the client. One that goes becomes the message of the same id.
scheduled = Table(
    "scheduled",
    metadata,
    key("id", primary_key=True),
    key("conversation_id"),
    key("member_id"),
    words("waits_for"),  # time client
    at("at"),  # when it goes; when it waits for the client: when it is given up
    flag("anyway"),  # it goes though somebody wrote meanwhile
    number("heard"),  # the conversation's `inbound` that its author knew
    maybe("deal_id"),  # the open deal it was written in
    words("text"),
    document("content"),  # spans, file_ids, reply_to, letter, location, card, sticker
    words("state"),  # waiting sent stopped cancelled
    words("reason"),
    number("version"),
    at("created_at"),
    at("confirmed_at"),  # when a person last said that it shall go
    maybe_at("settled_at"),
)
Index(
    "ix_scheduled_waiting",
    scheduled.c.at,
    scheduled.c.id,
    sqlite_where=text("state = 'waiting'"),
    postgresql_where=text("state = 'waiting'"),
)
Index(
    "ix_scheduled_for_client",
    scheduled.c.conversation_id,
    sqlite_where=text("state = 'waiting' AND waits_for = 'client'"),
    postgresql_where=text("state = 'waiting' AND waits_for = 'client'"),
)
Index(
    "ix_scheduled_shown",
    scheduled.c.conversation_id,
    scheduled.c.at,
    scheduled.c.id,
    sqlite_where=text("state IN ('waiting', 'stopped')"),
    postgresql_where=text("state IN ('waiting', 'stopped')"),
)
Index(
    "ix_scheduled_settled",
    scheduled.c.settled_at,
    sqlite_where=text("state IN ('sent', 'cancelled')"),
    postgresql_where=text("state IN ('sent', 'cancelled')"),
)

read_marker = Table(
    "read_marker",
    metadata,
    key("member_id"),
    key("conversation_id"),
    maybe("message_id"),
    number("inbound"),
    flag("kept_unread"),
    PrimaryKeyConstraint("member_id", "conversation_id"),
)

claim = Table(
    "claim",
    metadata,
    key("conversation_id", primary_key=True),
    key("member_id"),
    at("until"),
)
