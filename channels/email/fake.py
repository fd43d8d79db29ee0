"""What would a mail provider do?

One mailbox on loopback: SMTP by aiosmtpd, IMAP by a small server of our own. A client's letter is put into
INBOX; what we send is taken, filed into Sent as most providers do, and answered as real servers answer,
faults included.
"""

from __future__ import annotations

import asyncio
import logging
import mimetypes
import re
import time
import uuid
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, Session
from aiosmtpd.smtp import Envelope as Taken

from channels.email import letter
from channels.email.fake_imap import Imap
from channels.email.headers import text_of
from channels.email.mime import Part, split
from channels.fakes import Act, Arrived, Client, Delivered, Fake, Fault

ADDRESS = "zakaz@okno.example"
PASSWORD = "app-password-of-the-fake"
LIMIT = 30 * 1024 * 1024
HANG = 3600.0
logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd tells every step

AT_RECIPIENT: Mapping[Fault, str] = {
    "slow_down": "451 4.7.1 Greylisted, please try again later",
    "blocked": "550 5.1.1 No such user here",
}
AT_END: Mapping[Fault, str] = {
    "server_error": "421 4.3.2 Service shutting down",
    "refused": "552 5.3.4 Message size exceeds fixed limit",
}


class MailFake(Fake):
    """A mailbox, its provider, and clients who write to it."""

    doings = ("text", "photo", "file", "broken")  # a closed mailbox tells us nothing until we write to it
    faults = ("slow_down", "blocked", "server_error", "hang", "reset", "lost_answer", "bad_key", "refused")

    def __init__(self) -> None:
        super().__init__()
        self.imap = Imap(ADDRESS, PASSWORD)
        self.closed: set[str] = set()
        """Addresses of clients that do not exist any more."""
        self._clients: dict[str, str] = {}
        self._faults: deque[Fault] = deque()
        self._talks: set[_Talk] = set()
        self._smtp: asyncio.Server | None = None
        self._ports = (0, 0)
        self._last = Delivered(status=0, body="", event="")

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._smtp = await loop.create_server(lambda: _Talk(self), "127.0.0.1", 0)
        self._ports = (await self.imap.start(), self._smtp.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None
        self._hang_up()
        await self.imap.stop()

    def settings(self) -> Mapping[str, str]:
        imap, smtp = self._ports
        return {
            "preset": "own", "address": ADDRESS, "name": "Единое окно", "password": self.imap.password,
            "imap_host": "127.0.0.1", "imap_port": str(imap), "imap_security": "plain", "smtp_host": "127.0.0.1",
            "smtp_port": str(smtp), "smtp_security": "plain", "folders": "INBOX", "keep_sent": "false",
        }  # fmt: skip

    def deliver_to(self, hook_url: str) -> None:
        """Nothing: a mailbox is asked."""

    def fail(self, fault: Fault, times: int = 1, *, after: float | None = None) -> None:
        """A 451 has no room for `after`: the sender knows how long grey lists last."""
        self._faults.extend([fault] * times)
        self._hang_up()  # an open session would not meet a refused login

    async def act(self, act: Act) -> Delivered:
        address = address_of(act.client)
        self._clients[address] = act.client.ref
        if act.doing in ("block", "unblock"):
            (self.closed.add if act.doing == "block" else self.closed.discard)(address)
            return Delivered(status=0, body="", event="")
        message_id = f"{uuid.uuid4()}@{address.partition('@')[2]}"
        at = int((time.time() - act.seconds_ago) * 1e6)
        raw = (
            b"\r\nnot a letter at all"
            if act.doing == "broken"
            else written(act, message_id, at, self.arrived)
        )
        await self.imap.put("INBOX", raw, at)
        self._last = Delivered(status=0, body="", event=message_id)
        return self._last

    async def again(self, times: int = 1) -> Delivered:
        """A letter lies in its mailbox once and is not handed over again: nothing happens."""
        return self._last

    def next_fault(self, *kinds: Fault) -> Fault | None:
        """The fault that is due, if it is one of these."""
        return self._faults.popleft() if self._faults and self._faults[0] in kinds else None

    async def take(self, raw: bytes, recipients: list[str]) -> None:
        """A letter of ours was accepted: it is filed, and delivered if it goes to ourselves."""
        root = split(raw)
        content = letter.read(root, subject=text_of(root.header("subject")), answers=False)
        now = time.time_ns() // 1000
        for to in recipients:
            if to.lower() == ADDRESS:
                await self.imap.put("INBOX", raw, now)
                continue
            self.arrived.append(
                _arrived(len(self.arrived) + 1, self._clients.get(to.lower(), to), root, content)
            )
        await self.imap.put("Отправленные", raw, now, seen=True)

    async def write(self, to: Client, text: str) -> None:
        """One of ours answers in the provider's own program, which files the letter into Sent."""
        at = int(time.time() * 1e6)
        typed = EmailMessage()
        typed["From"], typed["To"] = ADDRESS, address_of(to)
        typed["Subject"] = "Re: Вопрос"
        typed["Date"] = format_datetime(datetime.fromtimestamp(at / 1e6, UTC))
        typed["Message-ID"] = f"<{uuid.uuid4()}@okno.example>"
        typed["In-Reply-To"] = f"<{self._last.event}>"
        typed.set_content(text, cte="base64")
        raw = typed.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        await self.imap.put("Отправленные", raw, at, seen=True)

    def _hang_up(self) -> None:
        for talk in tuple(self._talks):
            talk.abort()


class _Talk(SMTP):
    """One SMTP connection."""

    def __init__(self, fake: MailFake) -> None:
        super().__init__(
            self, data_size_limit=LIMIT, hostname="mail.okno.example", auth_require_tls=False,
            authenticator=self._sign_in,
        )  # fmt: skip
        self._fake = fake
        self._locked = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._fake._talks.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._fake._talks.discard(self)
        super().connection_lost(error)

    def abort(self) -> None:
        """Reset the connection."""
        transport: Any = self.transport
        if transport is not None:
            transport.abort()

    def _sign_in(
        self, server: SMTP, session: Session, envelope: Taken, mechanism: str, data: object
    ) -> AuthResult:
        self._locked = self._locked or self._fake.next_fault("bad_key") is not None
        right = isinstance(data, LoginPassword) and data.password == self._fake.imap.password.encode()
        return AuthResult(success=right and not self._locked, handled=False)

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's own name)
        self, server: SMTP, session: Session, envelope: Taken, address: str, options: list[str]
    ) -> str:
        if not session.authenticated:
            return "530 5.7.0 Authentication required"
        if address.lower() != ADDRESS:
            return "553 5.7.1 Sender address rejected: not owned by auth user"
        envelope.mail_from = address
        return "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Taken, address: str, options: list[str]
    ) -> str:
        fault = self._fake.next_fault("slow_down", "blocked")
        if fault is None and address.lower() in self._fake.closed:
            fault = "blocked"
        if fault is not None:
            return AT_RECIPIENT[fault]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Taken) -> str:  # noqa: N802
        fault = self._fake.next_fault("server_error", "hang", "reset", "lost_answer", "refused")
        if fault == "hang":
            await asyncio.sleep(HANG)
        if fault is not None and fault in AT_END:
            return AT_END[fault]
        if fault != "reset":
            body = envelope.original_content or b""
            await self._fake.take(body, [str(one) for one in envelope.rcpt_tos])
        if fault is not None:
            self.abort()
        return "250 2.0.0 Ok: queued"


def address_of(client: Client) -> str:
    """The address that a made-up person writes from."""
    return (
        client.email or f"{re.sub(r'[^a-z0-9.-]', '', client.ref.lower()) or 'client'}@client.example"
    ).lower()


def written(act: Act, message_id: str, at: int, arrived: list[Arrived]) -> bytes:
    """The letter as a mail program would write it; an answer quotes what it answers."""
    message = EmailMessage()
    message["From"] = formataddr((str(Header(act.client.name, "utf-8")), address_of(act.client)))
    message["To"] = ADDRESS
    message["Subject"] = act.subject or "Вопрос"
    message["Date"] = format_datetime(datetime.fromtimestamp(at / 1e6, UTC))
    message["Message-ID"] = f"<{message_id}>"
    text = act.text or ("Файл во вложении" if act.file else "")
    if act.reply_to:
        message["In-Reply-To"] = message["References"] = f"<{act.reply_to}>"
        quote = next((one.text for one in arrived if one.id == act.reply_to), "")
        quoted = "\n".join(f"> {line}" for line in quote.splitlines())
        text += f"\n\n12.03.2024, 10:15, Единое окно <{ADDRESS}>:\n\n{quoted}\n"
    message.set_content(text, cte="base64")
    if act.file:
        name = act.file_name or "file.bin"
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        main, _, sub = kind.partition("/")
        message.add_attachment(act.file, maintype=main, subtype=sub, filename=name)
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _arrived(number: int, to: str, root: Part, content: letter.Content) -> Arrived:
    names = ("subject", "from", "to", "in-reply-to", "references", "message-id")
    raw = {name: text_of(root.header(name)) for name in names}
    message_id = raw["message-id"].strip("<>")
    key = re.match(r"gw\.(.+)\.[0-9a-f]{12}@", message_id)
    return Arrived(
        n=number, to=to, text=content.text, id=message_id, files=tuple(file.name for file in content.files), raw=raw,
        key=key[1] if key else "",
    )  # fmt: skip


FAKE = MailFake
