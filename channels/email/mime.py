"""Which parts does a letter consist of?

An own splitter instead of the standard library's: that one looks at every line once for each open
multipart, and reads a header's parameters in quadratic time, so one hostile letter could hold a
core for minutes (120 kB of Content-Type: 3.5 s). Here delimiters are found by byte search, depth
and numbers are bounded, and offsets are kept: a part can be handed out exactly as it came.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from channels.email.charset import decode

DEEPEST = 25
MOST_PARTS = 500
MOST_FIELDS = 5000
LONGEST_FIELD = 64 * 1024
LONGEST_PARAMETERS = 8 * 1024
MOST_OF_A_NAME = 60
"""How many header fields of one name are looked at."""

# Possessive: a field of a million folded lines would cost 160 MB of places to come back to.
_FIELD = re.compile(rb"([!-9;-~]{1,100})[ \t]*:([^\n]*+(?:\n[ \t][^\n]*+)*+)(?:\n|\Z)")
_BLANK = re.compile(rb"\r?\n")
_PARAMETER = re.compile(r';\s*([^\s=;"]{1,60})\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^;]*))', re.S)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")

_Fields: TypeAlias = tuple[dict[str, list[bytes]], list[tuple[str, bytes]]]


@dataclass(slots=True)
class Part:
    """A node of the letter. `start` and `end` bound its body in the raw bytes; its headers begin at
    `head`.
    """

    raw: bytes
    head: int
    start: int
    end: int
    fields: dict[str, list[bytes]]
    ordered: list[tuple[str, bytes]]
    """The first fields as they stand."""
    kind: str = "text/plain"
    params: dict[str, str] = field(default_factory=dict)
    disposition: str = ""
    disposition_params: dict[str, str] = field(default_factory=dict)
    children: list[Part] = field(default_factory=list)
    index: int = -1
    """Place among the leaves, in reading order; -1: it has children."""
    clipped: bool = False
    """It has more inside than we look at."""

    @property
    def family(self) -> str:
        """`text`, `image`, `multipart` …"""
        return self.kind.partition("/")[0]

    @property
    def body(self) -> bytes:
        """The bytes of the body, as they came."""
        return self.raw[self.start : self.end]

    def header(self, name: str) -> bytes:
        """The first field of this lower-case name, unfolded; b"" is none."""
        found = self.fields.get(name)
        return found[0] if found else b""

    def headers(self, name: str) -> list[bytes]:
        """Every field of this lower-case name."""
        return self.fields.get(name, [])

    def first_fields(self, name: str, place: int) -> list[tuple[str, bytes]]:
        """The header fields above the `place`-th field of this name, in order; all of them when it never
        comes."""
        above: list[tuple[str, bytes]] = []
        seen = 0
        for field_name, value in self.ordered:
            seen += field_name == name
            if seen >= place:
                break
            above.append((field_name, value))
        return above

    def content(self) -> bytes:
        """The body without its transfer encoding."""
        return _decoded(self.body, self.header("content-transfer-encoding"))

    def size(self) -> int:
        """How large `content` is, told without decoding base64."""
        if _encoding(self.header("content-transfer-encoding")) == "base64":
            body = self.body
            return (len(body) - sum(body.count(mark) for mark in (b"\r", b"\n", b"=", b" "))) * 3 // 4
        return len(self.content())

    def leaves(self) -> Iterator[Part]:
        """Every part that has no parts of its own."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


def split(raw: bytes) -> Part:
    """The tree of a letter. Never raises; what is broken becomes a leaf of plain text."""
    counter = _Counter()
    return _part(raw, 0, len(raw), 0, counter, "text/plain")


@dataclass(slots=True)
class _Counter:
    leaves: int = 0
    nodes: int = 0


def _part(raw: bytes, head: int, end: int, depth: int, counter: _Counter, default: str) -> Part:
    fields, start = _fields(raw, head, end, first=depth == 0)
    part = Part(raw, head, min(start, end), end, *fields)
    counter.nodes += 1
    part.kind, part.params = _content_type(part.header("content-type"), default)
    value = decode(part.header("content-disposition")[:LONGEST_PARAMETERS])
    part.disposition = value.partition(";")[0].strip().lower()
    part.disposition_params = _parameters(value)
    if part.family == "multipart":
        _divide(part, depth, counter)
    if not part.children:
        part.index, counter.leaves = counter.leaves, counter.leaves + 1
    return part


def _divide(part: Part, depth: int, counter: _Counter) -> None:
    """Give the part its children; a multipart without a single delimiter is read as text."""
    boundary = part.params.get("boundary", "").encode("utf-8", "surrogateescape")
    places = list(_places(part, boundary)) if boundary else []
    if not places:
        part.kind, part.params = "text/plain", {}
        return
    if depth >= DEEPEST:
        part.kind, part.clipped = "application/octet-stream", True
        return
    default = "message/rfc822" if part.kind == "multipart/digest" else "text/plain"
    for start, end in places:
        if counter.nodes >= MOST_PARTS:
            part.clipped = True
            break
        part.children.append(_part(part.raw, start, end, depth + 1, counter, default))


def _places(part: Part, boundary: bytes) -> Iterator[tuple[int, int]]:
    """Where the children lie. A last part that nothing closes reaches to the end (the letter was cut off)."""
    raw, mark, begun, found = part.raw, b"--" + boundary, -1, 0
    at = part.start if raw.startswith(mark, part.start, part.end) else _line_with(part, mark, part.start)
    while at >= 0 and found <= MOST_PARTS:
        eol = _line_end(raw, at, part.end)
        rest = raw[at + len(mark) : min(eol, at + len(mark) + 80)].strip()
        if rest in (b"", b"--"):
            if begun >= 0:
                found += 1
                yield begun, _before_newline(raw, begun, at)
            begun = eol
            if rest == b"--":
                return
        at = _line_with(part, mark, max(eol - 1, part.start))
    if begun >= 0:
        yield begun, part.end


def _line_with(part: Part, mark: bytes, at: int) -> int:
    """Where the next line begins that begins with this; -1: none. Marks amid a line cost nothing, even 25 MB of them."""
    found = part.raw.find(b"\n" + mark, at, part.end)
    return found + 1 if found >= 0 else -1


def _before_newline(raw: bytes, start: int, at: int) -> int:
    """The line break before a delimiter belongs to the delimiter."""
    if at > start and raw[at - 1 : at] == b"\n":
        at -= 1
    if at > start and raw[at - 1 : at] == b"\r":
        at -= 1
    return at


def _fields(raw: bytes, at: int, end: int, *, first: bool) -> tuple[_Fields, int]:
    """The header fields by lower-case name and in order, and where the body begins."""
    fields: dict[str, list[bytes]] = {}
    ordered: list[tuple[str, bytes]] = []
    if first and raw.startswith((b"From ", b">From "), at):
        at = _line_end(raw, at, end)
    for _ in range(MOST_FIELDS):
        blank = _BLANK.match(raw, at, end)
        if blank or at >= end:
            return (fields, ordered), blank.end() if blank else end
        line = _FIELD.match(raw, at, end)
        if line is None:  # the blank line is missing: the text begins here
            return (fields, ordered), at
        name, value = line[1].decode("ascii").lower(), _unfolded(line[2][:LONGEST_FIELD])
        same = fields.setdefault(name, [])
        if len(same) < MOST_OF_A_NAME:
            same.append(value)
            ordered.append((name, value))
        at = line.end()
    found = [place + len(gap) for gap in (b"\n\r\n", b"\n\n") if (place := raw.find(gap, at, end)) >= 0]
    return (fields, ordered), min(found, default=end)


def _line_end(raw: bytes, at: int, end: int) -> int:
    found = raw.find(b"\n", at, end)
    return end if found < 0 else found + 1


def _unfolded(value: bytes) -> bytes:
    return b" ".join(line.strip(b" \t\r") for line in value.split(b"\n")).strip()


def _content_type(raw: bytes, default: str) -> tuple[str, dict[str, str]]:
    value = decode(raw[:LONGEST_PARAMETERS])
    kind = value.partition(";")[0].strip().lower()
    if not re.fullmatch(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,80}", kind):
        kind = default
    return kind, _parameters(value)


def _parameters(value: str) -> dict[str, str]:
    """Parameters by lower-case name, as written; continuations (RFC 2231) keep their `*0*` names."""
    found: dict[str, str] = {}
    for match in _PARAMETER.finditer(value):
        quoted, bare = match[2], match[3]
        text = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare.strip()
        found.setdefault(match[1].lower(), text)
    return found


def _encoding(value: bytes) -> str:
    return value.decode("ascii", "replace").strip().strip('"').rstrip(";").strip().lower()


def _decoded(body: bytes, encoding: bytes) -> bytes:
    match _encoding(encoding):
        case "base64":
            return _from_base64(body)
        case "quoted-printable":
            return binascii.a2b_qp(body)
        case _:
            return body


def _from_base64(body: bytes) -> bytes:
    try:
        return binascii.a2b_base64(body)
    except binascii.Error:  # cut off, or rubbish among it: what can be read is better than nothing
        kept = _NOT_BASE64.sub(b"", body)
        whole = len(kept) // 4 * 4
        tail = kept[whole:]
        return binascii.a2b_base64(kept[:whole] + (tail + b"=" * (4 - len(tail)) if len(tail) > 1 else b""))
