"""Whose is a client whose responsible owns none of their open deals?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from routing.codes import MismatchPolicy, MismatchRule, MismatchVerdict
from routing.decision import Candidate, Decision, Facts, flag, moment, number, text
from routing.times import Micros
from routing.values import value


@value(frozen=True, kw_only=True, slots=True)
class Held:
    """An open deal: whose it is since when, and whether a person gave it to them."""

    deal_id: str
    owner: str
    since: Micros
    by_hand: bool = False


@value(frozen=True, kw_only=True, slots=True)
class Mismatch:
    """A client's responsible and open deals, the most recent first. `named_at`: when a person chose the responsible; None: no
    person did. `works`: the responsible still works here."""

    responsible: str
    deals: Sequence[Held]
    named_at: Micros | None = None
    works: bool = True


def settle(policy: MismatchPolicy, found: Mismatch) -> Decision:
    """Who shall have both, by the policy; nobody where a person is asked.

    What a person has decided last is never overruled by the policy, so whoever takes its work back is asked from then on.
    """
    rule, chosen = _rule(policy, found)
    return Decision(
        kind="responsible", rule=rule, chosen=(chosen,) if chosen else (),
        facts={"policy": policy, "responsible": found.responsible, "named_at": found.named_at, "works": found.works},
        candidates=tuple(_candidate(rule, place, one) for place, one in enumerate(found.deals)),
    )  # fmt: skip


def _rule(policy: MismatchPolicy, found: Mismatch) -> tuple[MismatchRule, str]:
    named = found.named_at or 0
    match policy:
        case "ask":
            return "asked", ""
        case "deal":
            if all(one.since < named for one in found.deals):
                return "named_by_hand", ""
            return "deal_wins", found.deals[0].owner
        case "contact":
            if any(one.by_hand and one.since >= named for one in found.deals):
                return "given_by_hand", ""
            return ("contact_wins", found.responsible) if found.works else ("responsible_left", "")


def _candidate(rule: MismatchRule, place: int, one: Held) -> Candidate:
    verdict: MismatchVerdict = "stays"
    if rule == "contact_wins":
        verdict = "goes_over"
    elif rule == "deal_wins":
        verdict = "earlier" if place else "most_recent"
    elif rule == "given_by_hand" and one.by_hand:
        verdict = "given"
    facts: Facts = {"owner": one.owner, "since": one.since, "by_hand": one.by_hand}
    return Candidate(ref=one.deal_id, verdict=verdict, facts=facts)


def reevaluate(record: Decision) -> Decision:
    """The decision again, from what the record holds."""
    deals = [
        Held(
            deal_id=one.ref, owner=text(one.facts, "owner"), since=number(one.facts, "since"),
            by_hand=flag(one.facts, "by_hand"),
        )
        for one in record.candidates
    ]  # fmt: skip
    found = Mismatch(
        responsible=text(record.facts, "responsible"), deals=deals, named_at=moment(record.facts, "named_at"),
        works=flag(record.facts, "works"),
    )  # fmt: skip
    return settle(cast(MismatchPolicy, text(record.facts, "policy")), found)
