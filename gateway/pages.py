"""What is served beside the API: hosted pages of channels, the built console, health and metrics?"""

from __future__ import annotations

import mimetypes
from pathlib import Path

from aiohttp import web
from prometheus_client import generate_latest

from channels.base import Envelope, WebhookChannel
from channels.pages import HostedPages
from gateway.context import Gateway
from gateway.sources import Live
from gateway.webhooks import Hooks
from storage.errors import Unavailable
from storage.schema import head, revision

CONSOLE = Path(__file__).resolve().parent.parent / "console" / "dist"
CSP = (
    "default-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:;"
    " media-src 'self' blob:; connect-src 'self'; frame-src 'self'; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}
FOREVER = "public, max-age=31536000, immutable"
KINDS = {".webmanifest": "application/manifest+json", ".js": "text/javascript", ".woff2": "font/woff2"}
"""What a machine's own list of kinds may lack."""
NOT_BUILT = (
    "The console is not built: run `make setup`, which builds it with Node, or `npm run build` in console/. "
    "The API under /api/v1 works without it.\n"
)


def setup(app: web.Application, gateway: Gateway, hooks: Hooks | None) -> None:
    """Mount everything that is not the API and not a hook; without `hooks` nothing is taken in here."""
    pages = _Pages(gateway, hooks)
    app.router.add_get("/healthz", pages.alive)
    app.router.add_get("/readyz", pages.ready)
    app.router.add_get("/metrics", pages.metrics)
    app.router.add_route("*", "/f/{slug}", pages.hosted)
    app.router.add_route("*", "/f/{slug}/{path:.+}", pages.hosted)
    app.router.add_get("/{path:(?!api/|hooks/|f/).*}", pages.console)


class _Pages:
    def __init__(self, gateway: Gateway, hooks: Hooks | None) -> None:
        self._gateway = gateway
        self._hooks = hooks

    async def alive(self, request: web.Request) -> web.Response:
        """The process answers."""
        return web.json_response({"status": "ok"})

    async def ready(self, request: web.Request) -> web.Response:
        """The database answers and has our tables; else 503 with the reason."""
        try:
            stands = await self._gateway.database.read(revision)
        except Unavailable:
            return web.json_response({"status": "database_gone"}, status=503, headers={"Retry-After": "5"})
        if stands < head():
            return web.json_response({"status": "not_migrated", "revision": stands}, status=503)
        return web.json_response({"status": "ok", "revision": stands})

    async def metrics(self, request: web.Request) -> web.Response:
        """Counters for Prometheus; kept from the world unless it comes from this machine or a known proxy."""
        return web.Response(body=generate_latest(), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def hosted(self, request: web.Request) -> web.StreamResponse:
        """A page that a channel shows to the public, and what is posted to it."""
        slug, _, suffix = request.match_info["slug"].partition(".")
        path = f"embed.{suffix}" if suffix else request.match_info.get("path", "")
        now = self._gateway.now()
        live = next((live for live in self._gateway.sources.all() if slug in live.slugs(now)), None)
        if live is None or not live.receiving or not isinstance(live.channel, HostedPages):
            raise web.HTTPNotFound
        if not path and request.method in ("POST", "OPTIONS") and isinstance(live.channel, WebhookChannel):
            return await self._posted(live, request)
        envelope = Envelope(
            body=b"",
            received_at=self._gateway.now(),
            method=request.method,
            path=path,
            query=dict(request.query),
            headers={name.lower(): value for name, value in request.headers.items()},
        )
        reply = live.channel.page(path, envelope)
        if reply is None:
            raise web.HTTPNotFound
        headers = {"X-Content-Type-Options": "nosniff", **reply.headers}
        headers["Content-Type"] = f"{reply.content_type}; charset=utf-8"
        return web.Response(status=reply.status, body=reply.body, headers=headers)

    async def _posted(self, live: Live, request: web.Request) -> web.StreamResponse:
        if self._hooks is None:
            raise web.HTTPNotFound
        return await self._hooks.receive(live, request)

    async def console(self, request: web.Request) -> web.StreamResponse:
        """A file of the built console, else its first page: its addresses are its own."""
        if not CONSOLE.is_dir():
            return web.Response(status=503, text=NOT_BUILT)
        wanted = (CONSOLE / request.match_info["path"]).resolve()
        if wanted.is_file() and wanted.is_relative_to(CONSOLE):
            kind = (
                KINDS.get(wanted.suffix) or mimetypes.guess_type(wanted.name)[0] or "application/octet-stream"
            )
            kept = FOREVER if wanted.parent.name == "assets" else "no-cache"
            return web.FileResponse(wanted, headers={**HEADERS, "Cache-Control": kept, "Content-Type": kind})
        if "." in request.match_info["path"].rpartition("/")[2]:
            raise web.HTTPNotFound
        return web.FileResponse(CONSOLE / "index.html", headers={**HEADERS, "Cache-Control": "no-cache"})
