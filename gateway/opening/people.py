"""Whose words are these?"""

from __future__ import annotations

from collections.abc import Sequence

from channels.events import Attribution, Person
from channels.events import Identity as Address
from routing import links
from routing.identity import DIALLED, Claim, KnownContact, Recognised, compare_names, identify, looks_shared
from storage.board import Board, Contact, Identity
from storage.ids import new_id

RANK = {"": 0, "address": 1, "stated": 2, "network": 3, "person": 4}
"""Whose word on a name counts more: a person of ours, then the network, then what was typed."""


def contact_of(board: Board, person: Person, demo: int) -> tuple[Contact, Identity]:
    """The contact this person is, made when nobody is known by the address, and the identity they used."""
    identity = board.identities[person.identity.kind, person.identity.value]
    known = board.contacts_of.get(identity.id, [])
    alone = len(known) == 1 and not (identity.shared or person.also or person.stated)
    otherwise = alone and _otherwise(board, person, known[0])
    usual = alone and not otherwise  # a network's own id, seen before
    contact = board.contacts[known[0]] if usual else _identified(board, person, demo)
    if not otherwise:
        _name(contact, person)
    if person.username and person.username != identity.username:
        identity.username, identity.dirty = person.username, True
    return contact, identity


def _otherwise(board: Board, person: Person, contact_id: str) -> bool:
    """Whether somebody gives another name at an address that people hand on: it is asked about, and overwrites nothing."""
    if person.identity.kind not in DIALLED:
        return False
    known = board.names.get((contact_id, identity_of(board, person).id), "")
    return compare_names(person.name, known) == "other"


def _identified(board: Board, person: Person, demo: int) -> Contact:
    claims = _claims(board, person)
    found = identify(claims, person.name)
    contact = board.contacts[found.contact_id] if found.contact_id else _new_contact(board, demo)
    for identity_id in found.link or ((identity_of(board, person).id,) if not found.contact_id else ()):
        _link(board, contact, identity_id, person)
    for claim in claims if found.same_as else ():
        theirs = [one.id for one in claim.contacts if one.id != contact.id and not claim.shared]
        board.alike |= {(contact.id, other, claim.identity_id) for other in theirs}
    if person.identity.kind in DIALLED:
        board.doubts |= _doubts(found, contact.id, person.name)
    return contact


def _doubts(found: Recognised, contact_id: str, name: str) -> set[tuple[str, str, str, str]]:
    """What a person has to settle; two names at one address are one question."""
    asked: set[tuple[str, str, str, str]] = {
        (contact_id, "shared", ref, reason)
        for ref, reason in found.propose_shared
        if not (found.named_otherwise and reason == "two_names")
    }
    if found.named_otherwise:
        asked.add((contact_id, "name", found.named_otherwise, name.strip()[:200]))
    return asked


def identity_of(board: Board, person: Person) -> Identity:
    """The address the person used."""
    return board.identities[person.identity.kind, person.identity.value]


def _claims(board: Board, person: Person) -> list[Claim]:
    claims = []
    for address in (person.identity, *person.also):
        identity = board.identities[address.kind, address.value]
        known = tuple(
            KnownContact(id=contact_id, name=board.names.get((contact_id, identity.id), ""))
            for contact_id in board.contacts_of.get(identity.id, ())
        )
        claims.append(
            Claim(
                identity_id=identity.id,
                kind=identity.kind,
                value=identity.value,
                stated=person.stated,
                shared=identity.shared,
                contacts=known,
            )
        )
    return claims


def _new_contact(board: Board, demo: int) -> Contact:
    contact = Contact(new_id(board.now), demo=demo, new=True)
    board.contacts[contact.id] = contact
    return contact


def _link(board: Board, contact: Contact, identity_id: str, person: Person) -> None:
    if contact.id in board.contacts_of.setdefault(identity_id, []):
        return
    board.contacts_of[identity_id].append(contact.id)
    board.names[contact.id, identity_id] = person.name
    origin = "stated" if person.stated else "network"
    board.new_links.append((contact.id, identity_id, origin, not person.stated, person.name))


def _name(contact: Contact, person: Person) -> None:
    """Take a better name; another name typed in a form never overwrites."""
    name, origin = person.name.strip(), "stated" if person.stated else "network"
    if not name:
        name, origin = person.username or person.identity.value, "address"
    better = RANK[origin] > RANK[contact.name_from]
    renamed = origin == "network" == contact.name_from and name != contact.name
    if better or renamed:
        contact.name, contact.name_from, contact.dirty = name[:200], origin, True


def note_signature(board: Board, writer: Contact, message_id: str, signed: Sequence[Address]) -> None:
    """Whoever has an address that somebody signs with may be the same person; what many people sign with says nothing."""
    board.signed |= {
        (writer.id, one.kind, one.value, message_id)
        for one in signed
        if not looks_shared(one.kind, one.value)
    }


def group_contact(board: Board, identity: Identity, title: str, demo: int) -> Contact:
    """The timeline of a group chat."""
    ids = board.contacts_of.get(identity.id, [])
    contact = board.contacts[ids[0]] if ids else _new_contact(board, demo)
    if not ids:
        board.contacts_of[identity.id] = [contact.id]
        board.new_links.append((contact.id, identity.id, "network", True, title))
    if title and contact.name != title and contact.name_from != "person":
        contact.name, contact.name_from, contact.dirty = title[:200], "network", True
    return contact


def remember_attribution(contact: Contact, attribution: Attribution) -> None:
    """The first touch stays with the contact."""
    if attribution and not contact.attribution:
        contact.attribution, contact.dirty = attribution_json(attribution), True


def attribution_json(attribution: Attribution) -> dict[str, object]:
    """An attribution as it is stored; {} for none."""
    stored = {
        "campaign": links.read(attribution.campaign).campaign,
        "page": attribution.page,
        "referrer": attribution.referrer,
        "utm": dict(attribution.utm),
        "client_ids": dict(attribution.client_ids),
    }
    return {name: value for name, value in stored.items() if value}
