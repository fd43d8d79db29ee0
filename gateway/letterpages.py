"""What does the link in an offer's letter open? A page with two buttons: looking at it never accepts anything.

The link's secret is all it takes, works for one offer of one person, and is kept as a digest only. Mail programs and
scanners that follow links change nothing.
"""

from __future__ import annotations

from html import escape
from typing import Any, Final

from aiohttp import web

from gateway import offers
from gateway.context import Gateway
from gateway.refusals import Refusal
from storage import ways

PATH: Final = "/offer/{token:[A-Za-z0-9_-]{32}}"
"""As long as our tokens are: the console's own page of an offer has its id there, which is longer."""
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
LANGUAGE: Final = ("ru", "en")
TITLE: Final = ("Лид №{number}", "Lead №{number}")
OWNER: Final = ("коллега", "a colleague")
TAKE: Final = ("Взять", "Take")
DECLINE: Final = ("Отказаться", "Decline")
WORDS: Final = {
    "accepted": (
        "Лид ваш. Откройте «Единое окно», чтобы ответить клиенту.",
        "The lead is yours. Open the inbox to answer the client.",
    ),
    "declined": ("Вы отказались от этого лида.", "You declined this lead."),
    "taken": ("Этот лид уже взяли: {owner}.", "This lead was taken already: {owner}."),
    "expired": ("Время на этот лид вышло.", "The time for this lead is over."),
    "withdrawn": ("Этот лид больше не предлагается.", "This lead is not offered any more."),
}
STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;padding:24px;color:#1a1d21;background:#f6f7f9}"
    "main{max-width:420px;margin:10vh auto 0;background:#fff;border-radius:12px;padding:24px;box-shadow:0 1px 4px #0002}"
    "h1{font-size:20px;margin:0 0 8px}button{font:inherit;padding:10px 18px;border-radius:8px;border:1px solid #c8ccd2;"
    "background:#fff;margin:8px 8px 0 0;cursor:pointer}button.yes{background:#1f6feb;border-color:#1f6feb;color:#fff}"
    "@media(prefers-color-scheme:dark){body{background:#15181c;color:#e8eaed}main{background:#1f2329}"
    "button{background:#2a2f36;color:#e8eaed;border-color:#444b54}}"
)


def setup(app: web.Application, gateway: Gateway) -> None:
    """Mount the pages."""
    pages = _Pages(gateway)
    app.router.add_get(PATH, pages.show)
    app.router.add_post(PATH, pages.act)


class _Pages:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def show(self, request: web.Request) -> web.Response:
        """The offer as it stands, with its buttons while it is open."""
        return _page(await self._row(request))

    async def _row(self, request: web.Request) -> Any:
        token = request.match_info["token"]
        row = await self._gateway.database.read(ways.by_token, token) if len(token) < 100 else None
        if row is None:
            raise web.HTTPNotFound
        return row

    async def act(self, request: web.Request) -> web.Response:
        """Accept or decline; doing it twice is doing it once."""
        row = await self._row(request)
        wish = (await request.post()).get("do")
        try:
            if wish == "accept":
                await offers.accept(self._gateway, row.member_id, row.offer_id)
            elif wish == "decline":
                await offers.decline(self._gateway, row.member_id, row.offer_id, "other", "")
            else:
                raise web.HTTPBadRequest
        except Refusal:
            pass  # the page says how it stands
        self._gateway.bells.ring(["staff"])
        return _page(await self._row(request))


def _page(row: Any) -> web.Response:
    english = (row.prefs or {}).get("language") == "en"
    title = TITLE[english].format(number=row.number)
    said = WORDS.get(row.state, WORDS["withdrawn"])[english].format(owner=row.owner or OWNER[english])
    if row.state == "open":
        said = f"{row.title} · {row.source or ''}".strip(" ·")
        buttons = (
            f'<form method="post"><button class="yes" name="do" value="accept">{TAKE[english]}</button>'
            f'<button name="do" value="decline">{DECLINE[english]}</button></form>'
        )
    else:
        buttons = ""
    body = (
        f'<!doctype html><html lang="{LANGUAGE[english]}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><main><h1>{escape(title)}</h1><p>{escape(said)}</p>"
        f"{buttons}</main></html>"
    )
    return web.Response(text=body, content_type="text/html", headers=HEADERS)
