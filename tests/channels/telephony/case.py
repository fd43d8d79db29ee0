"""Telephony under the contract test: one account a system; a fixture's name says which."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from channels.base import Account, Envelope
from channels.telephony.providers.mango import signature
from tests.channels.contract import RECEIVED_AT, ChannelCase

KEY, SALT, SECRET, TOKEN = (
    "mango-key-of-tests",
    "mango-salt-of-tests",
    "hmac-secret-of-tests",
    "token-of-tests",
)
ACCOUNT = Account(
    source_id="0198f000-0000-7000-8000-00000000c001",
    settings={
        "provider": "mango",
        "vpbx_api_key": KEY,
        "vpbx_api_salt": SALT,
        "campaigns": "+7 495 123-45-67 = Яндекс Директ\n78001234567=Каталог",
    },
    hook_url="https://okno.example/hooks/0198f000-0000-7000-8000-00000000c001/k",
)
CONTRACT = replace(
    ACCOUNT,
    settings={
        "provider": "generic",
        "preset": "contract",
        "proof": "hmac",
        "secret": SECRET,
        "recording_hosts": "records.example",
        "campaigns": "+7 495 123-45-67 = Яндекс Директ",
    },
)
SIPUNI = replace(
    ACCOUNT, settings={"provider": "generic", "preset": "sipuni", "proof": "header", "secret": TOKEN}
)
"""The real one has only its address; a header gives the contract test a proof to take away."""
PATHS = {
    "call": "events/call",
    "broken": "events/call",
    "summary": "events/summary",
    "recording": "events/recording",
    "dtmf": "events/dtmf",
    "sms": "events/sms",
    "result": "result/callback",
    "ping": "ping",
}
"""Where Mango Office sends each event."""


def account_for(path: Path) -> Account:
    """The account of the system that a fixture belongs to."""
    if "__contract" in path.name:
        return CONTRACT
    return SIPUNI if "__sipuni" in path.name else ACCOUNT


def proven(path: Path) -> Envelope:
    """The fixture as its system delivers it: a signed form, JSON or a form with an HMAC, a GET with
    parameters."""
    body = path.read_bytes().strip()
    if "__sipuni" in path.name:
        query = dict(parse_qsl(body.decode(), keep_blank_values=True))
        headers = {"x-token": TOKEN}
        return Envelope(body=b"", received_at=RECEIVED_AT, method="GET", query=query, headers=headers)
    if "__contract" in path.name:
        return with_hmac(Envelope(body=body, received_at=RECEIVED_AT, headers={"x-signature": ""}))
    return by_mango(body, PATHS[path.name.partition("__")[0]])


def by_mango(json: bytes, path: str = "events/call") -> Envelope:
    """A notification of Mango Office."""
    fields = {"vpbx_api_key": KEY, "sign": signature(KEY, json, SALT), "json": json}
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Envelope(body=urlencode(fields).encode(), received_at=RECEIVED_AT, path=path, headers=headers)


def with_hmac(envelope: Envelope) -> Envelope:
    """The same with an HMAC over its body."""
    sign = hmac.new(SECRET.encode(), envelope.body, hashlib.sha256).hexdigest()
    return replace(envelope, headers={**envelope.headers, "x-signature": f"sha256={sign}"})


def sign(envelope: Envelope) -> Envelope:
    """The envelope proven anew, where there is still something to prove."""
    if "x-signature" in envelope.headers:
        return with_hmac(envelope)
    fields = dict(parse_qsl(envelope.body.decode("latin-1"), encoding="latin-1"))
    if "json" not in fields:
        return envelope
    return by_mango(fields["json"].encode("latin-1"), envelope.path)


def hostile(body: bytes) -> Iterable[Envelope]:
    """The bytes as what Mango Office says, signed, on every path."""
    for path in ("events/call", "events/summary", "", "result/x"):
        yield by_mango(body, path)


def forged(body: bytes) -> Iterable[Envelope]:
    """Bare, as a form without a signature, with a wrong one, a foreign one, one that is no ASCII."""
    yield Envelope(body=body, received_at=RECEIVED_AT)
    yield Envelope(
        body=body, received_at=RECEIVED_AT, headers={"x-signature": "sha256=00", "x-token": "ключ"}
    )
    for key, mark in (
        (KEY, ""),
        (KEY, "ff"),
        (KEY, signature("other", body, SALT)),
        (KEY, "ключ"),
        ("ключ", "x"),
    ):
        fields = {"vpbx_api_key": key, "sign": mark, "json": body}
        yield Envelope(body=urlencode(fields).encode(), received_at=RECEIVED_AT, path="events/call")
    foreign = {"vpbx_api_key": "other", "sign": signature("other", body, "other"), "json": body}
    yield Envelope(body=urlencode(foreign).encode(), received_at=RECEIVED_AT, path="events/call")


CASE = ChannelCase(
    account=ACCOUNT, proven=proven, forged=forged, hostile=hostile, sign=sign, account_for=account_for
)
