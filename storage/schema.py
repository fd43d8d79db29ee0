"""At which revision do the tables stand, and at which does this code want them? Asked at every start, so without the library
that changes them: it takes ten megabytes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

VERSIONS = Path(__file__).parent / "migrations" / "versions"


@cache
def head() -> str:
    """The newest revision this code knows: files are named by theirs, one after another."""
    return max(file.name.partition("_")[0] for file in VERSIONS.glob("[0-9]*.py"))


def revision(connection: Connection) -> str:
    """The revision the tables stand at; "" when there are none. Proves that the database answers."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found or ""
