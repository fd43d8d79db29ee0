"""How does an unknown telephone system's event become a fact? By a mapping, which is data: no code, no
expressions.

value   "dotted.path" | {"const": x} | {"path": p, "map": {…}, "else": x, "as": converter} | {"first_of": […]}
        | {"when": [{"if": condition, "then": value}]}
condition  {"all": […]} | {"any": […]} | {"not": …} | {"field": path,
"eq"|"in"|"prefix"|"gt"|"exists"|"len_lt": x} converter  text lower digits phone ext bool url ts ts_s ts_ms
ts_us dur_s dur_ms dur_us
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any, Literal, TypeAlias, cast

import orjson

from channels.telephony.converters import CONVERTERS, Convert, Reading, as_number
from channels.telephony.document import Document, find

LARGEST = 64 * 1024
MOST_RULES = 64
DEEPEST = 12
Emit: TypeAlias = Literal["ringing", "answered", "leg_ended", "call_ended", "recording", "ignore"]
EMITS: tuple[Emit, ...] = ("ringing", "answered", "leg_ended", "call_ended", "recording", "ignore")
FIELDS = frozenset(
    {
        "call_id", "leg_id", "seq", "ts", "direction", "client", "line", "ext", "own_leg", "talk", "started",
        "answered_at", "ended", "outcome", "recording", "name", "campaign",
    }
)  # fmt: skip
DEFAULTS: Mapping[str, str] = {
    "client": "phone", "line": "phone", "ext": "ext", "ts": "ts", "started": "ts", "answered_at": "ts",
    "ended": "ts", "talk": "dur_s", "recording": "url", "own_leg": "bool", "direction": "lower",
    "outcome": "lower",
}  # fmt: skip
"""How a field's value is converted when the mapping does not say."""


class BadMapping(ValueError):
    """The mapping cannot be used; `where` is the place in it."""

    def __init__(self, code: str, where: str = "") -> None:
        super().__init__(f"{code} {where}".strip())
        self.code = code
        self.where = where


Value: TypeAlias = Callable[[Document, Reading], str]
Condition: TypeAlias = Callable[[Document], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What one kind of event becomes."""

    condition: Condition
    emit: Emit
    fields: Mapping[str, Value]


@dataclass(frozen=True, kw_only=True, slots=True)
class Handshake:
    """A request that is answered and not kept: a value of it, or of a header, is echoed, or a fixed body
    given."""

    condition: Condition
    echo_query: str = ""
    echo_header: str = ""
    body: Any = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Routing:
    """The question "whom to ring?"."""

    condition: Condition
    keep: bool
    client: Value
    line: Value
    answer: Any
    empty: Any
    blocked: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A whole mapping, ready to be used."""

    rules: tuple[Rule, ...]
    utm: Mapping[str, Value]
    handshakes: tuple[Handshake, ...]
    routing: Routing | None
    embedded: tuple[str, ...]
    zone: tzinfo
    reply: Any
    reply_type: str
    least_talk: int
    name: str = ""


@lru_cache(maxsize=64)
def read_plan(written: str) -> Plan:
    """The mapping in a setting. Raises BadMapping."""
    try:
        raw = orjson.loads(written)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        raise BadMapping("mapping_not_json") from None
    if len(written) > LARGEST:
        raise BadMapping("mapping_too_large")
    told = _object(raw, "")
    plan = _plan(told)
    _sound(plan)
    return plan


def _plan(told: Mapping[str, Any]) -> Plan:
    _only(told, "", "name version tz transport handshake reply events fields utm routing missed")
    shared = _fields(told.get("fields", {}), "fields")
    events = _list(told.get("events"), "events")
    if not 1 <= len(events) <= MOST_RULES:
        raise BadMapping("mapping_no_events", "events")
    reply = _object(told.get("reply", {}), "reply")
    _only(reply, "reply", "body content_type")
    transport = _object(told.get("transport", {}), "transport")
    _only(transport, "transport", "embedded_json")
    utm = _object(told.get("utm", {}), "utm")
    missed = _object(told.get("missed", {}), "missed")
    return Plan(
        rules=tuple(_rule(one, f"events.{place}", shared) for place, one in enumerate(events)),
        utm={name: _value(one, f"utm.{name}", "text") for name, one in utm.items()},
        handshakes=tuple(
            _handshake(one, f"handshake.{place}")
            for place, one in enumerate(_list(told.get("handshake", []), "handshake"))
        ),
        routing=_routing(told["routing"]) if "routing" in told else None,
        embedded=tuple(map(str, _list(transport.get("embedded_json", []), "transport.embedded_json"))),
        zone=_zone(str(told.get("tz", "+00:00"))),
        reply=reply.get("body"),
        reply_type=str(reply.get("content_type", "application/json" if "body" in reply else "text/plain")),
        least_talk=_number(missed.get("min_talk_s", 0), "missed.min_talk_s"),
        name=str(told.get("name", ""))[:100],
    )


def _sound(plan: Plan) -> None:
    """No facts without a call, no call without an end and a client."""
    speaking = [rule for rule in plan.rules if rule.emit != "ignore"]
    if not all("call_id" in rule.fields for rule in speaking) or not speaking:
        raise BadMapping("mapping_no_call_id", "fields.call_id")
    if not any("client" in rule.fields for rule in speaking):
        raise BadMapping("mapping_no_client", "fields.client")
    if not any(rule.emit in ("leg_ended", "call_ended") for rule in speaking):
        raise BadMapping("mapping_no_end", "events")


def _rule(raw: Any, where: str, shared: Mapping[str, Value]) -> Rule:
    told = _object(raw, where)
    _only(told, where, "if emit fields")
    if told.get("emit") not in EMITS:
        raise BadMapping("mapping_bad_emit", f"{where}.emit")
    own = _fields(told.get("fields", {}), f"{where}.fields")
    return Rule(
        condition=_condition(told.get("if"), f"{where}.if"),
        emit=cast(Emit, told["emit"]),
        fields={**shared, **own},
    )


def _fields(raw: Any, where: str) -> dict[str, Value]:
    told = _object(raw, where)
    _only(told, where, " ".join(FIELDS))
    return {name: _value(one, f"{where}.{name}", DEFAULTS.get(name, "text")) for name, one in told.items()}


def _handshake(raw: Any, where: str) -> Handshake:
    told = _object(raw, where)
    _only(told, where, "if reply echo_query echo_header")
    return Handshake(
        condition=_condition(told.get("if"), f"{where}.if"),
        echo_query=str(told.get("echo_query", "")),
        echo_header=str(told.get("echo_header", "")).lower(),
        body=told.get("reply"),
    )


def _routing(raw: Any) -> Routing:
    told = _object(raw, "routing")
    _only(told, "routing", "match keep from line answer empty blocked")
    if "answer" not in told or "empty" not in told:
        raise BadMapping("mapping_no_answer", "routing")
    return Routing(
        condition=_condition(told.get("match"), "routing.match"),
        keep=bool(told.get("keep", False)),
        client=_value(told.get("from"), "routing.from", "phone"),
        line=_value(told.get("line", {"const": ""}), "routing.line", "phone"),
        answer=told["answer"],
        empty=told["empty"],
        blocked=told.get("blocked", told["empty"]),
    )


def _value(raw: Any, where: str, convert: str, depth: int = 0) -> Value:
    """A value's reader; `convert` is how its text is taken when it does not say itself."""
    if depth > DEEPEST:
        raise BadMapping("mapping_too_deep", where)
    if isinstance(raw, str):
        return _converted(lambda document: find(document, raw), _converter(convert, where))
    told = _object(raw, where)
    match told:
        case {"const": constant, **rest} if not rest:
            fixed = _converter(convert, where)
            return lambda _, reading: fixed(str(constant), reading)
        case {"first_of": options, **rest} if not rest:
            several = [
                _value(one, f"{where}.first_of.{place}", convert, depth + 1)
                for place, one in enumerate(_list(options, where))
            ]
            return lambda document, reading: next(
                (found for one in several if (found := one(document, reading))), ""
            )
        case {"when": cases, **rest} if not rest:
            return _when(_list(cases, where), where, convert, depth)
        case {"path": str(path)}:
            return _path(told, path, where, convert)
    raise BadMapping("mapping_bad_value", where)


def _when(cases: list[Any], where: str, convert: str, depth: int) -> Value:
    branches = []
    for place, raw in enumerate(cases):
        told = _object(raw, f"{where}.when.{place}")
        _only(told, where, "if then")
        condition = _condition(told.get("if"), f"{where}.when.{place}.if")
        branches.append(
            (condition, _value(told.get("then"), f"{where}.when.{place}.then", convert, depth + 1))
        )
    return lambda document, reading: next(
        (value(document, reading) for condition, value in branches if condition(document)), ""
    )


def _path(told: Mapping[str, Any], path: str, where: str, convert: str) -> Value:
    _only(told, where, "path map else as")
    converter = _converter(str(told.get("as", convert)), where)
    table = {str(name).casefold(): str(value) for name, value in _object(told.get("map", {}), where).items()}
    other = str(told["else"]) if "else" in told else None

    def read(document: Document) -> str:
        found = find(document, path)
        if not table:
            return found or (other or "")
        return table.get(found.casefold(), found if other is None else other)

    return _converted(read, converter)


def _converted(read: Callable[[Document], str], convert: Convert) -> Value:
    def value(document: Document, reading: Reading) -> str:
        found = read(document)
        return convert(found, reading) if found else ""

    return value


def _condition(raw: Any, where: str, depth: int = 0) -> Condition:
    told = _object(raw, where)
    if depth > DEEPEST:
        raise BadMapping("mapping_too_deep", where)
    for word, judge in (("all", all), ("any", any)):
        if word in told:
            _only(told, where, word)
            inner = [_condition(one, f"{where}.{word}", depth + 1) for one in _list(told[word], where)]
            return lambda document, inner=inner, judge=judge: judge(one(document) for one in inner)  # type: ignore[misc]
    if "not" in told:
        _only(told, where, "not")
        denied = _condition(told["not"], f"{where}.not", depth + 1)
        return lambda document: not denied(document)
    return _comparison(told, where)


def _comparison(told: Mapping[str, Any], where: str) -> Condition:
    _only(told, where, "field eq in prefix gt exists len_lt")
    path = told.get("field")
    if not isinstance(path, str) or len(told) != 2:
        raise BadMapping("mapping_bad_condition", where)
    match told:
        case {"eq": wanted}:
            same = str(wanted).casefold()
            return lambda document: find(document, path).casefold() == same
        case {"in": wanted}:
            known = {str(one).casefold() for one in _list(wanted, where)}
            return lambda document: find(document, path).casefold() in known
        case {"prefix": wanted}:
            start = str(wanted).casefold()
            return lambda document: find(document, path).casefold().startswith(start)
        case {"exists": wanted}:
            return lambda document: bool(find(document, path)) is bool(wanted)
        case {"gt": wanted}:
            least = _number(wanted, where)
            return lambda document: as_number(find(document, path)) > least
    most = _number(told["len_lt"], where)
    return lambda document: len(find(document, path)) < most


def _object(raw: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise BadMapping("mapping_no_object", where)
    return cast(Mapping[str, Any], raw)


def _list(raw: Any, where: str) -> list[Any]:
    if not isinstance(raw, list):
        raise BadMapping("mapping_no_list", where)
    return raw


def _number(raw: Any, where: str) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise BadMapping("mapping_no_number", where)
    return raw


def _only(told: Mapping[str, Any], where: str, allowed: str) -> None:
    """A misspelt word must not be passed over: it would change what the mapping means."""
    for name in told:
        if name not in allowed.split():
            raise BadMapping("mapping_unknown_word", f"{where}.{name}".strip("."))


def _zone(written: str) -> tzinfo:
    found = re.fullmatch(r"([+-])(\d{2}):(\d{2})", written, re.ASCII)
    if found is None or int(found[2]) > 14:
        raise BadMapping("mapping_bad_zone", "tz")
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-offset if found[1] == "-" else offset)


def _converter(name: str, where: str) -> Convert:
    try:
        return CONVERTERS[name]
    except KeyError:
        raise BadMapping("mapping_bad_converter", where) from None
