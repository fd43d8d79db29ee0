"""A recording is kept when it is one: by its first bytes, whatever the answer calls it."""

from __future__ import annotations

import pytest

from channels.errors import TryLater
from channels.telephony.fake import tone
from channels.telephony.wire import Wire, is_sound


@pytest.mark.parametrize(
    "head",
    [
        tone(),
        b"ID3\x04\x00\x00\x00\x00\x00\x00",
        b"\xff\xfb\x90\x64",
        b"\xff\xe3\x18\xc4",
        b"\xff\xf1\x50\x80",
        b"OggS\x00\x02",
        b"fLaC\x00\x00",
        b"#!AMR\n",
        b".snd\x00\x00",
        b"\x00\x00\x00\x20ftypM4A ",
        b"\x1aE\xdf\xa3\x01",
    ],
)
def test_what_telephone_systems_record_in_is_sound(head: bytes) -> None:
    assert is_sound(head)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff",
        b"<!doctype html>",
        b'{"error":"not ready"}',
        "страница".encode("utf-16"),
        b"RIFF\x00\x00\x00\x00AVI ",
        b"\x89PNG\r\n",
        b"%PDF-1.7",
        b"MZ\x90\x00",
        b"PK\x03\x04",
        b"\x1f\x8b\x08\x00",
    ],
)
def test_a_page_or_another_file_is_not(head: bytes) -> None:
    assert not is_sound(head)


async def test_a_closed_wire_makes_no_new_pool() -> None:
    wire = Wire()
    assert wire.session() is wire.session()
    await wire.close()
    await wire.close()
    with pytest.raises(TryLater):
        wire.session()
