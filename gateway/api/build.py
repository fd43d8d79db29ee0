"""How do rows become what screens show? One function a shape, for lists, single reads and live patches alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import orjson

import channels
from channels.base import Capabilities, WebhookChannel
from channels.pages import DesignedPages, Learner, Taught
from gateway.api import shapes
from gateway.context import Gateway
from gateway.post import Blank
from gateway.sources import Live, transport
from routing import conversations as queue_order
from routing import window as windows
from routing.call_backs import NEXT_SECOND
from routing.codes import Reach
from routing.times import HOUR, MINUTE
from storage import queue, timeline
from storage.gaps import Gap
from storage.standing import may_speak, policy_of
from storage.team import Account
from storage.waiting import NAMES

SHARED = ("location", "contact", "sticker")
"""Kinds of ours that hold no words to change."""
LATE = 120_000_000
"""A message that reached us two minutes after it was said came late."""


def source_ref(gateway: Gateway, source_id: str | None) -> shapes.SourceRef:
    """A source as rows name it; one that is gone still has its id."""
    live = gateway.sources.get(source_id or "")
    if live is None:
        return {"id": source_id or "", "name": "", "channel": "", "state": "disconnected"}
    return {"id": live.row.id, "name": live.row.name, "channel": live.row.channel, "state": live.row.state}


def reference(ref: str | None, name: str | None) -> shapes.Ref | None:
    """Somebody or something by name; None when there is none."""
    return {"id": ref, "name": name or ""} if ref else None


def reach_of(live: Live | None, unreachable: object, reason: str | None) -> Reach:
    """Whether the address can be written to at all."""
    if live is None or live.row.state in ("disconnected", "broken", "paused"):
        return "source_down"
    if not unreachable:
        return "ok"
    return (
        cast(Reach, reason)
        if reason in ("address_dead", "no_permission_at_provider")
        else "blocked_by_client"
    )


STATES: Mapping[str, str] = {
    "blocked_by_client": "blocked_by_client", "no_permission_at_provider": "no_permission", "source_down": "source_down",
    "no_address": "no_address", "address_dead": "no_address",
}  # fmt: skip


def window(
    gateway: Gateway,
    account: Account,
    source_id: str,
    last_client_at: int | None,
    unreachable: object,
    reason: str | None,
    conversation: Any = None,
) -> shapes.Window:
    """May we write here now? `conversation`: a row, where it is about one."""
    live = gateway.sources.get(source_id)
    reach = reach_of(live, unreachable, reason)
    policy = live.window if live is not None else windows.NO_WINDOW
    if conversation is not None and live is not None:
        policy = policy_of(conversation, live.window, live.lent)
        if reach == "ok" and not may_speak(conversation):
            reach = "no_permission_at_provider"
    answers = live is not None and (live.channel.can().reply or bool(live.channel.can().answered_by))
    found = windows.reply_window(policy, last_client_at, gateway.now(), reach=reach if answers else "ok")
    state = STATES.get(reach, "") if answers else ""
    if not state:
        state = {"none": "none", "open": "open", "limited": "open", "never_opened": "never_opened"}.get(
            found.phase, "closed"
        )
        if found.phase == "closed" and found.allow:
            state = "warn" if found.enforcement == "warn" else "open"
    if state in ("none", "open", "warn") and live is not None and gateway.sources.answering(live) is None:
        state = "cannot_answer"
    shut = found.phase == "closed"
    return {
        "state": cast(Any, state),
        "reason": found.refusal or "",
        "closes_at": None if shut else found.closes_at,
        "closed_at": found.closes_at if shut else None,
        "last_client_at": last_client_at,
        "enforcement": found.enforcement,
        "fixed": policy.fixed,
        "may_override": state != "cannot_answer" and found.overridable and account.may("window.override"),
        "reach": reason or "" if unreachable else "",
    }


def rows(gateway: Gateway, account: Account, facts: queue.Facts, head: int) -> list[shapes.Row]:
    """Lines of the queue."""
    return [row_of(gateway, account, row, facts, head) for row in facts.rows]


def row_of(gateway: Gateway, account: Account, row: Any, facts: queue.Facts, head: int) -> shapes.Row:
    """One of them."""
    now = gateway.now()
    offer = facts.offered.get(row.deal_id or "")
    rank = queue_order.rank(
        queue_order.Row(
            id=row.id, state=row.state, waiting_since=row.waiting_since, due_at=row.due_at, closes_at=row.closes_at,
            gone_at=row.gone_at, last_at=row.last_at,
        ),
        now,
    )  # fmt: skip
    claimed = row.claim_id is not None and row.claim_until > now and row.claim_id != account.id
    others = dict.fromkeys(
        source_ref(gateway, source)["channel"]
        for ref, source in facts.also.get(row.contact_id, ())
        if ref != row.id
    )
    unread = max(0, row.inbound - (row.read_inbound or 0))
    return {
        "id": row.id,
        "contact": {"id": row.contact_id, "name": row.contact_name},
        "source": source_ref(gateway, row.source_id),
        "state": row.state,
        "nature": row.nature,
        "last": _preview(row, account),
        "unanswered": row.state == "open" and row.waiting_since is not None,
        "waiting_since": row.waiting_since,
        "deadline_at": row.deadline_at,
        "reason": rank.reason,
        "unread": max(unread, 1) if row.kept_unread else unread,
        "window": window(
            gateway, account, row.source_id, row.last_client_at, row.unreachable, row.reach, row
        ),
        "assignee": reference(row.assignee_id, row.assignee_name),
        "claim": reference(row.claim_id, row.claim_name) if claimed else None,
        "deal": _deal_ref(row),
        "offered": reference(*offer) if offer is not None else None,
        "draft": (row.draft or "")[:200],
        "snoozed_until": row.snoozed_until,
        "also": list(others),
        "seq": head,
    }


def _preview(row: Any, account: Account) -> shapes.Preview | None:
    if row.last_message_id is None:
        return None
    author = "me" if row.last_author == "person" and row.last_author_id == account.id else row.last_author
    veiled = row.nature == "personal"
    return {
        "at": row.last_at, "text": "" if veiled else row.last_text, "kind": row.last_kind,
        "author": cast(Any, author or "system"), "author_name": row.last_author_name or "", "state": row.last_state,
    }  # fmt: skip


def _deal_ref(row: Any) -> shapes.DealRef | None:
    if row.deal_id is None or row.deal_number is None:
        return None
    return {
        "id": row.deal_id, "number": row.deal_number, "title": row.deal_title, "stage": row.stage_name or "",
        "stage_kind": row.stage_kind, "pinned": row.pinned_deal_id == row.deal_id,
    }  # fmt: skip


def items(gateway: Gateway, account: Account, facts: timeline.Facts) -> list[shapes.Item]:
    """Things of a timeline."""
    return [item(gateway, account, row, facts) for row in facts.rows]


def item(gateway: Gateway, account: Account, row: Any, facts: timeline.Facts) -> shapes.Item:
    """One of them."""
    shown = _item(gateway, account, row, facts)
    return _veiled(shown) if shown["nature"] == "personal" else shown


def _veiled(item: shapes.Item) -> shapes.Item:
    """Said on a person's own account, and nobody has called the other one a client yet: who and when, not what."""
    return {
        **item, "text": "", "spans": [], "subject": "", "attachments": [], "fields": [], "location": None, "card": None,
        "reply_to": None, "mail": None, "quote": "", "forwarded_from": "", "forwards": [], "reactions": [], "own_reaction": "",
        "has_raw": False, "has_html": False, "may": [],
    }  # fmt: skip


def _item(gateway: Gateway, account: Account, row: Any, facts: timeline.Facts) -> shapes.Item:
    content = orjson.loads(row.content)
    quote = facts.quotes.get(row.reply_to_id or "")
    deal = facts.deals.get(row.deal_id or "")
    pending = facts.waiting.get(row.id)
    mine = row.author_id == account.id
    deleted = bool(row.deleted)
    return {
        "id": row.id,
        "conversation_id": row.conversation_id,
        "contact_id": row.contact_id,
        "source": source_ref(gateway, row.source_id),
        "kind": row.kind,
        "direction": row.direction,
        "author": row.author_kind,
        "author_name": row.author_name,
        "author_id": row.author_id,
        "mine": mine,
        "at": row.at,
        "place": row.seq,
        "received_at": row.received_at,
        "late": row.direction == "in" and row.received_at - row.at > LATE,
        "text": row.text,
        "spans": [_span(span) for span in content.get("spans", ())],
        "has_html": bool(content.get("html")),
        "subject": content.get("subject", ""),
        "mail": _mail(content.get("mail"), facts.recipients.get(row.id, ())),
        "nature": row.nature,
        "attachments": [attachment(one) for one in facts.attachments.get(row.id, ())],
        "fields": content.get("fields", []),
        "call": _call(row, content.get("call"), facts),
        "location": content.get("location"),
        "card": content.get("card"),
        "reply_to": None if quote is None else {"id": quote.id, "author": quote.author_name, "text": quote.text[:200]},
        "quote": content.get("quote", ""),
        "forwarded_from": content.get("forwarded_from", ""),
        "forwards": [_forward(one) for one in content.get("forwards", ())],
        "unsupported": content.get("unsupported", ""),
        "state": row.state,
        "reason": row.reason,
        "retry_at": pending.at if pending is not None and row.state == "postponed" else None,
        "not_before": pending.at if pending is not None and row.state == "held" else None,
        "may": _may(gateway, account, row, mine),
        "later": _later(facts.later.get(row.id)),
        "edited": bool(row.edited),
        "deleted": deleted,
        "reactions": facts.reactions.get(row.id, []),
        "own_reaction": facts.own_reactions.get(row.id, ""),
        "deal": None if deal is None else {
            "id": deal.id, "number": deal.number, "title": deal.title, "stage": deal.stage,
            "stage_kind": deal.stage_kind, "pinned": False,
        },
        "has_raw": row.envelope_id is not None,
        "system": _system(content.get("system")),
    }  # fmt: skip


def scheduled(gateway: Gateway, row: Any, files: Mapping[str, Any]) -> shapes.Scheduled:
    """An answer that waits."""
    content = orjson.loads(row.content)
    named = [files[ref] for ref in content.get("file_ids", ()) if ref in files]
    return {
        "id": row.id, "conversation_id": row.conversation_id, "contact_id": row.contact_id,
        "source": source_ref(gateway, row.source_id), "author": {"id": row.member_id, "name": row.author_name or ""},
        "text": row.text,
        "spans": [_span(span) for span in content.get("spans", ())],
        "files": [{"id": one.id, "name": one.name, "mime": one.mime, "size": one.size} for one in named],
        "waits_for": row.waits_for, "at": row.at, "anyway": bool(row.anyway), "state": row.state, "reason": row.reason,
        "version": row.version, "created_at": row.created_at,
    }  # fmt: skip


def _system(stored: Mapping[str, Any] | None) -> dict[str, str | int | None] | None:
    """A line's code and what fills its words."""
    if stored is None:
        return None
    return {**stored.get("params", {}), **{name: value for name, value in stored.items() if name != "params"}}


def _may(gateway: Gateway, account: Account, row: Any, mine: bool) -> list[Any]:
    may: list[Any] = []
    if account.may("conversation.reply"):
        may += _may_ours(row, mine) if row.direction == "out" else []
        if row.nature == "spam" and row.direction == "in" and row.envelope_id is not None:
            may.append("release")
        live = gateway.sources.get(row.source_id)
        if live is not None:
            may += _may_later(
                live.channel.can(), row, mine or account.may("conversation.assign"), gateway.now()
            )
    if row.kind not in ("note", "system") and row.nature == "client" and account.may("deal.attach"):
        may.append("move")
    return may


def _may_ours(row: Any, mine: bool) -> list[Any]:
    may: list[Any] = []
    if row.state == "held" and mine:
        may.append("undo")
    if row.state in ("failed", "undelivered", "postponed"):
        may.append("retry")
    if row.state == "unknown":
        may.append("resolve")
    return may


def _may_later(can: Capabilities, row: Any, allowed: bool, now: int) -> list[Any]:
    """What the network lets us do with what is there."""
    if row.deleted or row.kind in ("note", "system", "call"):
        return []
    if row.direction == "in":
        return ["react"] if can.reactions and row.external_id is not None else []
    if not allowed or row.envelope_id is not None:  # written elsewhere: only its author there may change it
        return []
    if row.kind in SHARED:
        can = replace(can, edit=False)
    elif row.state in ("held", "queued", "postponed"):
        return ["edit"]
    left = row.state in ("sent", "delivered", "read")
    may: list[Any] = []
    if left and can.edit and _in_time(row.at, can.edit_hours, now):
        may.append("edit")
    if left and can.delete and _in_time(row.at, can.delete_hours, now):
        may.append("delete")
    return may


def _in_time(at: int, hours: float, now: int) -> bool:
    return not hours or now - at <= hours * HOUR


def _mail(mail: dict[str, Any] | None, reached: Sequence[Any]) -> shapes.Mail | None:
    if mail is None:
        return None
    return {
        "sender": mail.get("from", ""), "to": mail.get("to", []), "cc": mail.get("cc", []), "bcc": mail.get("bcc", []),
        "reply_to": mail.get("reply_to", ""), "notes": mail.get("notes", []),
        "reached": [
            {
                "address": one.address, "name": one.name, "kind": one.kind, "state": one.state, "reason": one.reason,
                "detail": one.detail,
            }
            for one in reached
        ],
    }  # fmt: skip


def blank(gateway: Gateway, source_id: str, form: Blank) -> shapes.LetterBlank:
    """A letter before a word is written."""
    return {
        "way": form.way, "source": source_ref(gateway, source_id), "sender": form.sender, "subject": form.subject,
        "to": [{"address": one.address, "name": one.name, "kind": cast(Any, one.kind)} for one in form.to],
        "signature": form.signature, "quote": form.quote, "quoted": form.quoted,
        "files": [
            {
                "id": file["id"], "name": file["name"], "mime": file["mime"], "size": file["size"],
                "ready": file["state"] == "ready",
            }
            for file in form.files
        ],
    }  # fmt: skip


def _span(stored: Mapping[str, Any]) -> shapes.SpanShape:
    return {
        "start": stored["start"], "length": stored["length"], "style": stored["style"], "url": stored.get("url", ""),
    }  # fmt: skip


def _forward(stored: Mapping[str, Any]) -> shapes.Forward:
    return {
        "author": stored["author"], "at": stored["at"], "text": stored["text"],
        "within": [_forward(one) for one in stored.get("within", ())],
    }  # fmt: skip


def _later(row: Any) -> shapes.LaterAct | None:
    if row is None or row.state in ("sent", "cancelled"):
        return None
    content = orjson.loads(row.content)
    words = content.get("words", content.get("emoji", ""))
    return {"act": row.act, "state": row.state, "reason": row.reason, "text": words}


def _call(row: Any, call: dict[str, Any] | None, facts: timeline.Facts) -> shapes.Call | None:
    if call is None:
        return None
    names, answered = facts.answered_by, call.get("answered_by")
    touches = facts.called_back.get(row.contact_id, ()) if call["state"] == "missed" else ()
    missed_at = row.at + (call["wait"] or 0) + NEXT_SECOND
    back = next((one for one in touches if one.done_at >= missed_at), None)
    return {
        "state": call["state"], "direction": call["direction"], "line": call["line"],
        "answered_by": reference(answered, names.get(answered or "")),
        "wait_seconds": None if call["wait"] is None else call["wait"] // 1_000_000,
        "talk_seconds": None if call["talk"] is None else call["talk"] // 1_000_000,
        "called_back_at": None if back is None else back.done_at, "wrote_back": back is not None and back.result == "wrote",
        "outcome": call.get("outcome", ""),
        "rang": [{"id": one, "name": names.get(one, "")} for one in call.get("rang_members", ())],
        "stale": bool(call.get("stale")), "repaired": bool(call.get("repaired")), "result": call.get("result", ""),
    }  # fmt: skip


def attachment(row: Any) -> shapes.AttachmentShape:
    """A file on a message."""
    ready = row.state == "ready"
    return {
        "id": row.id, "kind": row.kind, "name": row.name, "mime": row.mime, "size": row.size, "width": row.width,
        "height": row.height, "seconds": row.seconds, "state": row.state, "reason": row.reason,
        "url": f"/api/v1/attachments/{row.id}" if ready else None,
        "thumb": f"/api/v1/attachments/{row.id}/thumb" if ready and row.thumb else None,
        "transcript": row.transcript,
    }  # fmt: skip


def limits(can: Capabilities) -> shapes.Limits:
    """What the composer needs of a channel's capabilities."""
    return {
        "reply": can.reply or bool(can.answered_by), "text_max": can.text_max, "text_unit": can.text_unit,
        "caption_max": can.caption_max, "files": {str(kind): size for kind, size in can.files.items()},
        "files_per_message": can.files_per_message, "reply_to": can.reply_to, "subject": can.subject,
        "location": can.location, "card": can.card, "stickers": can.stickers,
        "recipients": can.recipients,
        "typing": can.typing, "delivered": can.delivered, "read": can.read, "enter_sends": can.enter_sends,
        "styles": sorted(can.styles), "reactions": list(can.reactions),
    }  # fmt: skip


def deal(row: Any, *, words: bool = True) -> shapes.Deal:
    """A deal's card. A lead is titled with what the client wrote: without `words` it is not shown."""
    return {
        "id": row.id, "number": row.number, "title": row.title if words else "", "stage": row.stage, "stage_id": row.stage_id,
        "stage_kind": row.stage_kind, "amount": None if row.amount is None else f"{row.amount / 100:.2f}",
        "currency": row.currency, "owner": reference(row.owner_id, row.owner_name),
        "queue": reference(row.queue_id, row.queue_name), "waiting_reason": row.waiting or None,
        "repeat": bool(row.repeat), "quiet": bool(row.quiet), "created_at": row.created_at,
        "last_activity_at": row.last_activity_at, "closed_at": row.closed_at,
    }  # fmt: skip


def task(row: Any) -> shapes.Task:
    """A task."""
    return {
        "id": row.id, "kind": row.kind, "title": row.title, "due_at": row.due_at, "done_at": row.done_at,
        "result": row.result, "owner": reference(row.owner_id, row.owner_name),
        "contact": reference(row.contact_id, row.contact_name), "deal_id": row.deal_id,
    }  # fmt: skip


def attribution(stored: Mapping[str, Any]) -> shapes.AttributionShape | None:
    """Where somebody came from; None: unknown."""
    if not stored:
        return None
    return {
        "campaign": stored.get("campaign", ""), "page": stored.get("page", ""),
        "referrer": stored.get("referrer", ""), "utm": stored.get("utm", {}),
    }  # fmt: skip


def profile_link(kind: str, value: str, username: str) -> str | None:
    """Where the network shows this person, if a channel says so."""
    for name in channels.names():
        pattern = channels.about(name).profile_links.get(kind)
        if pattern is not None and ("{username}" not in pattern or username):
            return pattern.replace("{username}", username).replace("{value}", value)
    return None


def participant(row: Any) -> shapes.Participant:
    """Somebody who writes in a group."""
    return {
        "name": row.name or row.identity_name or row.value, "kind": row.kind, "value": row.value,
        "link": profile_link(row.kind, row.value, row.username), "contact_id": row.contact_id,
    }  # fmt: skip


def contact(
    row: Any, identities: Sequence[Any], deals: Sequence[Any], tasks: Sequence[Any]
) -> shapes.Contact:
    """A contact's card."""
    return {
        "id": row.id,
        "name": row.name,
        "responsible": reference(row.responsible_id, row.responsible_name),
        "identities": [
            {
                "id": one.id, "kind": one.kind, "value": one.value, "username": one.username,
                "link": profile_link(one.kind, one.value, one.username), "origin": one.origin,
                "verified": bool(one.verified), "shared": bool(one.shared), "blocked": bool(one.blocked),
            }
            for one in identities
            if one.kind != "group"
        ],
        "deals": [deal(one) for one in deals],
        "tasks": [task(one) for one in tasks],
        "attribution": attribution(orjson.loads(row.attribution)),
        "other_names": sorted({one.name for one in identities if one.name and one.name != row.name}),
    }  # fmt: skip


def ring(gateway: Gateway, row: Any, me: str) -> shapes.Ring:
    """A call as its ringing card shows it."""
    deal = {
        "id": row.deal_id or "", "number": row.number, "title": row.title, "stage": row.stage or "",
        "stage_kind": row.stage_kind, "pinned": False,
    }  # fmt: skip
    return {
        "id": row.message_id, "state": row.state, "source": source_ref(gateway, row.source_id), "line": row.line,
        "phone": row.phone or "", "contact": {"id": row.contact_id, "name": row.name},
        "conversation_id": row.conversation_id, "deal": cast(Any, deal) if row.number is not None else None,
        "responsible": reference(row.responsible_id, row.responsible_name),
        "answered_by": reference(row.member_id, row.answered_name), "calls_before": max(0, row.calls - 1),
        "campaign": row.campaign or "", "started_at": row.started_at,
    }  # fmt: skip


def offer(gateway: Gateway, account: Account, row: Any) -> shapes.Offer:
    """A lead shown to a member; its telephone while the client is theirs to see."""
    theirs = (
        account.reach("contact.read").covers(row.owner_id)
        or row.state == "open"
        or row.owner_id == account.id
    )
    state = row.state
    if state == "open" and row.expires_at <= gateway.now():
        state = "expired"
    stored = orjson.loads(row.attribution)
    return {
        "id": row.id,
        "deal": {
            "id": row.deal_id, "number": row.number, "title": row.title, "stage": row.stage,
            "stage_kind": row.stage_kind, "pinned": False,
        },
        "contact": {"id": row.contact_id, "name": row.contact_name},
        "phone": row.phone if row.phone and theirs and account.may("contact.read") else "",
        "source": source_ref(gateway, row.source_id),
        "conversation_id": row.conversation_id,
        "preview": row.last_text or "",
        "campaign": stored.get("campaign", "") or stored.get("utm", {}).get("utm_campaign", ""),
        "waiting_since": row.created_at,
        "repeat": bool(row.repeat),
        "broadcast": bool(row.broadcast),
        "state": state,
        "taken_by": reference(row.owner_id, row.owner_name) if state == "taken" else None,
        "offered_at": row.offered_at,
        "expires_at": row.expires_at,
        "may_extend": state == "open" and not row.extended,
        "decision_id": row.decision_id,
    }  # fmt: skip


def decision(record: Mapping[str, Any], names: Mapping[str, str]) -> shapes.Decision:
    """A stored decision with the names of what it considered."""
    picked = record.get("picked") or next(iter(record["chosen"]), None)
    return {
        "id": record.get("id", ""),
        "kind": record["kind"],
        "rule": record["rule"],
        "chosen": picked,
        "chosen_name": names.get(picked or "", ""),
        "at": record.get("at", 0),
        "facts": {name: value for name, value in record["facts"].items() if _flat(value)},
        "candidates": [
            {
                "ref": one["ref"], "name": names.get(one["ref"], ""), "verdict": one["verdict"],
                "facts": {name: value for name, value in one.get("facts", {}).items() if _flat(value)},
            }
            for one in record["candidates"]
        ],
    }  # fmt: skip


def _flat(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def refs_of(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Everything that decisions name."""
    found: list[str] = []
    for record in records:
        found += [*record["chosen"], *(one["ref"] for one in record["candidates"])]
        if record.get("picked"):
            found.append(record["picked"])
    return found


def source(
    gateway: Gateway, live: Live, account: Mapping[str, int], queue_name: str | None, leads: int
) -> shapes.Source:
    """A source's page, without its secrets."""
    row = live.row
    about = channels.about(row.channel)
    hidden = set(live.channel.secrets)
    rule = live.channel.can().window
    shown = {key: value for key, value in row.settings.items() if key not in hidden}
    page = f"/f/{row.slug}"
    hosted = hasattr(live.channel, "page")
    return {
        "id": row.id, "channel": row.channel, "name": row.name, "state": cast(Any, row.state),
        "verified": row.verified_at is not None, "health": cast(Any, row.health), "last_event_at": row.last_event_at,
        "last_error": row.last_error, "paused_until": row.paused_until, "paused_reason": row.paused_reason,
        "queue": reference(row.queue_id, queue_name), "settings": shown,
        "secrets": sorted(name for name in hidden if live.channel.settings.get(name) and _asked(about, name)),
        "hook_url": gateway.sources.hook_url(row) or f"/hooks/{row.id}/{row.hook_key}", "slug": row.slug,
        "public_page": (gateway.sources.public_url + page if gateway.sources.public_url else page) if hosted else "",
        "transport": cast(Any, transport(live.channel)), "account": balance(account), "leads_30_days": leads,
        "demo": bool(row.demo), "hours": None if rule is None else (row.window_hours or rule.hours),
        "enforcement": cast(Any, row.enforcement or (rule.enforcement if rule else "off")),
        "window_fixed": rule is not None and rule.fixed, "first_answer": cast(Any, row.first_answer or "manager"),
        "on_open_deal": cast(Any, row.on_open_deal or "attach"), "pipeline_id": row.pipeline_id,
        "answering": {
            "first_minutes": live.target // MINUTE, "next_minutes": live.next_target // MINUTE,
            "closed_reply": live.closed_reply,
        },
        "staff": bool(row.staff), "can_tell_staff": live.channel.can().tells_staff,
        "letters": live.channel.can().recipients > 0,
        "has_address": isinstance(live.channel, WebhookChannel), "old_address_until": row.old_until,
        "designed": isinstance(live.channel, DesignedPages), "taught": isinstance(live.channel, Taught),
        "learns": isinstance(live.channel, Learner) and live.channel.learns,
    }  # fmt: skip


def _asked(about: Any, name: str) -> bool:
    return any(setting.key == name for setting in about.settings)


def balance(row: Mapping[str, int]) -> shapes.Account:
    """The account in full: what waits is what is left."""
    ended = row["opened"] + row["ignored"] + row["set_aside"]
    left = row["sent"] + row["undelivered"] + row["failed"] + row["unknown"] + row["cancelled"]
    return {
        "received": row["received"], "opened": row["opened"], "ignored": row["ignored"],
        "set_aside": row["set_aside"], "waiting": row["received"] - ended, "accepted": row["accepted"],
        "sent": row["sent"], "undelivered": row["undelivered"], "failed": row["failed"],
        "unknown": row["unknown"], "cancelled": row["cancelled"], "leaving": row["accepted"] - left,
    }  # fmt: skip


def gap(row: Gap) -> shapes.GapShape:
    """Numbers that never came."""
    return {"first": row.first, "last": row.last, "after_at": row.after_at, "before_at": row.before_at}


def envelope(row: Any, *, preview: str = "") -> shapes.EnvelopeShape:
    """An envelope in the journal of events."""
    return {
        "id": row.id, "source_id": row.source_id, "received_at": row.received_at, "state": cast(Any, NAMES[row.state]),
        "reason": row.reason, "error": row.error, "attempts": row.attempts, "size": row.size, "preview": preview,
        "key": row.key,
    }  # fmt: skip
