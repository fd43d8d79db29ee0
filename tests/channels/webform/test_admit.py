"""What does the door do with a form?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from channels.base import Account, Admitted, Envelope
from channels.errors import WebhookRefused
from channels.webform import WebForm
from channels.webform.definition import Field, Form
from channels.webform.proof import stamp
from channels.webform.submission import Submission, Upload
from channels.webform.validation import _accepted, errors
from tests.channels.contract import RECEIVED_AT
from tests.channels.webform.case import ACCOUNT, API_KEY, SITE

GOOD = {"phone": "+79161234567", "agree": "2026-01"}
SLOWLY = stamp(ACCOUNT, RECEIVED_AT - 60_000_000)


def posted(
    values: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
    *,
    form: bool = False,
    at: int = RECEIVED_AT,
) -> Envelope:
    body = urlencode(values).encode() if form else orjson.dumps(values)
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    told = {"content-type": kind, "host": "okno.example", **(headers or {})}
    return Envelope(body=body, received_at=at, headers=told)


def admitted(envelope: Envelope, **settings: str) -> Admitted:
    account = replace(ACCOUNT, settings={**ACCOUNT.settings, **settings})
    return WebForm(account).admit(envelope)


def answer_of(taken: Admitted) -> Any:
    return orjson.loads(taken.reply.body)


BROWSER = {**SITE, "accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_a_program_is_told_the_id_and_where_to_go() -> None:
    taken = admitted(posted(GOOD))
    assert taken.keep
    assert answer_of(taken)["ok"] is True
    assert answer_of(taken)["id"] == taken.key
    assert answer_of(taken)["redirect"] == "https://mebel.example/spasibo"


def test_a_browser_is_sent_on_with_303_so_that_a_reload_sends_nothing() -> None:
    taken = admitted(posted(GOOD, BROWSER, form=True))
    assert (taken.reply.status, taken.reply.headers["Location"]) == (303, "https://mebel.example/spasibo")


def test_without_a_redirect_a_browser_sees_the_thank_you_page() -> None:
    taken = admitted(posted(GOOD, BROWSER, form=True), form="")
    assert taken.reply.headers["Location"] == "https://okno.example/f/raschet/thanks"
    page = WebForm(replace(ACCOUNT, settings={})).page(
        "thanks", Envelope(body=b"", received_at=0, method="GET")
    )
    assert page is not None
    assert "Спасибо".encode() in page.body


@pytest.mark.parametrize(
    ("wanted", "followed"),
    [
        ("https://mebel.example/ok?x=1", True),
        ("https://okno.example/f/raschet", True),
        ("https://evil.example/", False),
        ("//evil.example", False),
        ("javascript:alert(1)", False),
        ("https://mebel.example@evil.example/", False),
        ("https://evil.example\\@mebel.example/", False),
    ],
)
def test_nobody_is_sent_to_a_site_that_is_not_ours(wanted: str, followed: bool) -> None:
    taken = admitted(posted({**GOOD, "_next": wanted}, BROWSER, form=True))
    assert (taken.reply.headers["Location"] == wanted) is followed


def test_a_line_break_in_an_address_stays_in_the_address() -> None:
    values = {**GOOD, "_next": "https://mebel.example/a\nSet-Cookie: x=1"}
    location = admitted(posted(values, BROWSER, form=True)).reply.headers["Location"]
    assert "\n" not in location


def test_the_same_submission_pressed_twice_is_one() -> None:
    first = admitted(posted({**GOOD, "_sid": "press-000001"}))
    later = admitted(posted({**GOOD, "_sid": "press-000001"}, at=RECEIVED_AT + 3_600_000_000))
    assert first.key == later.key
    assert first.reply == later.reply


def test_a_corrected_submission_of_the_same_page_is_another() -> None:
    first = admitted(posted({**GOOD, "_sid": "press-000001"}))
    other = admitted(posted({**GOOD, "message": "и ещё", "_sid": "press-000001"}))
    assert first.key != other.key


def test_without_an_id_the_same_answers_are_one_within_ten_minutes_only() -> None:
    start = RECEIVED_AT // 600_000_000 * 600_000_000
    keys = [admitted(posted(GOOD, at=start + at)).key for at in (0, 599_000_000, 600_000_000)]
    assert keys[0] == keys[1] != keys[2]


def test_how_a_submission_is_wrapped_does_not_make_it_another() -> None:
    values = {**GOOD, "_sid": "press-000001"}
    assert admitted(posted(values)).key == admitted(posted(values, form=True)).key


def test_a_repeat_header_counts_as_an_id() -> None:
    header = {"idempotency-key": "order-1024"}
    first = admitted(posted(GOOD, header))
    assert first.key == admitted(posted(GOOD, header, at=RECEIVED_AT + 3_600_000_000)).key


def test_one_person_stays_in_order() -> None:
    assert admitted(posted(GOOD)).lane == admitted(posted({**GOOD, "message": "ещё"})).lane == "+79161234567"


def test_a_page_of_ours_gets_its_errors_back_by_field_and_nothing_is_kept() -> None:
    wrong = {"phone": "12", "height": "900", "wood": "plastic", "day": "вчера", "_t": SLOWLY}
    taken = admitted(posted(wrong))
    assert (taken.keep, taken.reply.status) == (False, 422)
    codes = {one["field"]: one["code"] for one in answer_of(taken)["errors"]}
    assert codes == {
        "phone": "phone",
        "height": "too_large",
        "wood": "choice",
        "day": "date",
        "agree": "consent",
    }


def test_without_scripts_the_page_comes_back_with_what_was_filled_in() -> None:
    wrong = {
        "name": '"><b>Ян',
        "phone": "12",
        "_t": SLOWLY,
        "_sid": "page-0001",
        "agree": "2026-01",
        "utm_source": "qr",
    }
    taken = admitted(posted(wrong, BROWSER, form=True))
    page = taken.reply.body.decode()
    assert (taken.keep, taken.reply.status) == (False, 422)
    assert 'value="&quot;&gt;&lt;b&gt;Ян"' in page
    assert 'role="alert"' in page
    assert 'value="page-0001"' in page
    assert 'name="utm_source" value="qr"' in page
    assert f'value="{SLOWLY}"' in page
    assert 'value="2026-01" checked' in page


def test_what_other_sites_send_is_taken_with_all_its_mistakes() -> None:
    assert admitted(posted({"phone": "12", "wood": "plastic"})).keep


def test_a_robot_in_the_hidden_field_is_thanked_and_kept() -> None:
    taken = admitted(posted({"_gotcha": "x", "phone": "1", "_t": SLOWLY}))
    assert (taken.keep, taken.reply.status) == (True, 200)


@pytest.mark.parametrize("values", [{}, {"phone": ""}, {"_t": SLOWLY}])
def test_an_empty_form_is_sent_back(values: Mapping[str, str]) -> None:
    taken = admitted(posted(values))
    assert (taken.keep, taken.reply.status) == (False, 422)


def test_the_probe_of_tilda_is_answered_and_not_kept() -> None:
    taken = admitted(posted({"test": "test"}, form=True))
    assert (taken.keep, taken.reply.status, taken.reply.body) == (False, 200, b"ok")


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("HEAD", 200), ("PUT", 405), ("DELETE", 405)])
def test_only_posts_are_kept(method: str, status: int) -> None:
    taken = admitted(replace(posted(GOOD), method=method))
    assert (taken.keep, taken.reply.status) == (False, status)


def test_a_form_that_sends_by_get_is_told_so_instead_of_losing_leads_in_silence() -> None:
    taken = admitted(Envelope(body=b"", received_at=RECEIVED_AT, method="GET", query=GOOD))
    assert (taken.keep, taken.reply.status, answer_of(taken)["code"]) == (False, 405, "use_post")


@pytest.mark.parametrize(
    ("origin", "named"),
    [
        ("https://mebel.example", "https://mebel.example"),
        ("https://okno.example", "https://okno.example"),
        ("https://evil.example", None),
        ("https://mebel.example.evil.example", None),
        ("null", None),
    ],
)
def test_only_listed_sites_may_read_the_answer(origin: str, named: str | None) -> None:
    preflight = Envelope(
        body=b"", received_at=0, method="OPTIONS", headers={"origin": origin, "host": "okno.example"}
    )
    for taken in (admitted(preflight), admitted(posted(GOOD, {"origin": origin}))):
        assert taken.reply.headers.get("Access-Control-Allow-Origin") == named
        assert "Origin" in taken.reply.headers["Vary"]
    assert admitted(preflight).reply.status == 204


def test_without_a_list_any_site_may_read_the_answer() -> None:
    for origin in ("https://any.example", "null"):
        taken = admitted(posted(GOOD, {"origin": origin}), allowed_origins="")
        assert taken.reply.headers["Access-Control-Allow-Origin"] == origin


def test_where_a_key_is_asked_for_nothing_comes_in_without_one() -> None:
    with pytest.raises(WebhookRefused):
        admitted(posted(GOOD), access="key")
    with pytest.raises(WebhookRefused):
        admitted(posted(GOOD, {"x-api-key": "guess"}), access="key")
    assert admitted(posted(GOOD, {"x-api-key": API_KEY}), access="key").keep


def test_a_key_where_none_is_set_proves_nothing_and_hurts_nobody() -> None:
    taken = admitted(posted(GOOD, {"authorization": "Bearer whatever"}), api_key="")
    assert taken.keep


def test_a_source_without_a_sound_form_still_takes_what_comes() -> None:
    account = Account(source_id="s", settings={"form": "{"})
    assert WebForm(account).admit(posted(GOOD)).keep
    assert WebForm(account).parse(posted(GOOD))


@pytest.mark.parametrize(
    ("name", "body", "taken"),
    [
        ("смета.pdf", b"%PDF-1.7", True),
        ("фото.jpg", b"\xff\xd8\xff\xe0", True),
        ("старый.doc", b"\xd0\xcf\x11\xe0 old Word", True),
        ("список.txt", "Кухня < шкаф".encode(), True),
        ("смета.pdf", b"MZ\x90\0", False),
        ("смета.pdf", b"\x7fELF", False),
        ("смета.txt", b"#!/bin/sh", False),
        ("смета.pdf", b"\xd0\xcf\x11\xe0 an installer", False),
        ("фото.jpg", b"  <!DOCTYPE HTML><script>", False),
        ("фото.png", b"<?xml version='1.0'?><svg onload='x()'>", False),
        ("ярлык.pdf", b"L\0\0\0\x01\x14\x02\0", False),
        ("диск.zip", bytes(0x8001) + b"CD001", False),
        ("смета.pdf.exe", b"%PDF-1.7", False),
    ],
)
def test_a_file_is_judged_by_its_first_bytes_too(name: str, body: bytes, taken: bool) -> None:
    """F17: a name is whatever the sender likes."""
    upload = Upload(place=0, field="file", name=name, mime="application/octet-stream", body=body)
    assert _accepted(Field(name="file", kind="file"), upload) is taken


@pytest.mark.parametrize(
    ("sizes", "code"),
    [
        ((10,) * 3, ""),
        ((10,) * 4, "too_many_files"),
        ((1024 * 1024 + 1,), "file_too_large"),
        ((), "required"),
    ],
)
def test_files_come_as_many_and_as_large_as_the_form_says(sizes: tuple[int, ...], code: str) -> None:
    """F17."""
    form = Form(fields=(Field(name="plan", kind="file", files=3, megabytes=1, required=True),))
    files = tuple(
        Upload(place=at, field="plan", name=f"{at}.pdf", mime="application/pdf", body=b"%" * size)
        for at, size in enumerate(sizes)
    )
    found = errors(form, Submission(values={}, files=files), "RU")
    assert [one.code for one in found] == ([code] if code else [])
