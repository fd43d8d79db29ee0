"""Whom an incoming call rings (rules.md, section 5)."""

from __future__ import annotations

from typing import Any

import pytest

from routing.assignment import Queue
from routing.codes import RingRule
from routing.members import Member
from routing.ringing import Question, Ring, whom_to_ring
from tests.routing.made import NOON, answers_again, present

RETAIL = Queue(id="retail", order=("anna", "pyotr"), strategy="evenly")
KNOWN = Question(deal_owner="rita", responsible="oleg")


def phone(ref: str, **more: Any) -> Member:
    return present(ref, extension=f"ext-{ref}", **more)


def ring(question: Question, *members: Member, queue: Queue | None = RETAIL) -> Ring:
    found = whom_to_ring(question, members, queue, NOON)
    assert answers_again(found.decision)
    assert whom_to_ring(question, members[::-1], queue, NOON) == found
    return found


@pytest.mark.parametrize(
    ("question", "members", "rule", "chosen"),
    [
        (KNOWN, (phone("rita"), phone("oleg"), phone("anna")), "deal_owner", ("rita",)),
        (KNOWN, (phone("rita", on_call=True), phone("oleg"), phone("anna")), "responsible", ("oleg",)),
        (KNOWN, (phone("rita", presence="off"), phone("anna")), "router", ("anna",)),
        (KNOWN, (present("rita"), phone("anna")), "router", ("anna",)),
        (KNOWN, (phone("rita", overdue_tasks=9, load=99), phone("anna")), "deal_owner", ("rita",)),
        (Question(), (phone("anna", last_offer_at=2), phone("pyotr")), "router", ("pyotr", "anna")),
        (Question(), (phone("anna", overdue_tasks=1), phone("pyotr", load=10)), "own_plan", ()),
        (Question(), (phone("anna", push_until=0, open_offers=1),), "router", ("anna",)),
        (Question(), (phone("stranger"),), "own_plan", ()),
        (Question(blocked=True, deal_owner="rita"), (phone("rita"),), "blocked", ()),
    ],
)
def test_whom_to_ring(
    question: Question, members: tuple[Member, ...], rule: RingRule, chosen: tuple[str, ...]
) -> None:
    found = ring(question, *members)
    assert (found.rule, found.members) == (rule, chosen)
    assert found.extensions == tuple(f"ext-{ref}" for ref in chosen)
    assert found.blocked is question.blocked


def test_without_a_queue_the_provider_has_its_own_plan() -> None:
    assert ring(Question(), phone("anna"), queue=None).rule == "own_plan"


def test_the_record_says_why_each_telephone_stayed_silent() -> None:
    found = ring(KNOWN, phone("rita", on_call=True), present("oleg"), phone("anna", load=10), phone("pyotr"))
    assert {row.ref: row.verdict for row in found.decision.candidates} == {
        "rita": "on_call",
        "oleg": "no_extension",
        "anna": "at_capacity",
        "pyotr": "chosen",
    }
