"""No submission costs more time than its size allows, whoever sent it, and none makes the door fail."""

from __future__ import annotations

import time

import pytest

from channels.base import Account, Envelope
from channels.webform import WebForm

SECONDS = 1.0
AT = 1_789_988_700_000_000


def _parts(head: bytes, number: int) -> bytes:
    return b"".join(b"--b\r\n" + head + b"\r\n\r\nx\r\n" for _ in range(number)) + b"--b--\r\n"


def _nested(depth: int) -> bytes:
    return b'{"q":"a","a":' * depth + b'"x"' + b"}" * depth


HOSTILE = {
    "parameters without end": _parts(b"Content-Disposition: form-data" + b';a=""' * 3000, 250),
    "questions in answers": _nested(900),
    "a list of all there is": b'{"a":[' + b"0," * 500_000 + b"0]}",
    "empty pairs": b"&" * 1_000_000,
    "names alone": b"&".join(b"n%d" % n for n in range(390)) + b"&a=" + b"b" * 500_000,
    "a letter of ats": b"email=" + b"a@" * 400_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_submissions_are_read_within_bounds(name: str) -> None:
    kind = "multipart/form-data; boundary=b" if HOSTILE[name].startswith(b"--b") else "application/json"
    kind = kind if HOSTILE[name][:1] in b"-{" else "application/x-www-form-urlencoded"
    envelope = Envelope(body=HOSTILE[name], received_at=AT, method="POST", headers={"content-type": kind})
    channel = WebForm(Account(source_id="s1", settings={}))
    began = time.process_time()
    channel.admit(envelope)
    assert time.process_time() - began < SECONDS
