"""How do colleagues' browsers hear of offers, notices and clients' words though no page of ours is open?

One desk an installation, by lease, hands each to the push service that the browser named. What is shown twice under one name
is shown once, so what may have arrived is told again rather than lost; a press on it comes to the same acceptance as everywhere.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from typing import Any, Final

import aiohttp
import orjson
import structlog

from channels.outside import outside
from gateway import told, webpush
from gateway.context import Gateway
from gateway.holding import hold
from gateway.pulse import REST
from gateway.vault import VaultClosed
from routing.times import MINUTE, SECOND
from storage import cards, devices, notices, telling, ways
from storage.errors import LeaseLost, Unavailable
from storage.leases import Lease, release
from storage.ways import Notice

log = structlog.get_logger(__name__)
NAME: Final = "push"
LEASE: Final = 90.0
PATIENCE: Final = 10.0
"""Seconds for one call; those of one kind are made at once, so that a round is over long before the lease is."""
AT_ONCE: Final = 10
HOUR: Final = 3600
connector: Callable[[], aiohttp.BaseConnector] = outside


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What the service worker shows (console/src/offline/worker.ts). Of one `tag` the newest stands alone."""

    tag: str
    title: str
    body: str = ""
    url: str = ""
    offer: str = ""
    take: str = ""
    quiet: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """One thing to show in one browser. `begin` says whether it still is to be; `done` and `undone` keep what came of it."""

    device: Any
    shown: Shown
    seconds: int
    """So long it is worth showing; a browser that is off meanwhile hears of it when it comes back."""
    begin: Callable[[], Awaitable[bool]]
    done: Callable[[], Awaitable[object]]
    undone: Callable[[], Awaitable[object]]
    urgent: bool = False
    greets: bool = False


class PushDesk:
    """Stands by until it holds the lease, then shows what is to be shown."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._held: Lease | None = None
        self._prover: webpush.Prover | None = None

    async def run(self) -> None:
        """Show until cancelled; then let another process go on at once."""
        async with AsyncExitStack() as stack:
            http: aiohttp.ClientSession | None = None
            try:
                with self._gateway.bells.listening("push", "staff", "leases") as bell:
                    while True:
                        if await self._wanted():
                            if http is None:
                                http = await stack.enter_async_context(_session())
                            await self._round(http)
                        await bell.wait(REST)
            finally:
                if self._held is not None:
                    await self._gateway.database.write(release, [self._held])

    async def _wanted(self) -> bool:
        """Nobody who has no browser switched on pays for a turn."""
        try:
            return await self._gateway.database.read(devices.any_at_all)
        except Unavailable:
            self._held = None
            return False

    async def _round(self, http: aiohttp.ClientSession) -> None:
        try:
            for errands in (self._offers, self._outcomes, self._words, self._notices, self._greetings):
                self._held = await hold(self._gateway, self._held, NAME, LEASE)
                if self._held is None:
                    return
                await self._run_errands(http, await errands())
        except (Unavailable, LeaseLost):
            self._held = None
        except Exception:
            log.exception("nothing shown in browsers")

    async def _run_errands(self, http: aiohttp.ClientSession, errands: Sequence[Errand]) -> None:
        """All at once, but one after another in one browser."""
        by_device: dict[str, list[Errand]] = defaultdict(list)
        for one in errands:
            by_device[one.device.way_id].append(one)
        room = asyncio.Semaphore(AT_ONCE)

        async def of_device(mine: Sequence[Errand]) -> None:
            async with room:
                for one in mine:
                    if not await self._run_errand(http, one):
                        return  # what follows waits as long as this

        async with asyncio.TaskGroup() as group:
            for mine in by_device.values():
                group.create_task(of_device(mine))

    async def _run_errand(self, http: aiohttp.ClientSession, errand: Errand) -> bool:
        """Show it; False: that browser has to wait."""
        database, device = self._gateway.database, errand.device
        if not await errand.begin():
            return True
        outcome = await self._post(http, errand)
        if outcome == "shown":
            await database.write(devices.worked, device.way_id, device.member_id, greeted=errand.greets)
            await errand.done()
            return True
        if outcome == "gone":
            await database.write(devices.gone, device.way_id, device.member_id)
            return False
        log.info("not shown in a browser", error=outcome)
        await errand.undone()
        code, _, pause = outcome.partition(" ")
        await database.write(devices.wait, device.way_id, code, int(pause) * SECOND if pause else None)
        return False

    async def _post(self, http: aiohttp.ClientSession, errand: Errand) -> str:
        """shown, gone, or why not, with the seconds that the service asks for."""
        device, gateway = errand.device, self._gateway
        try:
            opened = gateway.vault.open(device.sealed)
            browser = webpush.keys_of(opened["p256dh"], opened["auth"])
        except (VaultClosed, KeyError, ValueError):
            return "gone"  # what it was closed with is lost: the browser brings its keys at its next start
        prover = self._prover = self._prover or await prover_of(gateway)
        headers = {
            "Authorization": prover.proof(device.endpoint, subject_of(gateway), gateway.now() // SECOND),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(errand.seconds),
            "Topic": webpush.encode(hashlib.sha256(errand.shown.tag.encode()).digest()[:24]),
            "Urgency": "high" if errand.urgent else "normal",
        }
        body = webpush.close(orjson.dumps({k: v for k, v in asdict(errand.shown).items() if v}), browser)
        try:
            async with http.post(
                device.endpoint, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return _outcome(answer)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return type(error).__name__

    async def _offers(self) -> list[Errand]:
        database, now = self._gateway.database, self._gateway.now()
        rows = await database.read(devices.offers, now)
        leads = (
            {row.id: row for row in await database.read(cards.offers, [row.offer_id for row in rows])}
            if rows
            else {}
        )
        return [self._offer(row, leads[row.offer_id]) for row in rows if row.offer_id in leads]

    def _offer(self, row: Any, lead: Any) -> Errand:
        database, now = self._gateway.database, self._gateway.now()
        words = told.offer_words(row.prefs.get("language"))
        within = words["within"].format(minutes=max(1, (row.expires_at - now) // MINUTE))
        said = [str(lead.last_text or "")[: told.LONGEST], within]
        number, language = lead.number, row.prefs.get("language")
        detailed = told.detailed(row.prefs)
        title = (
            words["new"].format(number=number, name=lead.contact_name)
            if detailed
            else told.here("offer", language, number=number)
        )
        notice = Notice("", row.offer_id, row.way_id, row.member_id, "", NAME, "", "", "")
        begun: list[str] = []

        async def begin() -> bool:
            begun.append((await database.write(ways.begin, notice))[0])
            return True

        async def done() -> None:
            await database.write(ways.told, begun[0], "")

        async def undone() -> None:
            await database.write(ways.not_told, begun[0])

        shown = Shown(
            tag=f"offer-{row.offer_id}", title=title, body="\n".join(filter(None, said if detailed else said[1:])),
            url=f"/offer/{row.offer_id}", offer=row.offer_id, take=words["take"],
        )  # fmt: skip
        left = max(1, (row.expires_at - now) // SECOND)
        return Errand(
            device=row, shown=shown, seconds=left, begin=begin, done=done, undone=undone, urgent=True
        )

    async def _outcomes(self) -> list[Errand]:
        """A stale button can never look live: what was told becomes what came of it."""
        rows = await self._gateway.database.read(devices.over, self._gateway.now())
        return [
            self._plain(
                row,
                Shown(
                    tag=f"offer-{row.offer_id}", url=f"/offer/{row.offer_id}", quiet=True,
                    title=told.outcome_words(row.state, row.number, row.owner or "", row.prefs.get("language")),
                ),
                seconds=HOUR,
                settle=row.id,
            )
            for row in rows
        ]  # fmt: skip

    async def _words(self) -> list[Errand]:
        rows = await self._gateway.database.read(devices.words, self._gateway.now())
        found = []
        for row in rows:
            language, detailed = row.prefs.get("language"), told.detailed(row.prefs)
            shown = Shown(
                tag=f"dialog-{row.conversation_id}", url=f"/inbox/d/{row.conversation_id}",
                title=told.here("message_of", language, name=row.name) if detailed else told.here("message", language),
                body=row.last_text[: told.LONGEST] if detailed else "",
            )  # fmt: skip
            found.append(self._kept(row, told.MESSAGE, shown))
        return found

    async def _notices(self) -> list[Errand]:
        database = self._gateway.database
        rows = await database.read(devices.notices, self._gateway.now())
        named = await database.read(notices.names, [row.about for row in rows]) if rows else {}
        found = []
        for row in rows:
            about, language = named.get(row.about, notices.GONE), row.prefs.get("language")
            say = told.words if told.detailed(row.prefs) else told.discreet
            url = told.place(about) or "/notices"
            shown = Shown(tag=f"{row.code}-{row.about}", title=say(row.code, about.name, language), url=url)
            found.append(self._kept(row, row.code, shown))
        return found

    def _kept(self, row: Any, code: str, shown: Shown) -> Errand:
        """What is told once, if the member wants it and it is not their quiet hours."""
        database, state = self._gateway.database, told.outcome(row.prefs, code, "push", row.at)

        async def begin() -> bool:
            return await database.write(telling.begin, row.id, row.way_id, state) and state == "told"

        async def undone() -> None:
            await database.write(telling.again, row.id, row.way_id)

        return Errand(device=row, shown=shown, seconds=4 * HOUR, begin=begin, done=_nothing, undone=undone)

    async def _greetings(self) -> list[Errand]:
        rows = await self._gateway.database.read(devices.unheard, self._gateway.now())
        return [
            self._plain(
                row,
                Shown(
                    tag="hello", title=told.here("hello", row.prefs.get("language")),
                    body=told.here("hello_about", row.prefs.get("language")), url="/profile#notify",
                ),
                seconds=600,
            )
            for row in rows
        ]  # fmt: skip

    def _plain(self, row: Any, shown: Shown, *, seconds: int, settle: str = "") -> Errand:
        database = self._gateway.database

        async def done() -> None:
            if settle:
                await database.write(ways.settle, settle)

        return Errand(
            device=row,
            shown=shown,
            seconds=seconds,
            begin=_yes,
            done=done,
            undone=_nothing,
            greets=not settle,
        )


async def _yes() -> bool:
    return True


async def _nothing() -> None:
    pass


def _session() -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=PATIENCE, connect=5)
    return aiohttp.ClientSession(connector=connector(), timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())


def _outcome(answer: aiohttp.ClientResponse) -> str:
    """RFC 8030, sections 5 and 7.3: 404 and 410 say that nobody listens there any more."""
    if answer.status in (200, 201, 202, 204):
        return "shown"
    if answer.status in (404, 410):
        return "gone"
    asked = answer.headers.get("Retry-After", "")
    return f"status_{answer.status}" + (
        f" {asked}" if asked.isascii() and asked.isdigit() and len(asked) < 6 else ""
    )


def subject_of(gateway: Gateway) -> str:
    """Where whoever runs a push service finds whoever runs this: services want an address that can be ours."""
    address = gateway.sources.public_url
    return address if address.startswith("https://") else "mailto:postmaster@localhost.localdomain"


async def prover_of(gateway: Gateway) -> webpush.Prover:
    """This installation's proof, made at the first use, and anew when the secret keys were lost."""
    for _ in range(2):
        held = await gateway.database.read(devices.key)
        try:
            return webpush.Prover.of(gateway.vault.open(held.get("sealed", ""))["secret"])
        except (VaultClosed, KeyError, ValueError):
            fresh = webpush.Prover.fresh()
            closed = gateway.vault.seal({"secret": fresh.secret})
            await gateway.database.write(devices.keep_key, fresh.public, closed, held.get("public", ""))
    raise VaultClosed("the key for push services cannot be opened")
