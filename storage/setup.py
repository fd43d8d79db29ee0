"""How is the installation set up, as far as every batch needs it?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection, select

from routing.codes import MismatchPolicy
from routing.schedule import ALWAYS, Schedule
from storage.tables import pipeline, setting, stage


@dataclass(frozen=True, slots=True)
class Setup:
    """Company hours, and where new leads begin."""

    schedule: Schedule
    pipeline_id: str
    lead_stage_id: str
    lead_stages: dict[str, str]
    """Pipeline -> its first stage."""
    mismatch: MismatchPolicy = "ask"
    """What becomes of a client whose responsible owns none of their open deals."""


def setup(connection: Connection) -> Setup:
    """The present set-up; an installation before its first start has no stages."""
    row = connection.execute(
        select(pipeline.c.id, stage.c.id)
        .join(stage, stage.c.pipeline_id == pipeline.c.id)
        .where(stage.c.kind == "lead")
        .order_by(pipeline.c.position, stage.c.position)
        .limit(1)
    ).first()
    pipeline_id, stage_id = row if row is not None else ("", "")
    settings = company(connection)
    policy: MismatchPolicy = settings.get("mismatch") or "ask"
    return Setup(schedule_of(settings), pipeline_id, stage_id, pipelines(connection), policy)


def pipelines(connection: Connection) -> dict[str, str]:
    """Where a new lead begins in each pipeline: its first stage of kind `lead`."""
    rows = connection.execute(
        select(stage.c.pipeline_id, stage.c.id)
        .where(stage.c.kind == "lead")
        .order_by(stage.c.pipeline_id, stage.c.position.desc())
    )
    return {row.pipeline_id: row.id for row in rows}


def company(connection: Connection) -> dict[str, Any]:
    """The company's settings: name, timezone, hours, public_url; {} before the first start."""
    found = connection.execute(select(setting.c.value).where(setting.c.name == "company")).scalar()
    return found or {}


def schedule_of(settings: dict[str, Any]) -> Schedule:
    """Company hours; none given is always."""
    hours = settings.get("hours") or []
    if not any(hours):
        return ALWAYS
    days = settings.get("days") or {}
    return _schedule(
        orjson.dumps(
            {
                "zone": settings.get("timezone") or "Europe/Moscow", "week": hours,
                "dated": days.get("dated", {}), "holidays": days.get("off", []),
            }
        )
    )  # fmt: skip


@lru_cache(maxsize=16)
def _schedule(document: bytes) -> Schedule:
    """One object for the same hours, so that what it has worked out once is known the next time."""
    return Schedule.from_json(orjson.loads(document))


def public_url(connection: Connection) -> str:
    """The address by which the world reaches us, as set in the console; "" is none."""
    return str(company(connection).get("public_url") or "").rstrip("/")
