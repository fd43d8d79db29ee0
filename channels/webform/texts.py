"""Which words and files does a form need that are not its own?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import cast

import orjson

ASSETS = Path(__file__).parent / "assets"


@cache
def asset(name: str) -> str:
    """A file of this folder's assets."""
    return (ASSETS / name).read_text(encoding="utf-8")


@cache
def words(language: str) -> Mapping[str, str]:
    """Everything we say to people in this language."""
    return cast(Mapping[str, str], orjson.loads(asset("locale.json"))[language])
