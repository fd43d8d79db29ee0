"""Which queue gets a new lead? Ordered sentences, the first that holds wins, and the rest goes to the catch-all.

A rule is data: conditions on the channel, source, campaign, language, words, a form's field, the beginning of the telephone
number, the client's history. A stored decision keeps which conditions held, never the client's words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, cast

from routing.decision import Candidate, Decision, Facts, Json, rows, text, texts
from routing.values import value

What: TypeAlias = Literal[
    "channel", "source", "campaign", "language", "text", "field", "region", "history"
]  # fmt: skip
How: TypeAlias = Literal["is", "is_not", "contains", "at_least"]
History: TypeAlias = Literal["new", "repeat", "known"]
Problem: TypeAlias = Literal[
    "unreachable", "no_condition", "no_value", "no_queue", "queue_empty", "queue_headless", "source_gone", "member_gone",
    "nobody_at_times",
]  # fmt: skip

CATCH_ALL: Final = "catch_all"
BLOCKING: Final[frozenset[Problem]] = frozenset({"no_queue", "queue_empty", "queue_headless"})
"""Problems with which a plan must not be published: leads would get lost in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """One condition of a sentence; any of `values` fits (`is_not`: none of them)."""

    what: What
    how: How = "is"
    values: tuple[str, ...] = ()
    field: str = ""
    """Of a form, for `field`."""

    def to_json(self) -> dict[str, Json]:
        """The same as a plain dict."""
        record: dict[str, Json] = {"what": self.what, "how": self.how, "values": [*self.values]}
        return {**record, "field": self.field} if self.field else record

    @classmethod
    def from_json(cls, record: Facts) -> Condition:
        """The condition that `to_json` made the dict of."""
        return cls(
            what=cast(What, text(record, "what")), how=cast(How, text(record, "how")), values=texts(record, "values"),
            field=text(record, "field"),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One sentence: when all conditions hold, this queue, with what it asks for."""

    id: str
    name: str = ""
    on: bool = True
    when: tuple[Condition, ...] = ()
    queue_id: str = ""
    member_id: str = ""
    """Offered to this person first."""
    skills: tuple[str, ...] = ()
    priority: int = 0
    accept_seconds: int = 0
    """0: the queue's own."""

    def to_json(self) -> dict[str, Json]:
        """The same as a plain dict."""
        return {
            "id": self.id, "name": self.name, "on": self.on, "when": [one.to_json() for one in self.when],
            "queue_id": self.queue_id, "member_id": self.member_id, "skills": [*self.skills],
            "priority": self.priority, "accept_seconds": self.accept_seconds,
        }  # fmt: skip

    @classmethod
    def from_json(cls, record: Facts) -> Rule:
        """The rule that `to_json` made the dict of."""
        known = cast("dict[str, Any]", record)
        return cls(
            id=text(record, "id"), name=text(record, "name"), on=bool(known.get("on", True)),
            when=tuple(Condition.from_json(one) for one in rows(record, "when")), queue_id=text(record, "queue_id"),
            member_id=text(record, "member_id"), skills=texts(record, "skills"), priority=int(known.get("priority", 0)),
            accept_seconds=int(known.get("accept_seconds", 0)),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """All sentences in their order. What none of them holds for goes to the source's own queue, else to `catch_all`."""

    rules: tuple[Rule, ...] = ()
    catch_all: str = ""

    def to_json(self) -> dict[str, Json]:
        """The same as a plain dict."""
        return {"rules": [one.to_json() for one in self.rules], "catch_all": self.catch_all}

    @classmethod
    def from_json(cls, record: Facts) -> Plan:
        """The plan that `to_json` made the dict of."""
        return cls(
            rules=tuple(Rule.from_json(one) for one in rows(record, "rules")),
            catch_all=text(record, "catch_all"),
        )


NO_PLAN: Final = Plan()


@value(frozen=True, kw_only=True, slots=True)
class Enquiry:
    """What a rule may look at of a new lead."""

    channel: str = ""
    source_id: str = ""
    campaign: str = ""
    text: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    phones: tuple[str, ...] = ()
    """In E.164."""
    history: History = "new"
    own_queue: str = ""
    """The source's queue."""


def choose(plan: Plan, enquiry: Enquiry) -> tuple[Rule, Decision]:
    """The rule that holds (the catch-all as a rule of its own) and the decision with every rule's verdict."""
    found: Rule | None = None
    candidates: list[Candidate] = []
    for rule in plan.rules:
        held = [holds(one, enquiry) for one in rule.when]
        fits = rule.on and bool(held) and all(held)
        chosen = fits and found is None
        if chosen:
            found = rule
        verdict = _verdict(rule, fits, chosen)
        facts: Facts = {"held": [*held], "on": rule.on, "queue": rule.queue_id}
        candidates.append(Candidate(ref=rule.id, verdict=verdict, facts=facts))
    rest = Rule(id=CATCH_ALL, queue_id=enquiry.own_queue or plan.catch_all)
    chosen_rule = found or rest
    decision = Decision(
        kind="rules",
        rule=CATCH_ALL if found is None else "rule",
        chosen=(chosen_rule.queue_id,),
        facts={
            "rule": chosen_rule.id,
            "rest": rest.queue_id,
            "source": enquiry.source_id,
            "history": enquiry.history,
        },
        candidates=tuple(candidates),
    )
    return chosen_rule, decision


def _verdict(rule: Rule, fits: bool, chosen: bool) -> str:
    if chosen:
        return "chosen"
    if not rule.on:
        return "switched_off"
    return "later" if fits else "does_not_hold"


def reevaluate(record: Decision) -> Decision:
    """The decision again, from what the record holds."""
    found: str | None = None
    candidates: list[Candidate] = []
    for row in record.candidates:
        held = cast("list[bool]", row.facts.get("held", []))
        rule = Rule(id=row.ref, on=bool(row.facts.get("on")))
        fits = rule.on and bool(held) and all(held)
        chosen = fits and found is None
        if chosen:
            found = row.ref
        candidates.append(Candidate(ref=row.ref, verdict=_verdict(rule, fits, chosen), facts=row.facts))
    queues = {row.ref: text(row.facts, "queue") for row in record.candidates}
    return Decision(
        kind="rules",
        rule=CATCH_ALL if found is None else "rule",
        chosen=(text(record.facts, "rest") if found is None else queues[found],),
        facts={**record.facts, "rule": found or CATCH_ALL},
        candidates=tuple(candidates),
    )


def holds(one: Condition, enquiry: Enquiry) -> bool:
    """Whether a condition holds for an enquiry."""
    match one.what:
        case "field":
            return _compare(one, (enquiry.fields.get(one.field, ""),))
        case "text":
            return _compare(one, (enquiry.text,))
        case "language":
            return _compare(one, (language_of(enquiry.text),))
        case "region":
            return _region(one, enquiry.phones)
        case "source":
            return _compare(one, (enquiry.source_id,))
        case "history":
            return _compare(one, (enquiry.history,))
        case "channel":
            return _compare(one, (enquiry.channel,))
        case "campaign":
            return _compare(one, (enquiry.campaign,))


def _compare(one: Condition, present: Iterable[str]) -> bool:
    wanted = [value.casefold().strip() for value in one.values]
    found = [value.casefold().strip() for value in present]
    match one.how:
        case "is":
            return any(value in wanted for value in found)
        case "is_not":
            return all(value not in wanted for value in found)
        case "contains":
            return any(word in value for value in found for word in wanted if word)
        case "at_least":
            numbers = [number for value in found if (number := _number(value)) is not None]
            least = [number for value in wanted if (number := _number(value)) is not None]
            return any(number >= limit for number in numbers for limit in least)


def _number(value: str) -> float | None:
    digits = "".join(sign for sign in value.replace(",", ".") if sign.isdigit() or sign in ".-")
    try:
        return float(digits)
    except ValueError:
        return None


def _region(one: Condition, phones: Sequence[str]) -> bool:
    """A number's beginning: "812" is a Russian area code, "+374" a country."""
    wanted = []
    for told in one.values:
        digits = "".join(sign for sign in told if sign.isdigit())
        if digits:
            wanted.append(f"+{digits}" if told.strip().startswith("+") else f"+7{digits}")
    begins = any(phone.startswith(prefix) for phone in phones for prefix in wanted)
    return not begins if one.how == "is_not" else begins


LETTERS: Final[tuple[tuple[str, str], ...]] = (("kk", "әғқңөұүһ"), ("uk", "їєґ"), ("be", "ў"))


def language_of(words: str) -> str:
    """The language by its letters: ru uk be kk en, "" when there are too few to tell."""
    low = words.casefold()
    cyrillic = sum("а" <= sign <= "я" or sign == "ё" for sign in low)
    latin = sum("a" <= sign <= "z" for sign in low)
    for code, letters in LETTERS:
        if any(sign in letters for sign in low):
            return code
    if cyrillic + latin < 3:
        return ""
    return "ru" if cyrillic >= latin else "en"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something wrong with a plan: which rule ("" is the plan itself), what, and with what."""

    rule_id: str
    problem: Problem
    about: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """What a plan names, as far as its checks need it."""

    queues: Mapping[str, int]
    """queue -> how many active members who may own leads."""
    headless: frozenset[str] = frozenset()
    unmanned: frozenset[str] = frozenset()
    """Queues with working hours at which nobody of theirs works."""
    sources: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()


def check(plan: Plan, world: World) -> list[Finding]:
    """What is wrong, in the rules' order."""
    found: list[Finding] = []
    live = [rule for rule in plan.rules if rule.on]
    for place, rule in enumerate(live):
        earlier = next((one for one in live[:place] if one.when and covers(one, rule)), None)
        if earlier is not None:
            found.append(Finding(rule_id=rule.id, problem="unreachable", about=earlier.id))
        if not rule.when:
            found.append(Finding(rule_id=rule.id, problem="no_condition"))
        if any(not one.values for one in rule.when):
            found.append(Finding(rule_id=rule.id, problem="no_value"))
        found += _check_queue(rule.id, rule.queue_id, world)
        for one in rule.when:
            gone = [ref for ref in one.values if one.what == "source" and ref not in world.sources]
            found += [Finding(rule_id=rule.id, problem="source_gone", about=ref) for ref in gone]
        if rule.member_id and rule.member_id not in world.members:
            found.append(Finding(rule_id=rule.id, problem="member_gone", about=rule.member_id))
    found += _check_queue(CATCH_ALL, plan.catch_all, world)
    return found


def _check_queue(rule_id: str, queue_id: str, world: World) -> list[Finding]:
    if queue_id not in world.queues:
        return [Finding(rule_id=rule_id, problem="no_queue", about=queue_id)]
    found: list[Finding] = []
    if not world.queues[queue_id]:
        found.append(Finding(rule_id=rule_id, problem="queue_empty", about=queue_id))
    if queue_id in world.headless:
        found.append(Finding(rule_id=rule_id, problem="queue_headless", about=queue_id))
    if queue_id in world.unmanned:
        found.append(Finding(rule_id=rule_id, problem="nobody_at_times", about=queue_id))
    return found


def covers(earlier: Rule, later: Rule) -> bool:
    """Whether whatever `later` holds for, `earlier` holds for too."""
    return all(any(_narrower(mine, theirs) for mine in later.when) for theirs in earlier.when)


def _narrower(narrow: Condition, wide: Condition) -> bool:
    if (narrow.what, narrow.field) != (wide.what, wide.field):
        return False
    mine = {value.casefold().strip() for value in narrow.values}
    theirs = {value.casefold().strip() for value in wide.values}
    match narrow.how, wide.how:
        case ("is", "is") | ("contains", "contains"):
            return bool(mine) and mine <= theirs
        case "is_not", "is_not":
            return theirs <= mine
        case "is", "is_not":
            return not mine & theirs
    return narrow == wide


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One rule that another version has otherwise."""

    rule_id: str
    kind: Literal["added", "removed", "changed", "moved"]


def diff(old: Plan, new: Plan) -> list[Difference]:
    """What a new version changes: removed ones first, then in the new order."""
    before, after = {one.id: one for one in old.rules}, {one.id: one for one in new.rules}
    found = [Difference(rule_id=ref, kind="removed") for ref in before if ref not in after]
    stayed = [ref for ref in before if ref in after]
    order = [ref for ref in after if ref in before]
    for ref, rule in after.items():
        if ref not in before:
            found.append(Difference(rule_id=ref, kind="added"))
        elif rule != before[ref]:
            found.append(Difference(rule_id=ref, kind="changed"))
        elif stayed.index(ref) != order.index(ref):
            found.append(Difference(rule_id=ref, kind="moved"))
    if old.catch_all != new.catch_all:
        found.append(Difference(rule_id=CATCH_ALL, kind="changed"))
    return found
