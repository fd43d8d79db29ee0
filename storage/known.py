"""What need a new connection to PostgreSQL not ask again? The server's own types: their numbers are the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, ClassVar, Final

import asyncpg

FIRST_OF_USERS: Final = 16384
"""Types below this number come with PostgreSQL."""
ALREADY_ASKED: Final = SimpleNamespace(name="already asked")


class Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg tells no types
    """Asks once a process what an array of numbers is: that question costs a server ten milliseconds of its processor."""

    _answers: ClassVar[dict[frozenset[int], Any]] = {}

    async def _introspect_types(self, typeoids: Iterable[int], timeout: Any) -> tuple[Any, Any]:  # noqa: ASYNC109
        asked = frozenset(typeoids)
        if asked in self._answers:
            return self._answers[asked], ALREADY_ASKED
        types, statement = await super()._introspect_types(asked, timeout)
        if max(asked) < FIRST_OF_USERS:
            self._answers[asked] = types
        return types, statement
