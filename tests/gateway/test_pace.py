"""A network's limits hold in any span of time, whoever calls."""

from __future__ import annotations

import itertools
from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Rate
from gateway.pace import Pace


def calls(rate: Rate, chats: list[tuple[str, float]], steps: list[float]) -> list[tuple[float, str]]:
    """When each call is made, if they are asked for one after another."""
    now = 0.0
    pace = Pace(rate, lambda: now)
    made = []
    for (chat, interval), step in zip(chats, steps, strict=False):
        now += step
        made.append((now + pace.turn(chat, interval), chat))
    return made


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0.0, 1.0, 3.0])), max_size=60),
    st.lists(st.floats(0, 0.5), min_size=60, max_size=60),
)
def test_no_span_holds_more_calls_than_the_network_allows(
    chats: list[tuple[str, float]], steps: list[float]
) -> None:
    times = sorted(at for at, _ in calls(Rate(per_second=5, burst=5), chats, steps))
    for place, at in enumerate(times):
        assert place + 1 - bisect_right(times, at - 1 + 1e-6) <= 5


@given(st.lists(st.sampled_from("abc"), max_size=40), st.lists(st.floats(0, 2), min_size=40, max_size=40))
def test_two_messages_of_one_chat_keep_their_distance(chats: list[str], steps: list[float]) -> None:
    made = calls(Rate(per_second=20, burst=20), [(chat, 1.0) for chat in chats], steps)
    for chat in "abc":
        times = [at for at, where in made if where == chat]
        assert all(later - earlier >= 1 - 1e-6 for earlier, later in itertools.pairwise(times))


def test_what_another_sender_called_counts() -> None:
    pace = Pace(Rate(per_second=2, burst=2), lambda: 100.0)
    pace.happened("a", 3.0, 0.5)
    pace.happened("b", 0.0, 0.25)
    assert pace.turn("c", 0.0) == 0.5
    assert pace.turn("a", 3.0) == 2.5


def test_a_turn_is_found_where_adding_and_taking_away_a_second_is_not_nothing() -> None:
    assert (0.4 + 1) - 1 < 0.4
    pace = Pace(Rate(per_second=1, burst=1), lambda: 0.4)
    assert [pace.turn("a", 0.0), pace.turn("b", 0.0), pace.turn("c", 0.0)] == pytest.approx([0, 1, 2])
