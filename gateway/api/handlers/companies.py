"""Which companies do clients belong to?"""

from __future__ import annotations

from typing import Any

from pydantic import Field
from typing_extensions import TypedDict

from gateway.api.layer import Body, Call, Query, route
from gateway.api.rights import must_see_contact
from gateway.refusals import Refusal
from storage import companies

EDIT = "contact.edit"
Value = str | int | float | bool | None


class CompanyLine(TypedDict):
    id: str
    name: str
    people: int


class CompanyList(TypedDict):
    items: list[CompanyLine]
    next: str | None


class CompanyPerson(TypedDict):
    id: str
    name: str
    role: str


class CompanyCard(TypedDict):
    id: str
    name: str
    fields: dict[str, Value]
    people: list[CompanyPerson]


class CompanyOf(TypedDict):
    id: str
    name: str
    role: str


class CompaniesOf(TypedDict):
    items: list[CompanyOf]


class CompanyQuery(Query):
    words: str = Field(default="", max_length=200)
    cursor: str = Field(default="", max_length=80)
    limit: int = Field(default=50, ge=1, le=200)


class CompanyBody(Body):
    name: str | None = Field(default=None, min_length=1, max_length=200)
    fields: dict[str, Value] = Field(default_factory=dict, max_length=50)


class RoleBody(Body):
    role: str = Field(default="", max_length=200)


def _everywhere(call: Call) -> None:
    """A company shows all its people: whoever sees only their own clients sees companies on their cards."""
    if not call.account.everywhere("contact.read"):
        raise Refusal("forbidden", 403, permission="contact.read")


@route("GET", "/companies", answer=CompanyList, query=CompanyQuery, needs="contact.read")
async def list_companies(call: Call, query: CompanyQuery) -> CompanyList:
    """Companies by words of their names, oldest first."""
    _everywhere(call)
    rows = await call.gateway.database.read(companies.listed, query.words, query.cursor, query.limit)
    return {
        "items": [{"id": row.id, "name": row.name, "people": row.people} for row in rows],
        "next": rows[-1].id if len(rows) == query.limit else None,
    }


@route("POST", "/companies", answer=CompanyCard, body=CompanyBody, needs=EDIT, status=201)
async def add_company(call: Call, body: CompanyBody) -> CompanyCard:
    """A new company."""
    _everywhere(call)
    if body.name is None or not body.name.strip():
        raise Refusal("bad_request", 422, field="name")
    _check(body)
    made = await call.gateway.database.write(companies.make, call.me, body.name.strip(), body.fields)
    return await _card(call, made)


def _check(body: CompanyBody) -> None:
    for name, value in body.fields.items():
        if not 0 < len(name) <= 60 or (isinstance(value, str) and len(value) > 4000):
            raise Refusal("bad_request", 422, field=f"fields.{name[:60]}")


async def _card(call: Call, company_id: str) -> CompanyCard:
    row: Any = await call.gateway.database.read(companies.one, company_id)
    people = await call.gateway.database.read(companies.people, company_id)
    return {
        "id": row.id, "name": row.name, "fields": row.fields,
        "people": [{"id": one.id, "name": one.name, "role": one.role} for one in people],
    }  # fmt: skip


@route("GET", "/companies/{id}", answer=CompanyCard, needs="contact.read")
async def one_company(call: Call) -> CompanyCard:
    """A company with its people."""
    _everywhere(call)
    return await _card(call, call.path("id"))


@route("PATCH", "/companies/{id}", answer=CompanyCard, body=CompanyBody, needs=EDIT)
async def change_company(call: Call, body: CompanyBody) -> CompanyCard:
    """Another name, other fields; null takes a field away."""
    _everywhere(call)
    _check(body)
    name = body.name.strip() if body.name else None
    await call.gateway.database.write(companies.change, call.path("id"), call.me, name, body.fields)
    return await _card(call, call.path("id"))


@route("PUT", "/contacts/{id}/companies/{company}", body=RoleBody, needs=EDIT, status=204)
async def join_company(call: Call, body: RoleBody) -> None:
    """The contact belongs to the company, in this role."""
    await must_see_contact(call, call.path("id"))
    await call.gateway.database.write(
        companies.join, call.path("company"), call.me, call.path("id"), body.role.strip()
    )


@route("DELETE", "/contacts/{id}/companies/{company}", needs=EDIT, status=204)
async def leave_company(call: Call) -> None:
    """The contact belongs to the company no more."""
    await must_see_contact(call, call.path("id"))
    await call.gateway.database.write(companies.leave, call.path("company"), call.me, call.path("id"))


@route("GET", "/contacts/{id}/companies", answer=CompaniesOf, needs="contact.read")
async def companies_of(call: Call) -> CompaniesOf:
    """The companies a contact belongs to."""
    await must_see_contact(call, call.path("id"))
    rows = await call.gateway.database.read(companies.of_contact, call.path("id"))
    return {"items": [{"id": row.id, "name": row.name, "role": row.role} for row in rows]}
