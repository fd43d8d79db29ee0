"""Does a fact keep what every part of the gateway relies on?"""

from __future__ import annotations

from typing import Final, get_args

from channels.events import (
    Attachment,
    AttachmentKind,
    CallFact,
    Connection,
    DeliveryUpdate,
    Event,
    Identity,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    MessageKind,
    Nature,
    Noted,
    OutgoingSeen,
    Person,
    Reachability,
    Reaction,
    Span,
    SpanStyle,
    Started,
)

EARLIEST: Final = 946_684_800_000_000
"""The year 2000, microseconds."""
LATEST: Final = 4_102_444_800_000_000
"""The year 2100."""
LONGEST_NAME: Final = 1000
"""Characters of an id that is an index's key."""


def assert_sane(event: Event) -> None:
    """Raises AssertionError unless ids are there, times are microseconds and something is said."""
    match event:
        case InboundMessage() | OutgoingSeen():
            _message(event)
        case MessageEdited():
            _name(event.external_id)
            _time(event.at)
            _files(event.attachments or ())
            _spans(event.text, event.spans)
        case MessageDeleted():
            assert event.external_ids
            for name in event.external_ids:
                _name(name)
            _time(event.at)
        case Reaction():
            _name(event.external_id)
            _person(event.person)
            _time(event.at)
            assert all(event.emojis)
        case DeliveryUpdate():
            assert event.external_id or (event.thread and event.up_to_seq)
            _time(event.at)
        case Reachability():
            _identity(event.identity)
            _time(event.at)
        case Started():
            _name(event.thread)
            _person(event.person)
            _time(event.at)
        case Noted():
            _name(event.external_id)
            _name(event.thread)
            _time(event.at)
            assert event.code
        case Connection():
            _name(event.key)
            _person(event.owner)
            _time(event.at)
            assert event.active or not event.can_reply
        case CallFact():
            _call(event)


def _message(event: InboundMessage | OutgoingSeen) -> None:
    _name(event.external_id)
    _name(event.thread)
    _time(event.at)
    _files(event.attachments)
    _spans(event.text, event.spans)
    assert event.kind in get_args(MessageKind)
    assert -(2**63) <= event.seq < 2**63
    if isinstance(event, OutgoingSeen):
        _person(event.to)
        return
    _person(event.sender)
    assert event.nature is None or event.nature in get_args(Nature)
    assert event.kind != "unsupported" or event.unsupported, "says which kind is not shown"
    assert (
        event.text or event.attachments or event.location or event.card or event.fields
        or event.unsupported or event.payload or event.html or event.subject or event.forwards
    ), "says something"  # fmt: skip


def _spans(text: str, spans: tuple[Span, ...]) -> None:
    """Each lies inside the text; two may nest, never cross; only links lead somewhere."""
    for one in spans:
        assert 0 <= one.start < one.start + one.length <= len(text)
        assert one.style in get_args(SpanStyle)
        assert (one.style == "link") == bool(one.url)
        for other in spans:
            inside = one.start < other.start < one.start + one.length
            assert not inside or other.start + other.length <= one.start + one.length, "nests"


def _call(event: CallFact) -> None:
    _name(event.key)
    _name(event.call)
    for at in (event.at, event.started_at, event.answered_at, event.ended_at):
        if at is not None:
            _time(at)
    assert event.talk_seconds is None or 0 <= event.talk_seconds < 10**7
    if event.client is not None:
        _identity(event.client)
    if event.recording is not None:
        _files((event.recording,))


def _person(person: Person) -> None:
    _identity(person.identity)
    for identity in person.also:
        _identity(identity)


def _identity(identity: Identity) -> None:
    assert identity.kind
    assert 0 < len(identity.value) <= LONGEST_NAME


def _files(attachments: tuple[Attachment, ...]) -> None:
    for attachment in attachments:
        assert attachment.kind in get_args(AttachmentKind)
        assert attachment.ref, "can be fetched"
        assert attachment.size is None or 0 <= attachment.size < 2**63


def _name(name: str) -> None:
    assert isinstance(name, str)
    assert 0 < len(name) <= LONGEST_NAME


def _time(at: int) -> None:
    assert isinstance(at, int) and not isinstance(at, bool)
    assert EARLIEST < at < LATEST, "microseconds of our times"
