"""An unknown telephone system is taught by three test calls: caught, guessed, tried, switched on, rolled back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from tests.channels.telephony.test_guessing import EVERY
from tests.gateway.api.house import House

SYSTEM = "telphin"
COURSES = ("answered", "missed", "outgoing")
NUMBER = "8 916 123-45-67"


async def unknown_system(house: House) -> tuple[str, str]:
    """A source nobody knows how to read; its id and hook."""
    body = {"channel": "telephony", "name": "АТС", "settings": {"provider": "generic"}}
    made = await house.admin.post("/sources", body)
    await house.admin.post(f"/sources/{made['id']}/connect")
    return made["id"], "/" + made["hook_url"].partition("://")[2].partition("/")[2] if "://" in made[
        "hook_url"
    ] else made["hook_url"]


async def calls(house: House, hook: str, course: str, tail: str = "") -> None:
    """The system tells of one call."""
    for request in EVERY[SYSTEM, course].requests:
        form = {**request["form"], "CallID": request["form"]["CallID"] + tail}
        form["EventTime"] = str(house.gateway.now())
        async with house.http.post(house.base + hook, data=urlencode(form).encode()) as got:
            assert got.status == 200, await got.text()


async def trial(house: House, hook: str, kind: str) -> dict[str, Any]:
    since = house.gateway.now()
    await calls(house, hook, kind)
    return {"kind": kind, "number": NUMBER, "since": since, "until": house.gateway.now() + 1}


async def settled(house: House, count: int) -> Sequence[Any]:
    """The calls there are, once there are so many."""
    async with asyncio.timeout(30):
        while True:
            rows = await house.rows(
                "SELECT direction, state, outcome FROM phone_call WHERE state NOT IN ('ringing', 'answered')"
            )
            waiting = await house.rows("SELECT id FROM envelope WHERE state = 0")
            if len(rows) >= count and not waiting:
                return rows
            await asyncio.sleep(0.05)


async def test_three_calls_teach_and_the_next_one_is_read(whole_house: House) -> None:
    house = whole_house
    source, hook = await unknown_system(house)
    trials = [await trial(house, hook, kind) for kind in COURSES]
    learnt = await house.admin.post(f"/sources/{source}/learning", {"trials": trials})
    assert [one["problem"] for one in learnt["trials"]] == ["", "", ""]
    assert [one["call"]["direction"] for one in learnt["trials"]] == ["in", "in", "out"]
    assert {one["call"]["client"] for one in learnt["trials"]} == {"+79161234567"}
    assert await house.rows("SELECT 1 FROM message") == [], "test calls make nothing"

    design = await house.admin.get(f"/sources/{source}/design")
    draft = {"content": learnt["content"], "revision": design["revision"]}
    await house.admin.put(f"/sources/{source}/design/draft", draft)
    design = await house.admin.post(f"/sources/{source}/design/publish")
    assert design["number"] == 1
    await calls(house, hook, "answered", "-real")
    assert [tuple(row) for row in await settled(house, 1)] == [("in", "finished", "talk")]


async def test_a_worse_description_is_rolled_back(whole_house: House) -> None:
    house = whole_house
    source, hook = await unknown_system(house)
    trials = [await trial(house, hook, kind) for kind in COURSES]
    good = await house.admin.post(f"/sources/{source}/learning", {"trials": trials})
    lessons = orjson.loads(good["lessons"])
    events = next(path for path, target in lessons["fields"].items() if target == "event")
    lessons["meanings"][events]["answer"] = "ignore"
    lessons["fields"] = {path: what for path, what in lessons["fields"].items() if what != "outcome"}
    told = orjson.dumps(lessons).decode()
    worse = await house.admin.post(f"/sources/{source}/learning", {"trials": trials, "lessons": told})
    assert [one["problem"] for one in worse["trials"]] == ["not_answered", "", ""]
    for content in (good["content"], worse["content"]):
        revision = (await house.admin.get(f"/sources/{source}/design"))["revision"]
        await house.admin.put(f"/sources/{source}/design/draft", {"content": content, "revision": revision})
        await house.admin.post(f"/sources/{source}/design/publish")
    design = await house.admin.post(f"/sources/{source}/design/restore", {"number": 1})
    assert (design["number"], design["versions"][0]["restored_from"]) == (3, 1)
    await calls(house, hook, "answered", "-after")
    assert [tuple(row) for row in await settled(house, 1)] == [("in", "finished", "talk")]


async def test_values_are_for_those_who_may_read_and_secrets_for_nobody(whole_house: House) -> None:
    house = whole_house
    source, hook = await unknown_system(house)
    trials = [await trial(house, hook, "answered")]
    marketer = await house.person("marketer")
    seen = await marketer.post(f"/sources/{source}/learning", {"trials": trials})
    values = {
        leaf["value"] for one in seen["trials"] for request in one["requests"] for leaf in request["leaves"]
    }
    assert values == {"•••"}
    operator = await house.person("operator")
    asked = await operator.call("POST", f"/sources/{source}/learning", {"trials": trials})
    assert (asked.status, asked.code) == (403, "forbidden")


async def test_what_cannot_be_taught_is_refused_with_a_code(whole_house: House) -> None:
    house = whole_house
    source, _ = await unknown_system(house)
    bad = {"trials": [], "lessons": '{"fields": {"x": "nonsense"}}'}
    refused = await house.admin.call("POST", f"/sources/{source}/learning", bad)
    assert (refused.status, refused.code, refused.json["params"]["problem"]) == (
        422,
        "bad_settings",
        "mapping_bad_value",
    )
    known = {"channel": "telephony", "name": "Mango", "settings": {"provider": "itoolabs", "crm_token": "t"}}
    other = await house.admin.post("/sources", known)
    for way, path in (("POST", "learning"), ("GET", "design")):
        found = await house.admin.call(
            way, f"/sources/{other['id']}/{path}", {"trials": []} if way == "POST" else None
        )
        assert found.status == 404
    await house.admin.put(f"/sources/{source}/design/draft", {"content": "{}", "revision": 0})
    unsound = await house.admin.call("POST", f"/sources/{source}/design/publish", {})
    assert (unsound.status, unsound.code) == (422, "bad_design")
