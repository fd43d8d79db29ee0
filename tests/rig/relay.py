"""What can go wrong when a letter is handed over by SMTP?

A real relay on a thread of its own. It hands letters on through `deliver`, and does what its plan says.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from tests.rig.certificates import Certificate
from tests.rig.wire import LoopThread

Stage: TypeAlias = Literal["connect", "mail", "rcpt", "data", "end"]
LIMIT = 30 * 1024**2


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What happens to one letter at one stage; "end" is after its last byte.

    reply: the answer, "" cuts the connection; deliver: the letter goes through all the same; wait: seconds.
    """

    at: Stage = "end"
    reply: str = ""
    deliver: bool = False
    wait: float = 0


GREYLISTED = Fault(at="rcpt", reply="451 4.7.1 Greylisted, please try again later")
NO_SUCH_USER = Fault(at="rcpt", reply="550 5.1.1 No such user")
REFUSED = Fault(reply="554 5.7.1 Message rejected under suspicion of SPAM")
BUSY = Fault(reply="451 4.3.0 Try again later")
SHUTTING_DOWN = Fault(reply="421 4.3.2 Service shutting down")
NOT_CONNECTED = Fault(at="connect")
CUT_BEFORE = Fault(at="data")
LOST_ANSWER = Fault(deliver=True)
"""The letter is delivered, but the connection is cut before the answer."""


def slow(seconds: float) -> Fault:
    """The letter is delivered, the answer comes late."""
    return Fault(reply="250 2.0.0 Ok", deliver=True, wait=seconds)


@dataclass(frozen=True, kw_only=True, slots=True)
class Relayed:
    """One letter that the relay saw to its end, delivered or not."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    answer: str
    helo: str = ""
    """What its sender's server called itself."""


class Relay:
    """`plan`: what happens to the next letters, in order; None lets one through.

    `refused`: addresses and what is answered to them; `seen`: letters; `sign_ins`: names and whether let in.
    `port` takes mail from anybody without TLS; `starttls_port` and `tls_port` want a sign-in first.
    """

    def __init__(self, deliver: Callable[[Relayed], None], password: str) -> None:
        self.plan: collections.deque[Fault | None] = collections.deque()
        self.refused: dict[str, str] = {}
        self.seen: list[Relayed] = []
        self.sign_ins: list[tuple[str, bool]] = []
        self.port = self.starttls_port = self.tls_port = 0
        self.conversations: set[Conversation] = set()
        self._deliver = deliver
        self._password = password
        self._thread: LoopThread | None = None

    async def listen(self, thread: LoopThread, certificate: Certificate) -> None:
        """Open the three ports."""
        self._thread = thread
        tls = certificate.server_context()
        self.port = await thread.serve(lambda: Conversation(self))
        self.starttls_port = await thread.serve(
            lambda: Conversation(self, signed_in=True, tls_context=tls, authenticator=self._sign_in)
        )
        self.tls_port = await thread.serve(
            lambda: Conversation(self, signed_in=True, auth_require_tls=False, authenticator=self._sign_in),
            tls,
        )

    def cut(self) -> None:
        """Reset every open connection; from any thread but the relay's own."""
        assert self._thread is not None
        self._thread.call(self.hang_up())

    async def hang_up(self) -> None:
        """Reset every open connection."""
        for conversation in tuple(self.conversations):
            conversation.abort()

    def _sign_in(self, server: SMTP, session: Any, envelope: Any, mechanism: str, data: object) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.password == self._password.encode()
        name = data.login.decode(errors="replace") if isinstance(data, LoginPassword) else ""
        self.sign_ins.append((name, good))
        return AuthResult(success=good, handled=False)

    def take(self) -> Fault | None:
        """What happens to the letter that begins now."""
        return self.plan.popleft() if self.plan else None

    async def finish(self, letter: Relayed, *, deliver: bool) -> None:
        """Hand a letter on, then remember it: who sees it in `seen` finds it delivered."""
        if deliver:
            await asyncio.to_thread(self._deliver, letter)
        self.seen.append(letter)


class Conversation(SMTP):
    """One SMTP connection that meets the relay's plan. `signed_in`: it takes mail only after a sign-in."""

    def __init__(self, relay: Relay, *, signed_in: bool = False, **options: Any) -> None:
        super().__init__(self, data_size_limit=LIMIT, hostname="relay.test", enable_SMTPUTF8=True, **options)
        self._relay = relay
        self._wants_sign_in = signed_in
        self._fault: Fault | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        plan = self._relay.plan
        if plan and plan[0] is not None and plan[0].at == "connect":
            plan.popleft()
            assert isinstance(transport, asyncio.Transport)
            transport.abort()
            return
        super().connection_made(transport)
        self._relay.conversations.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._relay.conversations.discard(self)
        super().connection_lost(error)

    def abort(self) -> None:
        """Cut the connection without a word."""
        assert isinstance(self.transport, asyncio.Transport)
        self.transport.abort()

    async def _meet(self, stage: Stage) -> str | None:
        """The fault's answer at this stage, after its wait; None: nothing is wrong."""
        fault = self._fault
        if fault is None or fault.at != stage:
            return None
        await asyncio.sleep(fault.wait)
        if fault.reply:
            return fault.reply
        self.abort()
        return "421 4.4.2 Gone"  # nobody hears it

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self._wants_sign_in and not session.authenticated:
            return "530 5.7.0 Authentication required"
        self._fault = self._relay.take()
        if answer := await self._meet("mail"):
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if answer := await self._meet("rcpt") or self._relay.refused.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if answer := await self._meet("data"):
            await self.push(answer)
        else:
            await super().smtp_DATA(arg)

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        fault = self._fault if self._fault and self._fault.at == "end" else None
        letter = Relayed(
            sender=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
            content=bytes(envelope.original_content),
            answer=fault.reply if fault else "250 2.0.0 Ok",
            helo=session.host_name or "",
        )
        await self._relay.finish(letter, deliver=fault is None or fault.deliver)
        return await self._meet("end") or letter.answer


@contextlib.contextmanager
def relay(deliver: Callable[[Relayed], None], certificate: Certificate, password: str) -> Iterator[Relay]:
    """A running relay on free ports of 127.0.0.1."""
    thread = LoopThread("relay")
    try:
        made = Relay(deliver, password)
        thread.call(made.listen(thread, certificate))
        yield made
        thread.call(made.hang_up())
    finally:
        thread.close()
