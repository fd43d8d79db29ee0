"""What does a telephone system tell that we know only by its mapping?

The mapping is data (channels/telephony/mapping.py). What proves the sender is chosen apart from it: the
secret address alone, a secret in a header, an HMAC of the body, or name and password.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import SplitResult

import orjson

from channels.base import Account, Admitted, Check, Envelope, Reply, RouteAnswer, RouteQuestion
from channels.errors import PayloadUnreadable, WebhookRefused
from channels.events import NOWHERE, Attachment, Attribution, CallFact
from channels.telephony.common import campaign, moment
from channels.telephony.converters import Reading
from channels.telephony.document import Document, read
from channels.telephony.mapping import BadMapping, Emit, Plan, Rule, Value, read_plan
from channels.telephony.numbers import client_of
from channels.telephony.providers import Provider
from channels.telephony.wire import Wire

MAPPINGS = Path(__file__).parent.parent / "mappings"
RECORDING = "recording:"
Phase: TypeAlias = Literal["ringing", "answered", "ended"]
Authority: TypeAlias = Literal["leg", "leg_end", "summary"]
Direction: TypeAlias = Literal["in", "out", "internal"]
STANDING: Mapping[Emit, tuple[Authority, Phase]] = {
    "ringing": ("leg", "ringing"),
    "answered": ("leg", "answered"),
    "leg_ended": ("leg_end", "ended"),
    "call_ended": ("summary", "ended"),
}
DIRECTIONS: Mapping[str, Direction] = {
    "in": "in", "incoming": "in", "inbound": "in",
    "out": "out", "outgoing": "out", "outbound": "out",
    "internal": "internal",
}  # fmt: skip


@cache
def shipped(name: str) -> str:
    """A mapping that we ship, as JSON. Raises KeyError."""
    found = {file.stem: file for file in MAPPINGS.glob("*.json")}
    return found[name].read_text(encoding="utf-8")


class Generic(Provider):
    """A telephone system described by a mapping."""

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._plan: Plan | None = None
        self._fault: BadMapping | None = None
        hosts = account.settings.get("recording_hosts", "")
        self._hosts = frozenset(hosts.replace(",", " ").replace(";", " ").lower().split())
        self._wire = Wire(
            next((f"http://{host}" for host in self._hosts if host.startswith("127.0.0.1")), "")
        )
        try:
            self._plan = read_plan(_written(account))
        except BadMapping as fault:
            self._fault = fault

    def admit(self, envelope: Envelope) -> Admitted:
        prove(self.account.settings, envelope)
        plan = self._plan
        key = _digest(envelope)
        if plan is None:
            return Admitted(key=key)
        reply = _reply(plan.reply, plan.reply_type)
        try:
            document = read(envelope, plan.embedded)
        except PayloadUnreadable:
            return Admitted(key=key, reply=reply)
        if (greeting := _greet(plan, envelope, document)) is not None:
            return Admitted(keep=False, reply=greeting)
        reading = Reading(self.region, plan.zone)
        lane = next((found for rule in plan.rules if (found := _call_id(rule, document, reading))), "")
        if plan.routing is not None and plan.routing.condition(document):
            question = RouteQuestion(
                client=client_of(plan.routing.client(document, reading), self.region),
                line=plan.routing.line(document, reading),
            )
            return Admitted(key=key, lane=lane, reply=reply, keep=plan.routing.keep, question=question)
        return Admitted(key=key, lane=lane, reply=reply)

    def answer(self, answer: RouteAnswer) -> Reply:
        """The mapping's answer, filled in; its empty one when there is nobody to name."""
        routing = self._plan.routing if self._plan is not None else None
        if routing is None:
            return Reply()
        if answer.blocked:
            return _reply(routing.blocked, "application/json")
        template = routing.answer if answer.members else routing.empty
        return _reply(fill(template, answer), "application/json")

    def parse(self, envelope: Envelope) -> tuple[CallFact, ...]:
        """The fact that the first fitting rule makes; none for events that no rule knows."""
        plan = self._plan
        if plan is None:
            raise PayloadUnreadable("the mapping cannot be used", code="mapping_unusable")
        document = read(envelope, plan.embedded)
        rule = next((rule for rule in plan.rules if rule.condition(document)), None)
        if rule is None or rule.emit == "ignore":
            return ()
        return (self._fact(plan, rule, document, envelope.received_at),)

    def _fact(self, plan: Plan, rule: Rule, document: Document, received_at: int) -> CallFact:
        reading = Reading(self.region, plan.zone)
        told = {name: value(document, reading) for name, value in rule.fields.items()}
        call = told.get("call_id", "")[:200]
        if not call:
            raise PayloadUnreadable("no call id", code="no_call_id")
        if rule.emit == "recording":
            return _recording_fact(call, told, received_at)
        authority, phase = STANDING[rule.emit]
        line = told.get("line", "")
        talk = _whole(told.get("talk", ""))
        return CallFact(
            key=_key(call, told, rule.emit),
            call=call,
            leg=told.get("leg_id", "")[:128],
            at=moment(_whole(told.get("ts", "")), received_at),
            authority=authority,
            phase=phase,
            direction=DIRECTIONS.get(told.get("direction", ""), "in"),
            client=client_of(told.get("client", ""), self.region),
            line=line,
            member=told.get("ext", ""),
            answered=_answered(rule.emit, told, talk, plan.least_talk),
            started_at=_moment(told, "started", received_at),
            answered_at=_moment(told, "answered_at", received_at),
            ended_at=_moment(told, "ended", received_at),
            talk_seconds=talk,
            outcome=told.get("outcome", "")[:40] if phase == "ended" else "",
            recording=_recording(told),
            attribution=self._attribution(plan.utm, told, document, reading, line),
            name=told.get("name", "")[:200],
        )

    def _attribution(
        self,
        utm: Mapping[str, Value],
        told: Mapping[str, str],
        document: Document,
        reading: Reading,
        line: str,
    ) -> Attribution:
        marks = {name: found[:500] for name, value in utm.items() if (found := value(document, reading))}
        of_line = campaign(self.account, line, self.region).campaign
        label = told.get("campaign", "")[:200] or of_line or marks.get("utm_campaign", "")
        return Attribution(campaign=label, utm=marks) if label or marks else NOWHERE

    def download(self, ref: str) -> AsyncIterator[bytes]:
        """Only from hosts that the settings name."""
        return self._wire.download(ref.removeprefix(RECORDING), self._may_fetch)

    def _may_fetch(self, address: SplitResult) -> bool:
        return address.netloc.lower() in self._hosts

    async def check(self) -> Sequence[Check]:
        if self._fault is not None:
            return (Check(code=self._fault.code, ok=False, detail=self._fault.where),)
        found = [
            Check(code="mapping_ready", ok=True, detail=self._plan.name if self._plan is not None else "")
        ]
        proof = self.account.settings.get("proof", "path")
        if proof != "path" and not self.account.settings.get("secret", ""):
            found.append(Check(code="secret_missing", ok=False))
        if not self._hosts:
            found.append(Check(code="no_recording_hosts", ok=True))
        return tuple(found)

    async def close(self) -> None:
        await self._wire.close()


def _written(account: Account) -> str:
    """The mapping chosen: our own contract, one we ship, or what was written into the settings."""
    preset = account.settings.get("preset") or ("own" if account.settings.get("mapping") else "contract")
    if preset == "own":
        return account.settings.get("mapping", "")
    try:
        return shipped(preset)
    except KeyError:
        raise BadMapping("mapping_unknown_preset", preset[:40]) from None


def prove(settings: Mapping[str, str], envelope: Envelope) -> None:
    """By the way that the settings choose. Raises WebhookRefused; an empty secret proves nothing."""
    kind = settings.get("proof") or "path"
    if kind == "path":  # the gateway has compared the secret in the address
        return
    secret = settings.get("secret", "").encode()
    header = (settings.get("proof_header") or ("x-signature" if kind == "hmac" else "x-token")).lower()
    told = envelope.headers.get("authorization" if kind == "basic" else header, "")
    given = told.encode("utf-8", "backslashreplace")
    match kind:
        case "header":
            proven = hmac.compare_digest(given.removeprefix(b"Bearer "), secret)
        case "hmac":
            proven = _signed(given, secret, envelope.body)
        case "basic":
            wanted = f"{settings.get('login', '')}:".encode() + secret
            proven = hmac.compare_digest(_basic(given), wanted)
        case _:
            proven = False
    if not secret or not proven:
        raise WebhookRefused("not proven")


def _signed(given: bytes, secret: bytes, body: bytes) -> bool:
    """HMAC-SHA256 of the body as it came, in hex or base64, after "sha256=" or bare."""
    digest = hmac.new(secret, body, hashlib.sha256).digest()
    bare = given.removeprefix(b"sha256=").strip()
    in_hex = hmac.compare_digest(bare.lower(), digest.hex().encode())
    return hmac.compare_digest(bare, base64.b64encode(digest)) or in_hex


def _basic(given: bytes) -> bytes:
    scheme, _, credentials = given.partition(b" ")
    try:
        return base64.b64decode(credentials, validate=True) if scheme.lower() == b"basic" else b""
    except binascii.Error:
        return b""


def _digest(envelope: Envelope) -> str:
    """The same for the same request sent again."""
    query = "&".join(f"{name}={value}" for name, value in sorted(envelope.query.items()))
    head = f"{envelope.method} {envelope.path}?{query}\n".encode("utf-8", "backslashreplace")
    return hashlib.sha256(head + envelope.body).hexdigest()


def _greet(plan: Plan, envelope: Envelope, document: Document) -> Reply | None:
    """The answer to a probe of the address; None: it is none."""
    for one in plan.handshakes:
        if not one.condition(document):
            continue
        if one.echo_query:
            return Reply(body=envelope.query.get(one.echo_query, "")[:200].encode("utf-8", "replace"))
        if one.echo_header:
            return Reply(body=envelope.headers.get(one.echo_header, "")[:200].encode("utf-8", "replace"))
        return _reply(one.body, "application/json")
    return None


def _reply(body: Any, content_type: str) -> Reply:
    if body is None:
        return Reply(content_type=content_type)
    if isinstance(body, str):
        return Reply(body=body.encode(), content_type="text/plain")
    return Reply(body=orjson.dumps(body), content_type=content_type)


def fill(template: Any, answer: RouteAnswer, member: str = "") -> Any:
    """The template with $member (the first), $members, $name and {"$each": …} replaced by what the answer
    says."""
    first = member or next(iter(answer.members), "")
    match template:
        case "$member":
            return first
        case "$members":
            return list(answer.members)
        case "$name":
            return answer.client_name
        case {"$each": inner}:
            return [fill(inner, answer, one) for one in answer.members]
        case dict():
            return {name: fill(inner, answer, first) for name, inner in template.items()}
        case list():
            return [fill(inner, answer, first) for inner in template]
    return template


def _call_id(rule: Rule, document: Document, reading: Reading) -> str:
    value = rule.fields.get("call_id")
    return value(document, reading)[:200] if value is not None else ""


def _key(call: str, told: Mapping[str, str], emit: Emit) -> str:
    """The provider's number or time of the event, else all that it says: never the bytes, which hold times
    of sending."""
    sign = (
        told.get("seq")
        or told.get("ts")
        or hashlib.sha256(orjson.dumps(sorted(told.items()))).hexdigest()[:24]
    )
    return f"{call}:{told.get('leg_id') or told.get('ext', '')}:{emit}:{sign}"


def _recording_fact(call: str, told: Mapping[str, str], received_at: int) -> CallFact:
    """A recording that came by itself, as a leg that says nothing of the call's course."""
    recording = _recording(told)
    if recording is None:
        raise PayloadUnreadable("a recording without an address", code="no_recording")
    leg = f"{RECORDING}{hashlib.sha256(recording.ref.encode()).hexdigest()[:24]}"
    return CallFact(
        key=f"{call}:{leg}",
        call=call,
        leg=leg,
        at=moment(_whole(told.get("ts", "")), received_at),
        authority="leg",
        phase="ended",
        direction="internal",
        recording=recording,
    )


def _recording(told: Mapping[str, str]) -> Attachment | None:
    address = told.get("recording", "")
    return Attachment(kind="audio", ref=f"{RECORDING}{address}", name="recording") if address else None


def _answered(emit: Emit, told: Mapping[str, str], talk: int | None, least_talk: int) -> bool | None:
    """An answered leg is an answer unless it is our own of a click-to-call; of a whole call the talk time
    decides."""
    if emit == "answered":
        return not told.get("own_leg")
    if emit != "call_ended":
        return None
    if talk is not None:
        return talk > 0 and talk >= least_talk
    return told["outcome"] == "answered" if told.get("outcome") else None


def _moment(told: Mapping[str, str], name: str, received_at: int) -> int | None:
    found = _whole(told.get(name, ""))
    return moment(found, received_at) if found else None


def _whole(written: str) -> int | None:
    return int(written) if written.lstrip("-").isdigit() and len(written) < 20 else None


PROVIDER = Generic
