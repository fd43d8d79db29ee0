"""How are facts written down beside the fixture they come from?"""

from __future__ import annotations

import dataclasses
from typing import Any

from channels.events import Event


def written(events: tuple[Event, ...]) -> list[dict[str, Any]]:
    """Each fact with its type's name and every field that is not as the type leaves it."""
    return [{"event": type(event).__name__, **_fields(event)} for event in events]


def _fields(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in dataclasses.fields(value):
        content = getattr(value, field.name)
        if field.default is dataclasses.MISSING or content != field.default:
            found[field.name] = _plain(content)
    return {name: content for name, content in found.items() if content != {}}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return _fields(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return sorted(value) if isinstance(value, frozenset) else value
