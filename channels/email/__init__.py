"""E-mail: a mailbox read by IMAP and written from by SMTP.

What surprises: a mailbox has no events, only letters with numbers that grow, so the cursor is the last UID
and never the mark "read" (people read their mail on phones). A lost answer after the last dot does not mean
that the letter was not sent: it stays unknown until it shows up in Sent. Message-IDs are made by writers:
they may be missing or used twice, and a stranger may copy them, so a thread is known by its oldest id
together with the writer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from channels.base import (
    Account,
    Capabilities,
    Check,
    Envelope,
    OutboundMessage,
    Polled,
    PollingChannel,
    Rate,
)
from channels.email import ids, letter, mailbox, parse
from channels.email.habits import Habits
from channels.email.mailbox import MEGABYTE, Patience
from channels.email.tokens import PLACES, Tokens
from channels.errors import ChannelError, Disconnected, Refused, TryLater
from channels.events import Event

if TYPE_CHECKING:
    from channels.email.send import Mailer

LARGEST_FILE = 25 * MEGABYTE
TRIES = 3
BETWEEN_TRIES = 300.0
"""Seconds: providers lock accounts whose sign-in fails too often."""
REST = 900.0
"""Seconds for which a refused login is not tried again."""


class Email(PollingChannel):
    """One mailbox."""

    capabilities = Capabilities(
        first=True,
        text_max=200_000,
        caption_max=200_000,
        files=dict.fromkeys(("photo", "video", "voice", "audio", "file"), LARGEST_FILE),
        files_per_message=20,
        location=True,
        card=True,
        reply_to=True,
        subject=True,
        recipients=100,
        styles=frozenset({"bold", "italic", "underline", "strike", "code", "pre", "quote", "link"}),
        enter_sends=False,
        rate=Rate(per_second=20 / 60, burst=20),
        retries=(60, 300, 900, 3600, 10_800, 21_600),
        give_up_hours=48,
        per_day=300,
        look_up=60,
        send_timeout=170,
        answer_minutes=240,
    )
    secrets = ("password", "oauth_secret", "oauth_refresh", "id_key")
    patience = Patience()
    longest_wait = 300.0

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.mailbox = mailbox.read(account.settings)
        self.tokens = _tokens(account, self.mailbox.provider)
        if self.mailbox.oauth:
            self.mailbox = replace(self.mailbox, token=self.tokens.access)
        self._habits = Habits(self.mailbox, account.memory)
        self._secret = account.settings.get("id_key") or account.source_id
        self._mailer: Mailer | None = None
        self._listening: set[AsyncGenerator[Polled, None]] = set()
        self._refusals = 0
        self._resting_until = 0.0

    def parse(self, envelope: Envelope) -> tuple[Event, ...]:
        return parse.parse(envelope, self.mailbox, self._secret)

    def unpack(self, envelope: Envelope, ref: str) -> bytes:
        return letter.extract(envelope.body, ref)

    def can(self) -> Capabilities:
        a_minute, a_day = self.mailbox.per_minute, self.mailbox.per_day
        rate = Rate(per_second=a_minute / 60, burst=min(20, a_minute))
        return replace(self.capabilities, rate=rate, per_day=a_day)

    def own_addresses(self) -> tuple[str, ...]:
        return (self.mailbox.address, *sorted(self.mailbox.aliases - {self.mailbox.address}))

    def signature(self) -> str:
        return self.settings.get("signature", "")

    def prepare(self, message: OutboundMessage) -> bytes:
        return self._sender().letter(message).head

    def rendered(self, message: OutboundMessage) -> AsyncIterator[bytes]:
        return self._sender().letter(message).stream()

    async def look_up(self, key: str) -> bool | None:
        return await self._sender().look_up(self.echo_key(key))

    def echo_key(self, key: str) -> str:
        return ids.mint(self._secret, key, self.mailbox.domain)

    async def listen(self, cursor: bytes | None) -> AsyncIterator[Polled]:
        from channels.email.rounds import listen

        self._rest()
        letters = listen(self.mailbox, self.beginning if cursor is None else cursor, self.patience)
        self._listening.add(letters)
        try:
            async for polled in letters:
                self._refusals = 0
                yield polled
        except Disconnected as error:
            if error.code == "oauth_refused":
                self.tokens.refused()
            raise self._refused(error) from error
        finally:
            self._listening.discard(letters)
            await letters.aclose()

    def _rest(self) -> None:
        if asyncio.get_running_loop().time() < self._resting_until:
            raise Disconnected("not tried again yet", code="login_refused")

    def _refused(self, error: Disconnected) -> Disconnected | TryLater:
        """A refused login is tried three times over ten minutes before a person is called, then rarely."""
        if error.code not in ("login_refused", "oauth_refused", "app_password_needed", "imap_switched_off"):
            return error
        self._refusals += 1
        if self._refusals < TRIES:
            return TryLater(error.detail, code=error.code, after=BETWEEN_TRIES)
        self._resting_until = asyncio.get_running_loop().time() + REST
        return error

    async def send(self, message: OutboundMessage) -> tuple[str, ...]:
        if sum(file.size for file in message.files) > LARGEST_FILE:
            raise Refused("the files are too large together", code="too_large")
        return (await self._sender().send(message),)

    def download(self, ref: str) -> AsyncIterator[bytes]:
        from channels.email.rounds import whole

        if not ref.startswith(parse.WHOLE) or ref.count(":") < 3:
            raise Refused("no such letter", code="no_media")
        return whole(self.mailbox, self.patience, ref.removeprefix(parse.WHOLE))

    @classmethod
    async def suggest(cls, settings: Mapping[str, str]) -> tuple[Mapping[str, str], str]:
        from channels.email.detect import suggest

        found, how = await suggest(settings.get("address", ""))
        return found, f"found_by_{how}" if how else "found_nothing"

    async def check(self) -> Sequence[Check]:
        from channels.email.checks import check

        return await check(self.mailbox, self._sender(), self.patience)

    async def connect(self) -> Sequence[Check]:
        """Check, and if all is well write to ourselves and wait for it: nothing else proves the whole way."""
        from channels.email.checks import round_trip
        from channels.email.rounds import begin

        lines = await self.check()
        if not all(line.ok for line in lines):
            return lines
        try:
            # What comes in from this moment on is ours, even before the first look.
            self.beginning = await begin(self.mailbox, self.patience)
        except ChannelError as error:
            return [*lines, Check(code=error.code, ok=False, detail=error.detail[:300])]
        return [*lines, *await round_trip(self.mailbox, self._sender(), self.patience, self._habits)]

    def test_link(self, code: str) -> str:
        return f"mailto:{self.mailbox.address}?subject={quote('Тест')}&body={quote(code)}"

    async def close(self) -> None:
        for letters in tuple(self._listening):
            with contextlib.suppress(RuntimeError):  # still running: its owner ends it
                await letters.aclose()
        if self._mailer is not None:
            await self._mailer.close()

    def _sender(self) -> Mailer:
        from channels.email.send import Mailer

        if self._mailer is None:
            self._mailer = Mailer(self.mailbox, self._secret, self.patience, self._habits)
        return self._mailer


def _tokens(account: Account, provider: str) -> Tokens:
    settings = account.settings
    place = PLACES.get(provider) or settings.get("oauth_place", "")
    client, secret = settings.get("oauth_client", ""), settings.get("oauth_secret", "")
    return Tokens(place, client, secret, settings.get("oauth_refresh", ""), account.memory)


CHANNEL = Email
