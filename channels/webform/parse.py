"""What did somebody say in a form?"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Mapping

from channels.base import PART, Account, Envelope
from channels.errors import PayloadUnreadable, Refused
from channels.events import (
    Attachment,
    AttachmentKind,
    Confirmation,
    Consent,
    FormField,
    Identity,
    InboundMessage,
    Person,
)
from channels.webform.captcha import TOKENS
from channels.webform.definition import Field, Form
from channels.webform.fetch import LINK, is_file, name_of
from channels.webform.lessons import ASIDE, lessons_of, path_of
from channels.webform.origin import CLIENT_IDS, UTM, attribution, is_attribution
from channels.webform.person import Who, who
from channels.webform.proof import is_server, suspicion
from channels.webform.services import TECHNICAL, is_test
from channels.webform.submission import (
    REPEAT_WITHIN,
    Submission,
    Upload,
    earlier_key,
    key_of,
    own_id,
    read,
)
from channels.webform.texts import words

SHORT = 500
"""Characters of a field of a card or deal."""
SHOWN = 4000
"""Characters of one answer that are shown; the rest is in the envelope."""


def message(account: Account, form: Form | None, envelope: Envelope) -> InboundMessage:
    """The submission as a message. Raises PayloadUnreadable."""
    submission, lessons = read(envelope), lessons_of(account.settings)
    if not submission.values and not submission.files:
        raise PayloadUnreadable("nothing was filled in", code="empty")
    person = who(submission, form, account.settings.get("region") or "RU", lessons)
    external_id = key_of(envelope, submission, path_of(lessons, "id"))
    identities = person.identities() or (Identity(kind="submission", value=external_id),)
    language = form.language if form is not None else "ru"
    doubt = suspicion(account, envelope, submission, form.language if form is not None else "")
    why = _why(doubt.signs, words(language)) if doubt.spam else ()
    letter = form.confirmation if form is not None else None
    unnumbered = not own_id(envelope, submission, path_of(lessons, "id"))
    return InboundMessage(
        external_id=external_id,
        thread=identities[0].value,
        sender=Person(identity=identities[0], also=identities[1:], name=person.name, stated=True),
        at=_said_at(account, envelope, submission),
        kind="form",
        text=person.message,
        title=_title(form, submission, lessons),
        fields=(*_fields(submission, form, person, words(language), lessons), *why),
        consents=_consents(account, envelope, form, submission),
        attribution=attribution(envelope, submission, lessons),
        attachments=(*(_attachment(upload) for upload in submission.files), *_linked(submission)),
        nature="spam" if doubt.spam else "test" if is_test(submission.service, submission.told) else None,
        doubts=doubt.signs,
        contact_fields=_facts(submission, form, lessons, "contact"),
        deal_fields=_facts(submission, form, lessons, "deal"),
        confirmation=Confirmation(subject=letter.subject, text=letter.text) if letter else None,
        also_ids=(earlier_key(envelope, submission),) if unnumbered else (),
        also_within=REPEAT_WITHIN if unnumbered else 0,
        payload=submission.control.get("_test", "")[:100],
    )


def _title(form: Form | None, submission: Submission, lessons: Mapping[str, str]) -> str:
    """The form's name: a service's own, else what was taught, else ours."""
    taught = submission.one(path_of(lessons, "title"))
    return (submission.one("formname") or taught or (form.title if form is not None else ""))[:200]


def _facts(
    submission: Submission, form: Form | None, lessons: Mapping[str, str], whose: str
) -> dict[str, str]:
    """What fills the fields of the person's card or of the deal, by their names."""
    found: dict[str, str] = {}
    for name, values in submission.values.items():
        field = form.field(name) if form is not None else None
        target = lessons.get(name) or (field.to if field is not None else "")
        owner, _, to = target.partition(".")
        if owner == whose and to:
            found.setdefault(to, ", ".join(_shown(field, value) for value in values)[:SHORT])
    if whose == "deal" and submission.service and (amount := submission.control.get("_amount", "")):
        found.setdefault("amount", amount[:40])  # what a shop's basket came to
    return found


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
    submission: Submission,
    form: Form | None,
    person: Who,
    texts: Mapping[str, str],
    lessons: Mapping[str, str],
) -> tuple[FormField, ...]:
    """The answers in the form's order, then whatever else came, as it came."""
    defined = [field.name for field in form.fields] if form is not None else []
    names = [name for name in defined if name in submission.values]
    names += [name for name in submission.values if name not in defined]
    answers = [name for name in names if not _is_aside(name, form, submission, lessons)]
    return tuple(_field(name, submission, form, person, texts) for name in answers or names)


def _is_aside(name: str, form: Form | None, submission: Submission, lessons: Mapping[str, str]) -> bool:
    """Whether it is no answer: what services add, where somebody came from, a consent, which is kept
    apart."""
    field = form.field(name) if form is not None else None
    taught = lessons.get(name, "")
    return (
        name.lower() in (*TECHNICAL.get(submission.service, ()), "cookies", *TOKENS)
        or (is_attribution(name) and not taught)
        or taught in ASIDE
        or taught in (*UTM, *CLIENT_IDS)
        or (field is not None and field.kind == "consent")
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
    role = person.roles.get(name, "") or ("order" if name == "order" else "")
    return texts.get(f"label_{role}", name) if name.isascii() else name


def _consents(
    account: Account, envelope: Envelope, form: Form | None, submission: Submission
) -> tuple[Consent, ...]:
    """What was agreed to, and how. The words are those that the person saw: where the form changed since, only the
    version is. A service asks in its own way, which nobody told us."""
    proof = _proof(account, envelope, submission)
    if submission.service:
        return (Consent(purpose="personal_data", text="", version="unknown", proof=proof),)
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
                proof=proof,
            )
        )
    return tuple(given)


def _proof(account: Account, envelope: Envelope, submission: Submission) -> dict[str, str]:
    """How it was given, as far as the request tells."""
    told = {
        "address": envelope.address,
        "agent": envelope.headers.get("user-agent", "")[:300],
        "page": attribution(envelope, submission).page,
        "origin": envelope.headers.get("origin", "")[:200],
        "form_version": submission.control.get("_v", "")[:20],
        "service": submission.service,
    }
    return {name: value for name, value in told.items() if value}


def _linked(submission: Submission) -> Iterator[Attachment]:
    """Files that a service only links to: got later, and the link stays among the answers."""
    links = [value for values in submission.values.values() for value in values if is_file(value)]
    for link in dict.fromkeys(links if submission.service else ()):
        mime = mimetypes.guess_type(name_of(link))[0] or ""
        yield Attachment(kind=_kind(mime), ref=f"{LINK}{link}", name=name_of(link), mime=mime)


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
