"""Whom we want to hear nothing of is kept, and disturbs nobody; and is heard again at one tap."""

from __future__ import annotations

from tests.gateway.api.house import House
from tests.gateway.api.test_attaching import contact_of


async def test_a_blocked_client_is_kept_out_of_the_queue_and_comes_back(house: House) -> None:
    ref = await house.hears("anna", "A table")
    anna = await contact_of(house, ref)
    act = await house.admin.post(f"/contacts/{anna}/block", {"blocked": True})
    assert act["undo"] is not None
    assert all(one["blocked"] for one in (await house.admin.get(f"/contacts/{anna}"))["identities"])
    assert await house.hears("anna", "Answer me!") == ref
    for view, seen in (("unanswered", []), ("all", []), ("spam", []), ("blocked", [ref])):
        rows = (await house.admin.get(f"/conversations?view={view}"))["rows"]
        assert [row["id"] for row in rows] == seen, view
    said = await house.rows("SELECT nature FROM message WHERE conversation_id = :id ORDER BY at, id", id=ref)
    assert [row.nature for row in said] == ["client", "blocked"], "what they write is kept"
    assert not await house.rows("SELECT id FROM deal WHERE open = 1"), (
        "nobody is asked about their lead any more"
    )
    await house.admin.post(f"/contacts/{anna}/block", {"blocked": False})
    await house.hears("anna", "Thank you")
    rows = (await house.admin.get("/conversations?view=unanswered"))["rows"]
    assert [row["id"] for row in rows] == [ref]
    assert len(await house.rows("SELECT id FROM deal WHERE open = 1")) == 1


async def test_a_block_is_taken_back_exactly(house: House) -> None:
    ref = await house.hears("anna", "A table")
    anna = await contact_of(house, ref)
    sql = "SELECT nature, state, waiting_since, due_at FROM conversation"
    before = [tuple(row) for row in await house.rows(sql)]
    act = await house.admin.post(f"/contacts/{anna}/block", {"blocked": True})
    undo = act["undo"]
    path = undo["path"].removeprefix("/api/v1")
    await house.admin.call(undo["method"], path, undo["body"])
    assert [tuple(row) for row in await house.rows(sql)] == before
    assert not any(one["blocked"] for one in (await house.admin.get(f"/contacts/{anna}"))["identities"])
    assert len(await house.rows("SELECT id FROM deal WHERE open = 1")) == 1


async def test_one_address_of_somebody_else_is_not_ones_own_to_block(house: House) -> None:
    anna = await contact_of(house, await house.hears("anna"))
    wrong = await house.admin.call(
        "POST", f"/contacts/{anna}/block", {"blocked": True, "identity_id": "nobody"}
    )
    assert (wrong.status, wrong.code) == (404, "not_found")
