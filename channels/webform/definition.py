"""What does a form ask, and is its definition sound?

A definition is data: JSON in the setting `form`. What people read in it is in the form's own language.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec

FieldKind: TypeAlias = Literal[
    "text", "message", "phone", "email", "number", "choice", "several", "date", "file", "hidden", "consent"
]
Role: TypeAlias = Literal["", "name", "surname", "phone", "email", "message", "company", "city"]
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
TARGET = re.compile(r"(contact|deal)\.[a-z][a-z0-9_]{0,39}")
MOST_FIELDS = 64
MOST_OPTIONS = 100
CHARACTERS = 10_000


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    value: str
    label: str = ""


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question. `role` says what the answer is to us; a phone or email is one by its kind."""

    name: str
    kind: FieldKind = "text"
    label: str = ""
    required: bool = False
    role: Role = ""
    to: str = ""
    """Which field of the person's card or of the deal it fills: `contact.segment`, `deal.amount`."""
    help: str = ""
    placeholder: str = ""
    options: tuple[Option, ...] = ()
    value: str = ""
    """What a hidden field carries, or what stands in a field at first."""
    least: float | None = None
    most: float | None = None
    """Bounds of a number."""
    length: int = 2000
    files: int = 5
    megabytes: int = 10
    """How many files, and how large each may be."""
    accept: tuple[str, ...] = ()
    """Endings or MIME types of files, as the attribute `accept` takes them."""
    purpose: str = "personal_data"
    """What a consent is for."""
    text: str = ""
    """What a consent says, in full."""
    url: str = ""
    """The document a consent refers to."""
    version: str = ""

    def shown(self) -> str:
        """What a person reads as the field's name."""
        return self.label or self.name

    def stamp(self) -> str:
        """Which text of a consent was agreed to: its version, else a digest of the words."""
        words = f"{self.text or self.label}\n{self.url}".encode()
        return self.version or hashlib.sha256(words).hexdigest()[:12]


class Texts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The form's own words; "" takes those of its language."""

    button: str = ""
    thanks_title: str = ""
    thanks: str = ""
    failed: str = ""


class Letter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A letter that thanks whoever gave an address; fixed words."""

    subject: str
    text: str


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole form."""

    title: str = ""
    intro: str = ""
    language: Literal["ru", "en"] = "ru"
    fields: tuple[Field, ...] = ()
    texts: Texts = Texts()
    redirect: str = ""
    """Where the person goes after sending; "" is a thank-you page."""
    confirmation: Letter | None = None

    def field(self, name: str) -> Field | None:
        """The field of this name."""
        return next((field for field in self.fields if field.name == name), None)

    def personal(self) -> bool:
        """Whether it asks for a person's own data."""
        return any(field.kind in ("phone", "email") or field.role == "name" for field in self.fields)

    def reachable(self) -> bool:
        """Whether whoever fills it in can be answered."""
        return any(
            field.kind in ("phone", "email") or field.role in ("phone", "email") for field in self.fields
        )

    def asks_consent(self) -> bool:
        """Whether a consent must be given to send it."""
        return any(field.kind == "consent" and field.required for field in self.fields)


class BadForm(ValueError):
    """The definition cannot be used; `where` is the place in it, `code` has a text in `about.py`."""

    def __init__(self, code: str, where: str = "") -> None:
        super().__init__(f"{code} {where}".strip())
        self.code = code
        self.where = where


_decode = msgspec.json.Decoder(Form)


@lru_cache(maxsize=256)
def read_form(text: str) -> Form:
    """The form that the setting describes. Raises BadForm."""
    try:
        form = _decode.decode(text)
    except msgspec.ValidationError as error:
        raise BadForm("form_wrong_type", str(error)) from None
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        raise BadForm("form_not_json") from None
    _check(form)
    return form


def _check(form: Form) -> None:
    if not form.fields:
        raise BadForm("form_empty")
    if len(form.fields) > MOST_FIELDS:
        raise BadForm("form_too_long", str(MOST_FIELDS))
    names = [field.name for field in form.fields]
    for name in names:
        if names.count(name) > 1:
            raise BadForm("form_name_twice", name)
    for field in form.fields:
        _check_field(field)
    if form.redirect and not is_web(form.redirect):
        raise BadForm("form_bad_url", "redirect")
    letter = form.confirmation
    if letter is not None and not (
        _is_line(letter.subject, 200) and letter.text.strip() and len(letter.text) <= 4000
    ):
        raise BadForm("form_bad_letter", letter.subject[:60])


def _check_field(field: Field) -> None:
    if not NAME.fullmatch(field.name):
        raise BadForm("form_bad_name", field.name[:64])
    if field.kind in ("choice", "several") and not 1 <= len(field.options) <= MOST_OPTIONS:
        raise BadForm("form_no_options", field.name)
    if field.kind == "consent" and not (field.text or field.label):
        raise BadForm("form_no_text", field.name)
    if field.to and not TARGET.fullmatch(field.to):
        raise BadForm("form_bad_target", field.name)
    if field.url and not is_web(field.url):
        raise BadForm("form_bad_url", field.name)
    if not (1 <= field.length <= CHARACTERS and 1 <= field.files <= 10 and 1 <= field.megabytes <= 20):
        raise BadForm("form_bad_limit", field.name)


def _is_line(text: str, longest: int) -> bool:
    """Whether it can stand in a header: one line, not empty."""
    return 0 < len(text.strip()) <= longest and text.isprintable()


def is_web(url: str) -> bool:
    """Whether it is a whole web address: a page must never be given javascript: to follow."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(parts.hostname) and "\\" not in url
