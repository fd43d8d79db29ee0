"""What was submitted?

One shape for JSON, form-encoded and multipart bodies: named values in the order sent, control values (their
names begin with `_`), and files. Limits are those of what is shown; the whole body stays in the envelope.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

import orjson

from channels.base import Envelope
from channels.errors import PayloadUnreadable
from channels.webform.multipart import parts
from channels.webform.services import (
    Service,
    service_of_form,
    service_of_json,
    unbracketed,
    unpaid,
    unwrapped,
)

LARGEST_TEXT = 1024 * 1024
"""Bytes of a body without files: decoding tens of megabytes would hold up everybody else."""
MOST_VALUES = 400
LONGEST_NAME = 100
LONGEST_VALUE = 10_000
DEEPEST = 6
REPEAT_WITHIN = 10 * 60 * 1_000_000
"""The same words again within this time are one submission pressed twice."""
OWN_ID = re.compile(r"[A-Za-z0-9_.:-]{6,100}")
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""What no keyboard types, and what turns the direction of text around."""
UNSTABLE = frozenset({"smart-token", "cf-turnstile-response"})
"""Answers to puzzles: other ones at each attempt of the same submission."""
QUESTION = ("name", "label", "question", "q", "title", "key")
ANSWER = ("value", "answer", "a", "text")


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file that was sent along; `place` is its number among the files."""

    place: int
    field: str
    name: str
    mime: str
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """What a person, or a program for one, filled in."""

    values: Mapping[str, tuple[str, ...]]
    """By field, in the order sent; empty answers are left out."""
    control: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Upload, ...] = ()
    service: Service = ""
    """Who handed it on."""
    told: Any = None
    """A service's JSON as it came; None for anything else."""

    def one(self, name: str) -> str:
        """The first value of a field, "" where it was not answered."""
        return next(iter(self.values.get(name, ())), "")

    def digest(self) -> str:
        """The same for the same answers and files, however they were wrapped."""
        whole = hashlib.sha256()
        for name in sorted(self.values.keys() - UNSTABLE):
            whole.update(orjson.dumps([name, list(self.values[name])]))
        for upload in self.files:
            whole.update(orjson.dumps([upload.field, upload.name, hashlib.sha256(upload.body).hexdigest()]))
        return whole.hexdigest()[:24]


def read(envelope: Envelope) -> Submission:
    """The submission in an envelope, judged by its content where its type lies. Raises PayloadUnreadable."""
    kind = content_type(envelope)
    if kind == "multipart/form-data":
        return _read_multipart(envelope)
    if len(envelope.body) > LARGEST_TEXT:
        raise PayloadUnreadable("too much text for a form", code="too_large")
    start = envelope.body.lstrip()[:1]
    if kind.endswith("json") or start in (b"{", b"["):
        found = _json(envelope.body)
        service = service_of_json(found)
        return replace(
            _collect(_leaves(unwrapped(service, found)), ()), service=service, told=found if service else None
        )
    if kind == "text/plain" and b"=" not in envelope.body:
        return _collect(iter([("message", _text(envelope.body))]), ())
    pairs = list(_pairs(envelope.body))
    service = service_of_form(name for name, _ in pairs)
    plain = unpaid(pairs) if service == "tilda" else unbracketed(pairs)
    return replace(_collect(iter(plain), ()), service=service)


def content_type(envelope: Envelope) -> str:
    """The declared type without its parameters, lower case."""
    return envelope.headers.get("content-type", "").partition(";")[0].strip().lower()


def own_id(envelope: Envelope, submission: Submission, path: str = "") -> str:
    """The sender's own id of the submission, "" where it gives none. `path`: the field it was taught to be in."""
    told = (
        submission.one(path) if path else "",
        submission.control.get("_sid", ""),
        envelope.headers.get("idempotency-key", ""),
        submission.one("tranid"),
    )
    return next((value for value in told if OWN_ID.fullmatch(value)), "")


def key_of(envelope: Envelope, submission: Submission, path: str = "") -> str:
    """What is the same for the same submission sent again: the sender's own id with the answers, else the
    answers and the time they came at."""
    again = own_id(envelope, submission, path) or str(envelope.received_at // REPEAT_WITHIN)
    return f"{again}:{submission.digest()}"


def earlier_key(envelope: Envelope, submission: Submission) -> str:
    """What the same answers without an id had as their key in the span of time before."""
    return f"{envelope.received_at // REPEAT_WITHIN - 1}:{submission.digest()}"


def _read_multipart(envelope: Envelope) -> Submission:
    pairs: list[tuple[str, str]] = []
    files: list[Upload] = []
    for part in parts(envelope.body, envelope.headers.get("content-type", "")):
        if part.file_name is None:
            pairs.append((part.name, _text(part.body)[: 2 * LONGEST_VALUE]))
        elif part.file_name or part.body:  # a browser sends an empty part for a file that was not chosen
            name = file_name(part.file_name) or f"file-{len(files) + 1}"
            files.append(Upload(place=len(files), field=part.name, name=name, mime=part.mime, body=part.body))
    return _collect(iter(pairs), tuple(files))


def file_name(told: str) -> str:
    """The last part of a path, without characters that a file's name must not have."""
    bare = re.split(r"[\\/]", told)[-1]
    return "".join(letter for letter in bare if letter.isprintable()).strip(" .")[:180]


def _json(body: bytes) -> Any:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise PayloadUnreadable("not JSON", code="bad_json") from None
    if not isinstance(found, dict | list):
        raise PayloadUnreadable("JSON without fields", code="bad_json")
    return found


def _pairs(body: bytes) -> Iterator[tuple[str, str]]:
    # Latin-1 there and back gives the bytes themselves: what they mean is decided value by value.
    written = body.decode("latin-1").strip()
    try:
        found = parse_qsl(
            written, keep_blank_values=True, max_num_fields=MOST_VALUES, encoding="latin-1", errors="replace"
        )
    except ValueError:
        raise PayloadUnreadable("too many form fields", code="too_many_fields") from None
    for name, value in found:
        yield _text(name.encode("latin-1")), _text(value.encode("latin-1"))


def _text(raw: bytes) -> str:
    """UTF-8, else what old Russian sites send."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1251", "replace")


def _leaves(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Every answer in a JSON value under its dotted path; a list of question and answer gives its questions
    as names."""
    match value:
        case dict() if depth < DEEPEST and (pair := _question(value)) is not None:
            yield from _leaves(pair[1], pair[0], depth + 1)
        case dict() if depth < DEEPEST:
            for name, inner in value.items():
                # A control value is a document of its own: `_attr` is read by those who know it.
                if name.startswith("_") and isinstance(inner, dict | list):
                    yield name, orjson.dumps(inner).decode()
                else:
                    yield from _leaves(inner, f"{path}.{name}" if path else name, depth + 1)
        case list() if depth < DEEPEST:
            for place, inner in enumerate(value):
                inner_path = f"{path}.{place}" if isinstance(inner, dict | list) and path else path
                yield from _leaves(inner, inner_path, depth + 1)
        case dict() | list():
            yield path, "…"
        case None | False:
            yield path, ""
        case True:
            yield path, "yes"
        case _:
            yield path, str(value)


def _question(value: Mapping[str, Any]) -> tuple[str, Any] | None:
    """{"q": …, "a": …} and its kin, which quizzes and form services send."""
    asked = next((value[word] for word in QUESTION if isinstance(value.get(word), str) and value[word]), None)
    answer = next((value[word] for word in ANSWER if word in value), None)
    return None if asked is None or answer is None or len(value) > 6 else (asked, answer)


def _collect(pairs: Iterator[tuple[str, str]], files: tuple[Upload, ...]) -> Submission:
    values: dict[str, tuple[str, ...]] = {}
    control: dict[str, str] = {}
    for count, (raw_name, raw_value) in enumerate(pairs):
        name = _clean(raw_name)[:LONGEST_NAME].removesuffix("[]") or "field"
        value = _clean(raw_value)[:LONGEST_VALUE]
        if count >= MOST_VALUES:
            break
        if not value:
            continue
        if name.startswith("_"):
            control.setdefault(name, value)
        else:
            values[name] = (*values.get(name, ()), value)
    return Submission(values=values, control=control, files=files)


def _clean(value: str) -> str:
    return CONTROL_CHARACTERS.sub("", value.replace("\r\n", "\n")).strip()
