"""The rig's servers, by their addresses alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.rig import engines


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL: its address without a database's name."""
    with engines.postgres() as server:
        yield server.dsn("").rstrip("/")


@contextlib.contextmanager
def valkey() -> Iterator[str]:
    """A Valkey of one's own: its address."""
    with engines.valkey(own=True) as server:
        yield server.url
