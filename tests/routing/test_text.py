"""Long texts are cut at sensible places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.text import Unit, length, split
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
