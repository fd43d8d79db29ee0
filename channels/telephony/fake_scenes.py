"""What happens in a call, and how do systems tell it?

A scene is a list of steps, the same for every system; a writer tells it as one system does. The orders of
events are those of the official traces (Mango Office API v1.10, p.46-56).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

What: TypeAlias = Literal["ringing", "answered", "held", "leg_ended", "ended", "recording", "result"]
Way: TypeAlias = Literal["in", "out", "internal", "own"]
"""`own`: the employee's own leg of a click-to-call."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing that the system tells; `at` is seconds after the call began."""

    at: int
    what: What
    leg: str = "1"
    seq: int = 1
    way: Way = "in"
    member: str = ""
    """"" in a menu."""
    peer: str = ""
    """The second employee of an internal leg."""
    taken_from: str = ""
    reason: int = 1100
    talked_at: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """Whose call it is."""

    id: str
    client: str
    """Digits without plus; "" is a hidden number."""
    line: str = "74951234567"
    began: int
    """Unix seconds."""
    command: str = ""


Scene: TypeAlias = Sequence[Step]


def menu(until: int = 4) -> list[Step]:
    """The greeting that every incoming call hears first."""
    return [Step(at=0, what="ringing", leg="ivr"), Step(at=until, what="leg_ended", leg="ivr", seq=2)]


def missed(member: str, *, rings: int = 20, reason: int = 1111) -> list[Step]:
    """Nobody takes it."""
    return [
        *menu(),
        Step(at=4, what="ringing", member=member),
        Step(at=4 + rings, what="leg_ended", seq=2, member=member, reason=reason),
        Step(at=4 + rings, what="ended", member=member, reason=reason),
    ]


def busy(member: str) -> list[Step]:
    """The employee is on another call."""
    return missed(member, rings=1, reason=1121)


def rings(members: Sequence[str]) -> list[Step]:
    """These telephones ring."""
    return [Step(at=0, what="ringing", leg=f"g{one}", member=one) for one in members]


def taken(members: Sequence[str], winner: str, at: int) -> list[Step]:
    """One of those that ring takes it; the others' telephones stop."""
    steps = [Step(at=at, what="answered", leg=f"g{winner}", seq=2, member=winner)]
    return steps + [
        Step(at=at, what="leg_ended", leg=f"g{one}", seq=2, member=one, reason=1110)
        for one in members
        if one != winner
    ]


def ends(members: Sequence[str], winner: str, talked_at: int, at: int) -> list[Step]:
    """The talk is over, or the client gives up ringing when nobody took it (`winner` is "")."""
    still = [winner] if winner else list(members)
    steps = [
        Step(at=at, what="leg_ended", leg=f"g{one}", seq=3, member=one, reason=1110 if winner else 1111)
        for one in still
    ]
    told = talked_at if winner else None
    return [*steps, Step(at=at, what="ended", member=winner or still[0], talked_at=told, reason=1110)]


def in_menu() -> list[Step]:
    """The client hangs up in the menu."""
    return [*menu(until=9), Step(at=9, what="ended", reason=1170)]


def answered(member: str, *, talk: int = 40, recorded: bool = True) -> list[Step]:
    """The employee takes it; the recording is there some seconds after."""
    steps = [
        *menu(),
        Step(at=4, what="ringing", member=member),
        Step(at=12, what="answered", seq=2, member=member),
        Step(at=12 + talk, what="leg_ended", seq=3, member=member, reason=1120),
        Step(at=12 + talk, what="ended", member=member, talked_at=12, reason=1120),
    ]
    return [*steps, Step(at=14 + talk, what="recording", member=member)] if recorded else steps


def group(members: Sequence[str], winner: str) -> list[Step]:
    """All ring at once, one takes it, the others' telephones stop."""
    steps = [*menu(), *(Step(at=4, what="ringing", leg=f"g{one}", member=one) for one in members)]
    steps.append(Step(at=10, what="answered", leg=f"g{winner}", seq=2, member=winner))
    steps += [
        Step(at=10, what="leg_ended", leg=f"g{one}", seq=2, member=one, reason=1110)
        for one in members
        if one != winner
    ]
    return [
        *steps,
        Step(at=50, what="leg_ended", leg=f"g{winner}", seq=3, member=winner, reason=1120),
        Step(at=50, what="ended", member=winner, talked_at=10, reason=1120),
    ]


def transferred(first: str, second: str) -> list[Step]:
    """With a consultation: the second employee's leg begins between employees and becomes the client's
    (p.51-53)."""
    return [
        Step(at=0, what="ringing", member=first),
        Step(at=7, what="answered", seq=2, member=first),
        Step(at=17, what="held", seq=3, member=first),
        Step(at=18, what="ringing", leg="2", way="internal", member=first, peer=second),
        Step(at=27, what="answered", leg="2", seq=2, way="internal", member=first, peer=second),
        # The document's own trace: this end is told later and with an older time.
        Step(at=17, what="leg_ended", seq=4, member=first, reason=1120),
        Step(at=27, what="answered", leg="2", seq=3, member=second, taken_from="1"),
        Step(at=37, what="leg_ended", leg="2", seq=4, member=second, taken_from="1", reason=1110),
        Step(at=37, what="ended", member=second, talked_at=7, reason=1110),
    ]


def outgoing(member: str, *, taken: bool = True) -> list[Step]:
    """The employee dials."""
    middle = [Step(at=12, what="answered", seq=2, way="out", member=member)] if taken else []
    end = 32 if taken else 25
    return [
        Step(at=0, what="ringing", way="out", member=member),
        *middle,
        Step(at=end, what="leg_ended", seq=len(middle) + 2, way="out", member=member, reason=1120),
        Step(at=end, what="ended", way="out", member=member, talked_at=12 if taken else None),
    ]


def click_to_call(member: str, *, taken: bool = True) -> list[Step]:
    """The employee's telephone rings first and is taken up; only then the client's is rung (p.47-48)."""
    middle = [Step(at=15, what="answered", leg="2", seq=2, way="out", member=member)] if taken else []
    end = 45 if taken else 18
    return [
        Step(at=0, what="result"),
        Step(at=1, what="ringing", way="own", member=member),
        Step(at=3, what="answered", seq=2, way="own", member=member),
        Step(at=5, what="leg_ended", seq=3, way="own", member=member, reason=1000),
        Step(at=6, what="ringing", leg="2", way="out", member=member, taken_from="1"),
        *middle,
        Step(at=end, what="leg_ended", leg="2", seq=len(middle) + 2, way="out", member=member, reason=1124),
        Step(at=end, what="ended", way="out", member=member, talked_at=15 if taken else None),
    ]


def lasts(scene: Scene) -> int:
    """Seconds from its beginning to the last thing told."""
    return max(step.at for step in scene)


@dataclass(frozen=True, slots=True)
class Telling:
    """One request: where it goes after the hook's address, and what it says."""

    path: str
    says: dict[str, Any] = field(default_factory=dict)


STATES = {"ringing": "Appeared", "answered": "Connected", "held": "OnHold", "leg_ended": "Disconnected"}


def by_mango(call: Call, scene: Scene) -> list[Telling]:
    """As Mango Office tells it."""
    return [_mango(call, step) for step in scene]


def _mango(call: Call, step: Step) -> Telling:
    match step.what:
        case "result":
            return Telling("result/callback", {"command_id": call.command, "result": "1000"})
        case "ended":
            return Telling("events/summary", _mango_summary(call, step))
        case "recording":
            says = {
                "recording_id": f"r{call.id}", "recording_state": "Completed", "seq": 2, "entry_id": call.id,
                "call_id": f"{call.id}:{step.leg}", "extension": step.member, "timestamp": call.began + step.at,
                "completion_code": 1000, "recipient": "Cloud",
            }  # fmt: skip
            return Telling("events/recording", says)
    says = {
        "entry_id": call.id, "call_id": f"{call.id}:{step.leg}", "timestamp": call.began + step.at, "seq": step.seq,
        "call_state": STATES[step.what], "location": "ivr" if step.leg == "ivr" else "abonent",
        **_mango_sides(call, step),
    }  # fmt: skip
    if step.what == "leg_ended":
        says["disconnect_reason"] = step.reason
    if call.command:
        says |= {"command_id": call.command, "callback_initiator": "API"}
    return Telling("events/call", says)


def _mango_sides(call: Call, step: Step) -> dict[str, Any]:
    client = {"number": call.client} if call.client else {}
    taken = {"taken_from_call_id": f"{call.id}:{step.taken_from}"} if step.taken_from else {}
    ours = {"extension": step.member, "number": f"sip:user{step.member}@firma.mangosip.ru"}
    match step.way:
        case "out":
            return {"from": {**ours, **taken}, "to": client}
        case "own":
            return {"from": client, "to": ours}
        case "internal":
            peer = {"extension": step.peer, "number": f"sip:user{step.peer}@firma.mangosip.ru"}
            return {"from": ours, "to": peer}
    called = ours if step.member else {"number": call.line}
    return {"from": {**client, **taken}, "to": {**called, "line_number": call.line}}


def _mango_summary(call: Call, step: Step) -> dict[str, Any]:
    outward = step.way == "out"
    ours = (
        {"extension": step.member, "number": f"sip:user{step.member}@firma.mangosip.ru"}
        if step.member
        else {}
    )
    client = {"number": call.client} if call.client else {}
    talked = 0 if step.talked_at is None else call.began + step.talked_at
    return {
        "entry_id": call.id, "call_direction": 2 if outward else 1, "from": ours if outward else client,
        "to": client if outward else ours, "line_number": call.line, "create_time": call.began,
        "forward_time": call.began, "talk_time": talked, "end_time": call.began + step.at,
        "entry_result": int(step.talked_at is not None), "disconnect_reason": step.reason,
    }  # fmt: skip


def mango_row(call: Call, scene: Scene) -> str:
    """The call as a line of the statistics (p.39-40)."""
    end = next(step for step in scene if step.what == "ended")
    answer = call.began + end.talked_at if end.talked_at is not None else 0
    sides = (end.member, "", "", call.client) if end.way == "out" else ("", call.client, end.member, "")
    told = (
        "[]", call.began, call.began + end.at, answer, *sides, end.reason, call.line, "abonent", call.id,
    )  # fmt: skip
    return ";".join(map(str, told)) + "\n"


EVENTS = {
    "ringing": "ringing",
    "answered": "answered",
    "held": "held",
    "leg_ended": "leg_ended",
    "ended": "finished",
}


def by_contract(call: Call, scene: Scene, records: str) -> list[Telling]:
    """As our own published contract has it; `records` is where recordings lie."""
    return [_contract(call, step, records) for step in scene if step.what != "result"]


def _contract(call: Call, step: Step, records: str) -> Telling:
    if step.what == "recording":
        says: dict[str, Any] = {"cmd": "record", "callid": call.id, "record_link": f"{records}/{call.id}"}
        return Telling("", says)
    way = "out" if step.way == "own" else step.way
    says = {
        "cmd": "event", "type": way, "event": EVENTS[step.what], "callid": call.id, "legid": step.leg,
        "seq": step.seq, "ts": call.began + step.at, "did": call.line, "phone": "" if way == "internal" else call.client,
        "ext": step.peer or step.member,
    }  # fmt: skip
    if step.way == "own":
        says["own_leg"] = True
    if step.what == "ended":
        del says["legid"], says["seq"]
        says |= {"status": "Missed" if step.talked_at is None else "Success", "start": call.began}
        says["talk"] = 0 if step.talked_at is None else step.at - step.talked_at
    return Telling("", says)
