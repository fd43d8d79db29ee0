"""What do the figures say? Calls, for whoever leads the people who take them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Final

from pydantic import Field

from gateway.api import build, shapes
from gateway.api.layer import Call, Query, route
from gateway.refusals import Refusal
from gateway.rules import setup_of
from routing.calls import CALL_BACK_WITHIN
from routing.schedule import Schedule, working_between
from routing.times import DAY, SECOND
from storage import call_report, team
from storage.call_report import CallBack, Figures

NEEDS: Final = "queue.edit"
"""Who leads a queue sees how it does."""
LONGEST: Final = 93 * DAY


class Period(Query):
    since: int = Field(ge=0)
    until: int = Field(ge=0)


@route("GET", "/reports/calls", answer=shapes.CallReport, query=Period, needs=NEEDS)
async def report_calls(call: Call, query: Period) -> shapes.CallReport:
    """Calls of a period by person and by line, and how fast missed ones were called back: of those one leads."""
    if not 0 < query.until - query.since <= LONGEST:
        raise Refusal("bad_request", 422, field="until")
    read, reach = call.gateway.database.read, call.account.reach(call.needs)
    report = await read(call_report.count, query.since, query.until, reach)
    owed = await read(call_report.call_backs, query.since, query.until, reach)
    names = {row.id: row.name for row in await read(team.members)}
    schedule = (await setup_of(call.gateway)).schedule
    return {
        "since": query.since, "until": query.until, "total": _figures(report.total),
        "members": [
            {"member": {"id": ref, "name": names.get(ref, "")}, **_figures(figures)}
            for ref, figures in sorted(report.members.items(), key=lambda one: (-one[1].missed, -one[1].incoming, one[0]))
        ],
        "lines": [
            {"source": build.source_ref(call.gateway, source), "line": line, **_figures(figures)}
            for (source, line), figures in sorted(report.lines.items(), key=lambda one: (-one[1].incoming, one[0]))
        ],
        "hidden": report.hidden, "repaired": report.repaired, "unclear": report.unclear,
        "call_backs": _reaction(owed, schedule),
    }  # fmt: skip


def _figures(figures: Figures) -> shapes.CallFigures:
    return {
        "incoming": figures.incoming, "answered": figures.answered, "missed": figures.missed,
        "outgoing": figures.outgoing, "reached": figures.reached,
    }  # fmt: skip


def _reaction(owed: Sequence[CallBack], schedule: Schedule) -> shapes.CallBacks:
    """How long clients waited for the first try, by the clock and in working time."""
    tried = [(one.since, one.tried) for one in owed if one.tried is not None]
    raw = [at - since for since, at in tried]
    working = [working_between(schedule, since, at) for since, at in tried]
    return {
        "owed": len(owed), "tried": len(tried), "open": sum(one.done is None for one in owed),
        "in_time": sum(took <= CALL_BACK_WITHIN for took in working),
        "median_seconds": _middle(raw), "median_working_seconds": _middle(working),
    }  # fmt: skip


def _middle(took: Sequence[int]) -> int | None:
    return round(statistics.median(took) / SECOND) if took else None
