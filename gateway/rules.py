"""Which policies hold now? Read from settings and sources, kept for a few seconds, renewed at a bell."""

from __future__ import annotations

from collections.abc import Mapping

import channels
from gateway.context import Gateway
from gateway.opening.house import House, SourceRules
from gateway.sources import Live
from routing.conversations import Answering
from routing.times import SECOND
from storage import setup as setup_rows

LETTERS = "email"
"""The kind of identity that letters go to."""
NO_STAGES: Mapping[str, str] = {}
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


async def answering_of(gateway: Gateway) -> Answering:
    """How soon each source answers."""
    targets = {live.row.id: (live.target, live.next_target) for live in gateway.sources.all()}
    return Answering(targets=targets, schedule=(await setup_of(gateway)).schedule)


def look_anew(gateway: Gateway) -> None:
    """The set-up has just changed here; other processes see it within five seconds."""
    _kept.pop(id(gateway.database), None)


async def house_of(gateway: Gateway) -> House:
    """The installation as a batch sees it."""
    setup = await setup_of(gateway)
    thanks = next((live for live in gateway.sources.all() if _writes_letters(live)), None)
    return House(
        sources={live.row.id: rules_of(live, thanks, setup.lead_stages) for live in gateway.sources.all()},
        mute=frozenset(live.row.id for live in gateway.sources.all() if not live.channel.can().reply),
        schedule=setup.schedule,
        lead_stage_id=setup.lead_stage_id,
        pipeline_id=setup.pipeline_id,
    )


def _writes_letters(live: Live) -> bool:
    """Whether letters of thanks can go out by it: it may write first, to mail addresses."""
    can = live.channel.can()
    carries = LETTERS in channels.about(live.row.channel).kinds
    return can.reply and can.first and carries and live.row.state == "active"


def rules_of(live: Live, thanks: Live | None = None, stages: Mapping[str, str] = NO_STAGES) -> SourceRules:
    """What holds for one source; `thanks` sends letters of thanks for its enquiries, `stages` are where pipelines begin."""
    can = live.channel.can()
    begins = stages.get(live.row.pipeline_id or "")
    return SourceRules(
        id=live.row.id,
        name=live.row.name,
        window=live.window,
        lent=live.lent,
        attach=live.attach,
        target=live.target,
        next_target=live.next_target,
        queue_id=live.row.queue_id,
        operator_first=live.row.first_answer == "operator",
        answers=can.reply or bool(can.answered_by),
        demo=live.row.demo,
        staff=bool(live.row.staff),
        pipeline=(live.row.pipeline_id, begins) if live.row.pipeline_id and begins else None,
        confirms_by=thanks.row.id if thanks is not None else "",
        confirms_to=LETTERS,
        confirms_echo=thanks.channel.echo_key if thanks is not None else str,
    )
