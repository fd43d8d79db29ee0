"""How are answers, names and dates of IMAP written?"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from channels.events import Micros

_LISTED = re.compile(rb'[^(]*+\(([^)]*)\)\s+(?:"((?:[^"\\]|\\.)*)"|NIL)\s+(.+)$')
_FACTS = re.compile(rb"UID (\d+)|RFC822\.SIZE (\d+)|INTERNALDATE \"([^\"]{1,40})\"", re.I)
_UID = re.compile(rb"UID (\d+)", re.I)
_FETCHED = re.compile(rb"\d+ FETCH \(", re.I)
_QUOTED_BODY = re.compile(rb'BODY\[[^\]]*\](?:<\d+>)? (?:"((?:[^"\\]|\\.)*)"|NIL)', re.I)
_DATE = re.compile(r"\s?(\d{1,2})-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """What is known of a letter before it is fetched."""

    uid: int
    size: int
    at: Micros


def listed(lines: Sequence[Any]) -> tuple[tuple[str, frozenset[str]], ...]:
    """The folders of a LIST: names, and flags in lower case."""
    found = []
    for at, line in enumerate(lines):
        match = _LISTED.match(line) if isinstance(line, bytes) else None
        if match is not None:
            literal = match[3].endswith(b"}") and at + 1 < len(lines)
            raw = bytes(lines[at + 1]) if literal else _unquoted(match[3])
            found.append((from_utf7(raw), frozenset(match[1].decode("ascii", "replace").lower().split())))
    return tuple(found)


def fact_of(line: bytes) -> Fact | None:
    """UID, size and time in one FETCH line."""
    uid = size = 0
    at: Micros = 0
    for match in _FACTS.finditer(line):
        uid = int(match[1]) if match[1] else uid
        size = int(match[2]) if match[2] else size
        at = moment(match[3].decode("ascii", "replace")) if match[3] else at
    return Fact(uid=uid, size=size, at=at) if uid else None


def bodies_of(lines: Sequence[Any]) -> dict[int, bytes]:
    """Letters by UID. The UID may stand before or behind the letter; small ones may come in quotes."""
    found: dict[int, bytes] = {}
    text, body = b"", b""
    for line in [*lines, b"0 FETCH ("]:
        if isinstance(line, bytearray):
            body = bytes(line)
            continue
        if _FETCHED.match(line):
            _add(found, text, body)
            text, body = b"", b""
        text += line
    return found


def _add(found: dict[int, bytes], text: bytes, body: bytes) -> None:
    uid = _UID.search(text)
    small = _QUOTED_BODY.search(text)
    if not body and small is not None and small[1]:
        body = re.sub(rb"\\(.)", rb"\1", small[1])
    if uid is not None and (body or small is not None):
        found[int(uid[1])] = body


def text_of(response: Any) -> str:
    """What the server said in words."""
    return b" ".join(plain_lines(response.lines)).decode("utf-8", "replace")


def plain_lines(lines: Sequence[Any]) -> list[bytes]:
    """The lines without the literals between them."""
    return [line for line in lines if isinstance(line, bytes)]


def moment(text: str) -> Micros:
    """An INTERNALDATE in microseconds UTC; 0 when it is none."""
    match = _DATE.fullmatch(text)
    if match is None or match[2].title() not in _MONTHS:
        return 0
    day, year, hour, minute, second = (int(match[place]) for place in (1, 3, 4, 5, 6))
    offset = timedelta(hours=int(match[8]), minutes=int(match[9])) * (-1 if match[7] == "-" else 1)
    month = _MONTHS.index(match[2].title()) + 1
    try:
        when = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=timezone(offset))
    except ValueError:
        return 0
    return int(when.timestamp()) * 1_000_000


def day_of(at: Micros, days_before: int = 0) -> str:
    """The day of a moment as SEARCH wants it."""
    day = datetime.fromtimestamp(at / 1e6, UTC) - timedelta(days=days_before)
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"


def quoted(text: str) -> str:
    """A quoted string of the protocol, one line whatever is in it."""
    safe = re.sub(r"[\x00-\x1f\x7f]", "", text)
    return '"' + safe.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unquoted(raw: bytes) -> bytes:
    raw = raw.strip()
    return re.sub(rb"\\(.)", rb"\1", raw[1:-1]) if raw[:1] == b'"' else raw


def to_utf7(name: str) -> str:
    """A folder's name in the protocol's own UTF-7 (RFC 3501, 5.1.3)."""

    def shifted(match: re.Match[str]) -> str:
        coded = base64.b64encode(match[0].encode("utf-16-be")).decode("ascii")
        return "&" + coded.rstrip("=").replace("/", ",") + "-"

    return re.sub(r"[^\x20-\x7e]+", shifted, name.replace("&", "&-"))


def from_utf7(raw: bytes) -> str:
    """The other way; a name that is none of it stays as it is."""

    def plain(match: re.Match[str]) -> str:
        if not match[1]:
            return "&"
        coded = match[1].replace(",", "/")
        try:
            return base64.b64decode(coded + "=" * (-len(coded) % 4)).decode("utf-16-be")
        except ValueError:
            return match[0]

    return re.sub(r"&([^-]*)-", plain, raw.decode("utf-8", "replace"))
