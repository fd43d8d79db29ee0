"""A card is only ever completed: what it says stays, and nobody's address is taken away."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from routing.imports import Address, Book, Card, Entry, Matching, plan

PHONE: Address = ("phone", "+79160000001")
MAIL: Address = ("email", "anna@example.org")


def book(**more: Any) -> Book:
    card = Card(
        "anna", name="Анна Петрова", name_from="person", fields={"note": "старое"}, addresses={PHONE}, **more
    )
    return Book(cards={"anna": card}, owners={PHONE: ["anna"]})


def run(known: Book, *entries: Entry, matching: Matching = "complete") -> list[Any]:
    numbers = count(1)
    return plan(known, entries, matching, lambda: f"new{next(numbers)}")


@pytest.mark.parametrize(
    ("matching", "outcome", "contact"),
    [("skip", "skipped", "anna"), ("complete", "completed", "anna"), ("new", "made", "new1")],
)
def test_a_known_address_does_what_was_chosen(matching: Matching, outcome: str, contact: str) -> None:
    (step,) = run(book(), Entry(n=1, name="Аня", addresses=(PHONE, MAIL)), matching=matching)
    assert (step.outcome, step.contact_id) == (outcome, contact)


def test_completing_adds_and_never_overwrites() -> None:
    entry = Entry(
        n=1, name="Аня", addresses=(PHONE, MAIL), fields={"note": "новое", "city": "Тверь"}, tags=("опт",),
        company="Ромашка", role="директор",
    )  # fmt: skip
    (step,) = run(book(), entry)
    assert step.links == (MAIL,) and step.company == "Ромашка" and step.role == "директор"
    assert step.changes == {"fields.city": (None, "Тверь"), "fields.tags": (None, ["опт"])}
    (again,) = run(_after(entry), entry)
    assert (again.outcome, again.reason) == ("skipped", "nothing_new")


def _after(entry: Entry) -> Book:
    known = book()
    run(known, entry)
    return known


def test_an_address_of_somebody_else_is_not_given_to_a_second_card_by_completing() -> None:
    known = book()
    known.cards["boris"] = Card("boris", name="Борис", name_from="person", addresses={MAIL})
    known.owners[MAIL] = ["boris"]
    (step,) = run(known, Entry(n=1, name="Анна", addresses=(PHONE, MAIL)))
    assert step.links == ()


def test_a_shared_address_alone_is_nobody() -> None:
    known = book()
    known.shared.add(PHONE)
    other, same = run(
        known,
        Entry(n=1, name="Ольга", addresses=(PHONE,)),
        Entry(n=2, name="Петрова Анна", addresses=(PHONE,)),
    )
    assert (other.outcome, same.contact_id) == ("made", "anna")


def test_a_later_row_sees_what_an_earlier_one_made() -> None:
    first, second = run(
        Book(), Entry(n=1, name="Анна", addresses=(PHONE,)), Entry(n=2, addresses=(PHONE, MAIL))
    )
    assert (first.outcome, second.outcome, second.contact_id) == ("made", "completed", "new1")
    (empty,) = run(Book(), Entry(n=1))
    assert (empty.outcome, empty.reason) == ("refused", "empty")
