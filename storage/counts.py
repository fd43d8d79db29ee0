"""How are a contact's messages spread over its deals?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, text


def of_contact(connection: Connection, contact_id: str) -> list[Row[Any]]:
    """(deal_id, client, n): messages on each deal, and (`client` 0) those that belong to no deal by their nature."""
    return list(
        connection.execute(
            text(
                "SELECT deal_id, CASE WHEN deal_id IS NOT NULL OR nature = 'client' THEN 1 ELSE 0 END AS client,"
                " count(*) AS n FROM message WHERE contact_id = :id AND kind NOT IN ('note', 'system')"
                " GROUP BY 1, 2 ORDER BY 3 DESC"
            ),
            {"id": contact_id},
        )
    )
