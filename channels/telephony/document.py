"""What does a request say, whatever it is written in?

One tree for JSON, forms and query parameters, judged by content and not by the declared type: telephone
systems send JSON as text/plain, forms without any type, and JSON inside a field of a form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

import orjson

from channels.base import Envelope
from channels.errors import PayloadUnreadable

Document: TypeAlias = Mapping[str, Any]
LARGEST = 1024 * 1024
DEEPEST = 12
PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}")


def read(envelope: Envelope, embedded: Sequence[str] = ()) -> Document:
    """The request's values; the body wins over the query. `embedded` names form fields that hold JSON.

    Raises PayloadUnreadable.
    """
    if len(envelope.body) > LARGEST:
        raise PayloadUnreadable("too large", code="too_large")
    return {
        **envelope.query,
        **_body(envelope.body, embedded),
        "@path": envelope.path,
        "@method": envelope.method,
    }


def _body(body: bytes, embedded: Sequence[str]) -> dict[str, Any]:
    start = body.lstrip()[:1]
    if not start:
        return {}
    if start in (b"{", b"["):
        found = _json(body)
        return found if isinstance(found, dict) else {"list": found}
    if start == b"<":
        raise PayloadUnreadable("XML is not read", code="xml_unsupported")
    form: dict[str, Any] = dict(_pairs(body))
    for name in embedded:
        if isinstance(form.get(name), str) and form[name].lstrip()[:1] in ("{", "["):
            form[name] = _json(form[name].encode())
    return form


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("utf-8").strip(), keep_blank_values=True, max_num_fields=400)
    except ValueError:  # not UTF-8, or a flood of fields
        raise PayloadUnreadable("not a form", code="bad_form") from None


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise PayloadUnreadable("not JSON", code="bad_json") from None


def find(document: Document, path: str) -> str:
    """The scalar at a dotted path (list places are numbers), "" where there is none."""
    value: Any = document.get(path)
    if value is None and "." in path:
        value = document
        for name in path.split(".")[:DEEPEST]:
            value = _inside(value, name)
    return clean(value)


def _inside(value: Any, name: str) -> Any:
    match value:
        case Mapping():
            return value.get(name)
        case list() if name.isascii() and name.isdigit() and len(name) < 5:
            return value[int(name)] if int(name) < len(value) else None
    return None


def clean(value: Any) -> str:
    """A scalar as text. Templates leave "null", quotes around a value, or {{name}} where they had nothing
    to put."""
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            written = str(value).strip()[:4000]
        case _:
            return ""
    if len(written) > 1 and written[0] == written[-1] == '"':
        written = written[1:-1].strip()
    return "" if written.lower() == "null" or PLACEHOLDER.fullmatch(written) else written
