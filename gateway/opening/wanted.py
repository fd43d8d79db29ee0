"""What do the events of a batch name?"""

from __future__ import annotations

from collections.abc import Iterable

from channels.events import (
    CallFact,
    Completed,
    Connection,
    Cut,
    DeliveryUpdate,
    Event,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    Noted,
    OutgoingSeen,
    Person,
    Reachability,
    Reaction,
    Started,
)
from routing import links
from routing.codes import EvidenceKind
from storage.facts import Wanted
from storage.letters import MAIL

GROUP = "group"
"""Identity kind of a group chat itself: its timeline is the group's, not a person's."""
CALL = "call:"


DEAL_LINK: EvidenceKind = "deal_link"
BOUND = frozenset({"extension", "tracking", "deep_link"})
"""Evidence that somebody bound to a deal beforehand."""


def want(wanted: Wanted, source_id: str, events: Iterable[Event]) -> None:
    """Add what these events of one source name."""
    wanted.sources.add(source_id)
    for event in events:
        _want(wanted, source_id, event)
        if isinstance(event, InboundMessage | Started):
            token = links.read(event.attribution.campaign).token
            if token:
                wanted.bound.add((source_id, DEAL_LINK, token))


def bound_to(event: InboundMessage | CallFact) -> tuple[tuple[EvidenceKind, str], ...]:
    """What an event carries that somebody may have bound to a deal: (kind of evidence, value)."""
    kinds: tuple[tuple[EvidenceKind, str], ...] = (("deep_link", event.attribution.campaign),)
    if isinstance(event, CallFact):
        kinds = (("extension", event.member), ("tracking", event.line), *kinds)
    return tuple((kind, value) for kind, value in kinds if value)


def want_bound(wanted: Wanted, source_id: str, events: Iterable[Event]) -> None:
    """Add what may be bound to a deal; only for sources where that counts as evidence."""
    for event in events:
        if isinstance(event, InboundMessage | CallFact):
            wanted.bound.update((source_id, kind, value) for kind, value in bound_to(event))


def twin_of(event: InboundMessage) -> str:
    """What a letter is called here when another letter has its id already."""
    return f"{event.external_id}#{event.mail.mark}" if event.mail is not None else event.external_id


def group_value(source_id: str, thread: str) -> str:
    """How a group chat is known as an identity."""
    return f"{source_id}:{thread}"


def _want(wanted: Wanted, source_id: str, event: Event) -> None:
    match event:
        case InboundMessage():
            _person(wanted, event.sender)
            _message(wanted, source_id, event)
            names = (*event.also_ids, twin_of(event)) if event.mail is not None else event.also_ids
            wanted.externals.update((source_id, external_id) for external_id in names)
            if event.nature == "group":
                wanted.identities.add((GROUP, group_value(source_id, event.thread)))
        case OutgoingSeen():
            wanted.spoken = True
            _person(wanted, event.to)
            _message(wanted, source_id, event)
            for key in (event.key, event.external_id):
                if key:
                    wanted.echoes.add((source_id, key))
        case Started():
            _person(wanted, event.person)
            wanted.threads.add((source_id, event.thread))
        case Noted():
            wanted.threads.add((source_id, event.thread))
            if event.was:
                wanted.threads.add((source_id, event.was))
            wanted.externals.add((source_id, event.external_id))
        case Connection():
            _person(wanted, event.owner)
        case Reachability():
            wanted.identities.add((event.identity.kind, event.identity.value))
        case Reaction():
            _person(wanted, event.person)
            wanted.externals.add((source_id, event.external_id))
        case MessageEdited() | Completed():
            wanted.externals.add((source_id, event.external_id))
            wanted.edited.add((source_id, event.external_id))
        case Cut():
            wanted.externals.add((source_id, event.external_id))
        case MessageDeleted():
            wanted.externals.update((source_id, external_id) for external_id in event.external_ids)
        case DeliveryUpdate():
            if event.address:
                wanted.identities.add((MAIL, event.address))
                wanted.reports.add((source_id, event.external_id))
            if event.external_id:
                wanted.externals.add((source_id, event.external_id))
                wanted.echoes.add((source_id, event.external_id))
            if event.thread:
                wanted.threads.add((source_id, event.thread))
        case CallFact():
            wanted.calls.add((source_id, event.call))
            wanted.externals.add((source_id, CALL + event.call))
            if event.client is not None:
                wanted.identities.add((event.client.kind, event.client.value))
                wanted.threads.add((source_id, event.client.value))


def _person(wanted: Wanted, person: Person) -> None:
    key = (person.identity.kind, person.identity.value)
    wanted.identities.add(key)
    if person.username:
        wanted.usernames[key] = person.username
    wanted.identities.update((identity.kind, identity.value) for identity in person.also)


def _message(wanted: Wanted, source_id: str, event: InboundMessage | OutgoingSeen) -> None:
    wanted.threads.add((source_id, event.thread))
    wanted.externals.add((source_id, event.external_id))
    wanted.said.add((source_id, event.external_id))
    if event.connection:
        who = event.sender if isinstance(event, InboundMessage) else event.to
        wanted.lent.add((source_id, event.connection))
        wanted.lent_talk.add(
            (source_id, event.connection, event.thread, who.identity.kind, who.identity.value)
        )
    if isinstance(event, OutgoingSeen) and event.colleague is not None:
        wanted.colleagues.add((source_id, event.colleague.kind, event.colleague.value))
    if event.reply_to:
        wanted.externals.add((source_id, event.reply_to))
    if event.group_key:
        wanted.groups.add(event.group_key)
    wanted.thread_hints.update((source_id, thread) for thread in event.also_threads if thread)
    wanted.weak_threads.update((source_id, weak.key) for weak in event.weak_threads)
