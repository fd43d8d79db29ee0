"""How does one statement carry a whole batch?

PostgreSQL takes columns as arrays (`unnest`), SQLite takes rows by `executemany` and key lists as JSON (`json_each`). The
statements' texts do not depend on the batch's size, so both databases prepare each once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection, LargeBinary, Row, Table, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger, Float, Integer, String, Text, TypeEngine

from storage.tables.base import Json

Rows = Sequence[Sequence[Any]]


def insert(
    connection: Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: Rows,
    *,
    ignore: bool = False,
) -> int:
    """Insert all rows by one statement; `ignore` passes over those whose key is there. Returns how many went in."""
    if not rows:
        return 0
    prepared = _prepare(table, columns, rows)
    if connection.dialect.name == "postgresql":
        result = connection.execute(
            _insert_arrays(table, columns, ignore, None), _by_column(columns, prepared)
        )
    else:
        result = connection.execute(_insert_row(table, columns, ignore, None), _by_row(columns, prepared))
    return result.rowcount


def insert_returning(
    connection: Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: Rows,
    *returning: str,
    ignore: bool = False,
) -> list[tuple[Any, ...]]:
    """Insert all rows and return the named columns of those that went in, in the order of `rows`."""
    if not rows:
        return []
    prepared = _prepare(table, columns, rows)
    if connection.dialect.name == "postgresql":
        statement = _insert_arrays(table, columns, ignore, returning)
        return [tuple(row) for row in connection.execute(statement, _by_column(columns, prepared))]
    statement = _insert_row(table, columns, ignore, returning)
    found: list[tuple[Any, ...]] = []
    for row in _by_row(columns, prepared):
        found.extend(tuple(hit) for hit in connection.execute(statement, row))
    return found


def update(
    connection: Connection,
    table: Table,
    keys: tuple[str, ...],
    columns: tuple[str, ...],
    rows: Rows,
) -> int:
    """Set `columns` of the rows named by `keys`; each row is (*keys, *columns). Returns how many were found."""
    if not rows:
        return 0
    names = keys + columns
    prepared = _prepare(table, names, rows)
    if connection.dialect.name == "postgresql":
        result = connection.execute(_update_arrays(table, keys, columns), _by_column(names, prepared))
    else:
        result = connection.execute(_update_row(table, keys, columns), _by_row(names, prepared))
    return result.rowcount


def add(
    connection: Connection,
    table: Table,
    keys: tuple[str, ...],
    columns: tuple[str, ...],
    rows: Rows,
) -> None:
    """Add numbers to counters, making rows that are not there; each row is (*keys, *amounts)."""
    if not rows:
        return
    names = keys + columns
    prepared = _prepare(table, names, rows)
    if connection.dialect.name == "postgresql":
        connection.execute(_add_arrays(table, keys, columns), _by_column(names, prepared))
    else:
        connection.execute(_add_row(table, keys, columns), _by_row(names, prepared))


def delete(connection: Connection, table: Table, keys: tuple[str, ...], rows: Rows) -> int:
    """Delete the rows named by `keys`. Returns how many there were."""
    if not rows:
        return 0
    where = " AND ".join(f"{key} = :{key}" for key in keys)
    if connection.dialect.name == "postgresql":
        arrays = ", ".join(f"CAST(:{key} AS {_pg_type(table, key)}[])" for key in keys)
        match = " AND ".join(f"t.{key} = v.{key}" for key in keys)
        statement = text(
            f"DELETE FROM {table.name} t USING unnest({arrays}) AS v({', '.join(keys)}) WHERE {match}"
        )
        return connection.execute(statement, _by_column(keys, rows)).rowcount
    statement = text(f"DELETE FROM {table.name} WHERE {where}")
    return connection.execute(statement, _by_row(keys, rows)).rowcount


def select(
    connection: Connection,
    sql: str,
    keys: Mapping[str, Sequence[Any]],
    /,
    *,
    lock: str = "",
    **parameters: Any,
) -> list[Row[Any]]:
    """Rows of `sql`, in which `{wanted}` stands for a table `w` of the given key columns, in their order as `w.n`.

    `lock` is a PostgreSQL clause ("FOR UPDATE OF c"); SQLite has one writer and needs none.
    """
    columns = tuple(keys)
    if not keys[columns[0]]:
        return []
    kinds = tuple(_kind(keys[name]) for name in columns)
    if connection.dialect.name == "postgresql":
        statement = _wanted_arrays(sql, columns, kinds, lock)
        return list(
            connection.execute(
                statement,
                {**{f"w_{k}": list(v) for k, v in keys.items()}, **parameters},
            )
        )
    wanted = orjson.dumps(list(zip(*keys.values(), strict=True))).decode()
    return list(connection.execute(_wanted_json(sql, columns), {"wanted": wanted, **parameters}))


def _kind(values: Sequence[Any]) -> str:
    return "bigint" if isinstance(values[0], int) else "text"


@lru_cache(maxsize=512)
def _wanted_arrays(sql: str, columns: tuple[str, ...], kinds: tuple[str, ...], lock: str) -> TextClause:
    arrays = ", ".join(f"CAST(:w_{name} AS {kind}[])" for name, kind in zip(columns, kinds, strict=True))
    wanted = f"unnest({arrays}) WITH ORDINALITY AS w({', '.join(columns)}, n)"
    return text(f"{sql.format(wanted=wanted)} {lock}")


@lru_cache(maxsize=512)
def _wanted_json(sql: str, columns: tuple[str, ...]) -> TextClause:
    picked = ", ".join(f"value ->> {place} AS {name}" for place, name in enumerate(columns))
    return text(sql.format(wanted=f"(SELECT {picked}, key AS n FROM json_each(:wanted)) AS w"))


def _pg_type(table: Table, column: str) -> str:
    match table.c[column].type:
        case Integer() | BigInteger():
            return "bigint"
        case Float():
            return "float8"
        case LargeBinary():
            return "bytea"
        case _:
            return "text"


def _bind(table: Table, column: str) -> TypeEngine[Any]:
    match table.c[column].type:
        case LargeBinary():
            return LargeBinary()
        case Integer() | BigInteger():
            return BigInteger()
        case Float():
            return Float()
        case String() | Text():
            return Text()
        case _:
            return Text()


def _prepare(table: Table, columns: tuple[str, ...], rows: Rows) -> Rows:
    """Documents become text; all else goes as it is."""
    documents = [place for place, name in enumerate(columns) if isinstance(table.c[name].type, Json)]
    if not documents:
        return rows
    prepared = [list(row) for row in rows]
    for row in prepared:
        for place in documents:
            if row[place] is not None:
                row[place] = orjson.dumps(row[place]).decode()
    return prepared


def _by_column(columns: tuple[str, ...], rows: Rows) -> dict[str, list[Any]]:
    return {name: list(values) for name, values in zip(columns, zip(*rows, strict=True), strict=True)}


def _by_row(columns: tuple[str, ...], rows: Rows) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _unnest(table: Table, columns: tuple[str, ...]) -> str:
    arrays = ", ".join(f"CAST(:{name} AS {_pg_type(table, name)}[])" for name in columns)
    return f"unnest({arrays}) WITH ORDINALITY AS v({', '.join(columns)}, n)"


def _array_binds(statement: TextClause, table: Table, columns: Iterable[str]) -> TextClause:
    return statement.bindparams(*(bindparam(name, type_=ARRAY(_bind(table, name))) for name in columns))


@lru_cache(maxsize=512)
def _insert_arrays(
    table: Table,
    columns: tuple[str, ...],
    ignore: bool,
    returning: tuple[str, ...] | None,
) -> TextClause:
    names = ", ".join(columns)
    picked = ", ".join(f"v.{name}" for name in columns)
    conflict = " ON CONFLICT DO NOTHING" if ignore else ""
    back = f" RETURNING {', '.join(returning)}" if returning else ""
    sql = f"INSERT INTO {table.name} ({names}) SELECT {picked} FROM {_unnest(table, columns)} ORDER BY v.n"
    return _array_binds(text(sql + conflict + back), table, columns)


@lru_cache(maxsize=512)
def _insert_row(
    table: Table,
    columns: tuple[str, ...],
    ignore: bool,
    returning: tuple[str, ...] | None,
) -> TextClause:
    marks = ", ".join(f":{name}" for name in columns)
    conflict = " ON CONFLICT DO NOTHING" if ignore else ""
    back = f" RETURNING {', '.join(returning)}" if returning else ""
    return text(f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks}){conflict}{back}")


@lru_cache(maxsize=512)
def _update_arrays(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> TextClause:
    setting = ", ".join(f"{name} = v.{name}" for name in columns)
    match = " AND ".join(f"t.{name} = v.{name}" for name in keys)
    sql = f"UPDATE {table.name} t SET {setting} FROM {_unnest(table, keys + columns)} WHERE {match}"
    return _array_binds(text(sql), table, keys + columns)


@lru_cache(maxsize=512)
def _update_row(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> TextClause:
    setting = ", ".join(f"{name} = :{name}" for name in columns)
    match = " AND ".join(f"{name} = :{name}" for name in keys)
    return text(f"UPDATE {table.name} SET {setting} WHERE {match}")


@lru_cache(maxsize=512)
def _add_arrays(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> TextClause:
    names = ", ".join(keys + columns)
    picked = ", ".join(f"v.{name}" for name in keys + columns)
    setting = ", ".join(f"{name} = t.{name} + excluded.{name}" for name in columns)
    sql = (
        f"INSERT INTO {table.name} AS t ({names}) SELECT {picked} FROM {_unnest(table, keys + columns)}"
        f" ORDER BY {', '.join(f'v.{name}' for name in keys)}"
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {setting}"
    )
    return _array_binds(text(sql), table, keys + columns)


@lru_cache(maxsize=512)
def _add_row(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> TextClause:
    names = ", ".join(keys + columns)
    marks = ", ".join(f":{name}" for name in keys + columns)
    setting = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in columns)
    return text(
        f"INSERT INTO {table.name} ({names}) VALUES ({marks})"
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {setting}"
    )
