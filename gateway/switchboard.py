"""Which calls need a look though nothing more was told?

One switchboard an installation, by lease. Calls settle some seconds after their last leg; what never ends is given up; a
command that no call follows is told to who pressed it; a client whom nobody called back is told up the ladder, and may be
told that we will call; and the providers' histories are asked for calls whose events never came.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import structlog

from channels.errors import ChannelError
from gateway.context import Gateway
from gateway.holding import hold, rest
from gateway.metrics import REPAIRED
from gateway.opening.calls import look_again
from gateway.opening.house import House
from gateway.opening.wanted import CALL
from gateway.pulse import REST
from gateway.replies import target_for
from gateway.rules import house_of, setup_of
from gateway.sources import Live
from gateway.webhooks import make_entry
from routing.calls import CALL_BACK_WITHIN, asks_first
from routing.schedule import Schedule, add_working
from routing.times import DAY, HOUR, MINUTE, SECOND, Micros
from storage import apologies, calls, journal, recordings
from storage.errors import LeaseLost, Unavailable
from storage.facts import Wanted, load
from storage.flush import flush
from storage.leases import Lease, check, release
from storage.replying import Target
from storage.transaction import Transaction

log = structlog.get_logger(__name__)
NAME = "calls"
LEASE = 12.0
LOOK = 5.0
AT_ONCE: Final = 200
NO_CALL_AFTER: Final = 60 * SECOND
REPAIR_EVERY, REPAIR_BACK = 5 * MINUTE, 30 * MINUTE
NIGHTLY_EVERY, NIGHTLY_BACK = 12 * HOUR, 2 * DAY
FRESH: Final = 2 * MINUTE
"""What is younger may still be on its way to us: no history is asked for it."""
RETAIN_EVERY: Final = HOUR
MISSED_REPLY: Final = "missed_reply"
"""A source's setting: what a client is told whose call was missed."""
LONGEST_REPLY: Final = 1000


class Switchboard:
    """Stands by until it holds the lease, then looks after calls."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._held: Lease | None = None
        self._asked: dict[str, Micros] = {}
        self._asked_far: dict[str, Micros] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self._retained_at: Micros = 0

    async def run(self) -> None:
        """Look after calls until cancelled; then let another process go on at once."""
        try:
            with self._gateway.bells.listening("calls", "leases") as bell:
                while True:
                    wait = await self._round()
                    self._held = await rest(self._gateway, self._held, NAME, LEASE, bell, wait)
        finally:
            for task in self._asking:
                task.cancel()
            await asyncio.gather(*self._asking, return_exceptions=True)
            if self._held is not None:
                await self._gateway.database.write(release, [self._held])

    async def _round(self) -> float:
        """One look; how many seconds until the next."""
        try:
            if not await self._hold():
                return LOOK
            await self._settle()
            await self._gateway.database.write(calls.give_up, NO_CALL_AFTER)
            await self._raise_overdue()
            await self._apologise()
            self._repair()
            await self._retain()
            at = await self._gateway.database.read(calls.next_look)
            longest = LOOK if any(missed_reply(live) for live in self._gateway.sources.all()) else REST
            return longest if at is None else min(longest, max(0.05, (at - self._gateway.now()) / SECOND))
        except (Unavailable, LeaseLost):
            self._held = None
            return 1.0
        except Exception:
            log.exception("calls not looked after")
            return LOOK

    async def _hold(self) -> bool:
        self._held = await hold(self._gateway, self._held, NAME, LEASE)
        return self._held is not None

    async def _settle(self) -> None:
        due = await self._gateway.database.read(calls.due, self._gateway.now(), AT_ONCE)
        if due and self._held is not None:
            await self._settle_all(await house_of(self._gateway), due, self._held)

    async def _settle_all(self, house: House, due: Sequence[tuple[str, str]], held: Lease) -> None:
        """One call that cannot be looked at holds up no other: it is looked at again later."""
        database = self._gateway.database
        try:
            await database.write(settle, house, due, [held])
        except (Unavailable, LeaseLost):
            raise
        except Exception:
            if len(due) == 1:
                log.exception("call not settled", source=due[0][0], call=due[0][1])
                await database.write(calls.look_later, *due[0], self._gateway.now() + REPAIR_EVERY)
                return
            middle = len(due) // 2
            await self._settle_all(house, due[:middle], held)
            await self._settle_all(house, due[middle:], held)

    async def _raise_overdue(self) -> None:
        """Nobody tried: the owner's head, the deputy, the administrators, fifteen working minutes each."""
        database, now = self._gateway.database, self._gateway.now()
        rows = await database.read(calls.overdue, now)
        if not rows:
            return
        schedule = (await setup_of(self._gateway)).schedule
        admins = tuple(await database.read(calls.admins))
        for row in rows:
            step = step_of(schedule, row.due_at, now)
            if step > row.raised:
                rungs = ((row.owner_id, row.head_id), (row.deputy_id, row.head_id), admins)
                told = [one for one in rungs[step - 1] if one] or admins
                await database.write(calls.raised, row.id, step, list(dict.fromkeys(told)))

    async def _apologise(self) -> None:
        """Tell clients whose calls were missed that we call back: where a window is open, in decent hours, once."""
        gateway = self._gateway
        asked = {live.row.id: words for live in gateway.sources.all() if (words := missed_reply(live))}
        if not asked or asks_first((await setup_of(gateway)).schedule.zone, gateway.now()):
            return
        for source_id, words in asked.items():
            for task in await gateway.database.read(apologies.owed, source_id, gateway.now()):
                await gateway.database.write(apologies.tell, task, words, windows_of(gateway))

    def _repair(self) -> None:
        """Ask the histories whose turn it is, one question a source at a time, apart from everything else."""
        now = self._gateway.now()
        for live in self._gateway.sources.all():
            if not live.receiving or not live.channel.can().history or not live.channel.can().call:
                continue
            back = 0
            if now - self._asked_far.get(live.row.id, 0) >= NIGHTLY_EVERY:
                back = NIGHTLY_BACK
                self._asked_far[live.row.id] = now
            elif now - self._asked.get(live.row.id, 0) >= REPAIR_EVERY:
                back = REPAIR_BACK
            if back:
                self._asked[live.row.id] = now
                task = asyncio.create_task(self._ask(live, back))
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)

    async def _ask(self, live: Live, back: Micros) -> None:
        try:
            count = await repair(self._gateway, live, self._gateway.now() - back, self._gateway.now() - FRESH)
        except (ChannelError, Unavailable, OSError) as error:
            log.info(
                "history not read", source=live.row.id, error=getattr(error, "code", type(error).__name__)
            )
        except Exception:
            log.exception("history not understood", source=live.row.id)
        else:
            REPAIRED.labels(live.row.id).inc(count)

    async def _retain(self) -> None:
        """Recordings that were kept long enough, once an hour."""
        now = self._gateway.now()
        if now - self._retained_at < RETAIN_EVERY:
            return
        self._retained_at = now
        for live in self._gateway.sources.all():
            days = live.row.settings.get("recording_days", "")
            if days.isdigit() and int(days) > 0:
                free = await self._gateway.database.write(
                    recordings.forget, live.row.id, now - int(days) * DAY
                )
                for digest in free:
                    await asyncio.to_thread(self._gateway.files.path(digest).unlink, missing_ok=True)


def missed_reply(live: Live) -> str:
    """What the clients of a source are told when their call was missed; "" is nothing."""
    return live.row.settings.get(MISSED_REPLY, "").strip()[:LONGEST_REPLY] if live.receiving else ""


def windows_of(gateway: Gateway) -> dict[str, Target]:
    """The sources that have windows: a client who may be written to there wrote a short while ago."""
    return {
        live.row.id: target_for(gateway, live.row.id)
        for live in gateway.sources.all()
        if live.row.state == "active" and live.channel.can().reply and live.channel.can().window is not None
    }


def step_of(schedule: Schedule, due_at: Micros, now: Micros) -> int:
    """How far up the ladder an overdue call back is: 1 at once, 2 and 3 after fifteen working minutes each."""
    at, step = due_at, 0
    while step < 3 and at <= now:
        step += 1
        later = add_working(schedule, at, CALL_BACK_WITHIN)
        if later is None:
            break
        at = later
    return step


def settle(
    tx: Transaction, house: House, due: Sequence[tuple[str, str]], leases: Sequence[Lease]
) -> Counter[str]:
    """Look at calls again; how many came to which state."""
    check(tx, leases)
    wanted = Wanted()
    for source_id, call in due:
        wanted.sources.add(source_id)
        wanted.calls.add((source_id, call))
        wanted.externals.add((source_id, CALL + call))
    board = load(tx, wanted)
    for source_id, call in due:
        rules = house.sources.get(source_id)
        if rules is not None:
            look_again(board, house, rules, call, tx.now)
        elif (known := board.calls.get((source_id, call))) is not None and known.facts:
            calls.let_go(tx, source_id, call)
    flush(tx, board, (house.pipeline_id, house.lead_stage_id))
    return Counter(known.row["state"] for known in board.calls.values() if known.row is not None)


async def repair(gateway: Gateway, live: Live, since: Micros, until: Micros) -> int:
    """Keep what the provider's history tells of a span; how many rows were new. Their facts are worked on as any other's."""
    entries = []
    async for polled in live.channel.history(since, until):
        envelope = replace(polled.envelope, received_at=gateway.now())
        entries.append(
            await make_entry(gateway.files, live.row.id, polled.lane, polled.key, envelope, polled.number)
        )
    if not entries:
        return 0
    ids = await gateway.database.write(journal.append, entries)
    return sum(one is not None for one in ids)
