"""A deal's way: what is missing is asked before, everything is taken back, the head decides what is given up."""

from __future__ import annotations

from typing import Any

from routing.times import DAY, HOUR
from tests.gateway.api.house import House
from tests.gateway.api.test_attaching import change, contact_of, deal_of, undo


async def stages(house: House) -> dict[str, str]:
    pipeline = (await house.admin.get("/pipelines"))["items"][0]
    return {one["code"] or one["name"]: one["id"] for one in pipeline["stages"]}


async def owned(house: House, chat: str = "anna") -> tuple[str, str]:
    """A client's conversation and its lead, the admin's own."""
    ref = await house.hears(chat, "A table, please")
    deal = await deal_of(house, ref)
    await house.admin.post(f"/deals/{deal}/owner", {"member_id": house.admin.id})
    return ref, deal


async def move(house: House, deal: str, stage: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = await house.admin.post(f"/deals/{deal}/stage", {"stage_id": stage, **more})
    return found


async def test_a_move_asks_for_what_is_missing_and_changes_nothing_until_it_is_there(house: House) -> None:
    _, deal = await owned(house)
    at = await stages(house)
    asked = await move(house, deal, at["Обрабатываем запрос"])
    assert (asked["moved"], asked["obstacle"], asked["missing"]) == (False, "fields", ["requirements"])
    assert asked["deal"]["stage"] == "Новый лид" and asked["undo"] is None
    values = {"requirements": "height 2.65"}
    looked = await move(house, deal, at["Обрабатываем запрос"], values=values, only_look=True)
    assert (looked["moved"], looked["obstacle"], looked["deal"]["stage"]) == (False, "", "Новый лид")
    moved = await move(house, deal, at["Обрабатываем запрос"], values=values)
    assert moved["deal"]["stage"] == "Обрабатываем запрос"
    tasks = (await house.admin.get(f"/deals/{deal}/tasks"))["items"]
    assert [(task["kind"], task["title"], task["done_at"]) for task in tasks] == [
        ("stage", "Уточнить информацию и сделать предложение", None)
    ]
    history = (await house.admin.get(f"/deals/{deal}/history"))["items"]
    assert ("fields.requirements", None, "height 2.65") in [
        (one["field"], one["before"], one["after"]) for one in history
    ]
    assert await undo(house, moved) == 200
    back = await house.admin.get(f"/deals/{deal}")
    assert (back["stage"], (await house.admin.get(f"/deals/{deal}/tasks"))["items"]) == ("Новый лид", [])


async def test_a_stages_task_ends_with_its_stage_and_a_loss_wants_its_comment(house: House) -> None:
    _, deal = await owned(house)
    at = await stages(house)
    await move(house, deal, at["Обрабатываем запрос"], values={"requirements": "x"})
    asked = await move(house, deal, at["too_expensive"])
    assert (asked["obstacle"], asked["missing"]) == ("comment", ["comment"])
    lost = await move(house, deal, at["too_expensive"], comment="cheaper next door")
    assert lost["deal"]["stage_kind"] == "lost"
    tasks = (await house.admin.get(f"/deals/{deal}/tasks"))["items"]
    assert [(task["result"], task["done_at"] is not None) for task in tasks] == [("closed_with_stage", True)]
    again = await move(house, deal, at["other"], comment="x")
    assert again["obstacle"] == "closed"
    assert (await move(house, deal, at["Сделали предложение"]))["moved"] is True, (
        "a closed deal may be taken up"
    )


async def test_giving_up_for_silence_wants_three_attempts_and_the_head(house: House) -> None:
    ref, deal = await owned(house)
    at = await stages(house)
    silent = at["stopped_responding"]
    asked = await move(house, deal, silent)
    assert (asked["obstacle"], set(asked["attempts"]["missing"])) == (
        "attempts",
        {"attempts", "days", "channels"},
    )
    refused = await house.admin.call("POST", f"/deals/{deal}/approval", {"stage_id": silent})
    assert (refused.status, refused.code) == (409, "not_now")
    now = house.gateway.now()
    await change(house, "UPDATE message SET at = :at, received_at = :at", at=now - 9 * DAY)
    await change(house, "UPDATE stage_history SET at = :at", at=now - 9 * DAY)
    await change(house, "UPDATE deal SET created_at = :at", at=now - 9 * DAY)
    contact = await contact_of(house, ref)
    for days in (3, 2, 1):
        task = await house.admin.post("/tasks", {"title": "call", "contact_id": contact})
        await house.admin.post(f"/tasks/{task['id']}/done", {"result": "not_reached"})
        await change(
            house, "UPDATE task SET done_at = :at WHERE id = :id", at=now - days * DAY, id=task["id"]
        )
    asked = await move(house, deal, silent)
    assert (asked["obstacle"], len(asked["attempts"]["counted"])) == ("approval", 3)
    first = await house.admin.post(f"/deals/{deal}/approval", {"stage_id": silent})
    assert await house.admin.post(f"/deals/{deal}/approval", {"stage_id": silent}) == first
    listed = (await house.admin.get("/approvals"))["items"]
    assert [one["deal_id"] for one in listed] == [deal]
    decided = await house.admin.post(f"/approvals/{first['id']}", {"agree": True})
    assert decided["deal"]["stage_kind"] == "lost"
    again = await house.admin.call("POST", f"/approvals/{first['id']}", {"agree": False})
    assert again.code == "not_now"
    assert await undo(house, decided) == 200


async def test_a_client_who_writes_again_takes_the_heads_word_away(house: House) -> None:
    _, deal = await owned(house)
    silent = (await stages(house))["stopped_responding"]
    await change(
        house,
        "INSERT INTO approval (id, deal_id, stage_id, asked_at, state) VALUES ('a', :deal, :stage, :at, 'approved')",
        deal=deal, stage=silent, at=house.gateway.now() + HOUR,
    )  # fmt: skip
    assert (await move(house, deal, silent, only_look=True))["obstacle"] == ""
    await change(house, "UPDATE approval SET asked_at = 1")
    assert (await move(house, deal, silent))["obstacle"] == "attempts"


async def test_a_colleagues_change_is_told_not_overwritten(house: House) -> None:
    _, deal = await owned(house)
    await house.admin.patch(f"/deals/{deal}", {"values": {"amount": 9_000_000, "currency": "RUB"}})
    stale = await house.admin.call(
        "PATCH", f"/deals/{deal}", {"values": {"amount": 8_000_000}, "was": {"amount": None}}
    )
    assert (stale.status, stale.code, stale.json["params"]["value"]) == (409, "changed", "9000000")
    await house.admin.patch(f"/deals/{deal}", {"values": {"amount": 8_000_000}, "was": {"amount": 9_000_000}})
    for wrong in ({"amount": -1}, {"amount": "much"}, {"currency": "rubles"}):
        assert (await house.admin.call("PATCH", f"/deals/{deal}", {"values": wrong})).status == 422
    pipeline = (await house.admin.get("/pipelines"))["items"][0]["id"]
    columns = (await house.admin.get(f"/pipelines/{pipeline}/board"))["columns"]
    assert [(one["deals"], one["amount"], one["currency"]) for one in columns] == [(1, "80000.00", "RUB")]


async def test_a_task_that_repeats_comes_again_and_deals_without_one_are_seen(house: House) -> None:
    _, deal = await owned(house)
    work = await house.admin.get("/tasks")
    assert [one["id"] for one in work["without_task"]] == [deal]
    due = house.gateway.now() - HOUR
    made = await house.admin.post(
        "/tasks", {"title": "remind", "deal_id": deal, "due_at": due, "every": "week"}
    )
    work = await house.admin.get("/tasks")
    assert ([one["id"] for one in work["overdue"]], work["without_task"]) == ([made["id"]], [])
    done = await house.admin.post(f"/tasks/{made['id']}/done", {"result": "done"})
    later = (await house.admin.get("/tasks"))["later"]
    assert [(one["title"], one["due_at"]) for one in later] == [("remind", due + 7 * DAY)]
    assert await undo(house, done) == 200
    work = await house.admin.get("/tasks")
    assert ([one["id"] for one in work["overdue"]], work["later"]) == ([made["id"]], [])


async def test_pipelines_keep_a_beginning_and_an_end(house: House) -> None:
    made = (await house.admin.post("/pipelines", {"name": "Service"}))["items"][1]
    assert [one["kind"] for one in made["stages"]] == ["lead", "won", "lost"]
    first = made["stages"][0]["id"]
    refused = await house.admin.call("PATCH", f"/stages/{first}", {"archived": True})
    assert (refused.status, refused.json["params"]["reason"]) == (422, "needs_lead_won_lost")
    more = await house.admin.post(
        f"/pipelines/{made['id']}/stages",
        {"name": "Work", "kind": "open", "task_title": "do it", "task_minutes": 60, "required": ["amount"]},
    )
    ids = [one["id"] for one in more["items"][1]["stages"]]
    ordered = await house.admin.patch(f"/pipelines/{made['id']}", {"order": [ids[0], ids[3], ids[1], ids[2]]})
    assert [one["name"] for one in ordered["items"][1]["stages"]][1] == "Work"
    ref = await house.hears("anna", "hello")
    deal = await house.admin.post(
        "/deals",
        {"contact_id": await contact_of(house, ref), "title": "Repair", "pipeline_id": made["id"]},
    )
    assert (deal["stage"], deal["owner"]["id"]) == (made["stages"][0]["name"], house.admin.id)
    wrong = await move(house, deal["id"], (await stages(house))["too_expensive"], comment="x")
    assert wrong["obstacle"] == "other_pipeline"
