"""Who is here? Signing in and out, one-time links, the first start, one's own settings and presence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, cast

from aiohttp import web

from gateway.address import problem_of, tidy
from gateway.api import shapes
from gateway.api.layer import Body, Call, answer, cookie_name, route, secure
from gateway.passwords import SHORTEST, Guesses, fits, hashed
from gateway.refusals import Refusal
from gateway.version import VERSION
from routing.times import MINUTE
from storage import audit, sessions, team
from storage.company import change_company, company
from storage.team import Account, account_by_email, account_of

guesses = Guesses()
_mail = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s]{2,}|[^@\s]{1,64}@localhost")


class SignIn(Body):
    email: str
    password: str
    remember: bool = False


class Enter(Body):
    token: str


class Setup(Body):
    name: str
    email: str
    password: str
    public_url: str | None = None
    company: str | None = None


class Again(Body):
    password: str


class NewPassword(Body):
    old: str
    new: str


LONGEST_PREFERENCE = {"signature": 2000}


class Change(Body):
    name: str | None = None
    prefs: dict[str, str | int | bool] | None = None
    password: NewPassword | None = None


class PresenceChange(Body):
    state: Literal["on_shift", "break", "dnd", "off"]
    minutes: int | None = None


@route("GET", "/start", answer=shapes.Start, public=True)
async def start(call: Call) -> shapes.Start:
    """What the sign-in page needs before anybody signed in."""
    settings = await call.gateway.database.read(company)
    demo = any(live.row.demo for live in call.gateway.sources.all())
    return {
        "first_run": settings.get("started_at") is None, "demo": demo, "version": VERSION,
        "company": str(settings.get("name") or ""),
    }  # fmt: skip


@route("POST", "/session", answer=shapes.Me, body=SignIn, public=True)
async def sign_in(call: Call, body: SignIn) -> web.Response:
    """Sign in with mail and password."""
    ip, now = call.request.remote or "", call.now
    email = body.email.strip().casefold()
    wait = guesses.wait(email, ip, now)
    if wait:
        raise Refusal("too_many", 429, retry_after=wait)
    guesses.wrong(email, ip, now)  # before the slow part: tries made at once are counted too
    account = await call.gateway.database.read(account_by_email, email)
    if not await fits(account.password_hash if account is not None else "", body.password) or account is None:
        raise Refusal("signed_out", 401, reason="wrong_pair")
    guesses.right(email, ip)
    if not account.active:
        raise Refusal("forbidden", 403, reason="disabled")
    return await _signed_in(call, account, keep=body.remember)


@route("POST", "/enter", answer=shapes.Me, body=Enter, public=True)
async def enter(call: Call, body: Enter) -> web.Response:
    """Sign in with a one-time link."""
    member_id = await call.gateway.database.write(sessions.spend_link, body.token)
    account = await call.gateway.database.read(account_of, member_id) if member_id else None
    if account is None or not account.active:
        raise Refusal("signed_out", 401, reason="link_spent")
    return await _signed_in(call, account, keep=True)


async def _signed_in(call: Call, account: Account, *, keep: bool) -> web.Response:
    request = call.request
    token, ends = await call.gateway.database.write(
        sessions.open_session, account.id, keep=keep, agent=request.headers.get("User-Agent", ""),
        ip=request.remote or "",
    )  # fmt: skip
    response = answer(me(call, account))
    response.set_cookie(
        cookie_name(request), token, path="/", httponly=True, samesite="Lax", secure=secure(request),
        max_age=(ends - call.now) // 1_000_000 if keep else None,
    )  # fmt: skip
    return response


@route("GET", "/session", answer=shapes.Me)
async def session(call: Call) -> shapes.Me:
    """Who is signed in."""
    return me(call, call.account)


@route("DELETE", "/session", status=204)
async def sign_out(call: Call) -> web.Response:
    """End this session."""
    if call.session is not None:
        await call.gateway.database.write(sessions.end, call.session.digest)
    response = web.Response(status=204)
    response.del_cookie(
        cookie_name(call.request), path="/", secure=secure(call.request), httponly=True, samesite="Lax"
    )
    return response


@route("POST", "/session/again", answer=shapes.Me, body=Again)
async def again(call: Call, body: Again) -> shapes.Me:
    """Prove once more that it is still the same person."""
    ip = call.request.remote or ""
    wait = guesses.wait(call.account.email, ip, call.now)
    if wait:
        raise Refusal("too_many", 429, retry_after=wait)
    guesses.wrong(call.account.email, ip, call.now)
    if not await fits(call.account.password_hash, body.password):
        raise Refusal("forbidden", 403, reason="wrong_pair")
    guesses.right(call.account.email, ip)
    return me(call, call.account)


@route("PUT", "/setup", answer=shapes.Me, body=Setup)
async def setup(call: Call, body: Setup) -> shapes.Me:
    """Name the first administrator, choose the password, and say where the world reaches us."""
    if not call.account.needs_setup:
        raise Refusal("not_now")
    name, email = body.name.strip(), check_email(body.email)
    if not name:
        raise Refusal("bad_request", 422, field="name")
    check_password(body.password)
    url = tidy(body.public_url or "")
    if url and problem_of(url) == "not_an_address":
        raise Refusal("bad_request", 422, field="public_url")
    stored = await hashed(body.password)
    await call.gateway.database.write(
        _set_up, call.me, name, email, stored, url, (body.company or "").strip()
    )
    await call.gateway.sources.look()
    return await _fresh(call)


def _set_up(tx: Any, member_id: str, name: str, email: str, stored: str, url: str, company_name: str) -> None:
    team.change_member(tx, member_id, name=name, email=email, password_hash=stored, needs_setup=0)
    change_company(tx, name=company_name, public_url=url, started_at=tx.now)
    audit.note(tx, member_id, "installation.set_up", "member", member_id)


@route("PATCH", "/me", answer=shapes.Me, body=Change)
async def change_me(call: Call, body: Change) -> shapes.Me:
    """Change one's own name, preferences or password."""
    values: dict[str, Any] = {}
    if body.name is not None:
        if not body.name.strip():
            raise Refusal("bad_request", 422, field="name")
        values["name"] = body.name.strip()[:200]
    _check_prefs(body.prefs or {})
    if body.password is not None:
        if call.account.password_hash and not await fits(call.account.password_hash, body.password.old):
            raise Refusal("forbidden", 403, reason="wrong_pair")
        check_password(body.password.new)
        values["password_hash"] = await hashed(body.password.new)
        keep = call.session.digest if call.session is not None else ""
        await call.gateway.database.write(sessions.end_all, call.me, keep)
    if values:
        await call.gateway.database.write(team.change_member, call.me, **values)
    if body.prefs:
        await call.gateway.database.write(team.prefer, call.me, body.prefs)
    return await _fresh(call)


def _check_prefs(prefs: Mapping[str, str | int | bool]) -> None:
    """Raises Refusal when they are too many or too long."""
    if len(prefs) > 50 or any(
        isinstance(value, str) and len(value) > LONGEST_PREFERENCE.get(name, 200)
        for name, value in prefs.items()
    ):
        raise Refusal("bad_request", 422, field="prefs")


@route("POST", "/me/presence", answer=shapes.Me, body=PresenceChange)
async def presence(call: Call, body: PresenceChange) -> shapes.Me:
    """On shift, on a break for some minutes, not to be disturbed, or off."""
    if body.minutes is not None and not 0 < body.minutes <= 24 * 60:
        raise Refusal("bad_request", 422, field="minutes")
    until = None if body.minutes is None else call.now + body.minutes * MINUTE
    await call.gateway.database.write(team.set_presence, call.me, body.state, until)
    return await _fresh(call)


async def _fresh(call: Call) -> shapes.Me:
    account = await call.gateway.database.read(account_of, call.me)
    assert account is not None
    return me(call, account)


def check_email(email: str) -> str:
    """The address, tidied. Raises Refusal bad_request."""
    tidied = email.strip().casefold()
    if not _mail.fullmatch(tidied):
        raise Refusal("bad_request", 422, field="email")
    return tidied


def check_password(password: str) -> None:
    """Raise Refusal bad_request for one that is too short or far too long."""
    if not SHORTEST <= len(password) <= 1000:
        raise Refusal("bad_request", 422, field="password", shortest=SHORTEST)


def me(call: Call, account: Account) -> shapes.Me:
    """What a member's console knows of its user."""
    prefs = {name: value for name, value in account.prefs.items() if isinstance(value, str | int | bool)}
    return {
        "id": account.id, "name": account.name, "email": account.email, "roles": list(account.roles),
        "permissions": [f"{what}:{scope}" for what, scope in sorted(account.permissions.items())],
        "presence": {
            "state": cast(Any, account.presence), "until": account.presence_until, "automatic": account.presence_automatic,
        },
        "prefs": prefs, "server_time": call.now, "version": VERSION,
        "demo": any(live.row.demo for live in call.gateway.sources.all()), "needs_setup": account.needs_setup,
    }  # fmt: skip
