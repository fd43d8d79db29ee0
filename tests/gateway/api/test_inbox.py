"""The queue, the timeline, and who gets the next one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from gateway import clock
from routing.times import HOUR, MINUTE
from storage import queue
from storage.reach import Reach
from tests.gateway.api.house import PATIENCE, House


async def rows_of(house: House, query: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await house.admin.get(f"/conversations?{query}"))["rows"]
    return rows


async def set_row(house: House, conversation_id: str, **values: Any) -> None:
    """Put a conversation where the test needs it."""
    sets = ", ".join(f"{name} = :{name}" for name in values)

    def change(tx: Any) -> None:
        tx.connection.execute(
            text(f"UPDATE conversation SET {sets} WHERE id = :id"), {**values, "id": conversation_id}
        )

    await house.gateway.database.write(change)


async def test_a_row_carries_all_it_shows(house: House) -> None:
    conversation_id = await house.hears("anna", "how much is a table?", name="Anna")
    (row,) = await rows_of(house)
    assert row["id"] == conversation_id
    assert row["contact"]["name"] == "Anna"
    assert row["source"] == {"id": house.source_id, "name": "Paper", "channel": "paper", "state": "active"}
    assert row["last"]["text"] == "how much is a table?"
    assert row["last"]["author"] == "client"
    assert (row["unanswered"], row["unread"], row["state"]) == (True, 1, "open")
    assert row["window"]["state"] == "open"
    assert row["window"]["closes_at"] == row["window"]["last_client_at"] + 24 * HOUR
    assert row["deal"]["stage_kind"] == "lead"


async def test_the_order_is_the_rules_order(house: House) -> None:
    """Closing within half an hour first, then by deadline, then those only a call reaches, then the rest."""
    closing, late, early, gone, answered = [await house.hears(f"c{place}") for place in range(5)]
    now = house.gateway.now()
    await set_row(house, closing, closes_at=now + 20 * MINUTE, deadline_at=now + 20 * MINUTE)
    await set_row(house, late, deadline_at=now + 5 * HOUR)
    await set_row(house, early, due_at=now - HOUR, deadline_at=now - HOUR)
    await set_row(house, gone, closes_at=now - HOUR, gone_at=now - HOUR, deadline_at=now - HOUR)
    await set_row(house, answered, state="waiting", waiting_since=None, deadline_at=None)
    found = await rows_of(house, "view=all&order=urgent")
    assert [row["id"] for row in found] == [closing, early, late, gone, answered]
    assert [row["reason"] for row in found] == ["closing", "overdue", "target", "call_them", "rest"]


@pytest.mark.parametrize("order", ["urgent", "newest", "longest"])
async def test_pages_follow_each_other_without_gap_or_repeat(house: House, order: str) -> None:
    made = {await house.hears(f"client {place}", ago=place * 1_000_000) for place in range(7)}
    found: list[str] = []
    cursor = ""
    for _ in range(10):
        page = await house.admin.get(f"/conversations?view=all&order={order}&limit=2{cursor}")
        found += [row["id"] for row in page["rows"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(found) == len(made)
    assert set(found) == made


@pytest.mark.parametrize(
    "cursor", ["nonsense", "W10", "WzksOSw5XQ", "WzAsIngiLDFd", "%00", "W251bGwsbnVsbCxudWxsXQ"]
)
async def test_a_made_up_cursor_is_no_error(house: House, cursor: str) -> None:
    await house.hears("anna")
    assert len((await house.admin.get(f"/conversations?cursor={cursor}"))["rows"]) == 1


async def test_a_page_costs_the_same_number_of_statements_whatever_its_size(house: House) -> None:
    counts = []
    for place in range(3):
        await house.hears(f"client {place}")
        counts.append(await house.gateway.database.read(_count, house.admin.id, house.gateway.now()))
    assert counts == [counts[0]] * 3
    assert counts[0] <= 7  # four stretches of the order at most, three readings of facts


def _count(connection: Connection, member_id: str, now: int) -> int:
    """How many statements a page takes."""
    statements: list[str] = []
    event.listen(connection, "before_cursor_execute", lambda *about: statements.append(about[2]))
    ask = queue.Ask(view="unanswered", order="urgent", reach=Reach(member_id), limit=50)
    ids, _ = queue.page(connection, ask, now)
    queue.facts(connection, ids, member_id)
    return sum(statement.startswith("SELECT") for statement in statements)


async def test_filters_and_counters_agree(house: House) -> None:
    first, second, third = [await house.hears(f"client {place}") for place in range(3)]
    await house.admin.post(f"/conversations/{first}/assignee", {"member_id": house.admin.id})
    until = house.gateway.now() + HOUR
    await house.admin.post(f"/conversations/{second}/state", {"state": "snoozed", "until": until})
    await house.admin.post(f"/conversations/{third}/state", {"state": "closed", "why": "no_answer"})
    views = {
        view: {row["id"] for row in await rows_of(house, f"view={view}")}
        for view in ("unanswered", "mine", "snoozed", "closed", "nobody", "spam")
    }
    assert views == {
        "unanswered": {first}, "mine": {first}, "snoozed": {second}, "closed": {third}, "nobody": set(),
        "spam": set(),
    }  # fmt: skip
    counters = await house.admin.get("/counters")
    assert (counters["unanswered"], counters["mine"], counters["snoozed"]) == (1, 1, 1)
    everything = await rows_of(house, "view=all")
    assert counters["all"] == sum(row["state"] == "open" for row in everything)


async def test_the_queue_is_searched_by_name_in_either_keyboard_layout(house: House) -> None:
    anna, _ = await house.hears("1", name="Мария Петрова"), await house.hears("2", name="Борис")
    for words in ("Мария", "мария", "vfhbz"):
        found = (await house.admin.get(f"/conversations?view=all&q={words}"))["rows"]
        assert [row["id"] for row in found] == [anna], words


# --- take next -----------------------------------------------------------------------------------------------------


async def test_take_next_never_gives_two_people_the_same(house: House) -> None:
    made = {await house.hears(f"client {place}") for place in range(6)}
    await _no_offers(house)
    people = [await house.person("operator", name=f"Op {place}") for place in range(8)]
    given = await asyncio.gather(*(person.post("/conversations/next") for person in people))
    ids = [answer["conversation_id"] for answer in given if answer["conversation_id"]]
    assert len(ids) == len(set(ids)) == 6
    assert set(ids) == made


async def _no_offers(house: House) -> None:
    """No lead is being offered: those are left to the managers for a while."""

    def end(tx: Any) -> None:
        tx.connection.execute(text("UPDATE offer SET state = 'expired' WHERE state = 'open'"))
        tx.connection.execute(text("UPDATE deal SET waiting = '', next_at = NULL"))

    await house.gateway.database.write(end)


async def test_take_next_skips_what_colleagues_have_and_comes_to_an_end(house: House) -> None:
    mine, owned = await house.hears("a"), await house.hears("b")
    await _no_offers(house)
    operator, colleague = await house.person("operator"), await house.person("operator")
    await house.admin.post(f"/conversations/{owned}/assignee", {"member_id": colleague.id})
    await colleague.post("/me/presence", {"state": "on_shift"})
    async with colleague.live() as line:
        await line.say(type="active")
        async with asyncio.timeout(PATIENCE):
            while not (await house.rows("SELECT seen_at FROM member WHERE id = :id", id=colleague.id))[
                0
            ].seen_at:
                await asyncio.sleep(0.02)
        assert (await operator.post("/conversations/next"))["conversation_id"] == mine
        assert (await operator.post("/conversations/next", {"skip": mine}))["conversation_id"] is None
    assert (await colleague.post("/conversations/next"))["conversation_id"] == owned


async def test_take_next_goes_on_from_the_one_at_hand_and_comes_round(house: House) -> None:
    made = [await house.hears(f"client {place}") for place in range(4)]
    await _no_offers(house)
    operator = await house.person("operator")
    listed = [row["id"] for row in (await operator.get("/conversations"))["rows"]]
    assert sorted(listed) == sorted(made)

    async def after(one: str) -> str:
        return str((await operator.post("/conversations/next", {"skip": one}))["conversation_id"])

    assert [await after(one) for one in listed] == [*listed[1:], listed[0]]
    held = await house.rows("SELECT conversation_id FROM claim WHERE member_id = :id", id=operator.id)
    assert [row.conversation_id for row in held] == [listed[0]], "what was passed by is free for colleagues"
    await operator.post(f"/conversations/{listed[2]}/state", {"state": "closed", "why": "no_answer"})
    assert await after(listed[2]) == listed[0], "what is done stands nowhere: the most urgent is next"
    assert await after(listed[1]) == listed[3]


async def test_a_claim_shows_to_others_and_runs_out(house: House) -> None:
    conversation_id = await house.hears("anna")
    operator = await house.person("operator", name="Olya")
    assert (await operator.post(f"/conversations/{conversation_id}/claim"))["claim"] is None
    (row,) = await rows_of(house)
    assert row["claim"]["name"] == "Olya"
    assert (await house.admin.call("POST", f"/conversations/{conversation_id}/claim")).code == "taken"
    try:
        clock.turn(2 * MINUTE + 1)
        assert (await rows_of(house))[0]["claim"] is None
    finally:
        clock.turn(-2 * MINUTE - 1)
    await operator.call("DELETE", f"/conversations/{conversation_id}/claim")
    assert (await rows_of(house))[0]["claim"] is None


# --- the timeline --------------------------------------------------------------------------------------------------


async def said(house: House, conversation_id: str, query: str = "") -> list[str]:
    page = await house.admin.get(f"/conversations/{conversation_id}/messages?{query}")
    return [item["text"] for item in page["items"]]


async def test_messages_stand_in_the_networks_order_whatever_came_first(house: House) -> None:
    at, conversation_id = house.gateway.now(), ""
    for words, ago, seq in (("second", 200_000_000, 0), ("third", 100_000_000, 2), ("first", 300_000_000, 0)):
        conversation_id = await house.hears("anna", words, ago=house.gateway.now() - at + ago, seq=seq)
    assert await said(house, conversation_id) == ["first", "second", "third"]


async def test_older_pages_are_reached_by_the_cursor(house: House) -> None:
    conversation_id = ""
    for place in range(7):
        conversation_id = await house.hears("anna", str(place), ago=(10 - place) * 1_000_000)
    found: list[str] = []
    before = ""
    while True:
        page = await house.admin.get(f"/conversations/{conversation_id}/messages?limit=3{before}")
        found = [item["text"] for item in page["items"]] + found
        if page["before"] is None:
            break
        before = f"&before={page['before']}"
    assert found == [str(place) for place in range(7)]


async def test_a_page_around_a_message_holds_it_with_its_neighbours(house: House) -> None:
    conversation_id = ""
    for place in range(9):
        conversation_id = await house.hears("anna", str(place), ago=(10 - place) * 1_000_000)
    page = await house.admin.get(f"/conversations/{conversation_id}/messages?limit=200")
    wanted = page["items"][3]["id"]
    found = await said(house, conversation_id, f"around={wanted}&limit=4")
    assert "3" in found
    assert "2" in found
    assert "4" in found


async def test_the_contacts_timeline_merges_their_conversations(house: House) -> None:
    first = await house.hears("anna", "here")
    second = await house.hears("boris", "there")
    contact = (await house.admin.get(f"/conversations/{first}"))["contact"]["id"]

    def join(tx: Any) -> None:
        for table in ("conversation", "message"):
            tx.connection.execute(text(f"UPDATE {table} SET contact_id = :id"), {"id": contact})

    await house.gateway.database.write(join)
    assert await said(house, first) == ["here", "there"]
    assert await said(house, second, "scope=conversation") == ["there"]


async def test_what_is_read_and_kept_unread_is_ones_own(house: House) -> None:
    conversation_id = await house.hears("anna")
    operator = await house.person("operator")
    page = await house.admin.get(f"/conversations/{conversation_id}/messages")
    newest = page["items"][-1]["id"]
    row = await house.admin.put(f"/conversations/{conversation_id}/read", {"message_id": newest})
    assert row["unread"] == 0
    assert (await operator.get(f"/conversations/{conversation_id}"))["row"]["unread"] == 1
    await house.hears("anna", "more")
    assert (await rows_of(house))[0]["unread"] == 1
    row = await house.admin.put(f"/conversations/{conversation_id}/read", {"message_id": newest})
    row = await house.admin.put(f"/conversations/{conversation_id}/read", {"message_id": None})
    assert row["unread"] >= 1
    there = await house.admin.get(f"/conversations/{conversation_id}")
    assert there["read_up_to"] == newest


async def test_a_conversation_names_its_contact_limits_and_ways_out(house: House) -> None:
    conversation_id = await house.hears("anna", name="Anna")
    found = await house.admin.get(f"/conversations/{conversation_id}")
    assert found["limits"]["text_max"] == 100
    assert found["limits"]["files"] == {"photo": 10_000, "file": 10_000}
    identity = found["contact"]["identities"][0]
    assert (identity["kind"], identity["value"], identity["link"]) == (
        "paper", "anna", "https://paper.example/anna",
    )  # fmt: skip
    assert found["fallbacks"][-1]["kind"] == "wait"
    assert found["contact"]["deals"][0]["id"] == found["row"]["deal"]["id"]


async def test_what_is_not_there_is_not_found(house: House) -> None:
    await house.connect()
    missing, wrong = clock.new_id(), []
    for method, path, body in (
        ("GET", f"/conversations/{missing}", None), ("GET", f"/conversations/{missing}/messages", None),
        ("PUT", f"/conversations/{missing}/read", {"message_id": None}),
        ("PUT", f"/drafts/{missing}/reply", {"text": "x"}), ("GET", f"/drafts/{missing}/shout", None),
        ("POST", f"/conversations/{missing}/state", {"state": "closed"}),
        ("POST", f"/conversations/{missing}/claim", None), ("GET", f"/messages/{missing}/raw", None),
        ("GET", f"/attachments/{missing}", None), ("GET", f"/contacts/{missing}", None),
        ("GET", f"/deals/{missing}", None), ("GET", f"/decisions/{missing}", None),
        ("PATCH", f"/tasks/{missing}", {"done": True}), ("POST", f"/offers/{missing}/accept", None),
        ("GET", f"/sources/{missing}", None), ("GET", f"/sources/{missing}/test", None),
        ("POST", f"/sources/{missing}/check", None), ("GET", "/envelopes/999999", None),
        ("GET", "/envelopes/x", None), ("POST", "/envelopes/999999/replay", None), ("GET", "/nothing/here", None),
        ("PATCH", f"/members/{missing}", {"name": "x"}), ("PATCH", f"/queues/{missing}", {"name": "x"}),
        ("POST", f"/messages/{missing}/retry", None), ("POST", f"/deals/{missing}/take", None),
        ("DELETE", f"/tokens/{missing}", None), ("DELETE", f"/sources/{missing}", None),
        ("DELETE", f"/sources/{missing}/test", None), ("POST", f"/sources/{missing}/replay", None),
        ("GET", f"/sources/{missing}/envelopes", None),
    ):  # fmt: skip
        answer = await house.admin.call(method, path, body)
        if answer.status != 404 or answer.code != "not_found":
            wrong.append((method, path, answer.status))
    assert wrong == []


async def test_within_one_second_the_networks_own_numbers_give_the_order(house: House) -> None:
    await house.connect()
    at = house.gateway.now() - 5_000_000
    ref = ""
    for number in (3, 1, 2):
        ref = await house.hears("anna", f"word {number}", at=at, seq=number)
    items = (await house.admin.get(f"/conversations/{ref}/messages"))["items"]
    assert [(item["text"], item["place"]) for item in items] == [("word 1", 1), ("word 2", 2), ("word 3", 3)]
    assert len({item["at"] for item in items}) == 1
