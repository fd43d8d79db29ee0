"""How does an unknown telephone system's event become a fact? By a mapping, which is data.

The grammar of values and conditions stands in values.py, that of requests in requests.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from typing import Any, Literal, TypeAlias, cast

import orjson

from channels.telephony.proof import Proof, read_proof
from channels.telephony.requests import Request, read_request
from channels.telephony.values import (
    BadMapping,
    Condition,
    Value,
    a_list,
    a_number,
    an_object,
    only,
    read_condition,
    read_value,
    zone,
)

LARGEST = 64 * 1024
MOST_RULES = 64
Emit: TypeAlias = Literal["ringing", "answered", "leg_ended", "call_ended", "recording", "ignore"]
EMITS: tuple[Emit, ...] = ("ringing", "answered", "leg_ended", "call_ended", "recording", "ignore")
FIELDS = frozenset(
    {
        "call_id", "leg_id", "seq", "ts", "direction", "client", "line", "ext", "own_leg", "talk", "started",
        "answered_at", "ended", "outcome", "recording", "name", "campaign", "command",
    }
)  # fmt: skip
DEFAULTS: Mapping[str, str] = {
    "client": "phone", "line": "phone", "ext": "ext", "ts": "ts", "started": "ts", "answered_at": "ts",
    "ended": "ts", "talk": "dur_s", "recording": "url", "own_leg": "bool", "direction": "lower",
    "outcome": "lower",
}  # fmt: skip
"""How a field's value is converted when the mapping does not say."""


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
    content_type: str


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
    encoded: bool = False
    """Texts inside embedded JSON are percent-encoded once more."""
    proofs: tuple[Proof, ...] = ()
    outbound: Request | None = None
    recording: Request | None = None
    """How a recording is asked for; None: its address is the fact's own."""


@lru_cache(maxsize=64)
def read_plan(written: str) -> Plan:
    """The mapping in a setting. Raises BadMapping."""
    try:
        raw = orjson.loads(written)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        raise BadMapping("mapping_not_json") from None
    if len(written) > LARGEST:
        raise BadMapping("mapping_too_large")
    told = an_object(raw, "")
    plan = _plan(told)
    _sound(plan)
    return plan


def _plan(told: Mapping[str, Any]) -> Plan:
    only(
        told,
        "",
        "name version tz transport auth handshake reply events fields utm routing outbound recording missed wizard",
    )
    shared = _fields(told.get("fields", {}), "fields")
    events = a_list(told.get("events"), "events")
    if not 1 <= len(events) <= MOST_RULES:
        raise BadMapping("mapping_no_events", "events")
    reply = an_object(told.get("reply", {}), "reply")
    only(reply, "reply", "body content_type")
    transport = an_object(told.get("transport", {}), "transport")
    only(transport, "transport", "embedded_json encoded_values")
    utm = an_object(told.get("utm", {}), "utm")
    missed = an_object(told.get("missed", {}), "missed")
    only(missed, "missed", "min_talk_s")
    return Plan(
        rules=tuple(_rule(one, f"events.{place}", shared) for place, one in enumerate(events)),
        utm={name: read_value(one, f"utm.{name}", "text") for name, one in utm.items()},
        handshakes=tuple(
            _handshake(one, f"handshake.{place}")
            for place, one in enumerate(a_list(told.get("handshake", []), "handshake"))
        ),
        routing=_routing(told["routing"]) if "routing" in told else None,
        embedded=tuple(map(str, a_list(transport.get("embedded_json", []), "transport.embedded_json"))),
        zone=zone(str(told.get("tz", "+00:00"))),
        reply=reply.get("body"),
        reply_type=str(reply.get("content_type", "application/json" if "body" in reply else "text/plain")),
        least_talk=a_number(missed.get("min_talk_s", 0), "missed.min_talk_s"),
        name=str(told.get("name", ""))[:100],
        encoded=transport.get("encoded_values") is True,
        proofs=tuple(
            _proof(one, f"auth.{place}") for place, one in enumerate(a_list(told.get("auth", []), "auth"))
        ),
        outbound=_request(told["outbound"], "outbound") if "outbound" in told else None,
        recording=_request(told["recording"], "recording") if "recording" in told else None,
    )


def _proof(raw: Any, where: str) -> Proof:
    found = read_proof(an_object(raw, where))
    if found is None:
        raise BadMapping("mapping_bad_auth", where)
    return found


def _request(raw: Any, where: str) -> Request:
    found = read_request(an_object(raw, where))
    if found is None:
        raise BadMapping("mapping_bad_request", where)
    return found


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
    told = an_object(raw, where)
    only(told, where, "if emit fields")
    if told.get("emit") not in EMITS:
        raise BadMapping("mapping_bad_emit", f"{where}.emit")
    own = _fields(told.get("fields", {}), f"{where}.fields")
    return Rule(
        condition=read_condition(told.get("if"), f"{where}.if"),
        emit=cast(Emit, told["emit"]),
        fields={**shared, **own},
    )


def _fields(raw: Any, where: str) -> dict[str, Value]:
    told = an_object(raw, where)
    only(told, where, " ".join(FIELDS))
    return {
        name: read_value(one, f"{where}.{name}", DEFAULTS.get(name, "text")) for name, one in told.items()
    }


def _handshake(raw: Any, where: str) -> Handshake:
    told = an_object(raw, where)
    only(told, where, "if reply echo_query echo_header")
    return Handshake(
        condition=read_condition(told.get("if"), f"{where}.if"),
        echo_query=str(told.get("echo_query", "")),
        echo_header=str(told.get("echo_header", "")).lower(),
        body=told.get("reply"),
    )


def _routing(raw: Any) -> Routing:
    told = an_object(raw, "routing")
    only(told, "routing", "match keep from line answer empty blocked content_type")
    if "answer" not in told or "empty" not in told:
        raise BadMapping("mapping_no_answer", "routing")
    return Routing(
        condition=read_condition(told.get("match"), "routing.match"),
        keep=bool(told.get("keep", False)),
        client=read_value(told.get("from"), "routing.from", "phone"),
        line=read_value(told.get("line", {"const": ""}), "routing.line", "phone"),
        answer=told["answer"],
        empty=told["empty"],
        blocked=told.get("blocked", told["empty"]),
        content_type=str(told.get("content_type", "application/json"))[:60],
    )
