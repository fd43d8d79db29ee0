"""What did a provider hand over, and how is it kept and answered?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from channels.events import Identity, Micros
from channels.values import value

PART = "part:"
"""Prefix of the refs of media that lie inside the kept envelope: got by `unpack`, not by `download`."""
ADDRESS, MARKS = ":address", ":marks"
"""Names under which the gateway keeps what it knows of a request among its headers. No request can bring a name that
begins with a colon."""
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
