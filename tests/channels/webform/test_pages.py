"""Do the form's own pages say what they should, and nothing that a stranger put there?"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser

import orjson
import pytest

from channels.base import Account, Envelope, Reply
from channels.webform import WebForm
from channels.webform.about import ABOUT
from channels.webform.texts import asset, words
from tests.channels.contract import RECEIVED_AT
from tests.channels.webform.case import ACCOUNT


def page(
    path: str = "",
    *,
    account: Account = ACCOUNT,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    envelope = Envelope(
        body=b"", received_at=RECEIVED_AT, method="GET", query=query or {}, headers=headers or {}
    )
    shown = WebForm(account).page(path, envelope)
    assert shown is not None
    return shown


class Outline(HTMLParser):
    """Controls and labels of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.controls: dict[str, dict[str, str | None]] = {}
        self.labels: set[str] = set()
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.append(tag)
        if tag in ("input", "select", "textarea") and told.get("type") != "hidden":
            self.controls[told.get("id") or told.get("value") or ""] = told
        if tag == "label" and told.get("for"):
            self.labels.add(told["for"] or "")


def test_every_field_has_a_control_and_a_label() -> None:
    outline = Outline(page().body.decode())
    shown = {"f-name", "f-phone", "f-email", "f-message", "f-height", "f-day", "f-plan"}
    assert shown <= outline.labels
    assert shown <= outline.controls.keys()
    assert outline.controls["f-phone"]["type"] == "tel"
    assert "required" in outline.controls["f-phone"]
    assert outline.tags.count("fieldset") == 2


def test_a_consent_is_never_ticked_beforehand() -> None:
    box = Outline(page().body.decode()).controls["f-agree"]
    assert "checked" not in box
    assert (box["value"], "required" in box) == ("2026-01", True)


def test_the_page_works_without_scripts_and_under_its_own_policy() -> None:
    shown = page()
    text = shown.body.decode()
    policy = shown.headers["Content-Security-Policy"]
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy
    assert "<script" not in text
    assert "style=" not in text
    assert "form-action 'self' https://mebel.example" in policy
    assert "frame-ancestors 'self' https://mebel.example" in policy


def test_the_page_posts_to_its_own_address_so_that_the_hooks_key_stands_on_no_page() -> None:
    for account in (ACCOUNT, replace(ACCOUNT, hook_url="", public_url="")):
        text = page(account=account).body.decode()
        assert 'action="/f/raschet"' in text
        assert ACCOUNT.hook_path not in text
    assert f'action="{ACCOUNT.hook_path}"' in page(account=replace(ACCOUNT, slug="")).body.decode()


def test_tags_of_the_address_and_the_referrer_go_along_unseen() -> None:
    shown = page(
        query={"utm_source": 'ya"><script>', "yclid": "1", "x": "no"}, headers={"referer": "https://dzen.ru/"}
    )
    text = shown.body.decode()
    assert 'name="utm_source" value="ya&quot;&gt;&lt;script&gt;"' in text
    assert 'name="_ref" value="https://dzen.ru/"' in text
    assert 'name="x"' not in text


def test_each_showing_is_a_submission_of_its_own() -> None:
    ids = {
        re.search('name="_sid" value="([^"]+)"', page(headers={"user-agent": agent}).body.decode())
        for agent in "ab"
    }
    assert len({found[1] for found in ids if found}) == 2


def test_the_script_holds_its_form_and_stays_small() -> None:
    shown = page("embed.js")
    script = shown.body.decode()
    assert len(shown.body) <= 15 * 1024
    assert "Расчёт кухни" in script
    assert "__FORM__" not in script
    assert shown.headers["Cache-Control"] == "no-store"


def test_the_largest_ready_form_keeps_the_script_small() -> None:
    assert len(page("embed.js", account=replace(ACCOUNT, settings={"form_key": "k"})).body) <= 15 * 1024


def test_a_form_cannot_break_out_of_the_script() -> None:
    form = orjson.dumps(
        {"title": "</script><script>alert(1)//\u2028", "fields": [{"name": "a", "label": "<img src=x>"}]}
    ).decode()
    script = page("embed.js", account=replace(ACCOUNT, settings={"form": form})).body.decode()
    assert "</script>" not in script
    assert "\u2028" not in script


def test_a_form_cannot_break_out_of_the_page() -> None:
    form = orjson.dumps(
        {"title": "<script>1</script>", "fields": [{"name": "a", "label": '"><img src=x>', "value": '"><i>'}]}
    ).decode()
    text = page(account=replace(ACCOUNT, settings={"form": form})).body.decode()
    assert "<script" not in text
    assert "<img" not in text
    assert "<i>" not in text


def test_a_form_that_is_not_sound_says_so_and_is_found_by_the_check() -> None:
    account = replace(ACCOUNT, settings={"form": '{"fields": []}'})
    assert page(account=account).status == 503


async def test_every_fault_of_a_form_is_named_with_its_place() -> None:
    faults = {
        "{": "form_not_json",
        "[]": "form_wrong_type",
        '{"fields": [{"name": "a", "colour": "red"}]}': "form_wrong_type",
        '{"fields": []}': "form_empty",
        '{"fields": [{"name": "1"}]}': "form_bad_name",
        '{"fields": [{"name": "a"}, {"name": "a"}]}': "form_name_twice",
        '{"fields": [{"name": "a", "kind": "choice"}]}': "form_no_options",
        '{"fields": [{"name": "a", "kind": "consent"}]}': "form_no_text",
        '{"fields": [{"name": "a", "url": "javascript:1"}]}': "form_bad_url",
        '{"fields": [{"name": "a", "length": 0}]}': "form_bad_limit",
        '{"fields": [{"name": "a"}], "redirect": "data:1"}': "form_bad_url",
        '{"fields": [' + ",".join(f'{{"name": "a{n}"}}' for n in range(65)) + "]}": "form_too_long",
    }
    for text, code in faults.items():
        (check, *_) = await WebForm(replace(ACCOUNT, settings={"form": text})).check()
        assert (check.code, check.ok) == (code, False)
        assert code in ABOUT.errors


async def test_personal_data_without_consent_is_stopped_unless_somebody_vouches_for_it() -> None:
    form = '{"fields": [{"name": "p", "kind": "phone"}]}'
    for vouched, ok in (("no", False), ("yes", True)):
        settings = {"form": form, "without_consent": vouched}
        found = {check.code: check.ok for check in await WebForm(replace(ACCOUNT, settings=settings)).check()}
        assert found["no_consent"] is ok


def test_paths_that_are_no_pages_are_not_found() -> None:
    channel = WebForm(ACCOUNT)
    assert channel.page("../secret", Envelope(body=b"", received_at=0, method="GET")) is None


def test_both_languages_say_the_same_things() -> None:
    assert words("ru").keys() == words("en").keys()


def test_a_test_link_carries_its_code_into_the_form() -> None:
    assert WebForm(ACCOUNT).test_link("test_1") == "https://okno.example/f/raschet?test=test_1"
    assert 'name="_test" value="test_1"' in page(query={"test": "test_1"}).body.decode()


@pytest.mark.parametrize(
    "code", ["form_ready", "origins_any", "origins_listed", "no_public_url", "cannot_answer"]
)
def test_every_code_has_words(code: str) -> None:
    assert ABOUT.errors[code].ru
    assert ABOUT.errors[code].en


def test_the_ready_form_is_the_setting_s_default() -> None:
    (setting,) = (setting for setting in ABOUT.settings if setting.key == "form")
    assert setting.default == asset("form.ru.json")
