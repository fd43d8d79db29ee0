"""What can a network tell us?

A closed union of facts. It grows by kind of fact, never by channel. Times are microseconds UTC.
An external id is unique on its source: a channel whose message numbers repeat in other chats prefixes the chat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from channels.values import value

Micros: TypeAlias = int

MessageKind: TypeAlias = Literal[
    "text", "photo", "video", "voice", "audio", "file", "sticker", "location", "contact",
    "button", "form", "call", "mail", "unsupported",
]  # fmt: skip
AttachmentKind: TypeAlias = Literal["photo", "video", "voice", "audio", "file", "sticker"]
Nature: TypeAlias = Literal[
    "client", "internal", "test", "personal", "group", "automatic", "spam", "imported"
]  # fmt: skip


@value(frozen=True, kw_only=True, slots=True)
class Identity:
    """One address of a person. `kind` is `phone` (E.164), `email` (lower case) or a network's own kind."""

    kind: str
    value: str


@value(frozen=True, kw_only=True, slots=True)
class Person:
    """Who is at the other end, as far as this event tells; "" where it does not."""

    identity: Identity
    name: str = ""
    username: str = ""
    language: str = ""
    also: tuple[Identity, ...] = ()
    """Further addresses this event proves or states (a form's phone and mail); see `stated`."""
    stated: bool = False
    """True: typed by the person, not proved by the network."""


@value(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A file the network holds for us. `ref` is what `Channel.download` understands; it never holds a secret."""

    kind: AttachmentKind
    ref: str
    name: str = ""
    mime: str = ""
    size: int | None = None
    width: int | None = None
    height: int | None = None
    seconds: int | None = None
    inline_id: str = ""
    """Content-ID of a picture inside a letter."""
    transcript: str = ""
    mark: str = ""
    """The network's own name of the file itself, the same each time it is told, where `ref` changes; "" is `ref`."""


SpanStyle: TypeAlias = Literal[
    "bold", "italic", "underline", "strike", "code", "pre", "quote", "spoiler", "link"
]


@value(frozen=True, kw_only=True, slots=True)
class Span:
    """A styled stretch of a text. `start` and `length` count code points; spans may nest, never cross."""

    start: int
    length: int
    style: SpanStyle
    url: str = ""
    """Where a link leads; only for `link`."""


@value(frozen=True, kw_only=True, slots=True)
class Quoted:
    """Words carried over from elsewhere: a forwarded or enclosed message. Its files are among the message's own."""

    author: str = ""
    at: Micros = 0
    """When it was said first; 0: the network does not tell."""
    text: str = ""
    within: tuple[Quoted, ...] = ()
    """What that message carried over itself."""


@value(frozen=True, kw_only=True, slots=True)
class Location:
    latitude: float
    longitude: float
    title: str = ""
    address: str = ""


@value(frozen=True, kw_only=True, slots=True)
class ContactCard:
    """A shared contact; `own` when the network proves that it is the writer's own."""

    name: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    own: bool = False


@value(frozen=True, kw_only=True, slots=True)
class Confirmation:
    """A fixed letter that thanks for an enquiry. Nothing of what was typed is in it: a stranger's address may be given."""

    subject: str
    text: str


@value(frozen=True, kw_only=True, slots=True)
class FormField:
    name: str
    label: str
    value: str


@value(frozen=True, kw_only=True, slots=True)
class Attribution:
    """Where an enquiry came from. Empty values are absent."""

    campaign: str = ""
    """A deep link's payload or a tracking number's label."""
    page: str = ""
    referrer: str = ""
    utm: Mapping[str, str] = field(default_factory=dict)
    client_ids: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.campaign or self.page or self.referrer or self.utm or self.client_ids)


NOWHERE = Attribution()


@value(frozen=True, kw_only=True, slots=True)
class Consent:
    """What the person agreed to, as shown to them."""

    purpose: str
    text: str
    version: str = ""
    proof: Mapping[str, str] = field(default_factory=dict)
    """How it was given: `address`, `agent`, `page`, `origin`, `form_version`, as far as known."""


@value(frozen=True, kw_only=True, slots=True)
class MailHeaders:
    """What a letter shows above its text."""

    sender: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    reply_to: str = ""
    references: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    """Every address of it that is not ours, lower case: who takes part in the thread."""
    notes: tuple[str, ...] = ()
    """What is said of the letter as a whole: codes of the channel's `about.py`, under `notes`."""
    mark: str = ""
    """What tells two letters of one id apart: broken programs give all of theirs the same."""


@value(frozen=True, kw_only=True, slots=True)
class WeakThread:
    """A mark that letters of one thread tend to share: believed for some days, between the same people."""

    key: str
    days: float
    asked: bool = True
    """False: only remembered for later letters."""


@value(frozen=True, kw_only=True, slots=True)
class InboundMessage:
    """A client said something."""

    external_id: str
    thread: str
    """Which conversation of this source: chat, peer, root message id, phone number."""
    sender: Person
    at: Micros
    seq: int = 0
    """The provider's number in that chat, 0 where it has none."""
    kind: MessageKind = "text"
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    reply_to: str = ""
    """External id of the message this one answers or quotes."""
    group_key: str = ""
    """Parts of one album share it; "" stands alone."""
    forwarded_from: str = ""
    forwards: tuple[Quoted, ...] = ()
    """Messages it carries from elsewhere, in their order; `text` holds the writer's own words only."""
    quote: str = ""
    """The part of the `reply_to` message that the writer marked."""
    spans: tuple[Span, ...] = ()
    nature: Nature | None = None
    """None: as the conversation is."""
    connection: str = ""
    """On whose private account it was said (`Connection.key`); "" is the source's own."""
    addressed: bool = True
    """False: said among people in a group, not to us (neither a mention nor an answer to our words)."""
    callback: str = ""
    """What `Channel.acknowledge` takes to end the wait at a pressed button; runs out within seconds."""
    subject: str = ""
    html: str = ""
    mail: MailHeaders | None = None
    location: Location | None = None
    card: ContactCard | None = None
    fields: tuple[FormField, ...] = ()
    attribution: Attribution = NOWHERE
    consents: tuple[Consent, ...] = ()
    doubts: tuple[str, ...] = ()
    """What speaks against it, heaviest first: codes with texts in `about.py`. Enough of it gives it the nature `spam`."""
    contact_fields: Mapping[str, str] = field(default_factory=dict)
    """What it says of the person: fills what is empty on their card, overwrites nothing."""
    deal_fields: Mapping[str, str] = field(default_factory=dict)
    """What it says of the matter; a lead made by it begins with these (`title`, `amount`, `currency`, others by name)."""
    signed: tuple[Identity, ...] = ()
    """Addresses that stand in its signature: they only suggest who else the writer may be."""
    confirmation: Confirmation | None = None
    also_ids: tuple[str, ...] = ()
    """External ids under which the same may have come within `also_within` microseconds before."""
    also_within: Micros = 0
    payload: str = ""
    """What a pressed button or a deep link carries."""
    unsupported: str = ""
    """The provider's own word for a kind we do not show yet."""
    title: str = ""
    """A group's or form's name."""
    also_threads: tuple[str, ...] = ()
    """Older thread keys this message may belong to (a letter's References), newest first."""
    proven: frozenset[str] = frozenset()
    """Those of `also_threads` that only somebody who was written to can know."""
    weak_threads: tuple[WeakThread, ...] = ()


@value(frozen=True, kw_only=True, slots=True)
class OutgoingSeen:
    """The company said something: our own message echoed, or one typed elsewhere."""

    external_id: str
    thread: str
    to: Person
    at: Micros
    seq: int = 0
    kind: MessageKind = "text"
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    author: str = ""
    """Who wrote it there, if the network says."""
    colleague: Identity | None = None
    """Whom to ask the network about, where it told no name: a person of ours with an account of their own there."""
    key: str = ""
    """Our own idempotency key, where the network echoes it."""
    author_kind: Literal["person", "robot"] = "person"
    nature: Nature | None = None
    """None: as the conversation is; a chat first seen by our own words is what this says, else `client`."""
    connection: str = ""
    """As in `InboundMessage`."""
    spans: tuple[Span, ...] = ()
    forwards: tuple[Quoted, ...] = ()
    reply_to: str = ""
    group_key: str = ""
    subject: str = ""
    html: str = ""
    mail: MailHeaders | None = None
    also_threads: tuple[str, ...] = ()
    proven: frozenset[str] = frozenset()
    """As in `InboundMessage`, and so is the next."""
    weak_threads: tuple[WeakThread, ...] = ()


@value(frozen=True, kw_only=True, slots=True)
class MessageEdited:
    external_id: str
    at: Micros
    text: str
    attachments: tuple[Attachment, ...] | None = None
    """The files that it has now; None: the network does not tell."""
    kind: MessageKind = "text"
    """What it is now; believed when its files changed."""
    seq: int = 0
    """As in `InboundMessage`: which part of an album."""
    spans: tuple[Span, ...] = ()


@value(frozen=True, kw_only=True, slots=True)
class Cut:
    """Of the message told in the same envelope only a part came: `Channel.whole` is asked for all of it."""

    external_id: str
    thread: str


@value(frozen=True, kw_only=True, slots=True)
class Completed:
    """All of a message of which only a part came first. Nobody changed it, so it counts as no edit."""

    external_id: str
    at: Micros
    """As in `MessageEdited`: a wording given later stands."""
    text: str
    kind: MessageKind = "text"
    spans: tuple[Span, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    forwards: tuple[Quoted, ...] = ()
    location: Location | None = None
    whole: bool = True
    """False: this is all that the network gives."""


@value(frozen=True, kw_only=True, slots=True)
class MessageDeleted:
    external_ids: tuple[str, ...]
    at: Micros


@value(frozen=True, kw_only=True, slots=True)
class Reaction:
    """`emojis` is what stands after the event; () takes all away."""

    external_id: str
    person: Person
    at: Micros
    emojis: tuple[str, ...] = ()


@value(frozen=True, kw_only=True, slots=True)
class DeliveryUpdate:
    """What became of our messages: by id, or all of a thread up to a number."""

    state: Literal["sent", "delivered", "read", "undelivered"]
    at: Micros
    external_id: str = ""
    thread: str = ""
    up_to_seq: int = 0
    reason: str = ""
    hard: bool = False
    """The address itself is dead (a hard bounce)."""
    address: str = ""
    """Which of several addressees it is about; "" is all. A report about somebody who was not written to is none."""
    detail: str = ""
    """The network's own words."""


@value(frozen=True, kw_only=True, slots=True)
class Reachability:
    """The person allowed or forbade messages on this source."""

    identity: Identity
    reachable: bool
    at: Micros
    reason: str = ""


@value(frozen=True, kw_only=True, slots=True)
class Started:
    """The person pressed Start or allowed messages, with no words yet: opens the window, is a touch."""

    thread: str
    person: Person
    at: Micros
    payload: str = ""
    attribution: Attribution = NOWHERE


@value(frozen=True, kw_only=True, slots=True)
class Noted:
    """Something happened in a conversation that nobody said: joined, left, renamed, pinned. Shown as a line."""

    external_id: str
    thread: str
    at: Micros
    code: str
    """Has a text in the channel's `about.py`, under `notes`; `params` fill it."""
    seq: int = 0
    person: Person | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    """The group's new name, when that is what happened."""
    was: str = ""
    """The thread's earlier name, when the network gave the conversation a new one: it goes on under `thread`."""


@value(frozen=True, kw_only=True, slots=True)
class Connection:
    """Somebody lets this source speak in their own name, changed what it may do there, or took that back."""

    key: str
    """The network's name of it; messages said on it carry it."""
    owner: Person
    at: Micros
    active: bool
    can_reply: bool = False


@value(frozen=True, kw_only=True, slots=True)
class CallFact:
    """One thing known about one call. A call is the projection of its facts (routing.calls)."""

    key: str
    """Unique on the source: the same fact by webhook, poll and repair has the same key."""
    call: str
    """The provider's id of the whole call."""
    at: Micros
    authority: Literal["leg", "leg_end", "summary", "history"]
    phase: Literal["ringing", "answered", "ended"]
    direction: Literal["in", "out", "internal"] = "in"
    client: Identity | None = None
    """The outer number; None: hidden."""
    line: str = ""
    """Our number the call came to or from."""
    member: str = ""
    """Extension or login of our person on this leg."""
    leg: str = ""
    """The provider's id of the leg; "" where it has none: then a member is a leg."""
    answered: bool | None = None
    """Somebody talked. On an answered leg False marks our own leg of a click-to-call, which is no answer."""
    started_at: Micros | None = None
    answered_at: Micros | None = None
    ended_at: Micros | None = None
    talk_seconds: int | None = None
    outcome: str = ""
    recording: Attachment | None = None
    attribution: Attribution = NOWHERE
    name: str = ""
    command: str = ""
    """What `Channel.call` returned, or the key it was given, where the network names it on the call."""


Event: TypeAlias = (
    InboundMessage
    | OutgoingSeen
    | MessageEdited
    | Cut
    | Completed
    | MessageDeleted
    | Reaction
    | DeliveryUpdate
    | Reachability
    | Started
    | Noted
    | Connection
    | CallFact
)
