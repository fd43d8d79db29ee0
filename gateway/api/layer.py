"""How does a function become a route? It says what it needs and answers; everything else is the same for all.

A handler is `async def handler(call: Call, …)`, decorated with `route`. The layer signs in, checks the permission and the
origin, reads body and query strictly, answers by orjson, and turns every refusal into `{code, message, params}`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from gateway.context import Gateway
from gateway.refusals import CODES, Refusal, refusing
from storage import sessions
from storage.clean import cleaned
from storage.errors import Unavailable
from storage.sessions import Session
from storage.team import Account, account_of

log = structlog.get_logger(__name__)
PREFIX: Final = "/api/v1"
LARGEST_JSON: Final = 512 * 1024
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_id = re.compile(r"[0-9a-zA-Z._:-]{1,80}")


class Body(BaseModel):
    """A JSON body: every key known, every type exact."""

    model_config = ConfigDict(extra="forbid", strict=True, str_max_length=200_000, defer_build=True)


class Query(BaseModel):
    """A query string: every key known."""

    model_config = ConfigDict(extra="forbid", str_max_length=2_000, defer_build=True)


@dataclass(frozen=True, slots=True)
class Call:
    """One request that got through: who asks, and the gateway's tools."""

    gateway: Gateway
    request: web.Request
    account: Account
    session: Session | None
    needs: str = ""
    """The permission that the route needs."""

    def path(self, name: str) -> str:
        """An id out of the path."""
        return self.request.match_info[name]

    def number(self, name: str) -> int:
        """A number out of the path. Raises Refusal not_found."""
        found = self.path(name)
        if not found.isascii() or not found.isdigit() or len(found) > 18:
            raise Refusal("not_found", 404)
        return int(found)

    @property
    def me(self) -> str:
        """The member who asks."""
        return self.account.id

    @property
    def now(self) -> int:
        return self.gateway.now()

    def need(self, permission: str) -> None:
        """Raise Refusal forbidden unless the member has the permission in some scope."""
        if not self.account.may(permission):
            raise Refusal("forbidden", 403, permission=permission)


Handler = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the API."""

    method: str
    path: str
    handler: Handler
    needs: str
    body: type[Body] | None
    query: type[Query] | None
    answer: Any
    status: int
    public: bool
    whole: bool
    summary: str


ROUTES: list[Route] = []


def route(
    method: str, path: str, *, answer: Any = None, needs: str = "", body: type[Body] | None = None,
    query: type[Query] | None = None, status: int = 200, public: bool = False, whole: bool = False,
) -> Callable[[Handler], Handler]:  # fmt: skip
    """Make the function a route. `needs` is a permission; `whole`: it has to cover everything; `public`: nobody need be
    signed in."""

    def register(handler: Handler) -> Handler:
        summary = (handler.__doc__ or "").strip().split("\n")[0]
        ROUTES.append(
            Route(method, path, handler, needs, body, query, answer, status, public, whole, summary)
        )
        return handler

    return register


def mount(app: web.Application, gateway: Gateway) -> None:
    """Add every registered route to the application."""
    for one in ROUTES:
        app.router.add_route(one.method, PREFIX + one.path, _Endpoint(gateway, one).serve)
    app.router.add_route("*", "/api/{rest:.*}", _unknown)


async def _unknown(_: web.Request) -> web.Response:
    return refuse(Refusal("not_found", 404))


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer that nobody keeps."""
    return web.Response(
        body=orjson.dumps(value),
        status=status,
        headers={"Content-Type": "application/json", "Cache-Control": "no-store", **(headers or {})},
    )


def refuse(refusal: Refusal) -> web.Response:
    """A refusal in the form all have."""
    headers = {"Retry-After": str(refusal.params["retry_after"])} if "retry_after" in refusal.params else {}
    if refusal.status == 503:
        headers = {"Retry-After": "3"}
    value = {"code": refusal.code, "message": CODES[refusal.code], "params": refusal.params}
    return answer(value, refusal.status, headers)


class _Endpoint:
    """One route at work."""

    def __init__(self, gateway: Gateway, one: Route) -> None:
        self._gateway = gateway
        self._route = one

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer, whatever happens."""
        try:
            return await self._answer(request)
        except Refusal as refusal:
            return refuse(refusal)
        except Unavailable as gone:
            log.warning("database unavailable", method=request.method, path=self._route.path, why=str(gone))
            return refuse(Refusal("unavailable", 503))
        except web.HTTPException:
            raise
        except Exception:
            log.exception("request failed", method=request.method, path=self._route.path)
            return refuse(Refusal("failed", 500))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        one = self._route
        for name, value in request.match_info.items():
            if not _id.fullmatch(value):
                raise Refusal("not_found", 404, field=name)
        arguments: list[Any] = [await self._call(request)]
        if one.query is not None:
            arguments.append(_read_query(request, one.query))
        if one.body is not None:
            arguments.append(await _read_body(request, one.body))
        with refusing():
            value = await one.handler(*arguments)
        if isinstance(value, web.StreamResponse):
            return value
        return web.Response(status=204) if one.status == 204 else answer(value, one.status)

    async def _call(self, request: web.Request) -> Call:
        one = self._route
        if request.method not in SAFE:
            _ours(request, self._gateway)
        if one.public:
            return Call(self._gateway, request, NOBODY, None)
        account, session = await sign_in(self._gateway, request)
        if one.needs and not (account.everywhere(one.needs) if one.whole else account.may(one.needs)):
            raise Refusal("forbidden", 403, permission=one.needs)
        return Call(self._gateway, request, account, session, one.needs)


NOBODY: Final = Account("", "", "", (), {}, {}, "off", None, False, False, "", False)


async def sign_in(gateway: Gateway, request: web.Request) -> tuple[Account, Session | None]:
    """Who asks: by a program's bearer token or a browser's cookie. Raises Refusal signed_out."""
    found: Session | None = None
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        member_id = await gateway.database.read(sessions.bearer, header[7:])
    else:
        token = request.cookies.get(cookie_name(request), "")
        found = await gateway.database.read(sessions.find, token, gateway.now()) if token else None
        member_id = found.member_id if found is not None else None
    account = await gateway.database.read(account_of, member_id) if member_id else None
    if account is None or not account.active:
        raise Refusal("signed_out", 401)
    if found is not None and gateway.now() - found.used_at > sessions.SLIDE:
        await gateway.database.write(sessions.slide, found)
    return account, found


def badge_of(request: web.Request) -> str:
    """The digest of the token that a request comes in by."""
    header = request.headers.get("Authorization", "")
    token = header[7:] if header.startswith("Bearer ") else request.cookies.get(cookie_name(request), "")
    return sessions.digest_of(token)


def secure(request: web.Request) -> bool:
    """Whether the browser came by https, to us or to the proxy before us."""
    return request.secure or request.headers.get("X-Forwarded-Proto") == "https"


def cookie_name(request: web.Request) -> str:
    """The prefix binds the cookie to https and this host; plain http is for this machine only."""
    return "__Host-inbox" if secure(request) else "inbox"


def _ours(request: web.Request, gateway: Gateway) -> None:
    """A cross-site page can send neither our header nor our origin. Programs with a token need none."""
    if request.headers.get("Authorization", "").startswith("Bearer "):
        return
    if request.headers.get("X-Inbox") != "1" or not origin_is_ours(request, gateway):
        raise Refusal("forbidden", 403, reason="origin")


def origin_is_ours(request: web.Request, gateway: Gateway) -> bool:
    """Whether the page that asks is one of ours; a request without Origin comes from no page."""
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    ours = {request.host.lower()}
    if gateway.sources.public_url:
        ours.add(urlsplit(gateway.sources.public_url).netloc.lower())
    return urlsplit(origin).netloc.lower() in ours


def _read_query(request: web.Request, model: type[Query]) -> Query:
    try:
        return model.model_validate(cleaned(dict(request.query)))
    except ValidationError as error:
        raise _bad(error) from None


async def _read_body(request: web.Request, model: type[Body]) -> Body:
    if request.content_type != "application/json":
        raise Refusal("unsupported_type", 415)
    if (request.content_length or 0) > LARGEST_JSON:
        raise Refusal("too_large", 413)
    raw = await request.content.read(LARGEST_JSON + 1)
    while len(raw) <= LARGEST_JSON and not request.content.at_eof():
        raw += await request.content.read(LARGEST_JSON + 1 - len(raw))
    if len(raw) > LARGEST_JSON:
        raise Refusal("too_large", 413)
    try:
        return model.model_validate_json(_clean_json(raw) if b"\\u0000" in raw else raw)
    except ValidationError as error:
        raise _bad(error) from None


def _clean_json(raw: bytes) -> bytes:
    """The body without what no database keeps; unreadable JSON as it is, to be refused."""
    try:
        return orjson.dumps(cleaned(orjson.loads(raw)))
    except ValueError:
        return raw


def _bad(error: ValidationError) -> Refusal:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return Refusal("bad_request", 422, field=".".join(map(str, first["loc"])), problem=first["msg"])
