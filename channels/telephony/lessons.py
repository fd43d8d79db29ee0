"""What was an unknown telephone system's event taught to mean, and which mapping does that come to?

Lessons say in plain words what a mapping says in its grammar: `fields`, path -> what the value is, and `meanings`, path ->
value -> what that value means. They stand in the mapping they made, under `wizard`, so that they can be gone on with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from channels.about import Choice, Text
from channels.telephony.mapping import LARGEST
from channels.telephony.values import BadMapping

TARGETS: Final = (
    Choice(value="call_id", label=Text(ru="Номер звонка в системе", en="The call's id")),
    Choice(value="leg_id", label=Text(ru="Номер линии внутри звонка", en="The leg's id")),
    Choice(value="event", label=Text(ru="Что случилось", en="What happened")),
    Choice(value="client", label=Text(ru="Телефон клиента", en="The client's number")),
    Choice(value="caller", label=Text(ru="Кто звонит", en="Who calls")),
    Choice(value="callee", label=Text(ru="Кому звонят", en="Who is called")),
    Choice(value="line", label=Text(ru="Наш номер, на который звонят", en="Our number that was called")),
    Choice(value="ext", label=Text(ru="Добавочный сотрудника", en="The employee's extension")),
    Choice(value="direction", label=Text(ru="Направление звонка", en="The call's direction")),
    Choice(value="outcome", label=Text(ru="Чем кончилось", en="How it ended")),
    Choice(value="talk", label=Text(ru="Разговор, секунд", en="Talk, seconds")),
    Choice(value="talk_ms", label=Text(ru="Разговор, миллисекунд", en="Talk, milliseconds")),
    Choice(value="talk_us", label=Text(ru="Разговор, микросекунд", en="Talk, microseconds")),
    Choice(value="ts", label=Text(ru="Время события", en="Time of the event")),
    Choice(value="seq", label=Text(ru="Порядковый номер события", en="Number of the event")),
    Choice(value="recording", label=Text(ru="Адрес записи", en="Address of the recording")),
    Choice(value="name", label=Text(ru="Имя клиента", en="The client's name")),
)
EVENTS: Final = (
    Choice(value="ringing", label=Text(ru="телефон звонит", en="it rings")),
    Choice(value="answered", label=Text(ru="ответили", en="it was answered")),
    Choice(value="call_ended", label=Text(ru="звонок закончен", en="the call is over")),
    Choice(value="leg_ended", label=Text(ru="одна из линий закончена", en="one of its legs is over")),
    Choice(value="recording", label=Text(ru="готова запись", en="a recording is there")),
    Choice(value="ignore", label=Text(ru="не важно", en="of no matter")),
)
DIRECTIONS: Final = (
    Choice(value="in", label=Text(ru="входящий", en="incoming")),
    Choice(value="out", label=Text(ru="исходящий", en="outgoing")),
    Choice(value="internal", label=Text(ru="внутренний", en="internal")),
)
OUTCOMES: Final = (
    Choice(value="answered", label=Text(ru="поговорили", en="they talked")),
    Choice(value="missed", label=Text(ru="не ответили", en="nobody answered")),
    Choice(value="blocked", label=Text(ru="заблокирован", en="blocked")),
)
MEANINGS: Final = {"event": EVENTS, "direction": DIRECTIONS, "outcome": OUTCOMES}
"""Which targets have values that mean something, and what they can mean."""
PLAIN: Final = ("call_id", "leg_id", "line", "ts", "seq", "recording", "name")
TALKS: Final = {"talk": "dur_s", "talk_ms": "dur_ms", "talk_us": "dur_us"}
SHORT: Final = 7
"""Digits below which a number is an extension."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lessons:
    """What was taught. `told` is the whole of it, the console's own notes included."""

    fields: Mapping[str, str]
    meanings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    zone: str = "+00:00"
    lines: Sequence[str] = ()
    """Our own numbers as they stand where callers do."""
    encoded: bool = False
    """Texts inside JSON are percent-encoded once more."""
    told: Mapping[str, Any] = field(default_factory=dict)

    def path(self, target: str) -> str:
        """Where this lies, "" where nobody said."""
        return next((path for path, meant in self.fields.items() if meant == target), "")

    def values(self, target: str, meaning: str) -> list[str]:
        """The values of a target that mean this."""
        told = self.meanings.get(self.path(target), {})
        return [value for value, meant in told.items() if meant == meaning]


def read_lessons(written: str) -> Lessons:
    """Raises BadMapping."""
    try:
        told = orjson.loads(written) if len(written) <= LARGEST else None
    except orjson.JSONDecodeError:
        raise BadMapping("mapping_not_json", "lessons") from None
    if not isinstance(told, dict):
        raise BadMapping("mapping_no_object", "lessons")
    fields, meanings, zone = told.get("fields", {}), told.get("meanings", {}), told.get("zone", "+00:00")
    known = {one.value for one in TARGETS}
    if not isinstance(fields, dict) or not isinstance(meanings, dict) or not isinstance(zone, str):
        raise BadMapping("mapping_no_object", "lessons")
    for path, target in fields.items():
        if target not in known:
            raise BadMapping("mapping_bad_value", path[:100])
    for path, values in meanings.items():
        allowed = {one.value for one in MEANINGS.get(fields.get(path, ""), ())}
        if not isinstance(values, dict) or (allowed and not allowed.issuperset(values.values())):
            raise BadMapping("mapping_bad_value", path[:100])
    lines = (
        [str(line)[:40] for line in told.get("lines") or ()][:20]
        if isinstance(told.get("lines"), list)
        else []
    )
    encoded = told.get("encoded") is True
    return Lessons(fields=fields, meanings=meanings, zone=zone, lines=lines, encoded=encoded, told=told)


def mapping_of(lessons: Lessons) -> dict[str, Any]:
    """The mapping, which `read_plan` judges as any other."""
    nested = sorted({path.partition(".")[0] for path in lessons.fields if "." in path})
    return {
        "name": "own",
        "tz": lessons.zone,
        "transport": {"embedded_json": nested, "encoded_values": lessons.encoded},
        "events": _events(lessons),
        "fields": _fields(lessons),
        "wizard": lessons.told,
    }


def _events(lessons: Lessons) -> list[dict[str, Any]]:
    """A rule for each value that means something; without any, a request is a whole call."""
    path, call = lessons.path("event"), lessons.path("call_id")
    told = lessons.meanings.get(path, {})
    if not path:
        return [{"if": {"field": call, "exists": True}, "emit": "call_ended"}] if call else []
    by_meaning: dict[str, list[str]] = {}
    for value, meaning in told.items():
        by_meaning.setdefault(meaning, []).append(value)
    return [{"if": {"field": path, "in": values}, "emit": meaning} for meaning, values in by_meaning.items()]


def _fields(lessons: Lessons) -> dict[str, Any]:
    found: dict[str, Any] = {name: lessons.path(name) for name in PLAIN if lessons.path(name)}
    for target, converter in TALKS.items():
        if path := lessons.path(target):
            found["talk"] = {"path": path, "as": converter}
    found["direction"] = _direction(lessons)
    if client := _side(lessons, "client", ("caller", "callee"), "phone"):
        found["client"] = client
    if ext := _side(lessons, "ext", ("callee", "caller"), "ext"):
        found["ext"] = ext
    if "line" not in found and lessons.path("callee"):
        found["line"] = {
            "when": [{"if": {"not": {"any": _outgoing(lessons)}}, "then": lessons.path("callee")}]
        }
    if path := lessons.path("outcome"):
        found["outcome"] = {"path": path, "map": dict(lessons.meanings.get(path, {}))}
    return found


def _direction(lessons: Lessons) -> Any:
    if path := lessons.path("direction"):
        return {"path": path, "map": dict(lessons.meanings.get(path, {})), "else": "in"}
    cases = [{"if": out, "then": {"const": "out"}} for out in _outgoing(lessons)]
    return {"first_of": [{"when": cases}, {"const": "in"}]} if cases else {"const": "in"}


def _outgoing(lessons: Lessons) -> list[dict[str, Any]]:
    """How an outgoing call is told: by the field that says so, else by a caller with a short number or one of ours."""
    if path := lessons.path("direction"):
        values = lessons.values("direction", "out")
        return [{"field": path, "in": values}] if values else []
    if path := lessons.path("caller"):
        short = {"all": [{"field": path, "exists": True}, {"field": path, "len_lt": SHORT}]}
        return [short, *([{"field": path, "in": list(lessons.lines)}] if lessons.lines else [])]
    return []


def _side(lessons: Lessons, target: str, sides: Sequence[str], converter: str) -> Any:
    """The value under its own name; else that of whoever stands on this side of the call."""
    if own := lessons.path(target):
        return {"path": own, "as": converter}
    inward, outward = (lessons.path(side) for side in sides)
    cases = [{"if": out, "then": {"path": outward, "as": converter}} for out in _outgoing(lessons) if outward]
    options = [{"when": cases}] if cases else []
    if inward:
        options.append({"path": inward, "as": converter})  # type: ignore[dict-item]
    return {"first_of": options} if options else None
