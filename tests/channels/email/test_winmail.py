"""What Outlook wrapped is unwrapped beside the original, and no count in it is believed."""

from __future__ import annotations

import base64
import struct
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email import letter, tnef
from channels.email.mime import split
from channels.errors import Refused
from tests.channels.email.winmail import PNG, winmail

FILES = (("Договор поставки.pdf", b"%PDF-1.7 ..."), ("фото.png", PNG))


def wrapped(body: bytes, *, words: str = "") -> bytes:
    """A letter with a winmail.dat, beside words or alone."""
    head = "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=M\r\n\r\n"
    said = f"--M\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n" if words else ""
    part = "--M\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return (head + said + part).encode() + base64.encodebytes(body) + b"\r\n--M--\r\n"


def test_files_lie_beside_the_original_and_come_out_byte_for_byte() -> None:
    raw = wrapped(winmail(text="внутри", files=FILES), words="Договор во вложении.")
    content = letter.read(split(raw), subject="", answers=False)
    assert content.text == "Договор во вложении.", "the letter's own words go first"
    assert [(one.name, one.kind, one.mime) for one in content.files] == [
        ("winmail.dat", "file", "application/ms-tnef"),
        ("Договор поставки.pdf", "file", "application/pdf"),
        ("фото.png", "photo", "image/png"),
    ]
    assert [letter.extract(raw, one.ref) for one in content.files[1:]] == [data for _, data in FILES]
    assert letter.extract(raw, content.files[0].ref) == winmail(text="внутри", files=FILES)


def test_words_that_are_only_wrapped_are_read() -> None:
    content = letter.read(split(wrapped(winmail(text="Счёт №5"))), subject="", answers=False)
    assert content.text == "Счёт №5"
    content = letter.read(split(wrapped(winmail(html="<p>Цена <b>9 000</b></p>"))), subject="", answers=False)
    assert "Цена" in content.text and "<b>9 000</b>" in content.html


@pytest.mark.parametrize("place", ["1/7", "1/x", "0/0", "9/0"])
def test_what_is_not_in_there_is_refused(place: str) -> None:
    with pytest.raises(Refused):
        letter.extract(wrapped(winmail(files=FILES), words="да"), f"part:{place}")


def test_one_that_was_cut_off_gives_what_came() -> None:
    whole = winmail(files=FILES)
    assert [file.name for file in tnef.unwrap(whole[:-40]).files][:1] == ["Договор поставки.pdf"]
    assert tnef.unwrap(whole[:5]).files == tnef.unwrap(b"not one at all").files == []


COUNTS = {
    "four billion properties": winmail()[:6] + struct.pack("<BHHI", 1, 0x9003, 6, 4) + b"\xff" * 4,
    "four billion values": winmail()[:6] + struct.pack("<BHHIIHHI", 1, 0x9003, 6, 12, 1, 0x1102, 0x1000, 2**32 - 1),
    "a length beyond the end": winmail()[:6] + struct.pack("<BHHI", 1, 0x800C, 1, 2**32 - 1) + b"x",
    "two million attributes": winmail()[:6] + struct.pack("<BHHIH", 1, 0x8004, 1, 0, 0) * 2_000_000,
    "a name of four billion letters": winmail()[:6]
    + struct.pack("<BHHIIHH", 1, 0x9003, 6, 40, 1, 3, 0x8000) + bytes(16) + struct.pack("<II", 1, 2**32 - 1),
    "a hundred thousand files": winmail()[:6]
    + (struct.pack("<BHHIH", 2, 0x9002, 6, 0, 0) + struct.pack("<BHHIcH", 2, 0x800F, 6, 1, b"x", 0)) * 100_000,
}  # fmt: skip


@pytest.mark.parametrize("body", COUNTS.values(), ids=COUNTS)
def test_no_count_and_no_length_is_believed(body: bytes) -> None:
    tracemalloc.start()
    began = time.process_time()
    try:
        found = tnef.unwrap(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.process_time() - began < 2
    assert peak < 5_000_000
    assert len(found.files) <= tnef.MOST_FILES


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 600))
def test_any_bytes_are_read(noise: bytes, at: int) -> None:
    bent = winmail(text="да", html="<p>", files=FILES)
    assert tnef.unwrap(bent[:at] + noise + bent[at + len(noise) :]) is not None
