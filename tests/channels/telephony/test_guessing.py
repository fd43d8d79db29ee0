"""Three test calls are enough to read most systems: what is guessed from them reads their other calls too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from channels.base import Account, Envelope
from channels.pages import Trial
from channels.telephony import Telephony
from channels.telephony.values import BadMapping
from gateway.opening.calls import fact_of
from routing.calls import project
from tests.channels.telephony import traces
from tests.channels.telephony.traces import Trace

OURS = frozenset({"101", "102", "103"})
COURSES = {"answered": "answered", "missed": "missed", "outgoing": "outgoing"}
EVERY = {(trace.system, trace.name): trace for trace in traces.every()}
READ = (
    "beeline",
    "contract",
    "freeswitch",
    "itoolabs",
    "mts_autosecretary",
    "sipuni",
    "telphin",
    "uis",
    "zadarma",
)
"""Systems that the guess reads unaided; those left out tell it by what a mapping would have to be written for."""
IDS = ("1790000000.8", "75317940008", "lid8")


def another(envelope: Envelope, number: int) -> Envelope:
    """The same with a call id of its own: the traces of some systems share one."""
    body, query = envelope.body, envelope.query
    for known in IDS:
        fresh = f"{known[:-1]}{number}"
        body = body.replace(known.encode(), fresh.encode())
        query = {name: value.replace(known, fresh) for name, value in query.items()}
    return replace(envelope, body=body, query=query)


def told(trace: Trace, number: int = 8) -> list[Envelope]:
    return [another(traces.envelope(trace, place), number) for place in range(len(trace.requests))]


def trials(system: str) -> list[Trial]:
    return [
        Trial(kind=kind, number="8 (916) 123-45-67", envelopes=told(EVERY[system, name], number))
        for number, (kind, name) in enumerate(COURSES.items(), start=1)
    ]


@pytest.fixture
def unknown() -> Telephony:
    return Telephony(Account(source_id="s", settings={"provider": "generic"}))


def read_by(channel: Telephony, content: str, trace: Trace) -> dict[str, Any]:
    events = [event for envelope in told(trace) for event in channel.read_by(content, envelope)]
    call = project([fact_of(event) for event in events], traces.BEGAN + 10**11)  # type: ignore[arg-type]
    return {"client": call.client, "direction": call.direction, "state": call.state, "outcome": call.outcome}


@pytest.mark.parametrize("system", READ)
def test_three_test_calls_teach_a_system(unknown: Telephony, system: str) -> None:
    content = unknown.designed(unknown.guess(trials(system), OURS))
    assert [check.code for check in unknown.examine(content)] == ["mapping_ready"]
    for name in ("answered", "missed", "outgoing", "busy"):
        trace = EVERY.get((system, name))
        if trace is not None:
            found = read_by(unknown, content, trace)
            assert found == {key: trace.call[key] for key in found}, name


def test_what_looks_secret_is_neither_shown_nor_taken_for_anything(unknown: Telephony) -> None:
    body = orjson.dumps({"id": "call-1", "api_key": "hush", "crm_token": "hush-too", "phone": "79161234567"})
    envelope = Envelope(body=body, received_at=traces.BEGAN)
    assert "hush" not in str(unknown.leaves(envelope))
    guessed = unknown.guess([Trial(kind="answered", number="+79161234567", envelopes=[envelope])], OURS)
    assert "token" not in guessed and "key" not in guessed


def test_nothing_came_and_nothing_is_guessed(unknown: Telephony) -> None:
    lessons = unknown.guess([Trial(kind="answered", number="", envelopes=[])], OURS)
    assert [check.code for check in unknown.examine(unknown.designed(lessons))] == ["mapping_no_events"]


def test_garbage_is_left_out_of_the_guess(unknown: Telephony) -> None:
    garbage = Envelope(body=b'{"broken', received_at=traces.BEGAN)
    asked = [replace(trial, envelopes=[garbage, *trial.envelopes]) for trial in trials("contract")]
    assert unknown.guess(asked, OURS) == unknown.guess(trials("contract"), OURS)


@pytest.mark.parametrize(
    "lessons",
    ['{"fields": {"a": "nobody"}}', '{"fields": []}', "[]", "{", '{"fields": {"a": "event"}, "meanings": {"a": {"x": "y"}}}'],
)  # fmt: skip
def test_bad_lessons_are_refused_with_a_code(unknown: Telephony, lessons: str) -> None:
    with pytest.raises(BadMapping, match=r"^mapping_"):
        unknown.designed(lessons)
