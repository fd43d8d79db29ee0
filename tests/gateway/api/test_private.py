"""A person's own account is lent, not their private life: who and when is seen, what is not, until they say «a client»."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.clock import new_id
from gateway.retention import forget_private
from tests.gateway.api.house import House, Person
from tests.gateway.town import until


async def lent(house: House, chat: str = "anna", text: str = "hello", **more: Any) -> str:
    """A conversation on a lent account of which nobody knows yet whether it is private."""
    await house.connect() if not house.source_id else None
    if not await house.rows("SELECT 1 FROM connection"):
        await house.hook_says({"id": "lend", "chat": "owner", "lends": "their account", "at": 1})
        await house.settled()
    return await house.hears(chat, text, connection="their account", **more)


async def words(house: House, ref: str) -> list[str]:
    items = (await house.admin.get(f"/conversations/{ref}/messages"))["items"]
    return [item["text"] for item in items if item["kind"] == "text"]


async def test_until_somebody_says_so_only_who_and_when_is_seen(house: House) -> None:
    ref = await lent(house)
    rows = (await house.admin.get("/conversations?view=personal"))["rows"]
    assert [(row["id"], row["last"]["text"]) for row in rows] == [(ref, "")]
    assert (await house.admin.get("/conversations?view=all"))["rows"] == []
    assert await words(house, ref) == [""]


async def test_a_client_after_all_is_read_and_waits_for_an_answer(house: House) -> None:
    ref = await lent(house)
    changed = await house.admin.post(f"/conversations/{ref}/nature", {"nature": "client"})
    assert (changed["row"]["nature"], changed["row"]["unanswered"]) == ("client", True)
    assert await words(house, ref) != [""]


async def test_what_is_private_is_erased_for_good(house: House) -> None:
    ref = await lent(house)
    await house.admin.post(f"/conversations/{ref}/nature", {"nature": "personal"})
    assert await words(house, ref) == [""]
    kept = await house.rows("SELECT text, stems, content FROM message WHERE conversation_id = :id", id=ref)
    assert [(row.text, row.stems, row.content) for row in kept] == [("", "", "{}")]
    bodies = await house.rows(
        "SELECT e.body, e.erased_by FROM envelope e JOIN message m ON m.envelope_id = e.id"
        " WHERE m.conversation_id = :id",
        id=ref,
    )
    assert bodies and all(row.body is None and row.erased_by is not None for row in bodies)
    assert (await house.admin.get("/conversations?view=personal"))["rows"] == []


async def test_what_is_said_after_it_was_called_private_is_not_kept_anywhere(house: House) -> None:
    ref = await lent(house)
    await house.admin.post(f"/conversations/{ref}/nature", {"nature": "personal"})
    await house.hears(
        "anna", "the secret cake", connection="their account", id="later", files=["cake"], quote="secret"
    )
    await house.hook_says(
        {
            "id": "changed",
            "chat": "anna",
            "about": "later",
            "becomes": "the secret pie",
            "at": house.gateway.now(),
        }
    )
    await house.settled()
    await forget_private(house.gateway)
    everything = await house.rows(
        "SELECT text, stems, content FROM message WHERE conversation_id = :id", id=ref
    )
    assert {(row.text, row.stems, row.content) for row in everything} == {("", "", "{}")}
    assert (
        await house.rows("SELECT 1 FROM attachment")
        == await house.rows("SELECT 1 FROM message_version")
        == []
    )
    left = await house.rows("SELECT body FROM envelope WHERE body IS NOT NULL")
    assert not [row for row in left if b"secret" in row.body]
    assert (await house.rows("SELECT last_text FROM conversation"))[0].last_text == ""
    assert await house.rows("SELECT 1 FROM unwanted") == []


async def test_an_owner_who_errs_can_call_it_a_clients_again_and_words_are_kept_from_then_on(
    house: House,
) -> None:
    ref = await lent(house)
    await house.admin.post(f"/conversations/{ref}/nature", {"nature": "personal"})
    await house.admin.post(f"/conversations/{ref}/nature", {"nature": "client"})
    await house.hears("anna", "an order", connection="their account")
    assert (await words(house, ref))[-1] == "an order"


async def test_nobody_finds_words_that_nobody_may_read_until_it_is_a_client(house: House) -> None:
    ref = await lent(house, text="a bicycle for my daughter", files=["photo"])
    for tab in ("all", "conversations", "messages", "files"):
        found = await house.admin.get(f"/search?q=bicycle&tab={tab}")
        assert (found["items"], found["hidden"]) == ([], 0)
    item = (await house.admin.get(f"/conversations/{ref}/messages"))["items"][-1]
    assert (item["attachments"], item["has_raw"]) == ([], False)
    assert (await house.admin.get(f"/messages/{item['id']}/versions")) == {"items": []}
    files = await house.rows("SELECT id, state, next_at FROM attachment")
    assert [(row.state, row.next_at) for row in files] == [("fetch", None)]
    assert (await house.admin.call("GET", f"/attachments/{files[0].id}")).status == 404
    await house.admin.post(f"/conversations/{ref}/nature", {"nature": "client"})
    assert [hit["kind"] for hit in (await house.admin.get("/search?q=bicycle"))["items"]] == ["message"]

    async def fetched() -> bool:
        return [row.state for row in await house.rows("SELECT state FROM attachment")] == ["ready"]

    await until(fetched)


async def test_the_chats_of_an_account_are_for_its_owners_eyes(house: House) -> None:
    ref = await lent(house)
    owner, colleague = await house.person("manager"), await house.person("operator")
    for person, sees in ((house.admin, True), (owner, False), (colleague, False)):
        await _sees(person, ref, sees)  # nobody said whose it is: those who connect sources look after it
    accounts = await house.admin.put(
        f"/sources/{house.source_id}/lent", {"key": "their account", "member_id": owner.id}
    )
    assert [(one["name"], one["member"]["id"]) for one in accounts["items"]] == [("owner", owner.id)]
    for person, sees in ((house.admin, False), (owner, True), (colleague, False)):
        await _sees(person, ref, sees)
    other = await lent(house, "boris")
    await _sees(owner, other, True)
    await _sees(house.admin, other, False)
    await owner.post(f"/conversations/{ref}/nature", {"nature": "client"})
    for person in (house.admin, owner, colleague):
        assert [row["id"] for row in (await person.get("/conversations?view=all"))["rows"]] == [ref]


async def test_a_live_line_tells_of_private_talk_to_its_owner_alone(house: House) -> None:
    await lent(house)
    owner = await house.person("manager")
    await house.admin.put(f"/sources/{house.source_id}/lent", {"key": "their account", "member_id": owner.id})
    async with owner.live() as theirs, house.admin.live() as others:
        ref = await lent(house, "boris", "a secret")
        await theirs.next("conversation.upsert", ref)
        await house.hears("vera", "hello")
        await others.next("message.upsert")
        told = [
            frame for frame in others.heard if ref in str(frame) and frame["type"] != "conversation.remove"
        ]
        assert told == []


async def test_who_looks_at_it_sees_the_words_as_soon_as_it_is_a_client(house: House) -> None:
    ref = await lent(house)
    async with house.admin.live() as line:
        await house.admin.post(f"/conversations/{ref}/nature", {"nature": "client"})
        while (await line.next("message.upsert"))["patch"]["text"] != "hello":
            """What was told before it was a client's comes first."""


async def test_an_account_that_is_not_there_has_no_owner(house: House) -> None:
    await house.connect()
    for body in ({"key": "none", "member_id": None}, {"key": "their account", "member_id": "nobody"}):
        refused = await house.admin.call("PUT", f"/sources/{house.source_id}/lent", body)
        assert (refused.status, refused.code) == (404, "not_found")


async def _sees(person: Person, ref: str, sees: bool) -> None:
    rows = (await person.get("/conversations?view=personal"))["rows"]
    assert (ref in [row["id"] for row in rows]) is sees
    assert (await person.call("GET", f"/conversations/{ref}")).status == (200 if sees else 404)
    hits = (await person.get("/search?q=anna"))["items"]
    assert bool(hits) is sees


async def test_a_label_becomes_a_link_and_an_odd_one_is_refused(house: House) -> None:
    await house.hears()
    found = await house.admin.get(f"/sources/{house.source_id}/link?label=spring_26")
    assert set(found) == {"url"}
    refused = await house.admin.call("GET", f"/sources/{house.source_id}/link?label=%3Cb%3E")
    assert (refused.status, refused.code) == (422, "bad_request")


async def test_a_lent_accounts_window_is_the_networks_own_and_nobody_oversteps_it(house: House) -> None:
    ref = await lent(house)
    await house.admin.post(f"/conversations/{ref}/nature", {"nature": "client"})
    window = (await house.admin.get(f"/conversations/{ref}"))["row"]["window"]
    assert (window["fixed"], window["state"]) == (True, "open")
    other = await house.hears("vera", "to the source itself")
    assert (await house.admin.get(f"/conversations/{other}"))["row"]["window"]["fixed"] is False
    late = await lent(house, "boris", ago=25 * 3_600_000_000)
    await house.admin.post(f"/conversations/{late}/nature", {"nature": "client"})
    said: dict[str, Any] = {
        "id": new_id(),
        "text": "hello",
        "file_ids": [],
        "reply_to": None,
        "last_seen": None,
        "anyway": True,
    }
    path = f"/conversations/{late}/messages"
    for more in ({}, {"override_reason": "I really want to"}):
        refused = await house.admin.call("POST", path, {**said, **more})
        assert (refused.status, refused.code) == (409, "window_closed")


@pytest.mark.parametrize("change", [{"active": False}, {"can_reply": False}])
async def test_an_account_taken_back_is_said_before_anybody_writes(
    house: House, change: dict[str, bool]
) -> None:
    ref = await lent(house)
    await house.admin.post(f"/conversations/{ref}/nature", {"nature": "client"})
    await house.hook_says({"id": "change", "chat": "owner", "lends": "their account", "at": 2, **change})
    await house.settled()
    window = (await house.admin.get(f"/conversations/{ref}"))["row"]["window"]
    assert (window["state"], window["may_override"]) == ("no_permission", False)
    body: dict[str, Any] = {
        "id": new_id(),
        "text": "hello",
        "file_ids": [],
        "reply_to": None,
        "last_seen": None,
        "anyway": True,
    }
    refused = await house.admin.call("POST", f"/conversations/{ref}/messages", body)
    assert refused.code == "no_permission"
