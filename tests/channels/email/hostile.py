"""Which letters are made to take our time and memory? Run as a program, it tells what each of them took."""

from __future__ import annotations

import base64
import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

HEAD = b"From: a@b.example\r\nTo: sales@firma.example\r\nMIME-Version: 1.0\r\n"
MEGABYTE = 1024 * 1024
PEAK = Path("/proc/self/clear_refs")


def letters() -> Iterator[tuple[str, bytes]]:
    """Each by name."""
    words = b" ".join(b"=?utf-8?B?" + base64.b64encode("ы".encode() * 20) + b"?=" for _ in range(14_000))
    yield "a subject of 1 MB", HEAD + b"Subject: " + words[:MEGABYTE] + b"\r\n\r\nx"
    yield (
        "a subject of 1 MB on folded lines",
        HEAD + b"Subject: " + words.replace(b" ", b"\r\n ") + b"\r\n\r\nx",
    )
    yield "10 000 parts", _mixed(b"Content-Type: text/plain\r\n\r\nx", 10_000)
    yield "10 000 files", _mixed(b"Content-Disposition: attachment; filename=a.txt\r\n\r\nx", 10_000)
    yield "300 nested tags", _page(b"<div>" * 300 + b"x" + b"</div>" * 300)
    yield "100 000 nested tags", _page(b"<div>" * 100_000 + b"x")
    yield "100 000 nested quotes", _page(b"<blockquote type=cite>" * 100_000 + b"x")
    yield "1 500 nested multiparts", _nested(1_500)
    yield "2 000 letters inside one another", HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 2_000 + b"x"
    yield "a million header fields", HEAD + b"X-A: b\r\n" * 1_000_000 + b"\r\nx"
    yield "a million ids", HEAD + b"References: " + b"<a@b>\r\n " * 1_000_000 + b"\r\n\r\nx"
    yield "a million addresses", HEAD + b"Cc: " + b"a@b.example, " * 500_000 + b"\r\n\r\nx"
    yield "a million parameters", HEAD + b"Content-Type: text/plain" + b"; a=b" * 1_000_000 + b"\r\n\r\nx"
    yield "a million quoted lines", HEAD + b"In-Reply-To: <x@y>\r\n\r\n" + b"> a\r\n" * 1_000_000
    yield (
        "a million lines that look like a quote's head",
        HEAD + b"In-Reply-To: <x@y>\r\n\r\n" + b"On Mon, a@b wrote\r\n" * 300_000,
    )
    yield "5 001 links", _page(b'<a href="http://x.example">x</a>' * 5_001)
    yield "25 MB of base64", (
        HEAD + b"Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(bytes(18 * MEGABYTE))
    )  # fmt: skip
    yield (
        "a boundary on every line",
        HEAD + b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a x\r\n" * 500_000,
    )
    yield (
        "25 MB of boundaries on one line",
        HEAD + b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a" * (8 * MEGABYTE),
    )
    yield (
        "half a million soft line breaks",
        HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"a \r\n" * 500_000,
    )
    hidden = b"Content-Type: text/plain; name=" + b"a" * 8_000 + b"\xff" * 9 + b"\r\n\r\nx"
    yield "500 parts with a name in no charset", _mixed(hidden, 500)
    yield "attributes that never come to their value", _page((b"<p " + b"a" * 3_900 + b"! b=c>") * 150)
    yield "labels before a sea of blanks", _answer((b"From" + b" " * 900 + b"x\r\n") * 20_000)
    yield "writers before a sea of blanks", _answer((b"a@b wrote" + b" " * 380 + b"x:\r\n") * 20_000)
    yield (
        "10 000 quotes that are answered below",
        _answer("12.03.2024 Иван написал:\r\n> а\r\n".encode() * 10_000 + b"x"),
    )
    yield "nothing but banners", _answer(b"----- Original message -----\r\n" * 20_000)
    everywhere = (b"To", b"Cc", b"Delivered-To", b"X-Original-To", b"Reply-To", b"From")
    yield "25 MB of letters without an address", (
        b"".join(name + b": " + b"a" * 65_000 + b"\r\n" for name in everywhere for _ in range(60)) + b"\r\nx"
    )  # fmt: skip


def _answer(body: bytes) -> bytes:
    return HEAD + b"In-Reply-To: <x@y>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + body


def _mixed(part: bytes, number: int) -> bytes:
    return (
        HEAD
        + b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
        + (b"--a\r\n" + part + b"\r\n") * number
        + b"--a--"
    )


def _page(body: bytes) -> bytes:
    return HEAD + b"In-Reply-To: <x@y>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + body


def _nested(depth: int) -> bytes:
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth)
    )
    return HEAD + opened + b"\r\nx"


def main() -> None:
    """Read each one as the worker would; a line a letter: name, seconds of processor time, MB that reading added."""
    from channels.base import Envelope
    from channels.email import Email
    from tests.channels.email.case import ACCOUNT, HEADERS

    channel = Email(ACCOUNT)
    channel.parse(Envelope(body=HEAD + b"\r\nx", received_at=1, headers=HEADERS))
    for name, body in letters():
        envelope = Envelope(body=body, received_at=1_789_988_700_000_000, method="IMAP", headers=HEADERS)
        if PEAK.exists():  # only Linux lets the peak begin anew; elsewhere time alone is measured
            PEAK.write_text("5")
        before, began = _megabytes("VmRSS"), time.process_time()
        events = channel.parse(envelope)
        took = time.process_time() - began
        row = [name, took, _megabytes("VmHWM") - before, len(events)]
        sys.stdout.write(json.dumps(row) + "\n")


def _megabytes(name: str) -> float:
    if not PEAK.exists():
        return 0.0
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    assert found is not None
    return int(found[1]) / 1024


if __name__ == "__main__":
    main()
