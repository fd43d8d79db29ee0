"""Is every service answered as it wants, and does what they send mean what it should?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import Admitted, Envelope
from channels.errors import PayloadUnreadable, WebhookRefused
from channels.events import InboundMessage
from channels.outside import is_public
from channels.webform import WebForm
from channels.webform.fetch import is_file
from channels.webform.lessons import TARGETS, BadLessons, read_lessons
from channels.webform.pace import network_of
from channels.webform.proof import PASSED
from tests.channels.contract import RECEIVED_AT
from tests.channels.webform.case import ACCOUNT, SITE

CAPTCHA = {"captcha": "smartcaptcha", "captcha_key": "site-key-1", "captcha_secret": "secret-key-1"}


def channel(**settings: str) -> WebForm:
    return WebForm(replace(ACCOUNT, settings={**ACCOUNT.settings, **settings}))


def posted(value: Any, headers: Mapping[str, str] | None = None, at: int = RECEIVED_AT) -> Envelope:
    told = {"content-type": "application/json", "host": "okno.example", **(headers or {})}
    return Envelope(body=orjson.dumps(value), received_at=at, headers=told)


def said(form: WebForm, envelope: Envelope) -> InboundMessage:
    (event,) = form.parse(envelope)
    assert isinstance(event, InboundMessage)
    return event


def test_vk_asks_for_its_string_and_reads_ok() -> None:
    form = channel(vk_confirmation="a1b2c3", vk_secret="tajna")
    ask = {"type": "confirmation", "group_id": 1, "secret": "tajna"}
    assert form.admit(posted(ask)).reply.body == b"a1b2c3"
    other = form.admit(posted({"type": "group_join", "group_id": 1, "secret": "tajna"}))
    assert (other.keep, other.reply.body) == (False, b"ok")
    lead = {
        "type": "lead_forms_new", "group_id": 1, "secret": "tajna",
        "object": {"lead_id": 7001, "answers": [{"key": "phone_number", "question": "Телефон", "answer": "+79161112233"}]},
    }  # fmt: skip
    taken = form.admit(posted(lead))
    assert (taken.keep, taken.reply.body) == (True, b"ok")
    with pytest.raises(WebhookRefused):
        form.admit(posted({**lead, "secret": "drugaja"}))


def test_google_is_believed_by_its_key_and_a_test_is_no_lead() -> None:
    form = channel(google_key="google-key")
    lead = {"lead_id": "abc-00001", "google_key": "google-key", "user_column_data": [], "is_test": True}
    lead["user_column_data"] = [{"column_id": "EMAIL", "string_value": "a@primer.ru"}]
    taken = form.admit(posted(lead))
    assert (taken.reply.body, taken.reply.content_type) == (b"{}", "application/json")
    assert said(form, posted(lead)).nature == "test"
    with pytest.raises(WebhookRefused):
        form.admit(posted({**lead, "google_key": "ne-tot"}))


def test_yandex_forms_get_a_json_rpc_result() -> None:
    asked = {"jsonrpc": "2.0", "method": "lead", "params": {"phone": "+79161112233"}, "id": 5}
    assert orjson.loads(channel().admit(posted(asked)).reply.body) == {
        "jsonrpc": "2.0",
        "result": "ok",
        "id": 5,
    }


def test_lessons_go_before_names_and_shapes() -> None:
    value = {
        "client": {"fio": "Ольга", "tel": "+79161112233", "tel2": "+79164445566"},
        "n": "order-0001",
        "sum": "900",
    }
    lessons = {"client.tel2": "phone", "n": "id", "sum": "deal.amount", "client.fio": "ignore"}
    form = channel(lessons=orjson.dumps(lessons).decode())
    heard = said(form, posted(value))
    assert heard.sender.identity.value == "+79164445566"
    assert heard.deal_fields == {"amount": "900"}
    assert heard.external_id.startswith("order-0001:")
    assert heard.sender.name == ""
    assert [field.name for field in heard.fields] == ["client.tel", "client.tel2", "sum"]
    targets = {leaf.path: leaf.target for leaf in form.sample(posted(value))}
    assert targets["client.tel2"] == "phone"


def test_lessons_that_cannot_be_read_lose_nothing() -> None:
    assert (
        said(channel(lessons="{"), posted({"phone": "+79161112233"})).sender.identity.value == "+79161112233"
    )
    for wrong in ("{", "[]", '{"a": "no_such"}', '{"a": 1}'):
        with pytest.raises(BadLessons):
            read_lessons(wrong)


PATHS = st.text(min_size=1, max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PATHS, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(PATHS, JSON, max_size=6),
    st.dictionaries(PATHS, st.sampled_from([t.value for t in TARGETS])),
)
def test_any_lessons_on_any_json_read_or_say_why_not(value: Any, lessons: dict[str, str]) -> None:
    form = channel(lessons=orjson.dumps(lessons).decode())
    try:
        heard = said(form, posted(value))
    except (PayloadUnreadable, orjson.JSONEncodeError):
        return
    assert said(form, posted(value)) == heard
    assert all(len(field.value) <= 4000 for field in heard.fields)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=60)), max_size=30))
def test_whatever_is_posted_is_kept_or_sent_back_never_lost(pairs: list[tuple[str, str]]) -> None:
    value = dict(pairs)
    taken = channel().admit(posted(value, SITE))
    assert taken.keep or taken.reply.status in (200, 422)


class Service:
    """A captcha service on loopback that says what it is told to."""

    def __init__(self) -> None:
        self.answer: Any = {"status": "ok", "host": "mebel.example"}
        self.status = 200
        self.asked: list[dict[str, str]] = []
        self.url = ""

    async def verify(self, request: web.Request) -> web.Response:
        self.asked.append({name: str(value) for name, value in (await request.post()).items()})
        return web.json_response(self.answer, status=self.status)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    made = Service()
    app = web.Application()
    app.router.add_post("/validate", made.verify)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/validate"
    yield made
    await runner.cleanup()


async def inspected(service: Service, value: Any, over: frozenset[str], **settings: str) -> Admitted:
    form = channel(**{**CAPTCHA, "captcha_url": service.url, **settings})
    envelope = posted(value, {**SITE, ":address": "203.0.113.7"})
    admitted = form.admit(envelope)
    try:
        return await form.inspect(envelope, admitted, over)
    finally:
        await form.close()


OFTEN = frozenset({"pace_address"})
ASK = {"phone": "+79161112233", "_sid": "sub-000001"}


async def test_who_comes_too_often_is_asked_for_a_puzzle_and_kept_meanwhile(service: Service) -> None:
    taken = await inspected(service, ASK, OFTEN)
    assert (taken.keep, taken.reply.status) == (True, 429)
    assert orjson.loads(taken.reply.body)["code"] == "captcha_required"
    assert "captcha_missing" in taken.marks
    solved = await inspected(service, {**ASK, "smart-token": "t"}, OFTEN)
    assert PASSED in solved.marks
    assert solved.key is not None
    assert taken.key == f"{solved.key}:unproven"
    assert service.asked == [{"secret": "secret-key-1", "token": "t", "ip": "203.0.113.7"}]


@pytest.mark.parametrize(
    ("answer", "status", "mark"),
    [
        ({"status": "failed", "message": "Token invalid or expired"}, 200, "captcha_failed"),
        ({"status": "ok", "host": "chuzhoy.example"}, 200, "captcha_failed"),
        ({"status": "ok"}, 500, "captcha_unverified"),
        ("не то", 200, "captcha_unverified"),
    ],
)
async def test_what_the_service_says_only_marks_and_never_refuses(
    service: Service, answer: Any, status: int, mark: str
) -> None:
    service.answer, service.status = answer, status
    taken = await inspected(service, {**ASK, "smart-token": "t"}, OFTEN)
    assert taken.keep
    assert mark in taken.marks
    assert taken.reply.status == 200


async def test_a_service_that_is_down_keeps_nobody_from_writing(service: Service) -> None:
    down = "http://127.0.0.1:9/validate"
    taken = await inspected(service, {**ASK, "smart-token": "t"}, OFTEN, captcha_url=down)
    assert (taken.keep, "captcha_unverified" in taken.marks) == (True, True)
    taken = await inspected(service, {**ASK, "_captcha": "unavailable"}, OFTEN)
    assert (taken.keep, taken.reply.status, "captcha_unverified" in taken.marks) == (True, 200, True)


async def test_turnstile_is_asked_as_it_documents(service: Service) -> None:
    service.answer = {"success": True, "hostname": "mebel.example"}
    taken = await inspected(service, {**ASK, "cf-turnstile-response": "t"}, OFTEN, captcha="turnstile")
    assert PASSED in taken.marks
    (asked,) = service.asked
    assert (asked["secret"], asked["response"], asked["remoteip"]) == ("secret-key-1", "t", "203.0.113.7")
    assert len(asked["idempotency_key"]) == 36
    service.answer = {"success": False, "error-codes": ["invalid-input-secret"]}
    taken = await inspected(service, {**ASK, "cf-turnstile-response": "t"}, OFTEN, captcha="turnstile")
    assert "captcha_unverified" in taken.marks


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", ""), ("8.8.8.8", "8.8.8.8"), ("127.0.0.1", ""), ("10.0.0.7", ""), ("", ""),
        ("2a02:6b8:c00::1", "2a02:6b8:c00::/64"), ("2a02:6b8:c00:0:ffff::9", "2a02:6b8:c00::/64"),
    ],
)  # fmt: skip
def test_a_household_counts_as_one_and_our_own_proxy_as_nobody(address: str, network: str) -> None:
    assert network_of(address) == network


def test_files_are_got_only_from_the_internet() -> None:
    assert is_file("https://files.example/a/plan.pdf?x=1")
    for wrong in (
        "http://files.example/plan.pdf",
        "https://files.example/",
        "см. https://files.example/plan.pdf",
        "ftp://a/b.pdf",
    ):
        assert not is_file(wrong)
    for inside in ("127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1", "192.168.1.1"):
        assert not is_public(inside)
