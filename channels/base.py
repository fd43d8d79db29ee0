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

from channels.errors import Refused
from channels.events import AttachmentKind, ContactCard, Event, Identity, Location, Micros, Span, SpanStyle
from channels.values import value

FileKind: TypeAlias = AttachmentKind
PART = "part:"
"""Prefix of the refs of media that lie inside the kept envelope: got by `unpack`, not by `download`."""
ADDRESS, MARKS = ":address", ":marks"
"""Names under which the gateway keeps what it knows of a request among its headers. No request can bring a name that
begins with a colon."""
ASKED_AT_ONCE = 8
"""Requests for profiles that run at the same time."""
RELEASED = "released"
"""The mark of an envelope that a person let out of quarantine."""


@value(frozen=True, kw_only=True, slots=True)
class Envelope:
    """What a provider handed us, as it came. Header names are lower case; `path` is what follows the hook's key."""

    body: bytes
    received_at: Micros
    method: str = "POST"
    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The caller's address as far as trusted proxies tell, "" where nobody called."""
        return self.headers.get(ADDRESS, "")

    @property
    def marks(self) -> frozenset[str]:
        """What was noticed at the door: limits gone over, what `inspect` found, RELEASED."""
        return frozenset(self.headers.get(MARKS, "").split())


@value(frozen=True, kw_only=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)


OK = Reply()


@value(frozen=True, kw_only=True, slots=True)
class RouteQuestion:
    """A telephone system asks whom to ring."""

    client: Identity | None
    line: str = ""


@value(frozen=True, kw_only=True, slots=True)
class RouteAnswer:
    """Extensions to ring, in order; empty: the provider's own plan."""

    members: tuple[str, ...] = ()
    client_name: str = ""
    blocked: bool = False


@value(frozen=True, kw_only=True, slots=True)
class Limit:
    """More than `times` of the same `value` in `seconds` is too often; then `name` is a mark of the envelope."""

    name: str
    value: str
    times: int
    seconds: int


@value(frozen=True, kw_only=True, slots=True)
class Admitted:
    """A proven envelope: how to keep it and what to answer once it is kept."""

    key: str | None = None
    """The provider's event key; None: it has none and the facts carry their own keys. Never ""."""
    lane: str = ""
    """What must stay in order: chat, peer, call; "" is the whole source."""
    reply: Reply = OK
    keep: bool = True
    """False: handshake, probe or pure question: answered and counted, not journalled."""
    question: RouteQuestion | None = None
    command: str = ""
    """Where the question is answered by a command of ours and not by the reply: what `WebhookChannel.steer` takes. Such an
    event is kept and answered first, and steered once."""
    number: int | None = None
    """The provider's own running number of the event, where it has one: a number left out is an event that never came."""
    limits: tuple[Limit, ...] = ()
    """What to count this under. Nothing is refused for it: it is marked, and the channel's `inspect` is told."""
    inspect: bool = False
    """Ask `WebhookChannel.inspect` before it is kept."""
    marks: tuple[str, ...] = ()
    """What `inspect` found; kept with the envelope."""


@value(frozen=True, kw_only=True, slots=True)
class PolledEnvelope:
    envelope: Envelope
    key: str | None = None
    lane: str = ""
    number: int | None = None
    """As in `Admitted`."""


@value(frozen=True, kw_only=True, slots=True)
class Polled:
    """What one look brought, and where to look next. Kept in one transaction; then the generator goes on."""

    envelopes: tuple[PolledEnvelope, ...]
    cursor: bytes
    lost: bool = False
    """The network says that it gave up a part before this: `history` is asked for it before the cursor moves."""


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


class HostedPages(abc.ABC):
    """A channel that shows pages of its own to the public, under `/f/{slug}`."""

    @abc.abstractmethod
    def page(self, path: str, envelope: Envelope) -> Reply | None:
        """The page at `path` ("" or a file name); None: 404. Pure."""


class Designed(abc.ABC):
    """A channel with a description that people work on, kept in versions by the gateway and handed over as a setting."""

    design: ClassVar[str]
    """The setting that holds the published description. The number of its version stands in `<design>_version`."""
    along: ClassVar[Mapping[str, str]] = {}
    """Settings that a publication sets besides, so that the description is what counts."""

    @abc.abstractmethod
    def examine(self, content: str) -> Sequence[Check]:
        """What a description lacks before it may be published. Codes have texts in `about.py`. Pure."""


class DesignedPages(Designed, HostedPages):
    """Hosted pages that people design."""

    @abc.abstractmethod
    def preview(self, content: str, envelope: Envelope) -> Reply:
        """The page as it would be, not to be sent. Pure."""


@value(frozen=True, kw_only=True, slots=True)
class Leaf:
    """One value of a received sample: where it lies, what it is, and what it is taken for ("": nothing)."""

    path: str
    value: str
    target: str = ""


class Taught(abc.ABC):
    """A channel that reads what any program sends, and is taught what the fields mean by clicking on a sample."""

    lessons: ClassVar[str]
    """The setting that holds them: a JSON object, path -> one of the targets of `about.py`."""

    @abc.abstractmethod
    def sample(self, envelope: Envelope) -> tuple[Leaf, ...]:
        """The values of an envelope in their order. Raises PayloadUnreadable. Pure."""

    @abc.abstractmethod
    def read_as(self, lessons: str, envelope: Envelope) -> tuple[Event, ...]:
        """What would be read with these lessons. Raises PayloadUnreadable. Pure."""


@value(frozen=True, kw_only=True, slots=True)
class Trial:
    """A test call that somebody made so that we learn: what came meanwhile, oldest first. `kind` is answered, missed or
    outgoing; `number` is the outer number that took part, as it was typed."""

    kind: str
    number: str
    envelopes: Sequence[Envelope]


class Learner(Designed):
    """A channel that learns to read an unknown system's calls from trials. Lessons are a JSON object of the channel's own:
    `fields` (path -> target of `about.py`) and `meanings` (path -> value -> meaning of `about.py`); what else stands in
    them is kept."""

    @property
    @abc.abstractmethod
    def learns(self) -> bool:
        """Whether this account is one that is taught."""

    @abc.abstractmethod
    def leaves(self, envelope: Envelope) -> tuple[Leaf, ...]:
        """The values of an envelope in their order. Raises PayloadUnreadable. Pure."""

    @abc.abstractmethod
    def guess(self, trials: Sequence[Trial], members: frozenset[str]) -> str:
        """Lessons as they seem to be; `members` are the extensions of our people. Pure."""

    @abc.abstractmethod
    def designed(self, lessons: str) -> str:
        """The description that lessons come to. Raises ValueError with a `code`. Pure."""

    @abc.abstractmethod
    def read_by(self, content: str, envelope: Envelope) -> tuple[Event, ...]:
        """What would be read by this description. Raises PayloadUnreadable, ValueError with a `code`. Pure."""
