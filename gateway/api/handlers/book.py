"""Which contacts are there, and how are they taken out as a file?"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, Literal

from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from gateway.api import build, shapes
from gateway.api.layer import Call, Query, route
from gateway.refusals import Refusal
from storage import book

GROUP: Final = 500
MOST_FIELDS: Final = 200
HEAD: Final = {
    "ru": ("Имя", "Телефон", "E-mail", "Компания", "Должность", "Метки", "Ответственный"),
    "en": ("Name", "Phone", "E-mail", "Company", "Position", "Tags", "Responsible"),
}
"""As an import of ours understands them again."""


class ContactLine(TypedDict):
    """A line of the list. `addresses` are those that people know: telephones, mails, nicknames."""

    id: str
    name: str
    addresses: list[shapes.AddressLine]
    companies: list[shapes.Ref]
    tags: list[str]
    responsible: shapes.Ref | None
    conversation_id: str | None
    created_at: int


class ContactList(TypedDict):
    items: list[ContactLine]
    next: str | None


class ListQuery(Query):
    words: str = Field(default="", max_length=200)
    cursor: str = Field(default="", max_length=80)
    limit: int = Field(default=50, ge=1, le=200)


class ExportQuery(Query):
    format: Literal["csv", "vcf"] = "csv"
    words: str = Field(default="", max_length=200)
    language: Literal["ru", "en"] = "ru"


def _line(row: Mapping[str, Any]) -> ContactLine:
    tags = row["fields"].get("tags")
    return {
        "id": row["id"], "name": row["name"],
        "addresses": [{"kind": kind, "value": value, "username": name} for kind, value, name in row["addresses"]],
        "companies": [{"id": ref, "name": name} for ref, name, _ in row["companies"]],
        "tags": tags if isinstance(tags, list) else [],
        "responsible": build.reference(row["responsible_id"], row["responsible_name"]), "created_at": row["created_at"],
        "conversation_id": row["conversation_id"],
    }  # fmt: skip


@route("GET", "/contacts", answer=ContactList, query=ListQuery, needs="contact.read")
async def list_contacts(call: Call, query: ListQuery) -> ContactList:
    """Contacts, newest first, or those that words find; who sees only their own gets their own."""
    reach = call.account.reach("contact.read")

    def read(connection: Any) -> list[dict[str, Any]]:
        return book.listed(
            connection, words=query.words.strip(), after=query.cursor, limit=query.limit, reach=reach
        )

    rows = await call.gateway.database.read(read)
    more = not query.words.strip() and len(rows) == query.limit
    return {"items": [_line(row) for row in rows], "next": rows[-1]["id"] if more else None}


@route("GET", "/contacts-file", query=ExportQuery, needs="contact.export")
async def export_contacts(call: Call, query: ExportQuery) -> web.StreamResponse:
    """All contacts (or those that words find) as a table or as vCards, streamed. It stands in the audit who took them out."""
    for permission in ("contact.read", "contact.export"):
        if not call.account.everywhere(permission):
            raise Refusal("forbidden", 403, permission=permission)
    facts = {"format": query.format, "narrowed": bool(query.words.strip())}
    await call.gateway.database.write(book.taken_out, call.me, facts, call.request.remote or "")
    if query.format == "vcf":
        answer = _file("contacts.vcf", "text/vcard; charset=utf-8")
        await answer.prepare(call.request)
        async for rows in _pages(call, query.words.strip()):
            await answer.write("".join(map(_vcard, rows)).encode())
    else:
        names = await _field_names(call)
        answer = csv_answer("contacts.csv")
        await answer.prepare(call.request)
        await answer.write(b"\xef\xbb\xbf" + csv_line([*HEAD[query.language], *names]))
        async for rows in _pages(call, query.words.strip()):
            await answer.write(b"".join(csv_line(_cells(row, names)) for row in rows))
    await answer.write_eof()
    return answer


async def _pages(call: Call, words: str) -> AsyncIterator[list[dict[str, Any]]]:
    after = ""
    while True:

        def read(connection: Any, after: str = after) -> list[dict[str, Any]]:
            return book.listed(connection, words=words, after=after, limit=GROUP)

        rows = await call.gateway.database.read(read)
        if rows:
            yield rows
            after = rows[-1]["id"]
        if words or len(rows) < GROUP:
            return


async def _field_names(call: Call) -> list[str]:
    """The custom fields there are, in the order of the alphabet."""
    names: set[str] = set()
    after = ""
    while len(names) < MOST_FIELDS:
        after, found = await call.gateway.database.read(book.field_names, after, 5000)
        names |= found
        if not after:
            break
    return sorted(names)[:MOST_FIELDS]


def _cells(row: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    fields = row["fields"]
    tags = fields.get("tags")
    company = row["companies"][0] if row["companies"] else ("", "", "")
    return [
        row["name"], ", ".join(_of(row, "phone")), ", ".join(_of(row, "email")), company[1], company[2],
        ", ".join(tags) if isinstance(tags, list) else "", row["responsible_name"] or "",
        *(_said(fields.get(name)) for name in names),
    ]  # fmt: skip


def _of(row: Mapping[str, Any], kind: str) -> list[str]:
    return [value for one, value, _ in row["addresses"] if one == kind]


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def csv_line(cells: Sequence[str]) -> bytes:
    """One line of a table; what a table program would take for a formula is shown as text."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([harmless(cell) for cell in cells])
    return out.getvalue().encode()


def harmless(value: str) -> str:
    """A cell that no table program takes for a formula."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def csv_answer(name: str) -> web.StreamResponse:
    """The head of a table to download."""
    return _file(name, "text/csv; charset=utf-8")


def _file(name: str, kind: str) -> web.StreamResponse:
    return web.StreamResponse(
        headers={
            "Content-Type": kind, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
            "Content-Disposition": f'attachment; filename="{name}"',
        }
    )  # fmt: skip


def _vcard(row: Mapping[str, Any]) -> str:
    tags = row["fields"].get("tags")
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"FN:{_escaped(row['name'])}", f"N:{_escaped(row['name'])};;;;"]
    lines += [f"TEL:{value}" for value in _of(row, "phone")]
    lines += [f"EMAIL:{_escaped(value)}" for value in _of(row, "email")]
    for _, name, role in row["companies"][:1]:
        lines += [f"ORG:{_escaped(name)}", *([f"TITLE:{_escaped(role)}"] if role else [])]
    if isinstance(tags, list) and tags:
        lines.append("CATEGORIES:" + ",".join(map(_escaped, tags)))
    note = row["fields"].get("note")
    lines += [f"NOTE:{_escaped(str(note))}"] if note else []
    return "".join(_folded(line) + "\r\n" for line in [*lines, "END:VCARD"])


def _escaped(value: str) -> str:
    for sign in ("\\", ",", ";"):
        value = value.replace(sign, f"\\{sign}")
    return value.replace("\r\n", "\n").replace("\n", "\\n").replace("\r", "\\n")


def _folded(line: str) -> str:
    """Lines of 75 octets at most, each further one behind a space (RFC 2426, 2.6)."""
    parts, part, size = [], "", 0
    for sign in line:
        width = len(sign.encode())
        if size + width > 74:
            parts.append(part)
            part, size = "", 0
        part, size = part + sign, size + width
    return "\r\n ".join([*parts, part])
