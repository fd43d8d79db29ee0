"""Is every source still heard, and what can be mended without a person?

One watcher an installation, by lease. A source that went deaf is looked at, put right where its channel can do that by itself,
and what was said meanwhile is read back where the network keeps it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

import structlog

from channels.base import Check, PolledEnvelope
from channels.errors import ChannelError, TryLater
from gateway.context import Gateway
from gateway.holding import hold
from gateway.sources import Live
from gateway.webhooks import make_entry
from routing.times import DAY, MINUTE, Micros
from storage.errors import LeaseLost, Unavailable
from storage.journal import append
from storage.leases import Lease, release
from storage.sources import change_source

log = structlog.get_logger(__name__)
LEASE_NAME: Final = "watch"
LEASE: Final = 60.0
TICK: Final = 5.0
EVERY: Final = 10 * MINUTE
"""Between two looks at a source that is well."""
AGAIN: Final = 2 * MINUTE
"""Between two looks at one that is not."""
PATIENCE: Final = 60.0
MARGIN: Final = 2 * MINUTE
"""Before the last event that came: clocks differ, and events overtake each other."""
FURTHEST: Final = 7 * DAY
"""No older time is read back."""
PAGE: Final = 200
UNREAD: Final = "history_unread"
NEVER: Final = 2**62


class Watcher:
    """Stands by until it holds the lease, then looks at one source after another."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._held: Lease | None = None
        self._due: dict[str, int] = {}

    async def run(self) -> None:
        """Watch until cancelled; then let another process go on."""
        try:
            while True:
                await asyncio.sleep(TICK)
                await self._round()
        finally:
            if self._held is not None:
                await self._gateway.database.write(release, [self._held])

    async def _round(self) -> None:
        try:
            if not await self._hold():
                return
            for live in self._gateway.sources.all():
                if self._wants(live):
                    well = await watch(self._gateway, live)
                    self._due[live.row.id] = self._gateway.now() + (EVERY if well else AGAIN)
                    return  # the lease is looked at between two sources
        except (Unavailable, LeaseLost):
            self._held = None
        except Exception:
            log.exception("sources not watched")

    def _wants(self, live: Live) -> bool:
        now = self._gateway.now()
        due = self._due.setdefault(live.row.id, now + MINUTE)
        return live.row.state in ("active", "broken") and due <= now

    async def _hold(self) -> bool:
        self._held = await hold(self._gateway, self._held, LEASE_NAME, LEASE)
        return self._held is not None


async def watch(gateway: Gateway, live: Live) -> bool:
    """Look at one source, mend it where its channel can, read back what was missed; whether it is well now."""
    ailing = live.row.state == "broken" or any(not check["ok"] for check in live.row.health)
    checks = await _within(live.channel.check)
    wrong = {check.code for check in checks if not check.ok}
    mended = False
    if wrong & live.channel.mends:
        log.info("mending a source", source=live.row.id, codes=sorted(wrong))
        checks, mended = await _within(live.channel.connect), True
    if all(check.ok for check in checks) and (ailing or mended):
        checks = [*checks, *await _catch_up(gateway, live)]
    well = all(check.ok for check in checks)
    await _note(gateway, live, checks, well)
    return well


async def _catch_up(gateway: Gateway, live: Live) -> Sequence[Check]:
    """Read back what was said while it was deaf. What could not be read now is remembered, and read at the next look."""
    since = min(_since(gateway, live), *_unread(live))
    try:
        await read_back(gateway, live, since)
    except TryLater:
        return [Check(code=UNREAD, ok=False, params={"since": str(since)})]
    except ChannelError:
        pass  # it will never be told
    return ()


def _unread(live: Live) -> tuple[Micros, ...]:
    """Since when nothing was read back, where an earlier try failed; else the present."""
    told = (check["params"].get("since", "") for check in live.row.health if check["code"] == UNREAD)
    return tuple(int(since) for since in told if since.isdecimal()) or (NEVER,)


def _since(gateway: Gateway, live: Live) -> Micros:
    """The last event that reached us."""
    return max((live.row.last_event_at or live.row.created_at) - MARGIN, gateway.now() - FURTHEST)


async def _within(look: Callable[[], Awaitable[Sequence[Check]]]) -> Sequence[Check]:
    """A look that does not end is a look that failed."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await look()
    except TimeoutError:
        return [Check(code="timeout", ok=False)]


async def _note(gateway: Gateway, live: Live, checks: Sequence[Check], well: bool) -> None:
    """Keep what was seen; say it only when it is news."""
    health = [
        {"code": one.code, "ok": one.ok, "detail": one.detail, "params": dict(one.params)} for one in checks
    ]
    state = "active" if well and live.row.state == "broken" else live.row.state
    error = next((one.code for one in checks if not one.ok), "")
    if (health, state, error) != (live.row.health, live.row.state, live.row.last_error):
        await gateway.database.write(change_source, live.row.id, health=health, state=state, last_error=error)


async def read_back(gateway: Gateway, live: Live, since: Micros | None = None) -> int:
    """Keep what was said since then, or since the last event that reached us; how many envelopes. Nothing where the network
    keeps nothing. Raises a ChannelError when not all could be read; what came is kept all the same."""
    if not live.channel.can().history:
        return 0
    count = 0
    batch: list[PolledEnvelope] = []
    failed: ChannelError | None = None
    try:
        async for one in live.channel.history(
            _since(gateway, live) if since is None else since, gateway.now()
        ):
            batch.append(one)
            if len(batch) == PAGE:
                count += await _keep(gateway, live, batch)
                batch = []
    except ChannelError as error:
        log.warning("history not read", source=live.row.id, code=error.code)
        failed = error
    count += await _keep(gateway, live, batch)
    if failed is not None:
        raise failed
    log.info("history read back", source=live.row.id, envelopes=count)
    return count


async def _keep(gateway: Gateway, live: Live, batch: Sequence[PolledEnvelope]) -> int:
    entries = [
        await make_entry(
            gateway.files, live.row.id, one.lane, one.key, replace(one.envelope, received_at=gateway.now())
        )
        for one in batch
    ]
    kept = await gateway.database.write(append, entries) if entries else []
    return sum(one is not None for one in kept)
