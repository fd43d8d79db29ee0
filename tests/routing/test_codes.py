"""The list of codes is complete, so that every locale can be checked against it."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest

from routing import codes
from routing.decision import DecisionKind
from routing.members import Absence


def literal(name: str) -> set[str]:
    """All values of a Literal, of a union of them too."""

    def values(kind: Any) -> set[str]:
        found: set[str] = set()
        for part in get_args(kind):
            found |= {part} if isinstance(part, str) else values(part)
        return found

    return values(getattr(codes, name))


FAMILIES = {
    "nature": "Nature", "nature_rule": "NatureRule", "identity_rule": "IdentityRule",
    "identity_verdict": "IdentityVerdict", "shared_reason": "SharedReason", "attach_rule": "AttachRule",
    "evidence": "EvidenceKind", "deal_verdict": "DealVerdict", "window_phase": "WindowPhase",
    "reach": "Reach", "refusal": "Refusal", "limit": "Limit", "fallback": "Fallback", "tone": "Tone",
    "alert": "Alert", "assign_rule": "AssignRule", "answer_verdict": "AnswerVerdict",
    "strategy": "Strategy", "route_rule": "RouteRule", "route_verdict": "RouteVerdict",
    "wait_reason": "WaitReason", "step": "StepKind", "conversation_state": "ConversationState",
    "place": "Place", "skip_reason": "SkipReason", "close_way": "CloseWay", "call_state": "CallState",
    "call_outcome": "CallOutcome", "call_lead": "CallLead", "call_silence": "CallSilence",
    "ring_rule": "RingRule", "ring_verdict": "RingVerdict", "mismatch_policy": "MismatchPolicy",
    "mismatch_rule": "MismatchRule", "mismatch_verdict": "MismatchVerdict",
}  # fmt: skip


def test_every_family_is_listed() -> None:
    assert set(FAMILIES) == set(codes.ALL)


@pytest.mark.parametrize(("family", "name"), FAMILIES.items())
def test_every_code_has_a_meaning_and_no_other_has(family: str, name: str) -> None:
    assert set(codes.ALL[family]) == literal(name)
    for code, meaning in codes.ALL[family].items():
        assert re.fullmatch("[a-z0-9_]*", code)
        assert meaning


def test_every_absence_is_a_verdict_of_all_who_use_it() -> None:
    absences = set(get_args(Absence))
    for family in ("route_verdict", "answer_verdict", "ring_verdict"):
        assert absences <= set(codes.ALL[family])


def test_every_state_of_an_address_that_forbids_writing_is_a_refusal() -> None:
    assert set(codes.REACHES) - {"ok"} <= set(codes.REFUSALS)


def test_kinds_of_decisions() -> None:
    assert set(get_args(DecisionKind)) == {
        "attach", "route", "rules", "assign", "window", "call", "identify", "responsible",
    }  # fmt: skip
