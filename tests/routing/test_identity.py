"""People who share an address (rules.md, section 0)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.codes import SharedReason
from routing.identity import Claim, KnownContact, NameMatch, Recognised, compare_names, identify, looks_shared
from routing.times import DAY
from tests.routing.made import NOON, answers_again, some

MARIA = KnownContact(id="maria", name="Мария Щукина", active_at=NOON)
OLGA = KnownContact(id="olga", name="Ольга Щукина", active_at=NOON - DAY)
FIRM = KnownContact(id="firm", name="Ромашка", company=True)


def phone(*contacts: KnownContact, shared: bool = False, stated: bool = False) -> Claim:
    return Claim(
        identity_id="p", kind="phone", value="+79161234567", contacts=contacts, shared=shared, stated=stated
    )


def mail(*contacts: KnownContact, stated: bool = True) -> Claim:
    return Claim(identity_id="m", kind="email", value="maria@example.ru", contacts=contacts, stated=stated)


def telegram(*contacts: KnownContact) -> Claim:
    return Claim(identity_id="t", kind="telegram", value="5511", contacts=contacts)


def who(*claims: Claim, name: str = "") -> Recognised:
    found = identify(claims, name)
    assert answers_again(found.decision)
    return found


def test_a_network_id_means_one_contact_whatever_the_name() -> None:
    found = who(telegram(MARIA), name="Щучка")
    assert (found.contact_id, found.rule, found.named_otherwise) == ("maria", "own_address", "")


def test_nobody_known_makes_a_new_contact_with_all_its_addresses() -> None:
    found = who(phone(stated=True), mail())
    assert (found.contact_id, found.rule, found.link) == ("", "new", ("p", "m"))


def test_an_unshared_phone_means_its_contact_and_another_name_is_asked_about() -> None:
    found = who(phone(MARIA), name="Ольга Щукина")
    assert (found.contact_id, found.named_otherwise) == ("maria", "p")
    assert found.propose_shared == (("p", "two_names"),)


@pytest.mark.parametrize("name", ["", "мария", "ЩУКИНА Мария", "Мария Ивановна Щукина"])
def test_a_name_that_fits_is_no_conflict(name: str) -> None:
    found = who(phone(MARIA), name=name)
    assert (found.contact_id, found.named_otherwise, found.propose_shared) == ("maria", "", ())


def test_a_shared_phone_and_the_same_name_mean_that_contact() -> None:
    found = who(phone(MARIA, OLGA, shared=True), name="ольга щукина")
    assert (found.contact_id, found.rule) == ("olga", "shared_and_name")


@pytest.mark.parametrize("name", ["Ольга", "Ирина Щукина"])
def test_a_shared_phone_with_another_name_means_a_new_contact(name: str) -> None:
    found = who(phone(MARIA, OLGA, shared=True), name=name)
    assert (found.contact_id, found.rule, found.link) == ("", "new_shared", ("p",))


def test_a_nameless_call_from_a_shared_number_is_the_companys() -> None:
    assert who(phone(MARIA, FIRM, shared=True)).contact_id == "firm"
    unknown = who(phone(MARIA, shared=True))
    assert (unknown.contact_id, unknown.rule, unknown.company) == ("", "new", True)


def test_what_is_typed_beside_a_proved_address_only_suggests() -> None:
    found = who(telegram(), phone(MARIA, stated=True))
    assert (found.contact_id, found.link, found.same_as) == ("", ("t",), ("maria",))


def test_a_form_is_recognised_by_what_was_typed() -> None:
    found = who(phone(MARIA, stated=True), mail())
    assert (found.contact_id, found.link) == ("maria", ("m",))


def test_a_form_that_fits_two_contacts_goes_to_the_more_active_and_proposes_a_merge() -> None:
    found = who(phone(OLGA, stated=True), mail(MARIA))
    assert (found.contact_id, found.same_as, found.link) == ("maria", ("olga",), ())


def test_a_proved_sender_stays_who_they_are_whoever_else_has_the_number_they_tell() -> None:
    found = who(telegram(OLGA), phone(MARIA))
    assert (found.contact_id, found.same_as, found.link) == ("olga", ("maria",), ())


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("email", "info@romashka.ru", "role_mailbox"),
        ("email", "zakaz@romashka.ru", "role_mailbox"),
        ("email", "sales+42@romashka.ru", "role_mailbox"),
        ("email", "maria@romashka.ru", None),
        ("phone", "+78001234567", "toll_free"),
        ("phone", "101", "extension"),
        ("phone", "+79161234567", None),
        ("telegram", "info", None),
    ],
)
def test_what_looks_shared_is_proposed(kind: str, value: str, reason: SharedReason | None) -> None:
    assert looks_shared(kind, value) == reason
    found = identify([Claim(identity_id="x", kind=kind, value=value)])
    assert found.propose_shared == ((("x", reason),) if reason else ())


@pytest.mark.parametrize(
    ("one", "other", "match"),
    [
        ("Пётр Ёлкин", "елкин петр", "same"),
        ("Анна-Мария", "анна мария", "same"),
        ("Анна", "Анна Смирнова", "compatible"),
        ("Анна", "Ольга", "other"),
        ("", "Ольга", "unknown"),
        ("😀", "Ольга", "unknown"),
    ],
)
def test_names_are_compared_without_case_order_and_marks(one: str, other: str, match: NameMatch) -> None:
    assert compare_names(one, other) == match
    assert compare_names(other, one) == match


def test_a_record_holds_no_word_and_no_address() -> None:
    record = str(who(phone(MARIA, shared=True), mail(OLGA), name="Мария Щукина").decision.to_json())
    for word in ("Мария", "Ольга", "+7916", "example"):
        assert word not in record


known = st.lists(st.sampled_from([MARIA, OLGA, FIRM]), max_size=2, unique=True).map(tuple)
claims = st.lists(
    st.builds(
        Claim,
        identity_id=st.sampled_from("abcd"),
        kind=st.sampled_from(["phone", "email", "telegram"]),
        value=st.just("x"),
        stated=st.booleans(),
        shared=st.booleans(),
        contacts=known,
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda claim: claim.identity_id,
)


@some
@given(claims, st.sampled_from(["", "Мария Щукина", "Ольга", "Кто-то"]))
def test_recognition_always(asked: list[Claim], name: str) -> None:
    found = identify(asked, name)
    assert answers_again(found.decision)
    assert identify([asked[0], *asked[:0:-1]], name).contact_id == found.contact_id
    assert found.contact_id not in found.same_as
    owners = {contact.id for claim in asked for contact in claim.contacts}
    assert found.contact_id in {"", *owners}
    proved = any(not claim.stated for claim in asked)
    for claim in asked:
        if claim.identity_id in found.link:
            assert not (claim.stated and proved)
            assert claim.shared or not claim.contacts
