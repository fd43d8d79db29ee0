"""A company has its people; who sees only their own clients does not see everybody of a company."""

from __future__ import annotations

from tests.gateway.api.house import House
from tests.gateway.api.test_attaching import contact_of


async def test_a_company_has_its_people_and_their_roles(house: House) -> None:
    anna = await contact_of(house, await house.hears("anna"))
    made = await house.admin.post("/companies", {"name": " Ромашка ", "fields": {"inn": "7700000000"}})
    assert (made["name"], made["fields"], made["people"]) == ("Ромашка", {"inn": "7700000000"}, [])
    path = f"/contacts/{anna}/companies/{made['id']}"
    await house.admin.put(path, {"role": "accountant"})
    await house.admin.put(path, {"role": "director"})
    card = await house.admin.get(f"/companies/{made['id']}")
    assert [(one["id"], one["role"]) for one in card["people"]] == [(anna, "director")]
    assert [one["name"] for one in (await house.admin.get(f"/contacts/{anna}/companies"))["items"]] == [
        "Ромашка"
    ]
    changed = await house.admin.patch(f"/companies/{made['id']}", {"fields": {"inn": None, "site": "r.ru"}})
    assert changed["fields"] == {"site": "r.ru"}
    found = (await house.admin.get("/companies?words=ромаш&limit=1"))["items"]
    assert [(one["id"], one["people"]) for one in found] == [(made["id"], 1)]
    manager = await house.person("manager")
    assert (await manager.call("GET", "/companies")).status == 403
    assert (await manager.call("GET", f"/companies/{made['id']}")).status == 403
    assert (await manager.call("PUT", path, {"role": "x"})).status == 404
    assert (await house.admin.call("DELETE", path)).status == 204
    assert (await house.admin.call("DELETE", path)).status == 404
    for wrong in ({}, {"name": "x", "fields": {"": 1}}):
        assert (await house.admin.call("POST", "/companies", wrong)).status == 422
