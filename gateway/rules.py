"""Which policies hold now? Read from settings and sources, kept for a few seconds, renewed at a bell."""

from __future__ import annotations

from gateway.context import Gateway
from gateway.opening.house import House, SourceRules
from gateway.sources import Live
from routing.times import MINUTE, SECOND
from storage import setup as setup_rows

FRESH = 5 * SECOND
_kept: dict[int, tuple[int, setup_rows.Setup]] = {}


async def setup_of(gateway: Gateway) -> setup_rows.Setup:
    """Company hours, the pipeline's first stage and the like."""
    kept = _kept.get(id(gateway.database))
    if kept is not None and gateway.now() - kept[0] < FRESH:
        return kept[1]
    setup = await gateway.database.read(setup_rows.setup)
    _kept[id(gateway.database)] = (gateway.now(), setup)
    return setup


async def house_of(gateway: Gateway) -> House:
    """The installation as a batch sees it."""
    setup = await setup_of(gateway)
    return House(
        sources={live.row.id: rules_of(live) for live in gateway.sources.all()},
        schedule=setup.schedule,
        lead_stage_id=setup.lead_stage_id,
        pipeline_id=setup.pipeline_id,
    )


def rules_of(live: Live) -> SourceRules:
    """What holds for one source."""
    can = live.channel.can()
    return SourceRules(
        id=live.row.id,
        name=live.row.name,
        window=live.window,
        attach=live.attach,
        target=can.answer_minutes * MINUTE,
        queue_id=live.row.queue_id,
        operator_first=live.row.first_answer == "operator",
        answers=can.reply or bool(can.answered_by),
        demo=live.row.demo,
    )
