"""Which deal is it about, and what follows for the figures?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from channels.events import NOWHERE, Attribution, CallFact, InboundMessage
from gateway.opening.house import House, SourceRules
from gateway.opening.people import attribution_json, remember_attribution
from gateway.opening.wanted import DEAL_LINK, bound_to
from routing import deals, links
from routing.codes import Nature
from routing.decision import Decision
from storage.board import Board, Contact, Conversation, Deal, Message
from storage.ids import new_id

NOTHING: Mapping[str, str] = {}


def attach(
    board: Board,
    house: House,
    rules: SourceRules,
    contact: Contact,
    conversation: Conversation,
    message: Message,
    *,
    said_at: int,
    title: str = "",
    attribution: Attribution = NOWHERE,
    owner_id: str = "",
    event: InboundMessage | CallFact | None = None,
) -> deals.Attachment:
    """Put a client's message on its deal, making the lead where there is none; `owner_id` already has it."""
    open_deals = _candidates(board, contact, conversation, rules, event)
    attachment = deals.attach(
        _conversation(board, contact, conversation, message),
        open_deals,
        (*_evidence(board, message), *_linked(conversation), *_bound(board, rules, event)),
        rules.attach,
        now=said_at,
    )
    deal_id = attachment.deal_id
    if attachment.new_lead is not None:
        deal_id = _open_lead(
            board,
            house,
            rules,
            contact,
            conversation,
            attachment.new_lead,
            said_at,
            title,
            attribution,
            owner_id,
            event.deal_fields if isinstance(event, InboundMessage) else NOTHING,
        )
    after = deals.after(open_deals, attachment, now=said_at, new_id=deal_id)
    board.open_deals[contact.id] = [deal for deal in after if deal.party]
    if attachment.activity:
        board.active_deals[deal_id] = max(said_at, board.active_deals.get(deal_id, 0))
    if attachment.lift_pin:
        conversation.pinned_deal_id, conversation.dirty = None, True
    message.deal_id = deal_id or None
    if deal_id:
        conversation.deal_id, conversation.dirty = deal_id, True
    record(board, attachment.decision, message, deal_id)
    _ask(board, conversation, message, attachment, deal_id)
    return attachment if attachment.deal_id == deal_id else replace(attachment, deal_id=deal_id)


def attach_outgoing(
    board: Board, rules: SourceRules, contact: Contact, conversation: Conversation, message: Message
) -> None:
    """Put a message of ours on the deal it belongs to; it never makes a lead."""
    attachment = deals.attach_outgoing(
        _conversation(board, contact, conversation, message),
        _candidates(board, contact, conversation, rules),
        rules.attach,
        now=message.at,
    )
    message.deal_id = attachment.deal_id or None
    record(board, attachment.decision, message, attachment.deal_id)


def record(board: Board, decision: Decision, message: Message, deal_id: str) -> None:
    """Keep the decision with its reasons."""
    board.decisions.append(
        (
            new_id(board.now), decision.kind, decision.rule, deal_id or None, message.id, message.conversation_id,
            deal_id or None, message.contact_id, decision.to_json(),
        )
    )  # fmt: skip


def _ask(
    board: Board, conversation: Conversation, message: Message, attachment: deals.Attachment, deal_id: str
) -> None:
    """Questions for the operator, each asked once: which of two close deals, an old one, the one just closed."""
    lead = attachment.new_lead
    if attachment.rivals:
        _question(board, conversation, message, "close", "-", [deal_id, *attachment.rivals])
    elif attachment.stale:
        _question(board, conversation, message, "stale", deal_id, [deal_id])
    elif lead is not None and lead.quiet:
        _question(board, conversation, message, "after_closed", deal_id, [lead.after_deal, *lead.choices])


def _question(
    board: Board, conversation: Conversation, message: Message, kind: str, about: str, choices: list[str]
) -> None:
    board.questions.append((conversation.id, kind, about, choices, message.id))
    conversation.dirty = True


def _candidates(
    board: Board, contact: Contact, conversation: Conversation, rules: SourceRules,
    event: InboundMessage | CallFact | None = None,
) -> list[deals.OpenDeal]:  # fmt: skip
    """The contact's own open deals, and those that the pin or a binding names."""
    found = {deal.id: deal for deal in board.open_deals.get(contact.id, [])}
    bound = (*_linked(conversation), *_bound(board, rules, event))
    named = [conversation.pinned_deal_id, *(one.deal_id for one in bound)]
    for deal_id in named:
        if deal_id and deal_id not in found and deal_id in board.deals_by_id:
            found[deal_id] = replace(board.deals_by_id[deal_id], party=False)
    return list(found.values())


def bind_by_link(
    board: Board, conversation: Conversation, rules: SourceRules, attribution: Attribution
) -> None:
    """A link that was made for an open deal binds the conversation to it."""
    token = links.read(attribution.campaign).token
    deal_id = board.bindings.get((rules.id, DEAL_LINK, token)) if token else None
    if deal_id is None or deal_id not in board.deals_by_id:
        return
    conversation.attribution = {**attribution_json(attribution), "deal": deal_id}
    conversation.deal_id, conversation.dirty = deal_id, True
    conversation.assignee_id = conversation.assignee_id or board.owners.get(deal_id)


def _linked(conversation: Conversation) -> list[deals.Evidence]:
    """The deal whose link brought the client into this conversation: it counts as long as the deal is open."""
    deal_id = conversation.attribution.get("deal")
    return [deals.Evidence(kind=DEAL_LINK, deal_id=deal_id)] if deal_id else []


def _bound(board: Board, rules: SourceRules, event: InboundMessage | CallFact | None) -> list[deals.Evidence]:
    """Deals that the event's extension, tracking number or link means."""
    if event is None or not board.bindings:
        return []
    pairs = [(kind, board.bindings.get((rules.id, kind, value))) for kind, value in bound_to(event)]
    return [deals.Evidence(kind=kind, deal_id=deal_id) for kind, deal_id in pairs if deal_id]


def _conversation(
    board: Board, contact: Contact, conversation: Conversation, message: Message
) -> deals.Conversation:
    closed = board.last_closed.get(contact.id)
    nature: Nature = message.nature  # type: ignore[assignment]
    return deals.Conversation(
        id=conversation.id,
        nature=nature,
        pinned=conversation.pinned_deal_id or "",
        last_deal=conversation.deal_id or "",
        closed_deals=closed[1] if closed else 0,
        last_closed=closed[0] if closed else None,
    )


def _evidence(board: Board, message: Message) -> tuple[deals.Evidence, ...]:
    answered = board.messages.get(message.reply_to_id) if message.reply_to_id else None
    if answered is None or answered.deal_id is None:
        return ()
    kind = "button" if message.kind == "button" else "quote" if message.content.get("quote") else "reply"
    return (deals.Evidence(kind=kind, deal_id=answered.deal_id),)  # type: ignore[arg-type]


def _open_lead(
    board: Board, house: House, rules: SourceRules, contact: Contact, conversation: Conversation, lead: deals.NewLead,
    said_at: int, title: str, attribution: Attribution, owner_id: str, fields: Mapping[str, str],
) -> str:  # fmt: skip
    """A new lead; it waits for the router unless it has an owner already."""
    deal_id = new_id(board.now)
    owner = lead.owner_id or owner_id
    waiting = "" if owner else "being_qualified" if rules.operator_first else "new"
    board.new_deals.append(
        Deal(
            id=deal_id,
            contact_id=contact.id,
            source_id=rules.id,
            conversation_id=conversation.id,
            title=(fields.get("title") or title or contact.name)[:200],
            queue_id=rules.queue_id,
            owner_id=owner or None,
            waiting=waiting,
            repeat=lead.repeat,
            quiet=lead.quiet,
            attribution=attribution_json(attribution)
            or {name: value for name, value in conversation.attribution.items() if name != "deal"},
            demo=rules.demo,
            at=said_at,
            stage=rules.pipeline,
            amount=amount_of(fields.get("amount", "")),
            currency=currency_of(fields.get("currency", "")),
            fields={
                name: value for name, value in fields.items() if name not in ("title", "amount", "currency")
            },
        )
    )
    board.owners[deal_id] = owner or None
    board.deals_by_id[deal_id] = deals.OpenDeal(id=deal_id, created_at=said_at)
    board.rerouted = board.rerouted or bool(waiting)
    return deal_id


def amount_of(told: str) -> int | None:
    """Hundredths of the currency in what somebody typed or a site sent: «1 290,50 руб.»; None: no number."""
    found = re.search(r"\d[\d\s\u00a0]{0,14}(?:[.,]\d{1,2}(?!\d))?", told)
    if found is None:
        return None
    return round(float(re.sub(r"[\s\u00a0]", "", found[0]).replace(",", ".")) * 100)


def currency_of(told: str) -> str:
    """Its code, RUB where none is told."""
    return told.strip().upper() if re.fullmatch(r"\s*[A-Za-z]{3}\s*", told) else "RUB"


def touch(
    board: Board, contact: Contact, message_id: str | None, deal_id: str, source_id: str, attribution: Attribution,
    at: int, *, enquiry: bool, first_message: bool,
) -> None:  # fmt: skip
    """An enquiry is never lost from the figures, whatever it is attached to."""
    kind = deals.touch(
        enquiry=enquiry, first_message=first_message, touched_before=contact.id in board.touched
    )
    if not kind:
        return
    remember_attribution(contact, attribution)
    board.touched.add(contact.id)
    board.touches.append(
        (
            new_id(board.now), contact.id, deal_id or None, message_id, source_id,
            links.read(attribution.campaign).campaign, attribution_json(attribution), at, kind == "first",
        )
    )  # fmt: skip


def title_of(event: InboundMessage) -> str:
    """What a lead begun by this message is called until somebody names it."""
    return event.subject or event.title or " ".join(event.text[:400].split())[:80]
