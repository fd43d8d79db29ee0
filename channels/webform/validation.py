"""What is wrong with the answers to a form of ours?

Asked only of pages of ours, where somebody can still correct a field. What other sites and programs send is
taken as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from channels.phones import e164
from channels.webform.definition import Field, Form
from channels.webform.person import email_of
from channels.webform.submission import Submission, Upload

DANGEROUS = re.compile(
    r"\.(exe|js|mjs|vbs|vbe|wsf|wsh|hta|html?|xhtml|svg|scr|lnk|bat|cmd|com|msi|iso|img|jar|ps1|reg|cpl|pif)$",
    re.IGNORECASE,
)


RUNS = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"L\0\0\0\x01\x14\x02\0")
"""First bytes of what a computer runs: programs, scripts, Java classes, shortcuts of Windows."""
PAGE = re.compile(
    rb"(?:<\?xml[^>]{0,200}\?>|<!--[^>]{0,200}-->|\s)*+<(?:!doctype html|html|svg|script|body|iframe)\b",
    re.IGNORECASE,
)
"""The beginning of what a browser would run."""
OLD_OFFICE = re.compile(r"\.(docx?|dot|xlsx?|xlt|pptx?|pps|msg|vsd|mpp|pub)$", re.IGNORECASE)
OLE = b"\xd0\xcf\x11\xe0"
"""A box of the old Office, and of installers."""
DISC = (0x8001, b"CD001")


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldError:
    """`code` names a text of the locale."""

    field: str
    code: str


def errors(form: Form, submission: Submission, region: str) -> tuple[FieldError, ...]:
    """One error a field, in the form's order; () when all is well."""
    found = ((field.name, _error(field, submission, region)) for field in form.fields)
    return tuple(FieldError(field=name, code=code) for name, code in found if code)


def _error(field: Field, submission: Submission, region: str) -> str:
    if field.kind == "file":
        return _files_error(field, [upload for upload in submission.files if upload.field == field.name])
    answers = submission.values.get(field.name, ())
    if not answers:
        missing = "consent" if field.kind == "consent" else "required"
        return missing if field.required else ""
    return next((code for answer in answers if (code := _answer_error(field, answer, region))), "")


def _answer_error(field: Field, answer: str, region: str) -> str:
    if field.kind not in ("hidden", "consent") and len(answer) > field.length:
        return "too_long"
    match field.kind:
        case "phone":
            return "" if e164(answer, region) else "phone"
        case "email":
            return "" if email_of(answer) else "email"
        case "number":
            return _number_error(field, answer)
        case "date":
            return "" if _is_date(answer) else "date"
        case "choice" | "several":
            return "" if answer in {option.value for option in field.options} else "choice"
    return ""


def _number_error(field: Field, answer: str) -> str:
    if not re.fullmatch(
        r"[+-]?\d{1,15}([.,]\d{1,10})?", answer.replace(" ", "").replace("\xa0", ""), re.ASCII
    ):
        return "number"
    number = float(answer.replace(" ", "").replace("\xa0", "").replace(",", "."))
    if field.least is not None and number < field.least:
        return "too_small"
    return "too_large" if field.most is not None and number > field.most else ""


def _is_date(answer: str) -> bool:
    """2026-03-01, as a browser's date field sends it, or 01.03.2026, as people type it where there is
    none."""
    if typed := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", answer, re.ASCII):
        answer = f"{typed[3]}-{typed[2]:0>2}-{typed[1]:0>2}"
    try:
        date.fromisoformat(answer)
    except ValueError:
        return False
    return True


def _files_error(field: Field, uploads: Sequence[Upload]) -> str:
    if not uploads:
        return "required" if field.required else ""
    if len(uploads) > field.files:
        return "too_many_files"
    if any(len(upload.body) > field.megabytes * 1024 * 1024 for upload in uploads):
        return "file_too_large"
    return "" if all(_accepted(field, upload) for upload in uploads) else "file_kind"


def runs(upload: Upload) -> bool:
    """Whether its bytes are something that runs, whatever its name says."""
    place, mark = DISC
    return (
        upload.body.startswith(RUNS)
        or PAGE.match(upload.body[:1024]) is not None
        or (upload.body.startswith(OLE) and not OLD_OFFICE.search(upload.name))
        or upload.body[place : place + len(mark)] == mark
    )


def _accepted(field: Field, upload: Upload) -> bool:
    if DANGEROUS.search(upload.name) or runs(upload):
        return False
    if not field.accept:
        return True
    name = upload.name.lower()
    return any(
        name.endswith(wanted.lower())
        if wanted.startswith(".")
        else upload.mime == wanted.lower()
        or (wanted.endswith("/*") and upload.mime.startswith(wanted[:-1].lower()))
        for wanted in field.accept
    )
