"""How do tests and the demonstration play a provider?

A Fake is a real server on loopback that follows the provider's documents, faults included. A client's act is delivered
to us exactly as the provider would: a signed webhook, a poll's answer, a letter in a mailbox.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from channels.events import NOWHERE, Attribution

Doing: TypeAlias = Literal[
    "text", "photo", "file", "voice", "video", "sticker", "location", "contact", "start", "button", "edit", "reaction",
    "form", "call_missed", "call_answered", "call_rings", "call_taken", "call_ends", "block", "unblock", "unsupported", "broken",
]  # fmt: skip
"""`broken` is an envelope that is proven but cannot be parsed."""

Fault: TypeAlias = Literal[
    "slow_down",
    "blocked",
    "server_error",
    "hang",
    "reset",
    "lost_answer",
    "bad_key",
    "refused",
]
"""429 · 403 or its kin · 5xx · no answer · connection reset before anything · done but the answer is lost · 401 · 400."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """A made-up person. `ref` is stable: the fake derives user id, address or number from it."""

    ref: str
    name: str
    phone: str = ""
    email: str = ""
    username: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """A client does something on this network."""

    client: Client
    doing: Doing = "text"
    text: str = ""
    file: bytes = b""
    file_name: str = ""
    reply_to: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    attribution: Attribution = NOWHERE
    seconds_ago: float = 0
    """Told as having happened then: the provider's own time lies that far back."""
    subject: str = ""
    member: str = ""
    """Extension of who answers or was rung."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """How our side took it: the HTTP status and body of the hook, 0 and "" where the provider is polled."""

    status: int
    body: str
    event: str
    """The provider's event or message id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrived:
    """A message of ours that reached the network. `n` counts from 1 on this fake."""

    n: int
    to: str
    """The client's `ref` where known, else the network's id."""
    text: str
    id: str
    files: tuple[str, ...] = ()
    raw: Mapping[str, str] = field(default_factory=dict)
    key: str = ""


class Fake(abc.ABC):
    """One provider account on loopback."""

    doings: tuple[Doing, ...] = ()
    """What a client can do here."""
    faults: tuple[Fault, ...] = ()

    def __init__(self) -> None:
        self.arrived: list[Arrived] = []
        self.page_url = ""
        """Our own hosted page of the source, for networks whose clients come by it."""
        self.lively = False
        """Clients do by themselves what people would: they take up the telephone when they are called."""

    @abc.abstractmethod
    async def start(self) -> None:
        """Open the server on a free port of 127.0.0.1."""

    @abc.abstractmethod
    async def stop(self) -> None:
        """Close it; safe to call twice."""

    @abc.abstractmethod
    def settings(self) -> Mapping[str, str]:
        """The settings of a source that talks to this fake; valid after `start`."""

    @abc.abstractmethod
    def deliver_to(self, hook_url: str) -> None:
        """Where webhooks go when the source itself cannot tell the provider (a pasted address)."""

    def pages_at(self, url: str) -> None:
        """Where our hosted page of this source is."""
        self.page_url = url

    @abc.abstractmethod
    async def act(self, act: Act) -> Delivered:
        """Play it and wait until the provider has handed it over (or put it where polling finds it)."""

    @abc.abstractmethod
    def fail(self, fault: Fault, times: int = 1, *, after: float | None = None) -> None:
        """The next `times` sends meet this fault; `after` is the pause a 429 asks for, seconds."""

    def shuffle(self) -> None:
        """From now on keep no more order than the provider promises."""

    @abc.abstractmethod
    async def again(self, times: int = 1) -> Delivered:
        """Deliver the last act's envelope `times` more, as a provider that saw no answer does."""
