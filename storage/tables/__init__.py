"""Which tables are there? One module a subject; importing this package fills `metadata`."""

from storage.tables.base import metadata
from storage.tables.deals import (
    approval,
    candidates,
    company,
    consent,
    contact_company,
    deal,
    deal_party,
    decision,
    external_ref,
    firing,
    offer,
    pipeline,
    stage,
    stage_history,
    task,
    touch,
)
from storage.tables.history import binding, change, question, told
from storage.tables.imports import contact_import, contact_import_row
from storage.tables.intake import (
    account,
    design,
    design_draft,
    envelope,
    envelope_key,
    lease,
    source,
    test_session,
    turn,
)
from storage.tables.ledger import certificate, gap, numbering, seal
from storage.tables.letters import recipient, source_memory, thread_alias, thread_member
from storage.tables.people import (
    address,
    connection,
    contact,
    contact_identity,
    contact_merge,
    different,
    doubt,
    identity,
    likeness,
)
from storage.tables.ready import canned, canned_use, saved_view
from storage.tables.system import api_token, audit_log, counter, event, notice, notice_told, session, setting
from storage.tables.talk import (
    attachment,
    byline,
    call_command,
    call_fact,
    claim,
    colleague,
    confirmation,
    conversation,
    cut,
    draft,
    early,
    file,
    letter,
    message,
    message_alias,
    message_version,
    outbox,
    participant,
    phone_call,
    reaction,
    read_marker,
    scheduled,
    unwanted,
    upload,
)
from storage.tables.team import (
    handover,
    member,
    member_role,
    plan,
    push_subscription,
    queue,
    queue_member,
    role,
    role_permission,
    staff_notice,
    staff_way,
    team,
)

__all__ = [
    "account", "address", "api_token", "approval", "attachment", "audit_log", "binding", "byline", "call_command",
    "call_fact", "candidates", "canned", "canned_use", "certificate", "change", "claim", "colleague", "company",
    "confirmation", "connection", "consent", "contact", "contact_company", "contact_identity", "contact_import",
    "contact_import_row", "contact_merge",
    "conversation", "counter", "cut", "deal", "deal_party", "decision", "design", "design_draft", "different", "doubt", "draft",
    "early", "envelope", "envelope_key", "event", "external_ref", "file", "firing", "gap", "handover",
    "identity", "lease", "letter", "likeness", "member", "member_role", "message", "message_alias", "message_version",
    "metadata", "notice", "notice_told", "numbering", "offer", "outbox", "participant", "phone_call", "pipeline", "plan",
    "push_subscription", "question", "queue",
    "queue_member", "reaction", "read_marker", "recipient", "role", "role_permission", "saved_view",
    "scheduled", "seal", "session", "setting", "source", "source_memory", "staff_notice", "staff_way", "stage",
    "stage_history", "task", "team", "test_session", "thread_alias", "thread_member", "told", "touch",
    "turn", "unwanted", "upload",
]  # fmt: skip
