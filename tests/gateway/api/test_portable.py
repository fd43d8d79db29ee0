"""A set-up goes into one readable file and comes out of it exactly; no secret goes along."""

from __future__ import annotations

from typing import Any

import orjson

from tests.gateway.api.house import House
from tests.gateway.api.paper import SECRET
from tests.gateway.api.test_attaching import change
from tests.gateway.api.test_routing import manager, publish, queue, rule, says


async def whole(house: House) -> bytes:
    answer = await house.admin.call("GET", "/setup-file")
    assert answer.status == 200
    return answer.body


async def test_what_was_exported_is_what_is_there_after_importing_it(house: House) -> None:
    petr = await manager(house, "Petr")
    mine = await queue(house, "Mine", petr)
    await house.connect()
    await publish(house, rule("1", mine, says("table")), rest=mine)
    await house.admin.post("/teams", {"name": "Sales", "head_id": petr.id, "members": [petr.id]})
    before = await whole(house)
    assert SECRET.encode() not in before and b"hook_key" not in before and b"password" not in before
    for sql in (
        "DELETE FROM queue_member", "UPDATE queue SET name = 'x'", "DELETE FROM team", "DELETE FROM plan",
        "UPDATE stage SET help = 'x', required = '[]'", "UPDATE source SET name = 'x'", "DELETE FROM pipeline",
    ):  # fmt: skip
        await change(house, sql)
    assert await whole(house) != before
    document: dict[str, Any] = orjson.loads(before)
    looked = await house.admin.post("/setup-file", {"document": document, "only_look": True})
    assert (looked["sections"]["queues"]["changed"], looked["sections"]["pipelines"]["new"]) == (2, 1)
    assert await whole(house) != before
    await house.admin.post("/setup-file", {"document": document})
    assert await whole(house) == before
    again = await house.admin.post("/setup-file", {"document": document})
    assert all(one["new"] == one["changed"] == 0 for one in again["sections"].values())


async def test_a_source_that_is_not_here_comes_as_a_draft_without_its_secrets(house: House) -> None:
    await house.connect()
    before = await whole(house)
    await change(house, "DELETE FROM source")
    await change(house, "DELETE FROM account")
    await house.admin.post("/setup-file", {"document": orjson.loads(before)})
    assert await whole(house) == before
    source = (await house.admin.get("/sources"))["items"][0]
    assert (source["id"], source["state"]) == (house.source_id, "draft")


async def test_a_file_of_another_form_is_refused_and_changes_nothing(house: House) -> None:
    before = await whole(house)
    document: dict[str, Any] = orjson.loads(before)
    for wrong in (
        {}, {**document, "format": 2}, {**document, "queues": "all"}, {**document, "queues": [{"id": "1"}]},
        {**document, "members": [{**document["members"][0], "roles": ["king"]}]},
        {**document, "queues": document["queues"] * 2},
    ):  # fmt: skip
        answer = await house.admin.call("POST", "/setup-file", {"document": wrong})
        assert (answer.status, answer.code) == (422, "bad_request"), wrong
        assert await whole(house) == before
