"""What do we send?

The same message always gives the same bytes: the Message-ID, the date and the boundaries come from the outbox's key and
time. Header fields are written here, not by the standard library, which breaks long ids in References.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

from channels.base import OutboundFile, OutboundMessage, Recipient
from channels.email.dress import page_of, text_of
from channels.email.headers import clean
from channels.email.ids import mint
from channels.email.mailbox import Mailbox
from channels.email.reply import bare_subject
from channels.email.shared import as_mail

MOST_REFERENCES = 30
LINE = 57
"""Bytes that make one line of 76 base64 characters."""
CHUNK = LINE * 1024
LONGEST_NAME = 100
_MIME = re.compile(r"[A-Za-z0-9.+_-]{1,60}/[A-Za-z0-9.+_-]{1,60}")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A letter ready to leave: its head with the text, and the files behind it."""

    message_id: str
    recipients: tuple[str, ...]
    """Whom this attempt has to reach."""
    head: bytes
    inline: tuple[OutboundFile, ...]
    files: tuple[OutboundFile, ...]
    boundary: str
    size: int
    """Bytes on the wire."""

    async def stream(self) -> AsyncIterator[bytes]:
        """The letter in pieces, lines ended by CRLF."""
        yield self.head
        for files, boundary in ((self.inline, f"{self.boundary}.r"), (self.files, self.boundary)):
            for file in files:
                yield _file_head(file, boundary)
                async for piece in _encoded(file):
                    yield piece
            if files:
                yield f"--{boundary}--\r\n".encode()


def compose(message: OutboundMessage, mailbox: Mailbox, secret: str) -> Letter:
    """The letter for this message. Raises ValueError for a recipient that is no address."""
    message = as_mail(message)
    people = message.recipients or (Recipient(address=message.to.value, name=message.to_name),)
    if not all(_ADDRESS.fullmatch(one.address) for one in people):
        raise ValueError("no mail address")
    message_id = mint(secret, message.key, mailbox.domain)
    boundary = f"=_{hashlib.sha256(message.key.encode()).hexdigest()[:32]}"
    inline = tuple(file for file in message.files if file.inline_id)
    files = tuple(file for file in message.files if not file.inline_id)
    head = message.prepared or _head(
        message, mailbox, message_id, boundary, people, bool(inline), bool(files)
    )
    size = len(head) + sum(
        sum(_size(file, mark) for file in some) + (len(mark) + 6 if some else 0)
        for some, mark in ((inline, f"{boundary}.r"), (files, boundary))
    )
    return Letter(
        message_id=message_id,
        recipients=message.waiting or tuple(dict.fromkeys(one.address for one in people)),
        head=head,
        inline=inline,
        files=files,
        boundary=boundary,
        size=size,
    )


def _head(
    message: OutboundMessage, mailbox: Mailbox, message_id: str, boundary: str, people: Sequence[Recipient],
    inline: bool, files: bool,
) -> bytes:  # fmt: skip
    """Everything up to the first file: header, text, page."""
    block = _fields(message, mailbox, message_id, people)
    body = _words(message, message_id, boundary)
    if inline:
        related = f'Content-Type: multipart/related; type="multipart/alternative"; boundary="{boundary}.r"'
        body = _block([related]) + f"--{boundary}.r\r\n".encode() + body
    if files:
        block.append(f'Content-Type: multipart/mixed; boundary="{boundary}"')
        return _block(block) + f"--{boundary}\r\n".encode() + body
    return "\r\n".join(block).encode() + b"\r\n" + body


def _fields(
    message: OutboundMessage, mailbox: Mailbox, message_id: str, people: Sequence[Recipient]
) -> list[str]:
    references = _references(message)
    fields = [f"From: {_mailbox(mailbox.name, mailbox.address)}"]
    for name, kind in (("To", "to"), ("Cc", "cc")):  # who gets a blind copy is named nowhere
        named = [_mailbox(one.name, one.address) for one in people if one.kind == kind]
        if named:
            fields.append(f"{name}: " + ",\r\n ".join(named))
    if not any(one.kind != "bcc" for one in people):
        fields.append("To: undisclosed-recipients:;")
    fields += [
        f"Subject: {_words_of_field(_subject(message, mailbox, answers=bool(references)))}",
        f"Message-ID: <{message_id}>",
    ]
    if message.created_at:  # else the server that takes it says when
        fields.append(f"Date: {format_datetime(datetime.fromtimestamp(message.created_at / 1e6, UTC))}")
    if references:
        answered = message.reply_to if message.reply_to in references else references[-1]
        fields.append(f"In-Reply-To: <{answered}>")
        fields.append("References: " + "\r\n ".join(f"<{one}>" for one in references))
    if message.automatic:  # RFC 3834, and what Exchange listens to; the loop mark is ours
        fields += ["Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All", "Precedence: auto_reply"]
        fields.append(f"X-Loop: {mailbox.address}")
    return [*fields, "MIME-Version: 1.0"]


def _subject(message: OutboundMessage, mailbox: Mailbox, *, answers: bool) -> str:
    subject = clean(message.subject)[:500]
    if message.recipients:  # written by a person, as it should be
        return subject
    if not answers:
        return subject or mailbox.name or mailbox.address
    return f"Re: {bare_subject(subject)}".strip()


def _references(message: OutboundMessage) -> list[str]:
    """Ids of the thread, oldest first; the first and the last ones when there are many (RFC 5322, 3.6.4)."""
    ids = [one for one in dict.fromkeys([*message.references, message.reply_to]) if _is_id(one)]
    return ids if len(ids) <= MOST_REFERENCES else [ids[0], *ids[-(MOST_REFERENCES - 1) :]]


def _is_id(text: str) -> bool:
    """Letters that had no id of their own have one of our making, which nobody else knows."""
    return bool(re.fullmatch(r"[!-;=?-~]{1,400}", text)) and "@" in text


def _mailbox(name: str, email: str) -> str:
    name = clean(name)[:200]
    if not name:
        return email
    if name.isascii():
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + f'" <{email}>'
    return f"{_words_of_field(name)} <{email}>"


def _words_of_field(text: str) -> str:
    """Encoded words of whole letters (RFC 2047), one a line."""
    text = clean(text)
    if text.isascii() and len(text) < 900 and "=?" not in text:
        return _folded(text)
    pieces, piece = [], b""
    for letter in text:
        coded = letter.encode("utf-8", "replace")
        if len(piece) + len(coded) > 42:
            pieces.append(piece)
            piece = b""
        piece += coded
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(one).decode()}?=" for one in [*pieces, piece])


def _folded(text: str) -> str:
    """Long lines broken at spaces."""
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(line) + len(word) > 70:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])


def _words(message: OutboundMessage, message_id: str, boundary: str) -> bytes:
    """The text, plain and as a page, ready to stand behind a header or a delimiter."""
    inner = f"{boundary}.a"
    return b"".join(
        [
            _block([f'Content-Type: multipart/alternative; boundary="{inner}"']),
            _text_part(text_of(message), "plain", inner),
            _text_part(page_of(message, message_id), "html", inner),
            f"--{inner}--\r\n".encode(),
        ]
    )


def _text_part(text: str, kind: str, boundary: str) -> bytes:
    body = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n").encode("utf-8", "replace")
    head = [f"--{boundary}", f"Content-Type: text/{kind}; charset=utf-8", "Content-Transfer-Encoding: base64"]
    return _block(head) + b"".join(_lines(body))


def _block(fields: list[str]) -> bytes:
    return "\r\n".join([*fields, "", ""]).encode()


def _lines(body: bytes) -> Iterator[bytes]:
    for at in range(0, len(body), LINE):
        yield base64.b64encode(body[at : at + LINE]) + b"\r\n"


def _file_head(file: OutboundFile, boundary: str) -> bytes:
    mime = file.mime
    if not _MIME.fullmatch(mime) or mime.startswith(("multipart/", "message/")):
        mime = "application/octet-stream"
    name = re.sub(r"[\\/\"]", "_", clean(file.name))[-LONGEST_NAME:] or "file"
    plain = name if name.isascii() else _words_of_field(name).replace("\r\n ", " ")
    coded = quote(name, safe="")
    where = "inline" if file.inline_id else "attachment"
    fields = [
        f"--{boundary}",
        f'Content-Type: {mime}; name="{plain}"',
        "Content-Transfer-Encoding: base64",
        f"Content-Disposition: {where}; filename=\"{plain}\";\r\n filename*=UTF-8''{coded}",
    ]
    if file.inline_id:
        fields.append(f"Content-ID: <{re.sub(r'[^A-Za-z0-9@._-]', '', file.inline_id)}>")
    return _block(fields)


async def _encoded(file: OutboundFile) -> AsyncIterator[bytes]:
    """The file as base64 lines, a stretch at a time."""
    waiting = b""
    async for piece in file.read():
        waiting += piece
        whole = len(waiting) // CHUNK * CHUNK
        if whole:
            yield b"".join(_lines(waiting[:whole]))
            waiting = waiting[whole:]
    if waiting:
        yield b"".join(_lines(waiting))


def _size(file: OutboundFile, boundary: str) -> int:
    coded = (file.size + 2) // 3 * 4
    lines = (file.size + LINE - 1) // LINE
    return len(_file_head(file, boundary)) + coded + 2 * lines
