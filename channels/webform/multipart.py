"""What lies in a multipart body?

A reader of bytes that are all there (RFC 7578), because the same bytes are read once at the door, once when
the envelope is opened and once for each file. aiohttp's reader is a stream and asynchronous.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from channels.errors import PayloadUnreadable

MOST_PARTS = 256
LONGEST_HEAD = 16 * 1024
MOST_PARAMETERS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part; `file_name` is None for a plain value."""

    name: str
    file_name: str | None
    mime: str
    body: bytes


def parts(body: bytes, content_type: str) -> tuple[Part, ...]:
    """The parts in order. Raises PayloadUnreadable for a body that does not keep the format."""
    boundary = parameters(content_type).get("boundary", "")
    if not 0 < len(boundary) <= 200:
        raise PayloadUnreadable("multipart without a boundary", code="bad_multipart")
    found = tuple(_parts(body, b"--" + boundary.encode("utf-8", "surrogateescape")))
    if not found and not body.strip():
        raise PayloadUnreadable("empty multipart", code="bad_multipart")
    return found


def _parts(body: bytes, delimiter: bytes) -> Iterator[Part]:
    start = 0 if body.startswith(delimiter) else body.find(b"\r\n" + delimiter) + 2
    if start == 1:  # find gave -1
        raise PayloadUnreadable("multipart without parts", code="bad_multipart")
    for _ in range(MOST_PARTS):
        start += len(delimiter)
        if body[start : start + 2] == b"--":
            return
        start = body.find(b"\r\n", start) + 2
        end = body.find(b"\r\n" + delimiter, start - 2 if start > 1 else start)
        if start == 1 or end < start - 2:
            raise PayloadUnreadable("multipart cut short", code="bad_multipart")
        yield _part(body[start : max(start, end)])
        start = end + 2
    raise PayloadUnreadable("multipart of too many parts", code="bad_multipart")


def _part(piece: bytes) -> Part:
    head, gap, content = piece.partition(b"\r\n\r\n")
    if not gap or len(head) > LONGEST_HEAD:
        raise PayloadUnreadable("multipart part without a head", code="bad_multipart")
    headers = {}
    for line in head.split(b"\r\n"):
        name, _, value = line.decode("utf-8", "replace").partition(":")
        headers[name.strip().lower()] = value.strip()
    told = parameters(headers.get("content-disposition", ""))
    file_name = told.get("filename*", told.get("filename"))
    return Part(
        name=told.get("name", ""),
        file_name=file_name,
        mime=headers.get("content-type", "").partition(";")[0].strip().lower(),
        body=content,
    )


def parameters(header: str) -> dict[str, str]:
    """`a; b=c; d="e;f"` as {b: c, d: e;f}. Browsers write %22, %0D, %0A for quote and line breaks in
    names."""
    found: dict[str, str] = {}
    rest = header.partition(";")[2]
    for _ in range(MOST_PARAMETERS):
        name, equals, rest = rest.partition("=")
        if not equals:
            break
        value, rest = _value(rest.lstrip())
        name = name.strip().lower()
        if name.endswith("*"):
            value = _extended(value)
        found.setdefault(name, value.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n"))
    return found


def _value(rest: str) -> tuple[str, str]:
    """A token or quoted string, and what follows its semicolon."""
    if not rest.startswith('"'):
        token, _, rest = rest.partition(";")
        return token.strip(), rest
    letters: list[str] = []
    place = 1
    while place < len(rest) and rest[place] != '"':
        place += rest[place] == "\\" and rest[place + 1 : place + 2] in ('"', "\\")
        letters.append(rest[place : place + 1])
        place += 1
    return "".join(letters), rest[place + 1 :].partition(";")[2]


def _extended(value: str) -> str:
    """RFC 5987: UTF-8''%d1%84."""
    charset, _, rest = value.partition("'")
    encoded = unquote_to_bytes(rest.partition("'")[2])
    return encoded.decode("latin-1" if charset.lower() == "iso-8859-1" else "utf-8", "replace")
