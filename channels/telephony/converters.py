"""How is a value of a telephone system's event written in our way?

Every converter takes text and gives text: "" for what it cannot read. Times become microseconds UTC,
durations seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TypeAlias

from channels.telephony.numbers import extension, outer


@dataclass(frozen=True, slots=True)
class Reading:
    """What conversion depends on beside the value."""

    region: str = "RU"
    zone: tzinfo = UTC


Convert: TypeAlias = Callable[[str, Reading], str]


def as_number(written: str) -> float:
    """The number, less than any other for what is none."""
    return float(written) if re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,9})?", written) else float("-inf")


def _time(unit: int | None) -> Convert:
    """Microseconds UTC of a Unix time in a unit, or, without one, of whatever it looks like."""

    def convert(written: str, reading: Reading) -> str:
        if re.fullmatch(r"[0-9]{9,17}(\.[0-9]{1,9})?", written):
            number = float(written) if "." in written else int(written)
            return str(int(number * (unit or _unit(len(written.partition(".")[0])))))
        try:
            moment = datetime.fromisoformat(written)
        except ValueError:
            return ""
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=reading.zone)
        return str(round(moment.timestamp() * 1_000_000))

    return convert


def _unit(digits: int) -> int:
    """Seconds have ten digits until 2286, milliseconds thirteen, microseconds sixteen."""
    if digits <= 11:
        return 1_000_000
    return 1000 if digits <= 14 else 1


def _duration(divisor: int) -> Convert:
    def convert(written: str, _: Reading) -> str:
        number = as_number(written)
        return str(int(number // divisor)) if number >= 0 else ""

    return convert


def _url(written: str, _: Reading) -> str:
    return written if written.lower().startswith(("https://", "http://")) else ""


CONVERTERS: Mapping[str, Convert] = {
    "text": lambda written, _: written,
    "lower": lambda written, _: written.lower(),
    "digits": lambda written, _: re.sub(r"\D", "", written),
    "phone": lambda written, reading: outer(written, reading.region),
    "ext": lambda written, _: extension(written),
    "bool": lambda written, _: "yes" if written.lower() in ("1", "true", "yes", "on") else "",
    "url": _url,
    "ts": _time(None),
    "ts_s": _time(1_000_000),
    "ts_ms": _time(1000),
    "ts_us": _time(1),
    "dur_s": _duration(1),
    "dur_ms": _duration(1000),
    "dur_us": _duration(1_000_000),
}
