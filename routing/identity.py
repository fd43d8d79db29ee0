"""Which contact is it?

A provider's user id, or an unshared phone or mail, means one contact. A shared address means nobody by
itself: with the same name it is that contact, else a new one. What is only typed beside a proved address
suggests, no more.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias, cast

from routing.codes import IdentityRule, IdentityVerdict, SharedReason
from routing.decision import Candidate, Decision, Json, flag, number, rows, text
from routing.times import Micros
from routing.values import value

NameMatch: TypeAlias = Literal["same", "compatible", "other", "unknown"]

ROLE_MAILBOXES: Final = frozenset(
    {
        "info", "sales", "sale", "zakaz", "order", "orders", "buh", "buhgalter", "accounting", "office",
        "mail", "email", "post", "contact", "contacts", "hello", "admin", "support", "help", "shop", "opt",
        "snab", "zakupki", "tender", "hr", "job", "secretary", "reception", "manager", "marketing",
    }
)  # fmt: skip
DIALLED: Final = frozenset({"phone", "email"})
"""Kinds that people hand on and share; a network's own id stays with one person."""
SHORTEST_NUMBER: Final = 7


@value(frozen=True, kw_only=True, slots=True)
class KnownContact:
    """A contact that an address belongs to."""

    id: str
    name: str = ""
    company: bool = False
    """The card of a company or household, not of a person."""
    active_at: Micros = 0


@value(frozen=True, kw_only=True, slots=True)
class Claim:
    """One address that an event brings, with whom it belongs to already."""

    identity_id: str
    kind: str
    value: str
    stated: bool = False
    """Typed by the person, not proved by the network."""
    shared: bool = False
    contacts: tuple[KnownContact, ...] = ()


@value(frozen=True, kw_only=True, slots=True)
class Recognised:
    """Who it is. With `contact_id` "" a new contact is made (a company's card where `company`)."""

    contact_id: str = ""
    rule: IdentityRule
    company: bool = False
    link: tuple[str, ...] = ()
    """Identities to give to the contact."""
    same_as: tuple[str, ...] = ()
    """Other contacts who may be the same person: propose to merge."""
    named_otherwise: str = ""
    """The address at which they gave another name than the contact has: ask, overwrite nothing."""
    propose_shared: tuple[tuple[str, SharedReason], ...] = ()
    """Identities that look shared, each with why."""
    decision: Decision


@value(frozen=True, kw_only=True, slots=True)
class Match:
    """One contact behind one claim, without any words: what the rule looks at."""

    identity_id: str
    contact_id: str
    name: NameMatch
    stated: bool
    shared: bool
    company: bool
    active_at: Micros


def identify(claims: Sequence[Claim], name: str = "") -> Recognised:
    """The contact behind an event. `claims` begin with the sender's own; `name` is as they give it."""
    matches = [
        Match(
            identity_id=claim.identity_id,
            contact_id=contact.id,
            name=compare_names(name, contact.name),
            stated=claim.stated,
            shared=claim.shared,
            company=contact.company,
            active_at=contact.active_at,
        )
        for claim in claims
        for contact in claim.contacts
    ]
    proved = any(not claim.stated for claim in claims)
    nameless = not name_key(name) and any(claim.shared for claim in claims)
    sender = claims[0].identity_id if claims else ""
    decision = _decide(matches, proved=proved, nameless=nameless, sender=sender)
    contact_id = decision.chosen[0] if decision.chosen else ""
    return Recognised(
        contact_id=contact_id,
        rule=cast(IdentityRule, decision.rule),
        company=not contact_id and nameless,
        link=_to_link(claims, contact_id, proved),
        same_as=_same_as(matches, contact_id),
        named_otherwise=_named_otherwise(claims, contact_id, name),
        propose_shared=_look_shared(claims, name),
        decision=decision,
    )


def reevaluate(record: Decision) -> Decision:
    """The decision again, from what the record holds."""
    matches = [
        Match(
            identity_id=text(row, "identity"),
            contact_id=candidate.ref,
            name=cast(NameMatch, text(row, "name")),
            stated=flag(row, "stated"),
            shared=flag(row, "shared"),
            company=flag(candidate.facts, "company"),
            active_at=number(candidate.facts, "active_at"),
        )
        for candidate in record.candidates
        for row in rows(candidate.facts, "by")
    ]
    facts = record.facts
    return _decide(
        matches, proved=flag(facts, "proved"), nameless=flag(facts, "nameless"), sender=text(facts, "sender")
    )


def name_key(name: str) -> frozenset[str]:
    """The words of a name, without case, marks and order."""
    letters = unicodedata.normalize("NFKC", name).casefold().replace("\u0451", "\u0435")
    return frozenset("".join(sign if sign.isalnum() else " " for sign in letters).split())


def compare_names(one: str, other: str) -> NameMatch:
    """`same` words, `compatible` (one is part of the other), `other`, or `unknown` when one is empty."""
    left, right = name_key(one), name_key(other)
    if not left or not right:
        return "unknown"
    if left == right:
        return "same"
    return "compatible" if left < right or right < left else "other"


def looks_shared(kind: str, value: str) -> SharedReason | None:
    """Why an address looks like one that many people use; None: it does not."""
    if kind == "email":
        mailbox = value.partition("@")[0].partition("+")[0]
        return "role_mailbox" if mailbox in ROLE_MAILBOXES else None
    if kind == "phone":
        digits = value.lstrip("+")
        if digits.startswith(("7800", "8800")) and len(digits) == 11:
            return "toll_free"
        return "extension" if len(digits) < SHORTEST_NUMBER else None
    return None


def _decide(matches: Sequence[Match], *, proved: bool, nameless: bool, sender: str) -> Decision:
    """`proved`: stated addresses only suggest. `nameless`: a shared address and no name. `sender`: the address used."""
    rule, chosen = _choose(matches, proved, nameless, sender)
    grouped: dict[str, list[Match]] = {}
    for match in sorted(matches, key=lambda row: (row.contact_id, row.identity_id)):
        grouped.setdefault(match.contact_id, []).append(match)
    facts: dict[str, Json] = {"proved": proved, "nameless": nameless, "sender": sender}
    return Decision(
        kind="identify",
        rule=rule,
        chosen=(chosen,) if chosen else (),
        facts=facts,
        candidates=tuple(_candidate(ref, found, ref == chosen, proved) for ref, found in grouped.items()),
    )


def _choose(matches: Sequence[Match], proved: bool, nameless: bool, sender: str) -> tuple[IdentityRule, str]:
    """Whose the address they wrote from is; what they tell besides counts only where nobody has that."""
    own = [row for row in matches if not row.shared and not (proved and row.stated)]
    if own:
        best = max(own, key=lambda row: (proved and row.identity_id == sender, row.active_at, row.contact_id))
        return "own_address", best.contact_id
    shared = [row for row in matches if row.shared]
    if nameless:
        cards = [row.contact_id for row in shared if row.company]
        return ("company_card", min(cards)) if cards else ("new", "")
    named = [row for row in shared if row.name == "same"]
    if named:
        return "shared_and_name", max(named, key=lambda row: (row.active_at, row.contact_id)).contact_id
    return ("new_shared" if shared else "new"), ""


def _candidate(ref: str, found: Sequence[Match], chosen: bool, proved: bool) -> Candidate:
    verdict: IdentityVerdict = "chosen"
    if not chosen:
        only_stated = proved and all(row.stated for row in found)
        only_shared = all(row.shared for row in found)
        verdict = "only_stated" if only_stated else "only_shared" if only_shared else "less_recent"
    by: list[Json] = [
        {"identity": row.identity_id, "name": row.name, "stated": row.stated, "shared": row.shared}
        for row in found
    ]
    facts: dict[str, Json] = {"by": by, "active_at": found[0].active_at, "company": found[0].company}
    return Candidate(ref=ref, verdict=verdict, facts=facts)


def _to_link(claims: Sequence[Claim], contact_id: str, proved: bool) -> tuple[str, ...]:
    """Addresses that the contact does not have yet, and that are nobody else's alone."""
    return tuple(
        claim.identity_id
        for claim in claims
        if not (proved and claim.stated)
        and (claim.shared or not claim.contacts)
        and all(contact.id != contact_id for contact in claim.contacts)
    )


def _same_as(matches: Sequence[Match], contact_id: str) -> tuple[str, ...]:
    others = [row.contact_id for row in matches if not row.shared and row.contact_id != contact_id]
    return tuple(dict.fromkeys(others))


def _named_otherwise(claims: Sequence[Claim], contact_id: str, name: str) -> str:
    return next(
        (
            claim.identity_id
            for claim in claims
            if claim.kind in DIALLED and not claim.shared
            for contact in claim.contacts
            if contact.id == contact_id and compare_names(name, contact.name) == "other"
        ),
        "",
    )


def _look_shared(claims: Sequence[Claim], name: str) -> tuple[tuple[str, SharedReason], ...]:
    found: list[tuple[str, SharedReason]] = []
    for claim in claims:
        if claim.shared:
            continue
        reason = looks_shared(claim.kind, claim.value)
        if reason is None and claim.kind in DIALLED and _two_full_names(claim, name):
            reason = "two_names"
        if reason is not None:
            found.append((claim.identity_id, reason))
    return tuple(found)


def _two_full_names(claim: Claim, name: str) -> bool:
    return len(name_key(name)) > 1 and any(
        len(name_key(contact.name)) > 1 and compare_names(name, contact.name) == "other"
        for contact in claim.contacts
    )
