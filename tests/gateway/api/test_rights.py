"""Table 0.1 of the console's specification, held by the server: each role on each route."""

from __future__ import annotations

import asyncio
import re

import pytest

from gateway.api.layer import ROUTES
from tests.gateway.api.house import House, Person

ROLES = ("operator", "manager", "marketer", "head", "admin")
ANYBODY = set(ROLES)
TALK = {"operator", "manager", "head", "admin"}  # reads, at least their own
SEE_SOURCES = {"marketer", "head", "admin"}
CONNECT = {"marketer", "admin"}
LEADS = {"manager", "head", "admin"}
STAFF = {"head", "admin"}
GIVE = {"operator", "head", "admin"}

TABLE: dict[str, set[str]] = {
    "GET /session": ANYBODY, "DELETE /session": ANYBODY, "POST /session/again": ANYBODY, "PUT /setup": ANYBODY,
    "PATCH /me": ANYBODY, "POST /me/presence": ANYBODY, "GET /company": ANYBODY, "GET /checklist": ANYBODY,
    "GET /live": ANYBODY, "GET /members": ANYBODY, "GET /queues": ANYBODY, "GET /offers": ANYBODY,
    "GET /channels": ANYBODY, "GET /sources": ANYBODY, "GET /deals": ANYBODY, "GET /deals/{id}": ANYBODY,
    "GET /deals/{id}/decisions": ANYBODY, "GET /decisions/{id}": ANYBODY,
    "PUT /company": STAFF, "POST /members": STAFF, "PATCH /members/{id}": STAFF, "POST /members/{id}/link": STAFF,
    "POST /queues": STAFF, "PATCH /queues/{id}": STAFF,
    "POST /tokens": {"admin"}, "GET /tokens": {"admin"}, "DELETE /tokens/{id}": {"admin"},
    "GET /conversations": TALK, "GET /counters": TALK, "POST /conversations/next": TALK,
    "GET /conversations/{id}": TALK, "GET /conversations/{id}/messages": TALK,
    "POST /conversations/{id}/state": TALK, "POST /conversations/{id}/undo": TALK,
    "POST /conversations/{id}/assignee": TALK, "POST /conversations/{id}/nature": TALK,
    "PUT /conversations/{id}/read": TALK, "PUT /conversations/{id}/pin": TALK,
    "POST /conversations/{id}/claim": TALK, "DELETE /conversations/{id}/claim": TALK,
    "GET /calls/ringing": TALK, "POST /calls": TALK, "POST /calls/{id}/result": TALK,
    "GET /canned": TALK, "POST /canned": TALK, "PATCH /canned/{id}": TALK, "DELETE /canned/{id}": TALK,
    "POST /canned/{id}/restore": TALK, "POST /canned/{id}/used": TALK,
    "GET /views": TALK, "POST /views": TALK, "PATCH /views/{id}": TALK, "DELETE /views/{id}": TALK,
    "POST /views/{id}/restore": TALK,
    "POST /messages/{id}/split": TALK, "POST /conversations/{id}/join": TALK, "GET /conversations/{id}/joinable": TALK,
    "POST /conversations/{id}/undo-thread": TALK, "GET /messages/{id}/eml": TALK,
    "POST /messages/{id}/deal": TALK, "POST /conversations/{id}/undo-move": TALK,
    "POST /conversations/{id}/messages": TALK, "POST /conversations/{id}/notes": TALK,
    "GET /conversations/{id}/letter": TALK, "GET /sources/{id}/letter": TALK, "POST /letters": TALK,
    "POST /conversations/{id}/typing": TALK, "PATCH /messages/{id}": TALK, "GET /messages/{id}/versions": TALK,
    "PUT /messages/{id}/reaction": TALK, "DELETE /messages/{id}/reaction": TALK,
    "DELETE /messages/{id}": TALK, "POST /messages/{id}/retry": TALK, "POST /messages/{id}/resolve": TALK,
    "POST /messages/{id}/cancel": TALK, "GET /drafts/{id}/{mode}": TALK, "PUT /drafts/{id}/{mode}": TALK,
    "DELETE /drafts/{id}/{mode}": TALK, "GET /messages/{id}/decisions": TALK, "GET /messages/{id}/html": TALK,
    "GET /messages/{id}/raw": TALK, "GET /contacts/{id}": TALK, "PATCH /contacts/{id}": TALK,
    "PATCH /tasks/{id}": TALK, "GET /search": TALK, "POST /files": TALK, "GET /attachments/{id}": TALK,
    "GET /attachments/{id}/thumb": TALK, "POST /attachments/{id}/retry": TALK,
    "GET /offers/{id}": LEADS,
    "POST /offers/{id}/accept": LEADS, "POST /offers/{id}/decline": LEADS, "POST /offers/{id}/extend": LEADS,
    "POST /deals/{id}/take": LEADS,
    "POST /routing/dry-run": SEE_SOURCES, "GET /sources/{id}": SEE_SOURCES, "GET /sources/{id}/test": SEE_SOURCES,
    "GET /sources/{id}/gaps": SEE_SOURCES, "GET /sources/{id}/link": SEE_SOURCES,
    "POST /sources": CONNECT, "PATCH /sources/{id}": CONNECT, "DELETE /sources/{id}": CONNECT,
    "POST /sources/{id}/check": CONNECT, "POST /sources/{id}/connect": CONNECT, "POST /sources/{id}/pause": CONNECT,
    "POST /sources/{id}/resume": CONNECT, "POST /sources/{id}/test": CONNECT, "DELETE /sources/{id}/test": CONNECT,
    "GET /sources/{id}/envelopes": SEE_SOURCES, "GET /envelopes/{id}": SEE_SOURCES,
    "GET /envelopes/{id}/raw": SEE_SOURCES, "POST /envelopes/{id}/replay": SEE_SOURCES,
    "POST /sources/{id}/replay": SEE_SOURCES, "GET /certificates": SEE_SOURCES, "GET /certificates/{id}": SEE_SOURCES,
    "POST /certificates": SEE_SOURCES,
    "GET /sources/{id}/design": SEE_SOURCES, "GET /sources/{id}/design/preview": SEE_SOURCES,
    "PUT /sources/{id}/design/draft": CONNECT, "DELETE /sources/{id}/design/draft": CONNECT,
    "POST /sources/{id}/design/publish": CONNECT, "POST /sources/{id}/design/restore": CONNECT,
    "GET /sources/{id}/samples": SEE_SOURCES, "GET /sources/{id}/samples/{envelope}": SEE_SOURCES,
    "POST /sources/{id}/lessons/preview": CONNECT, "POST /sources/{id}/learning": CONNECT, "GET /reports/calls": STAFF,
    "GET /sources/{id}/quarantine": SEE_SOURCES, "POST /sources/{id}/quarantine/release": SEE_SOURCES,
    "POST /messages/{id}/release": TALK,
    "GET /pipelines": ANYBODY, "POST /pipelines": STAFF, "PATCH /pipelines/{id}": STAFF,
    "POST /pipelines/{id}/stages": STAFF, "PATCH /stages/{id}": STAFF, "GET /pipelines/{id}/board": ANYBODY,
    "GET /pipelines/{id}/cards": ANYBODY, "POST /deals": LEADS, "PATCH /deals/{id}": LEADS, "POST /deals/{id}/stage": LEADS,
    "POST /deals/{id}/owner": GIVE, "GET /deals/{id}/tasks": ANYBODY, "GET /tasks": TALK, "POST /tasks": TALK,
    "PUT /tasks/{id}": TALK, "POST /tasks/{id}/done": TALK, "POST /deals/{id}/approval": LEADS,
    "GET /deals/{id}/automations": ANYBODY, "POST /deals/{id}/managers": GIVE, "GET /now": STAFF,
    "GET /notices": ANYBODY, "POST /notices/read": ANYBODY, "POST /contacts/{id}/block": TALK,
    "GET /contacts": TALK, "GET /contacts-file": STAFF, "GET /imports": STAFF, "POST /imports": STAFF,
    "GET /imports/{id}": STAFF, "PUT /imports/{id}/mapping": STAFF, "POST /imports/{id}/run": STAFF,
    "POST /imports/{id}/undo": STAFF, "DELETE /imports/{id}": STAFF, "GET /imports/{id}/refused": STAFF,
    "GET /companies": GIVE, "POST /companies": TALK, "GET /companies/{id}": GIVE, "PATCH /companies/{id}": TALK,
    "PUT /contacts/{id}/companies/{company}": TALK, "DELETE /contacts/{id}/companies/{company}": TALK,
    "GET /contacts/{id}/companies": TALK, "GET /contacts/{id}/consents": TALK, "GET /contacts/{id}/consents.csv": TALK,
    "POST /channels/{name}/suggest": CONNECT, "POST /sources/{id}/addresses": CONNECT,
    "GET /conversations/{id}/stickers": TALK,
    "POST /conversations/{id}/scheduled": TALK, "GET /conversations/{id}/scheduled": TALK, "PATCH /scheduled/{id}": TALK,
    "POST /scheduled/{id}/send": TALK, "DELETE /scheduled/{id}": TALK, "POST /scheduled/{id}/restore": TALK,
    "GET /me/ways": ANYBODY, "POST /me/ways": ANYBODY, "DELETE /me/ways/{id}": ANYBODY,
    "GET /me/devices": ANYBODY, "POST /me/devices": ANYBODY, "POST /me/devices/{id}/try": ANYBODY,
    "DELETE /me/devices/{id}": ANYBODY,
    "GET /company/days": ANYBODY, "PUT /company/days": STAFF, "GET /approvals": GIVE, "POST /approvals/{id}": STAFF,
    "GET /setup-file": {"admin"}, "POST /setup-file": {"admin"},
    "GET /routing": SEE_SOURCES, "PUT /routing/draft": STAFF, "DELETE /routing/draft": STAFF, "POST /routing/publish": STAFF,
    "POST /routing/rollback": STAFF, "POST /routing/check": SEE_SOURCES, "GET /routing/compare": SEE_SOURCES,
    "GET /routing/leads": SEE_SOURCES, "GET /routing/versions/{version}": SEE_SOURCES,
    "GET /schedules": ANYBODY, "PATCH /schedules": STAFF, "GET /members/{id}/ways": STAFF,
    "GET /ledger": ANYBODY, "GET /members/{id}/schedule": ANYBODY, "PUT /members/{id}/schedule": STAFF,
    "GET /members/{id}/handover": STAFF, "POST /members/{id}/handover": STAFF, "DELETE /handovers/{id}": STAFF,
    "POST /members/{id}/deactivate": STAFF, "PUT /members/{id}/gate": STAFF, "GET /teams": ANYBODY,
    "GET /roles": STAFF, "POST /roles": {"admin"}, "PUT /roles/{id}": {"admin"}, "DELETE /roles/{id}": {"admin"},
    "POST /teams": STAFF, "POST /teams/{id}/restore": STAFF, "PUT /teams/{id}": STAFF, "DELETE /teams/{id}": STAFF,
    "GET /doubts": GIVE, "GET /contacts/{id}/doubts": TALK, "POST /doubts/{id}": TALK, "POST /doubts/{id}/undo": TALK,
    "GET /merge-proposals": GIVE, "POST /merge-proposals/different": TALK, "POST /merge-proposals/maybe": TALK,
    "GET /contacts/{id}/proposals": TALK, "GET /contacts/{id}/conversations": TALK, "POST /contacts/{id}/merge": TALK,
    "GET /contacts/{id}/merges": TALK, "POST /merges/{id}/undo": GIVE, "GET /contacts/{id}/fields": TALK,
    "PUT /contacts/{id}/fields": TALK,
    "POST /acts/{id}/undo": ANYBODY, "GET /conversations/{id}/questions": TALK, "POST /conversations/{id}/questions": TALK,
    "POST /deals/{id}/outcome": TALK, "GET /mismatches": GIVE, "GET /contacts/{id}/mismatch": TALK,
    "PUT /contacts/{id}/responsible": GIVE, "POST /contacts/{id}/mismatch": GIVE, "GET /contacts/{id}/count": TALK,
    "GET /deals/{id}/page": ANYBODY, "POST /deals/{id}/attempts": TALK,
    "GET /deals/{id}/history": ANYBODY, "GET /contacts/{id}/history": TALK,
    "GET /sources/{id}/attachment": SEE_SOURCES, "PUT /sources/{id}/attachment": CONNECT,
    "GET /sources/{id}/lent": SEE_SOURCES, "PUT /sources/{id}/lent": CONNECT,
    "POST /deals/{id}/links": TALK, "DELETE /deals/{id}/links": TALK,
    "GET /sources/{id}/bindings": SEE_SOURCES, "PUT /sources/{id}/bindings": CONNECT,
}  # fmt: skip
DEMO = {"operator", "admin"}
TABLE |= {"GET /demo": ANYBODY} | dict.fromkeys(
    ("POST /demo", "DELETE /demo", "POST /demo/act", "POST /demo/fault", "POST /demo/clock"), DEMO
)
PUBLIC = {"GET /start", "POST /session", "POST /enter"}


def _path(path: str) -> str:
    return re.sub(r"\{\w+\}", "404404", path.replace("{mode}", "reply"))


def test_every_route_stands_in_the_table() -> None:
    from gateway.api import handlers

    handlers.load()
    known = {f"{route.method} {route.path}" for route in ROUTES}
    assert known == TABLE.keys() | PUBLIC
    assert {f"{route.method} {route.path}" for route in ROUTES if route.public} == PUBLIC


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_may_what_the_table_says(house: House, role: str) -> None:
    person = await house.person(role)
    lines = [line for line in TABLE if line != "DELETE /session"]
    # At once: whoever asks for a source that is not there waits until the list of sources is read anew.
    forbidden = await asyncio.gather(*(_is_forbidden(person, line) for line in lines))
    wrong = [line for line, refused in zip(lines, forbidden, strict=True) if refused == (role in TABLE[line])]
    assert wrong == []


async def _is_forbidden(person: Person, line: str) -> bool:
    method, path = line.split(" ")
    # An unknown field is found only after the permission, so nothing is changed by those who have it.
    body = {"no such field": 1} if method in ("POST", "PUT", "PATCH") else None
    answer = await person.call(method, _path(path), body)
    return answer.status == 403 and answer.json["params"].get("permission") is not None


async def test_nobody_at_all_may_anything(house: House) -> None:
    nobody = await house.person()
    for line in TABLE:
        method, path = line.split(" ")
        body: dict[str, str] | None = {} if method in ("POST", "PUT", "PATCH") else None
        answer = await nobody.call(method, _path(path), body)
        assert (answer.status, answer.code) == (401, "signed_out"), line


# --- one's own ---------------------------------------------------------------------------------------------------


async def owned(house: House, manager: Person, chat: str = "anna") -> str:
    """A conversation whose lead this manager took."""
    conversation_id = await house.hears(chat, "I want a table")
    row = await house.admin.get(f"/conversations/{conversation_id}")
    await house.gateway.database.write(_give, row["row"]["deal"]["id"], manager.id)
    return conversation_id


def _give(tx: object, deal_id: str, member_id: str) -> None:
    from sqlalchemy import text

    from storage.transaction import Transaction

    assert isinstance(tx, Transaction)
    tx.connection.execute(
        text("UPDATE deal SET owner_id = :me, waiting = '' WHERE id = :id"), {"me": member_id, "id": deal_id}
    )
    tx.changed("deal", deal_id)


async def test_a_manager_sees_their_own_and_nothing_else(house: House) -> None:
    ivan, petr = await house.person("manager", name="Ivan"), await house.person("manager", name="Petr")
    mine, theirs = await owned(house, ivan, "anna"), await owned(house, petr, "boris")
    page = await ivan.get("/conversations?view=all&order=newest")
    assert [row["id"] for row in page["rows"]] == [mine]
    there = await petr.get(f"/conversations/{theirs}")
    message = (await petr.get(f"/conversations/{theirs}/messages"))["items"][0]
    deal, contact = there["row"]["deal"]["id"], there["contact"]["id"]
    mine_row = await ivan.get(f"/conversations/{mine}")
    own_message = (await ivan.get(f"/conversations/{mine}/messages"))["items"][0]
    for method, path, body in (
        ("GET", f"/conversations/{theirs}", None), ("GET", f"/conversations/{theirs}/messages", None),
        ("GET", f"/messages/{message['id']}/raw", None), ("GET", f"/messages/{message['id']}/decisions", None),
        ("GET", f"/contacts/{contact}", None), ("PATCH", f"/contacts/{contact}", {"name": "x"}),
        ("GET", f"/deals/{deal}", None), ("GET", f"/deals/{deal}/decisions", None),
        ("GET", f"/deals?contact={contact}", None),
        ("POST", f"/conversations/{theirs}/claim", None), ("PUT", f"/drafts/{theirs}/reply", {"text": "x"}),
        ("POST", f"/conversations/{theirs}/state", {"state": "closed"}),
        ("POST", f"/conversations/{theirs}/assignee", {"member_id": ivan.id}),
        ("PUT", f"/conversations/{mine}/pin", {"deal_id": deal}),
        ("POST", f"/messages/{own_message['id']}/deal", {"deal_id": deal, "scope": "one"}),
        ("POST", f"/messages/{message['id']}/deal", {"deal_id": mine_row["row"]["deal"]["id"], "scope": "one"}),
    ):  # fmt: skip
        answer = await ivan.call(method, path, body)
        assert (answer.status, answer.code) == (404, "not_found"), path
    assert (await ivan.get(f"/deals?q={there['row']['deal']['number']}"))["items"] == []
    assert (await ivan.get("/search?q=boris"))["items"] == []
    assert len((await ivan.get("/search?q=anna"))["items"]) > 0


async def test_a_manager_sees_whom_they_are_offered(house: House) -> None:
    conversation_id = await house.hears("anna")
    manager = await house.person("manager")
    assert (await manager.call("GET", f"/conversations/{conversation_id}")).status == 404
    row = await house.admin.get(f"/conversations/{conversation_id}")

    def offer(tx: object) -> None:
        from storage.leads import add_offers
        from storage.transaction import Transaction

        assert isinstance(tx, Transaction)
        made = ("offer-1", row["row"]["deal"]["id"], manager.id, 7, 0, "open", tx.now, tx.now + 10**8, None)
        add_offers(tx, [made])

    await house.gateway.database.write(offer)
    assert (await manager.get(f"/conversations/{conversation_id}"))["row"]["id"] == conversation_id


async def test_a_marketer_sees_leads_and_sources_but_no_words(house: House) -> None:
    conversation_id = await house.hears("anna", "my secret wish")
    marketer = await house.person("marketer")
    deals = await marketer.get("/deals")
    assert len(deals["items"]) == 1
    deal_id = deals["items"][0]["id"]
    sources = await marketer.get("/sources")
    envelope = (await marketer.get(f"/sources/{house.source_id}/envelopes?state=opened"))["items"][0]
    raw = await marketer.get(f"/envelopes/{envelope['id']}/raw")
    everything = [deals, sources, raw, envelope, await marketer.get(f"/deals/{deal_id}/decisions")]
    assert "secret wish" not in str(everything)
    assert raw["truncated"] is True
    assert "secret wish" in (await house.admin.get(f"/envelopes/{envelope['id']}/raw"))["body"]
    for path in (f"/conversations/{conversation_id}", "/search?q=secret", "/counters"):
        assert (await marketer.call("GET", path)).status == 403


async def test_sources_secrets_are_shown_to_nobody(house: House) -> None:
    from tests.gateway.api.paper import SECRET

    await house.hears("anna", f"I know it: {SECRET}")
    seen = [await house.admin.get("/sources"), await house.admin.get(f"/sources/{house.source_id}")]
    envelope = (await house.admin.get(f"/sources/{house.source_id}/envelopes?state=opened"))["items"][0]
    seen.append(await house.admin.get(f"/envelopes/{envelope['id']}/raw"))
    assert SECRET not in str(seen)
    assert seen[1]["secrets"] == ["token"]


async def test_those_without_the_right_see_sources_by_name_only(house: House) -> None:
    await house.connect()
    operator = await house.person("operator")
    found = (await operator.get("/sources"))["items"]
    assert [one["name"] for one in found] == ["Paper"]
    assert found[0]["hook_url"] == ""
    assert found[0]["settings"] == {}


async def test_only_who_shares_the_queue_takes_a_waiting_lead(house: House) -> None:
    conversation_id = await house.hears("anna")
    deal = (await house.admin.get(f"/conversations/{conversation_id}"))["row"]["deal"]
    manager = await house.person("manager")
    assert (await manager.call("POST", f"/deals/{deal['id']}/take")).status == 404
    queue = (await house.admin.get("/queues"))["items"][0]
    people = [*(one["id"] for one in queue["members"]), manager.id]
    await house.admin.patch(f"/queues/{queue['id']}", {"members": people})
    taken = await manager.post(f"/deals/{deal['id']}/take")
    assert taken["owner"]["id"] == manager.id
    assert (await house.admin.call("POST", f"/deals/{deal['id']}/take")).code == "taken"
