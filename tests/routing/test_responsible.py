"""The policy settles whose a client is, says why, and never overrules what a person has decided since."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.decision import Decision
from routing.replay import reevaluate
from routing.responsible import Held, Mismatch, settle


def held(deal: str, owner: str, since: int, *, by_hand: bool = False) -> Held:
    return Held(deal_id=deal, owner=owner, since=since, by_hand=by_hand)


TWO = (held("d2", "petr", 200), held("d1", "olga", 100))


@pytest.mark.parametrize(
    ("policy", "deals", "more", "rule", "chosen"),
    [
        ("ask", TWO, {}, "asked", ()),
        ("deal", TWO, {}, "deal_wins", ("petr",)),
        ("deal", TWO, {"named_at": 150}, "deal_wins", ("petr",)),
        ("deal", TWO, {"named_at": 201}, "named_by_hand", ()),
        ("deal", TWO, {"named_at": 200}, "deal_wins", ("petr",)),
        ("deal", TWO, {"works": False}, "deal_wins", ("petr",)),
        ("contact", TWO, {}, "contact_wins", ("anna",)),
        ("contact", TWO, {"works": False}, "responsible_left", ()),
        ("contact", (held("d2", "petr", 200, by_hand=True),), {}, "given_by_hand", ()),
        ("contact", (held("d2", "petr", 200, by_hand=True),), {"named_at": 200}, "given_by_hand", ()),
        ("contact", (held("d2", "petr", 200, by_hand=True),), {"named_at": 201}, "contact_wins", ("anna",)),
        ("deal", (held("d2", "petr", 200, by_hand=True),), {}, "deal_wins", ("petr",)),
    ],
)
def test_who_wins(
    policy: Any, deals: tuple[Held, ...], more: dict[str, Any], rule: str, chosen: tuple[str, ...]
) -> None:
    found = settle(policy, Mismatch(responsible="anna", deals=deals, **more))
    assert (found.rule, found.chosen) == (rule, chosen)
    assert [one.ref for one in found.candidates] == [one.deal_id for one in deals]


def test_each_deal_says_what_becomes_of_it() -> None:
    def verdicts(policy: Any, *deals: Held) -> list[str]:
        return [one.verdict for one in settle(policy, Mismatch(responsible="anna", deals=deals)).candidates]

    assert verdicts("deal", *TWO) == ["most_recent", "earlier"]
    assert verdicts("contact", *TWO) == ["goes_over", "goes_over"]
    assert verdicts("ask", *TWO) == ["stays", "stays"]
    assert verdicts("contact", held("d2", "petr", 9, by_hand=True), TWO[1]) == ["given", "stays"]


HELD = st.builds(
    Held, deal_id=st.sampled_from("abc"), owner=st.sampled_from(["petr", "olga"]), since=st.integers(0, 5),
    by_hand=st.booleans(),
)  # fmt: skip
MISMATCH = st.builds(
    Mismatch, responsible=st.just("anna"), deals=st.lists(HELD, min_size=1, max_size=4),
    named_at=st.none() | st.integers(0, 5), works=st.booleans(),
)  # fmt: skip


@given(st.sampled_from(["ask", "deal", "contact"]), MISMATCH)
def test_the_stored_record_gives_the_same_answer_again(policy: Any, found: Mismatch) -> None:
    decision = settle(policy, found)
    record = Decision.from_json(orjson.loads(orjson.dumps(decision.to_json())))
    assert reevaluate(record) == record == decision


@given(MISMATCH)
def test_whoever_decided_last_is_not_overruled(found: Mismatch) -> None:
    latest = max(one.since for one in found.deals)
    if found.named_at is not None and found.named_at > latest:
        assert settle("deal", found).chosen == ()
    if any(one.by_hand and one.since > (found.named_at or 0) for one in found.deals):
        assert settle("contact", found).chosen == ()
