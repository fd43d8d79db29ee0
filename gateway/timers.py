"""What happens because time has passed, without anybody doing anything?

One keeper of the clock an installation, by lease. Automatic acts fire, reminders ring, late answers and tasks are told,
snoozes end, evenings give tasks, who went away is on a break, and closed hours are answered. What fires looks again
whether its reason still holds, in the transaction that does it. So do answers that people wrote for later.
"""

from __future__ import annotations

import datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from gateway import calendar, scheduling
from gateway.context import Gateway
from gateway.holding import hold, rest
from gateway.pulse import REST
from gateway.refusals import Refusal
from gateway.replies import target_for
from gateway.rules import setup_of
from gateway.settling import Settling
from gateway.sources import Live
from routing.codes import MismatchPolicy
from routing.schedule import Schedule, closed_since, next_opening
from routing.times import DAY, MINUTE, SECOND
from storage import absence, attention, closed_hours, duties, firings, once, scheduled
from storage import company as company_rows
from storage.errors import LeaseLost, Unavailable
from storage.leases import Lease, check, release
from storage.replying import Target
from storage.transaction import Transaction

log = structlog.get_logger(__name__)
NAME: Final = "timers"
LEASE: Final = 12.0
LOOK: Final = 4.0
SELDOM: Final = MINUTE
"""Between two looks at what may wait so long."""
KEEP: Final = 90 * DAY
PAUSE: Final = 3 * SECOND
"""An automatic reply waits so long, for more words may follow."""
ROBOTS_PART: Final = 3
"""Where only so many may leave in a day, automatic replies get a third: the rest is people's."""


class Timers:
    """Stands by until it holds the lease, then keeps the time."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._held: Lease | None = None
        self._looked_at = 0
        self._settling = Settling(gateway)

    async def run(self) -> None:
        """Keep the time until cancelled; then let another process go on at once."""
        try:
            with self._gateway.bells.listening("timers", "leases") as bell:
                while True:
                    wait = await self._round()
                    self._held = await rest(self._gateway, self._held, NAME, LEASE, bell, wait)
        finally:
            if self._held is not None:
                await self._gateway.database.write(release, [self._held])

    async def _round(self) -> float:
        """One look; how many seconds until the next."""
        try:
            if not await self._hold():
                return LOOK
            assert self._held is not None
            gateway, held = self._gateway, self._held
            setup = await setup_of(gateway)
            company = setup.schedule
            targets = {live.row.id: live.target for live in gateway.sources.all()}
            seldom = gateway.now() - self._looked_at >= SELDOM
            await gateway.database.write(look, held, company, targets, seldom)
            if seldom:
                self._looked_at = gateway.now()
                await self._renew_days()
            await self._fire(company)
            await self._settling.look(setup.mismatch)
            await scheduling.fire_due(gateway)
            await self._answer_closed_hours(company)
            return await self._until_next(setup.mismatch)
        except (Unavailable, LeaseLost):
            self._held = None
            return 1.0
        except Exception:
            log.exception("the time was not kept")
            return LOOK

    async def _until_next(self, policy: MismatchPolicy) -> float:
        """Seconds until something is due. Whom closed hours are to be told of, and what is to be settled, only a look tells."""
        now = self._gateway.now()
        database = self._gateway.database
        soonest = (await database.read(firings.next_at), await database.read(scheduled.next_at))
        looks = policy != "ask" or any(live.closed_reply for live in self._gateway.sources.all())
        longest = LOOK if looks else REST
        return min([longest, *(max(0.05, (at - now) / SECOND) for at in soonest if at is not None)])

    async def _hold(self) -> bool:
        self._held = await hold(self._gateway, self._held, NAME, LEASE)
        return self._held is not None

    async def _renew_days(self) -> None:
        """The production calendar, when a year has begun."""
        database = self._gateway.database
        stored = await database.read(company_rows.company)
        zone = ZoneInfo(stored.get("timezone") or "Europe/Moscow")
        year = datetime.datetime.fromtimestamp(self._gateway.now() // SECOND, zone).year
        days = calendar.renewed(stored, year)
        if days is not None:
            await database.write(company_rows.change_company, days=days)

    async def _fire(self, company: Schedule) -> None:
        """Automatic acts one by one, so that one that cannot be done holds up only itself."""
        database = self._gateway.database
        for row in await database.read(firings.due, self._gateway.now()):
            try:
                await database.write(firings.fire, row.id, self._target(row.source_id), company)
            except (Unavailable, LeaseLost):
                raise
            except Exception:
                log.exception("an automatic act failed", firing=row.id)
                await database.write(firings.give_up, row.id)

    def _target(self, source_id: str | None) -> Target | None:
        try:
            return target_for(self._gateway, source_id) if source_id else None
        except Refusal:
            return None

    async def _answer_closed_hours(self, company: Schedule) -> None:
        """Once a closed period each client who wrote is told when somebody will be there."""
        now = self._gateway.now()
        since = closed_since(company, now)
        if since is None:
            return
        opening = opening_words(company, now)
        for live in self._gateway.sources.all():
            if live.closed_reply and live.row.state == "active" and live.channel.can().reply:
                await self._answer_source(live, since, live.closed_reply.replace("{opening}", opening))

    async def _answer_source(self, live: Live, since: int, words: str) -> None:
        database, target = self._gateway.database, target_for(self._gateway, live.row.id)
        before, a_day = self._gateway.now() - PAUSE, live.channel.can().per_day
        most = a_day // ROBOTS_PART if a_day else None
        for ref in await database.read(closed_hours.unanswered, live.row.id, since, before, most):
            await database.write(closed_hours.answer, ref, since, words, target)


def opening_words(company: Schedule, now: int) -> str:
    """When the next working interval begins, as people write it: 30.11, 09:00."""
    at = next_opening(company, now)
    if at is None:
        return ""
    return datetime.datetime.fromtimestamp(at // SECOND, ZoneInfo(company.zone)).strftime("%d.%m, %H:%M")


def look(
    tx: Transaction, held: Lease, company: Schedule, targets: dict[str, int], seldom: bool
) -> None:  # fmt: skip
    """All that needs nothing but the rows. `seldom`: what may wait a minute, too."""
    check(tx, [held])
    absence.wake_the_snoozed(tx)
    attention.late_answers(tx, company, targets)
    duties.remind(tx)
    duties.tell_overdue(tx)
    if seldom:
        duties.deputies(tx)
        duties.evening(tx, company)
        absence.rest_the_idle(tx)
        absence.return_leads(tx, company)
        once.forget(tx, tx.now - KEEP)
