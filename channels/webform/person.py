"""Who wrote, and which answer is what?

The form's own definition says it; else the names that Russian and English sites give to their fields; else
the shape of an answer, where only one has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import cast

import orjson

from channels.events import Identity
from channels.phones import e164
from channels.webform.definition import Form, Role
from channels.webform.lessons import ROLES
from channels.webform.submission import Submission
from channels.webform.texts import asset

EMAIL = re.compile(r"[^\s@<>()\[\],;:\"]{1,64}@[^\s@<>()\[\],;:\"]{1,190}\.[^\s@<>()\[\],;:\".\d]{2,24}")
PHONE_SHAPE = re.compile(r"\+?[\d\s().-]{10,24}")
NOTHING: Mapping[str, str] = {}
ABOUT_THE_PAGE = frozenset({"quiz", "form", "context", "extra", "page", "project", "site"})
"""Objects in a service's JSON whose `name` is no person's."""
SEPARATORS = re.compile(r"[\s_\-:*?!().]")


@cache
def known_names() -> Mapping[str, Role]:
    """What sites call their fields, without case and separators."""
    told = cast(dict[Role, list[str]], orjson.loads(asset("fields.json")))
    return {name: role for role, names in told.items() for name in names}


@dataclass(frozen=True, kw_only=True, slots=True)
class Who:
    """The submitter as they say; "" where they did not."""

    name: str = ""
    phone: str = ""
    """E.164."""
    email: str = ""
    message: str = ""
    roles: Mapping[str, Role]
    """What each recognised field is."""

    def identities(self) -> tuple[Identity, ...]:
        """Their addresses, telephone first: forms are answered by a call more often than by mail."""
        phone = (Identity(kind="phone", value=self.phone),) if self.phone else ()
        email = (Identity(kind="email", value=self.email),) if self.email else ()
        return phone + email


def who(submission: Submission, form: Form | None, region: str, lessons: Mapping[str, str] = NOTHING) -> Who:
    """The person behind a submission. `lessons`: what its fields were taught to mean, before anything else."""
    roles = roles_of(submission, form, lessons)
    _by_shape(submission, roles, region)
    named = (_first(_answers(submission, roles, role)) for role in ("name", "surname"))
    return Who(
        name=" ".join(" ".join(named).split())[:200],
        phone=_first(e164(value, region) for value in _answers(submission, roles, "phone")),
        email=_first(email_of(value) for value in _answers(submission, roles, "email")),
        message="\n".join(_answers(submission, roles, "message")),
        roles=roles,
    )


def roles_of(
    submission: Submission, form: Form | None, lessons: Mapping[str, str] = NOTHING
) -> dict[str, Role]:
    """The fields whose meaning a lesson, their definition or their name tells."""
    taught = {name: cast(Role, lessons[name]) for name in submission.values if lessons.get(name) in ROLES}
    known = set(taught.values())
    roles: dict[str, Role] = {}
    for name in submission.values:
        field = form.field(name) if form is not None else None
        role = _defined(field.kind, field.role) if field is not None else _by_name(name)
        if name in taught:
            roles[name] = taught[name]
        elif role and name not in lessons and role not in known:
            roles[name] = role
    return roles


def _defined(kind: str, role: Role) -> Role:
    match kind:
        case "phone" | "email" | "message" if not role:
            return kind
    return role


def _by_name(name: str) -> Role:
    """By the last word of a dotted path, without case and separators."""
    path, _, last = name.rpartition(".")
    if path.casefold() in ABOUT_THE_PAGE:
        return ""
    return known_names().get(SEPARATORS.sub("", last.casefold()), "")


def _by_shape(submission: Submission, roles: dict[str, Role], region: str) -> None:
    """Give the one answer that looks like a phone or mail its role when no field has it by name."""
    if "email" not in roles.values():
        found = [name for name in _free(submission, roles) if email_of(submission.one(name))]
        if len(found) == 1:
            roles[found[0]] = "email"
    if "phone" not in roles.values():
        found = [
            name
            for name in _free(submission, roles)
            if PHONE_SHAPE.fullmatch(submission.one(name))
            and e164(submission.one(name), region, certain=True)
        ]
        if len(found) == 1:
            roles[found[0]] = "phone"


def _free(submission: Submission, roles: Mapping[str, Role]) -> list[str]:
    return [name for name in submission.values if name not in roles]


def _answers(submission: Submission, roles: Mapping[str, Role], role: str) -> list[str]:
    return [
        value for name, held in roles.items() if held == role for value in submission.values.get(name, ())
    ]


def _first(values: Iterable[str]) -> str:
    return next((value for value in values if value), "")


def email_of(written: str) -> str:
    """The address in lower case, "" when it is none."""
    address = written.strip().removeprefix("mailto:")
    if len(address) > 254 or not EMAIL.fullmatch(address):
        return ""
    local, _, domain = address.lower().rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return ""
