"""What can the console and other programs ask of us? The REST layer under `/api/v1`, described at `/api/openapi.json`."""

from __future__ import annotations

from aiohttp import web

from gateway.api import handlers
from gateway.api.document import document
from gateway.api.layer import PREFIX, answer, mount
from gateway.context import Gateway
from gateway.live import live_of


def setup(app: web.Application, gateway: Gateway) -> None:
    """Mount the API, its document and the live socket."""
    handlers.load()

    async def openapi(_: web.Request) -> web.Response:
        return answer(document())

    app.router.add_get("/api/openapi.json", openapi)
    app.router.add_get(f"{PREFIX}/live", live_of(gateway))
    mount(app, gateway)
