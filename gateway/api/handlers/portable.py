"""How is a whole set-up carried in one readable file?"""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from gateway.api.layer import Body, Call, route
from gateway.refusals import Refusal
from storage import portable

ADMIN = "member.grant"


class SetupFile(Body):
    """`document` is what GET gave; `only_look` says what would change, and changes nothing."""

    document: dict[str, Any] = Field(max_length=20)
    only_look: bool = False


class Counts(TypedDict):
    new: int
    changed: int
    same: int


class Compared(TypedDict):
    sections: dict[str, Counts]
    brought_in: bool


@route("GET", "/setup-file", needs=ADMIN)
async def export_setup(call: Call) -> web.Response:
    """Queues, rules, schedules, pipelines and sources without secrets, as one readable file."""
    document = await call.gateway.database.read(portable.export)
    body = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    headers = {
        "Content-Type": "application/json", "Cache-Control": "no-store",
        "Content-Disposition": 'attachment; filename="inbox-setup.json"',
    }  # fmt: skip
    return web.Response(body=body + b"\n", headers=headers)


@route("POST", "/setup-file", answer=Compared, body=SetupFile, needs=ADMIN)
async def import_setup(call: Call, body: SetupFile) -> Compared:
    """Make the set-up what the file says; what the file does not name stays."""
    portable_check(body.document)
    found = await call.gateway.database.read(portable.compare, body.document)
    if not body.only_look:
        await call.gateway.database.write(portable.bring_in, call.me, body.document)
        await call.gateway.sources.look()
    return {"sections": {name: _counts(one) for name, one in found.items()}, "brought_in": not body.only_look}


def portable_check(document: dict[str, Any]) -> None:
    """Raise Refusal bad_request for a file that is none of ours."""
    try:
        portable.check(document)
    except (KeyError, TypeError) as error:
        raise Refusal("bad_request", 422, field="document") from error


def _counts(one: dict[str, int]) -> Counts:
    return {"new": one["new"], "changed": one["changed"], "same": one["same"]}
