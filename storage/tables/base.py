"""What are columns made of?"""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Ids and keys are compared byte by byte, whatever the database's locale: shorter comparisons, the same order everywhere.
Key = String().with_variant(String(collation="C"), "postgresql")
Micros = BigInteger
Serial = BigInteger().with_variant(Integer, "sqlite")


class Json(TypeDecorator[Any]):
    """A JSON document kept as text: nothing queries inside one, and text is the cheapest on both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else orjson.loads(value)


def key(name: str, **options: Any) -> Column[str]:
    """A required id or key."""
    return Column(name, Key, nullable=False, **options)


def maybe(name: str, **options: Any) -> Column[str]:
    """An id or key that may be absent."""
    return Column(name, Key, nullable=True, **options)


def words(name: str, **options: Any) -> Column[str]:
    """Text of people or codes; absent is ""."""
    return Column(name, Text, nullable=False, server_default="", **options)


def at(name: str, **options: Any) -> Column[int]:
    """A required time, microseconds UTC."""
    return Column(name, Micros, nullable=False, **options)


def maybe_at(name: str, **options: Any) -> Column[int]:
    """A time that may be absent, microseconds UTC."""
    return Column(name, Micros, nullable=True, **options)


def number(name: str, default: int = 0, **options: Any) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=str(default), **options)


def flag(name: str, **options: Any) -> Column[int]:
    """0 or 1: the same type on both databases, cheap in partial indexes."""
    return Column(name, Integer, nullable=False, server_default="0", **options)


def document(name: str, default: str = "{}") -> Column[Any]:
    return Column(name, Json, nullable=False, server_default=default)
