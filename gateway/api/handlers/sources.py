"""Which networks can be connected, which are, and how are they?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

import channels
from channels.base import Check
from gateway import replay
from gateway.api import build, shapes
from gateway.api.handlers.why import _decisions, raw
from gateway.api.layer import Body, Call, Query, route
from gateway.api.views import sources_of, test_shape
from gateway.dryrun import dry_run
from gateway.refusals import Refusal
from storage import gaps, team, testing, waiting
from storage import setup as setup_rows

READ, EDIT, REPLAY = "source.read", "source.edit", "source.replay"
MOST_GAPS = 100
STATES = {"waiting": 0, "opened": 1, "ignored": 2, "set_aside": 3}


class Channels(TypedDict):
    items: list[dict[str, Any]]


class Checks(TypedDict):
    checks: list[shapes.CheckShape]


class NewSource(Body):
    channel: str = Field(max_length=40)
    name: str = Field(min_length=1, max_length=200)
    settings: dict[str, str] = Field(default_factory=dict)
    queue_id: str | None = None


class AnsweringChange(Body):
    """Targets in working minutes (0: the channel's own), and what clients are told outside working hours ("": nothing).

    `{opening}` in the reply becomes the next opening."""

    first_minutes: int = Field(default=0, ge=0, le=10_000)
    next_minutes: int = Field(default=0, ge=0, le=10_000)
    closed_reply: str = Field(default="", max_length=2000)


class SourceChange(Body):
    name: str | None = Field(default=None, min_length=1, max_length=200)
    settings: dict[str, str] | None = None
    queue_id: str | None = None
    hours: float | None = Field(default=None, gt=0, le=720)
    enforcement: Literal["block", "warn", "off"] | None = None
    first_answer: Literal["manager", "operator"] | None = None
    on_open_deal: Literal["attach", "new_lead"] | None = None
    pipeline_id: str | None = None
    answering: AnsweringChange | None = None
    staff: bool | None = None
    """Set apart for our own people: offers go out here, nobody who writes here is a client."""


class Readdress(Body):
    keep_days: int = Field(default=7, ge=0, le=90)


class LinkQuery(Query):
    label: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")


class Link(TypedDict):
    url: str


class EnvelopeQuery(Query):
    state: Literal["waiting", "opened", "ignored", "set_aside"] = "set_aside"
    cursor: str | None = Field(default=None, max_length=30)
    limit: int = Field(default=50, ge=1, le=200)


@route("GET", "/channels", answer=Channels, needs="member.read")
async def list_channels(call: Call) -> Channels:
    """Every network there is, as it presents itself."""
    return {"items": [_channel(name) for name in channels.names()]}


def _channel(name: str) -> dict[str, Any]:
    return {"name": name, **asdict(channels.about(name)), "secrets": sorted(channels.load(name).secrets)}


class Typed(Body):
    settings: dict[str, str] = Field(max_length=60)


class Suggested(TypedDict):
    """Settings that follow from what was typed, and a code of the channel's that says how they were found."""

    settings: dict[str, str]
    code: str


@route("POST", "/channels/{name}/suggest", answer=Suggested, body=Typed, needs=EDIT)
async def suggest_settings(call: Call, body: Typed) -> Suggested:
    """What a channel makes of the settings typed so far; nothing is kept."""
    if call.path("name") not in channels.names():
        raise Refusal("not_found", 404)
    typed = {key: value[:1000] for key, value in body.settings.items()}
    found, code = await channels.load(call.path("name")).suggest(typed)
    return {"settings": dict(found), "code": code}


@route("GET", "/sources", answer=shapes.Sources, needs="member.read")
async def list_sources(call: Call) -> shapes.Sources:
    """Connected accounts; those who may not see them get their names only."""
    items = await sources_of(call.gateway, None)
    if not call.account.may(READ):
        items = [_name_only(item) for item in items]
    return {"items": items}


def _name_only(item: shapes.Source) -> shapes.Source:
    return {**item, "settings": {}, "secrets": [], "hook_url": "", "health": [], "last_error": ""}


async def _one(call: Call, source_id: str) -> shapes.Source:
    found = await sources_of(call.gateway, source_id)
    if not found:
        raise Refusal("not_found", 404)
    return found[0]


@route("POST", "/sources", answer=shapes.Source, body=NewSource, needs=EDIT, status=201)
async def add_source(call: Call, body: NewSource) -> shapes.Source:
    """A new source, as a draft."""
    await _must_be_queue(call, body.queue_id)
    queue_id = body.queue_id or await _default_queue(call)
    source_id = await call.gateway.sources.create(
        body.channel, body.name.strip(), body.settings, queue_id, call.me
    )
    return await _one(call, source_id)


async def _must_be_queue(call: Call, queue_id: str | None) -> None:
    """Raise Refusal bad_request unless the queue is there; None names none."""
    known = {row.id for row in await call.gateway.database.read(team.queues)}
    if queue_id is not None and queue_id not in known:
        raise Refusal("bad_request", 422, field="queue_id")


async def _default_queue(call: Call) -> str | None:
    rows = await call.gateway.database.read(team.queues)
    return rows[0].id if rows else None


@route("GET", "/sources/{id}", answer=shapes.Source, needs=READ)
async def one_source(call: Call) -> shapes.Source:
    """A source's page."""
    return await _one(call, call.path("id"))


@route("PATCH", "/sources/{id}", answer=shapes.Source, body=SourceChange, needs=EDIT)
async def change_source(call: Call, body: SourceChange) -> shapes.Source:
    """Change a source; an empty secret keeps the old one."""
    fields = body.model_dump(exclude_unset=True)
    if "staff" in fields:
        fields["staff"] = int(bool(fields["staff"]))
    for name in ("name", "settings", "queue_id", "answering"):  # null says nothing here
        if fields.get(name, "") is None:
            del fields[name]
    for name in ("enforcement", "first_answer", "on_open_deal"):  # null is the channel's own again
        if fields.get(name, "") is None:
            fields[name] = ""
    await _must_be_queue(call, body.queue_id)
    if body.pipeline_id not in (None, *await call.gateway.database.read(setup_rows.pipelines)):
        raise Refusal("bad_request", 422, field="pipeline_id")
    await call.gateway.sources.change(call.path("id"), by=call.me, **fields)
    return await _one(call, call.path("id"))


@route("DELETE", "/sources/{id}", status=204, needs=EDIT)
async def remove_source(call: Call) -> None:
    """Disconnect a source; what was said stays."""
    await call.gateway.sources.remove(call.path("id"))


async def _must_be(call: Call) -> None:
    """Raise Refusal not_found unless the path names a source."""
    if await call.gateway.sources.find(call.path("id")) is None:
        raise Refusal("not_found", 404)


def _checks(checks: Sequence[Check]) -> list[shapes.CheckShape]:
    return [
        {"code": one.code, "ok": one.ok, "detail": one.detail, "params": dict(one.params)} for one in checks
    ]


@route("POST", "/sources/{id}/check", answer=Checks, needs=EDIT)
async def check_source(call: Call) -> Checks:
    """Look whether the account works."""
    return {"checks": _checks(await call.gateway.sources.check(call.path("id")))}


@route("POST", "/sources/{id}/connect", answer=shapes.Source, needs=EDIT)
async def connect_source(call: Call) -> shapes.Source:
    """Make the network deliver to us."""
    await call.gateway.sources.connect(call.path("id"))
    return await _one(call, call.path("id"))


@route("POST", "/sources/{id}/addresses", answer=shapes.Source, body=Readdress, needs=EDIT)
async def readdress_source(call: Call, body: Readdress) -> shapes.Source:
    """Give hooks and pages new addresses; the old ones stay good for so many days, 0 ends them now."""
    await call.gateway.sources.readdress(call.path("id"), body.keep_days, call.me)
    return await _one(call, call.path("id"))


@route("POST", "/sources/{id}/pause", answer=shapes.Source, needs=EDIT)
async def pause_source(call: Call) -> shapes.Source:
    """Take nothing in and send nothing for a while."""
    await call.gateway.sources.pause(call.path("id"))
    return await _one(call, call.path("id"))


@route("POST", "/sources/{id}/resume", answer=shapes.Source, needs=EDIT)
async def resume_source(call: Call) -> shapes.Source:
    """Into service again."""
    await call.gateway.sources.resume(call.path("id"))
    return await _one(call, call.path("id"))


@route("POST", "/sources/{id}/test", answer=shapes.TestSession, needs=EDIT, status=201)
async def start_test(call: Call) -> shapes.TestSession:
    """Begin a live test: the next message with the code is a test and nothing else."""
    await _one(call, call.path("id"))
    await call.gateway.database.write(testing.begin, call.path("id"), call.me)
    return await _test(call)


@route("GET", "/sources/{id}/test", answer=shapes.TestSession, needs=READ)
async def read_test(call: Call) -> shapes.TestSession:
    """How the live test goes."""
    return await _test(call)


async def _test(call: Call) -> shapes.TestSession:
    found = await test_shape(call.gateway, call.path("id"))
    if found is None:
        raise Refusal("not_found", 404)
    if found["message_at"] is not None:
        decision = await dry_run(call.gateway, call.path("id"))
        record = {**decision.to_json(), "at": call.now}
        found["would_get"] = (await _decisions(call, [record]))[0]
    return found


@route("DELETE", "/sources/{id}/test", status=204, needs=EDIT)
async def end_test(call: Call) -> None:
    """End the live test."""
    await _must_be(call)
    await call.gateway.database.write(testing.end, call.path("id"))


@route("GET", "/sources/{id}/envelopes", answer=shapes.Envelopes, query=EnvelopeQuery, needs=REPLAY)
async def envelopes(call: Call, query: EnvelopeQuery) -> shapes.Envelopes:
    """A source's events of one state, newest first."""
    await _must_be(call)
    before = (
        int(query.cursor)
        if query.cursor is not None and query.cursor.isascii() and query.cursor.isdigit()
        else None
    )
    rows = await call.gateway.database.read(
        waiting.listed, call.path("id"), STATES[query.state], before, query.limit + 1
    )
    kept = rows[: query.limit]
    return {
        "items": [build.envelope(row, preview=_preview(row)) for row in kept],
        "next": str(kept[-1].id) if len(rows) > query.limit else None,
    }


def _preview(row: waiting.Stored) -> str:
    return f"{row.method} {row.path}".strip()


@route("GET", "/sources/{id}/gaps", answer=shapes.Gaps, needs=READ)
async def source_gaps(call: Call) -> shapes.Gaps:
    """What the provider numbered and never handed over, newest first; what it still keeps is asked for by itself."""
    await _must_be(call)
    found = await call.gateway.database.read(gaps.gaps, call.path("id"))
    return {
        "count": sum(one.count for one in found),
        "spans": [build.gap(one) for one in reversed(found)][:MOST_GAPS],
    }


@route("GET", "/sources/{id}/link", answer=Link, query=LinkQuery, needs=READ)
async def labelled_link(call: Call, query: LinkQuery) -> Link:
    """An address by which a client comes with a label, which becomes the campaign; "" where the network has none."""
    await _must_be(call)
    channel = await call.gateway.sources.channel(call.path("id"))
    return {"url": channel.campaign_link(query.label)}


@route("GET", "/envelopes/{id}", answer=shapes.EnvelopeShape, needs=REPLAY)
async def envelope(call: Call) -> shapes.EnvelopeShape:
    """One event."""
    row = await call.gateway.database.read(waiting.find, call.number("id"))
    if row is None:
        raise Refusal("not_found", 404)
    return build.envelope(row, preview=_preview(row))


@route("GET", "/envelopes/{id}/raw", answer=shapes.RawEnvelope, needs=REPLAY)
async def raw_envelope(call: Call) -> shapes.RawEnvelope:
    """An event as it came, secrets blanked."""
    return await raw(call, call.number("id"), whole=call.account.everywhere("conversation.read"))


@route("POST", "/envelopes/{id}/replay", answer=shapes.Replayed, needs=REPLAY)
async def replay_envelope(call: Call) -> shapes.Replayed:
    """Try one set-aside event again."""
    return _replayed(await replay.replay_one(call.gateway, call.number("id")))


@route("POST", "/sources/{id}/replay", answer=shapes.Replayed, needs=REPLAY)
async def replay_source(call: Call) -> shapes.Replayed:
    """Try all set-aside events of a source again."""
    await _must_be(call)
    return _replayed(await replay.replay_source(call.gateway, call.path("id")))


def _replayed(numbers: tuple[int, int, int]) -> shapes.Replayed:
    return {"replayed": numbers[0], "opened": numbers[1], "set_aside": numbers[2]}
