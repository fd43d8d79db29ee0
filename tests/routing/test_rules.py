"""The first sentence that holds wins, the rest is caught, and what a plan gets wrong is said before it counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import rules
from routing.decision import Decision
from routing.replay import reevaluate
from routing.rules import Condition, Enquiry, Finding, Plan, Rule, World


def when(what: rules.What, *values: str, how: rules.How = "is", field: str = "") -> Condition:
    return Condition(what=what, how=how, values=values, field=field)


ENQUIRY = Enquiry(
    channel="chat", source_id="vk", campaign="Spring", text="Нужен шкаф-купе", fields={"budget": "350 000 ₽"},
    phones=("+78121112233",), history="repeat", own_queue="own",
)  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (when("channel", "chat"), True),
        (when("channel", "mail", how="is_not"), True),
        (when("source", "vk", "tg"), True),
        (when("campaign", "spring"), True),
        (when("campaign", "autumn"), False),
        (when("language", "ru"), True),
        (when("language", "en"), False),
        (when("text", "шкаф", how="contains"), True),
        (when("text", "", how="contains"), False),
        (when("field", "300000", how="at_least", field="budget"), True),
        (when("field", "400000", how="at_least", field="budget"), False),
        (when("field", "x", how="at_least", field="nothing"), False),
        (when("region", "812"), True),
        (when("region", "+7 812"), True),
        (when("region", "495"), False),
        (when("region", "+374", how="is_not"), True),
        (when("history", "repeat", "known"), True),
        (when("history", "new"), False),
    ],
)
def test_a_condition_holds(condition: Condition, expected: bool) -> None:
    assert rules.holds(condition, ENQUIRY) is expected


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Привет, как дела", "ru"),
        ("Hello there", "en"),
        ("Привіт, як справи, їжа", "uk"),
        ("Қалайсыз", "kk"),
        ("?!", ""),
    ],
)
def test_a_language_is_told_by_its_letters(words: str, code: str) -> None:
    assert rules.language_of(words) == code


FIRST = Rule(id="1", when=(when("source", "vk"),), queue_id="a")
SECOND = Rule(id="2", when=(when("source", "vk"), when("history", "new")), queue_id="b")
OTHER = Rule(id="3", when=(when("region", "495"),), queue_id="c")


def test_the_first_that_holds_wins_and_every_rule_has_its_verdict() -> None:
    rule, decision = rules.choose(Plan(rules=(OTHER, FIRST, SECOND), catch_all="rest"), ENQUIRY)
    assert (rule.id, decision.chosen) == ("1", ("a",))
    assert [(row.ref, row.verdict) for row in decision.candidates] == [
        ("3", "does_not_hold"), ("1", "chosen"), ("2", "does_not_hold"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("plan", "enquiry", "queue"),
    [
        (Plan(rules=(OTHER,), catch_all="rest"), ENQUIRY, "own"),
        (Plan(rules=(OTHER,), catch_all="rest"), Enquiry(), "rest"),
        (Plan(rules=(Rule(id="1", on=False, when=FIRST.when, queue_id="a"),)), ENQUIRY, "own"),
        (Plan(rules=(Rule(id="1", queue_id="a"),)), ENQUIRY, "own"),
    ],
)
def test_what_no_rule_holds_for_is_caught(plan: Plan, enquiry: Enquiry, queue: str) -> None:
    rule, decision = rules.choose(plan, enquiry)
    assert (rule.id, decision.chosen) == (rules.CATCH_ALL, (queue,))


CONDITIONS = st.builds(
    Condition,
    what=st.sampled_from(["channel", "source", "campaign", "history", "language"]),
    how=st.sampled_from(["is", "is_not", "contains"]),
    values=st.lists(st.sampled_from(["a", "b", "new", "ru"]), max_size=3).map(tuple),
)
RULES = st.lists(
    st.tuples(st.booleans(), st.lists(CONDITIONS, max_size=2), st.sampled_from("xyz")), max_size=5
).map(
    lambda given: tuple(
        Rule(id=str(place), on=on, when=tuple(when), queue_id=queue)
        for place, (on, when, queue) in enumerate(given)
    )
)
ENQUIRIES = st.builds(
    Enquiry, channel=st.sampled_from("ab"), source_id=st.sampled_from("ab"), campaign=st.sampled_from(["", "a"]),
    text=st.sampled_from(["", "привет", "hello"]), own_queue=st.sampled_from(["", "own"]),
    history=st.sampled_from(["new", "repeat", "known"]),
)  # fmt: skip


@given(RULES, ENQUIRIES)
def test_a_stored_decision_says_the_same_again_and_holds_no_words(
    given_rules: tuple[Rule, ...], enquiry: Enquiry
) -> None:
    plan = Plan(rules=given_rules, catch_all="rest")
    rule, decision = rules.choose(plan, enquiry)
    assert rule.queue_id, "every lead has a queue"
    stored = decision.to_json()
    assert enquiry.text == "" or enquiry.text not in str(stored)
    assert reevaluate(Decision.from_json(stored)) == decision
    assert Plan.from_json(plan.to_json()) == plan


@given(RULES, ENQUIRIES)
def test_a_rule_called_unreachable_is_never_reached(given_rules: tuple[Rule, ...], enquiry: Enquiry) -> None:
    plan = Plan(rules=given_rules, catch_all="x")
    world = World(queues={"x": 1, "y": 1, "z": 1}, sources=frozenset("ab"))
    dead = {one.rule_id for one in rules.check(plan, world) if one.problem == "unreachable"}
    assert rules.choose(plan, enquiry)[0].id not in dead


def test_what_is_wrong_with_a_plan_is_found() -> None:
    world = World(
        queues={"a": 2, "b": 0, "rest": 1}, headless=frozenset({"b"}), unmanned=frozenset({"a"}),
        sources=frozenset({"vk"}), members=frozenset({"petr"}),
    )  # fmt: skip
    bad = Rule(id="9", when=(when("source", "gone"),), queue_id="nothing", member_id="olga")
    plan = Plan(
        rules=(
            FIRST,
            SECOND,
            bad,
            Rule(id="8", queue_id="a"),
            Rule(id="7", when=(when("channel"),), queue_id="rest"),
        ),
        catch_all="rest",
    )
    assert rules.check(plan, world) == [
        Finding(rule_id="1", problem="nobody_at_times", about="a"),
        Finding(rule_id="2", problem="unreachable", about="1"),
        Finding(rule_id="2", problem="queue_empty", about="b"),
        Finding(rule_id="2", problem="queue_headless", about="b"),
        Finding(rule_id="9", problem="no_queue", about="nothing"),
        Finding(rule_id="9", problem="source_gone", about="gone"),
        Finding(rule_id="9", problem="member_gone", about="olga"),
        Finding(rule_id="8", problem="no_condition"),
        Finding(rule_id="8", problem="nobody_at_times", about="a"),
        Finding(rule_id="7", problem="no_value"),
    ]
    assert rules.check(Plan(), world) == [Finding(rule_id="catch_all", problem="no_queue", about="")]


def test_a_difference_names_what_was_added_changed_moved_and_taken_away() -> None:
    old = Plan(rules=(FIRST, SECOND, OTHER), catch_all="rest")
    changed = Rule(id="2", when=SECOND.when, queue_id="z")
    new = Plan(rules=(OTHER, changed, Rule(id="4", queue_id="a")), catch_all="rest")
    assert {(one.rule_id, one.kind) for one in rules.diff(old, new)} == {
        ("1", "removed"), ("3", "moved"), ("2", "changed"), ("4", "added"),
    }  # fmt: skip
    assert rules.diff(old, old) == []
