"""What did a person agree to, when, and what proves it?"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, text

MOST: Final = 1000


def of_contact(connection: Connection, contact_id: str) -> list[Row[Any]]:
    """A contact's consents with where each was given and its place in the signed journal, newest first."""
    return list(
        connection.execute(
            text(
                "SELECT c.id, c.purpose, c.text, c.version, c.at, c.proof, c.message_id, m.conversation_id, m.source_id,"
                " s.name AS source_name, m.envelope_id FROM consent c LEFT JOIN message m ON m.id = c.message_id"
                " LEFT JOIN source s ON s.id = m.source_id WHERE c.contact_id = :contact"
                " ORDER BY c.at DESC, c.id DESC LIMIT :most"
            ),
            {"contact": contact_id, "most": MOST},
        )
    )
