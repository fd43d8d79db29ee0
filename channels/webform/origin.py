"""Where did an enquiry come from?

Last touch as it is, first touch beside it under the same names with `first_`. Our script sends both in
`_attr`; without it the fields of the form, the cookie that Tilda copies and the address of the page tell
what they can.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from channels.base import Envelope
from channels.events import Attribution
from channels.webform.submission import Submission

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "utm_id")
CLIENT_IDS = (
    "yclid", "ymclid", "gclid", "gbraid", "wbraid", "fbclid", "vkclid", "rb_clickid", "_openstat", "roistat",
    "_ym_uid", "_ga", "ym_client_id", "ga_client_id",
)  # fmt: skip
LONGEST = 500
KNOWN = frozenset((*UTM, *CLIENT_IDS))
NOTHING: Mapping[str, str] = {}
PAGES = ("_page", "_url", "extra.href", "context.pageuri", "pageuri", "page_url", "page.url")


def is_attribution(name: str) -> bool:
    """Whether a field tells where somebody came from, and is no answer of theirs."""
    return _known_as(name) in KNOWN or name.lower() in PAGES


def _known_as(name: str) -> str:
    """The mark a field carries: extra.utm.source is utm_source."""
    path, _, last = name.lower().rpartition(".")
    return f"utm_{last}" if path.endswith("utm") and not last.startswith("utm_") else last


def attribution(
    envelope: Envelope, submission: Submission, lessons: Mapping[str, str] = NOTHING
) -> Attribution:
    """All that is known about the way here; later sources only fill what earlier ones leave open."""
    sent = _object(submission.control.get("_attr", ""))
    last, first = _flat(sent.get("last")), _flat(sent.get("first"))
    referer = envelope.headers.get("referer", "")
    named = _flat(dict(_named(submission)))
    taught = {to: submission.one(name) for name, to in lessons.items() if submission.one(name)}
    named |= {name: taught[name][:LONGEST] for name in KNOWN & taught.keys()}
    pages = (
        taught.get("page"),
        last.get("page"),
        last.get("url"),
        *(named.get(name) for name in PAGES),
        referer,
    )
    page = next((page for page in pages if page and _is_page(page)), "")
    told: dict[str, str] = {}
    framed = submission.control.get("_ref", "")
    for source in (last, named, _tilda(submission), _query(page), _query(referer), _query(framed)):
        for name, value in source.items():
            told.setdefault(name, value)
    referrer = (
        taught.get("referrer")
        or last.get("referrer")
        or last.get("ref")
        or submission.control.get("_ref", "")
    )
    utm = {name: told[name] for name in UTM if told.get(name)}
    utm |= {f"first_{name}": first[name] for name in (*UTM, "referrer", "page") if first.get(name)}
    return Attribution(
        campaign=utm.get("utm_campaign", ""),
        page=page[:LONGEST],
        referrer=referrer[:LONGEST] if _is_page(referrer) else "",
        utm=utm,
        client_ids={name: told[name] for name in CLIENT_IDS if told.get(name)},
    )


def _named(submission: Submission) -> Iterator[tuple[str, str]]:
    """Answers and control values under the known names (`_ym_uid` begins like a control value)."""
    for name in submission.values:
        yield (name.lower() if name.lower() in PAGES else _known_as(name)), submission.one(name)
    yield from submission.control.items()


def _is_page(address: str) -> bool:
    """A link that a page may show: anything else in its place is somebody's trick."""
    return address.lower().startswith(("https://", "http://", "/"))


def _tilda(submission: Submission) -> dict[str, str]:
    """Tilda copies the page's cookies into one field; TILDAUTM in it holds name=value pairs joined by |||."""
    cookies = {
        name.strip(): unquote(value)
        for name, equals, value in (
            piece.partition("=") for piece in submission.one("COOKIES").split(";")
        )
        if equals
    }  # fmt: skip
    marks = dict(pair.partition("=")[::2] for pair in cookies.get("TILDAUTM", "").split("|||"))
    return _flat({**cookies, **marks})


def _query(address: str) -> dict[str, str]:
    try:
        return _flat(dict(parse_qsl(urlsplit(address).query, max_num_fields=100)))
    except ValueError:
        return {}


def _object(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _flat(found: Any) -> dict[str, str]:
    """Names and short texts only; everything else a stranger may have put there is left out."""
    if not isinstance(found, Mapping):
        return {}
    return {
        str(name): str(value)[:LONGEST]
        for name, value in list(found.items())[:100]
        if isinstance(value, str | int | float) and str(value)
    }
