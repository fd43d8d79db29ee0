"""How does a letter leave?

One SMTP session a mailbox, used for a letter at a time: providers lock accounts that sign in too often. The
letter is written in pieces, and up to the last one a fault means that nothing was sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import AsyncIterator, Mapping

import aiosmtplib

from channels.base import OutboundMessage
from channels.email.compose import Letter, compose
from channels.email.grammar import quoted
from channels.email.habits import Habits
from channels.email.imap import folder_of, session
from channels.email.mailbox import MEGABYTE, Mailbox, Patience, local, trust
from channels.email.refusals import Stage, failure, lost
from channels.errors import ChannelError, Disconnected, Refused, SendFailed, SentInPart, TryLater
from channels.events import Micros

LETTERS_A_SESSION = 50
LARGEST = 36 * MEGABYTE
"""On the wire: 25 MB of files take a third more."""
FILING = 10.0


class Mailer:
    """Sends for one mailbox. Opens a connection when it first has something to send; `close` ends it."""

    def __init__(self, mailbox: Mailbox, secret: str, patience: Patience, habits: Habits) -> None:
        self._mailbox = mailbox
        self._habits = habits
        self._secret = secret
        self._patience = patience
        self._turn = asyncio.Lock()
        self._smtp: aiosmtplib.SMTP | None = None
        self._sent = 0

    async def send(self, message: OutboundMessage, *, copy: bool = True) -> str:
        """Hand one letter over, put a `copy` into Sent where it needs one, and return its Message-ID. Raises SendFailed."""
        letter = self.letter(message)
        refused = await self._hand_over(letter)
        first = not message.waiting or len(message.waiting) == len(message.recipients)
        if copy and first and self._mailbox.keep_sent and not await self._habits.files_sent():
            await self._file(letter, message.created_at)
        if refused:
            raise SentInPart((letter.message_id,), refused)
        return letter.message_id

    def letter(self, message: OutboundMessage) -> Letter:
        """The letter for a message. Raises Refused when it can never be sent."""
        if message.to.kind != "email" and not message.recipients:
            raise Refused("not a mail address", code="bad_address")
        try:
            letter = compose(message, self._mailbox, self._secret)
        except ValueError:
            raise Refused("not a mail address", code="bad_address") from None
        if letter.size > LARGEST:
            raise Refused(f"{letter.size} bytes", code="too_large")
        return letter

    async def look_up(self, message_id: str) -> bool | None:
        """Whether a letter of ours is in Sent, or came back to us. None: nobody can tell, the provider files none.

        Raises TryLater and Disconnected."""
        async with session(self._mailbox, self._patience) as mail:
            sent = folder_of("sent", await mail.folders())
            for folder in dict.fromkeys([sent, *self._mailbox.folders[:1]]):
                if not folder:
                    continue
                await mail.open(folder)
                if await mail.search("HEADER", "Message-ID", quoted(message_id)):
                    return True
        return False if sent and await self._habits.files_sent() else None

    async def try_login(self) -> str:
        """Sign in and return the server's greeting name. Raises SendFailed."""
        stages: list[Stage] = ["connect"]
        limit = asyncio.timeout(self._patience.connect + self._patience.answer)
        async with self._faults(stages), limit, self._turn:
            await self._drop()
            smtp = await self._connect(stages)
            return f"{self._mailbox.smtp.host}:{smtp.port}"

    async def close(self) -> None:
        """End the session."""
        if self._smtp is not None and self._smtp.is_connected:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._smtp.quit(), 2)
        await self._drop()

    async def _hand_over(self, letter: Letter) -> dict[str, SendFailed]:
        """Whom the server would not take it for, and why; raises what is true of all."""
        stages: list[Stage] = ["connect"]
        async with self._faults(stages):
            async with asyncio.timeout(self._patience.connect + self._patience.answer) as limit:
                async with self._turn:
                    try:
                        smtp = await self._ready(stages)
                        refused = await self._envelope(smtp, letter, stages)
                        if limit.expired():
                            await asyncio.sleep(
                                0
                            )  # where the time-out under way arrives: nothing was handed over yet
                        limit.reschedule(asyncio.get_running_loop().time() + self._patience.send)
                        await self._data(smtp, letter, stages)
                        self._sent += 1
                        return refused
                    except BaseException:
                        await self._drop()
                        raise

    async def _ready(self, stages: list[Stage]) -> aiosmtplib.SMTP:
        """The open session if it still answers, else a new one."""
        if self._smtp is not None and self._smtp.is_connected and self._sent < LETTERS_A_SESSION:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                if (await self._smtp.rset()).code == 250:
                    return self._smtp
        await self._drop()
        return await self._connect(stages)

    async def _connect(self, stages: list[Stage]) -> aiosmtplib.SMTP:
        server, mailbox = self._mailbox.smtp, self._mailbox
        if not server.host:
            raise TryLater("no server is named", code="host_not_found")
        if server.security == "plain" and not local(server.host):
            raise Disconnected("only TLS, or a server on this machine", code="unprotected")
        domain = mailbox.domain if re.fullmatch(r"[A-Za-z0-9.-]{1,200}", mailbox.domain) else "localhost"
        smtp = self._smtp = aiosmtplib.SMTP(
            hostname=server.host, port=server.port, use_tls=server.security == "tls",
            start_tls=server.security == "starttls", local_hostname=domain, timeout=self._patience.answer,
            tls_context=trust(mailbox),
        )  # fmt: skip
        self._sent = 0
        await smtp.connect()
        if mailbox.token is not None:
            stages.append("login")
            if smtp.last_ehlo_response is None:
                await smtp.ehlo()
            await smtp.auth_xoauth2(mailbox.login, await mailbox.token())
        elif mailbox.password:
            stages.append("login")
            await _sign_in(smtp, mailbox)
        return smtp

    async def _envelope(
        self, smtp: aiosmtplib.SMTP, letter: Letter, stages: list[Stage]
    ) -> dict[str, SendFailed]:
        """Name the sender and every recipient. One who is refused does not stop the others."""
        stages.append("sender")
        options = []
        if smtp.supports_extension("size"):
            told = smtp.esmtp_extensions.get("size", "")
            if told.isdecimal() and 0 < int(told) < letter.size:
                raise Refused(f"{letter.size} bytes, the server takes {told}", code="too_large")
            options = [f"SIZE={letter.size}"]
        await smtp.mail(self._mailbox.address, options=options)
        stages.append("recipient")
        refused: dict[str, SendFailed] = {}
        for address in letter.recipients:
            try:
                await smtp.rcpt(address)
            except aiosmtplib.SMTPRecipientRefused as error:
                refused[address] = failure(error.code, error.message, "recipient")
        if len(refused) == len(letter.recipients):
            raise next(iter(refused.values())) if len(refused) == 1 else _for_all(refused)
        return refused

    async def _data(self, smtp: aiosmtplib.SMTP, letter: Letter, stages: list[Stage]) -> None:
        """The letter itself, piece by piece; what follows the final dot decides."""
        stages.append("text")
        answer = await smtp.execute_command(b"DATA")
        if answer.code != 354:
            raise aiosmtplib.SMTPDataError(answer.code, answer.message)
        protocol = smtp.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("connection lost")
        # An answer that comes before the end (too large, say) must not be dropped as unasked.
        protocol._response_pending = True
        async for piece in _dotted(letter.stream()):
            protocol.write(piece)
            await protocol._drain_helper()
        stages.append("end")
        protocol.write(b".\r\n")
        answer = await protocol.read_response(timeout=None)
        if answer.code != 250:
            raise aiosmtplib.SMTPDataError(answer.code, answer.message)

    async def _file(self, letter: Letter, at: Micros) -> None:
        """Put a copy into Sent. The letter has left: whatever fails here must not look like a failed send."""
        with contextlib.suppress(ChannelError, TimeoutError, OSError):
            async with asyncio.timeout(FILING), session(self._mailbox, self._patience) as mail:
                folder = folder_of("sent", await mail.folders())
                if folder:
                    await mail.append(folder, b"".join([piece async for piece in letter.stream()]), at)

    async def _drop(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()

    @contextlib.asynccontextmanager
    async def _faults(self, stages: list[Stage]) -> AsyncIterator[None]:
        """The library's and the network's errors as ours, by how far we had come."""
        try:
            yield
        except SendFailed:
            raise
        except aiosmtplib.SMTPRecipientRefused as error:
            raise failure(error.code, error.message, "recipient") from error
        except aiosmtplib.SMTPResponseException as error:
            raise failure(error.code, error.message, stages[-1]) from error
        except aiosmtplib.SMTPNotSupported as error:
            raise Disconnected(str(error), code="smtp_no_tls") from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError, UnicodeError) as error:
            if stages[-1] == "connect" and (code := _cause(error)):
                raise TryLater(str(error)[:200], code=code) from error
            raise lost(stages[-1], str(error)[:200] or type(error).__name__) from error


async def _sign_in(smtp: aiosmtplib.SMTP, mailbox: Mailbox) -> None:
    """By one method only: the library would try all of them, and providers count failures."""
    if smtp.last_ehlo_response is None:
        await smtp.ehlo()
    methods = smtp.supported_auth_methods
    if "plain" in methods:
        await smtp.auth_plain(mailbox.login, mailbox.password)
    elif "login" in methods:
        await smtp.auth_login(mailbox.login, mailbox.password)
    elif "cram-md5" in methods:
        await smtp.auth_crammd5(mailbox.login, mailbox.password)
    else:
        raise Disconnected("no way to sign in", code="smtp_no_login")


def _for_all(refused: Mapping[str, SendFailed]) -> SendFailed:
    """Nobody was taken. A limit of the account stops all; else each is told apart."""
    for why in refused.values():
        if isinstance(why, TryLater) and why.whole_source:
            return why
    return SentInPart((), refused)


def _cause(error: BaseException) -> str:
    """What a person can mend, behind the library's own error; "" is nothing of the kind."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(seen):
            return "bad_certificate"
        if isinstance(seen, (socket.gaierror, UnicodeError)):  # the latter: no name at all, two dots in a row
            return "host_not_found"
        seen = seen.__cause__ or seen.__context__
    return ""


async def _dotted(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A dot that begins a line is doubled (RFC 5321, 4.5.2). Pieces end at ends of lines."""
    async for piece in pieces:
        yield re.sub(rb"(?m)^\.", b"..", piece)
