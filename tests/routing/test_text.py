"""Long texts are cut at sensible places."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.text import Stretch, Unit, crossing, cut, fitted, length, plainly, split
from tests.routing.made import some


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("short", 16, ("short",)),
        ("", 16, ()),
        (" \n ", 16, ()),
        ("one paragraph\n\nand another", 20, ("one paragraph", "and another")),
        ("one line here\nand another one", 20, ("one line here", "and another one")),
        ("One sentence. Another one here", 22, ("One sentence.", "Another one here")),
        ("words without any sign at all", 16, ("words without", "any sign at all")),
        ("x" * 40, 16, ("x" * 16, "x" * 16, "x" * 8)),
        ("short word " + "x" * 40, 32, ("short word", "x" * 32, "x" * 8)),
    ],
)
def test_where_a_text_is_cut(text: str, limit: int, parts: tuple[str, ...]) -> None:
    assert split(text, limit) == parts


@pytest.mark.parametrize(
    ("text", "unit", "size"),
    [("да", "codepoints", 2), ("да", "bytes", 4), ("да", "utf16", 2), ("😀", "utf16", 2), ("😀", "bytes", 4)],
)
def test_each_network_counts_in_its_own_way(text: str, unit: Unit, size: int) -> None:
    assert length(text, unit) == size


def test_a_family_is_not_torn_apart() -> None:
    family = "👨\u200d👩\u200d👧"
    assert split("x" * 14 + family, 16)[0] == "x" * 14


def test_a_limit_that_no_network_has_is_refused() -> None:
    with pytest.raises(ValueError, match="so little"):
        split("text", 15)


units: st.SearchStrategy[Unit] = st.sampled_from(["codepoints", "utf16", "bytes"])


@some
@given(st.text(alphabet=st.sampled_from("ab. \n😀e\u0301\u200d!я"), max_size=200), st.integers(16, 60), units)
def test_every_part_fits_and_no_word_is_lost(text: str, limit: int, unit: Unit) -> None:
    parts = split(text, limit, unit)
    assert all(0 < length(part, unit) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


LINK = Stretch(start=20, length=12, style="link", url="https://example.org")


def test_a_cut_never_goes_through_a_link() -> None:
    text = "обычные слова тут и ссылка здесь, а дальше ещё слова"
    pieces = cut(text, [LINK], 26)
    linked = [piece.text[one.start : one.end] for piece in pieces for one in piece.stretches]
    assert linked == [text[20:32]]
    assert " ".join(piece.text for piece in pieces) == text


def test_a_style_goes_on_behind_a_cut_and_covers_the_same_letters() -> None:
    text = "один два три четыре пять шесть семь восемь"
    bold = Stretch(start=5, length=30, style="bold")
    pieces = cut(f"  {text}", [replace(bold, start=7)], 16)
    covered = [piece.text[one.start : one.end] for piece in pieces for one in piece.stretches]
    assert len(covered) > 1
    assert " ".join(covered) == text[5:35]


def test_a_link_longer_than_a_part_is_cut_all_the_same() -> None:
    pieces = cut("а" * 40, [Stretch(start=0, length=40, style="link", url="https://example.org")], 16)
    assert [len(piece.text) for piece in pieces] == [16, 16, 8]
    assert all(piece.stretches for piece in pieces)


def test_stretches_nest_and_stay_inside_the_text() -> None:
    one, inner = Stretch(start=0, length=5, style="bold"), Stretch(start=1, length=2, style="italic")
    assert not crossing([one, inner], 5)
    assert crossing([one, inner], 4)
    assert crossing([one, Stretch(start=3, length=4, style="italic")], 10)


def test_a_link_that_cannot_be_shown_stands_behind_its_words() -> None:
    link = Stretch(start=0, length=5, style="link", url="https://example.com/a")
    bold = Stretch(start=0, length=11, style="bold")
    late = Stretch(start=6, length=5, style="italic")
    piece = plainly("Здесь цены!", (bold, link, late), {"bold"})
    assert piece.text == "Здесь (https://example.com/a) цены!"
    assert piece.stretches == (Stretch(start=0, length=len(piece.text), style="bold"),)
    assert plainly("Здесь цены!", (link, late), {"link"}).stretches == (link,)


def test_a_link_that_is_written_out_is_not_written_twice() -> None:
    link = Stretch(start=6, length=21, style="link", url="https://example.com/a/")
    assert plainly("Цены: https://example.com/a", (link,), ()).text == "Цены: https://example.com/a"


def test_a_plain_link_counts_for_the_limit() -> None:
    link = Stretch(start=0, length=5, style="link", url="https://example.com/" + "a" * 60)
    assert len(fitted("слово " * 3, (link,), (), 40)) > 1
