"""How is the gateway started? Migrate, make the first administrator, say where it is, run until stopped."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import signal
import sys

import typer
from aiohttp import web

from gateway.app import Role, hooks_first, make_app, make_gateway
from gateway.config import Config
from gateway.context import Gateway
from gateway.permissions import PRESETS
from storage import schema
from storage.errors import Unavailable
from storage.sessions import open_link
from storage.setup import company
from storage.team import first_start

SHUTDOWN = 15.0


def serve(config: Config, role: Role, *, demo: bool = False) -> None:
    """Run until SIGINT or SIGTERM."""
    with contextlib.suppress(ImportError):  # there is none on Windows
        asyncio.set_event_loop_policy(importlib.import_module("uvloop").EventLoopPolicy())
    try:
        asyncio.run(_serve(config, role, demo=demo))
    except Unavailable as gone:
        typer.echo(
            f"inbox: the database does not answer ({gone}); `inbox doctor` says what is wrong", err=True
        )
        sys.exit(1)
    except OSError as error:
        typer.echo(f"inbox: cannot listen on {config.host}:{config.port}: {error.strerror}", err=True)
        sys.exit(1)


async def _serve(config: Config, role: Role, *, demo: bool) -> None:
    gateway = make_gateway(config)
    if role == "all":  # with several processes `inbox migrate` goes first, once
        await _migrate(gateway)
    admin = await gateway.database.write(first_start, PRESETS, "Администратор")
    app = make_app(gateway, role)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN, handle_signals=False)
    await runner.setup()
    hooks_first(app, runner.server)
    try:
        await web.TCPSite(runner, config.host, config.port, reuse_port=role != "all" or None).start()
        address = f"http://{config.host}:{runner.addresses[0][1]}"
        if demo:
            from gateway.demo.stage import set_up

            await set_up(gateway, address)
        if role in ("all", "web"):
            await _say_hello(gateway, address, admin, demo=demo)
        # What is there now stays: collecting garbage must not walk over it again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        await _stopped()
    finally:
        await runner.cleanup()


async def _migrate(gateway: Gateway) -> None:
    """Bring the tables up to date; as a rule they are."""
    if await gateway.database.read(schema.revision) < schema.head():
        from storage import migrate

        await migrate.upgrade(gateway.config.database())


async def _say_hello(gateway: Gateway, address: str, admin: str, *, demo: bool) -> None:
    """Where it is and how to get in; the link is printed while nobody has a password, and always for the demonstration."""
    settings = await gateway.database.read(company)
    lines = [f"Единое окно: {address}"]
    if demo or not settings.get("started_at"):
        token = await gateway.database.write(open_link, admin)
        lines.append(
            f"Вход без пароля, один раз, 10 минут / sign in once within 10 minutes:\n  {address}/enter#t={token}"
        )
    if demo:
        lines.append("Демо: наружу ничего не уходит / nothing leaves this machine. Ctrl+C — стоп / stop")
    typer.echo("\n".join(lines))
    sys.stdout.flush()


async def _stopped() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
