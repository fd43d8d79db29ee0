"""This room stands on the standard library, reads no clock and waits for nothing."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import routing

ROOM = Path(str(routing.__file__)).parent
MODULES = sorted(ROOM.glob("*.py"))
FORBIDDEN = {"asyncio", "time", "random", "socket", "os", "sqlite3", "threading", "subprocess", "logging"}


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_a_rule_is_pure(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    names = imported(tree)
    assert names - {"routing"} <= set(sys.stdlib_module_names)
    assert not names & FORBIDDEN
    for node in ast.walk(tree):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await)
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"now", "utcnow", "today"}


def test_the_map_of_the_room_names_every_module() -> None:
    words = str(routing.__doc__)
    for module in MODULES:
        if module.stem != "__init__":
            assert module.stem in words
