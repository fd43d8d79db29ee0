"""What people do with conversations, and how each act is taken back."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from gateway import clock
from gateway.rules import setup_of
from routing.schedule import add_working
from routing.times import HOUR
from tests.gateway.api import paper
from tests.gateway.api.house import PATIENCE, House


async def undo(house: House, answer: dict[str, Any]) -> Any:
    how = answer["undo"]
    assert how["path"].startswith("/api/v1/")
    return await house.admin.call(how["method"], how["path"].removeprefix("/api/v1"), how["body"])


async def row_of(house: House, conversation_id: str) -> dict[str, Any]:
    row: dict[str, Any] = (await house.admin.get(f"/conversations/{conversation_id}"))["row"]
    return row


STANDING = ("state", "waiting_since", "deadline_at", "snoozed_until", "unanswered", "nature")


@pytest.mark.parametrize(
    "wish",
    [{"state": "waiting"}, {"state": "closed", "why": "elsewhere"}, {"state": "snoozed", "until": 2**52}],
)
async def test_a_state_is_set_and_taken_back_exactly(house: House, wish: dict[str, Any]) -> None:
    conversation_id = await house.hears("anna")
    before = await row_of(house, conversation_id)
    changed = await house.admin.post(f"/conversations/{conversation_id}/state", wish)
    assert changed["row"]["state"] == wish["state"]
    assert (await undo(house, changed)).status == 200
    after = await row_of(house, conversation_id)
    assert {name: after[name] for name in STANDING} == {name: before[name] for name in STANDING}


async def test_what_happened_meanwhile_is_not_undone_over(house: House) -> None:
    conversation_id = await house.hears("anna")
    changed = await house.admin.post(
        f"/conversations/{conversation_id}/state", {"state": "closed", "why": "no_answer"}
    )
    await house.hears("anna", "one more thing")
    assert (await undo(house, changed)).code == "not_now"
    assert (await row_of(house, conversation_id))["state"] == "open"


async def test_closing_an_unanswered_one_asks_why(house: House) -> None:
    conversation_id = await house.hears("anna")
    answer = await house.admin.call("POST", f"/conversations/{conversation_id}/state", {"state": "closed"})
    assert (answer.status, answer.json["params"]) == (409, {"reason": "unanswered"})
    past = {"state": "snoozed", "until": house.gateway.now() - HOUR}
    answer = await house.admin.call("POST", f"/conversations/{conversation_id}/state", past)
    assert (answer.status, answer.json["params"]["field"]) == (422, "until")


async def test_a_colleagues_act_is_not_ones_own_to_undo(house: House) -> None:
    conversation_id = await house.hears("anna")
    operator = await house.person("operator")
    changed = await operator.post(f"/conversations/{conversation_id}/state", {"state": "waiting"})
    assert (await undo(house, changed)).status == 404


async def test_assigning_tells_the_timeline_and_can_be_taken_back(house: House) -> None:
    conversation_id = await house.hears("anna")
    operator = await house.person("operator", name="Olya")
    body = {"member_id": operator.id, "comment": "yours"}
    changed = await house.admin.post(f"/conversations/{conversation_id}/assignee", body)
    assert changed["row"]["assignee"] == {"id": operator.id, "name": "Olya"}
    items = (await house.admin.get(f"/conversations/{conversation_id}/messages"))["items"]
    assert [item["kind"] for item in items[-2:]] == ["note", "system"]
    assert items[-1]["system"]["code"] == "assigned"
    assert items[-1]["system"]["to"] == "Olya"
    assert (await undo(house, changed)).json["row"]["assignee"] is None
    answer = await house.admin.call(
        "POST", f"/conversations/{conversation_id}/assignee", {"member_id": clock.new_id()}
    )
    assert (answer.status, answer.code) == (422, "bad_request")


async def test_spam_is_out_of_the_way_and_comes_back(house: House) -> None:
    conversation_id = await house.hears("anna")
    changed = await house.admin.post(f"/conversations/{conversation_id}/nature", {"nature": "spam"})
    assert changed["row"]["nature"] == "spam"
    assert (await house.admin.get("/conversations"))["rows"] == []
    assert [row["id"] for row in (await house.admin.get("/conversations?view=spam"))["rows"]] == [
        conversation_id
    ]
    assert (await undo(house, changed)).json["row"]["nature"] == "client"


async def test_whom_we_answer_is_no_spammer_any_more(house: House) -> None:
    conversation_id = await house.hears("anna", "Скидка на окна")
    await house.admin.post(f"/conversations/{conversation_id}/nature", {"nature": "spam"})
    await house.admin.post(
        f"/conversations/{conversation_id}/messages",
        {"id": clock.new_id(), "text": "Какие окна?", "hold_ms": 0},
    )
    (row,) = await house.rows(
        "SELECT c.nature, i.spam FROM conversation c JOIN identity i ON i.id = c.identity_id"
    )
    assert tuple(row) == ("client", 0)
    await house.hears("anna", "Пластиковые")
    rows = (await house.admin.get("/conversations?view=unanswered"))["rows"]
    assert [row["id"] for row in rows] == [conversation_id], "their answer is no spam"
    assert await house.rows("SELECT id FROM deal WHERE open = 1")


@pytest.mark.parametrize("engine_kind", ["postgres"], indirect=True)  # SQLite has one writer
async def test_what_is_offered_in_the_moment_it_is_called_spam_is_offered_to_nobody(house: House) -> None:
    conversation_id = await house.hears("anna")
    router = await asyncpg.connect(house.gateway.database.url.replace("+asyncpg", ""))
    async with router.transaction():
        deal_id = await router.fetchval("SELECT id FROM deal WHERE open = 1 FOR UPDATE")
        spam = asyncio.create_task(
            house.admin.post(f"/conversations/{conversation_id}/nature", {"nature": "spam"})
        )
        await asyncio.sleep(0.3)
        await router.execute(
            "INSERT INTO offer (id, deal_id, member_id, rung, state, offered_at, expires_at)"
            " VALUES ('late', $1, $2, 7, 'open', 1, 9000000000000000)",
            deal_id, house.admin.id,
        )  # fmt: skip
        await router.execute("UPDATE deal SET waiting = 'offered' WHERE id = $1", deal_id)
    await router.close()
    await spam
    assert [tuple(row) for row in await house.rows("SELECT state FROM offer WHERE id = 'late'")] == [
        ("withdrawn",)
    ]
    assert [tuple(row) for row in await house.rows("SELECT waiting, open FROM deal")] == [("", 0)]


async def test_every_act_is_written_down_without_words(house: House) -> None:
    conversation_id = await house.hears("anna", "a private word")
    await house.admin.post(f"/conversations/{conversation_id}/state", {"state": "waiting"})
    await house.admin.post(f"/conversations/{conversation_id}/nature", {"nature": "spam"})
    contact = (await house.admin.get(f"/conversations/{conversation_id}"))["contact"]["id"]
    await house.admin.patch(f"/contacts/{contact}", {"name": "A New Name"})
    rows = await house.rows("SELECT action, member_id, facts FROM audit_log ORDER BY at, id")
    actions = [row.action for row in rows]
    for action in ("conversation.waiting", "conversation.nature", "contact.rename"):
        assert action in actions
    assert {row.member_id for row in rows if row.action.startswith("conversation.")} == {house.admin.id}
    assert "private word" not in str([row.facts for row in rows])
    assert "A New Name" not in str([row.facts for row in rows])


# --- moving --------------------------------------------------------------------------------------------------------


async def deals_of(house: House) -> dict[str, str | None]:
    """text -> the number of its deal."""
    rows = await house.rows(
        "SELECT m.text, d.number FROM message m LEFT JOIN deal d ON d.id = m.deal_id WHERE m.direction = 'in'"
    )
    return {row.text: row.number for row in rows}


async def three(house: House) -> tuple[str, list[dict[str, Any]]]:
    conversation_id = ""
    for place in range(3):
        conversation_id = await house.hears("anna", str(place), ago=(5 - place) * 1_000_000)
    items = (await house.admin.get(f"/conversations/{conversation_id}/messages"))["items"]
    return conversation_id, items


async def test_moving_one_message_pins_nothing_and_is_taken_back_whole(house: House) -> None:
    conversation_id, items = await three(house)
    before = await deals_of(house)
    moved = await house.admin.post(f"/messages/{items[0]['id']}/deal", {"deal_id": None, "scope": "one"})
    assert moved["item"]["deal"]["id"] != items[0]["deal"]["id"]
    now = await deals_of(house)
    assert now["0"] != before["0"]
    assert (now["1"], now["2"]) == (before["1"], before["2"])
    assert (await row_of(house, conversation_id))["deal"]["pinned"] is False
    assert (await undo(house, moved)).status == 200
    assert await deals_of(house) == before
    assert len(await house.rows("SELECT 1 FROM deal")) == 1


async def test_moving_this_and_the_following_pins_later_ones_too(house: House) -> None:
    conversation_id, items = await three(house)
    moved = await house.admin.post(
        f"/messages/{items[1]['id']}/deal", {"deal_id": None, "scope": "following"}
    )
    made = moved["item"]["deal"]
    await house.hears("anna", "later")
    now = await deals_of(house)
    assert now["0"] != made["number"]
    assert {now["1"], now["2"], now["later"]} == {made["number"]}
    row = await row_of(house, conversation_id)
    assert (row["deal"]["id"], row["deal"]["pinned"]) == (made["id"], True)


async def test_a_whole_conversation_moves_and_comes_back(house: House) -> None:
    conversation_id, items = await three(house)
    before = await deals_of(house)
    moved = await house.admin.post(
        f"/messages/{items[2]['id']}/deal", {"deal_id": None, "scope": "conversation"}
    )
    assert len(set((await deals_of(house)).values())) == 1
    assert (await deals_of(house)) != before
    assert (await undo(house, moved)).status == 200
    assert await deals_of(house) == before
    row = await row_of(house, conversation_id)
    assert (row["deal"]["id"], row["deal"]["pinned"]) == (items[0]["deal"]["id"], False)
    assert (await undo(house, moved)).code == "not_now"


async def test_a_client_of_a_moved_message_is_a_party_until_it_goes_back(house: House) -> None:
    await house.hears("anna")
    other = await house.hears("boris", "about anna's order")
    deal = (await house.admin.get("/conversations?q=anna"))["rows"][0]["deal"]["id"]
    item = (await house.admin.get(f"/conversations/{other}/messages"))["items"][0]
    contact = (await house.admin.get(f"/conversations/{other}"))["contact"]["id"]
    moved = await house.admin.post(f"/messages/{item['id']}/deal", {"deal_id": deal, "scope": "one"})
    assert deal in [one["id"] for one in (await house.admin.get(f"/contacts/{contact}"))["deals"]]
    await undo(house, moved)
    assert deal not in [one["id"] for one in (await house.admin.get(f"/contacts/{contact}"))["deals"]]


async def test_two_who_move_the_same_message_leave_it_on_one_deal(house: House) -> None:
    _, items = await three(house)
    body = {"deal_id": None, "scope": "conversation"}
    answers = await asyncio.gather(
        *(house.admin.call("POST", f"/messages/{items[0]['id']}/deal", body) for _ in range(4))
    )
    assert [answer.status for answer in answers] == [200] * 4
    assert len(set((await deals_of(house)).values())) == 1


async def test_a_pin_holds_later_messages_and_is_lifted(house: House) -> None:
    conversation_id, items = await three(house)
    moved = await house.admin.post(f"/messages/{items[0]['id']}/deal", {"deal_id": None, "scope": "one"})
    wanted = moved["item"]["deal"]
    pinned = await house.admin.put(f"/conversations/{conversation_id}/pin", {"deal_id": wanted["id"]})
    assert pinned["row"]["deal"]["pinned"] is True
    await house.hears("anna", "pinned word")
    assert (await deals_of(house))["pinned word"] == wanted["number"]
    lifted = await house.admin.put(f"/conversations/{conversation_id}/pin", {"deal_id": None})
    assert lifted["row"]["deal"]["pinned"] is False


# --- writing -------------------------------------------------------------------------------------------------------


def answer_of(text: str, **more: Any) -> dict[str, Any]:
    return {"id": clock.new_id(), "text": text, "hold_ms": 0, **more}


async def test_an_answer_leaves_and_the_row_waits_for_the_client(house: House) -> None:
    conversation_id = await house.hears("anna")
    body = answer_of("good day")
    sent = await house.admin.post(f"/conversations/{conversation_id}/messages", body)
    assert sent["items"][0]["id"] == body["id"]
    assert sent["items"][0]["mine"] is True
    async with asyncio.timeout(PATIENCE):
        while not paper.Paper.sent:
            await asyncio.sleep(0.01)
    assert paper.Paper.sent[0].text == "good day"
    row = await row_of(house, conversation_id)
    assert (row["state"], row["unanswered"], row["last"]["author"]) == ("waiting", False, "me")
    again = await house.admin.post(f"/conversations/{conversation_id}/messages", body)
    assert again["items"][0]["id"] == body["id"]
    assert len(paper.Paper.sent) == 1


async def test_a_held_answer_is_taken_back_with_its_words(house: House) -> None:
    conversation_id = await house.hears("anna")
    before = await row_of(house, conversation_id)
    body = {"id": clock.new_id(), "text": "a mistake"}
    sent = await house.admin.post(f"/conversations/{conversation_id}/messages", body)
    assert sent["not_before"] > house.gateway.now()
    assert sent["items"][0]["may"][:1] == ["undo"]
    async with house.admin.live() as line:
        answer = await house.admin.call("DELETE", f"/messages/{body['id']}")
        assert answer.json == {"left": False, "text": "a mistake", "files": []}
        await line.next("message.remove", body["id"])
    after = await row_of(house, conversation_id)
    assert {name: after[name] for name in STANDING} == {name: before[name] for name in STANDING}
    assert after["last"]["text"] == before["last"]["text"]
    items = (await house.admin.get(f"/conversations/{conversation_id}/messages"))["items"]
    assert [item["id"] for item in items if item["direction"] == "out"] == []


async def test_a_closed_window_refuses_and_keeps_the_draft(house: House) -> None:
    conversation_id = await house.hears("anna", ago=25 * HOUR)
    await house.admin.put(f"/drafts/{conversation_id}/reply", {"text": "too late", "version": 0})
    operator = await house.person("operator")
    answer = await operator.call("POST", f"/conversations/{conversation_id}/messages", answer_of("too late"))
    assert (answer.status, answer.code) == (409, "window_closed")
    assert answer.json["params"]["closed_at"] < house.gateway.now()
    assert (await house.admin.get(f"/drafts/{conversation_id}/reply"))["text"] == "too late"
    row = await row_of(house, conversation_id)
    assert (row["window"]["state"], row["window"]["may_override"]) == ("closed", True)


async def test_only_holders_of_the_right_write_past_the_window_with_a_reason(house: House) -> None:
    conversation_id = await house.hears("anna", ago=25 * HOUR)
    operator = await house.person("operator")
    path, body = f"/conversations/{conversation_id}/messages", answer_of("anyway", override_reason="promised")
    assert (await operator.call("POST", path, body)).status == 403
    assert (await house.admin.call("POST", path, body)).status == 201
    rows = await house.rows("SELECT member_id FROM audit_log WHERE action = 'window.override'")
    assert [row.member_id for row in rows] == [house.admin.id]


async def test_a_colleagues_answer_stops_a_stale_one(house: House) -> None:
    conversation_id = await house.hears("anna")
    seen = (await house.admin.get(f"/conversations/{conversation_id}/messages"))["items"][-1]["id"]
    operator = await house.person("operator", name="Olya")
    await operator.post(f"/conversations/{conversation_id}/messages", answer_of("I was faster"))
    path, body = f"/conversations/{conversation_id}/messages", answer_of("me too", last_seen=seen)
    answer = await house.admin.call("POST", path, body)
    assert (answer.status, answer.code) == (409, "stale_context")
    assert answer.json["params"]["author"] == "Olya"
    assert (await house.admin.call("POST", path, {**body, "anyway": True})).status == 201


async def test_a_failed_answer_says_why_and_is_tried_again(house: House) -> None:
    conversation_id = await house.hears("anna")
    body = answer_of("please refuse")
    async with house.admin.live() as line:
        await house.admin.post(f"/conversations/{conversation_id}/messages", body)
        while (failed := await line.next("message.upsert", body["id"]))["patch"]["state"] != "failed":
            pass
    assert failed["patch"]["reason"] == "refused_by_test"
    assert "retry" in failed["patch"]["may"]
    async with house.admin.live() as line:
        again = await house.admin.post(f"/messages/{body['id']}/retry")
        assert again["state"] in ("queued", "sending", "failed")  # the sender may have been as quick as we
        while (failed := await line.next("message.upsert", body["id"]))["patch"]["state"] != "failed":
            pass
    assert failed["patch"]["reason"] == "refused_by_test"


@pytest.mark.parametrize(
    "wrong", ["", "x", "0197e000-0000-4000-8000-000000000000", "0197E000-0000-7000-8000-00000000000"]
)
async def test_an_id_that_is_no_uuid7_is_refused(house: House, wrong: str) -> None:
    conversation_id = await house.hears("anna")
    for path in ("messages", "notes"):
        answer = await house.admin.call(
            "POST", f"/conversations/{conversation_id}/{path}", {"id": wrong, "text": "x"}
        )
        assert (answer.status, answer.json["params"]["field"]) == (422, "id")


async def test_an_id_in_use_elsewhere_does_not_answer_for_it(house: House) -> None:
    """The same id again is the same answer only in the same conversation, by the same person."""
    anna, boris = await house.hears("anna"), await house.hears("boris")
    body = answer_of("to anna")
    await house.admin.post(f"/conversations/{anna}/messages", body)
    operator = await house.person("operator")
    answer = await operator.call("POST", f"/conversations/{boris}/messages", body)
    assert (answer.status, answer.code) == (422, "bad_request")
    note = await operator.call("POST", f"/conversations/{boris}/notes", {"id": body["id"], "text": "x"})
    assert (note.status, note.code) == (422, "bad_request")


async def test_a_note_is_for_colleagues_only(house: House) -> None:
    conversation_id = await house.hears("anna")
    body = {"id": clock.new_id(), "text": "call her back"}
    for _ in range(2):
        noted = await house.admin.post(f"/conversations/{conversation_id}/notes", body)
        assert (noted["items"][0]["kind"], noted["items"][0]["direction"]) == ("note", "none")
    assert (await row_of(house, conversation_id))["unanswered"] is True
    assert len(await house.rows("SELECT 1 FROM message WHERE kind = 'note'")) == 1
    assert paper.Paper.sent == []


async def test_drafts_are_kept_apart_and_conflicts_told(house: House) -> None:
    conversation_id = await house.hears("anna")
    path = f"/drafts/{conversation_id}/reply"
    assert (await house.admin.get(path))["version"] == 0
    first = await house.admin.put(path, {"text": "dear", "version": 0})
    assert (first["version"], first["mode"]) == (1, "reply")
    stale = await house.admin.call("PUT", path, {"text": "other device", "version": 0})
    assert (stale.status, stale.code, stale.json["params"]["version"]) == (409, "draft_conflict", 1)
    await house.admin.put(f"/drafts/{conversation_id}/note", {"text": "a note", "version": 0})
    operator = await house.person("operator")
    assert (await operator.get(path))["text"] == ""
    assert (await house.admin.get(path))["text"] == "dear"
    await house.admin.call("DELETE", path)
    assert (await house.admin.get(path))["text"] == ""
    assert (await house.admin.call("PUT", path, {"text": "dear", "version": 1})).code == "draft_conflict"
    await house.admin.post(f"/conversations/{conversation_id}/messages", answer_of("sent"))
    assert (await house.admin.get(f"/drafts/{conversation_id}/note"))["text"] == "a note"


async def test_a_draft_reaches_ones_other_tabs_only(house: House) -> None:
    conversation_id = await house.hears("anna")
    operator = await house.person("operator")
    async with house.admin.live() as mine, operator.live() as theirs:
        await house.admin.put(f"/drafts/{conversation_id}/note", {"text": "thinking", "version": 0})
        pushed = await mine.next("draft.upsert")
        assert (pushed["patch"]["text"], pushed["patch"]["mode"]) == ("thinking", "note")
        await house.admin.post(
            f"/conversations/{conversation_id}/notes", {"id": clock.new_id(), "text": "done"}
        )
        await theirs.next("message.upsert")
        assert "thinking" not in str(theirs.heard)


async def test_a_task_is_ticked_off_and_opened_again(house: House) -> None:
    conversation_id = await house.hears("anna")
    deal = (await row_of(house, conversation_id))["deal"]["id"]
    await house.admin.post(f"/deals/{deal}/take")
    contact = (await house.admin.get(f"/conversations/{conversation_id}"))["contact"]
    task = contact["tasks"][0]
    assert (await house.admin.patch(f"/tasks/{task['id']}", {"done": True}))["done_at"] is not None
    assert (await house.admin.get(f"/contacts/{contact['id']}"))["tasks"] == []
    assert (await house.admin.patch(f"/tasks/{task['id']}", {"done": False}))["done_at"] is None


async def test_decisions_are_read_back(house: House) -> None:
    conversation_id = await house.hears("anna")
    item = (await house.admin.get(f"/conversations/{conversation_id}/messages"))["items"][0]
    found = (await house.admin.get(f"/messages/{item['id']}/decisions"))["items"]
    assert found[0]["kind"] == "attach"
    assert (await house.admin.get(f"/decisions/{found[0]['id']}"))["rule"] == found[0]["rule"]
    dry = await house.admin.post("/routing/dry-run", {"source_id": house.source_id})
    assert dry["kind"] == "route"
    assert len(await house.rows("SELECT 1 FROM offer WHERE state = 'open'")) <= 1


async def test_who_is_opened_again_is_answered_by_the_sources_own_target(house: House) -> None:
    ref = await house.hears()
    answering = {"first_minutes": 45, "next_minutes": 90, "closed_reply": ""}
    await house.admin.patch(f"/sources/{house.source_id}", {"answering": answering})
    path = f"/conversations/{ref}/state"
    await house.admin.post(path, {"state": "waiting", "until": None, "why": None})
    await house.admin.post(path, {"state": "open", "until": None, "why": None})
    (row,) = await house.rows(
        "SELECT due_at, waiting_since, answered_at FROM conversation WHERE id = :id", id=ref
    )
    schedule = (await setup_of(house.gateway)).schedule
    wanted = (90 if row.answered_at else 45) * 60_000_000
    assert row.due_at == add_working(schedule, row.waiting_since, wanted)
