"""The web form under the contract test."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from channels.base import Account, Envelope
from channels.webform.proof import stamp
from tests.channels.contract import RECEIVED_AT, ChannelCase

API_KEY = "server-key-of-the-tests"
FORM = (Path(__file__).parent / "calculation.form.json").read_text(encoding="utf-8")
ACCOUNT = Account(
    source_id="0198f000-0000-7000-8000-00000000f001",
    settings={
        "form": FORM,
        "form_key": "form-key-of-the-tests",
        "api_key": API_KEY,
        "allowed_origins": "https://mebel.example, https://www.mebel.example",
    },
    hook_url="https://okno.example/hooks/0198f000-0000-7000-8000-00000000f001/k",
    hook_path="/hooks/0198f000-0000-7000-8000-00000000f001/k",
    public_url="https://okno.example",
    slug="raschet",
)
MARKS = {b"{mark}": 60_000_000, b"{mark now}": 1_000_000, b"{mark old}": 172_800_000_000}
"""Places in fixtures, and how long before the page was shown."""
KINDS = {
    ".json": "application/json",
    ".form": "application/x-www-form-urlencoded",
    ".txt": "text/plain;charset=UTF-8",
}
SITE = {
    "origin": "https://mebel.example",
    "referer": "https://mebel.example/kuhni?utm_source=yandex&utm_medium=cpc",
}
MORE = {
    "form__wrong_origin": {"origin": "https://chuzhoy.example"},
    "form__plain_html": {**SITE, "accept": "text/html,application/xhtml+xml"},
    "form__script": {**SITE, "accept": "application/json"},
    "form__server_backdated": {"x-api-key": API_KEY},
    "form__bearer": {"authorization": f"Bearer {API_KEY}", "idempotency-key": "lead-77812"},
}
"""Headers of fixtures that have more than a type."""


def proven(path: Path) -> Envelope:
    """The fixture as a site would post it, with marks of time in the places kept for them."""
    body = path.read_bytes()
    for place, ago in MARKS.items():
        body = body.replace(place, stamp(ACCOUNT, RECEIVED_AT - ago).encode())
    kind = KINDS.get(path.suffix) or f"multipart/form-data; boundary={_boundary(body)}"
    headers = {"content-type": kind, "host": "okno.example", **MORE.get(path.stem, {})}
    return Envelope(body=body, received_at=RECEIVED_AT, headers=headers)


def _boundary(body: bytes) -> str:
    return body.partition(b"\r\n")[0].removeprefix(b"--").decode()


def hostile(body: bytes) -> Iterable[Envelope]:
    """The bytes under every type that we read, from a stranger and from a server of the company's."""
    kinds = (*KINDS.values(), "multipart/form-data; boundary=X", "multipart/form-data", "", "application/xml")
    for kind in kinds:
        for key in ({}, {"x-api-key": API_KEY}):
            yield Envelope(body=body, received_at=RECEIVED_AT, headers={"content-type": kind, **key})


def forged(body: bytes) -> Iterable[Envelope]:
    """A wrong key, whatever its letters. Without any key a form is public and its address the only proof."""
    for key in ("wrong", "ключ", API_KEY + "x", "\udcff"):
        yield Envelope(body=body, received_at=RECEIVED_AT, headers={"x-api-key": key})
        yield Envelope(body=body, received_at=RECEIVED_AT, headers={"authorization": f"Bearer {key}"})


CASE = ChannelCase(account=ACCOUNT, proven=proven, forged=forged, hostile=hostile)
