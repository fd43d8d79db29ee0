"""How does one statement carry a whole batch?

PostgreSQL takes columns as arrays (`unnest`) or many new rows by COPY, SQLite takes rows by `executemany` and key lists as
JSON (`json_each`). The statements' texts do not depend on the batch's size, so both databases prepare each once. They go
to the driver directly: compiling and wrapping by SQLAlchemy would cost more than the statements themselves.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection, LargeBinary, Table
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.types import BigInteger, Float, Integer
from sqlalchemy.util import await_only

from storage.tables.base import Json

Rows = Sequence[Sequence[Any]]
COPIED = 20
"""From so many rows on COPY is worth its extra round trip."""


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
    if not _postgres(connection):
        return _each(connection, _insert_row(table, columns, ignore, ()), prepared)
    if not ignore and len(rows) >= COPIED:
        return _copy(connection, table, columns, prepared)
    return _changed(connection, _insert_arrays(table, columns, ignore, ()), _by_column(prepared))


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
    if _postgres(connection):
        statement = _insert_arrays(table, columns, ignore, returning)
        return [tuple(row) for row in _fetch(connection, statement, _by_column(prepared))]
    statement = _insert_row(table, columns, ignore, returning)
    return [tuple(hit) for row in prepared for hit in _fetch(connection, statement, row)]


def insert_numbered(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Rows, number: str
) -> list[int]:
    """Insert all rows and return the numbers that the database gave them, in the order of `rows`."""
    if _postgres(connection):
        return [row[0] for row in insert_returning(connection, table, columns, rows, number)]
    if not rows:
        return []
    insert(connection, table, columns, rows)
    # One writer, one transaction: the numbers follow each other.
    ((last,),) = _fetch(connection, "SELECT last_insert_rowid()", ())
    return list(range(last - len(rows) + 1, last + 1))


def insert_last(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Rows, number: str
) -> int:
    """Insert all rows, of which there are some, and return the number of the last; nobody else inserts meanwhile."""
    if not _postgres(connection) or len(rows) < COPIED:
        return insert_numbered(connection, table, columns, rows, number)[-1]
    insert(connection, table, columns, rows)
    sql = f"SELECT currval(pg_get_serial_sequence('{table.name}', '{number}'))"
    ((last,),) = _fetch(connection, sql, ())
    return int(last)


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
    prepared = _prepare(table, keys + columns, rows)
    if _postgres(connection):
        return _changed(connection, _update_arrays(table, keys, columns), _by_column(prepared))
    return _each(connection, _update_row(table, keys, columns), prepared)


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
    if _postgres(connection):
        _changed(connection, _add_arrays(table, keys, columns), _by_column(rows))
    else:
        _each(connection, _add_row(table, keys, columns), rows)


def delete(connection: Connection, table: Table, keys: tuple[str, ...], rows: Rows) -> int:
    """Delete the rows named by `keys`. Returns how many there were."""
    if not rows:
        return 0
    if _postgres(connection):
        return _changed(connection, _delete_arrays(table, keys), _by_column(rows))
    return _each(connection, _delete_row(table, keys), rows)


def select(
    connection: Connection,
    sql: str,
    keys: Mapping[str, Sequence[Any]],
    /,
    *,
    lock: str = "",
    **parameters: Any,
) -> list[Any]:
    """Rows of `sql`, with their columns as attributes. In it `{wanted}` stands for a table `w` of the given key columns,
    in their order as `w.n`.

    `lock` is a PostgreSQL clause ("FOR UPDATE OF c"); SQLite has one writer and needs none.
    """
    columns = tuple(keys)
    if not keys[columns[0]]:
        return []
    if not _postgres(connection):
        wanted = orjson.dumps(list(zip(*keys.values(), strict=True))).decode()
        return _records(connection, _wanted_json(sql, columns), {"wanted": wanted, **parameters})
    kinds = tuple(_kind(keys[name][0]) for name in columns)
    given = tuple((name, _kind(value)) for name, value in parameters.items())
    statement = _wanted_arrays(sql, columns, kinds, given, lock)
    return _records(connection, statement, [*map(list, keys.values()), *parameters.values()])


SETTLE_ARRAY = (
    "UPDATE envelope SET state = $2, reason = $3, error = $4, settled_at = $5"
    " WHERE id = ANY(CAST($1 AS bigint[])) AND state + 0 = 0"
)
# "+": the keys find the rows, never the index that holds only those that wait.
SETTLE_ROW = (
    "UPDATE envelope SET state = ?2, reason = ?3, error = ?4, settled_at = ?5 WHERE id = ?1 AND +state = 0"
)


def settle(connection: Connection, ids: Sequence[int], how: tuple[int, str, str, int]) -> int:
    """Give waiting envelopes one state, reason, error and time; how many waited still."""
    if _postgres(connection):
        return _changed(connection, SETTLE_ARRAY, [list(ids), *how])
    return _each(connection, SETTLE_ROW, [(one, *how) for one in ids])


def run(
    connection: Connection, sql: str, rows: tuple[Table, tuple[str, ...], Rows], *, counts: Rows
) -> list[Any]:
    """What a statement of PostgreSQL's own returns. In it `{rows}` stands for a table of the given rows with their place `n`,
    `{columns}` for their columns, `{counts}` for a table `w` of (source_id, came)."""
    table, columns, values = rows
    arrays = _by_column(_prepare(table, columns, values))
    return _fetch(connection, _run_arrays(sql, table, columns), [*arrays, *_by_column(counts)])


def plan_once(connection: Connection) -> None:
    """Have PostgreSQL plan each statement of this transaction once for all: a batch's are look-ups by index whatever its
    size, and planning one with a dozen joins anew costs it more than carrying it out."""
    if _postgres(connection):
        _run(connection, lambda cursor: cursor.execute(PLAN_ONCE, ()), PLAN_ONCE)


PLAN_ONCE = "SET LOCAL plan_cache_mode = 'force_generic_plan'"


def _postgres(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


# The driver. Its errors leave as SQLAlchemy's, which the rest of the house knows; never with what was written.


def _run(connection: Connection, work: Callable[[Any], Any], statement: str) -> Any:
    cursor = connection.connection.cursor()
    try:
        return work(cursor)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _ours(connection, statement, error) from error
    finally:
        cursor.close()


def _ours(connection: Connection, statement: str, error: Exception) -> BaseException:
    dialect = connection.dialect
    gone = isinstance(error, dialect.loaded_dbapi.Error) and dialect.is_disconnect(error, None, None)
    return DBAPIError.instance(
        statement, None, error, dialect.loaded_dbapi.Error,
        hide_parameters=True, connection_invalidated=gone, dialect=dialect,
    )  # fmt: skip


def _fetch(connection: Connection, statement: str, parameters: Any) -> list[Any]:
    def work(cursor: Any) -> list[Any]:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())

    found: list[Any] = _run(connection, work, statement)
    return found


def _records(connection: Connection, statement: str, parameters: Any) -> list[Any]:
    def work(cursor: Any) -> list[Any]:
        cursor.execute(statement, parameters)
        make = _record(tuple(column[0] for column in cursor.description))
        return [make(row) for row in cursor.fetchall()]

    found: list[Any] = _run(connection, work, statement)
    return found


@lru_cache(maxsize=512)
def _record(names: tuple[str, ...]) -> Callable[[Any], Any]:
    row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # the names are the statement's
    make: Callable[[Any], Any] = row._make
    return make


def _changed(connection: Connection, statement: str, parameters: Any) -> int:
    def work(cursor: Any) -> int:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)

    changed: int = _run(connection, work, statement)
    return changed


def _each(connection: Connection, statement: str, rows: Rows) -> int:
    def work(cursor: Any) -> int:
        cursor.executemany(statement, rows)
        return int(cursor.rowcount)

    changed: int = _run(connection, work, statement)
    return changed


def _copy(connection: Connection, table: Table, columns: tuple[str, ...], rows: Rows) -> int:
    driver: Any = connection.connection.driver_connection
    if not driver.is_in_transaction():  # the wrapper begins one with its first statement
        _fetch(connection, "SELECT 1", ())
    try:
        status: str = await_only(driver.copy_records_to_table(table.name, columns=columns, records=rows))
    except Exception as error:
        if not hasattr(error, "sqlstate"):
            raise
        kind = IntegrityError if str(error.sqlstate).startswith("23") else DBAPIError
        raise kind(
            "COPY", None, error, hide_parameters=True, connection_invalidated=driver.is_closed()
        ) from error
    return int(status.rpartition(" ")[2])


# The texts of statements.


def _kind(value: Any) -> str:
    match value:
        case int():
            return "bigint"
        case str():
            return "text"
        case float():
            return "float8"
        case _:
            return ""


@lru_cache(maxsize=512)
def _wanted_arrays(
    sql: str, columns: tuple[str, ...], kinds: tuple[str, ...], given: tuple[tuple[str, str], ...], lock: str
) -> str:
    arrays = ", ".join(f"CAST(${place} AS {kind or 'text'}[])" for place, kind in enumerate(kinds, 1))
    wanted = f"unnest({arrays}) WITH ORDINALITY AS w({', '.join(columns)}, n)"
    marks = {
        name: f"CAST(${place} AS {kind})" if kind else f"${place}"
        for place, (name, kind) in enumerate(given, len(columns) + 1)
    }
    named = re.sub(r"(?<!:):(\w+)", lambda found: marks[found[1]], sql)
    return f"{named.format(wanted=wanted)} {lock}"


@lru_cache(maxsize=512)
def _wanted_json(sql: str, columns: tuple[str, ...]) -> str:
    picked = ", ".join(f"value ->> {place} AS {name}" for place, name in enumerate(columns))
    return sql.format(wanted=f"(SELECT {picked}, key AS n FROM json_each(:wanted)) AS w")


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


@lru_cache(maxsize=512)
def _documents(table: Table, columns: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(place for place, name in enumerate(columns) if isinstance(table.c[name].type, Json))


def _prepare(table: Table, columns: tuple[str, ...], rows: Rows) -> Rows:
    """Documents become text; all else goes as it is."""
    documents = _documents(table, columns)
    if not documents:
        return rows
    prepared = [list(row) for row in rows]
    for row in prepared:
        for place in documents:
            if row[place] is not None:
                row[place] = orjson.dumps(row[place]).decode()
    return prepared


def _by_column(rows: Rows) -> list[list[Any]]:
    return [list(values) for values in zip(*rows, strict=True)]


def _unnest(table: Table, columns: tuple[str, ...]) -> str:
    arrays = ", ".join(
        f"CAST(${place} AS {_pg_type(table, name)}[])" for place, name in enumerate(columns, 1)
    )
    return f"unnest({arrays}) WITH ORDINALITY AS v({', '.join(columns)}, n)"


@lru_cache(maxsize=8)
def _run_arrays(sql: str, table: Table, columns: tuple[str, ...]) -> str:
    place = len(columns)
    counts = f"unnest(CAST(${place + 1} AS text[]), CAST(${place + 2} AS bigint[])) AS w(source_id, came)"
    return sql.format(rows=_unnest(table, columns), columns=", ".join(columns), counts=counts)


@lru_cache(maxsize=512)
def _insert_arrays(table: Table, columns: tuple[str, ...], ignore: bool, returning: tuple[str, ...]) -> str:
    names = ", ".join(columns)
    picked = ", ".join(f"v.{name}" for name in columns)
    conflict = " ON CONFLICT DO NOTHING" if ignore else ""
    back = f" RETURNING {', '.join(returning)}" if returning else ""
    sql = f"INSERT INTO {table.name} ({names}) SELECT {picked} FROM {_unnest(table, columns)} ORDER BY v.n"
    return sql + conflict + back


@lru_cache(maxsize=512)
def _insert_row(table: Table, columns: tuple[str, ...], ignore: bool, returning: tuple[str, ...]) -> str:
    marks = ", ".join("?" for _ in columns)
    conflict = " ON CONFLICT DO NOTHING" if ignore else ""
    back = f" RETURNING {', '.join(returning)}" if returning else ""
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks}){conflict}{back}"


@lru_cache(maxsize=512)
def _update_arrays(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> str:
    setting = ", ".join(f"{name} = v.{name}" for name in columns)
    match = " AND ".join(f"t.{name} = v.{name}" for name in keys)
    return f"UPDATE {table.name} t SET {setting} FROM {_unnest(table, keys + columns)} WHERE {match}"


@lru_cache(maxsize=512)
def _update_row(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> str:
    setting = ", ".join(f"{name} = ?{place}" for place, name in enumerate(columns, len(keys) + 1))
    match = " AND ".join(f"{name} = ?{place}" for place, name in enumerate(keys, 1))
    return f"UPDATE {table.name} SET {setting} WHERE {match}"


@lru_cache(maxsize=512)
def _delete_arrays(table: Table, keys: tuple[str, ...]) -> str:
    match = " AND ".join(f"t.{key} = v.{key}" for key in keys)
    return f"DELETE FROM {table.name} t USING {_unnest(table, keys)} WHERE {match}"


@lru_cache(maxsize=512)
def _delete_row(table: Table, keys: tuple[str, ...]) -> str:
    return f"DELETE FROM {table.name} WHERE {' AND '.join(f'{key} = ?' for key in keys)}"


@lru_cache(maxsize=512)
def _add_arrays(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> str:
    names = ", ".join(keys + columns)
    picked = ", ".join(f"v.{name}" for name in keys + columns)
    setting = ", ".join(f"{name} = t.{name} + excluded.{name}" for name in columns)
    return (
        f"INSERT INTO {table.name} AS t ({names}) SELECT {picked} FROM {_unnest(table, keys + columns)}"
        f" ORDER BY {', '.join(f'v.{name}' for name in keys)}"
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {setting}"
    )


@lru_cache(maxsize=512)
def _add_row(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> str:
    names = keys + columns
    setting = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in columns)
    return (
        f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})"
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {setting}"
    )
