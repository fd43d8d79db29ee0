"""What do the requests of an unknown telephone system mean? Guessed from test calls, tried on them, put right by a person.

Nothing is kept here: the description is drafted, published and rolled back as any other design (designs.py).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import Final, Literal

from pydantic import Field

from channels.base import Envelope
from channels.errors import PayloadUnreadable
from channels.events import CallFact
from channels.pages import Leaf, Learner, Trial
from gateway.api import shapes
from gateway.api.layer import Body, Call, route
from gateway.opening.calls import fact_of
from gateway.parsing import body_of, restore
from gateway.refusals import Refusal
from routing import calls as facts_of_calls
from routing.times import DAY
from storage import callers, waiting
from storage.waiting import IGNORED, OPENED, SET_ASIDE, WAITING, Stored

EDIT: Final = "source.edit"
MOST: Final = 60
"""Requests of one trial that are looked at."""
LONGEST: Final = DAY
HIDDEN: Final = "•••"
Kind = Literal["answered", "missed", "outgoing"]


class TrialCall(Body):
    kind: Kind
    number: str = Field(default="", max_length=40)
    """The outer telephone of the test call."""
    since: int
    until: int | None = None
    """null: it goes on."""


class Learning(Body):
    trials: list[TrialCall] = Field(max_length=3)
    lessons: str = Field(default="", max_length=64_000)
    """"" asks for a guess."""


async def _learner(call: Call) -> Learner:
    live = await call.gateway.sources.find(call.path("id"))
    if live is None or not isinstance(live.channel, Learner) or not live.channel.learns:
        raise Refusal("not_found", 404)
    return live.channel


@route("POST", "/sources/{id}/learning", answer=shapes.Learnt, body=Learning, needs=EDIT)
async def learn(call: Call, body: Learning) -> shapes.Learnt:
    """What came during the test calls, what it seems to mean, and which calls that comes to; nothing is kept."""
    channel = await _learner(call)
    caught = await _caught(call, body.trials)
    trials = [
        Trial(kind=asked.kind, number=asked.number, envelopes=[envelope for _, envelope in found])
        for asked, found in zip(body.trials, caught, strict=True)
    ]
    lessons = body.lessons
    if not lessons:
        members = await call.gateway.database.read(callers.extensions)
        lessons = channel.guess(trials, members)
    try:
        content = channel.designed(lessons)
    except ValueError as error:
        raise Refusal("bad_settings", 422, field="lessons", problem=str(getattr(error, "code", ""))) from None
    checks = channel.examine(content)
    usable = all(check.ok for check in checks)
    words = call.account.everywhere("conversation.read")
    return {
        "lessons": lessons, "content": content,
        "checks": [
            {"code": one.code, "ok": one.ok, "detail": one.detail, "params": dict(one.params)} for one in checks
        ],
        "trials": [
            {
                "kind": trial.kind,
                "requests": [_request(channel, row, envelope, words=words) for row, envelope in found],
                **(_tried(channel, trial, content, call.now) if usable else NOTHING),
            }
            for trial, found in zip(trials, caught, strict=True)
        ],
    }  # fmt: skip


NOTHING: Final[shapes.Tried] = {"problem": "not_ready", "call": None}


async def _caught(call: Call, trials: Sequence[TrialCall]) -> list[list[tuple[Stored, Envelope]]]:
    """What reached the source during each trial, the oldest first."""
    since = min((trial.since for trial in trials), default=call.now)
    if since < call.now - LONGEST:
        raise Refusal("bad_request", 422, field="since")
    rows: list[Stored] = []
    for state in (WAITING, OPENED, IGNORED, SET_ASIDE):
        rows += await call.gateway.database.read(waiting.listed, call.path("id"), state, None, 3 * MOST)
    rows.sort(key=lambda row: row.id)
    found = []
    for trial in trials:
        until = trial.until or call.now + 1
        mine = [row for row in rows if trial.since <= row.received_at < until][:MOST]
        found.append([(row, restore(row, await body_of(call.gateway, row))) for row in mine])
    return found


def _request(channel: Learner, row: Stored, envelope: Envelope, *, words: bool) -> shapes.TrialRequest:
    leaves: Sequence[Leaf] = ()
    with contextlib.suppress(PayloadUnreadable):
        leaves = channel.leaves(envelope)
    return {
        "id": row.id, "at": row.received_at,
        "leaves": [
            {"path": leaf.path, "value": leaf.value if words else HIDDEN, "target": leaf.target} for leaf in leaves
        ],
    }  # fmt: skip


def _tried(channel: Learner, trial: Trial, content: str, now: int) -> shapes.Tried:
    """The call that the trial comes to, and whether that is what it was."""
    if not trial.envelopes:
        return {"problem": "nothing_came", "call": None}
    facts: dict[str, list[CallFact]] = {}
    try:
        for envelope in trial.envelopes:
            for event in channel.read_by(content, envelope):
                if isinstance(event, CallFact):
                    facts.setdefault(event.call, []).append(event)
    except PayloadUnreadable as error:
        return {"problem": error.code or "unreadable", "call": None}
    if not facts:
        return {"problem": "no_call", "call": None}
    if len(facts) > 1:
        return {"problem": "several_calls", "call": None}
    ((_, told),) = facts.items()
    made = facts_of_calls.project(map(fact_of, told), now + DAY)
    return {"problem": _problem(trial, made), "call": _card(made)}


def _card(made: facts_of_calls.Call) -> shapes.TrialResult:
    return {
        "state": made.state, "direction": made.direction, "client": made.client, "line": made.line,
        "rang": list(made.rang), "answered_by": made.answered_by, "recordings": len(made.recordings),
        "talk_seconds": None if made.talk is None else made.talk // 1_000_000,
    }  # fmt: skip


def digits(number: str) -> str:
    """The end of a number, however its beginning is written."""
    return re.sub(r"\D", "", number)[-10:]


def _problem(trial: Trial, made: facts_of_calls.Call) -> str:
    """What is not as it was; "" all is."""
    if made.stale or made.state in ("ringing", "answered"):
        return "not_over"
    wanted = "out" if trial.kind == "outgoing" else "in"
    if made.direction != wanted:
        return "wrong_direction"
    if not made.client:
        return "no_client"
    if trial.number and digits(trial.number) != digits(made.client):
        return "wrong_client"
    if trial.kind == "answered" and not made.answered:
        return "not_answered"
    if trial.kind == "missed" and made.answered:
        return "not_missed"
    return ""
