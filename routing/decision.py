"""What was decided, by which rule, and who was turned down and why?

A decision holds codes, numbers and ids, never words: screens translate the codes (`routing.codes`). Its
facts and its candidates' facts are all that the rule looked at, so `routing.replay.reevaluate` can answer
again from the record alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Final, Literal, TypeAlias, cast

from routing.values import value

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Facts: TypeAlias = Mapping[str, Json]
DecisionKind: TypeAlias = Literal[
    "attach", "route", "rules", "assign", "window", "call", "identify", "responsible"
]

NO_FACTS: Final[Facts] = {}


@value(frozen=True, kw_only=True, slots=True)
class Candidate:
    """Somebody or something that was considered: a deal, a member, an identity."""

    ref: str
    verdict: str
    facts: Facts = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """The same as a plain dict; empty facts are left out."""
        record: dict[str, Json] = {"ref": self.ref, "verdict": self.verdict}
        if self.facts:
            record["facts"] = dict(self.facts)
        return record

    @classmethod
    def from_json(cls, record: Facts) -> Candidate:
        """The candidate that `to_json` made the dict of."""
        return cls(ref=text(record, "ref"), verdict=text(record, "verdict"), facts=inner(record, "facts"))


@value(frozen=True, kw_only=True, slots=True)
class Decision:
    """One answer of this room. `chosen` are refs (or codes) in order of preference; () is none."""

    kind: DecisionKind
    rule: str
    chosen: tuple[str, ...] = ()
    facts: Facts = field(default_factory=dict)
    candidates: tuple[Candidate, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """A plain dict for storage, ready for any JSON encoder."""
        return {
            "kind": self.kind,
            "rule": self.rule,
            "chosen": list(self.chosen),
            "facts": dict(self.facts),
            "candidates": [candidate.to_json() for candidate in self.candidates],
        }

    @classmethod
    def from_json(cls, record: Facts) -> Decision:
        """The decision that `to_json` made the dict of; KeyError or TypeError when it is none."""
        return cls(
            kind=cast(DecisionKind, text(record, "kind")),
            rule=text(record, "rule"),
            chosen=texts(record, "chosen"),
            facts=inner(record, "facts"),
            candidates=tuple(Candidate.from_json(row) for row in rows(record, "candidates")),
        )


def text(facts: Facts, name: str) -> str:
    """A stored string; "" when absent."""
    return cast(str, facts.get(name, ""))


def number(facts: Facts, name: str) -> int:
    """A stored integer; 0 when absent."""
    return cast(int, facts.get(name, 0))


def real(facts: Facts, name: str, default: float = 0) -> float:
    """A stored number that may have a fraction."""
    return cast(float, facts.get(name, default))


def moment(facts: Facts, name: str) -> int | None:
    """A stored moment; None when absent."""
    return cast("int | None", facts.get(name))


def flag(facts: Facts, name: str, default: bool = False) -> bool:
    """A stored yes or no."""
    return cast(bool, facts.get(name, default))


def texts(facts: Facts, name: str) -> tuple[str, ...]:
    """A stored list of strings; () when absent."""
    return tuple(cast("Sequence[str]", facts.get(name, ())))


def rows(facts: Facts, name: str) -> Sequence[Facts]:
    """A stored list of dicts; () when absent."""
    return cast("Sequence[Facts]", facts.get(name, ()))


def inner(facts: Facts, name: str) -> Facts:
    """A stored dict; empty when absent."""
    return cast(Facts, facts.get(name, NO_FACTS))
