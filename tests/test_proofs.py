"""Does each rule of mail and forms name what proves it, and is that there?"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAPER = ROOT / "docs" / "mail-and-forms.md"
SHORT = {
    "e/": "channels/email/", "w/": "channels/webform/", "te/": "tests/channels/email/", "tw/": "tests/channels/webform/",
    "tm/": "tests/gateway/mail/", "tg/": "tests/gateway/", "tb/": "tests/browser/",
}  # fmt: skip
FIXTURES = [
    path
    for folder in ("email", "webform")
    for path in (ROOT / "tests/channels" / folder / "fixtures").iterdir()
]
RULES = [
    f"{letter}{number}"
    for letter, most in (("E", 35), ("T", 7), ("S", 10), ("F", 18))
    for number in range(1, most + 1)
]
NOT_USED = {"T5"}

ROWS = [
    [cell.strip() for cell in line.strip("|\n").split(" | ")]
    for line in PAPER.read_text("utf-8").split("\n")
    if line[:2] == "| "
]
NAMED = sorted({name for row in ROWS for name in re.findall(r"`([^`]+)`", " ".join(row[1:]))})


def full(name: str) -> str:
    short = next((one for one in SHORT if name.startswith(one)), "")
    return SHORT.get(short, "") + name.removeprefix(short)


@cache
def names_in(folder: Path) -> tuple[str, ...]:
    """The tests that stand in this folder itself."""
    found = (re.findall(r"def (test_\w+)", path.read_text("utf-8")) for path in folder.glob("test_*.py"))
    return tuple(name for names in found for name in names)


def proofs(cell: str) -> list[str]:
    """The tests and fixtures that a cell names."""
    return [name for name in re.findall(r"`([^`]+)`", cell) if "…" in name or "__" in name]


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_is_there(name: str) -> None:
    if "…" in name:
        folder, _, words = full(name).partition("…")
        found = [one for one in names_in(ROOT / folder) if words in one]
        assert len(found) == 1, f"{name} is {found or 'no test'}"
    elif "/" in name:
        path, _, symbol = full(name).partition(":")
        assert (ROOT / path).is_file(), name
        assert symbol in (ROOT / path).read_text("utf-8"), name
    elif "__" in name:
        assert any(path.match(f"{name}.*") for path in FIXTURES), name


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_is_proved_or_said_to_be_kept_otherwise(rule: str) -> None:
    (row,) = [row for row in ROWS if row[0].split()[0] == rule]
    decisions = re.findall(r"^\*\*(\d+)\. (.*(?:\n.+)*)", (ROOT / "DECISIONS.md").read_text("utf-8"), re.M)
    told = dict(decisions)
    see = re.search(r"see ((?:\d+(?:, )?)+)", row[0])
    for number in re.findall(r"\d+", see[1]) if see else []:
        assert re.search(rf"\b{rule}\b", told[number]), f"entry {number} says nothing of {rule}"
    assert proofs(row[2]) or (rule in NOT_USED and see), f"{rule} is proved by nothing"
