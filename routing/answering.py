"""Who answers a client whose deal or lead has somebody?

Never an offer: the conversation is simply theirs, or open to the queue while they are away or silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from routing.codes import AnswerVerdict, AssignRule
from routing.decision import Candidate, Decision, Json, flag, moment, number, text
from routing.members import Member, absence, back_at, from_facts, on_shift, to_facts
from routing.times import MINUTE, Micros

AWAY: Final = 60 * MINUTE
"""An owner off shift for longer opens the conversation to the queue."""
SILENT: Final = 15 * MINUTE
"""Working minutes after which an unanswered conversation is open to the queue."""
LONGEST_CHAIN: Final = 8
KEPT: Final = ("active", "on_leave", "presence", "presence_until", "shift", "substitute", "head")


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """What the rule needs to know of a conversation."""

    id: str
    assignee: str = ""
    waiting_since: Micros | None = None
    """Since when the client waits; None: nothing to answer."""
    late_at: Micros | None = None
    """`waiting_since` and SILENT of working time (`schedule.add_working`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deal:
    """The open deal or lead of the conversation's last message."""

    id: str
    owner: str = ""
    lead: bool = False
    head: str = ""
    """Head of the owner's team: answers when the owner is gone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """Who answers. With `open_to_queue` anybody may take it; `assignee` is shown as in charge."""

    assignee: str = ""
    rule: AssignRule
    open_to_queue: bool = False
    notify: bool = False
    """The assignee is new, on shift, and to be told at once."""
    back_at: Micros | None = None
    """When the assignee is back; None: is there, or not in sight."""
    decision: Decision


def assign(
    conversation: Conversation, deal: Deal | None, members: Mapping[str, Member], now: Micros
) -> Assignment:
    """The person who answers. `members` holds at least those the conversation, the deal and they name."""
    late = conversation.waiting_since is not None and conversation.late_at is not None
    silent = late and cast(int, conversation.late_at) <= now
    considered: dict[str, str] = {}
    rule, person = _person(conversation, deal, members, now, considered)
    if person is not None and rule not in ("assignee_keeps", "lead_routing"):
        rule = _presence_rule(rule, person, silent, now)
    there = person is not None and on_shift(person, now)
    open_to_queue = person is None or silent or rule in ("owner_away", "nobody")
    assignee = "" if person is None else person.id
    return Assignment(
        assignee=assignee,
        rule=rule,
        open_to_queue=open_to_queue,
        notify=there and assignee != conversation.assignee,
        back_at=None if person is None or there else back_at(person, now),
        decision=Decision(
            kind="assign",
            rule=rule,
            chosen=(assignee,) if assignee else (),
            facts=_facts(conversation, deal, now),
            candidates=_candidates(considered, members, assignee, silent, now),
        ),
    )


def is_cover(author: str, deal: Deal | None) -> bool:
    """Whether an answer by `author` stands in for the owner: it changes nobody, and the owner gets a line."""
    return deal is not None and deal.owner not in ("", author)


def reevaluate(record: Decision) -> Decision:
    """The decision again, from what the record holds."""
    facts = record.facts
    deal = None
    if "deal" in facts:
        deal = Deal(
            id=text(facts, "deal"),
            owner=text(facts, "owner"),
            lead=flag(facts, "lead"),
            head=text(facts, "head"),
        )
    conversation = Conversation(
        id=text(facts, "conversation"),
        assignee=text(facts, "assignee"),
        waiting_since=moment(facts, "waiting_since"),
        late_at=moment(facts, "late_at"),
    )
    members = {
        row.ref: from_facts(row.ref, row.facts) for row in record.candidates if row.verdict != "unknown"
    }
    return assign(conversation, deal, members, number(facts, "now")).decision


def _person(
    conversation: Conversation,
    deal: Deal | None,
    members: Mapping[str, Member],
    now: Micros,
    considered: dict[str, str],
) -> tuple[AssignRule, Member | None]:
    """The one in charge and how they were found; `considered` gets everybody looked at, with their role."""
    if conversation.assignee:
        considered[conversation.assignee] = "assignee"
        assignee = members.get(conversation.assignee)
        if assignee is not None and on_shift(assignee, now):
            return "assignee_keeps", assignee
    if deal is None or (deal.lead and not deal.owner):
        return "lead_routing", None
    person = _look(members, deal.owner, "owner", considered)
    if person is not None and person.active:
        if not person.on_leave:
            return "owner", person
        stand_in = _substitute(person, members, considered)
        if stand_in is not None:
            return "substitute", stand_in
    head = _head(person, deal, members, considered)
    return ("nobody", None) if head is None else ("head", head)


def _presence_rule(rule: AssignRule, person: Member, silent: bool, now: Micros) -> AssignRule:
    """How being away or silent changes the rule that found the person."""
    missing = absence(person, now)
    if missing is None:
        return "owner_silent" if silent else rule
    back = back_at(person, now)
    soon = back is not None and back - now <= AWAY and missing != "off_shift"
    if soon:
        return "owner_silent" if silent else "owner_soon"
    return "owner_away"


def _substitute(person: Member, members: Mapping[str, Member], considered: dict[str, str]) -> Member | None:
    """The first stand-in, along the chain of substitutes, who is not on leave; None: none."""
    for _ in range(LONGEST_CHAIN):
        if not person.substitute or considered.get(person.substitute) in ("owner", "substitute"):
            return None
        stand_in = _look(members, person.substitute, "substitute", considered)
        if stand_in is None or not stand_in.active:
            return None
        if not stand_in.on_leave:
            return stand_in
        person = stand_in
    return None


def _head(
    person: Member | None, deal: Deal, members: Mapping[str, Member], considered: dict[str, str]
) -> Member | None:
    """The nearest head up the tree who is active and not on leave; None: none."""
    ref = deal.head or (person.head if person is not None else "")
    for _ in range(LONGEST_CHAIN):
        if not ref or considered.get(ref) == "head":
            return None
        head = _look(members, ref, "head", considered)
        if head is None:
            return None
        if head.active and not head.on_leave:
            return head
        ref = head.head
    return None


def _look(members: Mapping[str, Member], ref: str, role: str, considered: dict[str, str]) -> Member | None:
    if ref:
        considered[ref] = role
    return members.get(ref)


def _facts(conversation: Conversation, deal: Deal | None, now: Micros) -> dict[str, Json]:
    facts: dict[str, Json] = {"now": now, "conversation": conversation.id}
    if conversation.assignee:
        facts["assignee"] = conversation.assignee
    if conversation.waiting_since is not None:
        facts["waiting_since"] = conversation.waiting_since
        facts["late_at"] = conversation.late_at
    if deal is not None:
        facts |= {"deal": deal.id, "owner": deal.owner, "lead": deal.lead, "head": deal.head}
    return facts


def _candidates(
    considered: Mapping[str, str],
    members: Mapping[str, Member],
    assignee: str,
    silent: bool,
    now: Micros,
) -> tuple[Candidate, ...]:
    rows: list[Candidate] = []
    for ref, role in considered.items():
        member = members.get(ref)
        verdict: AnswerVerdict = "chosen"
        if member is None:
            verdict = "unknown"
        elif ref != assignee:
            verdict = absence(member, now) or ("silent" if silent else "on_shift")
        rows.append(Candidate(ref=ref, verdict=verdict, facts=_member_facts(role, member)))
    return tuple(rows)


def _member_facts(role: str, member: Member | None) -> dict[str, Json]:
    return {"role": role} if member is None else {"role": role, **to_facts(member, KEPT)}
