"""What does a site load to show a form inside its own page?"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec
import orjson

from channels.base import Account, Envelope, Reply
from channels.webform.captcha import asked_always, service_of
from channels.webform.definition import Field, Form
from channels.webform.origin import CLIENT_IDS, UTM
from channels.webform.page import AUTOCOMPLETE, CONTROLS, action
from channels.webform.proof import stamp
from channels.webform.texts import asset, words

REM = re.compile(r"(\d++(?:\.\d++)?+|\.\d++)rem")
SAID = ("choose", "required_mark", "document", "leave_empty", "open_page", "captcha")


def embed_script(account: Account, form: Form, envelope: Envelope) -> Reply:
    """The script with its form inside; never cached, because it carries the mark of time."""
    told = orjson.dumps(_told(account, form, envelope)).decode()
    # Written so that it may stand in a page's own script element too.
    safe = told.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return Reply(
        body=_script().replace("__FORM__", safe, 1).encode(),
        content_type="application/javascript",
        headers={"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "cross-origin"},
    )


@cache
def _script() -> str:
    """The script without its indents: strangers' pages load it at every visit."""
    return "\n".join(line.strip() for line in asset("embed.js").splitlines())


@cache
def _css() -> str:
    """The pages' style for a place in a stranger's page: nothing is inherited, and no length hangs on its root element."""
    alone = ":host{all:initial!important;display:block!important;color-scheme:light dark!important}"
    return alone + REM.sub(lambda found: f"{float(found[1]) * 16:g}px", asset("form.css"))


def _told(account: Account, form: Form, envelope: Envelope) -> dict[str, Any]:
    texts = words(form.language)
    return {
        "slug": account.slug,
        "action": action(account),
        "mark": stamp(account, envelope.received_at),
        "version": account.settings.get("form_version", ""),
        "captcha": _captcha(account),
        "language": form.language,
        "title": form.title,
        "intro": form.intro,
        "keys": [*UTM, *CLIENT_IDS],
        "css": _css(),
        "texts": {
            **{name: texts[name] for name in SAID},
            "button": form.texts.button or texts["send"],
            "thanks_title": form.texts.thanks_title or texts["thanks_title"],
            "thanks": form.texts.thanks or texts["thanks"],
            "failed": form.texts.failed or texts["failed"],
        },
        "fields": [_field(field) for field in form.fields],
    }


def _captcha(account: Account) -> dict[str, Any] | None:
    """What the script needs to show a puzzle; None: it never does."""
    service = service_of(account)
    if service is None:
        return None
    return {
        "script": service.script, "field": service.field, "key": account.settings["captcha_key"],
        "always": asked_always(account), "object": "smartCaptcha" if service.field == "smart-token" else "turnstile",
    }  # fmt: skip


def _field(field: Field) -> dict[str, Any]:
    """What of a field the script needs; empty parts are left out."""
    known = {
        name: value for name, value in msgspec.to_builtins(field).items() if value not in ("", None, [], ())
    }
    known["options"] = known.get("options", [])
    if field.kind == "consent":
        known["stamp"] = field.stamp()
    complete = AUTOCOMPLETE.get(field.role) or CONTROLS.get(field.kind, ("", ""))[1]
    return {**known, "complete": complete} if complete else known
