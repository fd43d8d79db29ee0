"""What does each telephone system tell of the same call? Traces: one file a system and course of a call.

A file holds the requests in their order (`json`, `form`, `query`, `text` or Mango Office's own envelope) and the call
that they come to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson

from channels.base import Account, Envelope
from channels.telephony import Telephony
from channels.telephony.proof import zadarma_signature
from gateway.opening.calls import fact_of
from routing.calls import Call, Fact
from tests.channels.telephony.case import by_mango

HERE = Path(__file__).parent / "traces"
BEGAN = 1_790_000_000_000_000
SECRET = "secret-of-the-traces"
KNOWN = {"mango", "itoolabs", "zadarma", "novofon", "uis", "sipuni"}
MORE: Mapping[str, Mapping[str, str]] = {
    "mango": {"vpbx_api_key": "mango-key-of-tests", "vpbx_api_salt": "mango-salt-of-tests"},
    "itoolabs": {"crm_token": "tests-crm-token"},
    "zadarma": {"api_key": "key", "api_secret": SECRET},
    "rostelecom": {"login": "client-1", "secret": SECRET},
    "mts_autosecretary": {"login": "mts", "secret": SECRET},
    "twilio": {"secret": SECRET},
}


@dataclass(frozen=True, slots=True)
class Trace:
    """One course of a call as one system tells it."""

    system: str
    name: str
    requests: Sequence[Mapping[str, Any]]
    call: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.system}-{self.name}"


def every() -> list[Trace]:
    """All of them, sorted."""
    return [
        Trace(path.parent.name, path.stem, told["requests"], told["call"])
        for path in sorted(HERE.glob("*/*.json"))
        for told in [orjson.loads(path.read_bytes())]
    ]


def channel(system: str) -> Telephony:
    """An account at the system."""
    kind = {"provider": system} if system in KNOWN else {"provider": "generic", "preset": system}
    settings = {**kind, **MORE.get(system, {})}
    return Telephony(
        Account(
            source_id="s",
            settings=settings,
            hook_url="https://okno.example/hooks/s/k",
            hook_path="/hooks/s/k",
        )
    )


def envelope(trace: Trace, place: int, received_at: int | None = None) -> Envelope:
    """A request of the trace as it arrives, proven."""
    told = trace.requests[place]
    at = BEGAN + (told["at"] + 1) * 1_000_000 if received_at is None else received_at
    if "mango" in told:
        found = by_mango(orjson.dumps(told["mango"]), told["path"])
        return Envelope(body=found.body, received_at=at, path=found.path, headers=found.headers)
    body = b""
    if "json" in told:
        body = orjson.dumps(told["json"])
    elif "form" in told:
        body = urlencode(told["form"]).encode()
    elif "text" in told:
        body = told["text"].encode()
    return Envelope(
        body=body,
        received_at=at,
        method=told.get("method", "POST"),
        query=told.get("query", {}),
        headers=_proof(trace.system, told, body),
    )


def _proof(system: str, told: Mapping[str, Any], body: bytes) -> dict[str, str]:
    match system:
        case "zadarma":
            return {"signature": zadarma_signature(told["form"], SECRET)}
        case "rostelecom":
            sign = hashlib.sha256(b"client-1" + body + SECRET.encode()).hexdigest()
            return {"x-client-id": "client-1", "x-client-sign": sign}
        case "mts_autosecretary":
            from base64 import b64encode

            return {"authorization": "Basic " + b64encode(f"mts:{SECRET}".encode()).decode()}
        case "twilio":
            return {"x-twilio-signature": _by_twilio(told["form"])}
    return {}


def _by_twilio(form: Mapping[str, str]) -> str:
    import hmac
    from base64 import b64encode

    words = "".join(name + value for name, value in sorted(form.items()))
    digest = hmac.new(SECRET.encode(), f"https://okno.example/hooks/s/k{words}".encode(), "sha1").digest()
    return b64encode(digest).decode()


def facts(trace: Trace, order: Sequence[int] | None = None) -> list[Fact]:
    """What the requests say, arriving in this order."""
    known = channel(trace.system)
    places = range(len(trace.requests)) if order is None else order
    return [fact_of(event) for place in places for event in known.parse(envelope(trace, place))]  # type: ignore[arg-type]


def essence(call: Call) -> dict[str, Any]:
    """What a trace's file says of its call."""
    return {
        "client": call.client,
        "recordings": len(call.recordings),
        "direction": call.direction,
        "state": call.state,
        "outcome": call.outcome,
        "answered_by": call.answered_by,
        "rang": sorted(call.rang),
    }
