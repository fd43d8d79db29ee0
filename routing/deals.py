"""Which deal does a message belong to?

The first of four rules that applies: pinned by a person; evidence in the message; the contact's most recent
open deal; a new lead. `attach` is called once a message: no copies, no clock, nothing looked up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace
from typing import Final, Literal, TypeAlias, cast

from routing.codes import AttachRule, DealVerdict, EvidenceKind, Nature
from routing.decision import Candidate, Decision, Facts, Json, flag, inner, number, rows, text, texts
from routing.times import DAY, HOUR, Micros
from routing.values import value

Recency: TypeAlias = Literal["activity", "creation"]
Choice: TypeAlias = Literal["of_last_deal", "new_enquiry", "revive"]
"""What one tap may make of a quiet lead."""
TouchKind: TypeAlias = Literal["", "first", "repeat"]

REVIVABLE: Final = frozenset({"stopped_responding", "too_expensive"})
STRENGTH: Final[dict[str, int]] = {
    "reply": 0, "quote": 1, "button": 2, "deal_link": 3, "extension": 4, "tracking": 5, "deep_link": 6,
}  # fmt: skip


@value(frozen=True, kw_only=True, slots=True)
class OpenDeal:
    """An open deal or lead of the contact, or one that the pin or the evidence names."""

    id: str
    created_at: Micros
    active_at: Micros = 0
    """The last activity that counts (a person of ours, or a client's message by rule 1 or 2); 0: none yet."""
    party: bool = True
    """Whether the contact is a party of it: only those can be the most recent one."""


@value(frozen=True, kw_only=True, slots=True)
class ClosedDeal:
    """The contact's last deal that was won or lost (a merged one lives on in another)."""

    id: str
    closed_at: Micros
    owner_id: str = ""
    """"" when there is no owner who could get the lead (none, or deactivated)."""
    lost_reason: str = ""
    """Code of the lost stage: `stopped_responding`, `too_expensive`, … "" when won."""
    junk: bool = False


@value(frozen=True, kw_only=True, slots=True)
class Conversation:
    """What attachment needs to know of a conversation and its contact."""

    id: str
    nature: Nature = "client"
    """Of this message: its own nature where it has one, else the conversation's."""
    pinned: str = ""
    """The deal a person pinned it to, open or not."""
    last_deal: str = ""
    """The deal of the client's last message in it (for our own messages)."""
    closed_deals: int = 0
    """How many deals of the contact are won or lost."""
    last_closed: ClosedDeal | None = None


@value(frozen=True, kw_only=True, slots=True)
class Evidence:
    """Something in the message that names a deal. Deals that are not among `open_deals` are closed."""

    kind: EvidenceKind
    deal_id: str


@value(frozen=True, kw_only=True, slots=True)
class AttachPolicy:
    """The settings of rules.md, section 2. Make one a source and keep it: its facts are prepared once."""

    recency: Recency = "activity"
    evidence: frozenset[EvidenceKind] = frozenset({"reply", "quote", "button", "deal_link"})
    after_close: Micros = 72 * HOUR
    stale_after: Micros = 90 * DAY
    ask_within: Micros = DAY
    """Two open deals whose recency differs by less are close: the operator is asked once. 0: never."""
    on_open_deal: Literal["attach", "new_lead"] = "attach"
    """Of the form or tracking number that brought the message."""
    facts: dict[str, Json] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", self.to_json())

    def to_json(self) -> dict[str, Json]:
        """The same as a plain dict."""
        return {
            "recency": self.recency,
            "evidence": [*sorted(self.evidence)],
            "after_close": self.after_close,
            "stale_after": self.stale_after,
            "ask_within": self.ask_within,
            "on_open_deal": self.on_open_deal,
        }

    @classmethod
    def from_json(cls, record: Facts) -> AttachPolicy:
        """The policy that `to_json` made the dict of."""
        return cls(
            recency=cast(Recency, text(record, "recency")),
            evidence=frozenset(cast("tuple[EvidenceKind, ...]", texts(record, "evidence"))),
            after_close=number(record, "after_close"),
            stale_after=number(record, "stale_after"),
            ask_within=number(record, "ask_within"),
            on_open_deal=cast('Literal["attach", "new_lead"]', text(record, "on_open_deal")),
        )


DEFAULT_POLICY: Final = AttachPolicy()


@value(frozen=True, kw_only=True, slots=True)
class NewLead:
    """A lead to be made for this message, from its source and with its attribution."""

    repeat: bool = False
    """The contact has closed deals."""
    quiet: bool = False
    """No offer, accept clock or stage task, out of conversion reports until qualified; `owner_id` has it."""
    owner_id: str = ""
    after_deal: str = ""
    """The closed deal it may be about."""
    choices: tuple[Choice, ...] = ()


@value(frozen=True, kw_only=True, slots=True)
class Attachment:
    """Where a message goes: a client's to exactly one of `deal_id` and `new_lead`, others to neither."""

    deal_id: str = ""
    rule: AttachRule
    new_lead: NewLead | None = None
    stale: bool = False
    """The deal has been idle for long: ask the operator once whether this is a new enquiry."""
    rivals: tuple[str, ...] = ()
    """Open deals nearly as recent as the chosen one: ask the operator once which it is."""
    activity: bool = False
    """The message counts as activity of the deal (it came by rule 1 or 2)."""
    lift_pin: bool = False
    """The pinned deal is closed: take the pin away."""
    decision: Decision


def attach(
    conversation: Conversation,
    open_deals: Sequence[OpenDeal],
    evidence: Sequence[Evidence],
    policy: AttachPolicy,
    *,
    now: Micros,
) -> Attachment:
    """The deal of a client's message, or the lead to make for it.

    `now` is when the message counts as said: the earlier of the provider's time and our receipt.
    """
    ranked = _ranked(open_deals, policy.recency)
    rule, chosen = _rule(conversation, ranked, evidence, policy)
    lead = None
    if rule == "new_lead":
        asked = any(deal.party for deal in ranked)
        lead = _new_lead(conversation, policy, now, asked=asked)
        rule = _lead_rule(lead, asked)
    facts = _facts(conversation, evidence, policy, now)
    rivals = _rivals(ranked, chosen, policy) if rule == "most_recent" else ()
    candidates = [_candidate(deal, rule, deal is chosen, deal.id in rivals) for deal in ranked]
    if conversation.last_closed is not None:
        candidates.append(_closed_candidate(conversation.last_closed))
    deal_id = "" if chosen is None else chosen.id
    return Attachment(
        deal_id=deal_id,
        rule=rule,
        new_lead=lead,
        stale=rule == "most_recent" and chosen is not None and _recency(chosen) + policy.stale_after <= now,
        rivals=rivals,
        activity=rule in ("pinned", "evidence"),
        lift_pin=conversation.pinned != "" and all(deal.id != conversation.pinned for deal in ranked),
        decision=Decision(
            kind="attach",
            rule=rule,
            chosen=(deal_id,) if deal_id else (),
            facts=facts,
            candidates=tuple(candidates),
        ),
    )


def attach_outgoing(
    conversation: Conversation,
    open_deals: Sequence[OpenDeal],
    policy: AttachPolicy,
    *,
    now: Micros,
    started_from: str = "",
    fired_by: str = "",
) -> Attachment:
    """The deal of a message of ours; never a lead.

    `started_from` is the deal whose page it was written on, `fired_by` the deal whose robot wrote; both hold
    even if that deal is closed.
    """
    ranked = _ranked(open_deals, policy.recency)
    rule, deal_id = _outgoing_rule(conversation, ranked, started_from, fired_by)
    facts: dict[str, Json] = {
        "out": True, "now": now, "nature": conversation.nature, "policy": policy.facts,
        "started_from": started_from, "fired_by": fired_by, "last_deal": conversation.last_deal,
    }  # fmt: skip
    return Attachment(
        deal_id=deal_id,
        rule=rule,
        decision=Decision(
            kind="attach",
            rule=rule,
            chosen=(deal_id,) if deal_id else (),
            facts=facts,
            candidates=tuple(_candidate(deal, rule, deal.id == deal_id) for deal in ranked),
        ),
    )


def after(
    open_deals: Sequence[OpenDeal], attachment: Attachment, *, now: Micros, new_id: str = ""
) -> Sequence[OpenDeal]:
    """The contact's open deals once `attachment` is carried out: what the next message of a batch sees.

    `new_id` is the id given to the lead, where the attachment makes one.
    """
    if attachment.new_lead is not None:
        return (*open_deals, OpenDeal(id=new_id, created_at=now))
    if not attachment.activity:
        return open_deals
    return [
        replace(deal, active_at=max(deal.active_at, now)) if deal.id == attachment.deal_id else deal
        for deal in open_deals
    ]


def touch(*, enquiry: bool, first_message: bool, touched_before: bool) -> TouchKind:
    """Whether the message is a touch, and the contact's first or a further one; "" is none.

    `enquiry` is a form, a tracked call or a deep link; `first_message` the first of its conversation.
    """
    if not (enquiry or first_message):
        return ""
    return "repeat" if touched_before else "first"


def reevaluate(record: Decision) -> Decision:
    """The decision again, from what the record holds."""
    facts = record.facts
    policy = AttachPolicy.from_json(inner(facts, "policy"))
    deals = [_stored_deal(row) for row in record.candidates if row.verdict != "closed"]
    closed = [row for row in record.candidates if row.verdict == "closed"]
    conversation = Conversation(
        id=text(facts, "conversation"),
        nature=cast(Nature, text(facts, "nature")),
        pinned=text(facts, "pinned"),
        last_deal=text(facts, "last_deal"),
        closed_deals=number(facts, "closed_deals"),
        last_closed=_stored_closed(closed[0]) if closed else None,
    )
    if flag(facts, "out"):
        return attach_outgoing(
            conversation,
            deals,
            policy,
            now=number(facts, "now"),
            started_from=text(facts, "started_from"),
            fired_by=text(facts, "fired_by"),
        ).decision
    evidence = [
        Evidence(kind=cast(EvidenceKind, text(row, "kind")), deal_id=text(row, "deal"))
        for row in rows(facts, "evidence")
    ]
    return attach(conversation, deals, evidence, policy, now=number(facts, "now")).decision


def _rule(
    conversation: Conversation,
    ranked: Sequence[OpenDeal],
    evidence: Sequence[Evidence],
    policy: AttachPolicy,
) -> tuple[AttachRule, OpenDeal | None]:
    """The rule that applies and its deal; `new_lead` stands for every kind of new lead."""
    nature = conversation.nature
    if nature not in ("client", "group"):
        return "not_client", None
    if conversation.pinned:
        for deal in ranked:
            if deal.id == conversation.pinned:
                return "pinned", deal
    if nature == "group":
        return "not_client", None
    if evidence and ranked:
        pointed = _pointed_at(ranked, evidence, policy)
        if pointed is not None:
            return "evidence", pointed
    if policy.on_open_deal == "attach":
        for deal in ranked:
            if deal.party:
                return "most_recent", deal
    return "new_lead", None


def _pointed_at(
    ranked: Sequence[OpenDeal], evidence: Sequence[Evidence], policy: AttachPolicy
) -> OpenDeal | None:
    """The deal that the strongest evidence names; of two as strong, the more recent deal."""
    place = {deal.id: index for index, deal in enumerate(ranked)}
    found = [
        (STRENGTH[row.kind], place[row.deal_id])
        for row in evidence
        if row.kind in policy.evidence and row.deal_id in place
    ]
    return ranked[min(found)[1]] if found else None


def _rivals(ranked: Sequence[OpenDeal], chosen: OpenDeal | None, policy: AttachPolicy) -> tuple[str, ...]:
    """The client's other deals that could as well be meant."""
    if chosen is None or not policy.ask_within:
        return ()
    recency = _recency if policy.recency == "activity" else _creation
    return tuple(
        deal.id
        for deal in ranked
        if deal is not chosen and deal.party and recency(chosen) - recency(deal) < policy.ask_within
    )


def _outgoing_rule(
    conversation: Conversation, ranked: Sequence[OpenDeal], started_from: str, fired_by: str
) -> tuple[AttachRule, str]:
    if fired_by:
        return "fired_by", fired_by
    if started_from:
        return "started_from", started_from
    if conversation.nature != "client":
        return "not_client", ""
    if any(deal.id == conversation.last_deal for deal in ranked):
        return "last_there", conversation.last_deal
    for deal in ranked:
        if deal.party:
            return "most_recent", deal.id
    return "no_deal", ""


def _new_lead(conversation: Conversation, policy: AttachPolicy, now: Micros, *, asked: bool) -> NewLead:
    """`asked`: the form or number makes a lead of its own, so nothing is quiet about it."""
    last = conversation.last_closed
    repeat = conversation.closed_deals > 0 or last is not None
    if asked or last is None or last.junk or not last.owner_id or now >= last.closed_at + policy.after_close:
        return NewLead(repeat=repeat)
    choices: tuple[Choice, ...] = ("of_last_deal", "new_enquiry")
    if last.lost_reason in REVIVABLE:
        choices = (*choices, "revive")
    return NewLead(repeat=True, quiet=True, owner_id=last.owner_id, after_deal=last.id, choices=choices)


def _lead_rule(lead: NewLead, asked: bool) -> AttachRule:
    if asked:
        return "own_lead"
    if lead.quiet:
        return "quiet_repeat"
    return "repeat_lead" if lead.repeat else "new_lead"


def _recency(deal: OpenDeal) -> Micros:
    return max(deal.created_at, deal.active_at)


def _creation(deal: OpenDeal) -> Micros:
    return deal.created_at


def _ranked(open_deals: Sequence[OpenDeal], recency: Recency) -> Sequence[OpenDeal]:
    """Most recent first; ties by creation, then by id."""
    if len(open_deals) < 2:
        return open_deals
    if recency == "creation":
        return sorted(open_deals, key=lambda deal: (deal.created_at, deal.id), reverse=True)
    return sorted(open_deals, key=lambda deal: (_recency(deal), deal.created_at, deal.id), reverse=True)


def _facts(
    conversation: Conversation, evidence: Sequence[Evidence], policy: AttachPolicy, now: Micros
) -> dict[str, Json]:
    facts: dict[str, Json] = {"now": now, "nature": conversation.nature, "policy": policy.facts}
    if conversation.pinned:
        facts["pinned"] = conversation.pinned
    if conversation.closed_deals:
        facts["closed_deals"] = conversation.closed_deals
    if evidence:
        facts["evidence"] = [{"kind": row.kind, "deal": row.deal_id} for row in evidence]
    return facts


LOSERS: Final[dict[AttachRule, DealVerdict]] = {
    "pinned": "not_pinned",
    "evidence": "no_evidence",
    "most_recent": "less_recent",
    "own_lead": "own_lead_asked",
    "not_client": "not_client",
    "started_from": "elsewhere",
    "fired_by": "elsewhere",
    "last_there": "elsewhere",
}


def _candidate(deal: OpenDeal, rule: AttachRule, chosen: bool, close: bool = False) -> Candidate:
    facts: dict[str, Json] = {"created_at": deal.created_at}
    if deal.active_at:
        facts["active_at"] = deal.active_at
    if not deal.party:
        facts["outside"] = True
    verdict: DealVerdict = "chosen"
    if not chosen:
        outside = not deal.party and rule not in ("pinned", "evidence", "not_client")
        verdict = "not_a_party" if outside else "as_recent" if close else LOSERS.get(rule, "not_a_party")
    return Candidate(ref=deal.id, verdict=verdict, facts=facts)


def _closed_candidate(deal: ClosedDeal) -> Candidate:
    facts: dict[str, Json] = {"closed_at": deal.closed_at, "owner": deal.owner_id}
    if deal.lost_reason:
        facts["lost_reason"] = deal.lost_reason
    if deal.junk:
        facts["junk"] = True
    return Candidate(ref=deal.id, verdict="closed", facts=facts)


def _stored_deal(row: Candidate) -> OpenDeal:
    return OpenDeal(
        id=row.ref,
        created_at=number(row.facts, "created_at"),
        active_at=number(row.facts, "active_at"),
        party=not flag(row.facts, "outside"),
    )


def _stored_closed(row: Candidate) -> ClosedDeal:
    return ClosedDeal(
        id=row.ref,
        closed_at=number(row.facts, "closed_at"),
        owner_id=text(row.facts, "owner"),
        lost_reason=text(row.facts, "lost_reason"),
        junk=flag(row.facts, "junk"),
    )
