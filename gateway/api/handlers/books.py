"""Was anything lost? The certificates, and one written on demand."""

from __future__ import annotations

from typing import Any, cast

from pydantic import Field

from gateway.api import shapes
from gateway.api.layer import Call, Query, route
from gateway.certificate import certify
from gateway.refusals import Refusal
from storage import certificates
from storage.certificates import Certificate

READ, WRITE = "source.read", "source.replay"


class Page(Query):
    limit: int = Field(default=30, ge=1, le=100)
    cursor: str | None = Field(default=None, pattern=r"^[0-9]{1,17}$")


@route("GET", "/certificates", answer=shapes.Certificates, query=Page, needs=READ)
async def list_certificates(call: Call, query: Page) -> shapes.Certificates:
    """Certificates, newest first."""
    before = int(query.cursor) if query.cursor is not None else None
    rows = await call.gateway.database.read(certificates.newest, query.limit + 1, before)
    kept = rows[: query.limit]
    return {
        "items": [_shape(row) for row in kept],
        "next": str(kept[-1].at) if len(rows) > query.limit else None,
    }


@route("GET", "/certificates/{id}", answer=shapes.Certificate, needs=READ)
async def one_certificate(call: Call) -> shapes.Certificate:
    """One certificate."""
    row = await call.gateway.database.read(certificates.find, call.path("id"))
    if row is None:
        raise Refusal("not_found", 404)
    return _shape(row)


@route("POST", "/certificates", answer=shapes.Certificate, needs=WRITE, status=201)
async def write_certificate(call: Call) -> shapes.Certificate:
    """A certificate of this moment. Bodies read for an earlier one are not read again; `inbox certificate` does."""
    return _shape(await certify(call.gateway, call.me, bodies=False))


def _shape(row: Certificate) -> shapes.Certificate:
    return {
        "id": row.id, "at": row.at, "nothing_lost": row.balanced, "member_id": row.member_id,
        "document": cast(Any, row.document), "signature": row.signature, "public_key": row.public_key,
    }  # fmt: skip
