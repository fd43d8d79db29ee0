"""What may each role do, and with whose things? Presets and roles of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

from pydantic import Field
from typing_extensions import TypedDict

from gateway.api.layer import Body, Call, route
from gateway.permissions import PERMISSIONS, SCOPED, SCOPES
from gateway.refusals import Refusal
from storage import roles

EDIT = "member.grant"
Scope = Literal["own", "team", "below", "all"]


class Permission(TypedDict):
    """`scopes`: how far it can go, the narrowest first; what is nobody's is had or not."""

    name: str
    about: str
    scopes: list[Scope]


class Role(TypedDict):
    id: str
    name: str
    preset: bool
    permissions: dict[str, Scope]
    people: int


class Roles(TypedDict):
    items: list[Role]
    permissions: list[Permission]


class NewRole(Body):
    name: str = Field(min_length=1, max_length=60)
    permissions: dict[str, Scope] = Field(max_length=100)


class RoleChange(Body):
    name: str | None = Field(default=None, min_length=1, max_length=60)
    permissions: dict[str, Scope] = Field(max_length=100)


@route("GET", "/roles", answer=Roles, needs="member.edit")
async def list_roles(call: Call) -> Roles:
    """Every role with its permissions and how far each goes, and all that can be given."""
    return await _roles(call)


async def _roles(call: Call) -> Roles:
    given = await call.gateway.database.read(roles.permissions)
    return {
        "items": [
            {
                "id": row.id, "name": row.name, "preset": bool(row.preset), "people": row.people,
                "permissions": cast(dict[str, Scope], given.get(row.id, {})),
            }
            for row in await call.gateway.database.read(roles.listed)
        ],
        "permissions": [
            {"name": name, "about": about, "scopes": list(cast(tuple[Scope, ...], SCOPES)) if name in SCOPED else ["all"]}
            for name, about in PERMISSIONS.items()
        ],
    }  # fmt: skip


@route("POST", "/roles", answer=Roles, body=NewRole, needs=EDIT, status=201, whole=True)
async def add_role(call: Call, body: NewRole) -> Roles:
    """A new role, given to people as the presets are."""
    _check(body.permissions)
    await call.gateway.database.write(roles.add, call.me, _named(body.name), body.permissions)
    return await _roles(call)


@route("PUT", "/roles/{id}", answer=Roles, body=RoleChange, needs=EDIT, whole=True)
async def change_role(call: Call, body: RoleChange) -> Roles:
    """Set what a role may do; whoever has it sees other things at once. The administrators' role stays as it is."""
    _check(body.permissions)
    name = None if body.name is None else _named(body.name)
    await call.gateway.database.write(roles.change, call.path("id"), call.me, name, body.permissions)
    return await _roles(call)


@route("DELETE", "/roles/{id}", needs=EDIT, status=204, whole=True)
async def remove_role(call: Call) -> None:
    """Take out a role of one's own that nobody has."""
    await call.gateway.database.write(roles.remove, call.path("id"), call.me)


def _named(name: str) -> str:
    tidy = name.strip()
    if not tidy:
        raise Refusal("bad_request", 422, field="name")
    return tidy


def _check(given: Mapping[str, Scope]) -> None:
    """Raise Refusal bad_request for a permission that is none, or a scope that means nothing there."""
    for what, scope in given.items():
        if what not in PERMISSIONS or (what not in SCOPED and scope != "all"):
            raise Refusal("bad_request", 422, field=f"permissions.{what[:60]}")
