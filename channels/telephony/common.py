"""What do all telephone systems' events have in common?"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import orjson

from channels.base import Account, Envelope, PolledEnvelope
from channels.errors import PayloadUnreadable
from channels.events import NOWHERE, Attribution
from channels.telephony.numbers import outer

SECOND = 1_000_000
RECORDING = "recording:"
"""Prefix of the refs of recordings."""
MINUTE = 60 * SECOND
SKEW = 10 * MINUTE
"""A provider's clock may be ahead by so much; more is a mistake of the clock or of the zone."""
OLDEST = 315_576_000 * SECOND
"""Times more than ten years back are no times of calls."""


def text(value: Any) -> str:
    """A scalar of a payload as text; "" for what is missing or no scalar. Systems send numbers now so, now
    so."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()[:500]


def whole(value: Any) -> int | None:
    """A whole number of a payload, None for anything else."""
    written = text(value)
    return int(written) if re.fullmatch(r"-?[0-9]{1,18}", written) else None


def moment(micros: int | None, received_at: int) -> int:
    """A provider's time, or ours where it has none that can be believed."""
    if micros is None or micros > received_at + SKEW or micros < received_at - OLDEST:
        return received_at
    return micros


def campaign(account: Account, line: str, region: str) -> Attribution:
    """The campaign that a tracking number stands for, by the setting `campaigns`: lines of "number =
    label"."""
    labels = _labels(account.settings.get("campaigns", ""), region)
    label = labels.get(outer(line, region) or line, "")
    return Attribution(campaign=label) if label else NOWHERE


@lru_cache(maxsize=256)
def _labels(written: str, region: str) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in re.split(r"[\n;]+", written) if "=" in entry)
    return {
        outer(number, region) or number.strip(): label.strip()[:200]
        for number, _, label in pairs
        if label.strip()
    }


def polled(row: Mapping[str, Any], now: int, *, lane: str) -> PolledEnvelope:
    """A row of a provider's history as an envelope: the same row is known again."""
    body = orjson.dumps(dict(sorted(row.items())), option=orjson.OPT_NON_STR_KEYS)
    envelope = Envelope(body=body, received_at=now, method="POLL", path="history")
    return PolledEnvelope(
        envelope=envelope, key=f"history:{hashlib.sha256(body).hexdigest()}", lane=lane[:200]
    )


class Told:
    """A notification's object, whose values are taken only as what they should be."""

    def __init__(self, found: Mapping[str, Any], received_at: int) -> None:
        self._found = found
        self._received_at = received_at

    def _value(self, *path: str) -> Any:
        value: Any = self._found
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def text(self, *path: str) -> str:
        """A text, "" where there is none."""
        return text(self._value(*path))

    def whole(self, *path: str) -> int | None:
        """A whole number."""
        return whole(self._value(*path))

    def required(self, name: str) -> str:
        """A text without which nothing can be told. Raises PayloadUnreadable."""
        if not (found := self.text(name)):
            raise PayloadUnreadable(f"no {name}", code="no_call_id")
        return found[:128]

    def seconds(self, name: str) -> int | None:
        """A time in microseconds; None for zero, which means never."""
        found = self.whole(name)
        return moment(found * SECOND, self._received_at) if found and 0 < found < 10**11 else None

    def at(self, name: str) -> int:
        """A time, ours where it tells none."""
        found = self.seconds(name)
        return self._received_at if found is None else found


def form_bytes(body: bytes) -> dict[bytes, bytes]:
    """The fields as bytes: the signature is over the bytes of one of them, so nothing may be decoded on the
    way."""
    try:
        found = parse_qsl(
            body.decode("latin-1"),
            keep_blank_values=True,
            max_num_fields=50,
            encoding="latin-1",
            errors="strict",
        )
    except ValueError:
        return {}
    return {name.encode("latin-1"): value.encode("latin-1") for name, value in found}
