"""What does a request say, whatever it is written in?

One tree for JSON, XML, forms and query parameters, judged by content and not by the declared type: telephone
systems send JSON as text/plain, forms without any type, and JSON inside a field of a form. Of XML attributes are
`@name`, text is the value (`#text` beside children or attributes), namespaces are dropped; declarations of types
and entities are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote

import orjson

from channels.base import Envelope
from channels.errors import PayloadUnreadable

Document: TypeAlias = Mapping[str, Any]
LARGEST = 1024 * 1024
DEEPEST = 12
MOST_LEAVES = 2000
PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}")


def read(envelope: Envelope, embedded: Sequence[str] = (), *, encoded: bool = False) -> Document:
    """The request's values; the body wins over the query. `embedded` names form fields that hold JSON, whose texts
    are percent-encoded once more when `encoded`.

    Raises PayloadUnreadable.
    """
    if len(envelope.body) > LARGEST:
        raise PayloadUnreadable("too large", code="too_large")
    return {
        **envelope.query,
        **_body(envelope.body, embedded, encoded),
        "@path": envelope.path,
        "@method": envelope.method,
    }


def _body(body: bytes, embedded: Sequence[str], encoded: bool) -> dict[str, Any]:
    start = body.lstrip()[:1]
    if not start:
        return {}
    if start in (b"{", b"["):
        found = _json(body)
        if encoded:
            found = _unquoted(found)
        return found if isinstance(found, dict) else {"list": found}
    if start == b"<":
        return _xml(body)
    form: dict[str, Any] = dict(_pairs(body))
    for name in embedded:
        if isinstance(form.get(name), str) and form[name].lstrip()[:1] in ("{", "["):
            inner = _json(form[name].encode())
            form[name] = _unquoted(inner) if encoded else inner
    return form


def _unquoted(value: Any, depth: int = 0) -> Any:
    match value:
        case str():
            return unquote(value)
        case dict() if depth < DEEPEST:
            return {name: _unquoted(inner, depth + 1) for name, inner in value.items()}
        case list() if depth < DEEPEST:
            return [_unquoted(inner, depth + 1) for inner in value]
    return value


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


class _Tree:
    """Builds the tree of an XML document from expat's events."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self._open: list[dict[str, Any]] = [self.root]
        self._names: list[str] = []
        self._leaves = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        self._leaves += 1 + len(attributes)
        if len(self._open) > DEEPEST or self._leaves > MOST_LEAVES:
            raise PayloadUnreadable("too much XML", code="too_large")
        self._names.append(_local(name))
        self._open.append({f"@{_local(key)}": value for key, value in attributes.items()})

    def words(self, text: str) -> None:
        element = self._open[-1]
        element["#text"] = element.get("#text", "") + text

    def end(self, _: str) -> None:
        element, name = self._open.pop(), self._names.pop()
        words = str(element.pop("#text", "")).strip()
        value: Any = element or words
        if element and words:
            element["#text"] = words
        parent = self._open[-1]
        if name not in parent:
            parent[name] = value
        elif isinstance(parent[name], list):
            parent[name].append(value)
        else:
            parent[name] = [parent[name], value]


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _xml(body: bytes) -> dict[str, Any]:
    from xml.parsers import expat

    def forbidden(*_: Any) -> None:
        raise PayloadUnreadable("XML with a DTD", code="xml_dtd")

    tree, parser = _Tree(), expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = tree.begin, tree.end
    parser.CharacterDataHandler = tree.words
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = forbidden
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, UnicodeError):
        raise PayloadUnreadable("not XML", code="bad_xml") from None
    return tree.root


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
