"""How do colleagues hear of offers and notices away from the console, and what do they press there?

One desk an installation, by lease, tells each open offer once on each way of its member: a chat with a bot that is set
apart for our people, or a letter. Pressing, posting and the console all come to the same acceptance, which is exclusive
and idempotent; what was told is changed to what became of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

import structlog

from channels.base import Button, OutboundEdit, OutboundMessage
from channels.errors import ChannelError, Disconnected, Refused, TryLater, Unreachable
from channels.events import Event, Identity, InboundMessage, Started
from gateway import offers, told
from gateway.clock import new_id
from gateway.context import Gateway
from gateway.ending import end
from gateway.holding import hold, rest
from gateway.opening.batch import Parsed
from gateway.pulse import REST
from gateway.refusals import Refusal
from gateway.rules import LETTERS
from gateway.sources import Live
from routing.times import MINUTE
from storage import cards, notices, telling, ways
from storage.errors import LeaseLost, Unavailable
from storage.leases import Lease, release
from storage.notices import Named
from storage.ways import Notice

log = structlog.get_logger(__name__)
NAME: Final = "staff"
LEASE: Final = 90.0
LOOK: Final = 4.0
PATIENCE: Final = 40.0
"""Seconds for one call, the first of which may have to load the network's library; less than half the lease, so that
nobody tells the same offer beside us."""
ACCEPT, DECLINE = "offer+", "offer-"


class StaffDesk:
    """Stands by until it holds the lease, then tells offers."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._held: Lease | None = None

    async def run(self) -> None:
        """Tell until cancelled; then let another process go on at once."""
        try:
            with self._gateway.bells.listening("staff", "leases") as bell:
                while True:
                    await self._round()
                    wait = LOOK if self._held is None else REST
                    self._held = await rest(self._gateway, self._held, NAME, LEASE, bell, wait)
        finally:
            if self._held is not None:
                await self._gateway.database.write(release, [self._held])

    async def _round(self) -> None:
        database = self._gateway.database
        try:
            if not await self._hold():
                return
            await database.write(ways.give_up, self._gateway.now() - MINUTE)
            for notice in await database.read(ways.untold):
                await self._tell(notice)
                if not await self._hold():
                    return
            rows = await database.read(telling.due, self._gateway.now())
            named = await database.read(notices.names, [row.about for row in rows])
            for row in rows:
                await self._notify(row, named.get(row.about, notices.GONE))
                if not await self._hold():
                    return
            for row in await database.read(ways.over):
                await self._show_outcome(row)
                if not await self._hold():
                    return
        except (Unavailable, LeaseLost):
            self._held = None
        except Exception:
            log.exception("offers not told")

    async def _hold(self) -> bool:
        self._held = await hold(self._gateway, self._held, NAME, LEASE)
        return self._held is not None

    async def _tell(self, notice: Notice) -> None:
        gateway = self._gateway
        live = gateway.sources.get(notice.source_id)
        rows = await gateway.database.read(cards.offers, [notice.offer_id])
        if live is None or live.row.state != "active" or not rows:
            return
        notice_id, token = await gateway.database.write(ways.begin, notice)
        message = _message(gateway, live, notice, notice_id, token, rows[0])
        try:
            async with asyncio.timeout(PATIENCE):
                ids = await live.channel.send(message)
        except (Unreachable, Refused, Disconnected) as error:
            await gateway.database.write(ways.told, notice_id, "", error.code or "refused")
            if isinstance(error, Unreachable):
                await gateway.database.write(ways.block, notice.way_id, notice.member_id)
        except TryLater:
            await gateway.database.write(
                ways.not_told, notice_id
            )  # surely not sent: the next look tries again
        except (ChannelError, TimeoutError, OSError) as error:
            await gateway.database.write(ways.told, notice_id, "", type(error).__name__)
        else:
            await gateway.database.write(ways.told, notice_id, ids[0] if ids else "")

    async def _notify(self, row: Any, about: Named) -> None:
        """Tell one notice on one way, if its member wants that and it is not their quiet hours."""
        gateway = self._gateway
        live = gateway.sources.get(row.source_id)
        if live is None:
            return
        state = told.outcome(row.prefs, row.code, "mail" if row.kind == LETTERS else "bot", row.at)
        if not await gateway.database.write(telling.begin, row.id, row.way_id, state) or state != "told":
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await live.channel.send(_notice(gateway, live, row, about))
        except Unreachable:
            await gateway.database.write(ways.block, row.way_id, row.member_id)
        except TryLater:
            await gateway.database.write(telling.again, row.id, row.way_id)
        except (ChannelError, TimeoutError, OSError) as error:
            log.info("notice not told", error=getattr(error, "code", "") or type(error).__name__)

    async def _show_outcome(self, row: Any) -> None:
        live = self._gateway.sources.get(str(row.source_id))
        await self._gateway.database.write(ways.settle, row.id)
        if live is None or not live.channel.can().edit or not row.external_id:
            return
        words = told.outcome_words(str(row.state), row.number, row.owner or "", row.prefs.get("language"))
        change = OutboundEdit(
            thread=row.thread,
            to=Identity(kind=row.kind, value=row.value),
            external_id=row.external_id,
            text=words,
        )
        try:
            async with asyncio.timeout(PATIENCE):
                await live.channel.edit(change)
        except (ChannelError, TimeoutError, OSError) as error:
            log.info("outcome not shown", error=getattr(error, "code", type(error).__name__))


def _message(
    gateway: Gateway, live: Live, notice: Notice, notice_id: str, token: str, row: Any
) -> OutboundMessage:
    """The offer in words: who, from where, what they want, until when. A letter has a link to a page with the buttons."""
    address = gateway.sources.public_url
    source = gateway.sources.get(str(row.source_id or ""))
    minutes = max(1, (int(str(row.expires_at)) - gateway.now()) // MINUTE)
    words = told.offer_words(notice.language)
    lines = [
        words["new"].format(number=row.number, name=row.contact_name),
        source.row.name if source else "",
        str(row.last_text or ""),
        words["within"].format(minutes=minutes),
    ]
    to = Identity(kind=notice.kind, value=notice.value)
    buttons: list[tuple[Button, ...]] = []
    if live.channel.can().tells_staff:
        buttons = [
            (
                Button(label=words["take"], payload=f"{ACCEPT}{notice_id}"),
                Button(label=words["decline"], payload=f"{DECLINE}{notice_id}"),
            )
        ]
        if address.startswith("https://") and row.conversation_id:
            buttons.append((Button(label=words["open"], url=f"{address}/inbox/d/{row.conversation_id}"),))
    elif address:
        lines.append(f"{address}/offer/{token}")
    return OutboundMessage(
        key=notice_id, thread=notice.thread or f"staff:{new_id()}", to=to, to_name=notice.name,
        text="\n".join(filter(None, lines)), subject=words["subject"].format(number=row.number), automatic=True,
        created_at=gateway.now(), buttons=tuple(buttons),
    )  # fmt: skip


def _notice(gateway: Gateway, live: Live, row: Any, about: Named) -> OutboundMessage:
    """A notice in words, with the way to where it belongs."""
    address, place = gateway.sources.public_url, told.place(about)
    said = told.words(row.code, about.name, row.prefs.get("language"))
    link = f"{address}{place}" if address and place else ""
    bot = live.channel.can().tells_staff
    label = told.offer_words(row.prefs.get("language"))["open"]
    buttons = ((Button(label=label, url=link),),) if bot and link.startswith("https://") else ()
    return OutboundMessage(
        key=f"{row.id}.{row.way_id}", thread=row.thread or f"staff:{new_id()}", to=Identity(kind=row.kind, value=row.value),
        to_name=row.name, text=said if bot or not link else f"{said}\n{link}", subject=said, automatic=True,
        created_at=gateway.now(), buttons=buttons,
    )  # fmt: skip


class Presses:
    """Acts on what colleagues press and say to a bot that is set apart for them, once their envelopes are opened."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._running: set[asyncio.Task[None]] = set()

    def after(self, batch: Iterable[Parsed]) -> None:
        """Act on a batch; returns at once. A press that a crash swallows is pressed again: acting twice is acting once."""
        for parsed in batch:
            live = self._gateway.sources.get(parsed.source_id)
            if live is not None and live.row.staff:
                for event in parsed.events:
                    task = asyncio.create_task(self._act(live, event))
                    self._running.add(task)
                    task.add_done_callback(self._running.discard)

    async def _act(self, live: Live, event: Event) -> None:
        try:
            match event:
                case Started(payload=code) if code:
                    await link(self._gateway, live, code, event)
                case InboundMessage(kind="button", payload=payload) if payload.startswith((ACCEPT, DECLINE)):
                    await press(self._gateway, live, event)
        except Exception as error:
            log.warning("press not acted on", error=type(error).__name__)

    async def close(self) -> None:
        """Give up what is under way."""
        await end(self._running)


async def link(gateway: Gateway, live: Live, code: str, event: Started) -> None:
    """A colleague started the bot with their code: offers come here from now on."""
    who = event.person.identity
    language = await gateway.database.write(ways.link, live.row.id, code, who.kind, who.value, event.thread)
    words = told.link_words(language)
    await live.channel.send(
        OutboundMessage(
            key=new_id(), thread=event.thread, to=who, text=words, automatic=True, created_at=gateway.now()
        )
    )


async def press(gateway: Gateway, live: Live, event: InboundMessage) -> None:
    """Accept or decline what a button stands for, if it was told to the person who pressed it."""
    notice_id = event.payload.removeprefix(ACCEPT).removeprefix(DECLINE)
    row = await gateway.database.read(ways.pressed, live.row.id, event.sender.identity.value, notice_id)
    if row is None:
        return
    try:
        if event.payload.startswith(ACCEPT):
            await offers.accept(gateway, row.member_id, row.offer_id)
        else:
            await offers.decline(gateway, row.member_id, row.offer_id, "other", "")
    except Refusal as refusal:
        log.info("offer is over", code=refusal.code)
    gateway.bells.ring(["staff"])
