"""In which browsers does the member hear of things though no page is open?"""

from __future__ import annotations

import re
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field
from typing_extensions import TypedDict

from channels.outside import is_public
from gateway import webpush
from gateway.api.layer import Body, Call, route
from gateway.pushdesk import prover_of
from gateway.refusals import Refusal
from storage import devices, sessions

BROWSERS: Final = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("YaBrowser/", "Яндекс Браузер"), ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
SYSTEMS: Final = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
_endpoint = re.compile(r"https://[\x21-\x7e]{3,1000}")


class DeviceShape(TypedDict):
    """`state`: new, nothing was shown there yet; working, something was; waiting, its push service does not take anything now;
    over, one has signed out there. `here`: it is the browser that asks."""

    id: str
    name: str
    state: Literal["new", "working", "waiting", "over"]
    error: str
    made_at: int
    worked_at: int | None
    here: bool


class Devices(TypedDict):
    """`key` is what a browser is switched on with (applicationServerKey)."""

    key: str
    items: list[DeviceShape]


class NewDevice(Body):
    """As PushSubscription.toJSON() says it."""

    endpoint: str = Field(max_length=1000)
    p256dh: str = Field(max_length=200)
    auth: str = Field(max_length=100)


@route("GET", "/me/devices", answer=Devices)
async def list_devices(call: Call) -> Devices:
    """One's own browsers that are told things, and the key to switch this one on with."""
    return await _devices(call)


@route("POST", "/me/devices", answer=Devices, body=NewDevice, status=201)
async def add_device(call: Call, body: NewDevice) -> Devices:
    """Be told things in this browser until one signs out in it. Said again it is the same, with new keys."""
    if call.session is None:
        raise Refusal("bad_request", 422, field="session")  # a program's token signs out of nothing
    if not _endpoint.fullmatch(body.endpoint) or not _leads_outside(body.endpoint):
        raise Refusal("bad_request", 422, field="endpoint")
    try:
        webpush.keys_of(body.p256dh, body.auth)
    except ValueError:
        raise Refusal("bad_request", 422, field="p256dh") from None
    closed = call.gateway.vault.seal({"p256dh": body.p256dh, "auth": body.auth})
    name = name_of(call.request.headers.get("User-Agent", ""))
    await call.gateway.database.write(
        devices.subscribe, call.me, call.session.digest, body.endpoint, closed, name
    )
    return await _devices(call)


@route("POST", "/me/devices/{id}/try", status=204)
async def try_device(call: Call) -> None:
    """Have something shown there, to see whether it works."""
    await call.gateway.database.write(devices.greet, call.me, call.path("id"))


@route("DELETE", "/me/devices/{id}", status=204)
async def remove_device(call: Call) -> None:
    """Be told nothing there any more."""
    await call.gateway.database.write(devices.remove, call.me, call.path("id"))


def _leads_outside(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        _ = parts.port  # raises for what is no port
    except ValueError:
        return False
    return bool(parts.hostname) and parts.username is None and is_public(parts.hostname or "")


def name_of(agent: str) -> str:
    """What a browser calls itself, for a person: «Chrome · Android»; "" when it does not say."""
    found = (next((name for mark, name in marks if mark in agent), "") for marks in (BROWSERS, SYSTEMS))
    return " · ".join(filter(None, found))


async def _devices(call: Call) -> Devices:
    database = call.gateway.database
    prover = await prover_of(call.gateway)
    rows = await database.read(devices.of_member, call.me)
    alive = await database.read(sessions.alive, call.me, call.now)
    own = call.session.digest if call.session is not None else ""
    return {
        "key": prover.public,
        "items": [
            {
                "id": row.id, "name": row.name, "state": _state(row, alive), "error": row.error,
                "made_at": row.made_at, "worked_at": row.worked_at, "here": row.session == own,
            }
            for row in rows
        ],
    }  # fmt: skip


def _state(row: Any, alive: set[str]) -> Literal["new", "working", "waiting", "over"]:
    if row.session not in alive:
        return "over"
    if row.error:
        return "waiting"
    return "working" if row.worked_at else "new"
