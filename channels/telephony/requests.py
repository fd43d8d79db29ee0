"""How is a request to a telephone system written as data?

`{"method": "POST", "url": "$base/call_back", "json": {…}}`: whatever stands in it may hold placeholders, and each is
put in with the escaping of its place (a piece of a URL, a parameter, a JSON text), never by joining text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from urllib.parse import quote, urlencode, urlsplit

import orjson

PLACEHOLDER = re.compile(r"\$\{?([a-z][a-z0-9_.]{0,40})\}?")
Body: TypeAlias = Literal["", "json", "form"]
SIGNS = frozenset({"", "rostelecom_sha256", "sipuni_md5"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A request before its placeholders are filled in."""

    url: str
    method: Literal["GET", "POST"] = "POST"
    params: Mapping[str, str] = field(default_factory=dict)
    body: Body = ""
    content: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    basic: tuple[str, str] | None = None
    """Name and password of HTTP Basic."""
    sign: str = ""
    link: str = ""
    """Where in the answer the address of the recording stands; "": the answer is the recording."""
    ref: str = ""
    """Where in the answer the provider's id of the call stands."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A request that can leave."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def read_request(told: Mapping[str, Any]) -> Request | None:
    """The request as a mapping writes it; None: it is no such thing."""
    known = {"method", "url", "params", "json", "form", "headers", "basic", "sign", "link", "ref"}
    method, url, sign = told.get("method", "POST"), told.get("url"), str(told.get("sign", ""))
    if not known.issuperset(told) or method not in ("GET", "POST") or not isinstance(url, str):
        return None
    if (
        not re.match(r"https://[a-z0-9.-]+/|\$base(/|$)", url)
        or sign not in SIGNS
        or ("json" in told and "form" in told)
    ):
        return None
    params, headers = told.get("params", {}), told.get("headers", {})
    if not isinstance(params, dict) or not isinstance(headers, dict):
        return None
    basic = told.get("basic")
    if basic is not None and not (isinstance(basic, list) and len(basic) == 2):
        return None
    body: Body = "json" if "json" in told else "form" if "form" in told else ""
    return Request(
        url=url,
        method="GET" if method == "GET" else "POST",
        params={str(name): str(value) for name, value in params.items()},
        body=body,
        content=told.get(body) if body else None,
        headers={str(name): str(value) for name, value in headers.items()},
        basic=(str(basic[0]), str(basic[1])) if basic is not None else None,
        sign=sign,
        link=str(told.get("link", "")),
        ref=str(told.get("ref", "")),
    )


def ready(request: Request, values: Mapping[str, str]) -> Ready:
    """The request with its placeholders filled in; unknown ones become ""."""
    url = _url(request.url, values)
    params = {name: fill(value, values) for name, value in request.params.items()}
    headers = {name: _one_line(fill(value, values)) for name, value in request.headers.items()}
    if request.sign == "sipuni_md5":
        params["hash"] = sipuni_hash(params, values.get("secret", ""))
    body = b""
    if request.body == "json":
        body = orjson.dumps(filled(request.content, values))
        headers.setdefault("Content-Type", "application/json")
    elif request.body == "form":
        content = request.content if isinstance(request.content, dict) else {}
        body = urlencode({str(name): fill(str(value), values) for name, value in content.items()}).encode()
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    if request.sign == "rostelecom_sha256":
        client = values.get("login", "")
        told = client.encode() + body + values.get("secret", "").encode()
        headers |= {"X-Client-ID": client, "X-Client-Sign": hashlib.sha256(told).hexdigest()}
    if request.basic is not None:
        headers["Authorization"] = _basic(*(fill(one, values) for one in request.basic))
    if params:
        url += ("&" if urlsplit(url).query else "?") + urlencode(params)
    return Ready(request.method, url, headers, body)


def _url(written: str, values: Mapping[str, str]) -> str:
    """`$base` is an address of the settings and stays one; everything else is a piece of a path."""
    base = values.get("base", "").rstrip("/")
    return PLACEHOLDER.sub(
        lambda found: base if found[1] == "base" else quote(values.get(found[1], ""), safe=""), written
    )


def fill(written: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled in."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], ""), written)


def filled(content: Any, values: Mapping[str, str]) -> Any:
    """Every text of a JSON value with its placeholders filled in; one that stands for a number becomes it."""
    match content:
        case str():
            return fill(content, values)
        case {"$number": str(written), **rest} if not rest:
            found = fill(written, values)
            return int(found) if re.fullmatch(r"[0-9]{1,15}", found) else found
        case dict():
            return {name: filled(inner, values) for name, inner in content.items()}
        case list():
            return [filled(inner, values) for inner in content]
    return content


def sipuni_hash(params: Mapping[str, str], secret: str) -> str:
    """md5 over the values in their names' order and the secret, with "+" between (telephony.md, 3.5)."""
    told = "+".join([*(params[name] for name in sorted(params)), secret])
    return hashlib.md5(told.encode(), usedforsecurity=False).hexdigest()


def _basic(name: str, password: str) -> str:
    from base64 import b64encode

    return "Basic " + b64encode(f"{name}:{password}".encode()).decode()


def _one_line(value: str) -> str:
    return re.sub(r"[\r\n\0]", "", value)
