"""What do a letter's header fields say?

Encoded words, raw 8-bit, addresses, message ids and dates, read so that no broken or hostile field
can raise or take long.
"""

from __future__ import annotations

import binascii
import contextlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_to_bytes

from channels.email.charset import decode

MOST_IDS = 50
MOST_LOOKED_AT = 256 * 1024
"""Bytes of one kind of field that are read for addresses or ids: a letter may consist of nothing else."""
MOST_ADDRESSES = 200
LONGEST_ID = 400

_ENCODED = re.compile(r"=\?([^?\s]{1,80})\?([bBqQ])\?([^?]*)\?=")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|<[^<>]*>?|\((?:[^()\\]|\\.)*\)?|[,;]|[^",;<>()]+|.', re.S)
_ADDRESS = re.compile(r"[^\s@<>\"'(),;:\\\[\]]{1,128}@[^\s@<>\"'(),;:\\\[\]]{1,253}")
_ID = re.compile(r"<\s*([^<>\s]+)\s*>")
_CONTROL = re.compile("[\x00-\x1f\x7f\x80-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """One mailbox; `email` is lower case, with the domain in its ASCII form."""

    email: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


def text_of(raw: bytes) -> str:
    """A field as people read it, on one line."""
    return clean(words(decode(raw)))


def clean(text: str) -> str:
    """One line without control and direction characters."""
    return " ".join(_CONTROL.sub(" ", text).split())


def words(text: str) -> str:
    """Encoded words decoded (RFC 2047); neighbours of one charset are joined before they are decoded."""
    if "=?" not in text:
        return text
    out: list[str] = []
    waiting: list[tuple[str, str, str]] = []
    at = 0
    for match in _ENCODED.finditer(text):
        between = text[at : match.start()]
        if between.strip() or not waiting:
            out += [_join(waiting), between]
            waiting = []
        waiting.append((match[1].partition("*")[0].lower(), match[2].lower(), match[3]))
        at = match.end()
    return "".join([*out, _join(waiting), text[at:]])


def _join(waiting: list[tuple[str, str, str]]) -> str:
    """Consecutive encoded words; a letter may have been cut in two between them."""
    out: list[str] = []
    charset, body = "", b""
    for label, encoding, text in waiting:
        if label != charset and body:
            out.append(decode(body, charset))
            body = b""
        charset = label
        body += _bytes(encoding, text)
    return "".join([*out, decode(body, charset)])


def _bytes(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    if encoding == "q":
        return binascii.a2b_qp(raw.replace(b"_", b" "), header=True)
    kept = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
    if len(kept) % 4 == 1:
        kept = kept[:-1]
    return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))


def addresses(fields: Iterable[bytes]) -> tuple[Address, ...]:
    """Every mailbox of these fields, in order, each once. A field that names none gives none."""
    found: dict[str, Address] = {}
    for value in _enough(fields):
        for address in _mailboxes(decode(value)):
            known = found.get(address.email)
            if known is None or (address.name and not known.name):
                found[address.email] = address
            if len(found) >= MOST_ADDRESSES:
                return tuple(found.values())
    return tuple(found.values())


def _mailboxes(text: str) -> Iterable[Address]:
    name: list[str] = []
    comment, angle = "", ""
    for token in [*_TOKEN.findall(text), ","]:
        if token in ",;":
            address = _mailbox("".join(name), comment, angle)
            if address is not None:
                yield address
            name, comment, angle = [], "", ""
        elif token[0] == "<" and len(token) > 1:
            angle = angle or token.strip("<> ")
        elif token[0] == "(":
            comment = token.strip("()")
        elif token[0] == '"':
            name.append(re.sub(r"\\(.)", r"\1", token.strip('"')))
        else:
            name.append(token)


def _mailbox(name: str, comment: str, angle: str) -> Address | None:
    """Tolerant: an address may stand in the angle brackets, bare, or somewhere in a broken field."""
    decoded = words(name)
    for place in (words(angle), decoded, comment):
        match = _ADDRESS.search(place) if "@" in place else None
        if match is not None:
            told = decoded.replace(match[0], "") if place is not angle else decoded
            shown = clean(told).strip(" '\"<>,;:") or clean(words(comment) if place is not comment else "")
            email = normal(match[0])
            return Address(email=email, name="" if shown.lower() == email else shown[:200])
    return None


def _enough(fields: Iterable[bytes]) -> Iterable[bytes]:
    left = MOST_LOOKED_AT
    for value in fields:
        yield value[:left]
        left -= len(value)
        if left <= 0:
            return


def normal(email: str) -> str:
    """Lower case; the domain in ASCII (IDNA), without a last dot."""
    local, _, domain = email.strip().rpartition("@")
    domain = domain.strip(".").lower()
    if not domain.isascii():
        with contextlib.suppress(UnicodeError):
            domain = domain.encode("idna").decode("ascii")
    return f"{local.lower()}@{domain}"


def message_ids(fields: Iterable[bytes]) -> tuple[str, ...]:
    """Message ids without brackets, in order, each once, as written (case is kept); garbage gives none."""
    found: dict[str, None] = {}
    for value in _enough(fields):
        text = words(decode(value))
        ids = _ID.findall(text) or text.replace(",", " ").split()
        for one in ids:
            bare = _CONTROL.sub("", one.strip("<>\"' "))
            if "@" in bare[1:-1] and len(bare) <= LONGEST_ID:
                found.setdefault(bare)
    ids = list(found)
    return (*ids[:1], *ids[1:][-(MOST_IDS - 1) :])


def thread_index(value: str) -> str:
    """The part of Exchange's Thread-Index that all letters of a thread share, as hex; "" when it is none."""
    try:
        raw = binascii.a2b_base64(value[:400])
    except (binascii.Error, ValueError):
        return ""
    return raw[:22].hex() if len(raw) >= 22 else ""


def date_of(raw: bytes) -> int | None:
    """Microseconds UTC; None when it is no date."""
    text = decode(raw[:200])
    try:
        parsed = parsedate_to_datetime(text)
        aware = parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)
        micros = int(aware.timestamp() * 1_000_000)
        return micros if datetime(1990, 1, 1, tzinfo=UTC).timestamp() * 1e6 < micros else None
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def parameter(params: Mapping[str, str], name: str) -> str:
    """A parameter in any of its spellings: plain, encoded word, RFC 2231 whole or in pieces."""
    if f"{name}*" in params:
        return clean(_extended(params[f"{name}*"]))
    pieces = _pieces(params, name)
    if pieces:
        charset, body = _charset_of(pieces[0]) if pieces[0][1] else ("", pieces[0][0].encode())
        for text, coded in pieces[1:]:
            body += unquote_to_bytes(text) if coded else text.encode("utf-8", "replace")
        return clean(decode(body, charset))
    value = params.get(name, "")
    return clean(_percent(words(value)))


def _pieces(params: Mapping[str, str], name: str) -> list[tuple[str, bool]]:
    pieces: list[tuple[str, bool]] = []
    for place in range(200):
        for key, coded in ((f"{name}*{place}*", True), (f"{name}*{place}", False)):
            if key in params:
                pieces.append((params[key], coded))
                break
        else:
            break
    return pieces


def _charset_of(piece: tuple[str, bool]) -> tuple[str, bytes]:
    charset, _, rest = piece[0].partition("'")
    return charset, unquote_to_bytes(rest.partition("'")[2])


def _extended(value: str) -> str:
    if value.count("'") < 2:
        return decode(unquote_to_bytes(value))
    charset, body = _charset_of((value, True))
    return decode(body, charset)


def _percent(value: str) -> str:
    """Some programs percent-encode a plain file name."""
    if re.search(r"%[D][01]%[89AB][0-9A-F]", value):
        return decode(unquote_to_bytes(value))
    return value
