"""Every text that goes in is one that both databases keep."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from channels.events import Identity, InboundMessage, Person
from storage.clean import clean, cleaned


@given(st.text(max_size=40))  # no half of a pair: neither database keeps one
def test_what_is_clean_already_stays_as_it_is(text: str) -> None:
    assert clean(text) == text.replace("\x00", "")


@given(st.text(st.one_of(st.just("\x00"), st.characters(categories=["Cs", "L"])), max_size=40))
def test_what_is_cleaned_can_be_kept_and_cleaning_again_changes_nothing(text: str) -> None:
    found = clean(text)
    assert "\x00" not in found
    assert found.encode().decode() == found
    assert clean(found) == found


def test_every_text_of_a_fact_is_cleaned_and_nothing_else_changes() -> None:
    person = Person(identity=Identity(kind="telegram", value="5\x001"), name="Ан\ud83dна")
    fact = InboundMessage(external_id="1", thread="1", sender=person, at=7, text="а\x00б")
    found = cleaned((fact, {"k\x00": ["\x00", 1, None]}))
    assert found[0].text == "аб"
    assert found[0].sender.identity.value == "51"
    assert found[0].sender.name == "Ан\ufffdна"
    assert (found[0].at, found[0].external_id, found[1]) == (7, "1", {"k": ["", 1, None]})
