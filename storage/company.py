"""How does the company work, and how is the installation reached?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from storage import setup
from storage.tables import setting
from storage.transaction import Transaction


def company(connection: Connection) -> dict[str, Any]:
    """The company's settings; {} before the first start."""
    return setup.company(connection)


def hold_company(tx: Transaction) -> None:
    """Nobody else changes the company's settings, or which plan holds, before this transaction ends."""
    tx.connection.execute(text(f"SELECT name FROM setting WHERE name = 'company'{tx.for_update}")).all()


def change_company(tx: Transaction, /, **values: Any) -> dict[str, Any]:
    """Change some of them; all of them as they are then."""
    hold_company(tx)
    merged = {**setup.company(tx.connection), **values}
    statement = setting.update().where(setting.c.name == "company").values(value=merged, updated_at=tx.now)
    if not tx.connection.execute(statement).rowcount:
        tx.connection.execute(setting.insert().values(name="company", value=merged, updated_at=tx.now))
    tx.changed("company", "company")
    tx.ring("company", "router", "sources", "timers")
    return merged


def progress(connection: Connection) -> dict[str, int]:
    """How far a new installation has come: people, sources, sources that had a message, messages."""
    row = connection.execute(
        text(
            "SELECT (SELECT count(*) FROM member WHERE active = 1) AS people,"
            " (SELECT count(*) FROM source WHERE state NOT IN ('disconnected')) AS sources,"
            " (SELECT count(*) FROM source WHERE verified_at IS NOT NULL) AS verified,"
            " (SELECT count(*) FROM deal WHERE owner_id IS NOT NULL) AS owned"
        )
    ).one()
    return {"people": row.people, "sources": row.sources, "verified": row.verified, "owned": row.owned}
