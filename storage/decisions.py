"""How is the record of a decision kept and read back? A long list of candidates that many decisions share is stored once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from routing.decision import Candidate
from routing.values import value
from storage import batch
from storage.tables import candidates

LONG: Final = 500
"""Bytes from which a list is stored apart."""
RECORD: Final = "d.record, s.list FROM decision d LEFT JOIN candidates s ON s.id = d.candidates_id"
"""What `record_of` needs of a row, for a SELECT's end."""


@value(frozen=True, slots=True)
class Listed:
    """Candidates as JSON. `id` is "" for a list that stays inside its record."""

    json: bytes
    id: str

    def inside(self) -> orjson.Fragment:
        """What the record itself holds."""
        return orjson.Fragment(b"[]" if self.id else self.json)


def listed(found: Iterable[Candidate]) -> Listed:
    """Candidates, ready to be stored with any number of decisions."""
    json = orjson.dumps([one.to_json() for one in found])
    return Listed(json, hashlib.sha256(json).hexdigest()[:32] if len(json) >= LONG else "")


def keep_lists(connection: Connection, found: Iterable[Listed]) -> None:
    """Store the lists that are not there yet."""
    rows = {one.id: one.json.decode() for one in found if one.id}
    batch.insert(connection, candidates, ("id", "list"), sorted(rows.items()), ignore=True)


def record_of(row: Sequence[Any]) -> dict[str, Any]:
    """The whole record, of a row of (record, shared list)."""
    record: dict[str, Any] = orjson.loads(row[0])
    return {**record, "candidates": orjson.loads(row[1])} if row[1] is not None else record
