"""What people keep at hand is theirs, or everybody's by those who set the company up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.api.house import House, Person

HELLO = {"code": "/Привет", "title": "Приветствие", "text": "Здравствуйте, {{имя}}!"}


async def codes(person: Person) -> list[str]:
    return [one["code"] for one in (await person.get("/canned"))["items"]]


async def take_back(person: Person, answer: dict[str, Any]) -> Any:
    how = answer["undo"]
    return await person.call(how["method"], how["path"].removeprefix("/api/v1"), how["body"])


async def removed(person: Person, path: str) -> dict[str, Any]:
    answer = await person.call("DELETE", path)
    assert answer.status == 200
    found: dict[str, Any] = answer.json
    return found


async def test_ones_own_texts_are_seen_by_nobody_else(house: House) -> None:
    ira, petr = await house.person("operator"), await house.person("operator")
    made = await ira.post("/canned", HELLO)
    assert (made["code"], made["shared"], made["editable"], made["uses"]) == ("привет", False, True, 0)
    assert (await codes(ira), await codes(petr)) == (["привет"], [])
    for method, path in (("PATCH", ""), ("DELETE", ""), ("POST", "/used"), ("POST", "/restore")):
        answer = await petr.call(method, f"/canned/{made['id']}{path}", {} if method != "DELETE" else None)
        assert (answer.status, answer.code) == (404, "not_found"), method


async def test_everybodys_texts_are_changed_only_by_those_who_may(house: House) -> None:
    ira, head = await house.person("operator"), await house.person("head")
    refused = await ira.call("POST", "/canned", {**HELLO, "shared": True})
    assert (refused.status, refused.json["params"]["permission"]) == (403, "company.edit")
    made = await head.post("/canned", {**HELLO, "shared": True})
    assert (await ira.get("/canned"))["items"][0]["editable"] is False
    assert (await ira.call("PATCH", f"/canned/{made['id']}", {"text": "x"})).status == 403
    changed = await head.patch(f"/canned/{made['id']}", {"text": "Добрый день, {{имя}}!"})
    assert changed["text"] == "Добрый день, {{имя}}!"


async def test_a_code_names_one_text_of_its_owner(house: House) -> None:
    ira = await house.person("operator")
    first = await ira.post("/canned", HELLO)
    again = await ira.call("POST", "/canned", HELLO)
    assert (again.status, again.code) == (409, "code_taken")
    second = await ira.post("/canned", {**HELLO, "code": "пока"})
    assert (await ira.call("PATCH", f"/canned/{second['id']}", {"code": "привет"})).code == "code_taken"
    gone = await removed(ira, f"/canned/{first['id']}")
    await ira.patch(f"/canned/{second['id']}", {"code": "привет"})
    assert (await take_back(ira, gone)).json["code"] == "code_taken"


@pytest.mark.parametrize("code", ["", "/", "a b", "x" * 41, "<b>"])
async def test_a_code_is_one_word(house: House, code: str) -> None:
    ira = await house.person("operator")
    answer = await ira.call("POST", "/canned", {**HELLO, "code": code})
    assert (answer.status, answer.code) == (422, "bad_request")
    assert await codes(ira) == []


async def test_a_removed_text_comes_back_as_it_was(house: House) -> None:
    ira = await house.person("operator")
    made = await ira.post("/canned", HELLO)
    gone = await removed(ira, f"/canned/{made['id']}")
    assert await codes(ira) == []
    assert (await ira.call("PATCH", f"/canned/{made['id']}", {"text": "x"})).status == 404
    assert (await take_back(ira, gone)).json == made


async def test_the_texts_one_uses_most_stand_first(house: House) -> None:
    ira, petr = await house.person("operator"), await house.person("operator")
    for code in ("a", "b", "c"):
        await house.admin.post("/canned", {**HELLO, "code": code, "shared": True})
    refs = {one["code"]: one["id"] for one in (await ira.get("/canned"))["items"]}
    for code in ("c", "c", "b"):
        assert (await ira.call("POST", f"/canned/{refs[code]}/used", {})).status == 204
    assert await codes(ira) == ["c", "b", "a"]
    assert await codes(petr) == ["a", "b", "c"]


async def test_a_list_is_kept_shared_renamed_and_taken_back(house: House) -> None:
    ira = await house.person("operator")
    wish = {
        "name": "ВК без ответа",
        "filter": {"view": "unanswered", "order": "longest", "source": "s1", "q": ""},
    }
    mine = await ira.post("/views", wish)
    assert (mine["filter"], mine["shared"]) == (wish["filter"], False)
    shared = await house.admin.post("/views", {**wish, "name": "Все долгие", "shared": True})
    assert [one["name"] for one in (await ira.get("/views"))["items"]] == ["Все долгие", "ВК без ответа"]
    assert [one["name"] for one in (await house.admin.get("/views"))["items"]] == ["Все долгие"]
    assert (await ira.call("PATCH", f"/views/{shared['id']}", {"name": "x"})).status == 403
    assert (await house.admin.call("PATCH", f"/views/{mine['id']}", {"name": "x"})).status == 404
    assert (await ira.patch(f"/views/{mine['id']}", {"name": "ВК"}))["name"] == "ВК"
    gone = await removed(ira, f"/views/{mine['id']}")
    assert len((await ira.get("/views"))["items"]) == 1
    assert (await take_back(ira, gone)).json["name"] == "ВК"


async def test_what_was_removed_a_week_ago_is_gone_for_good(house: House) -> None:
    from storage import ready

    made = await house.admin.post("/canned", HELLO)
    await removed(house.admin, f"/canned/{made['id']}")
    assert await house.gateway.database.write(ready.sweep) == 0
    week_ago = house.gateway.now() - ready.KEPT - 1
    await house.gateway.database.write(_removed_at, week_ago)
    assert await house.gateway.database.write(ready.sweep) == 1
    assert (await house.admin.call("POST", f"/canned/{made['id']}/restore", {})).status == 404


def _removed_at(tx: Any, at: int) -> None:
    from sqlalchemy import text

    tx.connection.execute(text("UPDATE canned SET removed_at = :at"), {"at": at})
