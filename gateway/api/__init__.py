"""What can the console and other programs ask of us? REST under `/api/v1`, described at `/api/openapi.json`."""

from __future__ import annotations

from aiohttp import web

from gateway.api import handlers
from gateway.api.document import document
from gateway.api.layer import answer, mount
from gateway.context import Gateway


def setup(app: web.Application, gateway: Gateway) -> None:
    """Mount the API, its document and the live socket."""
    from gateway.live import live_of  # it builds what it tells with this package

    handlers.load()

    async def openapi(_: web.Request) -> web.Response:
        return answer(document())

    app.router.add_get("/api/openapi.json", openapi)
    mount(app, gateway)

    async def stop(_: web.Application) -> None:
        """Open sockets would hold the server up."""
        await live_of(gateway).close()

    app.on_shutdown.append(stop)
