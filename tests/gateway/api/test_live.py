"""What open consoles are told: everything they may see, in order, nothing missed, nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import pytest
from sqlalchemy import text

from gateway import clock
from gateway.api.handlers import live as lines
from gateway.live import TURNS, live_of
from routing.times import DAY, SECOND
from storage import log, sessions
from storage.database import Database
from storage.transaction import Transaction
from tests.gateway.api import paper
from tests.gateway.api.house import API, PATIENCE, House, Line, Person, open_house
from tests.gateway.api.test_rights import owned


async def test_a_message_appears_on_every_open_console(house: House) -> None:
    await house.connect()
    operator = await house.person("operator")
    async with house.admin.live() as first, operator.live() as second:
        conversation_id = await house.hears("anna", "hello there")
        for line in (first, second):
            row = await line.next("conversation.upsert", conversation_id)
            assert row["patch"]["last"]["text"] == "hello there"
            assert row["patch"]["unread"] == 1
            message = next((one for one in line.heard if one["type"] == "message.upsert"), None)
            message = message or await line.next("message.upsert")
            assert message["patch"]["text"] == "hello there"


async def test_live_rows_are_the_rows_of_the_list(house: House) -> None:
    await house.connect()
    async with house.admin.live() as line:
        conversation_id = await house.hears("anna")
        await line.next("conversation.upsert", conversation_id)
        await house.admin.put(f"/drafts/{conversation_id}/reply", {"text": "dear", "version": 0})
        while (pushed := (await line.next("conversation.upsert", conversation_id))["patch"])[
            "draft"
        ] != "dear":
            pass  # what the router does to a fresh lead is news too
    listed = (await house.admin.get("/conversations"))["rows"][0]
    assert pushed["draft"] == "dear"
    assert {**pushed, "seq": 0} == {**listed, "seq": 0}


async def test_ones_own_words_are_pushed_to_oneself_only(house: House) -> None:
    conversation_id = await house.hears("anna")
    operator = await house.person("operator")
    async with house.admin.live() as mine, operator.live() as theirs:
        await operator.put(f"/drafts/{conversation_id}/reply", {"text": "my draft", "version": 0})
        while (await theirs.next("conversation.upsert"))["patch"]["draft"] != "my draft":
            pass  # what the router does to a fresh lead is news too
        await house.admin.post(f"/conversations/{conversation_id}/notes", _note())
        await mine.next("message.upsert")
        assert "my draft" not in str(mine.heard)


def _note(words: str = "a note") -> dict[str, str]:
    return {"id": clock.new_id(), "text": words}


async def test_numbers_grow_and_frames_come_in_the_order_of_the_log(house: House) -> None:
    await house.connect()
    conversation_id = ""
    async with house.admin.live() as line:
        for place in range(5):
            conversation_id = await house.hears("anna", f"word {place}")
        await house.admin.post(f"/conversations/{conversation_id}/notes", _note("the end"))
        while (await line.next("message.upsert"))["patch"]["text"] != "the end":
            pass
        changes = [frame["seq"] for frame in line.heard if frame["type"].endswith((".upsert", ".remove"))]
        assert changes == sorted(changes)
        assert changes[0] > line.hello["seq"]


async def test_a_returning_console_gets_what_it_missed(house: House) -> None:
    conversation_id = await house.hears("anna", "one")
    async with house.admin.live() as line:
        seen = line.hello["seq"]
    await house.hears("anna", "two")
    await house.hears("boris", "three")
    async with house.admin.live(seen) as line:
        said: set[str] = set()
        while not {"two", "three"} <= said:
            said.add((await line.next("message.upsert"))["patch"]["text"])
        head = line.hello["seq"]  # what happens after it is told as it happens
        rows = [one for one in line.heard if one["type"] == "conversation.upsert" and one["seq"] <= head]
        assert conversation_id in {row["id"] for row in rows}
        assert len({row["id"] for row in rows}) == len(rows)


async def test_a_console_that_missed_nothing_is_told_nothing(house: House) -> None:
    await house.hears("anna")
    await _quiet(house)
    async with house.admin.live() as line:
        seen = line.hello["seq"]
    async with house.admin.live(seen) as line:
        await house.admin.post("/me/presence", {"state": "dnd"})
        assert (await line.next("member.upsert"))["patch"]["presence"]["state"] == "dnd"
        said = [frame["patch"]["text"] for frame in line.heard if frame["type"] == "message.upsert"]
        assert "hello" not in said  # what the router says of a fresh lead is news


async def _quiet(house: House) -> None:
    """Wait until everything that happened is told."""
    async with asyncio.timeout(PATIENCE):
        while live_of(house.gateway).head != await house.gateway.database.read(log.head):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("since", [10**9, 2**53])
async def test_a_number_from_the_future_means_reading_anew(house: House, since: int) -> None:
    async with house.admin.live(since) as line:
        assert (await line.next("snapshot_required"))["seq"] == line.hello["seq"]


async def test_a_gap_older_than_the_log_means_reading_anew(house: House) -> None:
    await house.hears("anna")
    async with house.admin.live() as line:
        seen = line.hello["seq"]
    await house.hears("anna", "meanwhile")
    try:
        clock.turn(DAY + SECOND)
        assert await house.gateway.database.write(log.sweep) > 0
    finally:
        clock.turn(-DAY - SECOND)
    async with house.admin.live(seen - 1) as line:
        await line.next("snapshot_required")


async def test_too_large_a_gap_means_reading_anew(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.live.LONGEST_REPLAY", 3)
    await house.connect()
    await _quiet(house)
    seen = live_of(house.gateway).head
    for _ in range(3):
        await house.hears("anna")
    await _quiet(house)
    async with house.admin.live(seen) as line:
        await line.next("snapshot_required")


# --- a transaction that commits late -------------------------------------------------------------------------------


async def test_no_event_is_missed_when_a_transaction_commits_late(house: House) -> None:
    """Its changes are numbered, the commit is held; another transaction may not become visible in between."""
    if house.gateway.database.embedded:
        await _late_on_the_one_writer(house)
        return
    first, second = (
        await house.person("operator", name="First"),
        await house.person("operator", name="Second"),
    )
    await _quiet(house)
    backend: Any = house.gateway.database._backend
    async with house.admin.live() as line:
        async with backend.engine.connect() as connection:
            begun = await connection.begin()
            await connection.run_sync(_append, house.gateway.now(), first.id)
            later = asyncio.create_task(house.gateway.database.write(_changed, second.id))
            await asyncio.sleep(0.15)
            assert not later.done()
            assert await house.gateway.database.read(log.head) == line.hello["seq"]
            await begun.commit()
        await _done(later)
        assert {(await line.next("member.upsert"))["id"], (await line.next("member.upsert"))["id"]} == {
            first.id,
            second.id,
        }


async def _late_on_the_one_writer(house: House) -> None:
    """SQLite has one writer: the second transaction begins when the first is over."""
    import threading

    first, second = (
        await house.person("operator", name="First"),
        await house.person("operator", name="Second"),
    )
    await _quiet(house)
    entered, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow(tx: Transaction) -> None:
        _changed(tx, first.id)
        tx.append_changes()
        tx.changes.clear()
        loop.call_soon_threadsafe(entered.set)
        go_on.wait(PATIENCE)

    async with house.admin.live() as line:
        held = asyncio.create_task(house.gateway.database.write(slow))
        await entered.wait()
        later = asyncio.create_task(house.gateway.database.write(_changed, second.id))
        await asyncio.sleep(0.1)
        assert not later.done()
        go_on.set()
        await _done(asyncio.gather(held, later))
        found = [(await line.next("member.upsert"))["id"], (await line.next("member.upsert"))["id"]]
        assert set(found) == {first.id, second.id}


async def _done(work: Awaitable[Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        await work


def _append(connection: Any, now: int, member_id: str) -> None:
    tx = Transaction(connection, now)
    _changed(tx, member_id)
    tx.append_changes()


def _changed(tx: Transaction, member_id: str) -> None:
    tx.changed("member", member_id)


async def test_every_event_of_many_writers_is_read_once_and_in_order(database_url: str) -> None:
    """A reader that follows the head sees every number, whatever the order of the commits."""
    database = Database(database_url, clock.now)
    seen: list[int] = []
    wanted = 120

    def write(tx: Transaction, name: int) -> None:
        tx.changed("member", f"m{name}")

    async def follow() -> None:
        while len(seen) < wanted:
            seen.extend(entry.seq for entry in await database.read(log.after, seen[-1] if seen else 0, 50))

    async with asyncio.timeout(30):
        reader = asyncio.create_task(follow())
        await asyncio.gather(*(database.write(write, name) for name in range(wanted)))
        await reader
    stored = await database.read(
        lambda c: [row.seq for row in c.execute(text("SELECT seq FROM event ORDER BY seq"))]
    )
    await database.close()
    assert seen == stored


# --- who may see ---------------------------------------------------------------------------------------------------


async def test_a_manager_is_told_of_their_own_only(house: House) -> None:
    manager = await house.person("manager")
    mine = await owned(house, manager, "anna")
    theirs = await house.hears("boris", "for somebody else")
    async with manager.live() as line:
        await house.hears("boris", "not for you")
        await house.hears("anna", "for you")
        assert (await line.next("message.upsert"))["patch"]["text"] == "for you"
        assert theirs not in str(line.heard)
        assert mine in {frame["id"] for frame in line.heard} or await line.next("conversation.upsert", mine)


async def test_a_lost_right_takes_the_row_away_and_a_won_one_brings_it(house: House) -> None:
    manager = await house.person("manager")
    conversation_id = await house.hears("anna")
    async with manager.live() as line:
        await house.admin.post(f"/conversations/{conversation_id}/assignee", {"member_id": manager.id})
        await line.next("conversation.upsert", conversation_id)
        await house.admin.post(f"/conversations/{conversation_id}/assignee", {"member_id": house.admin.id})
        gone = await line.next("conversation.remove", conversation_id)
        assert gone["patch"] is None
        await house.hears("anna", "unseen")
        await house.admin.post("/me/presence", {"state": "dnd"})
        await line.next("member.upsert", house.admin.id)
        assert "unseen" not in str(line.heard)


async def test_a_deal_that_changes_hands_moves_its_conversations(house: House) -> None:
    ivan, petr = await house.person("manager", name="Ivan"), await house.person("manager", name="Petr")
    conversation_id = await owned(house, ivan)
    deal = (await ivan.get(f"/conversations/{conversation_id}"))["row"]["deal"]["id"]
    async with ivan.live() as left, petr.live() as right:
        from tests.gateway.api.test_rights import _give

        await house.gateway.database.write(_give, deal, petr.id)
        await right.next("conversation.upsert", conversation_id)
        await left.next("conversation.remove", conversation_id)


async def test_a_marketer_hears_of_deals_and_sources_but_no_words(house: House) -> None:
    await house.connect()
    marketer = await house.person("marketer")
    async with marketer.live() as line:
        await house.hears("anna", "my secret wish")
        deal = await line.next("deal.upsert")
        assert deal["patch"]["stage_kind"] == "lead"
        await house.admin.patch(f"/sources/{house.source_id}", {"name": "Renamed"})
        assert (await line.next("source.upsert", house.source_id))["patch"]["name"] == "Renamed"
        kinds = {frame["type"] for frame in line.heard}
        assert not kinds & {
            "message.upsert",
            "conversation.upsert",
            "contact.upsert",
            "task.upsert",
            "counters",
        }
        assert "secret wish" not in str(line.heard)


async def test_an_offer_is_told_to_its_member_only(house: House) -> None:
    manager = await house.person("manager")
    queue = (await house.admin.get("/queues"))["items"][0]
    await house.admin.patch(f"/queues/{queue['id']}", {"members": [manager.id], "head_id": house.admin.id})
    async with manager.live() as line, house.admin.live() as other:
        await line.say(type="active")
        await line.next("counters")
        conversation_id = await house.hears("anna")
        offer = await line.next("offer.upsert")
        assert offer["patch"]["state"] == "open"
        await line.next("conversation.upsert", conversation_id)
        await manager.post(f"/offers/{offer['id']}/accept")
        accepted = await line.next("offer.upsert", offer["id"])
        assert accepted["patch"]["state"] == "accepted"
        await other.next("conversation.upsert", conversation_id)
        assert not any(frame["type"].startswith("offer") for frame in other.heard)


async def test_new_rights_make_the_console_read_anew(house: House) -> None:
    person = await house.person("marketer")
    async with person.live() as line:
        await house.admin.patch(f"/members/{person.id}", {"roles": ["operator"]})
        await line.next("snapshot_required")
        await house.hears("anna", "now visible")
        assert (await line.next("message.upsert"))["patch"]["text"] == "now visible"


async def test_who_is_let_go_is_cut_off_at_once(house: House) -> None:
    person = await house.person("operator")
    async with person.live() as line:
        await house.admin.patch(f"/members/{person.id}", {"active": False})
        assert await _closed(line) == 4401


async def _closed(line: Line) -> int | None:
    async with asyncio.timeout(PATIENCE):
        while not line.socket.closed:
            await line.socket.receive()
    return line.socket.close_code


async def test_an_ended_session_is_cut_off_at_the_next_ping(house: House) -> None:
    async def ping_all() -> None:
        for turn in range(TURNS):
            await live_of(house.gateway).ping(turn)

    person = await house.person("operator")
    async with person.live() as line:
        await ping_all()
        ping = await line.next("ping")
        assert ping["seq"] >= line.hello["seq"]
        assert abs(ping["server_time"] - house.gateway.now()) < 5 * SECOND
        await house.gateway.database.write(sessions.end_all, person.id)
        await ping_all()
        assert await _closed(line) == 4401


# --- who may open --------------------------------------------------------------------------------------------------


async def _refused(house: House, headers: dict[str, str], query: str = "") -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with house.http.ws_connect(f"{house.base}{API}/live{query}", headers=headers):
            pass
    return refused.value.status


async def test_a_socket_opens_only_from_our_own_pages(house: House) -> None:
    cookie = {"Cookie": f"inbox={house.admin.token}"}
    assert await _refused(house, {**cookie, "Origin": "https://evil.example"}) == 403
    assert await _refused(house, {**cookie, "Origin": "null"}) == 403
    assert await _refused(house, cookie) == 403
    assert await _refused(house, {"Origin": house.base}) == 401
    assert await _refused(house, {**cookie, "Origin": house.base}, "?since=x") == 422


async def test_a_program_opens_a_socket_with_its_token(house: House) -> None:
    made = await house.admin.post("/tokens", {"name": "robot"})
    headers = {"Authorization": f"Bearer {made['token']}"}
    async with house.http.ws_connect(f"{house.base}{API}/live", headers=headers) as socket:
        assert (await socket.receive_json())["type"] == "hello"


async def test_a_plain_request_is_told_to_upgrade(house: House) -> None:
    answer = await house.admin.call("GET", "/live", headers={"Origin": house.base})
    assert (answer.status, answer.code) == (400, "bad_request")


async def test_nonsense_and_strangers_conversations_are_passed_over(house: House) -> None:
    manager = await house.person("manager")
    conversation_id = await house.hears("anna")
    async with manager.live() as line, house.admin.live() as other:
        for word in ("{", "[]", '"x"', '{"type": "watch", "conversation_id": 5}', '{"type": "nothing"}'):
            await line.socket.send_str(word)
        await line.say(type="watch", conversation_id=conversation_id, typing=True)
        await house.admin.post(f"/conversations/{conversation_id}/notes", _note())
        await other.next("message.upsert")
        assert not any(frame["type"] == "presence" for frame in other.heard)


async def test_a_console_that_does_not_read_is_cut_off(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_QUEUE", 20)
    async with house.admin.live() as line:
        hub = live_of(house.gateway)
        (socket,) = hub._listeners[house.admin.id].sockets
        socket.put([b'{"seq": 1, "type": "flood", "id": ""}'] * 50)
        assert await _closed(line) == 4408
    async with house.admin.live() as line:
        assert line.hello["type"] == "hello"


# --- presence and counters -----------------------------------------------------------------------------------------


async def test_colleagues_see_who_looks_and_who_types(house: House) -> None:
    conversation_id = await house.hears("anna")
    operator = await house.person("operator", name="Olya")
    async with house.admin.live() as line, operator.live() as other:
        await other.say(type="watch", conversation_id=conversation_id, typing=False)
        seen = await line.next("presence", conversation_id)
        assert seen["patch"]["viewers"] == [{"member": {"id": operator.id, "name": "Olya"}, "typing": False}]
        await other.say(type="watch", conversation_id=conversation_id, typing=True)
        seen = await line.next("presence", conversation_id)
        assert seen["patch"]["viewers"][0]["typing"] is True
        there = await house.admin.get(f"/conversations/{conversation_id}")
        assert [viewer["member"]["id"] for viewer in there["viewers"]] == [operator.id]
        await other.socket.close()
        assert (await line.next("presence", conversation_id))["patch"]["viewers"] == []


async def test_a_look_ends_with_its_lease(house: House) -> None:
    conversation_id = await house.hears("anna")
    operator = await house.person("operator")
    async with house.admin.live() as line, operator.live() as other:
        await other.say(type="watch", conversation_id=conversation_id, typing=True)
        await line.next("presence", conversation_id)
        try:
            clock.turn(11 * SECOND)
            assert (await line.next("presence", conversation_id))["patch"]["viewers"] == []
        finally:
            clock.turn(-11 * SECOND)


async def test_counters_follow_at_most_once_a_second(house: House) -> None:
    await house.connect()
    begin = monotonic()
    async with house.admin.live() as line:
        assert (await line.next("counters"))["patch"]["unanswered"] == 0
        for chat in range(6):
            await house.hears(f"client {chat}")
        while (await line.next("counters"))["patch"]["unanswered"] != 6:
            pass
        assert (await house.admin.get("/counters"))["unanswered"] == 6
        assert sum(frame["type"] == "counters" for frame in line.heard) <= monotonic() - begin + 2


async def test_a_heartbeat_makes_a_member_reachable(house: House) -> None:
    operator = await house.person("operator")
    async with operator.live() as line:
        await line.say(type="active")
        async with asyncio.timeout(PATIENCE):
            while not (await house.rows("SELECT seen_at FROM member WHERE id = :id", id=operator.id))[
                0
            ].seen_at:
                await asyncio.sleep(0.02)
    assert line.hello["version"]


async def test_two_processes_tell_each_others_news(
    postgres_url: str, redis_url: str, tmp_path: Path, network: type[paper.Paper]
) -> None:
    """Bells and looks go through Redis."""
    async with (
        open_house(postgres_url, tmp_path, redis=redis_url) as one,
        open_house(postgres_url, tmp_path, redis=redis_url) as two,
    ):
        operator = await one.person("operator", name="Olya")
        there = Person(two.http, two.base, operator.id, operator.token)
        conversation_id = await one.hears("anna", "through one")
        async with one.admin.live() as left, there.live() as right:
            await one.hears("anna", "again")
            while (await right.next("message.upsert"))["patch"]["text"] != "again":
                pass  # its process may have been a step behind when it said hello
            await right.say(type="watch", conversation_id=conversation_id, typing=True)
            seen = await left.next("presence", conversation_id)
            assert seen["patch"]["viewers"][0]["member"]["name"] == "Olya"
