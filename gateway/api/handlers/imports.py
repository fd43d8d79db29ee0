"""How is an address book brought in? The file, what its columns mean, what will happen, the doing, the way back."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from typing import IO, Any, Literal

from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from gateway.api import build, shapes
from gateway.api.handlers.book import csv_answer, csv_line
from gateway.api.layer import Body, Call, Query, route
from gateway.importing import mapping as columns
from gateway.importing.reading import HEAD, MOST_BYTES, Form, form_of, table
from gateway.refusals import Refusal
from storage import imports
from storage.clean import clean

NEEDS = "contact.import"
GROUP = 1000
SHOWN = 5
IN_MEMORY = 1024 * 1024


class KnownRow(TypedDict):
    """A row whose contact is known already, and by which address."""

    n: int
    name: str
    contact_id: str
    contact_name: str
    by: str


class Import(TypedDict):
    """An address book: `mapping` says what each column means, "" is nothing. `counts` are what was found by looking (new,
    known, repeated, refused), then what was done (made, completed, skipped, refused), then what was taken back (undone, kept)."""

    id: str
    name: str
    by: shapes.Ref | None
    format: Literal["csv", "vcard"]
    encoding: str
    delimiter: str
    columns: list[str]
    mapping: list[str]
    first: list[list[str]]
    matching: Literal["skip", "complete", "new"]
    tag: str
    state: Literal["reading", "draft", "checking", "ready", "running", "done", "undoing", "undone"]
    total: int
    place: int
    counts: dict[str, int]
    samples: list[KnownRow]
    created_at: int


class ImportList(TypedDict):
    items: list[Import]


class FileQuery(Query):
    name: str = Field(default="contacts.csv", min_length=1, max_length=255)
    encoding: Literal["", "utf-8", "cp1251", "cp866", "koi8-r", "utf-16"] = ""
    delimiter: Literal["", "comma", "semicolon", "tab", "pipe"] = ""
    """What a person says; "" is found out."""


class MappingBody(Body):
    mapping: list[str] = Field(max_length=100)
    matching: Literal["skip", "complete", "new"] = "skip"
    tag: str = Field(default="", max_length=60)


def _shape(row: Any, first: list[list[str]]) -> Import:
    return {
        "id": row.id, "name": row.name, "by": build.reference(row.by_id, row.by_name), "format": row.format,
        "encoding": row.encoding, "delimiter": row.delimiter, "columns": row.columns, "mapping": row.mapping,
        "first": first, "matching": row.matching, "tag": row.tag, "state": row.state, "total": row.total,
        "place": row.place, "counts": row.counts, "samples": row.samples, "created_at": row.created_at,
    }  # fmt: skip


async def _import(call: Call, import_id: str) -> Import:
    database = call.gateway.database
    row = await database.read(imports.one, import_id)
    fresh = row.state in ("reading", "draft", "checking", "ready")
    first = await database.read(imports.cells, import_id, 0, SHOWN) if fresh else []
    return _shape(row, [cells for _, cells in first])


@route("GET", "/imports", answer=ImportList, needs=NEEDS)
async def list_imports(call: Call) -> ImportList:
    """The newest imports and how far they are."""
    return {"items": [_shape(row, []) for row in await call.gateway.database.read(imports.listed)]}


@route("POST", "/imports", answer=Import, query=FileQuery, needs=NEEDS, status=201)
async def upload(call: Call, query: FileQuery) -> Import:
    """Read a file in: CSV (comma, semicolon, tab or bar; UTF-8, cp1251, cp866, KOI8-R, UTF-16) or vCard, 50 MB and 100 000
    rows at most. The body is the file; nothing is brought in yet."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        head, size = await _receive(call.request, file)
        if not size:
            raise Refusal("unreadable", 422, reason="empty")
        form = form_of(head, whole=size <= len(head), encoding=query.encoding, delimiter=query.delimiter)
        file.seek(0)
        made = await _keep(call, query.name, form, file)
    return await _import(call, made)


async def _receive(request: web.Request, file: Any) -> tuple[bytes, int]:
    if (request.content_length or 0) > MOST_BYTES:
        raise Refusal("too_large", 413, limit=MOST_BYTES)
    head, size = b"", 0
    async for chunk in request.content.iter_chunked(64 * 1024):
        size += len(chunk)
        if size > MOST_BYTES:
            raise Refusal("too_large", 413, limit=MOST_BYTES)
        head += chunk[: HEAD - len(head)]
        await asyncio.to_thread(file.write, chunk)
    return head, size


async def _keep(call: Call, name: str, form: Form, file: IO[bytes]) -> str:
    """Its rows, a thousand a transaction; of a file that turns out to be unreadable nothing stays."""
    database = call.gateway.database
    names, rows = await asyncio.to_thread(table, file, form)
    guessed = columns.guess(names, form.kind)
    made = await database.write(
        imports.start, call.me, clean(name), form.kind, form.encoding, form.delimiter, names, guessed
    )
    total = 0
    try:
        while group := await asyncio.to_thread(_next, rows):
            await database.write(imports.add_lines, made, total + 1, group)
            total += len(group)
        if not total:
            raise Refusal("unreadable", 422, reason="empty")
    except BaseException:
        await database.write(imports.forget, made)
        raise
    await database.write(imports.read_in, made, total)
    return made


def _next(rows: Iterator[list[str]]) -> list[list[str]]:
    return [row for _, row in zip(range(GROUP), rows, strict=False)]


@route("GET", "/imports/{id}", answer=Import, needs=NEEDS)
async def one_import(call: Call) -> Import:
    """An import: its columns, its first rows, and how far it is."""
    return await _import(call, call.path("id"))


@route("PUT", "/imports/{id}/mapping", answer=Import, body=MappingBody, needs=NEEDS)
async def choose_mapping(call: Call, body: MappingBody) -> Import:
    """Say what the columns mean and what is done with known contacts; all rows are looked at then, and nothing is changed."""
    row = await call.gateway.database.read(imports.one, call.path("id"))
    if len(body.mapping) != len(row.columns) or not all(map(columns.known, body.mapping)):
        raise Refusal("bad_request", 422, field="mapping")
    if not {"name", "last_name", "first_name", "phone", "email"} & set(body.mapping):
        raise Refusal("bad_request", 422, field="mapping", problem="nobody")
    await call.gateway.database.write(imports.choose, row.id, body.mapping, body.matching, body.tag.strip())
    return await _import(call, row.id)


@route("POST", "/imports/{id}/run", answer=Import, needs=NEEDS)
async def run_import(call: Call) -> Import:
    """Bring it in; it goes on whatever happens to us."""
    await call.gateway.database.write(imports.run, call.path("id"), call.me)
    return await _import(call, call.path("id"))


@route("POST", "/imports/{id}/undo", answer=Import, needs=NEEDS)
async def undo_import(call: Call) -> Import:
    """Stop it and take back what it did, exactly; cards that somebody worked with since stay, and are counted."""
    await call.gateway.database.write(imports.undo, call.path("id"), call.me)
    return await _import(call, call.path("id"))


@route("DELETE", "/imports/{id}", needs=NEEDS, status=204)
async def forget_import(call: Call) -> None:
    """Throw a file away that was not brought in."""
    await call.gateway.database.write(imports.forget, call.path("id"))


@route("GET", "/imports/{id}/refused", needs=NEEDS)
async def refused_rows(call: Call) -> web.StreamResponse:
    """The rows that could not be taken, as a table to mend and bring in again."""
    row = await call.gateway.database.read(imports.one, call.path("id"))
    answer = csv_answer("refused.csv")
    await answer.prepare(call.request)
    await answer.write(b"\xef\xbb\xbf" + csv_line(row.columns))
    place = 0
    while found := await call.gateway.database.read(imports.refused, row.id, place, GROUP):
        await answer.write(b"".join(csv_line(cells) for _, _, cells in found))
        place = found[-1][0]
    await answer.write_eof()
    return answer
