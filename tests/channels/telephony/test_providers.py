"""Signatures, answers, commands and histories as each system documents them (telephony.md, sections 3 and 7)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
import pytest
from aiohttp import web

from channels.base import Account, Envelope, RouteAnswer
from channels.errors import Disconnected, Refused, SendFailed, WebhookRefused
from channels.events import CallFact
from channels.telephony import Telephony
from channels.telephony.document import find, read
from channels.telephony.proof import Proof, prove, zadarma_signature
from channels.telephony.providers.generic import shipped
from channels.telephony.providers.zadarma import signature
from channels.telephony.requests import sipuni_hash
from routing.times import MINUTE

NOW = 1_790_000_000_000_000
ANNA = RouteAnswer(members=("101", "102"), client_name="Иван Петров")
NOBODY = RouteAnswer()


def made(provider: str, **settings: str) -> Telephony:
    return Telephony(
        Account(
            source_id="s",
            settings={"provider": provider, **settings},
            hook_url="https://gw.example.test/in/tw/abc",
            hook_path="/in/tw/abc",
        )
    )


def form(**fields: str) -> Envelope:
    return Envelope(body=urlencode(fields).encode(), received_at=NOW)


def the_fact(channel: Telephony, envelope: Envelope) -> CallFact:
    (fact,) = channel.parse(envelope)
    assert isinstance(fact, CallFact)
    return fact


def answered(channel: Telephony, answer: RouteAnswer) -> Any:
    return orjson.loads(channel.answer(answer).body)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        (
            {"event": "NOTIFY_START", "caller_id": "79161234567", "called_did": "74951234567",
             "call_start": "2026-03-01 10:00:00"},
            "ZmY5ZWM2MmVmODFhNGUzZGU3OGI1ZTk1NzczMTI2YmExNThjYmIxNg==",
        ),
        (
            {"event": "NOTIFY_OUT_END", "internal": "101", "destination": "79161234567",
             "call_start": "2026-03-01 10:00:00"},
            "YmUzZGQzNWU5NzNjNWEyNzQwZWU0NmUyNjcyZTgxNzUzMzBhODFlOQ==",
        ),
        (
            {"event": "NOTIFY_RECORD", "pbx_call_id": "in_1", "call_id_with_rec": "rec_1"},
            "YjQ2MWY2NTFjYmY5MWRhZDMzY2E2ZmEwMmQ3NGZiMDJiMzk0NTJiZQ==",
        ),
    ],
)  # fmt: skip
def test_zadarma_signs_with_the_hex_of_an_hmac(fields: Mapping[str, str], wanted: str) -> None:
    assert zadarma_signature(fields, "test-secret") == wanted
    channel = made("zadarma", api_key="k", api_secret="test-secret")
    envelope = form(**fields)
    kept = channel.admit(Envelope(body=envelope.body, received_at=NOW, headers={"signature": wanted}))
    assert kept.reply.body == b"{}"


def test_zadarma_refuses_the_raw_digest() -> None:
    fields = {"event": "NOTIFY_START", "caller_id": "79161234567", "called_did": "74951234567",
              "call_start": "2026-03-01 10:00:00"}  # fmt: skip
    headers = {"signature": "/57GLvgaTj3ni16VdzEmuhWMuxY="}
    channel = made("zadarma", api_key="k", api_secret="test-secret")
    with pytest.raises(WebhookRefused):
        channel.admit(Envelope(body=urlencode(fields).encode(), received_at=NOW, headers=headers))


def test_zadarmas_probe_is_echoed() -> None:
    probe = Envelope(body=b"", received_at=NOW, method="GET", query={"zd_echo": "777"})
    admitted = made("zadarma", api_secret="x").admit(probe)
    assert (admitted.keep, admitted.reply.body) == (False, b"777")


def test_rostelecom_signs_client_body_and_key() -> None:
    body = b'{"session_id":"SDsnZugDFmTW7Sec","type":"incoming","state":"new"}'
    sign = "e8a5cc6d6dc65aa85c264ef2bee0f4a3cbcb3ed43b18baf6f1c70f4dda3a1a45"
    channel = made("generic", preset="rostelecom", login="client-1", secret="sign-key")
    headers = {"x-client-id": "client-1", "x-client-sign": sign}
    assert channel.admit(Envelope(body=body, received_at=NOW, headers=headers)).keep
    for wrong in ({**headers, "x-client-id": "client-2"}, {**headers, "x-client-sign": "0" * 64}, {}):
        with pytest.raises(WebhookRefused):
            channel.admit(Envelope(body=body, received_at=NOW, headers=wrong))


@pytest.mark.parametrize(
    "url", ["https://gw.example.test/in/tw/abc", "https://gw.example.test:443/in/tw/abc"]
)
def test_twilio_signs_the_address_as_we_are_known(url: str) -> None:
    fields = {"CallSid": "CA1", "From": "+79161234567", "To": "+74951234567", "CallStatus": "ringing"}
    headers = {"x-twilio-signature": "Tl0Stpz+yXOs/n6w0NzHThs7FdM="}
    envelope = Envelope(body=urlencode(fields).encode(), received_at=NOW, headers=headers)
    prove((Proof(kind="twilio_sha1"),), {"secret": "12345"}, envelope, url)
    with pytest.raises(WebhookRefused):
        prove((Proof(kind="twilio_sha1"),), {"secret": "12346"}, envelope, url)
    with pytest.raises(WebhookRefused):
        prove((Proof(kind="twilio_sha1"),), {"secret": ""}, envelope, url)


def test_sipunis_hash_is_that_of_its_document() -> None:
    params = {"antiaon": "0", "phone": "79161234567", "reverse": "0", "sipnumber": "201", "user": "012345"}
    assert sipuni_hash(params, "test-secret") == "0a1276c4dd11bdb6d2e9ea905f7f3e62"


def test_itoolabs_takes_only_its_token_and_answers_every_command() -> None:
    channel = made("itoolabs", crm_token="secret")
    for body in (b"cmd=event", b"cmd=event&crm_token=wrong", b"{", b""):
        with pytest.raises(WebhookRefused):
            channel.admit(Envelope(body=body, received_at=NOW))
    admitted = channel.admit(form(cmd="tomorrow", crm_token="secret"))
    assert (admitted.keep, admitted.reply.status, admitted.reply.body) == (True, 200, b"{}")
    as_json = Envelope(body=b'{"cmd":"rating","crm_token":"secret"}', received_at=NOW)
    assert channel.admit(as_json).keep
    assert channel.parse(as_json) == ()


def question(channel: Telephony, envelope: Envelope) -> tuple[str, bool]:
    admitted = channel.admit(envelope)
    assert admitted.question is not None and admitted.question.client is not None
    return admitted.question.client.value, admitted.keep


def test_whom_to_ring_is_answered_as_itoolabs_wants_it() -> None:
    channel = made("itoolabs", crm_token="secret")
    asked = form(cmd="contact", phone="+79161234567", callid="c", diversion="74951234567", crm_token="secret")
    assert question(channel, asked) == ("+79161234567", False)
    assert answered(channel, ANNA) == {"contact_name": "Иван Петров", "responsible": "101"}
    assert answered(channel, NOBODY) == {}


def test_whom_to_ring_is_answered_as_zadarma_wants_it() -> None:
    channel = made("zadarma", api_key="k", api_secret="s")
    fields = {"event": "NOTIFY_START", "caller_id": "79161234567", "called_did": "74951234567", "call_start": "x",
              "pbx_call_id": "in_1"}  # fmt: skip
    body = urlencode(fields).encode()
    asked = Envelope(body=body, received_at=NOW, headers={"signature": zadarma_signature(fields, "s")})
    assert question(channel, asked) == ("+79161234567", True)
    assert answered(channel, ANNA) == {"redirect": "101", "return_timeout": 20, "caller_name": "Иван Петров"}
    assert answered(channel, RouteAnswer(members=("1001",))) == {}
    assert answered(channel, RouteAnswer(blocked=True)) == {"redirect": "blacklist"}


def test_whom_to_ring_is_answered_as_sipuni_wants_it() -> None:
    channel = made("sipuni", routes="102 = 7")
    asked = Envelope(body=b"", received_at=NOW, method="GET", query={"fromnum": "79161234567", "tonum": "1"})
    assert question(channel, asked) == ("+79161234567", False)
    assert answered(channel, ANNA) == {"choice": 7}
    assert answered(channel, RouteAnswer(members=("101",))) == {"choice": 0}
    bare = channel.admit(Envelope(body=b"", received_at=NOW, method="GET"))
    assert (bare.keep, bare.reply.body) == (False, b'{"success":true}')


def test_whom_to_ring_is_answered_as_uis_wants_it() -> None:
    channel = made("uis", routes="101=74959876543\n102=79031505050")
    asked = Envelope(body=b"", received_at=NOW, query={"numa": "79161234567", "numb": "74951234567"})
    assert question(channel, asked) == ("+79161234567", False)
    assert answered(channel, ANNA) == {"phones": ["74959876543", "79031505050"]}
    assert answered(channel, NOBODY) == {"returned_code": 0}


def test_whom_to_ring_is_answered_in_xml_with_its_escapes() -> None:
    channel = made("generic", preset="telphin")
    asked = form(EventType="call_interactive", CallerIDNum="79161234567", CallID="1")
    assert question(channel, asked)[0] == "+79161234567"
    reply = channel.answer(RouteAnswer(members=('<&"',)))
    assert reply.content_type == "text/xml"
    assert b">&lt;&amp;&quot;</SetVar>" in reply.body
    assert channel.answer(NOBODY).body.endswith(b"<Response/>")


def test_exolves_answer_names_an_outer_number_and_its_empty_one_the_reserve() -> None:
    channel = made("generic", preset="mts_exolve", routes="101 = 79031505050")
    told = answered(channel, ANNA)["result"]["followme_struct"]
    assert told[1][0]["REDIRECT_NUMBER"] == "79031505050"
    assert answered(channel, NOBODY)["result"]["followme_struct"] == [1, []]


@dataclass
class Asked:
    """What a telephone system was asked."""

    requests: list[tuple[str, str, dict[str, str], bytes, Mapping[str, str]]] = field(default_factory=list)

    @property
    def last(self) -> tuple[str, str, dict[str, str], bytes, Mapping[str, str]]:
        return self.requests[-1]


Answer = Callable[[web.Request], web.Response]


@asynccontextmanager
async def system(answer: Answer) -> AsyncIterator[tuple[str, Asked]]:
    """A telephone system's API on loopback."""
    asked = Asked()

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        asked.requests.append(
            (request.method, request.path, dict(request.query), body, dict(request.headers))
        )
        return answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


def says(content: Any, status: int = 200) -> Answer:
    return lambda _: web.json_response(content, status=status)


async def test_itoolabs_calls_and_tells_its_history() -> None:
    rows = [{"UID": "c1", "type": "in", "client": "79161234567", "account": "ivanov@t", "via": "74951234567",
             "start": "20260921T131320Z", "wait": "5", "duration": "40", "record": "https://x.megapbx.ru/r.mp3"}]  # fmt: skip
    async with system(says({"uuid": "u-1"})) as (url, asked):
        channel = made("itoolabs", crm_token="s", api_base=f"{url}/crmapi/v1", api_token="key")
        assert await channel.call("101", "+79161234567", "k") == "u-1"
        method, path, _, body, headers = asked.last
        assert (method, path, headers["X-API-KEY"]) == ("POST", "/crmapi/v1/makecall", "key")
        assert orjson.loads(body) == {"user": "101", "phone": "79161234567"}
        await channel.close()
    async with system(says(rows)) as (url, asked):
        channel = made("itoolabs", crm_token="s", api_base=f"{url}/crmapi/v1", api_token="key")
        assert channel.can().history
        found = [one async for one in channel.history(NOW - 30 * MINUTE, NOW)]
        fact = the_fact(channel, found[0].envelope)
        assert (fact.call, fact.authority, fact.answered, fact.member) == ("c1", "history", True, "ivanov")
        assert asked.last[2].keys() == {"start", "end"}
        await channel.close()


async def test_the_old_itoolabs_api_speaks_forms_and_csv() -> None:
    written = (
        "UID,type,client,account,via,start,wait,duration,record\n"
        "c2,missed,79161234567,g_1@t,74951234567,20260921T131320Z,21,0,\n"
    )
    async with system(lambda _: web.Response(text=written)) as (url, asked):
        channel = made("itoolabs", crm_token="s", api_base=f"{url}/sys/crm_api.wcgp", api_token="key")
        found = [one async for one in channel.history(NOW - MINUTE, NOW)]
        fact = the_fact(channel, found[0].envelope)
        assert (fact.answered, fact.member, fact.talk_seconds) == (False, "", 0)
        assert dict(parse_qsl(asked.last[3].decode()))["cmd"] == "history"
        await channel.close()


async def test_zadarma_signs_its_commands_and_tells_its_history() -> None:
    async with system(says({"status": "success", "stats": [
        {"call_id": "9", "pbx_call_id": "in_1", "callstart": "2026-09-21 16:13:20", "clid": "79161234567",
         "destination": "101", "disposition": "no answer", "seconds": 0, "is_recorded": "false"}]})) as (url, asked):  # fmt: skip
        channel = made("zadarma", api_base=url, api_key="key", api_secret="secret")
        assert await channel.call("101", "+79161234567", "k") == "k"
        _, path, query, _, headers = asked.last
        assert (path, query) == ("/v1/request/callback/", {"from": "101", "to": "79161234567"})
        assert headers["Authorization"] == f"key:{signature(path, 'from=101&to=79161234567', 'secret')}"
        found = [one async for one in channel.history(NOW - MINUTE, NOW)]
        fact = the_fact(channel, found[0].envelope)
        assert (fact.direction, fact.answered, fact.outcome) == ("in", False, "no_answer")
        await channel.close()


async def test_uis_speaks_json_rpc_and_its_refusals_are_no_success() -> None:
    async with system(says({"jsonrpc": "2.0", "id": "1", "result": {"data": {"call_session_id": 55}}})) as (
        url,
        asked,
    ):
        channel = made("uis", api_base=f"{url}/v4.0", api_token="token", line="+74951234567")
        assert await channel.call("25", "+79161234567", "cmd-1") == "55"
        told = orjson.loads(asked.last[3])["params"]
        assert (told["employee"], told["external_id"], told["first_call"]) == (
            {"id": 25},
            "cmd-1",
            "employee",
        )
        await channel.close()
    for mnemonic, error in (("access_token_invalid", Disconnected), ("employee_not_found", Refused)):
        async with system(says({"error": {"code": -1, "data": {"mnemonic": mnemonic}}})) as (url, _):
            channel = made("uis", api_base=f"{url}/v4.0", api_token="token")
            with pytest.raises(error):
                await channel.call("25", "+79161234567", "cmd-1")
            await channel.close()


async def test_uis_tells_its_history() -> None:
    row = {"id": 7, "start_time": "2026-09-21 16:13:20", "finish_time": "2026-09-21 16:14:20", "direction": "in",
           "contact_phone_number": "79161234567", "virtual_phone_number": "74951234567", "talk_duration": 30,
           "last_answered_employee_id": 25, "call_records": ["r1"]}  # fmt: skip
    async with system(says({"result": {"data": [row]}})) as (url, _):
        channel = made("uis", api_base=f"{url}/v4.0", api_token="token")
        found = [one async for one in channel.history(NOW - MINUTE, NOW)]
        fact = the_fact(channel, found[0].envelope)
        assert (fact.call, fact.authority, fact.answered, fact.talk_seconds) == ("7", "history", True, 30)
        assert fact.recording is not None and fact.recording.ref.endswith("/7/r1")
        await channel.close()


async def test_a_mapping_places_calls_by_its_data_alone() -> None:
    async with system(says({"resultMessage": "ok", "session_id": "S1"})) as (url, asked):
        channel = made("generic", preset="rostelecom", api_base=url, login="client-1", secret="key")
        assert channel.can().call
        assert await channel.call("101", "+79161234567", "k") == "S1"
        _, path, _, body, headers = asked.last
        assert path == "/call_back"
        assert headers["X-Client-Sign"] == hashlib.sha256(b"client-1" + body + b"key").hexdigest()
        await channel.close()


@pytest.mark.parametrize("status", [401, 429, 500, 400])
async def test_a_refused_command_says_what_to_do(status: int) -> None:
    async with system(says({}, status)) as (url, _):
        channel = made("itoolabs", crm_token="s", api_base=url, api_token="key")
        with pytest.raises(SendFailed):
            await channel.call("101", "+79161234567", "k")
        await channel.close()


def test_xml_with_a_dtd_is_refused_and_read_nowhere() -> None:
    channel = made("generic", preset="beeline")
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><Event>&a;</Event>'
    assert channel.admit(Envelope(body=bomb, received_at=NOW)).keep, "kept: it may be what we have to learn"
    with pytest.raises(Exception, match="DTD"):
        channel.parse(Envelope(body=bomb, received_at=NOW))


def test_xml_becomes_a_tree_without_namespaces() -> None:
    body = b'<a:x xmlns:a="u" k="1"><y>2</y><y>3</y><z p="q">4</z></a:x>'
    told = read(Envelope(body=body, received_at=NOW))
    assert [find(told, path) for path in ("x.@k", "x.y.0", "x.y.1", "x.z.#text", "x.z.@p")] == [
        "1",
        "2",
        "3",
        "4",
        "q",
    ]


def test_every_shipped_mapping_can_be_used() -> None:
    for name in ("asterisk", "beeline", "contract", "freeswitch", "mts_autosecretary", "mts_exolve", "rostelecom",
                 "sipuni", "telphin", "twilio", "uis"):  # fmt: skip
        assert orjson.loads(shipped(name))["name"]


def test_freeswitch_appends_to_an_address_with_its_secret_in_the_path() -> None:
    channel = made("generic", preset="freeswitch")
    body = urlencode({"cdr": orjson.dumps({"variables": {"uuid": "u", "caller_id_number": "%2B79161234567",
                                                        "billsec": "0"}}).decode()}).encode()  # fmt: skip
    fact = the_fact(channel, Envelope(body=body, received_at=NOW, query={"uuid": "u"}))
    assert fact.client is not None
    assert (fact.client.value, fact.answered) == ("+79161234567", False)


async def test_mango_waits_for_its_report_and_reads_it() -> None:
    rows = (
        "[r1];1790000000;1790000060;1790000020;;79161234567;101;;1100;74951234567;abonent;E9\n"
        "[];1790000100;1790000120;0;;79161234567;;;1170;74951234567;ivr;E10\n"
    )

    def answer(request: web.Request) -> web.Response:
        return (
            web.json_response({"key": "k"}) if request.path.endswith("request") else web.Response(text=rows)
        )

    async with system(answer) as (url, asked):
        channel = made("mango", vpbx_api_key="k", vpbx_api_salt="s", api_base=f"{url}/vpbx")
        found = [one async for one in channel.history(NOW - MINUTE, NOW)]
        talked, missed = (the_fact(channel, one.envelope) for one in found)
        assert (talked.call, talked.answered, talked.talk_seconds, talked.member) == ("E9", True, 40, "101")
        assert talked.recording is not None and talked.recording.ref == "recording:r1"
        assert (missed.call, missed.answered, missed.direction, missed.recording) == (
            "E10",
            False,
            "in",
            None,
        )
        assert [path for _, path, *_ in asked.requests] == ["/vpbx/stats/request", "/vpbx/stats/result"]
        await channel.close()
