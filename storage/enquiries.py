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
    """Leads made since a moment, newest first: (id, number, title, created_at, queue_id)."""
    return list(
        connection.execute(
            text("SELECT id, number, title, created_at, queue_id, owner_id FROM deal WHERE created_at >= :at AND demo = 0"
                 " ORDER BY created_at DESC, id LIMIT :limit"),
            {"at": at, "limit": limit},
        )
    )  # fmt: skip
