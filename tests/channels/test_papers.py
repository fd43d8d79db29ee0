"""What docs/messengers.md names as proof is there: files, the symbols in them, fixtures, and tests that run."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAPER = (ROOT / "docs" / "messengers.md").read_text()
PLACES = {
    "t/": "channels/telegram/", "v/": "channels/vk/", "tt/": "tests/channels/telegram/", "tv/": "tests/channels/vk/",
    "g/": "tests/gateway/", "b/": "tests/browser/",
}  # fmt: skip
WORDS = {"else": "tests/gateway/test_elsewhere.py", "edits": "tests/gateway/test_edits.py"}
ROWS = [row for row in PAPER.splitlines() if row.startswith("| ")]
SPANS = sorted({span for row in ROWS for span in re.findall(r"`([^`]+)`", row)})
FILES = [span for span in SPANS if re.fullmatch(r"[\w/]+\.py(:\w+)?", span)]
FIXTURES = [span for span in SPANS if re.fullmatch(r"[a-z_]+__[\w*]+", span)]
TESTS = [span for span in FILES if span.partition(":")[0].rpartition("/")[2].startswith("test_")]


def place_of(span: str) -> Path:
    name = span.partition(":")[0]
    for short, long in PLACES.items():
        if name.startswith(short):
            return ROOT / (long + name.removeprefix(short))
    return ROOT / name if "/" in name else ROOT / "gateway" / "opening" / name


def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    found = {str(getattr(one, "name", "")) for one in ast.walk(tree)}
    return found | {one.id for one in ast.walk(tree) if isinstance(one, ast.Name)}


@pytest.mark.parametrize("span", FILES)
def test_a_file_that_is_named_is_there_with_what_is_named_in_it(span: str) -> None:
    path = place_of(span) if place_of(span).exists() else ROOT / "storage" / span
    assert path.exists(), f"{span}: no {path.relative_to(ROOT)}"
    name = span.partition(":")[2]
    assert not name or name in names_in(path), f"{path.relative_to(ROOT)} has no {name}"


@pytest.mark.parametrize(
    "path", [*map(place_of, TESTS), *(ROOT / one for one in WORDS.values())], ids=lambda path: path.stem
)
def test_a_test_that_is_named_has_tests_that_are_not_skipped(path: Path) -> None:
    source = path.read_text()
    assert [name for name in names_in(path) if name.startswith("test_")]
    assert "skip" not in re.findall(r"pytest\.mark\.(\w+)", source)


@pytest.mark.parametrize("pattern", FIXTURES)
def test_a_fixture_that_is_named_is_there(pattern: str) -> None:
    folders = [ROOT / "tests" / "channels" / one / "fixtures" for one in ("telegram", "vk")]
    assert [found for folder in folders for found in folder.glob(pattern.rstrip("*") + "*")], pattern


def test_every_line_names_its_proof() -> None:
    bare = [row for row in ROWS if "---" not in row and not re.search(r"`[^`]+`|proof \|$|fixture", row)]
    assert bare == []
