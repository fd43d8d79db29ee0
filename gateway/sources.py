"""Which channel object answers for which source?

A process keeps one channel object a source. They are made anew when the row changes, which a bell tells; a look every
half minute finds what a lost bell missed.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

import channels
from channels.about import Setting
from channels.base import Account, Channel, Check, PollingChannel, WebhookChannel, WindowRule
from channels.pages import DesignedPages
from gateway.clock import new_id
from gateway.memory import SourceMemory
from gateway.refusals import Refusal
from gateway.turns import SourceTurns
from gateway.vault import Vault
from routing.deals import AttachPolicy
from routing.times import DAY, HOUR, MINUTE, SECOND
from routing.window import NO_WINDOW, PROVIDER_MARGIN, Phase, WindowPolicy
from storage import designs
from storage import setup as setup_rows
from storage.bells import Bells
from storage.cursors import begin_at
from storage.database import Database
from storage.designs import version_setting
from storage.sources import SourceRow, add_source, change_source, load_sources, readdress

log = structlog.get_logger(__name__)
LOOK_EVERY = 30 * SECOND


@dataclass(frozen=True, slots=True)
class Live:
    """A source with its channel object and the policies that hold for it."""

    row: SourceRow
    channel: Channel
    window: WindowPolicy
    attach: AttachPolicy

    @property
    def lent(self) -> WindowPolicy:
        """The window of chats on private accounts that were lent to it."""
        rule = self.channel.can().lent
        return _fixed(rule) if rule is not None else self.window

    @property
    def target(self) -> int:
        """How much working time the first answer may take, microseconds."""
        return int(self.row.answering.get("first_minutes") or self.channel.can().answer_minutes) * MINUTE

    @property
    def next_target(self) -> int:
        """How much working time each later answer may take, microseconds."""
        own = self.row.answering.get("next_minutes")
        return int(own) * MINUTE if own else self.target

    @property
    def closed_reply(self) -> str:
        """What a client is told outside working hours; "" is nothing."""
        return str(self.row.answering.get("closed_reply") or "")

    @property
    def receiving(self) -> bool:
        """Whether what comes in is taken: a draft is, so that its test can work; a removed or paused one is not."""
        return self.row.state in ("active", "draft", "broken")

    def keys(self, now: int) -> tuple[str, ...]:
        """What may stand in a hook's address: its key, and for a while the one before."""
        return (self.row.hook_key, *([self.row.old_hook_key] if self._overlaps(now) else []))

    def slugs(self, now: int) -> tuple[str, ...]:
        """The same for the address of a hosted page."""
        return (self.row.slug, *([self.row.old_slug] if self._overlaps(now) else []))

    def _overlaps(self, now: int) -> bool:
        return self.row.old_until is not None and now < self.row.old_until

    @property
    def polled(self) -> bool:
        """Whether we have to ask the network."""
        return self.receiving and isinstance(self.channel, PollingChannel) and self.channel.polls()


class Sources:
    """The sources of this installation as this process knows them."""

    def __init__(self, database: Database, bells: Bells, vault: Vault, public_url: str) -> None:
        self._database = database
        self._bells = bells
        self._vault = vault
        self._configured_url = public_url
        self.public_url = public_url
        self._live: dict[str, Live] = {}
        self._looked_at = 0
        self._rows: frozenset[str] = frozenset()
        self._looking = asyncio.Lock()
        self._asking = asyncio.Lock()

    def get(self, source_id: str) -> Live | None:
        """The source, or None when this process knows none of this id."""
        return self._live.get(source_id)

    def all(self) -> tuple[Live, ...]:
        """Every source."""
        return tuple(self._live.values())

    def answering(self, live: Live) -> Live | None:
        """The source by which an answer to what came in at this one leaves: itself, or another at work that may begin a
        conversation with addresses that it names. None: nobody can answer in writing."""
        can = live.channel.can()
        if can.reply:
            return live
        return next(
            (one for kind in can.answered_by for one in self._live.values() if _begins_with(one, kind)), None
        )

    async def find(self, source_id: str) -> Live | None:
        """The source; an id that is not known here may be another process's newest."""
        found = self._live.get(source_id)
        if found is None:
            await self.know([source_id])
            found = self._live.get(source_id)
        return found

    async def know(self, source_ids: Iterable[str]) -> None:
        """Look if any of these is not known here; at most once a second, however many ask."""
        if all(source_id in self._live for source_id in source_ids):
            return
        asked = self._database.clock()
        async with self._asking:
            if self._looked_at < asked:
                await asyncio.sleep(max(0.0, 1 - abs(self._database.clock() - self._looked_at) / SECOND))
                await self.look()

    def exists(self, source_id: str) -> bool:
        """Whether there was a row of it at the last look, open to us or not."""
        return source_id in self._rows

    async def channel(self, source_id: str) -> Channel:
        """The source's channel. Raises Refusal not_found."""
        live = await self.find(source_id)
        if live is None:
            raise Refusal("not_found", 404)
        return live.channel

    async def look(self) -> None:
        """Read the rows and make anew what changed."""
        async with self._looking:
            began = self._database.clock()
            rows = await self._database.read(load_sources)
            self.public_url = self._configured_url or (await self._database.read(setup_rows.public_url))
            self._looked_at = began
            self._rows = frozenset(row.id for row in rows)
            gone = [self._live.pop(old).channel for old in set(self._live) - {row.id for row in rows}]
            changed = False
            for row in rows:
                known = self._live.get(row.id)
                if known is None or known.row != row or known.channel.account.public_url != self.public_url:
                    gone += self._renew(row, known)
                    changed = True
        if changed:
            self._bells.ring_here(["timers", "calls"])  # who look by themselves only where a source wants it
        for channel in gone:
            await channel.close()

    def _renew(self, row: SourceRow, known: Live | None) -> list[Channel]:
        """Keep the channel object while nothing that it is made of changed. Returns what has to be closed."""
        account = self._account(row)
        attach = attach_policy(row)
        if known is not None and known.channel.account == account:
            window = window_policy(row, known.channel)
            self._live[row.id] = replace(known, row=row, window=window, attach=attach)
            return []
        try:
            channel = channels.load(row.channel)(account)
        except KeyError:
            log.error("source of an unknown channel", source=row.id, channel=row.channel)
            return []
        self._live[row.id] = Live(row, channel, window_policy(row, channel), attach)
        return [] if known is None else [known.channel]

    def _account(self, row: SourceRow) -> Account:
        return Account(
            source_id=row.id,
            settings={**row.settings, **self._vault.open(row.sealed)},
            hook_url=self.hook_url(row),
            hook_path=f"/hooks/{row.id}/{row.hook_key}",
            public_url=self.public_url,
            slug=row.slug,
            memory=SourceMemory(row.id, self._database, self._vault),
            turns=None if self._database.embedded else SourceTurns(row.id, self._database),
        )

    def hook_url(self, row: SourceRow) -> str:
        """Where the provider reaches this source; "" while there is no public address."""
        return f"{self.public_url}/hooks/{row.id}/{row.hook_key}" if self.public_url else ""

    def assume(self, address: str) -> None:
        """Reach the demonstration's stand-ins at this machine's own address, where no public one is set."""
        self._configured_url = self._configured_url or address

    async def watch(self) -> None:
        """Go on looking until cancelled."""
        with self._bells.listening("sources", "company") as bell:
            while True:
                try:
                    await self.look()
                except Exception as error:
                    log.warning("sources not read", error=type(error).__name__)
                await bell.wait(LOOK_EVERY / SECOND)

    async def create(
        self, channel: str, name: str, settings: Mapping[str, str], queue_id: str | None, member_id: str | None,
        *, demo: bool = False,
    ) -> str:  # fmt: skip
        """A draft source; returns its id. Raises Refusal bad_settings."""
        if channel not in channels.names():
            raise Refusal("bad_settings", 422, field="channel")
        source_id, slug = new_id(), new_slug()
        open_settings, sealed = self._split(channel, settings, {}, complete=True)
        kind = channels.load(channel)
        await self._database.write(
            add_source, id=source_id, channel=channel, name=name, hook_key=secrets.token_urlsafe(24), slug=slug,
            state="draft", settings=open_settings, sealed=sealed, queue_id=queue_id, created_by=member_id,
            first_answer="manager", on_open_deal="attach", demo=int(demo),
            window_hours=kind.capabilities.window.hours if kind.capabilities.window else None,
        )  # fmt: skip
        if issubclass(kind, DesignedPages):
            content = open_settings.get(kind.design, "")
            await self._database.write(designs.publish, source_id, kind.design, content, member_id)
        await self.look()
        return source_id

    async def change(self, source_id: str, **fields: Any) -> None:
        """Change name, settings, queue_id, hours, enforcement, first_answer, on_open_deal, pipeline_id,
        answering. Raises Refusal."""
        live = await self.find(source_id)
        if live is None:
            raise Refusal("not_found", 404)
        values: dict[str, Any] = {
            key: fields[key]
            for key in (
                "name",
                "queue_id",
                "enforcement",
                "first_answer",
                "on_open_deal",
                "pipeline_id",
                "answering",
                "staff",
            )
            if key in fields
        }
        if values.get("staff") and not live.channel.can().tells_staff:
            raise Refusal("bad_request", 422, field="staff")
        if "hours" in fields:
            values["window_hours"] = fields["hours"]
        window = live.channel.can().window
        if window is not None and window.fixed and values.keys() & {"window_hours", "enforcement"}:
            raise Refusal("override_forbidden", 422)
        design = live.channel.design if isinstance(live.channel, DesignedPages) else ""
        content = fields.get("settings", {}).get(design) if design else None
        if content is not None and content != live.row.settings.get(design):
            self._must_be_sound(live.channel, content)
            await self._database.write(designs.publish, source_id, design, content, fields.get("by"))
            await self.look()
            live = self._live[source_id]
        if "settings" in fields:
            fields["settings"].pop(version_setting(design), None)
            old = self._vault.open(live.row.sealed)
            values["settings"], values["sealed"] = self._split(
                live.row.channel,
                {**live.row.settings, **fields["settings"]},
                old,
                complete=False,
            )
        await self._database.write(change_source, source_id, **values)
        await self.look()

    def _must_be_sound(self, channel: Channel, content: str) -> None:
        """Raise Refusal bad_settings for a description that could not be shown."""
        assert isinstance(channel, DesignedPages)
        for check in channel.examine(content):
            if not check.ok:
                raise Refusal("bad_settings", 422, field=channel.design, problem=check.code)

    def _split(
        self,
        channel: str,
        settings: Mapping[str, str],
        old: Mapping[str, str],
        *,
        complete: bool,
    ) -> tuple[dict[str, str], str]:
        """Open settings and sealed secrets; an empty secret keeps the old one."""
        known = {setting.key: setting for setting in channels.about(channel).settings}
        hidden = set(channels.load(channel).secrets)
        ours = {version_setting(name) for name, setting in known.items() if setting.kind == "design"}
        for name in settings:
            if name not in known and name not in hidden and name not in ours:
                raise Refusal("bad_settings", 422, field=name)
        for name, setting in known.items():
            asked = _asked(setting, known, settings)
            if complete and setting.required and asked and not (settings.get(name) or setting.default):
                raise Refusal("bad_settings", 422, field=name)
        opened = {name: value for name, value in settings.items() if name not in hidden}
        for name, setting in known.items():
            if setting.default and name not in hidden:
                opened.setdefault(name, setting.default)
        sealed = {
            **old,
            **{name: value for name, value in settings.items() if name in hidden and value},
        }
        for name in hidden - sealed.keys():
            if name not in known:  # a secret that we make ourselves
                sealed[name] = secrets.token_urlsafe(32)
        return opened, self._vault.seal(sealed)

    async def check(self, source_id: str) -> Sequence[Check]:
        """Look whether the account works and remember what was seen."""
        channel = await self.channel(source_id)
        return await self._remember(source_id, await channel.check())

    async def connect(self, source_id: str) -> Sequence[Check]:
        """Make the network deliver to us, and take the source into service when all is well."""
        live = await self.find(source_id)
        if live is None:
            raise Refusal("not_found", 404)
        checks = await live.channel.connect()
        if isinstance(live.channel, PollingChannel) and live.channel.beginning is not None:
            await self._database.write(begin_at, source_id, live.channel.beginning)
        state = "active" if all(check.ok for check in checks) else "broken"
        await self._database.write(
            change_source, source_id, state=state, transport=transport(live.channel), paused_until=None,
            paused_reason="", health=[_shape(check) for check in checks],
            last_error=next((check.code for check in checks if not check.ok), ""),
        )  # fmt: skip
        await self.look()
        return checks

    async def _remember(self, source_id: str, checks: Sequence[Check]) -> Sequence[Check]:
        await self._database.write(
            change_source, source_id, health=[_shape(check) for check in checks],
            last_error=next((check.code for check in checks if not check.ok), ""),
        )  # fmt: skip
        return checks

    async def readdress(self, source_id: str, days: int, by: str) -> None:
        """New addresses for hooks and pages; the old ones stay good for some days. Networks that we tell ourselves where
        to deliver are told at once. Raises Refusal."""
        live = await self.find(source_id)
        if live is None:
            raise Refusal("not_found", 404)
        if not isinstance(live.channel, WebhookChannel):
            raise Refusal("not_now", reason="no_address")
        until = self._database.clock() + days * DAY if days else None
        await self._database.write(readdress, source_id, secrets.token_urlsafe(24), new_slug(), until, by)
        await self.look()
        if live.row.state == "active":
            await self.connect(source_id)

    async def pause(self, source_id: str) -> None:
        """Take nothing in and send nothing, until resumed."""
        await self._set_state(source_id, "paused")

    async def resume(self, source_id: str) -> None:
        """Into service again, after a new check."""
        await self._set_state(source_id, "active")
        await self.connect(source_id)

    async def remove(self, source_id: str) -> None:
        """Disconnect: what was said stays, nothing new is taken in or sent."""
        channel = await self.channel(source_id)
        await channel.disconnect()
        await self._set_state(source_id, "disconnected")

    async def _set_state(self, source_id: str, state: str) -> None:
        if not await self._database.write(
            change_source, source_id, state=state, paused_until=None, paused_reason=""
        ):
            raise Refusal("not_found", 404)
        await self.look()

    async def close(self) -> None:
        """Release every channel's connections."""
        for live in self._live.values():
            await live.channel.close()


def new_slug() -> str:
    """The public address of a page: 128 bits, so that nobody finds it by trying."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


def _asked(setting: Setting, known: Mapping[str, Setting], settings: Mapping[str, str]) -> bool:
    """Whether the form asks for it, by what is chosen elsewhere."""
    if setting.shown_if is None:
        return True
    key, wanted = setting.shown_if
    default = known[key].default if key in known else ""
    return (settings.get(key) or default) in wanted.split("|")


def transport(channel: Channel) -> str:
    """How what is said there reaches us."""
    if isinstance(channel, PollingChannel) and channel.polls():
        return "polling"
    return "webhook" if isinstance(channel, WebhookChannel) else "none"


def window_policy(row: SourceRow, channel: Channel) -> WindowPolicy:
    """The reply window that holds for a source: the network's rule, or the company's where it may choose."""
    rule = channel.can().window
    if rule is None:
        return NO_WINDOW
    if rule.fixed:
        return _fixed(rule)
    hours = row.window_hours if row.window_hours is not None else rule.hours
    enforcement = row.enforcement or rule.enforcement
    match enforcement:
        case "block" | "warn" | "off":
            return WindowPolicy(
                phases=(Phase(until=int(hours * HOUR)),),
                enforcement=enforcement,
                writes_first=False,
            )
        case _:
            raise ValueError(f"unknown enforcement {enforcement!r}")


def _fixed(rule: WindowRule) -> WindowPolicy:
    """The provider's own rule, kept with a margin."""
    return WindowPolicy(
        phases=(Phase(until=int(rule.hours * HOUR)),), fixed=True, margin=PROVIDER_MARGIN, writes_first=False
    )


def attach_policy(row: SourceRow) -> AttachPolicy:
    """Which deal a message of a source belongs to: what the company set, the defaults for the rest."""
    own = "new_lead" if row.on_open_deal == "new_lead" else "attach"
    return AttachPolicy.from_json({**AttachPolicy().to_json(), **row.attachment, "on_open_deal": own})


def _shape(check: Check) -> dict[str, Any]:
    return {
        "code": check.code,
        "ok": check.ok,
        "detail": check.detail,
        "params": dict(check.params),
    }


def _begins_with(live: Live, kind: str) -> bool:
    """Whether the source may write first to an address of this kind."""
    can = live.channel.can()
    return (
        can.reply
        and can.first
        and live.row.state == "active"
        and kind in channels.about(live.row.channel).kinds
    )
