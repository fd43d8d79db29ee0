"""Which codes can a decision hold, and what does each mean?

The console's locale files have one text for every code of `ALL`; a code is never changed, only added.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

Nature: TypeAlias = Literal[
    "client", "internal", "test", "personal", "group", "automatic", "spam", "imported", "blocked"
]  # fmt: skip
AuthorKind: TypeAlias = Literal["person", "robot", "system"]
Purpose: TypeAlias = Literal["reply", "service", "promotion"]
Enforcement: TypeAlias = Literal["block", "warn", "off"]

# --- what kind of conversation (nature.py) ---

NATURES: Final[Mapping[str, str]] = {
    "client": "a client, or somebody who may become one",
    "internal": "one of ours",
    "test": "a test of a source",
    "personal": "the private life of an account's owner",
    "group": "a conversation with participants",
    "automatic": "a machine wrote: a bounce, auto-reply, newsletter or receipt",
    "spam": "spam",
    "imported": "from before the source was connected",
    "blocked": "somebody we want to hear nothing of",
}

NatureRule: TypeAlias = Literal[
    "imported", "test", "blocked", "spam", "group", "automatic", "insider", "as_client", "marked_personal",
    "marked_client", "maybe_personal", "client",
]  # fmt: skip
NATURE_RULES: Final[Mapping[str, str]] = {
    "imported": "backfilled from before the source was connected",
    "test": "begun by a test of the source",
    "blocked": "a person of ours blocked the address",
    "spam": "the identity is marked as spam",
    "group": "it has participants",
    "automatic": "a machine wrote",
    "insider": "the address is one of ours",
    "as_client": "one of ours, but a person treats them as a client",
    "marked_personal": "the account's owner marked it as personal",
    "marked_client": "the account's owner marked it as a client's",
    "maybe_personal": "perhaps personal: the account's owner is asked",
    "client": "nothing speaks against a client",
}

# --- which contact (identity.py) ---

IdentityRule: TypeAlias = Literal["own_address", "shared_and_name", "company_card", "new_shared", "new"]
IDENTITY_RULES: Final[Mapping[str, str]] = {
    "own_address": "the address is this contact's alone",
    "shared_and_name": "a shared address, and the contact's name",
    "company_card": "a shared address without a name: the card of the company or household",
    "new_shared": "a shared address with a new name: a new contact",
    "new": "nobody has this address: a new contact",
}

IdentityVerdict: TypeAlias = Literal["chosen", "only_shared", "only_stated", "less_recent"]
IDENTITY_VERDICTS: Final[Mapping[str, str]] = {
    "chosen": "this contact",
    "only_shared": "only shares an address",
    "only_stated": "only by an address that was typed: perhaps the same person",
    "less_recent": "has another address of the message, but was active longer ago: perhaps the same person",
}

SharedReason: TypeAlias = Literal["role_mailbox", "toll_free", "extension", "two_names"]
SHARED_REASONS: Final[Mapping[str, str]] = {
    "role_mailbox": "a mailbox of an office, not of a person",
    "toll_free": "a toll-free number",
    "extension": "an internal extension",
    "two_names": "two people with different full names used it",
}

# --- attachment (deals.py) ---

EvidenceKind: TypeAlias = Literal[
    "reply", "quote", "button", "deal_link", "extension", "tracking", "deep_link"
]
EVIDENCE: Final[Mapping[str, str]] = {
    "reply": "an answer to a message of the deal",
    "quote": "a quote of a message of the deal",
    "button": "a button under a message of the deal",
    "deal_link": "came by a link that was made for the deal",
    "extension": "a telephone extension bound to the deal",
    "tracking": "a tracking number bound to the deal",
    "deep_link": "a link's label bound to the deal",
}

AttachRule: TypeAlias = Literal[
    "pinned",
    "evidence",
    "most_recent",
    "new_lead",
    "own_lead",
    "repeat_lead",
    "quiet_repeat",
    "not_client",
    "started_from",
    "fired_by",
    "last_there",
    "no_deal",
]
ATTACH_RULES: Final[Mapping[str, str]] = {
    "pinned": "a person pinned the conversation to this open deal",
    "evidence": "the message answers, quotes or carries something of this open deal",
    "most_recent": "the contact's most recent open deal",
    "new_lead": "no open deal: a new lead of a new client",
    "own_lead": "this form or number makes a new lead although a deal is open",
    "repeat_lead": "no open deal, but closed ones: a new lead of a known client",
    "quiet_repeat": "written soon after a deal closed: a quiet lead for that deal's owner",
    "not_client": "the conversation is not with a client: no deal",
    "started_from": "our message was started from this deal",
    "fired_by": "a robot of this deal wrote",
    "last_there": "the client's last message in this conversation is on this open deal",
    "no_deal": "no open deal, and our own message never makes a lead",
}

DealVerdict: TypeAlias = Literal[
    "chosen", "less_recent", "as_recent", "not_pinned", "no_evidence", "not_a_party", "own_lead_asked", "closed",
    "elsewhere", "not_client",
]  # fmt: skip
DEAL_VERDICTS: Final[Mapping[str, str]] = {
    "chosen": "this deal was chosen",
    "less_recent": "open, but another deal of the contact is more recent",
    "as_recent": "open and nearly as recent: the operator is asked once which it is",
    "not_pinned": "open, but the conversation is pinned to another deal",
    "no_evidence": "open, but the message points at another deal",
    "not_a_party": "open, but the contact is no party of it",
    "own_lead_asked": "open, but this form or number always makes a new lead",
    "closed": "no longer open",
    "elsewhere": "open, but our message belongs to another deal",
    "not_client": "not considered: not a client's message",
}

# --- the reply window (window.py) ---

WindowPhase: TypeAlias = Literal["none", "open", "limited", "closed", "never_opened", "unreachable"]
WINDOW_PHASES: Final[Mapping[str, str]] = {
    "none": "this source has no reply window",
    "open": "anything may be sent",
    "limited": "only some messages may be sent",
    "closed": "the client wrote too long ago",
    "never_opened": "the client has not written here yet",
    "unreachable": "the address cannot be written to at all",
}

Reach: TypeAlias = Literal[
    "ok", "blocked_by_client", "no_permission_at_provider", "source_down", "no_address", "address_dead"
]  # fmt: skip
REACHES: Final[Mapping[str, str]] = {
    "ok": "the address can be written to",
    "blocked_by_client": "the client forbade messages",
    "no_permission_at_provider": "the network does not let us write to this person",
    "source_down": "the source is disconnected",
    "no_address": "the contact has no address here",
    "address_dead": "the address does not exist any more",
}

Refusal: TypeAlias = Literal[
    "window_closed",
    "never_opened",
    "by_hand_only",
    "no_links",
    "no_promotion",
    "blocked_by_client",
    "no_permission_at_provider",
    "source_down",
    "no_address",
    "address_dead",
]
REFUSALS: Final[Mapping[str, str]] = {
    "window_closed": "the reply window is closed",
    "never_opened": "the client must write first",
    "by_hand_only": "only a person may write now, not a robot",
    "no_links": "no links may be sent now",
    "no_promotion": "no advertising may be sent now",
    "blocked_by_client": "the client forbade messages",
    "no_permission_at_provider": "the network does not let us write to this person",
    "source_down": "the source is disconnected",
    "no_address": "the contact has no address here",
    "address_dead": "the address does not exist any more",
}

Limit: TypeAlias = Literal["by_hand", "no_links", "no_promotion"]
LIMITS: Final[Mapping[str, str]] = {
    "by_hand": "written by a person",
    "no_links": "without links",
    "no_promotion": "without advertising",
}

Fallback: TypeAlias = Literal["address", "template", "call", "wait"]
FALLBACKS: Final[Mapping[str, str]] = {
    "address": "write to another address of the contact",
    "template": "send an approved template",
    "call": "call the contact",
    "wait": "send when the client writes again",
}

Tone: TypeAlias = Literal["none", "calm", "soon", "near", "last", "closed"]
TONES: Final[Mapping[str, str]] = {
    "none": "no window",
    "calm": "more than six hours left",
    "soon": "six hours or less left",
    "near": "an hour or less left",
    "last": "ten minutes or less left",
    "closed": "closed",
}

Alert: TypeAlias = Literal["closes_in_2h", "closes_in_30m", "last_call"]
ALERTS: Final[Mapping[str, str]] = {
    "closes_in_2h": "the window closes in two hours",
    "closes_in_30m": "the window closes in half an hour",
    "last_call": "the window closes outside working time: the last hour to answer",
}

# --- who answers (answering.py) ---

AssignRule: TypeAlias = Literal[
    "assignee_keeps", "owner", "owner_soon", "owner_away", "owner_silent", "substitute", "head",
    "lead_routing", "nobody",
]  # fmt: skip
ASSIGN_RULES: Final[Mapping[str, str]] = {
    "assignee_keeps": "the assignee is on shift and keeps it",
    "owner": "the deal's owner is on shift",
    "owner_soon": "the deal's owner is back within an hour",
    "owner_away": "the deal's owner is away for longer: open to the queue",
    "owner_silent": "the deal's owner has not answered in time: open to the queue",
    "substitute": "the owner is on leave: the substitute",
    "head": "the owner is gone, or there is none: the head of the team",
    "lead_routing": "a lead without an owner: open to the queue while it is routed",
    "nobody": "nobody responsible can be found: open to the queue",
}

AnswerVerdict: TypeAlias = Literal[
    "chosen", "on_shift", "off_shift", "on_break", "do_not_disturb", "off_hours", "on_leave", "inactive",
    "silent", "unknown",
]  # fmt: skip
ANSWER_VERDICTS: Final[Mapping[str, str]] = {
    "chosen": "this person answers",
    "on_shift": "on shift, but somebody else comes first",
    "off_shift": "did not start the shift",
    "on_break": "on a break",
    "do_not_disturb": "does not want to be disturbed",
    "off_hours": "outside working hours",
    "on_leave": "on leave",
    "inactive": "deactivated",
    "silent": "has not answered in time",
    "unknown": "no such member",
}

# --- who takes a lead (assignment.py) ---

Strategy: TypeAlias = Literal["in_order", "evenly", "least_loaded", "all_at_once"]
STRATEGIES: Final[Mapping[str, str]] = {
    "in_order": "the first available in the queue's order",
    "evenly": "the one whose last offer is oldest",
    "least_loaded": "the one with the least load for their weight",
    "all_at_once": "everybody available at once",
}

RouteRule: TypeAlias = Literal[
    "sticky", "named", "in_order", "evenly", "least_loaded", "everyone", "gate_relaxed",
    "nobody", "being_qualified", "waiting_sticky", "out_of_hours", "ladder_end", "by_hand", "given",
]  # fmt: skip
ROUTE_RULES: Final[Mapping[str, str]] = {
    "sticky": "offered to the client's own manager",
    "named": "offered to the person that the rule names",
    "in_order": "offered to the first available in the queue's order",
    "evenly": "offered to the one whose last offer is oldest",
    "least_loaded": "offered to the least loaded",
    "everyone": "offered to everybody available at once",
    "gate_relaxed": "only discipline holds everybody back: offered to the one with the fewest violations",
    "nobody": "nobody passes every check: waits until somebody does",
    "being_qualified": "an operator qualifies the lead first",
    "waiting_sticky": "waits a little for the client's own manager, who is on shift",
    "out_of_hours": "the queue is closed: offered when it opens",
    "ladder_end": "everybody was asked: the head keeps it, anyone in the queue may take it",
    "by_hand": "somebody took it without being asked",
    "given": "somebody gave it to the one who has it now",
}

WaitReason: TypeAlias = Literal["nobody", "being_qualified", "sticky", "out_of_hours", "ladder_end"]
WAIT_REASONS: Final[Mapping[str, str]] = {
    "nobody": "nobody passes every check",
    "being_qualified": "an operator qualifies it first",
    "sticky": "waits for the client's own manager",
    "out_of_hours": "the queue is closed",
    "ladder_end": "everybody was asked; the head keeps it",
}

RouteVerdict: TypeAlias = Literal[
    "chosen",
    "available",
    "inactive",
    "not_member",
    "not_on_source",
    "cannot_own",
    "off_hours",
    "on_leave",
    "off_shift",
    "on_break",
    "do_not_disturb",
    "on_call",
    "unreachable",
    "has_offer",
    "at_capacity",
    "overdue_tasks",
    "deals_without_task",
    "no_skill",
    "declined",
    "expired_lately",
    "gave",
]
ROUTE_VERDICTS: Final[Mapping[str, str]] = {
    "chosen": "the lead was offered to this person",
    "available": "passes every check, but somebody else comes first",
    "inactive": "deactivated",
    "not_member": "not a member of the queue",
    "not_on_source": "may not answer on this source",
    "cannot_own": "may not own leads",
    "off_hours": "outside working hours",
    "on_leave": "on leave",
    "off_shift": "did not start the shift",
    "on_break": "on a break",
    "do_not_disturb": "does not want to be disturbed",
    "on_call": "on a live call",
    "unreachable": "no console open and no other way to be told",
    "has_offer": "already has an open offer",
    "at_capacity": "has as many conversations and leads as allowed",
    "overdue_tasks": "has overdue tasks",
    "deals_without_task": "has open deals without a task",
    "no_skill": "lacks a skill that is asked for",
    "declined": "declined this lead",
    "expired_lately": "let an offer of this lead expire within half an hour",
    "gave": "gave the lead to the one who has it now",
}

StepKind: TypeAlias = Literal["wait", "offer", "expire", "keep", "remind"]
STEPS: Final[Mapping[str, str]] = {
    "wait": "nothing to do until the given time",
    "offer": "route the lead now",
    "expire": "the open offers have run out",
    "keep": "tell the head, who keeps the lead",
    "remind": "remind those who keep the lead",
}

# --- conversations and the queue (conversations.py) ---

ConversationState: TypeAlias = Literal["open", "waiting", "snoozed", "closed"]
CONVERSATION_STATES: Final[Mapping[str, str]] = {
    "open": "needs an answer",
    "waiting": "the client's turn",
    "snoozed": "put off until a time, or until the client writes",
    "closed": "finished",
}

ReplyKind: TypeAlias = Literal["messenger", "form", "missed_call", "mail"]

Place: TypeAlias = Literal["closing", "window_end", "target", "overdue", "call_them", "rest"]
PLACES: Final[Mapping[str, str]] = {
    "closing": "unanswered, and the window closes within half an hour",
    "window_end": "unanswered; the window closes before the answer is due",
    "target": "unanswered; the answer is due",
    "overdue": "unanswered, and the answer is overdue",
    "call_them": "unanswered, but nothing may be sent any more: call",
    "rest": "nothing to answer",
}

SkipReason: TypeAlias = Literal["answered", "claimed", "offered", "owned", "not_allowed"]
SKIP_REASONS: Final[Mapping[str, str]] = {
    "answered": "nothing to answer",
    "claimed": "somebody is working on it",
    "offered": "offered to a manager",
    "owned": "its assignee or owner is on shift",
    "not_allowed": "this person may not answer it",
}

CloseWay: TypeAlias = Literal["done", "not_needed", "spam", "answered_elsewhere"]
CLOSE_WAYS: Final[Mapping[str, str]] = {
    "done": "everything was answered",
    "not_needed": "no answer was needed",
    "spam": "spam",
    "answered_elsewhere": "answered in another way",
}


# --- calls (calls.py, ringing.py) ---

CallState: TypeAlias = Literal["ringing", "answered", "finished", "missed"]
CALL_STATES: Final[Mapping[str, str]] = {
    "ringing": "ringing",
    "answered": "talking",
    "finished": "over",
    "missed": "over, and nobody of ours answered",
}

CallOutcome: TypeAlias = Literal["", "talk", "missed", "not_reached", "blocked"]
CALL_OUTCOMES: Final[Mapping[str, str]] = {
    "": "not over yet",
    "talk": "people talked",
    "missed": "a client was not answered",
    "not_reached": "the client did not answer us",
    "blocked": "the number is blocked",
}

CallLead: TypeAlias = Literal["none", "attached", "owned", "routed"]
CALL_LEADS: Final[Mapping[str, str]] = {
    "none": "makes no lead",
    "attached": "belongs to an open deal",
    "owned": "a lead of the person who answered",
    "routed": "a lead to be routed",
}

CallSilence: TypeAlias = Literal["hidden", "internal", "blocked", "short_ring", "not_over"]
CALL_SILENCES: Final[Mapping[str, str]] = {
    "hidden": "a hidden number: counted only",
    "internal": "an internal number",
    "blocked": "a blocked number",
    "short_ring": "rang for less than three seconds",
    "not_over": "not over yet",
}

RingRule: TypeAlias = Literal["blocked", "deal_owner", "responsible", "router", "own_plan"]
RING_RULES: Final[Mapping[str, str]] = {
    "blocked": "the number is blocked: ring nobody",
    "deal_owner": "the owner of the client's most recent open deal",
    "responsible": "the contact's responsible",
    "router": "as a new lead would be routed",
    "own_plan": "nobody is free: the telephone system's own plan",
}

RingVerdict: TypeAlias = Literal["no_extension"] | RouteVerdict
RING_VERDICTS: Final[Mapping[str, str]] = {
    "no_extension": "has no telephone extension",
    **ROUTE_VERDICTS,
}

# --- whose client (responsible.py) ---

MismatchPolicy: TypeAlias = Literal["ask", "deal", "contact"]
MISMATCH_POLICIES: Final[Mapping[str, str]] = {
    "ask": "a person is asked",
    "deal": "the responsible becomes who owns the most recent open deal",
    "contact": "the responsible gets the open deals",
}

MismatchRule: TypeAlias = Literal[
    "asked", "deal_wins", "contact_wins", "named_by_hand", "given_by_hand", "responsible_left"
]  # fmt: skip
MISMATCH_RULES: Final[Mapping[str, str]] = {
    "asked": "a person is asked",
    "deal_wins": "the owner of the most recent open deal became responsible",
    "contact_wins": "the responsible got the open deals",
    "named_by_hand": "a person chose the responsible since: asked",
    "given_by_hand": "a person gave a deal to its owner since: asked",
    "responsible_left": "the responsible works here no more: asked",
}

MismatchVerdict: TypeAlias = Literal["most_recent", "earlier", "goes_over", "given", "stays"]
MISMATCH_VERDICTS: Final[Mapping[str, str]] = {
    "most_recent": "the most recent open deal",
    "earlier": "an earlier one",
    "goes_over": "goes to the responsible",
    "given": "a person gave it to its owner",
    "stays": "stays with its owner",
}

ALL: Final[Mapping[str, Mapping[str, str]]] = {
    "nature": NATURES,
    "nature_rule": NATURE_RULES,
    "identity_rule": IDENTITY_RULES,
    "identity_verdict": IDENTITY_VERDICTS,
    "shared_reason": SHARED_REASONS,
    "attach_rule": ATTACH_RULES,
    "evidence": EVIDENCE,
    "deal_verdict": DEAL_VERDICTS,
    "window_phase": WINDOW_PHASES,
    "reach": REACHES,
    "refusal": REFUSALS,
    "limit": LIMITS,
    "fallback": FALLBACKS,
    "tone": TONES,
    "alert": ALERTS,
    "assign_rule": ASSIGN_RULES,
    "answer_verdict": ANSWER_VERDICTS,
    "strategy": STRATEGIES,
    "route_rule": ROUTE_RULES,
    "route_verdict": ROUTE_VERDICTS,
    "wait_reason": WAIT_REASONS,
    "step": STEPS,
    "conversation_state": CONVERSATION_STATES,
    "place": PLACES,
    "skip_reason": SKIP_REASONS,
    "close_way": CLOSE_WAYS,
    "call_state": CALL_STATES,
    "call_outcome": CALL_OUTCOMES,
    "call_lead": CALL_LEADS,
    "call_silence": CALL_SILENCES,
    "ring_rule": RING_RULES,
    "ring_verdict": RING_VERDICTS,
    "mismatch_policy": MISMATCH_POLICIES,
    "mismatch_rule": MISMATCH_RULES,
    "mismatch_verdict": MISMATCH_VERDICTS,
}
"""Every code by family, each with its meaning."""
