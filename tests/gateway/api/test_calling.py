"""Calls over HTTP: a number is called from a card, recordings are for those who may hear, figures for who leads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import orjson
import pytest
from sqlalchemy import text

from channels.fakes import Act, Client
from channels.telephony import fake_scenes as scenes
from channels.telephony.fake import Exchange, OtherExchange
from gateway.switchboard import Switchboard
from routing.times import DAY
from storage import tasks
from storage.ids import new_id
from storage.transaction import Transaction
from tests.gateway.api.house import House, Person

MARIA = Client(ref="maria", name="Мария Котова", phone="+79160001122", email="m@example.ru", username="m")


@dataclass
class Office:
    """A house with an exchange, and Anna who has a telephone."""

    house: House
    fake: Exchange
    source: str
    anna: Person

    async def one(self, sql: str, **parameters: object) -> object:
        rows = await self.house.rows(sql, **parameters)
        return rows[0][0] if rows else None

    async def until(self, sql: str, wanted: object) -> None:
        """Wait until a query's first value is so."""
        async with asyncio.timeout(30):
            while await self.one(sql) != wanted:
                await asyncio.sleep(0.02)

    async def missed(self) -> str:
        """A call that nobody took, some seconds ago; its contact."""
        await self.fake.act(Act(client=MARIA, doing="call_missed", member="101", seconds_ago=5))
        await self.until("SELECT count(*) FROM task WHERE kind = 'call_back'", 1)
        return str(await self.one("SELECT contact_id FROM message WHERE kind = 'call'"))


async def connected(house: House, fake: Exchange) -> str:
    await fake.start()
    body = {"channel": "telephony", "name": "АТС", "settings": dict(fake.settings())}
    source = await house.admin.post("/sources", body)
    await house.admin.post(f"/sources/{source['id']}/connect")
    live = house.gateway.sources.get(source["id"])
    assert live is not None
    fake.deliver_to(f"{house.base}/hooks/{source['id']}/{live.row.hook_key}")
    return str(source["id"])


@pytest.fixture
async def office(whole_house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    fake = Exchange()
    source = await connected(whole_house, fake)
    anna = await whole_house.person("operator", name="Анна")

    def give(tx: Transaction) -> None:
        tx.connection.execute(text("UPDATE member SET extension = '101' WHERE id = :id"), {"id": anna.id})

    await whole_house.gateway.database.write(give)
    monkeypatch.setattr("gateway.api.handlers.calls.asks_first", lambda zone, now: False)
    yield Office(whole_house, fake, source, anna)
    await fake.stop()


async def test_a_number_is_called_once_however_often_it_is_pressed(office: Office) -> None:
    contact = await office.missed()
    first = await office.anna.post("/calls", {"contact_id": contact})
    again = await office.anna.post("/calls", {"contact_id": contact})
    assert (first["id"], first["number"]) == (again["id"], "+79160001122")
    assert [one.raw["member"] for one in office.fake.arrived] == ["101"]
    await office.fake.play_command()
    await office.until("SELECT state FROM call_command", "linked")
    message = await office.one("SELECT message_id FROM call_command")
    item = await office.anna.post(f"/calls/{message}/result", {"result": "reached"})
    assert item["call"]["result"] == "reached"
    assert await office.one("SELECT done_at IS NULL FROM task WHERE kind = 'call_back'") in (0, False)


@pytest.mark.parametrize("engine_kind", ["postgres"], indirect=True)  # SQLite has one writer
async def test_the_callers_word_and_the_news_of_a_call_do_not_undo_each_other(office: Office) -> None:
    await office.missed()
    message = await office.one("SELECT id FROM message WHERE kind = 'call'")
    worker = await asyncpg.connect(office.house.gateway.database.url.replace("+asyncpg", ""))
    async with worker.transaction():
        await worker.execute("SELECT id FROM contact FOR UPDATE")
        content = orjson.loads(await worker.fetchval("SELECT content FROM message WHERE id = $1", message))
        said = asyncio.create_task(office.anna.post(f"/calls/{message}/result", {"result": "reached"}))
        await asyncio.sleep(0.3)
        content["call"]["talk"] = 77
        told = orjson.dumps(content).decode()
        await worker.execute("UPDATE message SET content = $1 WHERE id = $2", told, message)
    await worker.close()
    assert (await said)["call"]["result"] == "reached"
    kept = orjson.loads(str(await office.one("SELECT content FROM message WHERE kind = 'call'")))["call"]
    assert (kept["result"], kept["talk"]) == ("reached", 77)


@pytest.mark.parametrize("engine_kind", ["postgres"], indirect=True)
async def test_two_presses_at_once_in_two_processes_ring_once(office: Office) -> None:
    contact = await office.missed()
    other = await asyncpg.connect(office.house.gateway.database.url.replace("+asyncpg", ""))
    async with other.transaction():
        await other.execute("SELECT id FROM member WHERE id = $1 FOR UPDATE", office.anna.id)
        pressed = asyncio.create_task(office.anna.post("/calls", {"contact_id": contact}))
        await asyncio.sleep(0.3)
        await other.execute(
            "INSERT INTO call_command (id, source_id, member_id, extension, number, contact_id, state, created_at)"
            " VALUES ('theirs', $1, $2, '101', '+79160001122', $3, 'requested', $4)",
            office.source, office.anna.id, contact, office.house.gateway.now(),
        )  # fmt: skip
    await other.close()
    assert (await pressed)["id"] == "theirs"
    assert office.fake.arrived == [], "the other process asks for the call"


@pytest.mark.parametrize("engine_kind", ["postgres"], indirect=True)
async def test_a_call_back_is_ticked_off_before_or_after_a_call_is_judged_never_meanwhile(
    office: Office,
) -> None:
    """Who opens a missed call believes that the open task asks for it: ticked off in that moment, nobody would be asked."""
    await office.missed()
    task = await office.one("SELECT id FROM task WHERE kind = 'call_back'")
    worker = await asyncpg.connect(office.house.gateway.database.url.replace("+asyncpg", ""))
    async with worker.transaction():
        await worker.execute("SELECT id FROM contact FOR UPDATE")
        done = asyncio.create_task(office.anna.post(f"/tasks/{task}/done", {"result": "reached"}))
        await asyncio.sleep(0.3)
        assert await worker.fetchval("SELECT done_at FROM task WHERE id = $1", task) is None
    await worker.close()
    await done
    assert await office.one("SELECT result FROM task WHERE id = :id", id=task) == "reached"


async def test_a_missed_call_says_when_somebody_called_back_and_leaves_every_screen(office: Office) -> None:
    await office.missed()
    conversation = await office.one("SELECT conversation_id FROM message WHERE kind = 'call'")

    async def shown() -> tuple[object, object]:
        page = await office.anna.get(f"/conversations/{conversation}/messages")
        call = next(item["call"] for item in page["items"] if item["call"]["state"] == "missed")
        return call["called_back_at"], call["wrote_back"]

    assert await shown() == (None, False)
    assert len((await office.anna.get("/calls/ringing"))["items"]) == 1
    before = await office.one("SELECT max(seq) FROM event")
    await office.fake.play(office.fake.new_call(MARIA), scenes.outgoing("101"))
    await office.until("SELECT count(*) FROM task WHERE done_at IS NOT NULL", 1)
    assert await shown() == (await office.one("SELECT done_at FROM task"), False)
    assert (await office.anna.get("/calls/ringing"))["items"] == []
    missed = await office.one("SELECT id FROM message WHERE state = 'missed'")
    told = await office.house.rows(
        "SELECT type FROM event WHERE seq > :before AND object_id = :id", before=before, id=missed
    )
    assert {"call", "message"} <= {row.type for row in told}, "every screen is told"


async def test_a_call_back_nobody_made_leaves_the_missed_call_owed(office: Office) -> None:
    await office.missed()
    task = str(await office.one("SELECT id FROM task WHERE kind = 'call_back'"))
    await office.house.gateway.database.write(tasks.finish, task, office.anna.id, "not_needed", "UTC")
    conversation = await office.one("SELECT conversation_id FROM message WHERE kind = 'call'")
    page = await office.anna.get(f"/conversations/{conversation}/messages")
    assert [item["call"]["called_back_at"] for item in page["items"] if item["call"]] == [None]
    assert (await office.anna.get("/calls/ringing"))["items"] == [], "somebody has dealt with it"


async def test_what_an_earlier_call_settled_leaves_a_later_missed_call_owed(office: Office) -> None:
    await office.fake.act(Act(client=MARIA, doing="call_missed", member="101", seconds_ago=300))
    await office.until("SELECT count(*) FROM task WHERE kind = 'call_back'", 1)
    talk = scenes.answered("101")
    earlier = office.fake.new_call(MARIA, ended=time.time() - 120, lasts=scenes.lasts(talk))
    await office.fake.play(earlier, talk)
    await office.until("SELECT count(*) FROM task WHERE done_at IS NOT NULL", 1)
    await office.fake.act(Act(client=MARIA, doing="call_missed", member="101"))
    await office.until("SELECT count(*) FROM task WHERE kind = 'call_back'", 2)
    assert len((await office.anna.get("/calls/ringing"))["items"]) == 1


async def test_a_call_says_that_nobody_can_answer_it_in_writing_and_offers_to_call(office: Office) -> None:
    await office.missed()
    ref = await office.one("SELECT conversation_id FROM message WHERE kind = 'call'")
    shown = await office.anna.get(f"/conversations/{ref}")
    assert (shown["row"]["window"]["state"], shown["row"]["window"]["may_override"]) == (
        "cannot_answer",
        False,
    )
    assert [one["kind"] for one in shown["fallbacks"]] == ["call", "wait"]
    order: dict[str, object] = {
        "id": new_id(0),
        "text": "x",
        "file_ids": [],
        "reply_to": None,
        "last_seen": None,
    }
    answer = await office.anna.call("POST", f"/conversations/{ref}/messages", order)
    assert answer.code == "cannot_answer"


async def test_a_page_instead_of_a_recording_is_not_kept(office: Office) -> None:
    fake = office.fake
    scene = scenes.answered("101")
    call = fake.new_call(MARIA, lasts=scenes.lasts(scene))
    fake.recordings[f"r{call.id}"] = b"<!doctype html><title>Sign in</title>" + b" " * 600
    await fake.play(call, scene)
    await office.until("SELECT reason FROM attachment", "recording_not_sound")
    assert await office.one("SELECT state FROM attachment") == "fetch", "asked again later"


async def test_what_cannot_be_called_is_refused_and_calls_nobody(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact = await office.missed()
    silent = await office.house.person("operator", name="Без телефона")
    stranger = {"contact_id": contact, "number": "+79990000000"}
    refusals = [
        await silent.call("POST", "/calls", {"contact_id": contact}),
        await office.anna.call("POST", "/calls", stranger),
        await office.anna.call("POST", "/calls", {"contact_id": "01a00000-0000-7000-8000-000000000000"}),
    ]
    monkeypatch.setattr("gateway.api.handlers.calls.asks_first", lambda zone, now: True)
    refusals.append(await office.anna.call("POST", "/calls", {"contact_id": contact}))
    assert [one.code for one in refusals] == ["no_extension", "no_address", "no_address", "asks_first"]
    assert office.fake.arrived == []
    office.fake.fail("refused")
    failed = await office.anna.call("POST", "/calls", {"contact_id": contact, "anyway": True})
    assert (failed.status, failed.code) == (502, "call_failed")
    assert await office.one("SELECT state FROM call_command") == "failed"


async def test_a_recording_is_heard_by_role_and_every_listening_is_noted(office: Office) -> None:
    await office.fake.act(Act(client=MARIA, doing="call_answered", member="101"))
    await office.until("SELECT state FROM attachment", "ready")
    ref = await office.one("SELECT id FROM attachment")
    marketer = await office.house.person("marketer")
    assert (await marketer.call("GET", f"/attachments/{ref}")).status in (403, 404)
    heard = await office.anna.call("GET", f"/attachments/{ref}")
    piece = await office.anna.call("GET", f"/attachments/{ref}", headers={"Range": "bytes=100-199"})
    assert (heard.status, piece.status, piece.body) == (200, 206, heard.body[100:200])
    notes = await office.house.rows("SELECT member_id FROM audit_log WHERE action = 'recording.listened'")
    assert [row.member_id for row in notes] == [office.anna.id], "one listening, whatever pieces it comes in"


async def test_recordings_are_kept_for_so_many_days_and_calls_for_ever(office: Office) -> None:
    await office.fake.act(
        Act(client=MARIA, doing="call_answered", member="101", seconds_ago=3 * DAY / 1_000_000)
    )
    await office.fake.act(Act(client=MARIA, doing="call_answered", member="101"))
    await office.until("SELECT count(*) FROM attachment WHERE state = 'ready'", 2)
    await office.house.admin.patch(f"/sources/{office.source}", {"settings": {"recording_days": "2"}})
    await Switchboard(office.house.gateway)._retain()
    rows = await office.house.rows(
        "SELECT a.state, a.reason FROM attachment a JOIN message m ON m.id = a.message_id ORDER BY m.at"
    )
    assert [tuple(row) for row in rows] == [("failed", "kept_long_enough"), ("ready", "")]
    assert await office.one("SELECT count(*) FROM message WHERE kind = 'call'") == 2
    assert await office.one("SELECT count(*) FROM audit_log WHERE action = 'recording.forgotten'") == 1


async def test_the_figures_count_by_person_and_by_line(office: Office) -> None:
    contact = await office.missed()
    await office.fake.play(office.fake.new_call(MARIA), scenes.outgoing("101"))
    await office.until("SELECT count(*) FROM task WHERE done_at IS NOT NULL AND kind = 'call_back'", 1)
    await office.fake.act(Act(client=MARIA, doing="call_answered", member="101"))
    await office.until("SELECT count(*) FROM phone_call WHERE live = 0", 3)
    head, now = await office.house.person("head"), office.house.gateway.now()
    report = await head.get(f"/reports/calls?since={now - DAY}&until={now + DAY}")
    whole = {"incoming": 2, "answered": 1, "missed": 1, "outgoing": 1, "reached": 1}
    assert report["total"] == whole
    (line,) = report["lines"]
    assert (line["line"], {key: line[key] for key in whole}) == ("+74951234567", whole)
    (member,) = report["members"]
    assert (member["member"]["name"], {key: member[key] for key in whole}) == ("Анна", whole)
    assert {key: report["call_backs"][key] for key in ("owed", "tried", "open")} == {
        "owed": 1,
        "tried": 1,
        "open": 0,
    }
    assert contact
    refused = await office.anna.call("GET", f"/reports/calls?since={now - DAY}&until={now}")
    long = await head.call("GET", f"/reports/calls?since=0&until={now}")
    assert (refused.status, long.status) == (403, 422)


async def test_whom_to_ring_is_answered_in_the_systems_own_words(office: Office) -> None:
    other = OtherExchange()
    await connected(office.house, other)
    petr = await office.house.person("manager", name="Пётр")

    def arrive(tx: Transaction) -> None:
        tx.connection.execute(
            text("UPDATE member SET presence = 'on_shift', seen_at = :now, extension = '102' WHERE id = :id"),
            {"now": tx.now, "id": petr.id},
        )
        queue = tx.connection.execute(text("SELECT id FROM queue LIMIT 1")).scalar_one()
        tx.connection.execute(
            text(
                "INSERT INTO queue_member (queue_id, member_id, position, weight) VALUES (:queue, :id, 5, 1)"
            ),
            {"queue": queue, "id": petr.id},
        )

    await office.house.gateway.database.write(arrive)
    answer = await other.ask(MARIA)
    await other.stop()
    assert answer.status == 200
    assert '"responsible":"102"' in answer.body
    assert await office.one("SELECT count(*) FROM envelope WHERE state = 0") == 0, (
        "a question is kept by nobody"
    )
