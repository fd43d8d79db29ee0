"""How does Outlook wrap words and files into a winmail.dat? (MS-OXTNEF, written the shortest way)"""

from __future__ import annotations

import struct

CP1251 = 1251
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))


def winmail(*, text: str = "", html: str = "", files: tuple[tuple[str, bytes], ...] = ()) -> bytes:
    """A winmail.dat of code page 1251 with these words and files; names as Outlook gives them, short and long."""
    attributes = [_attribute(1, 0x9007, 6, struct.pack("<II", CP1251, 0))]
    if text:
        attributes.append(_attribute(1, 0x800C, 1, text.encode("cp1251") + b"\0"))
    if html:
        named = (
            struct.pack("<HH", 0x0003, 0x8005)
            + bytes(16)
            + struct.pack("<II", 0, 0x8510)
            + struct.pack("<I", 7)
        )
        page = _property(0x0102, 0x1013, html.encode("cp1251"))
        attributes.append(_attribute(1, 0x9003, 6, struct.pack("<I", 2) + named + page))
    for name, data in files:
        attributes += [
            _attribute(2, 0x9002, 6, bytes(14)),
            _attribute(2, 0x8010, 1, b"SHORT~1.DAT\0"),
            _attribute(2, 0x800F, 6, data),
            _attribute(
                2,
                0x9005,
                6,
                struct.pack("<I", 1) + _property(0x001F, 0x3707, (name + "\0").encode("utf-16-le")),
            ),
        ]
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


def _attribute(level: int, name: int, kind: int, data: bytes) -> bytes:
    return struct.pack("<BHHI", level, name, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def _property(kind: int, name: int, value: bytes) -> bytes:
    filled = value + b"\0" * (-len(value) % 4)
    return struct.pack("<HHII", kind, name, 1, len(value)) + filled
