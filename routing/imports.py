"""What does a row of an address book do to the contacts there are?

A row whose telephone or mail somebody has already is passed over, completes that card, or makes another card all the same,
as the person who imports chose. A card is only ever completed: what it says already stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from routing.identity import Claim, KnownContact, identify
from routing.values import value

Address: TypeAlias = tuple[str, str]
"""Kind and value, as identities have them."""
Matching: TypeAlias = Literal["skip", "complete", "new"]
Outcome: TypeAlias = Literal["made", "completed", "skipped", "refused"]
TAGS: Final = "tags"
MOST_TAGS: Final = 50


@value(frozen=True, kw_only=True, slots=True)
class Entry:
    """One row, understood."""

    n: int
    name: str = ""
    addresses: tuple[Address, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    company: str = ""
    role: str = ""
    responsible_id: str = ""


@dataclass(slots=True)
class Card:
    """A contact as the rows before left it."""

    id: str
    name: str = ""
    name_from: str = ""
    responsible_id: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    addresses: set[Address] = field(default_factory=set)
    companies: set[str] = field(default_factory=set)
    new: bool = False


@dataclass(slots=True)
class Book:
    """What is known of the addresses of a batch; planning keeps it true for the rows that follow."""

    cards: dict[str, Card] = field(default_factory=dict)
    owners: dict[Address, list[str]] = field(default_factory=dict)
    shared: set[Address] = field(default_factory=set)


@value(frozen=True, kw_only=True, slots=True)
class Step:
    """What one row does. `changes`: field -> before and after; `fields.x` is a custom field."""

    n: int
    outcome: Outcome
    reason: str = ""
    contact_id: str = ""
    links: tuple[Address, ...] = ()
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    company: str = ""
    role: str = ""


def known_as(book: Book, entry: Entry) -> str:
    """The contact a row is about; "" nobody known. A shared address alone is nobody's: the name must be the same too."""
    claims = [
        Claim(
            identity_id=f"{kind}:{address}",
            kind=kind,
            value=address,
            stated=True,
            shared=(kind, address) in book.shared,
            contacts=tuple(
                KnownContact(id=one, name=book.cards[one].name)
                for one in book.owners.get((kind, address), ())
            ),
        )
        for kind, address in entry.addresses
    ]
    return identify(claims, entry.name).contact_id if any(claim.contacts for claim in claims) else ""


def plan(book: Book, entries: Sequence[Entry], matching: Matching, new_id: Callable[[], str]) -> list[Step]:
    """What each row does, in their order; a later row sees what an earlier one made."""
    return [_plan_one(book, entry, matching, new_id) for entry in entries]


def _plan_one(book: Book, entry: Entry, matching: Matching, new_id: Callable[[], str]) -> Step:
    if not entry.name and not entry.addresses:
        return Step(n=entry.n, outcome="refused", reason="empty")
    found = known_as(book, entry)
    if found and matching == "skip":
        return Step(n=entry.n, outcome="skipped", contact_id=found)
    if not found or matching == "new":
        card = Card(new_id(), new=True)
        book.cards[card.id] = card
        return _fill(book, card, entry, entry.addresses, "made")
    mine = tuple(one for one in entry.addresses if one in book.shared or not book.owners.get(one))
    return _fill(book, book.cards[found], entry, mine, "completed")


def _fill(book: Book, card: Card, entry: Entry, addresses: Sequence[Address], outcome: Outcome) -> Step:
    links = tuple(one for one in dict.fromkeys(addresses) if one not in card.addresses)
    for one in links:
        card.addresses.add(one)
        book.owners.setdefault(one, []).append(card.id)
    changes = _changes(card, entry)
    company = entry.company if entry.company and entry.company not in card.companies else ""
    if company:
        card.companies.add(company)
    if outcome == "completed" and not (links or changes or company):
        return Step(n=entry.n, outcome="skipped", reason="nothing_new", contact_id=card.id)
    return Step(
        n=entry.n, outcome=outcome, contact_id=card.id, links=links, changes=changes, company=company,
        role=entry.role if company else "",
    )  # fmt: skip


def _changes(card: Card, entry: Entry) -> dict[str, tuple[Any, Any]]:
    """Only what the card does not say yet; a name that a network or a form gave counts as none."""
    changes: dict[str, tuple[Any, Any]] = {}
    name = entry.name or (entry.addresses[0][1] if entry.addresses else "")
    if card.new or (entry.name and card.name_from == "address"):
        origin = "person" if entry.name else "address"
        changes["name"], changes["name_from"] = (card.name, name), (card.name_from, origin)
        card.name, card.name_from = name, origin
    if entry.responsible_id and not card.responsible_id:
        changes["responsible_id"] = (card.responsible_id, entry.responsible_id)
        card.responsible_id = entry.responsible_id
    for key, said in entry.fields.items():
        if said and not card.fields.get(key):
            changes[f"fields.{key}"] = (card.fields.get(key), said)
            card.fields[key] = said
    _tag(card, entry, changes)
    return changes


def _tag(card: Card, entry: Entry, changes: dict[str, tuple[Any, Any]]) -> None:
    before = card.fields.get(TAGS) or []
    tags = list(dict.fromkeys((*before, *entry.tags)))[:MOST_TAGS]
    if len(tags) > len(before):
        changes[f"fields.{TAGS}"] = (card.fields.get(TAGS), tags)
        card.fields[TAGS] = tags
