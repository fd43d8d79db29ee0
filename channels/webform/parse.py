"""What did somebody say in a form?"""

from __future__ import annotations

from collections.abc import Mapping

from channels.base import PART, Account, Envelope
from channels.errors import PayloadUnreadable, Refused
from channels.events import (
    Attachment,
    AttachmentKind,
    Consent,
    FormField,
    Identity,
    InboundMessage,
    Person,
)
from channels.webform.captcha import TOKENS
from channels.webform.definition import Field, Form
from channels.webform.origin import attribution, is_attribution
from channels.webform.person import Who, who
from channels.webform.proof import is_server, suspicion
from channels.webform.submission import Submission, Upload, key_of, read
from channels.webform.texts import words

TECHNICAL = frozenset({"tranid", "formid", "formname", "cookies", *TOKENS})
"""What Tilda and captchas add to each submission; it is no answer of anybody's."""
SHOWN = 4000
"""Characters of one answer that are shown; the rest is in the envelope."""


def message(account: Account, form: Form | None, envelope: Envelope) -> InboundMessage:
    """The submission as a message. Raises PayloadUnreadable."""
    submission = read(envelope)
    if not submission.values and not submission.files:
        raise PayloadUnreadable("nothing was filled in", code="empty")
    person = who(submission, form, account.settings.get("region") or "RU")
    external_id = key_of(envelope, submission)
    identities = person.identities() or (Identity(kind="submission", value=external_id),)
    language = form.language if form is not None else "ru"
    doubt = suspicion(account, envelope, submission, form.language if form is not None else "")
    why = _why(doubt.signs, words(language)) if doubt.spam else ()
    return InboundMessage(
        external_id=external_id,
        thread=identities[0].value,
        sender=Person(identity=identities[0], also=identities[1:], name=person.name, stated=True),
        at=_said_at(account, envelope, submission),
        kind="form",
        text=person.message,
        title=(form.title if form is not None else "") or submission.one("formname"),
        fields=(*_fields(submission, form, person, words(language)), *why),
        consents=_consents(submission, form),
        attribution=attribution(envelope, submission),
        attachments=tuple(_attachment(upload) for upload in submission.files),
        nature="spam" if doubt.spam else None,
        doubts=doubt.signs,
        payload=submission.control.get("_test", "")[:100],
    )


def file_of(envelope: Envelope, ref: str) -> bytes:
    """A file of the envelope. Raises Refused when it is not in there."""
    place = ref.removeprefix(PART)
    for upload in read(envelope).files:
        if str(upload.place) == place:
            return upload.body
    raise Refused("no such file in the submission", code="no_media")


def _said_at(account: Account, envelope: Envelope, submission: Submission) -> int:
    """When it was sent: a server that hands on old submissions may say so, a browser may not."""
    told = submission.control.get("_at", "")
    if told.isascii() and told.isdigit() and len(told) <= 11 and is_server(account, envelope):
        return min(int(told) * 1_000_000, envelope.received_at)
    return envelope.received_at


def _fields(
    submission: Submission, form: Form | None, person: Who, texts: Mapping[str, str]
) -> tuple[FormField, ...]:
    """The answers in the form's order, then whatever else came, as it came."""
    defined = [field.name for field in form.fields] if form is not None else []
    names = [name for name in defined if name in submission.values]
    names += [name for name in submission.values if name not in defined]
    answers = [name for name in names if not _is_aside(name, form)]
    return tuple(_field(name, submission, form, person, texts) for name in answers or names)


def _is_aside(name: str, form: Form | None) -> bool:
    """Whether it is no answer: what services add, where somebody came from, a consent, which is kept
    apart."""
    field = form.field(name) if form is not None else None
    return (
        name.lower() in TECHNICAL or is_attribution(name) or (field is not None and field.kind == "consent")
    )


def _field(
    name: str, submission: Submission, form: Form | None, person: Who, texts: Mapping[str, str]
) -> FormField:
    field = form.field(name) if form is not None else None
    value = ", ".join(_shown(field, answer) for answer in submission.values[name])
    return FormField(name=name, label=_label(name, field, person, texts), value=value[:SHOWN])


def _shown(field: Field | None, answer: str) -> str:
    """The label of a chosen option, else the answer."""
    options = field.options if field is not None else ()
    return next((option.label or answer for option in options if option.value == answer), answer)


def _label(name: str, field: Field | None, person: Who, texts: Mapping[str, str]) -> str:
    if field is not None:
        return field.shown()
    role = person.roles.get(name, "")
    return texts.get(f"label_{role}", name) if name.isascii() else name


def _consents(submission: Submission, form: Form | None) -> tuple[Consent, ...]:
    """What was agreed to. The words are those that the person saw: where the form changed since, only the
    version is."""
    given = []
    for field in form.fields if form is not None else ():
        if field.kind != "consent" or not (agreed := submission.one(field.name)):
            continue
        seen = agreed in (field.stamp(), "yes", "on", "1", "true")
        text = "\n".join(part for part in (field.text or field.label, field.url) if part)
        given.append(
            Consent(
                purpose=field.purpose,
                text=text if seen else "",
                version=field.stamp() if seen else agreed[:64],
            )
        )
    return tuple(given)


def _attachment(upload: Upload) -> Attachment:
    return Attachment(
        kind=_kind(upload.mime),
        ref=f"{PART}{upload.place}",
        name=upload.name,
        mime=upload.mime,
        size=len(upload.body),
    )


def _kind(mime: str) -> AttachmentKind:
    match mime.partition("/")[0]:
        case "image" if mime != "image/svg+xml":
            return "photo"
        case "video":
            return "video"
        case "audio":
            return "audio"
    return "file"


def _why(signs: tuple[str, ...], texts: Mapping[str, str]) -> tuple[FormField, ...]:
    reasons = ", ".join(texts[f"spam_{sign}"] for sign in signs)
    return (FormField(name="_spam", label=texts["why_spam"], value=reasons),)
