"""Are these working hours possible?"""

from __future__ import annotations

from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.refusals import Refusal
from routing.schedule import Schedule


def must_be_possible(record: dict[str, Any], field: str) -> None:
    """Raise Refusal bad_request, naming the field, for a zone, a date or an interval that there is not."""
    try:
        ZoneInfo(record.get("zone") or "UTC")
        Schedule.from_json(cast(Any, record))
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
        raise Refusal("bad_request", 422, field=field, problem=str(error)[:200]) from None
