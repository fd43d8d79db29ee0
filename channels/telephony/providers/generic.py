"""What does a telephone system tell that we know only by its mapping?

The mapping is data (channels/telephony/mapping.py). What proves the sender stands in it, in the settings, or in both.
Systems that need a little more are small classes over this one (sipuni.py, uis.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit

import orjson

from channels.base import Account, Admitted, Check, Envelope, Reply, RouteAnswer, RouteQuestion
from channels.errors import PayloadUnreadable, Refused, TryLater
from channels.events import NOWHERE, Attachment, Attribution, CallFact
from channels.telephony.answers import fill, routes_of, speaks_of_routes
from channels.telephony.common import RECORDING, campaign, moment
from channels.telephony.converters import Reading
from channels.telephony.document import Document, find, read
from channels.telephony.mapping import Emit, Plan, Rule, read_plan
from channels.telephony.numbers import bare, client_of
from channels.telephony.proof import chosen, prove
from channels.telephony.providers import Provider
from channels.telephony.requests import ready
from channels.telephony.values import BadMapping, Value
from channels.telephony.wire import Wire, raise_for, raise_for_command

MAPPINGS = Path(__file__).parent.parent / "mappings"
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

    preset: ClassVar[str] = ""
    """The mapping of a system that is known; "" is the one that the settings choose."""
    hosts: ClassVar[tuple[str, ...]] = ()
    """Where this system keeps recordings, beside what the settings name; ".x.ru" is any name below."""

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._plan: Plan | None = None
        self._fault: BadMapping | None = None
        hosts = account.settings.get("recording_hosts", "")
        self._hosts = frozenset((*self.hosts, *hosts.replace(",", " ").replace(";", " ").lower().split()))
        self._base = account.settings.get("api_base", "").rstrip("/")
        local = next((f"http://{host}" for host in self._hosts if host.startswith("127.0.0.1")), "")
        self._wire = Wire(local or self._base)
        try:
            self._plan = read_plan(shipped(self.preset) if self.preset else _written(account))
        except BadMapping as fault:
            self._fault = fault

    @property
    def calls(self) -> bool:  # type: ignore[override]
        return self._plan is not None and self._plan.outbound is not None and bool(self._can_call())

    def _can_call(self) -> bool:
        return bool(self._base) or "$base" not in (
            self._plan.outbound.url if self._plan and self._plan.outbound else ""
        )

    def admit(self, envelope: Envelope) -> Admitted:
        plan = self._plan
        proofs = (*chosen(self.account.settings), *(plan.proofs if plan is not None else ()))
        prove(proofs, self.account.settings, envelope, self.account.hook_url)
        key = _digest(envelope)
        if plan is None:
            return Admitted(key=key)
        reply = _reply(plan.reply, plan.reply_type)
        try:
            document = read(envelope, plan.embedded, encoded=plan.encoded)
        except PayloadUnreadable:
            return Admitted(key=key, reply=reply)
        asked = plan.routing is not None and plan.routing.condition(document)
        if not asked and (greeting := _greet(plan, envelope, document)) is not None:
            return Admitted(key=key, keep=not greeting.probe, reply=greeting.reply)
        reading = Reading(self.region, plan.zone)
        lane = next((found for rule in plan.rules if (found := _call_id(rule, document, reading))), "")
        if asked and plan.routing is not None:
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
            return _reply(routing.blocked, routing.content_type)
        routes = routes_of(self.account.settings)
        known = answer.members
        if speaks_of_routes(routing.answer):
            known = tuple(member for member in answer.members if member in routes)
        if not known:
            return _reply(routing.empty, routing.content_type)
        named = RouteAnswer(members=known, client_name=answer.client_name)
        return _reply(fill(routing.answer, named, routes=routes), routing.content_type)

    def parse(self, envelope: Envelope) -> tuple[CallFact, ...]:
        """The fact that the first fitting rule makes; none for events that no rule knows."""
        plan = self._plan
        if plan is None:
            raise PayloadUnreadable("the mapping cannot be used", code="mapping_unusable")
        document = read(envelope, plan.embedded, encoded=plan.encoded)
        rule = next((rule for rule in plan.rules if rule.condition(document)), None)
        if rule is None or rule.emit == "ignore":
            return ()
        fact = self._fact(plan, rule, document, envelope.received_at)
        if envelope.method == "POLL" and fact.authority == "summary":
            fact = replace(fact, authority="history")
        return (fact,)

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
            answered=_answered(rule, told, talk, plan.least_talk),
            started_at=_moment(told, "started", received_at),
            answered_at=_moment(told, "answered_at", received_at),
            ended_at=_moment(told, "ended", received_at),
            talk_seconds=talk,
            outcome=told.get("outcome", "")[:40] if phase == "ended" else "",
            recording=_recording(told),
            attribution=self._attribution(plan.utm, told, document, reading, line),
            name=told.get("name", "")[:200],
            command=told.get("command", "")[:128],
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

    def _values(self, **more: str) -> dict[str, str]:
        """What the placeholders of a request stand for."""
        settings = self.account.settings
        told = {name: settings.get(name, "") for name in ("secret", "login", "line")}
        names = {"token": "api_token", "user": "api_user"}
        told |= {name: settings.get(key, "") for name, key in names.items()}
        return {**told, "base": self._base, **more}

    async def call(self, member: str, number: str, key: str) -> str:
        """The mapping's request; what it answers under `ref`, else our own key."""
        if self._plan is None or self._plan.outbound is None:
            raise Refused("the mapping places no calls", code="cannot_call")
        outbound = self._plan.outbound
        digits = bare(number).lstrip("+")
        values = self._values(
            ext=member, command_id=key[:128], **{"client.digits": digits, "client.e164": f"+{digits}"}
        )
        status, body = await self._wire.send(ready(outbound, values), harmless=False)
        raise_for_command(status)
        try:
            told = read(Envelope(body=body, received_at=0)) if body else {}
        except PayloadUnreadable:
            return key
        return (find(told, outbound.ref) if outbound.ref else "") or key

    async def download(self, ref: str) -> AsyncIterator[bytes]:
        """Only from hosts that the settings name."""
        address = ref.removeprefix(RECORDING)
        asked = self._plan.recording if self._plan is not None else None
        headers: Mapping[str, str] = {}
        if asked is not None:
            request = ready(asked, self._values(ref=address))
            if asked.link:
                status, body = await self._wire.send(request, harmless=True)
                raise_for(status)
                address = find(read(Envelope(body=body, received_at=0)), asked.link)
                if not address:
                    raise TryLater("no link yet", code="recording_not_ready", after=60)
            else:
                address, headers = request.url, request.headers
        async for piece in self._wire.download(address, self._may_fetch, headers):
            yield piece

    def _may_fetch(self, address: SplitResult) -> bool:
        netloc, host = address.netloc.lower(), (address.hostname or "").lower()
        below = any(one.startswith(".") and host.endswith(one) for one in self._hosts)
        return (
            netloc in self._hosts
            or host in self._hosts
            or below
            or (bool(self._base) and netloc == urlsplit(self._base).netloc)
        )

    async def check(self) -> Sequence[Check]:
        if self._fault is not None:
            return (Check(code=self._fault.code, ok=False, detail=self._fault.where),)
        found = [
            Check(code="mapping_ready", ok=True, detail=self._plan.name if self._plan is not None else "")
        ]
        proofs = (*chosen(self.account.settings), *(self._plan.proofs if self._plan is not None else ()))
        if any(not self.account.settings.get(proof.secret, "") for proof in proofs if proof.kind != "path"):
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


def _digest(envelope: Envelope) -> str:
    """The same for the same request sent again."""
    query = "&".join(f"{name}={value}" for name, value in sorted(envelope.query.items()))
    head = f"{envelope.method} {envelope.path}?{query}\n".encode("utf-8", "backslashreplace")
    return hashlib.sha256(head + envelope.body).hexdigest()


@dataclass(frozen=True, slots=True)
class _Greeting:
    """The answer to a handshake. What only lacks something we know, and says something else, is no mere probe: kept."""

    reply: Reply
    probe: bool


def _greet(plan: Plan, envelope: Envelope, document: Document) -> _Greeting | None:
    """The answer to a probe of the address; None: it is none."""
    says = bool(envelope.query) or bool(envelope.body.strip())
    for one in plan.handshakes:
        if not one.condition(document):
            continue
        if one.echo_query:
            echo = envelope.query.get(one.echo_query, "")[:200]
            return _Greeting(Reply(body=echo.encode("utf-8", "replace")), probe=True)
        if one.echo_header:
            echo = envelope.headers.get(one.echo_header, "")[:200]
            return _Greeting(Reply(body=echo.encode("utf-8", "replace")), probe=True)
        return _Greeting(_reply(one.body, "application/json"), probe=not (says and one.condition({})))
    return None


def _reply(body: Any, content_type: str) -> Reply:
    if body is None:
        return Reply(content_type=content_type)
    if isinstance(body, str):
        written = content_type if content_type != "application/json" else "text/plain"
        return Reply(body=body.encode(), content_type=written)
    return Reply(body=orjson.dumps(body), content_type=content_type)


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


def _answered(rule: Rule, told: Mapping[str, str], talk: int | None, least_talk: int) -> bool | None:
    """An answered leg is an answer unless it is our own of a click-to-call, or nobody's where people have names: a
    menu. Of a whole call the talk time decides."""
    if rule.emit == "answered":
        if told.get("own_leg"):
            return False
        menu = "ext" in rule.fields and not told.get("ext") and told.get("direction") != "out"
        return None if menu else True
    if rule.emit != "call_ended":
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
