"""Telegram under the contract test."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from channels.base import Account, Envelope
from tests.channels.contract import RECEIVED_AT, ChannelCase

SECRET = "the-secret-of-the-tests_0123456789"
TOKEN = "4200000001:AAtoken-of-the-tests-0123456789_abcd"
HEADER = "x-telegram-bot-api-secret-token"
ACCOUNT = Account(
    source_id="0198f000-0000-7000-8000-0000000000a1",
    settings={"token": TOKEN, "secret_token": SECRET},
    hook_url="https://okno.example.com/hooks/0198f000-0000-7000-8000-0000000000a1/k",
    public_url="https://okno.example.com",
)


def enveloped(body: bytes, **headers: str) -> Envelope:
    """The bytes as Telegram would post them, with these headers more."""
    told = {"content-type": "application/json", **headers}
    return Envelope(body=body, received_at=RECEIVED_AT, headers=told)


def proven(fixture: Path) -> Envelope:
    """The fixture with the header that repeats our secret."""
    return enveloped(fixture.read_bytes(), **{HEADER: SECRET})


def forged(body: bytes) -> Iterable[Envelope]:
    """No secret, none at all, a bent one, one in other letters, another bot's; the true one elsewhere."""
    yield enveloped(body)
    wrong = (
        "",
        SECRET[:-1],
        SECRET + "x",
        SECRET.upper(),
        "секрет",
        "\udcff",
        "another-bots-secret_0123456789",
    )
    for secret in wrong:
        yield enveloped(body, **{HEADER: secret})
    yield enveloped(body, authorization=f"Bearer {SECRET}")


def hostile(body: bytes) -> Iterable[Envelope]:
    """The bytes with the true secret."""
    yield enveloped(body, **{HEADER: SECRET})


CASE = ChannelCase(
    account=ACCOUNT,
    proven=proven,
    forged=forged,
    hostile=hostile,
    ways=({"mode": "webhook"}, {"mode": "polling"}),
)
