"""Merging and un-merging are exact inverses, and what was said meanwhile goes to whose address it came from."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from storage import likeness
from storage.transaction import Transaction
from tests.gateway.api.house import House
from tests.gateway.api.test_attaching import contact_of, deal_of, messages

WHOLE = {
    "contact": "id, name, name_from, responsible_id, fields, merged_into", "deal_party": "deal_id, contact_id, role, main",
    "contact_identity": "contact_id, identity_id, origin, verified, name, created_at", "touch": "id, contact_id, deal_id",
    "conversation": "id, contact_id, deal_id, pinned_deal_id, assignee_id", "message": "id, contact_id, deal_id",
    "task": "id, contact_id, owner_id, done_at",
    "deal": "id, contact_id, owner_id, stage_kind, open, merged_into",
    "contact_company": "contact_id, company_id, role",
}  # fmt: skip


async def picture(house: House) -> dict[str, list[Any]]:
    """Everything that a merge may touch."""
    found = {}
    for table, columns in WHOLE.items():
        rows = await house.rows(f"SELECT {columns} FROM {table} ORDER BY {columns.split(', ')[0]}, 2")
        found[table] = [tuple(row) for row in rows]
    return found


async def share(house: House, *contacts: str) -> None:
    """Give the contacts one telephone, typed by each."""

    def work(tx: Transaction) -> None:
        tx.connection.execute(
            text(
                "INSERT INTO identity (id, kind, value, created_at) VALUES ('i', 'phone', '+79160001122', 1)"
            )
        )
        for ref in contacts:
            tx.connection.execute(
                text("INSERT INTO contact_identity (contact_id, identity_id, origin, verified, created_at)"
                     " VALUES (:ref, 'i', 'stated', 0, 1)"),
                {"ref": ref},
            )  # fmt: skip
        likeness.note(tx, [(ref, "i") for ref in contacts])

    await house.gateway.database.write(work)


async def test_two_cards_with_one_telephone_are_proposed_until_they_are_called_different(
    house: House,
) -> None:
    anna = await contact_of(house, await house.hears("anna", "A table"))
    boris = await contact_of(house, await house.hears("boris", "A chair"))
    await share(house, anna, boris)
    found = (await house.admin.get("/merge-proposals"))["items"]
    assert [({one["a"]["id"], one["b"]["id"]}, one["kind"], one["value"]) for one in found] == [
        ({anna, boris}, "phone", "+79160001122")
    ]
    said = await house.admin.post("/merge-proposals/different", {"a": boris, "b": anna})
    assert (await house.admin.get("/merge-proposals"))["items"] == []
    assert (await house.admin.get(f"/contacts/{anna}/proposals"))["items"] == []
    await house.admin.post(said["undo"]["path"].removeprefix("/api/v1"), said["undo"]["body"])
    assert len((await house.admin.get("/merge-proposals"))["items"]) == 1


async def test_an_address_that_one_tells_and_another_has_is_a_visible_conflict_of_both(house: House) -> None:
    """Nobody's words go to the other, and both cards say that there is a doubt, until somebody says what is true."""
    phone = ["phone", "+79160001122"]
    anna = await contact_of(house, await house.hears("anna", "A table", name="Anna", also=[phone]))
    boris = await contact_of(house, await house.hears("boris", "A chair", name="Boris"))
    await house.hears("boris", "My number", name="Boris", also=[phone])
    assert boris != anna
    for ref in (anna, boris):
        (one,) = (await house.admin.get(f"/contacts/{ref}/proposals"))["items"]
        assert ({one["a"]["id"], one["b"]["id"]}, one["value"]) == ({anna, boris}, phone[1])
        assert sorted(one["origins"]) == ["network", "told"]
    await house.hears("boris", "And a lamp", name="Boris", also=[phone])
    assert len((await house.admin.get("/merge-proposals"))["items"]) == 1
    third = await contact_of(house, await house.hears("vera", "A bed", name="Vera"))
    await house.hears("vera", "My number", name="Vera", also=[phone])
    assert len((await house.admin.get("/merge-proposals"))["items"]) == 2
    await house.admin.post(f"/contacts/{boris}/merge", {"gone_id": anna, "chosen": {}})
    (one,) = (await house.admin.get("/merge-proposals"))["items"]
    assert {one["a"]["id"], one["b"]["id"]} == {boris, third}, "who was like the one is like the whole card"


async def test_a_form_with_the_telephone_of_one_and_the_mail_of_another_is_a_conflict(house: House) -> None:
    phone, mail = ["phone", "+79160001122"], ["email", "vera@example.ru"]
    await house.hears("anna", "A table", name="Anna", also=[phone])
    await house.hears("vera", "A bed", name="Vera", also=[mail])
    await house.hears("form-1", "Call me", name="Somebody", also=[phone, mail], stated=True)
    found = (await house.admin.get("/merge-proposals"))["items"]
    assert found
    assert {"Anna", "Vera"} <= {one[side]["name"] for one in found for side in ("a", "b")}


async def test_who_sees_only_their_own_learns_of_a_doubt_but_not_about_whom(house: House) -> None:
    phone = ["phone", "+79160001122"]
    first = await house.hears("anna", "A table", name="Anna", also=[phone])
    await house.hears("boris", "A chair", name="Boris")
    await house.hears("boris", "My number", name="Boris", also=[phone])
    ivan = await house.person("manager")
    await house.admin.post(f"/conversations/{first}/assignee", {"member_id": ivan.id})
    told = await ivan.get(f"/contacts/{await contact_of(house, first)}/proposals")
    assert (told["items"], told["hidden"]) == ([], 1)


async def test_a_merge_and_its_undoing_leave_everything_as_it_was(house: House) -> None:
    first, second = await house.hears("anna", "A table"), await house.hears("boris", "A chair")
    anna, boris = await contact_of(house, first), await contact_of(house, second)
    await share(house, anna, boris)
    await house.admin.put(f"/contacts/{boris}/fields", {"values": {"segment": "retail", "tags": ["new"]}})
    await house.admin.put(f"/contacts/{boris}/responsible", {"member_id": house.admin.id})
    before = await picture(house)
    merged = await house.admin.post(f"/contacts/{anna}/merge", {"gone_id": boris, "chosen": {"name": "gone"}})
    assert merged["contact"]["name"] == "boris"
    assert merged["contact"]["responsible"]["id"] == house.admin.id
    assert len(merged["contact"]["identities"]) == 3
    assert (await house.admin.get(f"/contacts/{anna}/fields"))["fields"]["segment"] == "retail"
    assert await contact_of(house, second) == anna
    assert await deal_of(house, second) == await deal_of(house, first), "two unqualified leads become one"
    twice = await house.admin.call("POST", f"/contacts/{anna}/merge", {"gone_id": boris})
    assert (twice.status, twice.code) == (409, "not_now")
    assert [one["gone"]["id"] for one in (await house.admin.get(f"/contacts/{anna}/merges"))["items"]] == [
        boris
    ]
    assert (await house.admin.call("POST", f"/merges/{merged['merge_id']}/undo")).status == 204
    assert await picture(house) == before
    again = await house.admin.call("POST", f"/merges/{merged['merge_id']}/undo")
    assert again.code == "not_now"


async def test_companies_come_along_and_go_back_and_what_was_changed_meanwhile_stays(house: House) -> None:
    anna = await contact_of(house, await house.hears("anna", "A table"))
    boris = await contact_of(house, await house.hears("boris", "A chair"))
    made = [(await house.admin.post("/companies", {"name": name}))["id"] for name in ("both", "his", "left")]
    await house.admin.put(f"/contacts/{anna}/companies/{made[0]}", {"role": "buyer"})
    for company in made:
        await house.admin.put(f"/contacts/{boris}/companies/{company}", {"role": "boss"})
    before = await picture(house)
    for leaves in (False, True):
        merged = await house.admin.post(f"/contacts/{anna}/merge", {"gone_id": boris})
        roles = {
            one["id"]: one["role"] for one in (await house.admin.get(f"/contacts/{anna}/companies"))["items"]
        }
        assert roles == {made[0]: "buyer", made[1]: "boss", made[2]: "boss"}
        if leaves:
            await house.admin.call("DELETE", f"/contacts/{anna}/companies/{made[2]}")
            await house.admin.put(f"/contacts/{anna}/companies/{made[1]}", {"role": "owner"})
        assert (await house.admin.call("POST", f"/merges/{merged['merge_id']}/undo")).status == 204
        if not leaves:
            assert await picture(house) == before
    left = {
        one["id"]: one["role"] for one in (await house.admin.get(f"/contacts/{boris}/companies"))["items"]
    }
    assert left == {made[0]: "boss", made[1]: "owner"}


async def test_a_card_is_not_merged_with_itself(house: House) -> None:
    anna = await contact_of(house, await house.hears("anna", "A table"))
    answer = await house.admin.call("POST", f"/contacts/{anna}/merge", {"gone_id": anna})
    assert (answer.status, answer.json["params"]["field"]) == (422, "gone_id")


STEPS = st.lists(st.tuples(st.sampled_from(["a", "b", "new", "change"]), st.integers(0, 3)), max_size=8)


@pytest.mark.timeout(300)
async def test_what_is_said_while_merged_goes_to_whose_address_it_is(house: House) -> None:
    await _try(house, examples=4)


@pytest.mark.full
@pytest.mark.timeout(3000)
async def test_what_is_said_while_merged_goes_to_whose_address_it_is_at_length(house: House) -> None:
    await _try(house, examples=200)


async def _try(house: House, examples: int) -> None:
    loop, numbers = asyncio.get_running_loop(), iter(range(1_000_000))

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(before=STEPS, while_one=STEPS)
    def each(before: list[tuple[str, int]], while_one: list[tuple[str, int]]) -> None:
        walk = _walk(house, next(numbers), before, while_one)
        asyncio.run_coroutine_threadsafe(walk, loop).result()

    await asyncio.to_thread(each)


async def _walk(
    house: House, number: int, before: list[tuple[str, int]], while_one: list[tuple[str, int]]
) -> None:
    chats = {"a": f"a{number}", "b": f"b{number}"}
    talks = {name: await house.hears(chat, "hello") for name, chat in chats.items()}
    owners = {name: await contact_of(house, ref) for name, ref in talks.items()}
    await _do(house, chats, talks, before)
    untouched = await picture(house)
    merged = await house.admin.post(f"/contacts/{owners['a']}/merge", {"gone_id": owners["b"]})
    await _do(house, chats, talks, while_one)
    undone = await house.admin.call("POST", f"/merges/{merged['merge_id']}/undo")
    assert undone.status == 204
    if not while_one:
        assert await picture(house) == untouched
    for name, ref in talks.items():
        assert await contact_of(house, ref) == owners[name]
        said = await house.rows("SELECT contact_id, deal_id FROM message WHERE conversation_id = :id", id=ref)
        assert {row.contact_id for row in said} == {owners[name]}
        for row in said:
            parties = await house.rows(
                "SELECT contact_id FROM deal_party WHERE deal_id = :id", id=row.deal_id
            )
            assert owners[name] in {one.contact_id for one in parties}
        count = await house.admin.get(f"/contacts/{owners[name]}/count")
        assert sum(one["messages"] for one in count["deals"]) == len(said)


async def _do(
    house: House, chats: dict[str, str], talks: dict[str, str], steps: list[tuple[str, int]]
) -> None:
    for what, number in steps:
        name = "ab"[number % 2]
        match what:
            case "a" | "b":
                await house.hears(chats[what], f"more {number}")
            case "new":
                said = await messages(house, talks[name])
                body = {"deal_id": None, "scope": "one"}
                await house.admin.post(f"/messages/{said[number % len(said)]['id']}/deal", body)
            case "change":
                contact = await contact_of(house, talks[name])
                await house.admin.put(f"/contacts/{contact}/fields", {"values": {"segment": f"s{number}"}})
