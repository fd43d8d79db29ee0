"""What somebody was told stays until they have read it, and is nobody else's."""

from __future__ import annotations

from tests.gateway.api.house import House


async def test_a_mention_is_kept_told_live_and_read_once(house: House) -> None:
    ref = await house.hears("anna")
    ira = await house.person("operator", name="Ira")
    note = {"id": "01890000-0000-7000-8000-000000000001", "text": "@Ira look", "mentions": [ira.id]}
    async with ira.live() as line:
        await house.admin.post(f"/conversations/{ref}/notes", note)
        told = await line.next("notification")
        assert told["patch"]["code"] == "mention"
        found = await ira.get("/notices")
        assert (found["unread"], found["next"]) == (1, None)
        one = found["items"][0]
        assert (one["code"], one["conversation_id"], one["read"]) == ("mention", ref, False) and one["name"]
        answer = await house.admin.call("POST", "/notices/read", {"ids": [one["id"]]})
        assert answer.status == 204
        assert (await ira.get("/notices"))["unread"] == 1, "somebody else's reading is not one's own"
        await ira.call("POST", "/notices/read", {"ids": None})
        await line.next("notices.read")
    found = await ira.get("/notices")
    assert (found["unread"], [one["read"] for one in found["items"]]) == (0, [True])
    others = (await house.admin.get("/notices"))["items"]
    assert all(one["code"] != "mention" for one in others), "a mention is for whom it names"
