"""What lies in a winmail.dat?

Outlook wraps words and files in it when a letter leaves Exchange as "rich text" (MS-OXTNEF). Every count and length in it was
chosen by whoever wrote it: nothing is copied or looped over that is not there, so the time grows with the size alone.
"""

from __future__ import annotations

import mimetypes
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from channels.email.charset import decode

SIGNATURE: Final = struct.pack("<I", 0x223E9F78)
KINDS: Final = ("application/ms-tnef", "application/vnd.ms-tnef")
MOST_ATTRIBUTES: Final = 20_000
MOST_FILES: Final = 100

_BODY, _TITLE, _DATA, _BEGINS = 0x800C, 0x8010, 0x800F, 0x9002
_LETTERS_OWN, _FILES_OWN, _CODEPAGE = 0x9003, 0x9005, 0x9007
_TEXT, _HTML, _WHOLE, _NAME, _LONG_NAME, _MIME, _CONTENT_ID = (
    0x1000, 0x1013, 0x3701, 0x3704, 0x3707, 0x370E, 0x3712,
)  # fmt: skip
_FIXED: Final = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}
_SHORT: Final = (2, 11)
"""Types of two bytes, filled up to four."""
_STRING, _WIDE, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x102
_SEVERAL, _NAMED = 0x1000, 0x8000
_PAGES: Final = {20866: "koi8-r", 65001: "utf-8", 28591: "latin-1", 28595: "iso-8859-5"}


@dataclass(slots=True)
class Wrapped:
    """A file in it."""

    name: str = ""
    mime: str = ""
    inline_id: str = ""
    data: bytes = b""


@dataclass(slots=True)
class Winmail:
    """What was wrapped."""

    text: str
    html: str
    files: list[Wrapped]


def unwrap(raw: bytes) -> Winmail:
    """The words and files in it; what is broken or cut off gives what could still be read. Never raises."""
    found, page = Winmail("", "", []), ""
    for name, data in _attributes(raw):
        if name == _CODEPAGE and len(data) >= 4:
            page = _page(struct.unpack_from("<I", data)[0])
        elif name == _BODY:
            found.text = found.text or _words(data, _STRING, page)
        elif name == _LETTERS_OWN:
            _read_letter(found, data, page)
        elif name == _BEGINS and len(found.files) < MOST_FILES:
            found.files.append(Wrapped())
        elif found.files:
            _read_file(found.files[-1], name, data, page)
    found.files = [file for file in found.files if file.data]
    return found


def _attributes(raw: bytes) -> Iterator[tuple[int, memoryview]]:
    """Number and bytes of each attribute; the last one may be cut off."""
    if not raw.startswith(SIGNATURE):
        return
    view, at = memoryview(raw), 6
    for _ in range(MOST_ATTRIBUTES):
        if at + 9 > len(raw):
            return
        name, length = struct.unpack_from("<H2xI", raw, at + 1)
        yield name, view[at + 9 : at + 9 + length]
        at += 9 + length + 2


def _read_letter(found: Winmail, data: memoryview, page: str) -> None:
    for name, kind, value in _properties(data):
        if name == _TEXT:
            found.text = _words(value, kind, page) or found.text
        elif name == _HTML:
            found.html = _words(value, kind, page)


def _read_file(file: Wrapped, name: int, data: memoryview, page: str) -> None:
    if name == _TITLE:
        file.name = file.name or _words(data, _STRING, page)
    elif name == _DATA:
        file.data = bytes(data)
    elif name == _FILES_OWN:
        told = {own: (kind, value) for own, kind, value in _properties(data)}
        long = [_words(told[own][1], told[own][0], page) for own in (_LONG_NAME, _NAME) if own in told]
        file.name = next(filter(None, long), file.name)
        if _MIME in told:
            file.mime = _words(told[_MIME][1], told[_MIME][0], page)
        if _CONTENT_ID in told:
            file.inline_id = _words(told[_CONTENT_ID][1], told[_CONTENT_ID][0], page)
        if _WHOLE in told and told[_WHOLE][0] == _BINARY:
            file.data = file.data or bytes(told[_WHOLE][1])


def _properties(data: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Number, type and bytes of each property; of several values the last. Ends where it makes no sense."""
    try:
        at = 4
        for _ in range(min(struct.unpack_from("<I", data)[0], len(data) // 4)):
            kind, name = struct.unpack_from("<HH", data, at)
            at = _behind_name(data, at + 4, name)
            several, kind = bool(kind & _SEVERAL), kind & ~_SEVERAL
            value, at = _value(data, at, kind, several)
            yield name, kind, value
    except (struct.error, ValueError):
        return


def _behind_name(data: memoryview, at: int, name: int) -> int:
    if name < _NAMED:
        return at
    (spelt,) = struct.unpack_from("<I", data, at + 16)
    if not spelt:
        return at + 24
    (length,) = struct.unpack_from("<I", data, at + 20)
    return at + 24 + _filled(length)


def _value(data: memoryview, at: int, kind: int, several: bool) -> tuple[memoryview, int]:
    """A property's value and where the next one begins. Raises ValueError for a type nobody documents."""
    if kind in (_STRING, _WIDE, _OBJECT, _BINARY):
        (count,) = struct.unpack_from("<I", data, at)
        at, value = at + 4, data[:0]
        for _ in range(min(count, len(data) // 4)):
            (length,) = struct.unpack_from("<I", data, at)
            value = data[at + 4 : at + 4 + length]
            at += 4 + _filled(length)
        return value, at
    size = 2 if several and kind in _SHORT else _FIXED.get(kind, 0)
    if not size:
        raise ValueError(kind)
    count = 1
    if several:
        (count,) = struct.unpack_from("<I", data, at)
        at += 4
    return data[at : at + size], at + _filled(size * count)


def _filled(length: int) -> int:
    return -(-length // 4) * 4


def _page(number: int) -> str:
    return _PAGES.get(number, f"cp{number}")


def _words(value: memoryview, kind: int, page: str) -> str:
    told = bytes(value).decode("utf-16-le", "replace") if kind == _WIDE else decode(bytes(value), page)
    return told.partition("\x00")[0] if kind in (_WIDE, _STRING) else told


def mime_of(file: Wrapped) -> str:
    """Its type as told, else by its name."""
    told = file.mime.strip().lower()
    return told if "/" in told else mimetypes.guess_type(file.name)[0] or "application/octet-stream"
