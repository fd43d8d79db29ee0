"""What do the exchanges of the ITooLabs platform tell? MegaFon, Gravitel, Dom.ru, WestCall, Moldcell, Kcell: one contract.

Sources: telephony.md, 3.2 (the platform's "REST API ВАТС (CRM)" and its public implementations).

- `crm_token` in the body proves the sender; nothing is signed. Forms by the document, JSON seen.
- CANCELLED ends one leg: in a department everybody but one gets it. Only `cmd=history` speaks of the call.
- An outgoing ACCEPTED may be our own employee's telephone, so it proves no talk; the history does.
- The answer to every command, known or not, is 200: the cabinet shows an error otherwise.
- Two rings of one person in one call are one to us: the events carry neither time nor number.
"""

from __future__ import annotations

import csv
import hmac
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit

import orjson

from channels.base import Admitted, Check, Envelope, PolledEnvelope, Reply, RouteAnswer, RouteQuestion
from channels.errors import Disconnected, PayloadUnreadable, Refused, SendFailed, WebhookRefused
from channels.events import NOWHERE, Attachment, CallFact
from channels.telephony.common import RECORDING, SECOND, campaign, moment, polled, whole
from channels.telephony.converters import CONVERTERS, Reading
from channels.telephony.document import find, read
from channels.telephony.numbers import bare, client_of, extension, outer
from channels.telephony.providers import Provider
from channels.telephony.requests import Ready, Request, ready
from channels.telephony.wire import Wire, raise_for, raise_for_command

Phase: TypeAlias = Literal["ringing", "answered", "ended"]
PHASES: Mapping[str, Phase] = {
    "INCOMING": "ringing",
    "OUTGOING": "ringing",
    "ACCEPTED": "answered",
    "COMPLETED": "ended",
    "CANCELLED": "ended",
}
OUTCOMES = {"notallowed": "blocked", "cancel": "cancelled"}
EMPTY = Reply(body=b"{}", content_type="application/json")
COLUMNS = ("uid", "type", "client", "account", "via", "start", "wait", "duration", "record")
"""Of the old API's CSV; the new one's JSON has them as names."""
OLD_API = ".wcgp"
TIME = "%Y%m%dT%H%M%SZ"
MAKE_CALL = Request(
    url="$base/makecall", body="json", content={"user": "$ext", "phone": "$client.digits"},
    headers={"X-API-KEY": "$token"},
)  # fmt: skip
MAKE_CALL_OLD = Request(
    url="$base", body="form",
    content={"cmd": "makeCall", "user": "$ext", "phone": "$client.digits", "token": "$token"},
)  # fmt: skip
HISTORY = Request(
    url="$base/history/json", method="GET", params={"start": "$since", "end": "$until"},
    headers={"X-API-KEY": "$token"},
)  # fmt: skip
HISTORY_OLD = Request(
    url="$base", body="form",
    content={"cmd": "history", "start": "$since", "end": "$until", "token": "$token"},
)  # fmt: skip
USERS = Request(url="$base/users", method="GET", headers={"X-API-KEY": "$token"})
USERS_OLD = Request(url="$base", body="form", content={"cmd": "accounts", "token": "$token"})


class Itoolabs(Provider):
    """A virtual exchange of the ITooLabs platform."""

    def __init__(self, account: Any) -> None:
        super().__init__(account)
        self._token = account.settings.get("crm_token", "")
        self._base = account.settings.get("api_base", "").rstrip("/")
        self._old = self._base.endswith(OLD_API)
        self._wire = Wire(self._base)
        self._hosts = frozenset(account.settings.get("recording_hosts", "").lower().split())

    @property
    def calls(self) -> bool:  # type: ignore[override]
        return bool(self._base)

    @property
    def keeps_history(self) -> bool:  # type: ignore[override]
        return bool(self._base)

    def admit(self, envelope: Envelope) -> Admitted:
        """By the token in the body. The question whom to ring is answered and not kept."""
        try:
            told = read(envelope)
        except PayloadUnreadable:
            raise WebhookRefused("no token can be read") from None
        given = find(told, "crm_token").encode("utf-8", "backslashreplace")
        if not self._token or not hmac.compare_digest(given, self._token.encode()):
            raise WebhookRefused("wrong token")
        lane = find(told, "callid")[:200]
        if find(told, "cmd") == "contact":
            question = RouteQuestion(
                client=client_of(find(told, "phone"), self.region), line=self._line(told)
            )
            return Admitted(lane=lane, reply=EMPTY, keep=False, question=question)
        return Admitted(lane=lane, reply=EMPTY)

    def answer(self, answer: RouteAnswer) -> Reply:
        """The name, and one person: the format has no more (3.2)."""
        says = {"contact_name": answer.client_name, "responsible": next(iter(answer.members), "")}
        return Reply(
            body=orjson.dumps({name: value for name, value in says.items() if value}),
            content_type="application/json",
        )

    def parse(self, envelope: Envelope) -> tuple[CallFact, ...]:
        told = read(envelope)
        if envelope.method == "POLL":
            return (self._row(told, envelope.received_at),)
        match find(told, "cmd"):
            case "event":
                return self._event(told, envelope.received_at)
            case "history":
                return (self._history(told, envelope.received_at),)
        return ()  # rating, and commands that we do not know

    def _event(self, told: Mapping[str, Any], received_at: int) -> tuple[CallFact, ...]:
        call, kind = self._call_id(told), find(told, "type").upper()
        phase = PHASES.get(kind)
        if phase is None:
            return ()
        user, member = find(told, "user"), self._member(told)
        outward = kind == "OUTGOING" or find(told, "direction") == "out"
        leg = (user or member or find(told, "telnum"))[:128]
        line = self._line(told)
        fact = CallFact(
            key=f"{call}:{leg}:{kind}",
            call=call,
            leg=leg,
            at=received_at,
            authority="leg_end" if phase == "ended" else "leg",
            phase=phase,
            direction="out" if outward else "in",
            client=client_of(find(told, "phone"), self.region),
            line=line,
            member=member,
            attribution=NOWHERE if outward else campaign(self.account, line, self.region),
        )
        return (fact,)

    def _history(self, told: Mapping[str, Any], received_at: int) -> CallFact:
        """The platform's word on the whole call. Its case is not stable: "missed" was seen beside "Success"."""
        call, status = self._call_id(told), find(told, "status").lower()
        outward, line = find(told, "type").lower() == "out", self._line(told)
        started, lasted = self._time(told, "start", received_at), whole(find(told, "duration"))
        ended = started + lasted * SECOND if started is not None and lasted is not None else None
        return CallFact(
            key=f"{call}:history:{status}:{find(told, 'duration')}",
            call=call,
            at=ended or received_at,
            authority="summary",
            phase="ended",
            direction="out" if outward else "in",
            client=client_of(find(told, "phone"), self.region),
            line=line,
            member=self._member(told),
            answered=status == "success",
            started_at=started,
            ended_at=ended,
            talk_seconds=None if status == "success" else 0,
            outcome=OUTCOMES.get(status, status)[:40],
            recording=_recording(find(told, "link")),
            attribution=NOWHERE if outward else campaign(self.account, line, self.region),
        )

    def _row(self, told: Mapping[str, Any], received_at: int) -> CallFact:
        """A row of the history we asked for: talk and wait apart, so that no talk is no answer."""
        call = find(told, "uid")
        if not call:
            raise PayloadUnreadable("no uid", code="no_call_id")
        kind = find(told, "type").lower()
        talk, waited = whole(find(told, "duration")) or 0, whole(find(told, "wait")) or 0
        started = self._time(told, "start", received_at) or received_at
        line = find(told, "via")
        return CallFact(
            key=f"{call}:poll",
            call=call[:200],
            at=started + (waited + talk) * SECOND,
            authority="history",
            phase="ended",
            direction="out" if kind == "out" else "in",
            client=client_of(find(told, "client"), self.region),
            line=outer(line, self.region) or line,
            member=_person(find(told, "account")),
            answered=talk > 0 and kind != "missed",
            started_at=started,
            answered_at=started + waited * SECOND if talk and kind != "missed" else None,
            ended_at=started + (waited + talk) * SECOND,
            talk_seconds=0 if kind == "missed" else talk,
            recording=_recording(find(told, "record")),
        )

    def _call_id(self, told: Mapping[str, Any]) -> str:
        if not (call := find(told, "callid")):
            raise PayloadUnreadable("no callid", code="no_call_id")
        return call[:200]

    def _line(self, told: Mapping[str, Any]) -> str:
        line = find(told, "diversion")
        return outer(line, self.region) or line[:64]

    def _member(self, told: Mapping[str, Any]) -> str:
        return _person(find(told, "user")) and (extension(find(told, "ext")) or _person(find(told, "user")))

    def _time(self, told: Mapping[str, Any], name: str, received_at: int) -> int | None:
        found = CONVERTERS["ts"](find(told, name), Reading(self.region))
        return moment(int(found), received_at) if found else None

    async def call(self, member: str, number: str, key: str) -> str:
        """makeCall rings the employee, then the number. The id it gives is not promised to be that of the call."""
        if not self._base:
            raise Refused("no API address", code="cannot_call")
        digits = bare(number).lstrip("+")
        request = self._ready(
            MAKE_CALL_OLD if self._old else MAKE_CALL, ext=member, **{"client.digits": digits}
        )
        status, body = await self._wire.send(request, harmless=False)
        raise_for_command(status)
        return _ref(body) or key

    async def history(self, since: int, until: int) -> AsyncIterator[PolledEnvelope]:
        """The old API answers CSV, the new one JSON."""
        request = self._ready(
            HISTORY_OLD if self._old else HISTORY, since=_compact(since), until=_compact(until)
        )
        status, body = await self._wire.send(request, harmless=True)
        if status in (401, 403):
            raise Disconnected("key refused", code="call_key_refused")
        raise_for(status)
        for row in _rows(body):
            if row.get("uid"):
                yield polled(row, until, lane=str(row["uid"]))

    def _ready(self, request: Request, **values: str) -> Ready:
        return ready(
            request, {"base": self._base, "token": self.account.settings.get("api_token", ""), **values}
        )

    def download(self, ref: str) -> AsyncIterator[bytes]:
        """The link of the history: open to whoever has it, for about a week."""
        return self._wire.download(ref.removeprefix(RECORDING), self._may_fetch)

    def _may_fetch(self, address: SplitResult) -> bool:
        host, base = (address.hostname or "").lower(), urlsplit(self._base)
        domain = ".".join((base.hostname or "").rsplit(".", 2)[-2:])
        below = "." in domain and host.endswith(f".{domain}")
        return host in self._hosts or address.netloc == base.netloc or below

    async def check(self) -> Sequence[Check]:
        if not self._token:
            return (Check(code="itl_token_missing", ok=False),)
        if not self._base:
            return (Check(code="itl_token_set", ok=True), Check(code="no_api", ok=True))
        try:
            status, _ = await self._wire.send(self._ready(USERS_OLD if self._old else USERS), harmless=True)
        except SendFailed as error:
            return (Check(code="provider_unreachable", ok=False, detail=error.code),)
        return (Check(code="call_key_ok" if status == 200 else "call_key_refused", ok=status == 200),)

    async def close(self) -> None:
        await self._wire.close()


def _person(user: str) -> str:
    """A login; "" for the exchange itself and for departments (`g_…@tenant`)."""
    return "" if user.lower() in ("", "pbx") or user.startswith("g_") else extension(user.partition("@")[0])


def _recording(link: str) -> Attachment | None:
    address = CONVERTERS["url"](link, Reading())
    return (
        Attachment(kind="audio", ref=f"{RECORDING}{address}", name="recording.mp3", mime="audio/mpeg")
        if address
        else None
    )


def _compact(at: int) -> str:
    return datetime.fromtimestamp(at / SECOND, UTC).strftime(TIME)


def _rows(body: bytes) -> list[dict[str, Any]]:
    if body.lstrip()[:1] in (b"[", b"{"):
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError:
            return []
        found = found.get("data", []) if isinstance(found, dict) else found
        return [
            {str(name).lower(): value for name, value in row.items()}
            for row in found
            if isinstance(row, dict)
        ]
    written = csv.reader(io.StringIO(body.decode("utf-8", "replace")))
    return [dict(zip(COLUMNS, row, strict=False)) for row in written if row and row[0].upper() != "UID"]


def _ref(body: bytes) -> str:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    return (find(told, "uuid") or find(told, "callid"))[:128] if isinstance(told, dict) else ""


PROVIDER = Itoolabs
