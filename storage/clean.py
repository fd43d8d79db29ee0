"""Which signs can no database keep? NUL and halves of pairs; what is left of a text without them goes in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

T = TypeVar("T")
_half = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """The text without NUL, and with U+FFFD for each half of a surrogate pair."""
    return _half.sub("\ufffd", text.replace("\x00", ""))


def cleaned(value: T) -> T:
    """The same value with every text in it clean: of lists, mappings, named fields."""
    found: Any = _cleaned(value)
    return found  # type: ignore[no-any-return]  # of the same type


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {_cleaned(key): _cleaned(one) for key, one in value.items()}
    if isinstance(value, list | tuple | frozenset):
        return type(value)(map(_cleaned, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{one.name: _cleaned(getattr(value, one.name)) for one in fields(value) if one.init}
        )
    return value
