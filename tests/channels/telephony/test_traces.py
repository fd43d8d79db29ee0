"""Every system's call, whole, in every order, with any duplicates (telephony.md, 5.4 and 13)."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.base import WebhookChannel
from channels.errors import WebhookRefused
from routing.calls import project
from routing.times import HOUR
from tests.channels.telephony.traces import BEGAN, Trace, channel, envelope, essence, every, facts

TRACES = every()
LATER = BEGAN + HOUR
SYSTEMS = ("mango", "itoolabs", "zadarma", "uis", "sipuni", "contract")
COURSES = {
    "answered", "missed", "busy", "transferred", "group", "menu", "voicemail", "outgoing", "click_to_call",
    "recording_late",
}  # fmt: skip


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_course_of_a_call_has_a_trace_of_every_system(system: str) -> None:
    assert {trace.name for trace in TRACES if trace.system == system} >= COURSES


@pytest.mark.parametrize("trace", TRACES, ids=str)
def test_a_trace_comes_to_its_call(trace: Trace) -> None:
    assert essence(project(facts(trace), LATER)) == trace.call


@pytest.mark.parametrize("trace", TRACES, ids=str)
def test_what_a_trace_sends_is_admitted_only_with_its_proof(trace: Trace) -> None:
    known = channel(trace.system)
    assert isinstance(known, WebhookChannel)
    for place in range(len(trace.requests)):
        admitted = known.admit(envelope(trace, place))
        assert admitted.keep
        assert admitted.reply.status == 200
    if trace.system in ("mango", "zadarma", "rostelecom", "mts_autosecretary", "twilio"):
        told = envelope(trace, 0)
        with pytest.raises(WebhookRefused):
            known.admit(replace(told, body=told.body.replace(b"sign=", b"sign=0"), headers={}))


@pytest.mark.parametrize("trace", [one for one in TRACES if len(one.requests) <= 5], ids=str)
def test_every_order_of_a_short_trace_gives_the_same_call(trace: Trace) -> None:
    told = facts(trace)
    whole = project(told, LATER)
    for order in permutations(told):
        assert project(order, LATER) == whole


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
@pytest.mark.parametrize("trace", [one for one in TRACES if len(one.requests) > 5], ids=str)
def test_order_and_duplicates_of_a_long_trace_change_nothing(trace: Trace, data: st.DataObject) -> None:
    told = facts(trace)
    again = data.draw(st.lists(st.sampled_from(told), max_size=4))
    assert project(data.draw(st.permutations([*told, *again])), LATER) == project(told, LATER)


@pytest.mark.parametrize("trace", TRACES, ids=str)
def test_no_part_of_an_answered_call_looks_missed_before_it_settles(trace: Trace) -> None:
    if trace.call["outcome"] != "talk" or trace.call["direction"] != "in":
        return
    told = facts(trace)
    for upto in range(1, len(told)):
        now = max(fact.at for fact in told[:upto])
        assert project(told[:upto], now).state != "missed"
