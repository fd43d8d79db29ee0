"""What is to leave, as a network takes it?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Literal, TypeAlias

from channels.events import AttachmentKind, ContactCard, Identity, Location, Micros, Span
from channels.values import value

FileKind: TypeAlias = AttachmentKind


@value(frozen=True, kw_only=True, slots=True)
class OutboundFile:
    """A file to send. `read` gives its bytes anew at each call."""

    kind: FileKind
    name: str
    mime: str
    size: int
    read: Callable[[], AsyncIterator[bytes]]
    inline_id: str = ""
    """Content-ID of a picture shown inside a letter; "" is a file beside the words."""


@value(frozen=True, kw_only=True, slots=True)
class Recipient:
    """One addressee of a letter."""

    address: str
    name: str = ""
    kind: Literal["to", "cc", "bcc"] = "to"


@value(frozen=True, kw_only=True, slots=True)
class QuotedLetter:
    """An earlier letter repeated below the words; `html` is clean already, "" is none."""

    author: str
    when: str
    """As people write it, in the company's time zone."""
    text: str
    html: str = ""
    subject: str = ""
    to: str = ""
    forwarded: bool = False
    """Handed on to somebody else, so it stands whole and unindented."""


@value(frozen=True, kw_only=True, slots=True)
class OutboundMessage:
    """One part to deliver. `key` is the same at every attempt of the same part."""

    key: str
    thread: str
    to: Identity
    to_name: str = ""
    text: str = ""
    files: tuple[OutboundFile, ...] = ()
    reply_to: str = ""
    """External id of the client's message this one answers; "" is none."""
    location: Location | None = None
    card: ContactCard | None = None
    sticker: str = ""
    """The network's own name of a sticker (`Channel.sticker`); it stands alone."""
    subject: str = ""
    references: tuple[str, ...] = ()
    """External ids of the thread's earlier messages, oldest first."""
    automatic: bool = False
    """A robot's words: marked so where the network has a mark for it, lest two robots answer each other."""
    created_at: Micros = 0
    spans: tuple[Span, ...] = ()
    """Styled stretches of `text`; what the network cannot show degrades to readable plain text."""
    buttons: tuple[tuple[Button, ...], ...] = ()
    """Rows of buttons under an automatic message."""
    recipients: tuple[Recipient, ...] = ()
    """Everybody a letter names; () is `to` alone."""
    waiting: tuple[str, ...] = ()
    """Addresses that this attempt has to reach, where earlier ones reached others already; () is all."""
    signature: str = ""
    quoted: QuotedLetter | None = None
    prepared: bytes = b""
    """What `Channel.prepare` made of this message before its first attempt."""


@value(frozen=True, kw_only=True, slots=True)
class Button:
    """Comes back as an InboundMessage of kind `button` with `payload`; with a `url` it opens a page instead."""

    label: str
    payload: str = ""
    url: str = ""


@value(frozen=True, kw_only=True, slots=True)
class OutboundEdit:
    """New words for a message of ours that is out already."""

    thread: str
    to: Identity
    external_id: str
    text: str
    spans: tuple[Span, ...] = ()
    caption: bool = False
    """True: the words stand under a file."""
