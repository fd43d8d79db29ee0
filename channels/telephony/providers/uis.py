"""What do UIS, CoMagic, CallGear and Novofon 2.0 tell? Their mapping says it (mappings/uis.json); telephony.md, 3.4.

- The customer writes the body of each notification; our wizard prints the templates that the mapping reads.
- Placeholders stand without quotes, so a value may come with quotes around it, as null, or as {{name}}.
- Nothing is signed: the secret lies in the address.
- Whom to ring is asked by «Интерактивная обработка вызова» and answered with outer numbers (setting `routes`).
- Calls and history go by JSON-RPC, whose refusals come with HTTP 200.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, ClassVar

import orjson

from channels.base import Check, PolledEnvelope
from channels.errors import Disconnected, OutcomeUnknown, Refused, SendFailed, TryLater
from channels.telephony.common import SECOND, polled
from channels.telephony.numbers import bare
from channels.telephony.providers.generic import Generic
from channels.telephony.requests import Ready
from channels.telephony.wire import raise_for, raise_for_command

CALL_API, DATA_API = "https://callapi.uiscom.ru/v4.0", "https://dataapi.uiscom.ru/v2.0"
ASKED = (
    "id", "start_time", "finish_time", "direction", "is_lost", "contact_phone_number", "virtual_phone_number",
    "talk_duration", "wait_duration", "total_duration", "last_answered_employee_id", "call_records",
)  # fmt: skip
MOST = 10_000
AT_ONCE = 1000


class Uis(Generic):
    """An account of UIS or of its kin."""

    preset: ClassVar[str] = "uis"
    hosts: ClassVar[tuple[str, ...]] = (".uiscom.ru", ".comagic.ru", ".callgear.com", ".novofon.com")

    @property
    def calls(self) -> bool:  # type: ignore[override]
        return bool(self.account.settings.get("api_token"))

    @property
    def keeps_history(self) -> bool:  # type: ignore[override]
        return bool(self.account.settings.get("api_token"))

    async def call(self, member: str, number: str, key: str) -> str:
        """start.employee_call; `external_id` comes back with every notification of the call."""
        params = {
            "first_call": "employee", "virtual_phone_number": self.account.settings.get("line", "").lstrip("+"),
            "contact": bare(number).lstrip("+"), "external_id": key[:128],
            "employee": {"id": int(member)} if member.isdigit() else {"phone_number": member},
        }  # fmt: skip
        status, told = await self._ask(self._base or CALL_API, "start.employee_call", params, harmless=False)
        raise_for_command(status)
        _raise_for(told)
        data = (told.get("result") or {}).get("data") or {}
        return str(data.get("call_session_id") or key)

    async def history(self, since: int, until: int) -> AsyncIterator[PolledEnvelope]:
        """get.calls_report of the data API, a thousand rows at once."""
        window = {"date_from": self._local(since), "date_till": self._local(until), "fields": list(ASKED)}
        for offset in range(0, MOST, AT_ONCE):
            params = {**window, "limit": AT_ONCE, "offset": offset}
            status, told = await self._ask(self._data_api(), "get.calls_report", params, harmless=True)
            raise_for(status)
            _raise_for(told)
            rows = (told.get("result") or {}).get("data") or []
            for row in rows:
                if isinstance(row, dict) and row.get("id"):
                    records = row.get("call_records") or []
                    links = (
                        {"file_link": f"https://media.uiscom.ru/{row['id']}/{records[0]}"} if records else {}
                    )
                    told_row = {**row, **links, "ev": "history", "call_session_id": row["id"]}
                    yield polled(told_row, until, lane=str(row["id"]))
            if len(rows) < AT_ONCE:
                return

    def _data_api(self) -> str:
        """Beside the call API on the same host when that is our own (a fake, a proxy)."""
        return f"{self._base.rsplit('/', 1)[0]}/data" if self._base else DATA_API

    def _local(self, at: int) -> str:
        zone = self._plan.zone if self._plan is not None else None
        return datetime.fromtimestamp(at / SECOND, zone).strftime("%Y-%m-%d %H:%M:%S")

    async def _ask(
        self, url: str, method: str, params: dict[str, Any], *, harmless: bool
    ) -> tuple[int, dict[str, Any]]:
        asked = {
            "jsonrpc": "2.0", "id": "1", "method": method,
            "params": {"access_token": self.account.settings.get("api_token", ""), **params},
        }  # fmt: skip
        request = Ready("POST", url, {"Content-Type": "application/json"}, orjson.dumps(asked))
        status, body = await self._wire.send(request, harmless=harmless)
        try:
            told = orjson.loads(body)
        except orjson.JSONDecodeError:
            told = None
        return status, told if isinstance(told, dict) else {}

    async def check(self) -> Sequence[Check]:
        found = [one for one in await super().check() if one.code != "no_recording_hosts"]
        if not self.account.settings.get("api_token"):
            return (*found, Check(code="no_api", ok=True))
        try:
            _, told = await self._ask(self._base or CALL_API, "get.account", {}, harmless=True)
        except SendFailed as error:
            return (*found, Check(code="provider_unreachable", ok=False, detail=error.code))
        refused = _mnemonic(told) in REFUSED
        return (*found, Check(code="call_key_refused" if refused else "call_key_ok", ok=not refused))


REFUSED = frozenset(
    {"access_token_invalid", "access_token_expired", "access_token_blocked", "ip_not_whitelisted"}
)


def _mnemonic(told: dict[str, Any]) -> str:
    error = told.get("error")
    data = error.get("data") if isinstance(error, dict) else None
    return str(data.get("mnemonic", "error")) if isinstance(data, dict) else "error" if error else ""


def _raise_for(told: dict[str, Any]) -> None:
    """What a JSON-RPC error means."""
    mnemonic = _mnemonic(told)
    if mnemonic in REFUSED:
        raise Disconnected(mnemonic, code="call_key_refused")
    if "limit_exceeded" in mnemonic:
        raise TryLater(mnemonic, code="slow_down", after=60)
    if mnemonic:
        raise Refused(mnemonic, code="call_refused")
    if "result" not in told:
        raise OutcomeUnknown("no JSON-RPC answer", code="no_answer")


PROVIDER = Uis
