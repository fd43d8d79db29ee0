"""How are the demonstration's clients played from a page? Routes that exist only while there is a demonstration."""

from __future__ import annotations

from typing import Final, Literal, get_args

from pydantic import Field

from channels.fakes import Act, Doing, Fault
from gateway import clock
from gateway.api import shapes
from gateway.api.build import source_ref
from gateway.api.handlers.people import own_url
from gateway.api.layer import Body, Call, route
from gateway.demo import picture
from gateway.demo.stage import STAGES, Stage, set_up
from gateway.refusals import Refusal
from gateway.sealer import signer_of
from routing.times import MINUTE
from storage import demo

NEEDS = "member.read"
DOINGS = frozenset(get_args(Doing))
FAULTS = frozenset(get_args(Fault))
LINES: Final = 20
"""So many of the last are shown on a client's screen."""


class DemoAct(Body):
    source_id: str
    client: str
    doing: str = "text"
    text: str = Field(default="", max_length=4000)
    seconds_ago: float = Field(default=0, ge=0, le=60 * 86400)
    member: str = Field(default="100", max_length=20)
    """Extension of who is rung or answers."""


class DemoFault(Body):
    source_id: str
    fault: str
    times: int = Field(default=1, ge=0, le=100)
    after: float | None = Field(default=None, ge=0, le=3600)


class DemoClock(Body):
    minutes: int = Field(ge=0, le=60 * 24 * 30)


class Nothing(Body):
    seed: Literal["standard"] = "standard"


def _stage(call: Call) -> Stage:
    found = STAGES.get(id(call.gateway.database))
    if found is None:
        raise Refusal("not_found", 404)
    return found


def _demo(call: Call, stage: Stage) -> shapes.Demo:
    phones: list[shapes.DemoPhone] = []
    for source_id, fake in stage.fakes.items():
        for ref, client in stage.clients.items():
            phones.append(
                {
                    "source": source_ref(call.gateway, source_id), "client": ref, "name": client.name,
                    "doings": list(fake.doings), "faults": list(fake.faults),
                    "seen": _lines(stage, source_id, ref)[-LINES:],
                }
            )  # fmt: skip
    return {
        "active": True, "clients": [{"id": ref, "name": one.name} for ref, one in stage.clients.items()],
        "phones": phones, "clock_offset": clock.turn(0),
    }  # fmt: skip


def _lines(stage: Stage, source_id: str, ref: str) -> list[shapes.DemoLine]:
    """What stands on a client's screen: what they did and what reached them, in the order in which it happened."""
    lines: list[tuple[int, shapes.DemoLine]] = [
        (one.n, {"from_client": False, "text": one.text, "doing": "", "at": 0, "files": list(one.files)})
        for one in stage.fakes[source_id].arrived
        if one.to == ref
    ]
    lines += (
        (
            seen,
            {
                "from_client": True,
                "text": act.text or act.fields.get("message", ""),
                "doing": act.doing,
                "at": 0,
                "files": [],
            },
        )
        for seen, act in stage.said.get(source_id, ())
        if act.client.ref == ref
    )
    return [line for _, line in sorted(lines, key=lambda one: one[0])]


@route("GET", "/demo", answer=shapes.Demo, needs=NEEDS)
async def demo_state(call: Call) -> shapes.Demo:
    """The made-up clients and what reached them."""
    return _demo(call, _stage(call))


@route("POST", "/demo", answer=shapes.Demo, body=Nothing, needs="demo.run")
async def load_demo(call: Call, body: Nothing) -> shapes.Demo:
    """Load demonstration data into an installation that has no sources yet."""
    if id(call.gateway.database) not in STAGES:
        if any(not live.row.demo for live in call.gateway.sources.all()):
            raise Refusal("not_now", reason="has_sources")
        await set_up(call.gateway, own_url(call))
    return _demo(call, _stage(call))


@route("POST", "/demo/act", answer=shapes.DemoActed, body=DemoAct, needs="demo.run")
async def demo_act(call: Call, body: DemoAct) -> shapes.DemoActed:
    """A client does something."""
    stage = _stage(call)
    fake, client = stage.fakes.get(body.source_id), stage.clients.get(body.client)
    if fake is None or client is None or body.doing not in fake.doings:
        raise Refusal("bad_request", 422, field="doing")
    act = Act(
        client=client,
        doing=body.doing,
        text=body.text,
        seconds_ago=body.seconds_ago - clock.turn(0) / 1_000_000,
        file=picture.niche() if body.doing == "photo" else b"demo",
        fields={"message": body.text} if body.doing == "form" else {},
        member=body.member,
    )
    done = await stage.act(body.source_id, act)
    return {"status": done.status, "body": done.body[:2000], "event": done.event}


@route("POST", "/demo/fault", answer=shapes.Demo, body=DemoFault, needs="demo.run")
async def demo_fault(call: Call, body: DemoFault) -> shapes.Demo:
    """The next sends meet a fault."""
    stage = _stage(call)
    fake = stage.fakes.get(body.source_id)
    if fake is None or body.fault not in fake.faults:
        raise Refusal("bad_request", 422, field="fault")
    fake.fail(body.fault, body.times, after=body.after)
    return _demo(call, stage)


@route("POST", "/demo/clock", answer=shapes.Demo, body=DemoClock, needs="demo.run")
async def demo_clock(call: Call, body: DemoClock) -> shapes.Demo:
    """Turn the clock ahead."""
    stage = _stage(call)
    clock.turn(body.minutes * MINUTE)
    call.gateway.bells.ring_all()
    return _demo(call, stage)


@route("DELETE", "/demo", status=204, needs="demo.run")
async def clear_demo(call: Call) -> None:
    """Take the demonstration away; the administrator stays."""
    stage = STAGES.pop(id(call.gateway.database), None)
    if stage is None:
        raise Refusal("not_found", 404)
    clock.turn(-clock.turn(0))
    await stage.close()
    await call.gateway.database.write(demo.wipe, call.me, await signer_of(call.gateway))
    await call.gateway.sources.look()
