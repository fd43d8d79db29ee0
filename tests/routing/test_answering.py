"""Who answers a client with an open deal (rules.md, section 3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.answering import Assignment, Conversation, Deal, assign, is_cover
from routing.codes import AssignRule
from routing.members import Member, on_shift
from routing.schedule import Shift
from routing.times import DAY, HOUR, MINUTE
from tests.routing.made import NOON, answers_again, present, some

DEAL = Deal(id="1042", owner="pyotr", head="olga")
IDLE = Conversation(id="talk")
ASKED = Conversation(id="talk", waiting_since=NOON - MINUTE, late_at=NOON + 14 * MINUTE)
LATE = Conversation(id="talk", waiting_since=NOON - HOUR, late_at=NOON)


def back_in(time: int, ref: str = "pyotr", **more: object) -> Member:
    return present(ref, shift=Shift(opens_at=NOON + time, closes_at=NOON + time + 9 * HOUR), **more)


def assigned(talk: Conversation, deal: Deal | None, *members: Member) -> Assignment:
    found = assign(talk, deal, {member.id: member for member in members}, NOON)
    assert answers_again(found.decision)
    return found


def outcome(found: Assignment) -> tuple[AssignRule, str, bool]:
    return found.rule, found.assignee, found.open_to_queue


def test_an_assignee_on_shift_keeps_it() -> None:
    talk = Conversation(id="talk", assignee="ira")
    found = assigned(talk, DEAL, present("ira"), present("pyotr"))
    assert outcome(found) == ("assignee_keeps", "ira", False)
    assert not found.notify


def test_else_the_owner_on_shift_is_told_at_once_whatever_their_load() -> None:
    found = assigned(ASKED, DEAL, present("pyotr", load=99, capacity=1, overdue_tasks=9))
    assert outcome(found) == ("owner", "pyotr", False)
    assert found.notify


def test_an_assignee_off_shift_gives_way_to_the_owner() -> None:
    talk = Conversation(id="talk", assignee="ira")
    found = assigned(talk, DEAL, present("ira", presence="off"), present("pyotr"))
    assert outcome(found) == ("owner", "pyotr", False)


def test_an_owner_away_for_an_hour_at_most_is_waited_for() -> None:
    found = assigned(ASKED, DEAL, back_in(60 * MINUTE))
    assert outcome(found) == ("owner_soon", "pyotr", False)
    assert found.back_at == NOON + 60 * MINUTE
    assert not found.notify


def test_an_owner_away_for_longer_opens_it_to_the_queue_and_says_when_they_are_back() -> None:
    found = assigned(ASKED, DEAL, back_in(60 * MINUTE + 1))
    assert outcome(found) == ("owner_away", "pyotr", True)
    assert found.back_at == NOON + 60 * MINUTE + 1


def test_an_owner_who_did_not_come_to_work_opens_it_to_the_queue() -> None:
    assert outcome(assigned(ASKED, DEAL, present("pyotr", presence="off"))) == ("owner_away", "pyotr", True)


def test_a_break_is_waited_for_until_its_end() -> None:
    found = assigned(ASKED, DEAL, present("pyotr", presence="break", presence_until=NOON + 15 * MINUTE))
    assert outcome(found) == ("owner_soon", "pyotr", False)
    assert found.back_at == NOON + 15 * MINUTE
    long = present("pyotr", presence="break", presence_until=NOON + 2 * HOUR)
    assert outcome(assigned(ASKED, DEAL, long)) == ("owner_away", "pyotr", True)


def test_an_owner_who_is_silent_for_15_working_minutes_opens_it_to_the_queue() -> None:
    assert outcome(assigned(LATE, DEAL, present("pyotr"))) == ("owner_silent", "pyotr", True)
    assert outcome(assigned(LATE, DEAL, back_in(MINUTE))) == ("owner_silent", "pyotr", True)


def test_an_owner_on_leave_is_stood_in_for() -> None:
    away = present("pyotr", on_leave=True, substitute="ira")
    assert outcome(assigned(ASKED, DEAL, away, present("ira"))) == ("substitute", "ira", False)


def test_a_substitute_on_leave_has_a_substitute_too() -> None:
    away = present("pyotr", on_leave=True, substitute="ira")
    also = present("ira", on_leave=True, substitute="oleg")
    assert assigned(ASKED, DEAL, away, also, present("oleg")).assignee == "oleg"


def test_substitutes_in_a_circle_end_at_the_head() -> None:
    away = present("pyotr", on_leave=True, substitute="ira")
    also = present("ira", on_leave=True, substitute="pyotr")
    assert outcome(assigned(ASKED, DEAL, away, also, present("olga"))) == ("head", "olga", False)


@pytest.mark.parametrize("owner", [present("pyotr", active=False), None])
def test_a_deactivated_or_unknown_owner_means_the_head_of_the_team(owner: Member | None) -> None:
    members = [present("olga")] if owner is None else [owner, present("olga")]
    assert outcome(assigned(ASKED, DEAL, *members)) == ("head", "olga", False)


def test_the_next_head_up_the_tree_stands_in_for_a_head_on_leave() -> None:
    found = assigned(
        ASKED, Deal(id="1", head="olga"), present("olga", on_leave=True, head="boss"), present("boss")
    )
    assert outcome(found) == ("head", "boss", False)


def test_a_lead_without_an_owner_is_open_to_the_queue_while_it_is_routed() -> None:
    assert outcome(assigned(ASKED, Deal(id="1", lead=True, head="olga"), present("olga"))) == (
        "lead_routing",
        "",
        True,
    )
    assert outcome(assigned(ASKED, None)) == ("lead_routing", "", True)


def test_with_nobody_at_all_it_is_open_to_the_queue() -> None:
    assert outcome(assigned(ASKED, Deal(id="1"))) == ("nobody", "", True)


def test_an_answer_by_somebody_else_is_cover() -> None:
    assert is_cover("ira", DEAL)
    assert not is_cover("pyotr", DEAL)
    assert not is_cover("ira", None)
    assert not is_cover("ira", Deal(id="1", lead=True))


shifts = (
    st.none()
    | st.builds(
        lambda begins, length: Shift(opens_at=NOON + begins, closes_at=NOON + begins + length),
        st.integers(-DAY, DAY),
        st.integers(1, DAY),
    )
    | st.just(Shift(opens_at=0, closes_at=NOON + DAY))
)
people = st.builds(
    Member,
    id=st.sampled_from("abcd"),
    active=st.booleans(),
    on_leave=st.booleans(),
    shift=shifts,
    presence=st.sampled_from(["on_shift", "break", "dnd", "off"]),
    presence_until=st.none() | st.integers(NOON, NOON + DAY),
    substitute=st.sampled_from(["", "a", "b", "x"]),
    head=st.sampled_from(["", "c", "d"]),
)
teams = st.lists(people, max_size=4, unique_by=lambda member: member.id)
refs = st.sampled_from(["", "a", "b", "c", "d", "x"])
talks = st.builds(
    Conversation,
    id=st.just("talk"),
    assignee=refs,
    waiting_since=st.just(NOON - HOUR),
    late_at=st.sampled_from([NOON - MINUTE, NOON, NOON + MINUTE]),
)
deals = st.none() | st.builds(Deal, id=st.just("1"), owner=refs, lead=st.booleans(), head=refs)


@some
@given(talks, deals, teams)
def test_an_unanswered_conversation_has_somebody_on_shift_or_the_queue_or_says_when_somebody_is_back(
    talk: Conversation, deal: Deal | None, team: list[Member]
) -> None:
    members = {member.id: member for member in team}
    found = assign(talk, deal, members, NOON)
    there = found.assignee in members and on_shift(members[found.assignee], NOON)
    assert there or found.open_to_queue or found.back_at is not None
    assert not found.assignee or members[found.assignee].active
    assert answers_again(found.decision)
    assert assign(talk, deal, members, NOON) == found
    if talk.late_at is not None and talk.late_at <= NOON:
        assert found.open_to_queue
