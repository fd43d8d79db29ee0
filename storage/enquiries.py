"""What does a routing rule see of a lead?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import Connection, Row, text

from routing.rules import Enquiry, History
from storage import batch

SEEN = 4000


def of_deals(connection: Connection, deal_ids: Sequence[str]) -> dict[str, Enquiry]:
    """deal -> what rules look at: its source, campaign, first words and form, the client's numbers and history."""
    rows = batch.select(
        connection,
        "SELECT d.id, d.source_id, d.repeat, d.contact_id, d.created_at, d.attribution, s.channel, s.queue_id,"
        " (SELECT count(*) FROM deal o WHERE o.contact_id = d.contact_id AND o.created_at < d.created_at) AS earlier"
        " FROM {wanted} JOIN deal d ON d.id = w.id LEFT JOIN source s ON s.id = d.source_id",
        {"id": list(deal_ids)},
    )
    said = _first_words(connection, deal_ids)
    phones = _phones(connection, sorted({row.contact_id for row in rows}))
    return {row.id: _enquiry(row, said.get(row.id), phones.get(row.contact_id, ())) for row in rows}


def _enquiry(row: Row[Any], said: Row[Any] | None, phones: Sequence[str]) -> Enquiry:
    history: History = "repeat" if row.repeat else "known" if row.earlier else "new"
    attribution = orjson.loads(row.attribution)
    found = Enquiry(
        channel=row.channel or "", source_id=row.source_id or "", campaign=str(attribution.get("campaign", "")),
        phones=tuple(phones), history=history, own_queue=row.queue_id or "",
    )  # fmt: skip
    if said is None:
        return found
    content = orjson.loads(said.content)
    fields: Mapping[str, str] = {
        str(one["label"]): str(one["value"]) for one in content.get("fields", ()) if "label" in one
    }
    subject = str(content.get("subject", ""))
    return replace(found, text=f"{subject}\n{said.text}"[:SEEN].strip(), fields=fields)


def _first_words(connection: Connection, deal_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """The first thing the client said on each deal."""
    rows = batch.select(
        connection,
        "SELECT w.id AS deal_id, m.text, m.content FROM {wanted} JOIN message m ON m.id = (SELECT x.id FROM message x"
        " WHERE x.deal_id = w.id AND x.direction = 'in' ORDER BY x.at, x.id LIMIT 1)",
        {"id": list(deal_ids)},
    )
    return {row.deal_id: row for row in rows}


def _phones(connection: Connection, contact_ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in batch.select(
        connection,
        "SELECT l.contact_id, i.value FROM {wanted} JOIN contact_identity l ON l.contact_id = w.id"
        " JOIN identity i ON i.id = l.identity_id AND i.kind = 'phone' ORDER BY l.created_at, i.id",
        {"id": list(contact_ids)},
    ):
        found.setdefault(row.contact_id, []).append(row.value)
    return found


def since(connection: Connection, at: int, limit: int = 5000) -> list[Row[Any]]:
    """Leads made since a moment, newest first: number, when, from which source, whose."""
    return list(
        connection.execute(
            text("SELECT d.id, d.number, d.created_at, d.source_id, s.name AS source, c.name AS contact FROM deal d"
                 " LEFT JOIN source s ON s.id = d.source_id LEFT JOIN contact c ON c.id = d.contact_id"
                 " WHERE d.created_at >= :at ORDER BY d.created_at DESC, d.id LIMIT :limit"),
            {"at": at, "limit": limit},
        )
    )  # fmt: skip


def managers_of(connection: Connection, deal_id: str) -> tuple[str, ...]:
    """The client's own: the contact's responsible, then the owner of their most recent other open deal."""
    row = connection.execute(
        text("SELECT c.responsible_id, (SELECT o.owner_id FROM deal o WHERE o.contact_id = d.contact_id AND o.id <> d.id"
             " AND o.open = 1 AND o.owner_id IS NOT NULL ORDER BY o.last_activity_at DESC, o.id DESC LIMIT 1) AS owner_id"
             " FROM deal d JOIN contact c ON c.id = d.contact_id WHERE d.id = :id"),
        {"id": deal_id},
    ).first()  # fmt: skip
    return () if row is None else tuple(dict.fromkeys(filter(None, (row.responsible_id, row.owner_id))))
