"""Who is thanked by mail for an enquiry, and how often may that be?

Anybody may type a stranger's address into a form: a person gets one letter a day from a source, a source sends so many an
hour, and nothing of what was typed is in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson
from sqlalchemy import Connection, text

from routing.times import DAY, HOUR
from storage import batch
from storage.board import Confirmed
from storage.ids import new_id
from storage.outbox import Part, Place, store_parts
from storage.search import stems
from storage.tables import confirmation, conversation, message
from storage.transaction import Transaction

AN_HOUR: Final = 60
SOON: Final = 3 * HOUR
SOON_MOST: Final = 2
"""From all sources together one address gets no more within three hours, however many forms somebody fills in for it."""
ALL_AN_HOUR: Final = 100
NOBODY: Final = (
    "noreply@",
    "no-reply@",
    "donotreply@",
    "do-not-reply@",
    "mailer-daemon@",
    "postmaster@",
    "bounce",
)
"""Addresses that only machines read."""


def thank(tx: Transaction, letters: Iterable[Confirmed]) -> int:
    """Put letters into the outbox, as far as the limits let; how many."""
    return sum(_thank(tx, letter) for letter in letters)


def _thank(tx: Transaction, letter: Confirmed) -> bool:
    if (
        not letter.by_source
        or letter.address.lower().startswith(NOBODY)
        or not _may(tx.connection, letter, tx.now)
    ):
        return False
    batch.delete(tx.connection, confirmation, ("source_id", "address"), [(letter.source_id, letter.address)])
    columns = ("source_id", "address", "at")
    batch.insert(tx.connection, confirmation, columns, [(letter.source_id, letter.address, tx.now)])
    thread = _begin(tx, letter)
    _say(tx, letter, thread)
    return True


def _may(connection: Connection, letter: Confirmed, now: int) -> bool:
    """Not thanked today, an address that works, and the source has not sent too many."""
    row = connection.execute(
        text(
            "SELECT (SELECT max(at) FROM confirmation WHERE source_id = :source AND address = :address) AS last,"
            " (SELECT count(*) FROM confirmation WHERE source_id = :source AND at > :hour) AS sent,"
            " (SELECT count(*) FROM source s JOIN confirmation c ON c.source_id = s.id AND c.address = :address"
            " AND c.at > :soon) AS lately,"
            " (SELECT count(*) FROM source s JOIN confirmation c ON c.source_id = s.id AND c.at > :hour) AS all_sent,"
            " (SELECT max(a.unreachable) FROM address a WHERE a.source_id = :by AND a.identity_id = :identity) AS dead"
        ),
        {
            "source": letter.source_id, "address": letter.address, "hour": now - HOUR, "soon": now - SOON, "by": letter.by_source,
            "identity": letter.identity_id,
        },
    ).one()  # fmt: skip
    few = row.sent < AN_HOUR and row.lately < SOON_MOST and row.all_sent < ALL_AN_HOUR
    return (row.last or 0) <= now - DAY and few and not row.dead


def _begin(tx: Transaction, letter: Confirmed) -> str:
    """The conversation in which the person may answer."""
    made = new_id(tx.now)
    row: dict[str, Any] = {
        "id": made, "source_id": letter.by_source, "thread": f"new:{made}", "contact_id": letter.contact_id,
        "identity_id": letter.identity_id, "nature": "client", "state": "waiting", "subject": letter.subject,
        "deal_id": letter.deal_id, "attribution": {}, "demo": letter.demo, "last_message_id": letter.id,
        "last_at": tx.now, "last_text": " ".join(letter.text.split())[:200], "last_kind": "text",
        "last_author": "robot", "last_state": "queued", "created_at": tx.now, "updated_at": tx.now,
    }  # fmt: skip
    batch.insert(tx.connection, conversation, tuple(row), [tuple(row.values())])
    tx.changed("conversation", made, letter.contact_id)
    return made


def _say(tx: Transaction, letter: Confirmed, thread: str) -> None:
    row: dict[str, Any] = {
        "id": letter.id, "conversation_id": thread, "contact_id": letter.contact_id, "source_id": letter.by_source,
        "deal_id": letter.deal_id, "kind": "text", "direction": "out", "author_kind": "robot", "author_name": "",
        "purpose": "service", "nature": "client", "text": letter.text, "content": {"subject": letter.subject},
        "at": tx.now, "seq": 0, "received_at": tx.now, "state": "queued", "stems": stems(letter.text),
    }  # fmt: skip
    batch.insert(tx.connection, message, tuple(row), [tuple(row.values())])
    place = Place(letter.id, thread, letter.by_source, "queued", tx.now, tx.now)
    store_parts(tx, place, [Part(text=letter.text, automatic=True)], [letter.echo])
    tx.changed("message", letter.id, letter.contact_id)


def fill_contacts(tx: Transaction, told: Iterable[tuple[str, dict[str, str]]]) -> None:
    """Fill what is empty on these cards; nothing is overwritten by what somebody typed."""
    for contact_id, fields in told:
        stored = tx.connection.execute(
            text("SELECT fields FROM contact WHERE id = :id"), {"id": contact_id}
        ).scalar()
        known = orjson.loads(stored or "{}")
        fresh = {name: value for name, value in fields.items() if not known.get(name)}
        if fresh:
            tx.connection.execute(
                text("UPDATE contact SET fields = :fields, updated_at = :now WHERE id = :id"),
                {"fields": orjson.dumps({**known, **fresh}).decode(), "now": tx.now, "id": contact_id},
            )
            tx.changed("contact", contact_id, contact_id)
