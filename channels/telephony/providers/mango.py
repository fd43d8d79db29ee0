"""What does Mango Office tell, and how is it asked to call? (API v1.10 of 24.12.2017; page numbers are of
its PDF)

- Notifications are sent in parallel and may arrive in any order; `seq` orders those of one leg, times do
  not (p.8-9).
- `entry_id` is the call, `call_id` a leg of it. A leg may appear twice and change its caller (blind
  transfer, p.54-56).
- It asks nobody whom to ring. Who wants it all the same (setting `steer`) lets a greeting play in a menu: while it does,
  `commands/route` sends the call on (p.49-50).
- Of a click-to-call the employee's own leg comes first and looks incoming; its Connected is no answer
  (p.47-48).
- A summary may say entry_result 1 for a call that nobody took: only its talk_time proves a talk (p.16-17).
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import hmac
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit

import orjson

from channels.base import Account, Admitted, Check, Envelope, PolledEnvelope, RouteAnswer, RouteQuestion
from channels.errors import (
    Disconnected,
    OutcomeUnknown,
    PayloadUnreadable,
    Refused,
    SendFailed,
    TryLater,
    WebhookRefused,
)
from channels.events import NOWHERE, Attachment, Attribution, CallFact, Identity
from channels.telephony.common import RECORDING, SECOND, Told, campaign, form_bytes, polled, text
from channels.telephony.numbers import bare, client_of, extension, outer
from channels.telephony.providers import Provider
from channels.telephony.wire import REDIRECTS, Wire, raise_for

API = "https://app.mango-office.ru/vpbx"
HOST = ".mango-office.ru"
LARGEST = 256 * 1024
"""Bytes of a notification. Real ones have a thousand; more than this is not worth the time to decode it."""
STATS = (
    "records", "start", "finish", "answer", "from_extension", "from_number", "to_extension", "to_number",
    "disconnect_reason", "line_number", "location", "entry_id",
)  # fmt: skip
REPORT_LOOKS, REPORT_EVERY = 12, 5.0
NOT_PEOPLE = frozenset({"ivr", "queue"})
REASONS: Mapping[int, str] = {
    1100: "ended",
    1110: "caller_hung_up",
    1111: "no_answer",
    1120: "callee_hung_up",
    1121: "busy",
    1122: "rejected",
    1123: "do_not_disturb",
    1151: "blocked",
    1163: "queue_timeout",
    1164: "nobody_available",
    1170: "ended_by_scheme",
    1192: "off_hours",
    4501: "spam",
    4502: "spam",
}
"""Codes of p.43 that mean something to us; the others are told by their class."""
CLASSES: Mapping[int, str] = {
    1: "ended",
    2: "billing",
    3: "bad_number",
    4: "unavailable",
    5: "provider_error",
}
Phase: TypeAlias = Literal["ringing", "answered", "ended"]
PHASES: Mapping[str, Phase] = {
    "Appeared": "ringing",
    "Connected": "answered",
    "OnHold": "answered",  # who holds a call has taken it
    "Disconnected": "ended",
}
Direction: TypeAlias = Literal["in", "out", "internal"]
DIRECTIONS: Mapping[int, Direction] = {0: "internal", 1: "in", 2: "out"}


def signature(key: str, json: bytes, salt: str) -> str:
    """sha256(vpbx_api_key + json + vpbx_api_salt) over the bytes as they travel, hex (p.5)."""
    return hashlib.sha256(key.encode() + json + salt.encode()).hexdigest()


class Mango(Provider):
    """A Mango Office virtual exchange."""

    calls: ClassVar[bool] = True
    keeps_history: ClassVar[bool] = True

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._key = account.settings.get("vpbx_api_key", "")
        self._salt = account.settings.get("vpbx_api_salt", "")
        self._api = (account.settings.get("api_base", "") or API).rstrip("/")
        self._steers = account.settings.get("steer") == "yes"
        self._wire = Wire(self._api)

    def admit(self, envelope: Envelope) -> Admitted:
        """By the signature. Every notification that has one is answered 200 without a body (p.5)."""
        json = self._proven(envelope)
        try:
            told = orjson.loads(json)
        except orjson.JSONDecodeError:
            told = None
        lane = text(told.get("entry_id")) if isinstance(told, dict) else ""
        # It has no event id. The same bytes are the same notification: times and seq are in them.
        key = hashlib.sha256(json).hexdigest()
        waits = (
            self._waits(Told(told, envelope.received_at)) if self._steers and isinstance(told, dict) else None
        )
        if waits is None:
            return Admitted(key=key, lane=lane)
        question, leg = waits
        return Admitted(key=key, lane=lane, question=question, command=leg)

    def _waits(self, event: Told) -> tuple[RouteQuestion, str] | None:
        """A client in a menu or queue, who can be sent on while a greeting plays (p.49-50); None: nobody."""
        leg = event.text("call_id")
        fresh = event.text("call_state") == "Appeared" and not event.text("command_id")
        if (
            not leg
            or not fresh
            or event.text("location") not in NOT_PEOPLE
            or event.text("from", "extension")
        ):
            return None
        line = event.text("to", "line_number")
        client = client_of(event.text("from", "number"), self.region)
        return RouteQuestion(client=client, line=outer(line, self.region) or line), leg

    async def steer(self, command: str, answer: RouteAnswer) -> None:
        """commands/route: an extension rings by its person's own schedule; one person, as the format has no more."""
        wanted = {"command_id": f"route-{command}"[:128], "call_id": command, "to_number": answer.members[0]}
        status, _, body = await self._wire.post(
            f"{self._api}/commands/route", self._signed(wanted), harmless=False
        )
        _raise_for_command(status, body)

    def _proven(self, envelope: Envelope) -> bytes:
        if len(envelope.body) > LARGEST:
            raise WebhookRefused("too large for a notification")
        form = form_bytes(envelope.body)
        json, sign = form.get(b"json", b""), form.get(b"sign", b"").lower()
        if not self._key or not self._salt or not json:
            raise WebhookRefused("no signature")
        ours = hmac.compare_digest(form.get(b"vpbx_api_key", b""), self._key.encode())
        signed = hmac.compare_digest(sign, signature(self._key, json, self._salt).encode())
        if not (ours and signed):
            raise WebhookRefused("wrong signature")
        return json

    def parse(self, envelope: Envelope) -> tuple[CallFact, ...]:
        """Told apart by what is in them: the document's own examples of summaries name the path of calls."""
        if envelope.method == "POLL":
            return (self._row(Told(orjson.loads(envelope.body), envelope.received_at)),)
        try:
            told = orjson.loads(form_bytes(envelope.body).get(b"json", b""))
        except orjson.JSONDecodeError:
            raise PayloadUnreadable("not JSON", code="bad_json") from None
        if not isinstance(told, dict):
            raise PayloadUnreadable("no object", code="bad_json")
        event = Told(told, envelope.received_at)
        if "call_direction" in told:
            return (self._summary(event),)
        if "recording_id" in told:
            return self._recording(event)
        return (
            (self._leg(event),) if "call_state" in told else ()
        )  # results, DTMF, SMS, pings: nothing of a call

    def _leg(self, event: Told) -> CallFact:
        entry, leg, at = event.required("entry_id"), event.required("call_id"), event.at("timestamp")
        phase = PHASES.get(event.text("call_state"))
        if phase is None:
            raise PayloadUnreadable("unknown call_state", code="unknown_event")
        side = _sides(event, self.region)
        line = event.text("to", "line_number") or event.text("from", "line_number")
        answered = None
        if phase == "answered":
            answered = False if side.own_leg else True if side.direction == "out" else None
        return CallFact(
            key=f"{entry}:{leg}:{event.text('seq') or at}:{event.text('call_state')}",
            call=entry,
            leg=leg,
            at=at,
            authority="leg_end" if phase == "ended" else "leg",
            phase=phase,
            direction=side.direction,
            client=side.client,
            line=outer(line, self.region) or line,
            member=side.member,
            answered=answered,
            outcome=reason(event.whole("disconnect_reason")) if phase == "ended" else "",
            command=event.text("command_id")[:128],
            attribution=self._attribution(event, line) if side.direction == "in" else NOWHERE,
        )

    def _summary(self, event: Told) -> CallFact:
        """The final word on a call (p.15-17)."""
        entry = event.required("entry_id")
        direction = DIRECTIONS.get(event.whole("call_direction") or 0, "internal")
        client, member = ("to", "from") if direction == "out" else ("from", "to")
        ended, talked = event.seconds("end_time"), event.seconds("talk_time")
        line = event.text("line_number")
        return CallFact(
            key=f"{entry}:summary:{event.text('end_time')}:{event.text('talk_time')}",
            call=entry,
            at=event.at("end_time"),
            authority="summary",
            phase="ended",
            direction=direction,
            client=None if direction == "internal" else client_of(event.text(client, "number"), self.region),
            line=outer(line, self.region) or line,
            member=extension(event.text(member, "extension")),
            answered=talked is not None,
            started_at=event.seconds("create_time"),
            answered_at=talked,
            ended_at=ended,
            talk_seconds=max(0, ended - talked) // SECOND if ended is not None and talked is not None else 0,
            outcome=reason(event.whole("disconnect_reason")),
            attribution=self._attribution(event, line) if direction == "in" else NOWHERE,
        )

    def _recording(self, event: Told) -> tuple[CallFact, ...]:
        """A finished recording, as a leg of its own that says nothing of the call's course (p.11-13)."""
        entry, recording = event.required("entry_id"), event.required("recording_id")
        if event.text("recording_state") != "Completed" or event.whole("completion_code") not in (None, 1000):
            return ()
        fact = CallFact(
            key=f"{entry}:{RECORDING}{recording}",
            call=entry,
            leg=f"{RECORDING}{recording}",
            at=event.at("timestamp"),
            authority="leg",
            phase="ended",
            direction="internal",
            recording=_recorded(recording),
        )
        return (fact,)

    def _row(self, row: Told) -> CallFact:
        """A leg as the statistics keep it: what nobody answered there was no talk on it."""
        entry, answer, finish = row.required("entry_id"), row.seconds("answer"), row.at("finish")
        caller, called = extension(row.text("from_extension")), extension(row.text("to_extension"))
        direction: Direction = "internal" if caller and called else "out" if caller else "in"
        outer_end = row.text("to_number" if caller else "from_number")
        line, member = row.text("line_number"), called or caller
        talked = answer is not None and bool(member)
        recorded = row.text("records").strip("[]").partition(",")[0]
        return CallFact(
            key=f"{entry}:stats:{row.text('start')}:{member}",
            call=entry,
            at=finish,
            authority="history",
            phase="ended",
            direction=direction,
            client=None if direction == "internal" else client_of(outer_end, self.region),
            line=outer(line, self.region) or line,
            member=member if talked else "",
            answered=talked,
            started_at=row.seconds("start"),
            answered_at=answer if talked else None,
            ended_at=finish,
            talk_seconds=max(0, finish - answer) // SECOND if talked and answer is not None else 0,
            outcome=reason(row.whole("disconnect_reason")),
            recording=_recorded(recorded) if recorded else None,
        )

    def _attribution(self, event: Told, line: str) -> Attribution:
        """The campaign of the number that was dialled, else the tracking number itself (dct, p.8)."""
        tracked = event.text("dct", "number") if event.whole("dct", "type") in (1, 2) else ""
        known = campaign(self.account, tracked or line, self.region)
        return known or (Attribution(campaign=outer(tracked, self.region) or tracked) if tracked else NOWHERE)

    async def call(self, member: str, number: str, key: str) -> str:
        """commands/callback (p.18-20): rings the employee, then the number. Its result comes as a
        notification."""
        wanted: dict[str, Any] = {
            "command_id": key[:128],
            "from": {"extension": member},
            "to_number": bare(number),
        }
        wanted["to_number"] = wanted["to_number"].lstrip("+")
        if line := self.account.settings.get("line", ""):
            wanted["line_number"] = line.lstrip("+")
        status, _, body = await self._wire.post(
            f"{self._api}/commands/callback", self._signed(wanted), harmless=False
        )
        _raise_for_command(status, body)
        return key[:128]

    async def history(self, since: int, until: int) -> AsyncIterator[PolledEnvelope]:
        """stats/request names a report, stats/result gives it as CSV once it is ready (p.39-40)."""
        wanted = {
            "date_from": str(since // SECOND),
            "date_to": str(until // SECOND),
            "fields": ",".join(STATS),
        }
        status, _, body = await self._wire.post(
            f"{self._api}/stats/request", self._signed(wanted), harmless=True
        )
        raise_for(status)
        key = _answer(body).get("key")
        for _ in range(REPORT_LOOKS if key else 0):
            status, _, body = await self._wire.post(
                f"{self._api}/stats/result", self._signed({"key": key}), harmless=True
            )
            if status == 200:
                break
            if status != 204:
                raise_for(status)
            await asyncio.sleep(REPORT_EVERY)
        else:
            raise TryLater("the report is not ready", code="no_answer", after=60)
        for row in csv.reader(io.StringIO(body.decode("utf-8", "replace")), delimiter=";"):
            told = dict(zip(STATS, row, strict=False))
            if told.get("entry_id"):
                yield polled(told, until, lane=told["entry_id"])

    async def download(self, ref: str) -> AsyncIterator[bytes]:
        """queries/recording/post leads to a link that works once; a fresh recording is not there yet
        (p.36)."""
        wanted = {"recording_id": ref.removeprefix(RECORDING), "action": "download"}
        status, location, _ = await self._wire.post(
            f"{self._api}/queries/recording/post", self._signed(wanted), harmless=True
        )
        if status not in REDIRECTS:
            raise_for(status)
            raise TryLater("no link yet", code="recording_not_ready", after=60)
        async for piece in self._wire.download(location, self._may_fetch):
            yield piece

    def _may_fetch(self, address: SplitResult) -> bool:
        base = urlsplit(self._api)
        return (address.hostname or "").endswith(HOST) or address.netloc == base.netloc

    async def check(self) -> Sequence[Check]:
        """Ask for the list of employees: it needs nothing but the key and its signature (p.41)."""
        if not self._key or not self._salt:
            return (Check(code="mango_key_missing", ok=False),)
        try:
            status, _, body = await self._wire.post(
                f"{self._api}/config/users/request", self._signed({}), harmless=True
            )
        except SendFailed as error:
            return (Check(code="provider_unreachable", ok=False, detail=error.code),)
        if status != 200:
            return (Check(code="mango_key_refused", ok=False, detail=_code(body)),)
        people = str(_count(body))
        return (Check(code="mango_key_ok", ok=True, detail=people, params={"people": people}),)

    def _signed(self, wanted: Mapping[str, Any]) -> dict[str, str]:
        json = orjson.dumps(wanted)
        sign = signature(self._key, json, self._salt)
        return {"vpbx_api_key": self._key, "sign": sign, "json": json.decode()}

    async def close(self) -> None:
        await self._wire.close()


@dataclass(frozen=True, slots=True)
class _Sides:
    """Who is who on a leg. `own_leg`: our own telephone of a click-to-call, before the client is even
    rung."""

    direction: Direction
    client: Identity | None = None
    member: str = ""
    own_leg: bool = False


def _sides(event: Told, region: str) -> _Sides:
    """The side with an extension is ours; a menu or queue is nobody."""
    caller, called = extension(event.text("from", "extension")), extension(event.text("to", "extension"))
    person = event.text("location") not in NOT_PEOPLE
    commanded = bool(event.text("callback_initiator") or event.text("command_id"))
    if commanded and called and person and not event.text("from", "taken_from_call_id"):
        client = None if caller else client_of(event.text("from", "number"), region)
        return _Sides("internal" if caller else "out", client, called, own_leg=True)
    if caller and called:
        return _Sides("internal", None, called if person else "")
    if caller:
        return _Sides("out", client_of(event.text("to", "number"), region), caller)
    number = event.text("to", "number")
    ours = event.text("location") == "abonent" and number != event.text("to", "line_number")
    device = bare(number) if ours else ""  # the line itself is no telephone
    client = client_of(event.text("from", "number"), region)
    return _Sides("in", client, (called or device) if person else "")


def reason(code: int | None) -> str:
    """Why a call ended, in our words; "" where it is not told."""
    if code is None:
        return ""
    return REASONS.get(code) or CLASSES.get(code // 1000, "")


def _raise_for_command(status: int, body: bytes) -> None:
    """HTTP 420 carries a code of p.42-45: 2xxx billing, 31xx parameters, 33xx no such thing."""
    if status == 200:
        return
    if status in (401, 403):
        raise Disconnected("key refused", code="mango_key_refused")
    if status == 429:
        raise TryLater("asked too often", code="slow_down", after=60)
    if status >= 500:
        raise OutcomeUnknown(f"answer {status}", code="no_answer")
    code = _code(body)
    if code.startswith("2"):
        raise Refused(code, code="call_billing")
    raise Refused(
        code or str(status), code="call_bad_number" if code[:2] in ("31", "32", "33") else "call_refused"
    )


def _answer(body: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _code(body: bytes) -> str:
    return text(_answer(body).get("code"))[:8]


def _recorded(recording: str) -> Attachment:
    return Attachment(kind="audio", ref=f"{RECORDING}{recording}", name="recording.mp3", mime="audio/mpeg")


def _count(body: bytes) -> int:
    try:
        users = orjson.loads(body).get("users")
    except (orjson.JSONDecodeError, AttributeError):
        return 0
    return len(users) if isinstance(users, list) else 0


PROVIDER = Mango
