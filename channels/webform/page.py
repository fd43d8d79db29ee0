"""What does the public see of a form?

Plain pages that work without scripts: the browser's own controls, labels that belong to their fields,
errors said in words beside the field and above the form.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from html import escape
from urllib.parse import quote, urlsplit

from channels.base import Account, Envelope, Reply
from channels.webform.captcha import Service, asked_always, service_of
from channels.webform.definition import Field, Form
from channels.webform.origin import CLIENT_IDS, LONGEST, UTM, is_attribution
from channels.webform.proof import HONEYPOT, allowed_origins, origin_of, stamp
from channels.webform.submission import Submission
from channels.webform.texts import asset, words
from channels.webform.validation import FieldError

RADIOS = 6
"""Up to so many options are shown side by side; more are a list to open."""
CONTROLS: Mapping[str, tuple[str, str]] = {
    "text": ("text", ""),
    "phone": ("tel", "tel"),
    "email": ("email", "email"),
    "number": ("text", "off"),
    "date": ("date", "off"),
}
AUTOCOMPLETE: Mapping[str, str] = {
    "name": "name",
    "surname": "family-name",
    "phone": "tel",
    "email": "email",
    "company": "organization",
    "city": "address-level2",
}


def action(account: Account) -> str:
    """Where our own pages post to: where they are themselves, so that the hook's key stands on no page."""
    if account.slug:
        return f"/f/{quote(account.slug)}"
    return account.hook_path or urlsplit(account.hook_url).path


def page_address(account: Account) -> str:
    """Where the hosted form is."""
    return f"{account.public_url}/f/{quote(account.slug)}"


def form_page(
    account: Account,
    form: Form,
    envelope: Envelope,
    *,
    submission: Submission | None = None,
    wrong: Sequence[FieldError] = (),
    puzzle: bool = False,
) -> Reply:
    """The form, empty or with what was filled in and what is wrong with it (then its status is 422). `puzzle`: whoever
    sent it came too often and is asked to prove to be a person (429)."""
    service = service_of(account) if puzzle or asked_always(account) else None
    texts = words(form.language)
    filled = submission or Submission(values={})
    hidden = dict(_hidden(account, envelope, submission))
    body = "".join(
        (
            f"<h1>{escape(form.title)}</h1>" if form.title else "",
            f"<p>{escape(form.intro)}</p>" if form.intro else "",
            _summary(form, filled, wrong, texts),
            f'<div class="notice" role="alert">{escape(texts["captcha"])}</div>' if puzzle else "",
            f'<form method="post" action="{escape(action(account))}"{_encoding(form)}>',
            "".join(
                f'<input type="hidden" name="{escape(n)}" value="{escape(v)}">' for n, v in hidden.items()
            ),
            "".join(_field(field, filled, wrong, texts) for field in form.fields),
            f'<div class="trap" aria-hidden="true"><label>{escape(texts["leave_empty"])}'
            f'<input name="{HONEYPOT}" tabindex="-1" autocomplete="off"></label></div>',
            _puzzle(account, service),
            f'<button type="submit">{escape(form.texts.button or texts["send"])}</button></form>',
        )
    )
    status = 429 if puzzle else 422 if wrong else 200
    return _page(account, form, form.title, body, status=status, service=service)


def _puzzle(account: Account, service: Service | None) -> str:
    """Where a captcha draws itself; without scripts the form can still be sent, and somebody looks at it."""
    if service is None:
        return ""
    key = escape(account.settings["captcha_key"])
    return (
        f'<div class="{service.css}" data-sitekey="{key}"></div>'
        f'<noscript><input type="hidden" name="_captcha" value="unavailable"></noscript>'
        f'<script src="{service.script}" async defer></script>'
    )


def thanks_page(account: Account, form: Form | None) -> Reply:
    """What follows a submission."""
    texts = words(form.language if form is not None else "ru")
    own = form.texts if form is not None else None
    title = (own.thanks_title if own else "") or texts["thanks_title"]
    text = (own.thanks if own else "") or texts["thanks"]
    home = escape(page_address(account))
    back = (
        f'<p><a href="{home}">{escape(texts["another"])}</a></p>' if account.slug and form is not None else ""
    )
    return _page(
        account, form, title, f'<div role="status"><h1>{escape(title)}</h1><p>{escape(text)}</p></div>{back}'
    )


def preview_page(account: Account, form: Form, envelope: Envelope) -> Reply:
    """The form as it would look, inside the console and nowhere else; it sends nothing anywhere."""
    shown = form_page(account, form, envelope)
    policy = shown.headers["Content-Security-Policy"].partition("; form-action")[0]
    headers = {
        **shown.headers,
        "Content-Security-Policy": f"{policy}; form-action 'none'; frame-ancestors 'self'",
    }
    return replace(shown, headers=headers)


def not_ready_page(account: Account, text: str = "") -> Reply:
    """Instead of a form whose definition cannot be used."""
    text = text or words("ru")["not_ready"]
    return _page(account, None, text, f"<h1>{escape(text)}</h1>", status=503)


def _hidden(account: Account, envelope: Envelope, submission: Submission | None) -> Iterator[tuple[str, str]]:
    """What the page carries unseen. Shown again for correction, it stays the same submission."""
    if submission is not None:
        yield from ((name, value) for name, value in submission.control.items() if name != HONEYPOT)
        yield from ((name, submission.one(name)) for name in submission.values if is_attribution(name))
        return
    yield "_sid", _submission_id(account, envelope)
    if mark := stamp(account, envelope.received_at):
        yield "_t", mark
    if referrer := envelope.headers.get("referer", ""):
        yield "_ref", referrer[:LONGEST]
    if version := account.settings.get("form_version", ""):
        yield "_v", version
    if framed := _framed_in(envelope):
        yield "_page", framed
    elif account.slug:
        yield "_page", page_address(account)
    if code := envelope.query.get("test", ""):
        yield "_test", code[:100]
    for name in (*UTM, *CLIENT_IDS):
        if value := envelope.query.get(name, ""):
            yield name, value[:LONGEST]


def _framed_in(envelope: Envelope) -> str:
    """The page in whose frame the form stands, as far as it says (its `referrerpolicy`)."""
    inside = envelope.headers.get("sec-fetch-dest") in ("iframe", "frame")
    return envelope.headers.get("referer", "")[:LONGEST] if inside else ""


def _submission_id(account: Account, envelope: Envelope) -> str:
    """Another for each time the page is shown. Should two people ever get the same, their answers still
    differ, and the answers are part of the key."""
    shown = repr((envelope.received_at, sorted(envelope.headers.items()), sorted(envelope.query.items())))
    key = f"{account.settings.get('form_key', '')}{account.source_id}"
    return hmac.new(key.encode(), shown.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def _encoding(form: Form) -> str:
    files = any(field.kind == "file" for field in form.fields)
    return ' enctype="multipart/form-data"' if files else ""


def _summary(form: Form, filled: Submission, wrong: Sequence[FieldError], texts: Mapping[str, str]) -> str:
    if not wrong:
        return ""
    lines = "".join(
        f'<li><a href="#f-{escape(one.field)}">{escape(field.shown())}</a>: {escape(texts[one.code])}</li>'
        for one in wrong
        if (field := form.field(one.field)) is not None
    )
    again = f"<p>{escape(texts['files_again'])}</p>" if filled.files else ""
    title = f"<strong>{escape(texts['errors'])}</strong>"
    return f'<div class="notice" role="alert">{title}<ul>{lines}</ul>{again}</div>'


def _field(field: Field, filled: Submission, wrong: Sequence[FieldError], texts: Mapping[str, str]) -> str:
    """One question with its control, help and error."""
    answers = filled.values.get(field.name, (field.value,) if field.value else ())
    if field.kind == "hidden":
        return f'<input type="hidden" name="{field.name}" value="{escape(answers[0] if answers else "")}">'
    error = next((texts[one.code] for one in wrong if one.field == field.name), "")
    mark = f' <span class="mark">({escape(texts["required_mark"])})</span>' if field.required else ""
    below = (f'<span class="help" id="h-{field.name}">{escape(field.help)}</span>' if field.help else "") + (
        f'<span class="error" id="e-{field.name}">{escape(error)}</span>' if error else ""
    )
    if field.kind == "consent":
        box = _consent(field, answers, _attributes(field, error), texts, mark)
        return f'<div class="field">{box}{below}</div>'
    label = f"{escape(field.shown())}{mark}"
    if field.kind == "several" or (field.kind == "choice" and len(field.options) <= RADIOS):
        boxes = _boxes(field, answers)
        told = _attributes(field, error, named=False)
        return f'<fieldset class="field"{told}><legend>{label}</legend>{boxes}{below}</fieldset>'
    control = _control(field, answers, _attributes(field, error), texts)
    return f'<div class="field"><label for="f-{field.name}">{label}</label>{control}{below}</div>'


def _attributes(field: Field, error: str, *, named: bool = True) -> str:
    described = " ".join(([f"h-{field.name}"] if field.help else []) + ([f"e-{field.name}"] if error else []))
    return "".join(
        (
            f' id="f-{field.name}"',
            f' name="{field.name}"' if named else "",
            " required" if field.required and named else "",
            f' aria-describedby="{described}"' if described else "",
            ' aria-invalid="true"' if error else "",
        )
    )


def _control(field: Field, answers: Sequence[str], attributes: str, texts: Mapping[str, str]) -> str:
    value = answers[0] if answers else ""
    placeholder = f' placeholder="{escape(field.placeholder)}"' if field.placeholder else ""
    match field.kind:
        case "message":
            return f'<textarea{attributes}{placeholder} maxlength="{field.length}">{escape(value)}</textarea>'
        case "choice":
            empty = f'<option value="">{escape(texts["choose"])}</option>'
            return f"<select{attributes}>{empty}{_options(field, answers)}</select>"
        case "file":
            accept = f' accept="{escape(",".join(field.accept))}"' if field.accept else ""
            several = " multiple" if field.files > 1 else ""
            return f'<input type="file"{attributes}{accept}{several}>'
    kind, complete = CONTROLS[field.kind]
    known = AUTOCOMPLETE.get(field.role, complete)
    more = f' autocomplete="{known}"' if known else ""
    more += ' inputmode="decimal"' if field.kind == "number" else ""
    more += f' maxlength="{field.length}"' if field.kind == "text" else ""
    return f'<input type="{kind}"{attributes}{placeholder}{more} value="{escape(value)}">'


def _options(field: Field, answers: Sequence[str]) -> str:
    return "".join(
        f'<option value="{escape(option.value)}"{" selected" if option.value in answers else ""}>'
        f"{escape(option.label or option.value)}</option>"
        for option in field.options
    )


def _boxes(field: Field, answers: Sequence[str]) -> str:
    kind = "checkbox" if field.kind == "several" else "radio"
    needed = " required" if field.required and kind == "radio" else ""
    return "".join(
        f'<label class="choice"><input type="{kind}" name="{field.name}" value="{escape(option.value)}"'
        f"{needed}{' checked' if option.value in answers else ''}>"
        f"{escape(option.label or option.value)}</label>"
        for option in field.options
    )


def _consent(
    field: Field, answers: Sequence[str], attributes: str, texts: Mapping[str, str], mark: str
) -> str:
    """Never ticked beforehand; its value is the version of the text that was shown."""
    checked = " checked" if field.stamp() in answers else ""
    link = (
        f' <a href="{escape(field.url)}" target="_blank" rel="noopener">{escape(texts["document"])}</a>'
        if field.url
        else ""
    )
    box = f'<input type="checkbox"{attributes} value="{escape(field.stamp())}"{checked}>'
    return f'<label class="choice">{box}<span>{escape(field.text or field.label)}{mark}{link}</span></label>'


@cache
def _style() -> tuple[str, str]:
    """The pages' style, and how a policy names it."""
    css = asset("form.css")
    return css, base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()


def _page(
    account: Account,
    form: Form | None,
    title: str,
    body: str,
    *,
    status: int = 200,
    service: Service | None = None,
) -> Reply:
    css, digest = _style()
    language = form.language if form is not None else "ru"
    document = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{css}</style></head>"
        f'<body><main class="form">{body}</main></body></html>'
    )
    return Reply(
        status=status,
        body=document.encode("utf-8", "replace"),
        content_type="text/html",
        headers=_headers(account, form, digest, service),
    )


def _headers(account: Account, form: Form | None, style: str, service: Service | None) -> dict[str, str]:
    """Nothing from elsewhere, no scripts but a captcha's; framed only where the form may stand."""
    frames = " ".join(("'self'", *allowed_origins(account))) if allowed_origins(account) else "*"
    # Browsers ask form-action for the address that a post redirects to as well.
    goes_to = origin_of(form.redirect) if form is not None and form.redirect else ""
    targets = " ".join(target for target in ("'self'", goes_to, *allowed_origins(account)) if target)
    hosts = " ".join(service.hosts) if service is not None else ""
    inline = (
        f"'sha256-{style}'" if service is None else f"'unsafe-inline' {hosts}"
    )  # captchas style themselves
    captcha = (
        f" script-src {hosts}; frame-src {hosts}; connect-src {hosts}; img-src {hosts};" if hosts else ""
    )
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src {inline};{captcha} form-action {targets}; base-uri 'none';"
            f" frame-ancestors {frames}"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": "strict-origin-when-cross-origin",
    }
