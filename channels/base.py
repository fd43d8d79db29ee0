"""What must a network be able to do for us?

The whole contract of a channel. A channel gets bytes and returns facts: it holds no store, no queue, no callback, and
reads no clock. One object stands for one connected account (a source); making it opens nothing.
"""

from __future__ import annotations

import abc
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import field, replace
from typing import ClassVar, Literal, Protocol, TypeAlias

from channels.envelopes import (
    ADDRESS,
    MARKS,
    OK,
    PART,
    RELEASED,
    Admitted,
    Envelope,
    Limit,
    Polled,
    PolledEnvelope,
    Reply,
    RouteAnswer,
    RouteQuestion,
)
from channels.errors import Refused
from channels.events import Event, Identity, Micros, SpanStyle
from channels.outbound import (
    Button,
    FileKind,
    OutboundEdit,
    OutboundFile,
    OutboundMessage,
    QuotedLetter,
    Recipient,
)
from channels.values import value

__all__ = [
    "ADDRESS",
    "ASKED_AT_ONCE",
    "MARKS",
    "OK",
    "PART",
    "RELEASED",
    "Account",
    "Admitted",
    "Button",
    "Capabilities",
    "Channel",
    "Check",
    "Envelope",
    "FileKind",
    "Limit",
    "Memory",
    "OutboundEdit",
    "OutboundFile",
    "OutboundMessage",
    "Polled",
    "PolledEnvelope",
    "PollingChannel",
    "Profile",
    "Progress",
    "QuotedLetter",
    "Rate",
    "Recipient",
    "Reply",
    "RouteAnswer",
    "RouteQuestion",
    "Turns",
    "WebhookChannel",
    "WindowRule",
]
"""What a network hands over and takes (`envelopes.py`, `outbound.py`) belongs to the contract."""

ASKED_AT_ONCE = 8
"""Requests for profiles that run at the same time."""


@value(frozen=True, kw_only=True, slots=True)
class Profile:
    """What a network tells about a person when asked."""

    name: str = ""
    username: str = ""
    picture: str = ""
    """A reference for `download`; "" is none."""


@value(frozen=True, kw_only=True, slots=True)
class Check:
    """One line of a source's check-up. `code` has a text in the channel's `about.py`."""

    code: str
    ok: bool
    detail: str = ""
    """Shown to the person: a bot's name, an address. Never a secret."""
    params: Mapping[str, str] = field(default_factory=dict)


@value(frozen=True, kw_only=True, slots=True)
class WindowRule:
    """The default reply window of a network (rules.md, section 1); None in Capabilities: no window."""

    hours: float = 24
    enforcement: Literal["block", "warn", "off"] = "block"
    fixed: bool = False
    """True: the provider's own rule, nobody may override it."""


@value(frozen=True, kw_only=True, slots=True)
class Rate:
    """How fast we may call the network. `chat_interval` is seconds between two messages of one chat; see `Channel.pace`."""

    per_second: float = 20
    burst: int = 20
    chat_interval: float = 0


@value(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What the network can do and how much of it. Sizes in bytes, text in characters as the network counts them."""

    reply: bool = True
    first: bool = False
    """We may write before the person ever did."""
    answered_by: tuple[str, ...] = ()
    """Identity kinds through which an enquiry without its own way back is answered ("phone", "email")."""
    window: WindowRule | None = None
    lent: WindowRule | None = None
    """The window of chats on private accounts that people lent to the source (`InboundMessage.connection`)."""
    text_max: int = 4096
    text_unit: Literal["codepoints", "utf16", "bytes"] = "codepoints"
    caption_max: int = 1024
    files: Mapping[FileKind, int] = field(default_factory=dict)
    """Kinds that can be sent, and the largest size of each."""
    files_per_message: int = 1
    location: bool = False
    """A place on the map can be sent."""
    card: bool = False
    """Somebody's name and numbers can be sent as such."""
    stickers: bool = False
    """Stickers that clients sent can be sent too (`Channel.sticker`)."""
    reply_to: bool = False
    edit: bool = False
    edit_hours: float = 0
    """How long our message may be changed; 0: for ever."""
    delete: bool = False
    delete_hours: float = 0
    """How long our message may be taken back; 0: for ever."""
    reactions: tuple[str, ...] = ()
    """Emojis we may put under a client's message; () is none at all."""
    styles: frozenset[SpanStyle] = frozenset()
    """Styles of text the network shows; the others degrade to plain text."""
    buttons: int = 0
    """How many buttons an automatic message may carry."""
    typing: bool = False
    history: bool = False
    """It can be asked what was said in a span of time (`Channel.history`)."""
    delivered: bool = False
    read: bool = False
    subject: bool = False
    recipients: int = 0
    """How many addressees one message may have; 0: it goes to its conversation's person, there are no letters."""
    idempotent: bool = False
    """The network itself ignores a second send with the same key."""
    call: bool = False
    enter_sends: bool = True
    rate: Rate = Rate()
    retries: tuple[float, ...] = ()
    """Seconds between attempts of what surely was not sent, the last one for all further; (): short ones that double."""
    give_up_hours: float = 24
    """How long attempts go on."""
    per_day: int = 0
    """How many messages may leave within a day; 0: no limit."""
    look_up: float = 0
    """Seconds after which an unknown outcome can be looked up (`Channel.look_up`); 0: it cannot."""
    send_timeout: float = 20
    """Seconds after which a call is given up as unknown."""
    numbering: Literal["", "strict", "sparse"] = ""
    """What `number` of its envelopes tells. strict: they follow one another, so one left out never came; sparse: they only
    grow (a mailbox's numbers of letters moved elsewhere are left out too); "" it gives none."""
    numbering_rest_days: float = 0
    """After so many days of silence the provider may begin its numbers anew; 0: never."""

    @property
    def tells_staff(self) -> bool:
        """An account of it can be set apart for our own people: it shows buttons and changes what it said."""
        return self.reply and self.buttons > 1 and self.edit

    answer_minutes: int = 15
    """First-answer target, in working minutes."""
    weight: float = 1
    """How much of a person's capacity one open conversation takes."""


class Memory(Protocol):
    """A few secrets of an account that change while it works: tokens that a provider renews. Kept sealed, shared by all
    processes."""

    def alone(self) -> AbstractAsyncContextManager[None]:
        """Nobody else changes them while the block lasts. Raises TryLater when somebody holds them too long."""

    async def read(self) -> Mapping[str, str]:
        """What is remembered now."""

    async def write(self, values: Mapping[str, str]) -> None:
        """Remember these instead."""


class Turns(Protocol):
    """Turns at an account's network that all our processes take together."""

    async def take(self, interval: float) -> float:
        """Take the next one; seconds until then. Turns are `interval` seconds apart. Never raises: 0 when nobody can tell."""


@value(frozen=True, kw_only=True, slots=True)
class Account:
    """One source as its channel sees it. `settings` holds opened secrets: never log or show it."""

    source_id: str
    settings: Mapping[str, str]
    hook_url: str = ""
    """Where the provider can reach us from outside, "" while there is no public address."""
    hook_path: str = ""
    """The same address without scheme and host: what our own pages post to, public address or not."""
    public_url: str = ""
    slug: str = ""
    memory: Memory | None = field(default=None, compare=False, repr=False)
    """What the channel itself has to remember of the account; None: nobody keeps it."""
    turns: Turns | None = field(default=None, compare=False, repr=False)
    """For networks that count the calls of a whole account; None: no other process calls."""

    def alone(self) -> Account:
        """The same without what it works with: parsing needs no more, and another process can be given it."""
        return replace(self, memory=None, turns=None)


Progress: TypeAlias = Callable[[Check], Awaitable[None]]


class Channel(abc.ABC):
    """One connected account on one network. Making one opens nothing."""

    capabilities: ClassVar[Capabilities]
    secrets: ClassVar[tuple[str, ...]] = ()
    """Names of the settings that are secrets: sealed at rest, never returned by the API, blanked in logs."""

    mends: ClassVar[frozenset[str]] = frozenset()
    """Codes of failed checks that `connect` puts right without a person and without harm to anybody else."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.settings = account.settings

    @abc.abstractmethod
    def parse(self, envelope: Envelope) -> tuple[Event, ...]:
        """The facts in it. Pure; kinds we do not use give no events; PayloadUnreadable when it cannot be read."""

    def can(self) -> Capabilities:
        """What this account can do; the class's literal unless the settings decide."""
        return self.capabilities

    async def send(self, message: OutboundMessage) -> tuple[str, ...]:
        """Deliver and return the network's ids; raise SendFailed. Must end within `send_timeout`."""
        raise Refused("this channel cannot answer", code="cannot_answer")

    def prepare(self, message: OutboundMessage) -> bytes:
        """What has to be the same at every attempt, made before the first and kept; b"": nothing has. Pure.

        Raises Refused when it can never be sent."""
        return b""

    def rendered(self, message: OutboundMessage) -> AsyncIterator[bytes]:
        """The bytes that leave for this message, where they can be kept as a file. Raises Refused."""
        raise Refused("this channel sends no letters", code="no_media")

    async def look_up(self, key: str) -> bool | None:
        """Whether our message of this key reached the network. None: that cannot be told. Raises SendFailed's kin."""
        return None

    def sticker(self, ref: str, name: str) -> str:
        """How a sticker that came as this attachment is called when we send it; "": it cannot be sent. Pure."""
        return ""

    def own_addresses(self) -> tuple[str, ...]:
        """The mail addresses that are the account's own, the one it writes from first."""
        return ()

    def signature(self) -> str:
        """What stands below everything that is written from here; {member}, {own}, {client} and {company} are filled."""
        return ""

    async def edit(self, edit: OutboundEdit) -> None:
        """Change a message of ours. The same text again is no error. Raises SendFailed."""
        raise Refused("this channel cannot change messages", code="cannot_edit")

    async def delete(self, thread: str, to: Identity, external_ids: Sequence[str]) -> None:
        """Take messages of ours back for both sides. One that is gone already is no error. Raises SendFailed."""
        raise Refused("this channel cannot take messages back", code="cannot_delete")

    async def react(self, thread: str, to: Identity, external_id: str, emoji: str) -> None:
        """Put our one reaction under a client's message; "" takes it away. Raises SendFailed."""
        raise Refused("this channel has no reactions", code="cannot_react")

    async def typing(self, thread: str, to: Identity) -> None:
        """Show the client for a few seconds that somebody writes. Never raises: nobody waits for it."""

    async def acknowledge(self, callback: str, text: str = "") -> None:
        """End the wait at a button that a client pressed (`InboundMessage.callback`). Never raises."""

    def history(self, since: Micros, until: Micros) -> AsyncIterator[PolledEnvelope]:
        """What the network still keeps of `[since, until)`, with the keys and lanes that the usual way gives, so that
        what came is known already. Raises TryLater or Refused."""
        raise Refused("this channel keeps no history", code="no_history")

    async def whole(self, thread: str, external_id: str) -> Envelope | None:
        """All of a message that came cut (`Cut`), as an envelope that `parse` reads as `Completed`. None: the network has it
        no more. Raises SendFailed's kin."""
        return None

    async def lent(self, key: str) -> Envelope | None:
        """What the network says of a private account that something was said on and that it told nothing of yet
        (`InboundMessage.connection`), as an envelope that `parse` reads as `Connection`. None: it knows none. Raises
        SendFailed's kin."""
        return None

    async def call(self, member: str, number: str, key: str) -> str:
        """Ring our person (an extension), then the number; returns the network's id of the command or call. `key` is
        ours, the same at every attempt. What becomes of it arrives as CallFacts. Raises SendFailed."""
        raise Refused("this channel cannot place calls", code="cannot_call")

    def echo_key(self, key: str) -> str:
        """How the network will name our message of this key when it shows it to us (`OutgoingSeen.key` or its
        external id); "" when it cannot be told beforehand."""
        return ""

    def download(self, ref: str) -> AsyncIterator[bytes]:
        """The bytes of a medium. Raises SendFailed's kin: TryLater or Refused."""
        raise Refused("this channel has no media", code="no_media")

    def unpack(self, envelope: Envelope, ref: str) -> bytes:
        """The bytes of a medium that the envelope itself carries (its ref begins with `PART`). Pure; may be slow.

        Raises Refused when it is not in there."""
        raise Refused("this channel's envelopes carry no media", code="no_media")

    async def profile(self, identity: Identity) -> Profile | None:
        """What the network tells about a person; None: nothing, or it cannot be asked."""
        return None

    async def profiles(self, identities: Sequence[Identity]) -> Mapping[Identity, Profile]:
        """The same of several people, at most a hundred; who is missing has none. Raises ChannelError when nothing
        could be learnt: then they are asked about later."""
        told: dict[Identity, Profile | None] = {}
        for first in range(0, len(identities), ASKED_AT_ONCE):
            some = identities[first : first + ASKED_AT_ONCE]
            told.update(zip(some, await asyncio.gather(*map(self.profile, some)), strict=True))
        return {one: profile for one, profile in told.items() if profile is not None}

    @classmethod
    async def suggest(cls, settings: Mapping[str, str]) -> tuple[Mapping[str, str], str]:
        """Settings that follow from what was typed into one that `suggests`, and a code for how they were found.

        Asked before there is an account. Never raises; what is found is shown before it is used."""
        return {}, ""

    async def check(self) -> Sequence[Check]:
        """Look whether the account works: key, rights, reachability. Never raises for a wrong account."""
        return ()

    async def connect(self) -> Sequence[Check]:
        """Make the network deliver to us (set the webhook, or take it away to poll). Idempotent."""
        return await self.check()

    async def disconnect(self) -> None:
        """Undo `connect` as far as the network allows. Never raises."""

    def pace(self, thread: str) -> tuple[str, float]:
        """Which chat's limit this thread counts against, and the seconds between two messages there."""
        return thread, self.can().rate.chat_interval

    def campaign_link(self, label: str) -> str:
        """An address by which a client comes and brings `label` along (`Attribution.campaign`); "" is none."""
        return ""

    def test_link(self, code: str) -> str:
        """An address under which a person starts a test conversation carrying `code`; "" is none."""
        return ""

    async def close(self) -> None:
        """Release connections."""


class WebhookChannel(Channel):
    """A network that calls us by HTTP."""

    @abc.abstractmethod
    def admit(self, envelope: Envelope) -> Admitted:
        """Prove who sent it and say how to keep and answer it, without a full parse. Raises WebhookRefused. Pure."""

    def come_again(self, seconds: int, now: Micros) -> str:
        """`Retry-After` as this network reads it. Pure."""
        return str(seconds)

    def answer(self, answer: RouteAnswer) -> Reply:
        """The HTTP answer to a RouteQuestion."""
        return OK

    async def steer(self, command: str, answer: RouteAnswer) -> None:
        """Have a waiting call ring whom the answer names (`Admitted.command`). Raises a ChannelError; then the provider's own
        plan goes on."""
        raise Refused("this network steers no calls", code="cannot_call")

    async def inspect(self, envelope: Envelope, admitted: Admitted, over: frozenset[str]) -> Admitted:
        """A second look that may ask a service: the same, with marks, another answer or another key. `over` names the
        limits gone over. Must end within a few seconds and never raises: nobody's words wait for a third party."""
        return admitted


class PollingChannel(Channel):
    """A network we have to ask: a mailbox, a long poll."""

    beginning: bytes | None = None
    """The cursor of the moment of `connect`, where the network has one: whoever listens first begins there, so that nothing
    that came meanwhile is missed."""
    longest_wait: ClassVar[float] = 120.0
    """Seconds between two tries of an account that keeps failing; providers that lock who signs in too often want more."""

    def polls(self) -> bool:
        """Whether this account is polled now (a bot with a public hook is not)."""
        return True

    @abc.abstractmethod
    def listen(self, cursor: bytes | None) -> AsyncIterator[Polled]:
        """Yield for ever. The line after a `yield` runs once all of it is kept: acknowledge there.

        Raises TryLater for a passing fault, Disconnected when the account refuses us.
        """
