"""One look a second serves all who wait: what is newly due rings at once, what stays due now and then."""

from __future__ import annotations

import asyncio

from gateway.holding import hold, rest
from gateway.pulse import SELDOM, Heart
from routing.times import SECOND
from storage.pulse import Pulse
from tests.gateway.town import Town


async def _rung(heart: Heart, *looks: Pulse) -> list[list[str]]:
    return [sorted(heart.bells(found)) for found in looks]


async def test_what_stays_due_rings_now_and_then_and_at_once_when_it_is_due_anew(town: Town) -> None:
    heart = Heart(town.gateway)
    due, calm = Pulse(7, frozenset({"leads"})), Pulse(7, frozenset())
    heart.bells(calm)
    assert await _rung(heart, due, *[due] * SELDOM) == [["leads"], *[[]] * (SELDOM - 1), ["leads"]]
    assert await _rung(heart, calm, due, due) == [[], ["leads"], []]


async def test_a_log_that_grew_elsewhere_wakes_whoever_tells_it(town: Town) -> None:
    heart = Heart(town.gateway)
    heart.bells(Pulse(7, frozenset()))
    assert await _rung(heart, Pulse(7, frozenset()), Pulse(8, frozenset())) == [[], ["live"]]


async def test_a_look_rings_the_bells_of_what_is_due(town: Town) -> None:
    with town.gateway.bells.listening("live") as bell:
        await Heart(town.gateway).beat()
        assert bell.rung()


async def test_who_waits_long_keeps_the_lease_meanwhile(town: Town) -> None:
    seconds = 0.6
    held = await hold(town.gateway, None, "waiting", seconds)
    assert held is not None
    with town.gateway.bells.listening("never") as bell:
        kept = await rest(town.gateway, held, "waiting", seconds, bell, 2 * seconds)
    assert kept is not None and kept.token == held.token
    assert kept.until > held.until + seconds * SECOND / 2


async def test_a_ring_ends_the_wait(town: Town) -> None:
    with town.gateway.bells.listening("sooner") as bell:
        waiting = asyncio.create_task(rest(town.gateway, None, "waiting", 9, bell, 600))
        await asyncio.sleep(0)
        town.gateway.bells.ring(["sooner"])
        assert await asyncio.wait_for(waiting, 10) is None
