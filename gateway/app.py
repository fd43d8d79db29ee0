"""How is a process put together? The one place that knows every part."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import structlog
from aiohttp import web

from gateway import api, clock, letterpages, pages
from gateway.completing import Completer
from gateway.config import Config
from gateway.context import Gateway
from gateway.courtesies import Typists
from gateway.ending import end
from gateway.holders import bury_the_dead, own_name
from gateway.importing.runner import Importer
from gateway.journal import Journal
from gateway.ledger import Bookkeeper
from gateway.listener import Listeners
from gateway.live import live_of
from gateway.lookups import Lookups
from gateway.media import Fetcher
from gateway.metrics import FAILED_PARTS
from gateway.profiles import Profiles
from gateway.pulse import Heart
from gateway.pushdesk import PushDesk
from gateway.router import Router
from gateway.sender import Senders
from gateway.sources import Sources
from gateway.staffdesk import StaffDesk
from gateway.switchboard import Switchboard
from gateway.timers import Timers
from gateway.vault import Vault, load_keys
from gateway.watcher import Watcher
from gateway.webhooks import Hooks
from gateway.worker import Worker
from storage.bells import Bells, RedisBells
from storage.database import Committed, Database
from storage.files import FileStore

log = structlog.get_logger(__name__)
Role: TypeAlias = Literal["all", "web", "worker", "listener"]
Part: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
GATEWAY: Final = web.AppKey("gateway", Gateway)
HOOKS: Final = web.AppKey("hooks", Hooks)
DRAIN: Final = 20.0
"""Seconds that a batch or a call in hand gets to end at a stop."""
PAUSE: Final = 1.0


def make_gateway(config: Config) -> Gateway:
    """The rooms' common tools; nothing is opened yet."""
    config.data_dir.mkdir(parents=True, exist_ok=True)
    bells = RedisBells(config.redis_url) if config.redis_url else Bells()

    def committed(left: Committed) -> None:
        if left.bells:
            bells.ring(left.bells)

    database = Database(
        config.database(), clock.now, committed, pool=config.pool, patience=config.database_patience
    )
    vault = Vault(load_keys(config.secret_keys.get_secret_value(), config.data_dir))
    return Gateway(
        config=config,
        database=database,
        bells=bells,
        files=FileStore(_folder(config)),
        sources=Sources(database, bells, vault, config.public_url.rstrip("/")),
        vault=vault,
        now=clock.now,
        holder=own_name(),
    )


def _folder(config: Config) -> Path:
    return Path(config.files())


def make_app(gateway: Gateway, role: Role = "all") -> web.Application:
    """The web application of a process, with the parts of its role running as long as it does."""
    app = web.Application(client_max_size=config_limit(gateway.config))
    app[GATEWAY] = gateway
    journal = Journal(gateway.database, gateway.config.intake_queue)
    hooks = Hooks(gateway, journal) if role in ("all", "web") else None
    if hooks is not None:
        app[HOOKS] = hooks
        app.router.add_route("*", "/hooks/{source_id}/{key}", hooks.__call__)
        app.router.add_route("*", "/hooks/{source_id}/{key}/{path:.*}", hooks.__call__)
        api.setup(app, gateway)
        letterpages.setup(app, gateway)
    pages.setup(app, gateway, hooks)

    async def running(_: web.Application) -> AsyncIterator[None]:
        async with Running(gateway, role):
            yield
            await journal.drain()
        if hooks is not None:
            await hooks.close()

    app.cleanup_ctx.append(running)
    return app


def hooks_first(app: web.Application, server: web.Server | None) -> None:
    """Have the application's server answer hooks before its router looks for them."""
    if HOOKS in app and server is not None:
        server.request_handler = app[HOOKS].before(server.request_handler)


def config_limit(config: Config) -> int:
    """The largest body of a request, bytes."""
    return max(config.max_body, config.max_upload)


class Running:
    """The background parts of a role, while the block lasts."""

    def __init__(self, gateway: Gateway, role: Role = "all") -> None:
        self._gateway = gateway
        self._role = role
        self._worker = Worker(gateway)
        self._senders = Senders(gateway)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Running:
        await self._gateway.bells.start()
        await clock.follow(self._gateway.database)
        await bury_the_dead(self._gateway)
        await self._gateway.sources.look()
        self._start("clock", partial(clock.go_on_following, self._gateway.database))
        self._start("sources", self._gateway.sources.watch)
        if self._role in ("all", "web", "worker"):
            self._start("pulse", Heart(self._gateway).run)
        if self._role in ("all", "worker"):
            self._start("worker", self._worker.run)
            self._start("router", Router(self._gateway).run)
            self._start("timers", Timers(self._gateway).run)
            self._start("staff", StaffDesk(self._gateway).run)
            self._start("push", PushDesk(self._gateway).run)
            self._start("switchboard", Switchboard(self._gateway).run)
            self._start("senders", self._senders.run)
            self._start("typists", Typists(self._gateway).run)
            self._start("media", Fetcher(self._gateway).run)
            self._start("profiles", Profiles(self._gateway).run)
            self._start("completer", Completer(self._gateway).run)
            self._start("lookups", Lookups(self._gateway).run)
            self._start("ledger", Bookkeeper(self._gateway).run)
            self._start("imports", Importer(self._gateway).run)
            self._start("watcher", Watcher(self._gateway).run)
        if self._role in ("all", "web"):
            self._start("live", live_of(self._gateway).run)
        if self._role in ("all", "listener"):
            self._start("listeners", Listeners(self._gateway).run)
        return self

    def _start(self, name: str, part: Part) -> None:
        self._tasks[name] = asyncio.create_task(_for_good(name, part), name=name)

    async def __aexit__(self, *_: object) -> None:
        """Finish the batch and the calls in hand, stop the rest, close what was opened."""
        await live_of(self._gateway).close()
        self._worker.stop()
        self._senders.stop()
        finishing = [task for name, task in self._tasks.items() if name in ("worker", "senders")]
        if finishing:
            await asyncio.wait(finishing, timeout=DRAIN)
        await end(self._tasks.values())
        await self._gateway.apart.close()
        await self._gateway.sources.close()
        await self._gateway.bells.close()
        await self._gateway.database.close()


async def _for_good(name: str, part: Part) -> None:
    """Run a part until it ends; one that fails begins anew, so that a process never goes on without it."""
    while True:
        try:
            return await part()
        except Exception:
            log.exception("a part failed and begins anew", part=name)
            FAILED_PARTS.labels(name).inc()
            await asyncio.sleep(PAUSE)
