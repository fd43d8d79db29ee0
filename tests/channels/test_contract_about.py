"""What every channel tells people: wizard, settings, words for every code; and what its import may cost."""

from __future__ import annotations

import ast
import dataclasses
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import channels
from channels import errors
from channels.about import About, FieldKind, Setting, Text

NAMES = channels.names()
HEAVY = ("aiogram", "vk_api", "requests", "aioimaplib")
OURS = ("gateway", "storage", "routing")
FAILURES = {
    name: kind.code
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.SendFailed)
}
"""Names of the errors that say why something was not sent, and the code each has by itself."""


def folder_of(name: str) -> Path:
    return Path(channels.__file__).parent / name


def texts_in(value: object) -> Iterator[Text]:
    """Every pair of texts inside."""
    if isinstance(value, Text):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from texts_in(getattr(value, field.name))
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts_in(one)
    elif isinstance(value, tuple):
        for one in value:
            yield from texts_in(one)


def codes_in(folder: Path) -> set[str]:
    """Every code that a module of the channel can give: `code="…"`, and those of errors made without one."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        if not path.name.startswith(("fake", "about")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    found |= _codes_of(node)
    return found


def _codes_of(call: ast.Call) -> set[str]:
    told = next((keyword.value for keyword in call.keywords if keyword.arg == "code"), None)
    if told is not None:
        return set(_literals(told))
    own = FAILURES.get(call.func.id, "") if isinstance(call.func, ast.Name) else ""
    return {own} - {"", errors.SendFailed.code}


def _literals(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)


@pytest.mark.parametrize("name", NAMES)
def test_it_speaks_russian_and_english(name: str) -> None:
    about = channels.about(name)
    assert isinstance(about, About)
    for text in texts_in(about):
        assert text.ru.strip() and text.en.strip()
    assert about.mark and about.minutes > 0


@pytest.mark.parametrize("name", NAMES)
def test_its_wizard_has_five_steps(name: str) -> None:
    assert len(channels.about(name).steps) == 5


@pytest.mark.parametrize("name", NAMES)
def test_its_readme_has_the_same_five_steps(name: str) -> None:
    readme = (folder_of(name) / "README.md").read_text(encoding="utf-8")
    numbers = re.findall(r"^([1-9])\. ", readme, flags=re.MULTILINE)
    assert numbers[:5] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("name", NAMES)
def test_its_settings_can_be_asked_for(name: str) -> None:
    settings = channels.about(name).settings
    keys = [setting.key for setting in settings]
    assert len(keys) == len(set(keys))
    for setting in settings:
        assert setting.kind in get_args(FieldKind)
        assert 1 <= setting.step <= 5
        _assert_fits(setting)
        if setting.shown_if is not None:
            asked = next(one for one in settings if one.key == setting.shown_if[0])
            assert not asked.choices or set(setting.shown_if[1].split("|")) <= {
                choice.value for choice in asked.choices
            }


def _assert_fits(setting: Setting) -> None:
    if setting.pattern:
        compiled = re.compile(setting.pattern)
        assert not setting.default or compiled.fullmatch(setting.default)
        assert "(?P" not in setting.pattern and "\\Z" not in setting.pattern, "the console reads it too"
    if setting.kind == "choice":
        values = {choice.value for choice in setting.choices}
        assert values and (not setting.default or setting.default in values)


@pytest.mark.parametrize("name", NAMES)
def test_every_secret_it_asks_for_is_sealed(name: str) -> None:
    asked = {setting.key for setting in channels.about(name).settings if setting.kind == "secret"}
    assert asked <= set(channels.load(name).secrets)


@pytest.mark.parametrize("name", NAMES)
def test_every_code_it_gives_has_words(name: str) -> None:
    told = channels.about(name)
    assert codes_in(folder_of(name)) - told.errors.keys() - told.notes.keys() == set()


@pytest.mark.parametrize("name", NAMES)
def test_importing_it_costs_no_heavy_library_and_no_other_room(name: str) -> None:
    program = (
        f"import sys, channels; channels.load({name!r}); channels.about({name!r}); "
        f"print([one for one in {HEAVY + OURS!r} if one in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60,
        cwd=folder_of(name).parent.parent,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
