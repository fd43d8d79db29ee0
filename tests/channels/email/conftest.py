"""What the tests of e-mail share: a real mail server, mailboxes on it, and a listener that remembers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from channels.base import Account, Memory, Polled, PolledEnvelope
from channels.email import Email
from channels.email.mailbox import Patience
from channels.email.rounds import begin
from channels.events import Event, InboundMessage
from tests.rig.mail import MailHost, mail_host

NUMBERS = itertools.count(1)
CLIENT = "anna@client.test"
QUICK = Patience(connect=3, answer=2, body=10, idle=60, poll=0.2, send=3)


@pytest.fixture(scope="session")
def host() -> Iterator[MailHost]:
    """The session's mail server; whoever kills one or fills one takes `mail_host()` itself."""
    with mail_host() as running:
        yield running


def letter(
    subject: str = "Вопрос",
    text: str = "Сколько стоит дверь?",
    *,
    sender: str = CLIENT,
    id: str = "",
    more: str = "",
) -> bytes:
    """A short letter; `more` is whole header lines."""
    number = next(NUMBERS)
    fields = [
        f"From: Anna <{sender}>", "To: shop@firma.test", f"Subject: {subject}",
        f"Message-ID: <{id or f'{number}@client.test'}>", "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    ]  # fmt: skip
    return ("\r\n".join(fields) + f"\r\n{more}\r\n{text}\r\n").encode()


class Kept:
    """A memory as the gateway gives one."""

    def __init__(self) -> None:
        self.values: Mapping[str, str] = {}

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        yield

    async def read(self) -> Mapping[str, str]:
        return self.values

    async def write(self, values: Mapping[str, str]) -> None:
        self.values = values


@dataclass
class Box:
    """A mailbox of its own on the server."""

    host: MailHost
    address: str
    made: list[Email] = field(default_factory=list)

    def settings(self, **more: str) -> dict[str, str]:
        ports = self.host.ports
        return {
            "preset": "own", "address": self.address, "name": "Магазин", "password": self.host.password,
            "id_key": "key-of-the-tests", "imap_host": "127.0.0.1", "imap_port": str(ports.imap),
            "imap_security": "plain", "smtp_host": "127.0.0.1", "smtp_port": str(ports.submissions),
            "smtp_security": "tls", "certificate": self.host.certificate.authority.read_text("ascii"), **more,
        }  # fmt: skip

    def channel(self, patience: Patience = QUICK, memory: Memory | None = None, /, **more: str) -> Email:
        """A channel of this mailbox."""
        settings = self.settings(**more)
        account = Account(source_id=f"source-of-{self.address}", settings=settings, memory=memory)
        channel = Email(account)
        channel.patience = patience
        self.made.append(channel)
        return channel

    def deliver(self, letter: bytes) -> None:
        self.host.deliver(self.address, letter)


@pytest.fixture
async def box(host: MailHost) -> AsyncIterator[Box]:
    """A new mailbox; its channels are closed afterwards."""
    made = Box(host, host.welcome(f"shop{next(NUMBERS)}@firma.test"))
    yield made
    for channel in made.made:
        await channel.close()


@dataclass
class Reading:
    """What a listener brought. `cursor` is what the gateway would have stored."""

    channel: Email
    cursor: bytes | None
    envelopes: list[PolledEnvelope] = field(default_factory=list)
    looks: int = 0
    failed: BaseException | None = None
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def run(self) -> None:
        try:
            async for polled in self.channel.listen(self.cursor):
                await self._keep(polled)
        except Exception as error:
            async with self.changed:
                self.failed = error
                self.changed.notify_all()

    async def _keep(self, polled: Polled) -> None:
        async with self.changed:
            self.envelopes += polled.envelopes
            self.cursor, self.looks = polled.cursor, self.looks + 1
            self.changed.notify_all()

    async def until(self, true: Callable[[], bool], seconds: float = 10) -> None:
        """Wait for it. Raises TimeoutError."""
        async with asyncio.timeout(seconds), self.changed:
            await self.changed.wait_for(lambda: self.failed is not None or true())

    async def letters(self, number: int, seconds: float = 10) -> list[InboundMessage]:
        """Wait for so many letters, then what they say."""
        await self.until(lambda: len(self.envelopes) >= number, seconds)
        assert self.failed is None, self.failed
        assert len(self.envelopes) == number
        return [event for event in self.events() if isinstance(event, InboundMessage)]

    async def failure(self, seconds: float = 10) -> BaseException:
        """Wait until listening ends with an error."""
        await self.until(lambda: False, seconds)
        assert self.failed is not None
        return self.failed

    def events(self) -> list[Event]:
        """Everything the letters say, in the order they came."""
        return [event for one in self.envelopes for event in self.channel.parse(one.envelope)]


@asynccontextmanager
async def reading(channel: Email, cursor: bytes | None = None) -> AsyncIterator[Reading]:
    """A listener at work until the block ends, ended as the gateway ends it."""
    made = Reading(channel, cursor)
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def begun(channel: Email) -> bytes:
    """The cursor of a mailbox that is read from now on."""
    return await begin(channel.mailbox, channel.patience)
