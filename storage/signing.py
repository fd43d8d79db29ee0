"""With which keys has this installation signed?"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, select

from storage.seal import lock_chain
from storage.tables import setting
from storage.transaction import Transaction

NAME: Final = "signing"


def keys(connection: Connection) -> list[dict[str, Any]]:
    """`{public, sealed, at}`, oldest first; `sealed` is the seed, closed with the installation's secret keys."""
    found = connection.execute(select(setting.c.value).where(setting.c.name == NAME)).scalar()
    return list(found or [])


def add_key(tx: Transaction, public: str, sealed: str, known: int) -> None:
    """Add a key behind the `known` others; nothing happens when another process was faster."""
    lock_chain(tx)
    rows = keys(tx.connection)
    if len(rows) == known:
        store_keys(tx, [*rows, {"public": public, "sealed": sealed, "at": tx.now}])


def store_keys(tx: Transaction, rows: list[dict[str, Any]]) -> None:
    """Keep the list as it is now."""
    statement = setting.update().where(setting.c.name == NAME).values(value=rows, updated_at=tx.now)
    if not tx.connection.execute(statement).rowcount:
        tx.connection.execute(setting.insert().values(name=NAME, value=rows, updated_at=tx.now))
