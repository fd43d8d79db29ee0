"""E-mail under the contract test."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from channels.base import Account, Envelope
from tests.channels.contract import RECEIVED_AT, ChannelCase

ACCOUNT = Account(
    source_id="0199c0de-0000-7000-8000-00000000e001",
    settings={
        "preset": "own",
        "address": "Sales@Firma.example",
        "name": "Отдел продаж",
        "aliases": "info@firma.example",
        "password": "password-of-the-tests",
        "id_key": "key-of-the-tests",
        "imap_host": "127.0.0.1",
        "smtp_host": "127.0.0.1",
    },
)
HEADERS = {
    "uid": "7", "validity": "1", "folder": "INBOX", "role": "inbox", "internaldate": "0", "cut": "0",
    "imported": "0",
}  # fmt: skip
MORE = {
    "letter__internaldate_wins": {"internaldate": "1789988760000000"},
    "spam__junk_folder": {"role": "junk", "folder": "Спам"},
    "own__sent_from_another_program": {"role": "sent", "folder": "Отправленные"},
    "own__sent_by_us": {"role": "sent", "folder": "Отправленные"},
    "own__sent_automatically": {"role": "sent", "folder": "Отправленные"},
    "own__sent_to_nobody": {"role": "sent", "folder": "Отправленные"},
    "own__sent_from_alias": {"role": "sent", "folder": "Отправленные"},
    "imported__old_letter": {"imported": "1"},
    "imported__old_bounce": {"imported": "1"},
    "large__beginning_only": {"cut": "31457280"},
}
"""What the listener tells about these fixtures, beside what it tells about all."""


def proven(path: Path) -> Envelope:
    """The letter as the listener hands it over."""
    headers = {**HEADERS, **MORE.get(path.stem, {})}
    return Envelope(body=path.read_bytes(), received_at=RECEIVED_AT, method="IMAP", headers=headers)


def hostile(body: bytes) -> Iterable[Envelope]:
    """The bytes as a whole letter, as its text under several types, and as a header."""
    starts = (
        b"",
        b"From: a@b.example\r\n\r\n",
        b"In-Reply-To: <x@y>\r\nContent-Type: text/html\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n",
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=a\r\n\r\n--a\r\n"
        b"Content-Type: message/delivery-status\r\n\r\n",
        b"Subject: ",
        b"From: ",
    )
    for start in starts:
        yield Envelope(body=start + body, received_at=RECEIVED_AT, method="IMAP", headers=HEADERS)


CASE = ChannelCase(account=ACCOUNT, proven=proven, hostile=hostile)
