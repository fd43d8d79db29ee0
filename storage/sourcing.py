"""What do the sources bring?"""

from __future__ import annotations

from sqlalchemy import Connection, text

from routing.times import DAY


def leads_lately(connection: Connection, now: int) -> dict[str, int]:
    """How many enquiries each source brought in the last thirty days."""
    rows = connection.execute(
        text("SELECT source_id, count(*) AS n FROM touch WHERE at >= :since GROUP BY source_id"),
        {"since": now - 30 * DAY},
    )
    return {row.source_id: row.n for row in rows}
