"""What is it about, who may take it, and why was it decided so?"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
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

IS_OPEN = text("open = 1")

pipeline = Table(
    "pipeline",
    metadata,
    key("id", primary_key=True),
    words("name"),
    Column("position", Integer, nullable=False, server_default="0"),
    flag("archived"),
)

stage = Table(
    "stage",
    metadata,
    key("id", primary_key=True),
    key("pipeline_id"),
    Column("position", Integer, nullable=False, server_default="0"),
    words("name"),
    words("kind"),  # lead open won lost merged
    flag("junk"),
    words("help"),
    document("task"),  # {title, minutes} or {}
    document("required", "[]"),
    flag("comment"),
    words("code"),  # what rules know a lost stage by: stopped_responding too_expensive …
    flag("attempts"),
    document("automations", "[]"),  # {kind, minutes, anchor, title | text, due_minutes, premises}
    flag("archived"),
)

deal = Table(
    "deal",
    metadata,
    key("id", primary_key=True),
    number("number", unique=True),
    key("contact_id"),
    key("pipeline_id"),
    key("stage_id"),
    words("stage_kind"),
    flag("open"),
    words("title"),
    Column("amount", BigInteger, nullable=True),  # in hundredths of the currency
    words("currency"),
    document("fields"),
    maybe("owner_id"),
    maybe("queue_id"),
    maybe("source_id"),
    maybe("conversation_id"),
    words("waiting"),  # routing's reason while it waits for an owner: new nobody being_qualified sticky …
    words("lost_reason"),
    document(
        "routed"
    ),  # {plan, rule, member, skills, accept_seconds, handed_over_at}: by which sentence it came to its queue
    document("ladder"),  # routing's state: offers made, who declined
    maybe_at("next_at"),  # when the router must look again
    number("priority"),
    flag("repeat"),
    flag("quiet"),
    document("attribution"),
    maybe("merged_into"),
    flag("demo"),
    at("created_at"),
    at("last_activity_at"),
    maybe_at("accepted_at"),
    maybe_at("first_contact_at"),
    maybe_at("closed_at"),
)
Index(
    "ix_deal_recent",
    deal.c.contact_id,
    deal.c.last_activity_at.desc(),
    deal.c.id,
    sqlite_where=IS_OPEN,
    postgresql_where=IS_OPEN,
)
Index("ix_deal_contact", deal.c.contact_id, deal.c.created_at)
Index("ix_deal_created", deal.c.created_at, deal.c.id)
Index(
    "ix_deal_owner",
    deal.c.owner_id,
    deal.c.id,
    sqlite_where=IS_OPEN,
    postgresql_where=IS_OPEN,
)
Index(
    "ix_deal_board",
    deal.c.pipeline_id,
    deal.c.stage_id,
    deal.c.last_activity_at.desc(),
    deal.c.id,
    sqlite_where=IS_OPEN,
    postgresql_where=IS_OPEN,
)
Index(
    "ix_deal_waiting",
    deal.c.next_at,
    deal.c.id,
    sqlite_where=text("waiting <> ''"),
    postgresql_where=text("waiting <> ''"),
)
Index(
    "ix_deal_nobodys",
    deal.c.queue_id,
    sqlite_where=text("open = 1 AND owner_id IS NULL"),
    postgresql_where=text("open = 1 AND owner_id IS NULL"),
)
Index(
    "ix_deal_stuck",
    deal.c.priority.desc(),
    deal.c.created_at,
    deal.c.id,
    sqlite_where=text("waiting IN ('nobody', 'sticky')"),
    postgresql_where=text("waiting IN ('nobody', 'sticky')"),
)

Index(
    "ix_deal_stuck_queue",
    deal.c.queue_id,
    deal.c.priority.desc(),
    deal.c.created_at,
    deal.c.id,
    sqlite_where=text("waiting IN ('nobody', 'sticky')"),
    postgresql_where=text("waiting IN ('nobody', 'sticky')"),
)

deal_party = Table(
    "deal_party",
    metadata,
    key("deal_id"),
    key("contact_id"),
    words("role"),
    flag("main"),
    PrimaryKeyConstraint("deal_id", "contact_id"),
)
Index("ix_deal_party_contact_id", deal_party.c.contact_id)

stage_history = Table(
    "stage_history",
    metadata,
    key("id", primary_key=True),
    key("deal_id", index=True),
    maybe("from_id"),
    key("to_id"),
    maybe("by_id"),
    at("at"),
)

company = Table(
    "company",
    metadata,
    key("id", primary_key=True),
    words("name"),
    document("fields"),
    at("created_at"),
)
Index("ix_company_name", company.c.name)

contact_company = Table(
    "contact_company",
    metadata,
    key("contact_id"),
    key("company_id"),
    words("role"),
    PrimaryKeyConstraint("contact_id", "company_id"),
)
Index("ix_contact_company_company_id", contact_company.c.company_id)

touch = Table(
    "touch",
    metadata,
    key("id", primary_key=True),
    key("contact_id", index=True),
    maybe("deal_id", index=True),
    maybe("message_id"),
    key("source_id"),
    words("campaign"),
    document("attribution"),
    at("at"),
    flag("first"),
)
Index("ix_touch_source", touch.c.source_id, touch.c.at)

consent = Table(
    "consent",
    metadata,
    key("id", primary_key=True),
    key("contact_id", index=True),
    maybe("message_id"),
    words("purpose"),
    words("text"),
    words("version"),
    document("proof"),  # how it was given: caller's address, browser, page, version of the form
    at("at"),
)

external_ref = Table(
    "external_ref",
    metadata,
    key("system"),
    key("external_id"),
    key("kind"),
    key("object_id"),
    PrimaryKeyConstraint("system", "kind", "external_id"),
)

task = Table(
    "task",
    metadata,
    key("id", primary_key=True),
    maybe("deal_id", index=True),
    maybe("contact_id"),
    maybe("conversation_id"),
    maybe("owner_id"),
    maybe("author_id"),
    words("kind"),  # stage call_back contact personal
    words("title"),
    maybe_at("due_at"),
    maybe_at("done_at"),
    maybe("done_by_id"),
    words("result"),
    maybe("stage_id"),
    words("every"),  # day workday week month year; "" = once
    maybe_at("remind_at"),
    maybe_at("reminded_at"),
    maybe_at("told_at"),  # when its author was told that it is overdue
    maybe_at("attempted_at"),  # the first try to call back: stops the reaction clock
    Column("raised", Integer, nullable=False, server_default="0"),  # how far up the overdue task was told
    flag("demo"),
    at("created_at"),
)
Index(
    "ix_task_owner",
    task.c.owner_id,
    task.c.due_at,
    sqlite_where=text("done_at IS NULL"),
    postgresql_where=text("done_at IS NULL"),
)
Index("ix_task_contact_id", task.c.contact_id)
Index(
    "ix_task_contact",
    task.c.contact_id,
    sqlite_where=text("done_at IS NULL"),
    postgresql_where=text("done_at IS NULL"),
)

Index(
    "ix_task_due",
    task.c.due_at,
    sqlite_where=text("done_at IS NULL"),
    postgresql_where=text("done_at IS NULL"),
)
Index(
    "ix_task_call_back",
    task.c.created_at,
    sqlite_where=text("kind = 'call_back'"),
    postgresql_where=text("kind = 'call_back'"),
)
Index(
    "ix_task_called_back",
    task.c.contact_id,
    task.c.done_at,
    sqlite_where=text("kind = 'call_back'"),
    postgresql_where=text("kind = 'call_back'"),
)
Index(
    "ix_task_remind",
    task.c.remind_at,
    sqlite_where=text("done_at IS NULL AND reminded_at IS NULL"),
    postgresql_where=text("done_at IS NULL AND reminded_at IS NULL"),
)

# An automatic act that waits for its time, with why it was planned: looked at again when it fires.
firing = Table(
    "firing",
    metadata,
    key("id", primary_key=True),
    key("deal_id", index=True),
    key("stage_id"),
    words("kind"),  # task message
    at("at"),
    at("planned_at"),
    maybe_at("due_at"),
    document("premises", "[]"),
    document("content"),
    words("state"),  # waiting fired dropped
    words("reason"),
    maybe("made_id"),
    maybe_at("settled_at"),
)
Index(
    "ix_firing_waiting",
    firing.c.at,
    sqlite_where=text("state = 'waiting'"),
    postgresql_where=text("state = 'waiting'"),
)

# The head's word on giving a deal up.
approval = Table(
    "approval",
    metadata,
    key("id", primary_key=True),
    key("deal_id", index=True),
    key("stage_id"),
    maybe("asked_by"),
    at("asked_at"),
    maybe("head_id"),
    maybe_at("deputy_at"),
    maybe("deputy_id"),
    words("state"),  # open approved refused withdrawn
    maybe("by_id"),
    maybe_at("settled_at"),
    words("comment"),
)
Index(
    "ix_approval_open",
    approval.c.asked_at,
    sqlite_where=text("state = 'open'"),
    postgresql_where=text("state = 'open'"),
)

offer = Table(
    "offer",
    metadata,
    key("id", primary_key=True),
    key("deal_id", index=True),
    key("member_id"),
    Column("rung", Integer, nullable=False, server_default="0"),
    flag("broadcast"),
    words("state"),  # open accepted declined expired withdrawn taken
    words("reason"),
    words("comment"),
    at("offered_at"),
    at("expires_at"),
    maybe_at("settled_at"),
    flag("extended"),
    maybe("decision_id"),
    UniqueConstraint("deal_id", "member_id", "rung"),
)
Index(
    "ix_offer_open",
    offer.c.member_id,
    offer.c.expires_at,
    sqlite_where=text("state = 'open'"),
    postgresql_where=text("state = 'open'"),
)

decision = Table(
    "decision",
    metadata,
    key("id", primary_key=True),
    words("kind"),  # attach route window assign call
    words("rule"),
    maybe("chosen"),
    maybe("message_id"),
    maybe("conversation_id"),
    maybe("deal_id"),
    maybe("contact_id"),
    document("record"),
    at("at"),
    maybe("candidates_id"),  # the list is in `candidates`, and the record's own is empty
)

# Leads that are alike were held up by the same people for the same reasons: the list is stored once, under its digest.
candidates = Table("candidates", metadata, key("id", primary_key=True), words("list"))
Index("ix_decision_message", decision.c.message_id)
Index("ix_decision_deal", decision.c.deal_id, decision.c.at)
