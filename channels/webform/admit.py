"""What does the door do with a form: keep it, send it back for correction, or answer a probe?"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import orjson

from channels.base import Account, Admitted, Envelope, Reply
from channels.errors import PayloadUnreadable
from channels.webform.captcha import service_of
from channels.webform.definition import Form, is_web
from channels.webform.lessons import lessons_of, path_of
from channels.webform.pace import limits
from channels.webform.page import form_page, page_address, thanks_page
from channels.webform.person import who
from channels.webform.proof import (
    HONEYPOT,
    allowed_origins,
    from_our_page,
    is_allowed,
    is_ours,
    origin_of,
    prove,
)
from channels.webform.services import handshake, thanks
from channels.webform.submission import Submission, content_type, key_of, read
from channels.webform.texts import words
from channels.webform.validation import FieldError, errors

PREFLIGHT_SECONDS = "600"
IN_ADDRESS = "%/:=&?~#+!$,;'@()*[]"
"""What stands in an address as it is; everything else, a line break first of all, is escaped."""


def admit(account: Account, form: Form | None, envelope: Envelope) -> Admitted:
    """How a request to the hook is taken. Raises WebhookRefused."""
    match envelope.method:
        case "OPTIONS":
            return _answer(account, envelope, Reply(status=204))
        case "GET" | "HEAD" if not envelope.query:
            return _answer(account, envelope, _json(200, {"ok": True}))
        case "POST":
            prove(account, envelope)
        case _:
            return _answer(
                account, envelope, _json(405, {"ok": False, "code": "use_post"}, {"Allow": "POST"})
            )
    try:
        submission = read(envelope)
    except PayloadUnreadable as error:
        return _unreadable(account, form, envelope, error)
    if _is_probe(submission):
        return _answer(account, envelope, Reply(body=b"ok"))
    if (hello := handshake(account.settings, submission.service, submission.told)) is not None:
        return _answer(account, envelope, hello)
    if wrong := _wrong(account, form, envelope, submission):
        return _answer(account, envelope, _send_back(account, form, envelope, submission, wrong))
    return _take(account, form, envelope, submission)


def _answer(account: Account, envelope: Envelope, reply: Reply) -> Admitted:
    return Admitted(keep=False, reply=_readable_there(account, envelope, reply))


def _is_probe(submission: Submission) -> bool:
    """Tilda sends test=test when the address is saved, and wants 200 (help-ru.tilda.cc/forms/webhook)."""
    return not submission.files and dict(submission.values) == {"test": ("test",)}


def _wrong(
    account: Account, form: Form | None, envelope: Envelope, submission: Submission
) -> tuple[FieldError, ...]:
    """What a person before our page can correct. A robot in the hidden field is not helped: it is kept as
    spam."""
    if not submission.values and not submission.files:
        return (FieldError(field="", code="empty"),)
    if form is None or submission.control.get(HONEYPOT) or not from_our_page(account, submission):
        return ()
    if submission.control.get("_v", "") not in ("", account.settings.get("form_version", "")):
        return ()  # the page shows an older version: its questions were others
    return errors(form, submission, account.settings.get("region") or "RU")


def _take(account: Account, form: Form | None, envelope: Envelope, submission: Submission) -> Admitted:
    lessons = lessons_of(account.settings)
    key = key_of(envelope, submission, path_of(lessons, "id"))
    person = who(submission, form, account.settings.get("region") or "RU", lessons)
    identities = person.identities()
    counted = limits(account, envelope, submission, person)
    return Admitted(
        key=key,
        lane=identities[0].value if identities else key,
        reply=_readable_there(account, envelope, _thank(account, form, envelope, submission, key)),
        limits=counted,
        inspect=bool(counted) and service_of(account) is not None,
    )


def challenge(account: Account, form: Form | None, envelope: Envelope, admitted: Admitted) -> Admitted:
    """Kept as it is, and the puzzle asked for: solved, the same submission comes again and is let through."""
    text = words(_language(form))["captcha"]
    if wants_page(envelope) and form is not None:
        reply = form_page(account, form, envelope, submission=read(envelope), puzzle=True)
    else:
        reply = _json(429, {"ok": False, "code": "captcha_required", "message": text})
    return replace(
        admitted,
        key=f"{admitted.key}:unproven",
        reply=_readable_there(account, envelope, reply),
        marks=(*admitted.marks, "captcha_missing"),
    )


def _unreadable(
    account: Account, form: Form | None, envelope: Envelope, error: PayloadUnreadable
) -> Admitted:
    """Kept, so that nobody's words are lost, and said aloud, so that the sender mends it."""
    text = words(form.language if form is not None else "ru")["unreadable"]
    reply = _json(400, {"ok": False, "code": error.code, "message": text})
    return Admitted(
        key=hashlib.sha256(envelope.body).hexdigest(), reply=_readable_there(account, envelope, reply)
    )


def _thank(
    account: Account, form: Form | None, envelope: Envelope, submission: Submission, key: str
) -> Reply:
    """303 for a browser's own form, so that a reload sends nothing again; an object for a program; for a service what it
    wants to read."""
    if (wanted := thanks(submission.service, submission.told)) is not None and not wants_page(envelope):
        return wanted
    target = _target(account, form, envelope, submission)
    if wants_page(envelope):
        if target or account.slug:
            return Reply(status=303, headers={"Location": target or f"{page_address(account)}/thanks"})
        return thanks_page(account, form)
    text = (form.texts.thanks if form is not None else "") or words(_language(form))["thanks"]
    answer: dict[str, Any] = {"ok": True, "id": key, "message": text}
    return _json(200, {**answer, "redirect": target} if target else answer)


def _target(account: Account, form: Form | None, envelope: Envelope, submission: Submission) -> str:
    """Where the sender asked to go, if that is a site of the source's, else where the form says."""
    wanted = submission.control.get("_next", "")
    origin = origin_of(wanted) if is_web(wanted) else ""
    listed = bool(account.settings.get("allowed_origins", "").strip()) and is_allowed(account, origin)
    if origin and (listed or is_ours(account, envelope, origin) or origin == envelope.headers.get("origin")):
        return quote(wanted, safe=IN_ADDRESS)
    return quote(form.redirect, safe=IN_ADDRESS) if form is not None else ""


def _send_back(
    account: Account,
    form: Form | None,
    envelope: Envelope,
    submission: Submission,
    wrong: Sequence[FieldError],
) -> Reply:
    texts = words(_language(form))
    if wants_page(envelope) and form is not None:
        return form_page(account, form, envelope, submission=submission, wrong=wrong)
    return _json(
        422,
        {
            "ok": False,
            "code": "empty" if not wrong[0].field else "invalid",
            "message": texts["errors"] if wrong[0].field else texts["empty"],
            "errors": [{"field": one.field, "code": one.code, "message": texts[one.code]} for one in wrong],
        },
    )


def wants_page(envelope: Envelope) -> bool:
    """Whether a browser waits for a page: a form posted by itself, not by a script."""
    accepts = envelope.headers.get("accept", "")
    by_script = "x-requested-with" in envelope.headers or "application/json" in accepts
    kinds = ("application/x-www-form-urlencoded", "multipart/form-data")
    return "text/html" in accepts and not by_script and content_type(envelope) in kinds


def _readable_there(account: Account, envelope: Envelope, reply: Reply) -> Reply:
    """The answer, readable for scripts of allowed sites (CORS: their exact origin, no credentials)."""
    origin = envelope.headers.get("origin", "")
    headers = {**reply.headers, "Vary": "Origin, Accept"}
    nameless = origin == "null" and not allowed_origins(account)  # a sandboxed frame, a page from a disk
    if nameless or is_allowed(account, origin_of(origin)) or (origin and is_ours(account, envelope, origin)):
        headers |= {
            "Access-Control-Allow-Origin": origin_of(origin) or "null",
            "Access-Control-Allow-Methods": "POST, OPTIONS",
            "Access-Control-Allow-Headers": "Content-Type, Accept, Idempotency-Key, X-Requested-With",
            "Access-Control-Max-Age": PREFLIGHT_SECONDS,
        }
    return Reply(status=reply.status, body=reply.body, content_type=reply.content_type, headers=headers)


def _language(form: Form | None) -> str:
    return form.language if form is not None else "ru"


def _json(status: int, value: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(
        status=status, body=orjson.dumps(value), content_type="application/json", headers=headers or {}
    )
