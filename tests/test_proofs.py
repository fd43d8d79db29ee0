"""Does each rule of the channels and each journey name where it lives and what proves it, and is all of that there?"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAME = re.compile(r"`([^`]+)`")
SHORT = re.compile(r"`(\w+/)`(?:\s+is)?\s+`([\w/]+/)`")
"""How a paper's beginning says what a short path stands for."""
PROSE = re.compile(r"[^\w…/.:*-]|^\w+$")
"""What is marked as code and is no place of ours: a provider's word, a header, a command."""


@dataclass(frozen=True)
class Paper:
    """A table of rules: rule, where it lives, what proves it."""

    file: str
    channels: tuple[str, ...]
    """Whose fixtures it names."""
    numbered: tuple[tuple[str, int], ...] = ()
    """Letters of its rules, and how many there are of each."""
    not_used: frozenset[str] = frozenset()
    rows: list[list[str]] = field(default_factory=list, compare=False)
    short: dict[str, str] = field(default_factory=dict, compare=False)

    def read(self) -> Paper:
        text = (ROOT / "docs" / self.file).read_text("utf-8")
        self.short.update(SHORT.findall(text.partition("\n## ")[0]))
        for above, line in zip(["", *text.split("\n")], text.split("\n"), strict=False):
            if line[:2] == "| " and above[:1] == "|":
                self.rows.append([cell.strip() for cell in line.strip("|\n").split(" | ")])
        return self

    def full(self, name: str) -> str:
        short = next((one for one in self.short if name.startswith(one)), "")
        return self.short.get(short, "") + name.removeprefix(short)

    @property
    def rules(self) -> list[str]:
        return [f"{letter}{number}" for letter, most in self.numbered for number in range(1, most + 1)]

    def names(self) -> set[str]:
        return {name for row in self.rows for name in NAME.findall(" ".join(row[1:]))}


PAPERS = [
    one.read()
    for one in (
        Paper("mail-and-forms.md", ("email", "webform"), (("E", 35), ("T", 7), ("S", 10), ("F", 18)), frozenset({"T5"})),
        Paper("messengers.md", ("telegram", "vk")),
        Paper("telephony.md", ("telephony",)),
        Paper("deals-and-routing.md", ()),
        Paper("journeys.md", ()),
    )
]  # fmt: skip
NAMED = [(paper, name) for paper in PAPERS for name in sorted(paper.names()) if not PROSE.search(name)]
ROWS = [(paper, row) for paper in PAPERS for row in paper.rows]


@cache
def names_in(folder: Path) -> tuple[str, ...]:
    """The tests that stand in this folder itself."""
    found = (re.findall(r"def (test_\w+)", path.read_text("utf-8")) for path in folder.glob("test_*.py"))
    return tuple(name for names in found for name in names)


@cache
def fixtures_of(channel: str) -> tuple[Path, ...]:
    return tuple((ROOT / "tests/channels" / channel / "fixtures").iterdir())


def proofs(cell: str) -> list[str]:
    """The tests and fixtures that a cell names."""
    return [name for name in NAME.findall(cell) if "…" in name or "__" in name]


def named(one: tuple[Paper, str]) -> str:
    return f"{one[0].file}: {one[1]}"


@pytest.mark.parametrize("one", NAMED, ids=named)
def test_what_is_named_is_there(one: tuple[Paper, str]) -> None:
    paper, name = one
    if "…" in name:
        folder, _, words = paper.full(name).partition("…")
        found = [test for test in names_in(ROOT / folder) if words in test]
        assert len(found) == 1, f"{name} is {found or 'no test'}"
    elif "/" in name:
        path, _, symbol = paper.full(name).partition(":")
        assert (ROOT / path).is_file(), name
        assert symbol in (ROOT / path).read_text("utf-8"), name
    elif "__" in name:
        fixtures = [path for channel in paper.channels for path in fixtures_of(channel)]
        assert any(path.match(f"{name}.*") for path in fixtures), name


@pytest.mark.parametrize(
    ("paper", "row"), ROWS, ids=lambda part: part[0] if isinstance(part, list) else part.file
)
def test_each_row_is_proved_or_said_to_be_kept_otherwise(paper: Paper, row: list[str]) -> None:
    rule, where, proof = row
    name = rule.split()[0]
    told = dict(re.findall(r"^\*\*(\d+)\. (.*(?:\n.+)*)", (ROOT / "DECISIONS.md").read_text("utf-8"), re.M))
    see = re.search(r"see ((?:\d+(?:, )?)+)", rule)
    for number in re.findall(r"\d+", see[1]) if see else []:
        mentioned = name not in paper.rules or re.search(rf"\b{name}\b", told[number])
        assert mentioned, f"entry {number} says nothing of {name}"
    if see and name in paper.not_used:
        return
    assert NAME.search(where) or name in paper.rules, f"it lives nowhere: {rule}"
    assert proofs(proof), f"nothing proves: {rule}"


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.file)
def test_no_numbered_rule_is_left_out(paper: Paper) -> None:
    names = [row[0].split()[0] for row in paper.rows]
    assert [rule for rule in paper.rules if names.count(rule) != 1] == []
