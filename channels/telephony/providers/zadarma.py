"""What does Zadarma tell, and how is it asked?

Sources: telephony.md, 3.3 (the vendor's open library zadarma/user-api-v1). Novofon v1 is the same code (novofon.py).

- `Signature` is base64 of the *hex* HMAC-SHA1 over two or three fields. The event's name, its result and its call are
  not signed, so the secret address is needed too, and only the end and the history speak of the call.
- The answer to NOTIFY_START and NOTIFY_IVR is an instruction: whom to ring.
- An exchange that picks up by itself "answers": a talk under ten seconds (a setting) that no person took is none.
- Times are the cabinet's local time without a zone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import SplitResult, urlencode, urlsplit

import orjson

from channels.base import (
    Account,
    Admitted,
    Check,
    Envelope,
    PolledEnvelope,
    Reply,
    RouteAnswer,
    RouteQuestion,
)
from channels.errors import Disconnected, PayloadUnreadable, Refused, SendFailed, TryLater
from channels.events import NOWHERE, Attachment, CallFact
from channels.telephony.common import RECORDING, SECOND, campaign, moment, polled, whole
from channels.telephony.converters import CONVERTERS, Reading
from channels.telephony.document import find, read
from channels.telephony.numbers import bare, client_of, extension, outer
from channels.telephony.proof import Proof, prove
from channels.telephony.providers import Provider
from channels.telephony.requests import Ready
from channels.telephony.values import zone
from channels.telephony.wire import Wire, raise_for, raise_for_command

PROOF = (Proof(kind="zadarma_sha1hex", secret="api_secret"),)
EMPTY = Reply(body=b"{}", content_type="application/json")
QUESTIONS = frozenset({"NOTIFY_START", "NOTIFY_IVR"})
ENDS = frozenset({"NOTIFY_END", "NOTIFY_OUT_END"})
RETURN_AFTER = 20
GHOST = 10
LINK_LIVES = 5_184_000


class Zadarma(Provider):
    """A Zadarma exchange."""

    api: ClassVar[str] = "https://api.zadarma.com"
    hosts: ClassVar[tuple[str, ...]] = (".zadarma.com",)
    calls: ClassVar[bool] = True
    keeps_history: ClassVar[bool] = True

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        settings = account.settings
        self._key, self._secret = settings.get("api_key", ""), settings.get("api_secret", "")
        self._api = (settings.get("api_base", "") or self.api).rstrip("/")
        self._wire = Wire(self._api)
        self._reading = Reading(self.region, zone(settings.get("tz") or "+03:00"))
        self._ghost = whole(settings.get("min_talk", "")) or GHOST

    def admit(self, envelope: Envelope) -> Admitted:
        """By the signature; the probe of the address (`zd_echo`) is echoed."""
        if "zd_echo" in envelope.query:
            echo = envelope.query["zd_echo"][:200].encode("utf-8", "backslashreplace")
            return Admitted(keep=False, reply=Reply(body=echo))
        prove(PROOF, self.account.settings, envelope)
        try:
            told = read(envelope)
        except PayloadUnreadable:
            return Admitted(reply=EMPTY)
        lane = find(told, "pbx_call_id")[:200]
        if find(told, "event") not in QUESTIONS:
            return Admitted(lane=lane, reply=EMPTY)
        client, line = client_of(find(told, "caller_id"), self.region), self._line(told)
        return Admitted(lane=lane, reply=EMPTY, question=RouteQuestion(client=client, line=line))

    def answer(self, answer: RouteAnswer) -> Reply:
        """A redirect takes extensions of three digits only; whoever is named gets the call back to the scheme after
        20 seconds."""
        if answer.blocked:
            return Reply(body=b'{"redirect":"blacklist"}', content_type="application/json")
        says: dict[str, Any] = {"caller_name": answer.client_name} if answer.client_name else {}
        member = next((one for one in answer.members if len(one) == 3 and one.isdigit()), "")
        if member:
            says |= {"redirect": member, "return_timeout": RETURN_AFTER}
        return Reply(body=orjson.dumps(says), content_type="application/json")

    def parse(self, envelope: Envelope) -> tuple[CallFact, ...]:
        told = read(envelope)
        if envelope.method == "POLL":
            return (self._row(told, envelope.received_at),)
        event, call = find(told, "event"), find(told, "pbx_call_id")[:200]
        if not event.startswith("NOTIFY_") or event == "NOTIFY_IVR":
            return ()
        if not call:
            raise PayloadUnreadable("no pbx_call_id", code="no_call_id")
        if event == "NOTIFY_RECORD":
            return self._record(told, call, envelope.received_at)
        fact = self._end if event in ENDS else self._leg
        return (fact(told, event, call, envelope.received_at),)

    def _leg(self, told: Mapping[str, Any], event: str, call: str, received_at: int) -> CallFact:
        outward = event == "NOTIFY_OUT_START"
        member = extension(find(told, "internal")) or (
            "" if outward else extension(find(told, "destination"))
        )
        begins = event in ("NOTIFY_START", "NOTIFY_OUT_START")
        return CallFact(
            key=f"{call}:{event}:{member}",
            call=call,
            leg="call" if event == "NOTIFY_START" else f"m{member}",
            at=(self._time(told, "call_start", received_at) if begins else None) or received_at,
            authority="leg",
            phase="answered" if event == "NOTIFY_ANSWER" else "ringing",
            direction="out" if outward else "in",
            client=client_of(find(told, "destination" if outward else "caller_id"), self.region),
            line=self._line(told),
            member="" if event == "NOTIFY_START" else member,
            attribution=NOWHERE if outward else self._campaign(told),
        )

    def _end(self, told: Mapping[str, Any], event: str, call: str, received_at: int) -> CallFact:
        outward = event == "NOTIFY_OUT_END"
        disposition, talk = find(told, "disposition").lower(), whole(find(told, "duration")) or 0
        talked = disposition == "answered" and talk >= (1 if outward else self._ghost)
        started = self._time(told, "call_start", received_at)
        return CallFact(
            key=f"{call}:{event}",
            call=call,
            at=received_at,
            authority="summary",
            phase="ended",
            direction="out" if outward else "in",
            client=client_of(find(told, "destination" if outward else "caller_id"), self.region),
            line=self._line(told),
            member=extension(find(told, "internal")),
            answered=talked,
            started_at=started,
            ended_at=received_at,
            talk_seconds=talk if talked else 0,
            outcome=disposition.replace(" ", "_")[:40],
            recording=_recording(find(told, "call_id_with_rec"))
            if find(told, "is_recorded") == "1"
            else None,
            attribution=NOWHERE if outward else self._campaign(told),
        )

    def _record(self, told: Mapping[str, Any], call: str, received_at: int) -> tuple[CallFact, ...]:
        """May come before anything else of the call."""
        ref = find(told, "call_id_with_rec")
        if not ref:
            raise PayloadUnreadable("no call_id_with_rec", code="no_recording")
        fact = CallFact(
            key=f"{call}:{RECORDING}{ref}", call=call, leg=f"{RECORDING}{ref}"[:128], at=received_at,
            authority="leg", phase="ended", direction="internal", recording=_recording(ref),
        )  # fmt: skip
        return (fact,)

    def _row(self, told: Mapping[str, Any], received_at: int) -> CallFact:
        """A row of the exchange's statistics."""
        call = find(told, "pbx_call_id")[:200]
        if not call:
            raise PayloadUnreadable("no pbx_call_id", code="no_call_id")
        outward = call.startswith("out_")
        talk, disposition = whole(find(told, "seconds")) or 0, find(told, "disposition").lower()
        talked = disposition == "answered" and talk >= (1 if outward else self._ghost)
        started = self._time(told, "callstart", received_at) or received_at
        ref = find(told, "call_id") if find(told, "is_recorded") in ("1", "true") else ""
        return CallFact(
            key=f"{call}:statistics:{find(told, 'call_id')}",
            call=call,
            at=started + talk * SECOND,
            authority="history",
            phase="ended",
            direction="out" if outward else "in",
            client=client_of(find(told, "destination" if outward else "clid"), self.region),
            member=extension(find(told, "sip" if outward else "destination")),
            answered=talked,
            started_at=started,
            ended_at=started + talk * SECOND,
            talk_seconds=talk if talked else 0,
            outcome=disposition.replace(" ", "_")[:40],
            recording=_recording(ref),
        )

    def _line(self, told: Mapping[str, Any]) -> str:
        line = find(told, "called_did")
        return outer(line, self.region) or line[:64]

    def _campaign(self, told: Mapping[str, Any]) -> Any:
        return campaign(self.account, self._line(told), self.region)

    def _time(self, told: Mapping[str, Any], name: str, received_at: int) -> int | None:
        found = CONVERTERS["ts"](find(told, name), self._reading)
        return moment(int(found), received_at) if found else None

    async def call(self, member: str, number: str, key: str) -> str:
        """request/callback rings the extension, then the number; it names no call, so the call is known by both."""
        params = {"from": member, "to": bare(number).lstrip("+")}
        status, body = await self._wire.send(self._asked("/v1/request/callback/", params), harmless=False)
        raise_for_command(status)
        if _told(body).get("status") == "error":
            raise Refused("refused", code="call_refused")
        return key

    async def history(self, since: int, until: int) -> AsyncIterator[PolledEnvelope]:
        """statistics/pbx, three questions a minute at most."""
        params = {"start": self._local(since), "end": self._local(until), "version": "2"}
        status, body = await self._wire.send(self._asked("/v1/statistics/pbx/", params), harmless=True)
        if status in (401, 403):
            raise Disconnected("key refused", code="call_key_refused")
        raise_for(status)
        rows = _told(body).get("stats")
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict) and row.get("pbx_call_id"):
                yield polled(row, until, lane=str(row["pbx_call_id"]))

    def _local(self, at: int) -> str:
        return datetime.fromtimestamp(at / SECOND, self._reading.zone).strftime("%Y-%m-%d %H:%M:%S")

    async def download(self, ref: str) -> AsyncIterator[bytes]:
        """A link is asked for, and is not there for some forty seconds after the call."""
        params = {"call_id": ref.removeprefix(RECORDING), "lifetime": str(LINK_LIVES)}
        status, body = await self._wire.send(self._asked("/v1/pbx/record/request/", params), harmless=True)
        raise_for(status)
        told = _told(body)
        links = told.get("links")
        link = told.get("link") or (links[0] if isinstance(links, list) and links else "")
        if not isinstance(link, str) or not link:
            raise TryLater("no link yet", code="recording_not_ready", after=60)
        async for piece in self._wire.download(link, self._may_fetch):
            yield piece

    def _may_fetch(self, address: SplitResult) -> bool:
        named = self.account.settings.get("recording_hosts", "").lower().split()
        host = (address.hostname or "").lower()
        return host.endswith(self.hosts) or host in named or address.netloc == urlsplit(self._api).netloc

    async def check(self) -> Sequence[Check]:
        if not self._key or not self._secret:
            return (Check(code="zadarma_key_missing", ok=False),)
        try:
            status, _ = await self._wire.send(self._asked("/v1/info/balance/", {}), harmless=True)
        except SendFailed as error:
            return (Check(code="provider_unreachable", ok=False, detail=error.code),)
        return (Check(code="call_key_ok" if status == 200 else "call_key_refused", ok=status == 200),)

    def _asked(self, method: str, params: Mapping[str, str]) -> Ready:
        query = urlencode(sorted(params.items()))
        headers = {"Authorization": f"{self._key}:{signature(method, query, self._secret)}"}
        return Ready("GET", f"{self._api}{method}" + (f"?{query}" if query else ""), headers, b"")

    async def close(self) -> None:
        await self._wire.close()


def signature(method: str, query: str, secret: str) -> str:
    """base64(hex HMAC-SHA1(method + parameters + md5(parameters))), parameters sorted by name."""
    told = method + query + hashlib.md5(query.encode(), usedforsecurity=False).hexdigest()
    return base64.b64encode(hmac.new(secret.encode(), told.encode(), "sha1").hexdigest().encode()).decode()


def _recording(ref: str) -> Attachment | None:
    return (
        Attachment(kind="audio", ref=f"{RECORDING}{ref}", name="recording.mp3", mime="audio/mpeg")
        if ref
        else None
    )


def _told(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


PROVIDER = Zadarma
