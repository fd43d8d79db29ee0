"""A person's own account is lent, not their private life: who and when is seen, what is not, until they say «a client»."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from tests.gateway.api.house import House


async def lent(house: House) -> str:
    """A conversation of which nobody knows yet whether it is private."""
    ref = await house.hears()

    def veil(tx: Any) -> int:
        for table, key in (("conversation", "id"), ("message", "conversation_id")):
            tx.connection.execute(
                text(f"UPDATE {table} SET nature = 'personal' WHERE {key} = :id"), {"id": ref}
            )
        return 0

    await house.gateway.database.write(veil)
    return ref


async def words(house: House, ref: str) -> list[str]:
    items = (await house.admin.get(f"/conversations/{ref}/messages"))["items"]
    return [item["text"] for item in items if item["kind"] == "text"]


async def test_until_somebody_says_so_only_who_and_when_is_seen(house: House) -> None:
    ref = await lent(house)
    rows = (await house.admin.get("/conversations?view=personal"))["rows"]
    assert [(row["id"], row["last"]["text"]) for row in rows] == [(ref, "")]
    assert (await house.admin.get("/conversations?view=all"))["rows"] == []
    assert await words(house, ref) == [""]


async def test_a_client_after_all_is_read_and_waits_for_an_answer(house: House) -> None:
    ref = await lent(house)
    changed = await house.admin.post(f"/conversations/{ref}/nature", {"nature": "client"})
    assert (changed["row"]["nature"], changed["row"]["unanswered"]) == ("client", True)
    assert await words(house, ref) != [""]


async def test_what_is_private_is_erased_for_good(house: House) -> None:
    ref = await lent(house)
    await house.admin.post(f"/conversations/{ref}/nature", {"nature": "personal"})
    assert await words(house, ref) == [""]
    kept = await house.rows("SELECT text, stems, content FROM message WHERE conversation_id = :id", id=ref)
    assert [(row.text, row.stems, row.content) for row in kept] == [("", "", "{}")]
    bodies = await house.rows(
        "SELECT e.body, e.erased_by FROM envelope e JOIN message m ON m.envelope_id = e.id"
        " WHERE m.conversation_id = :id",
        id=ref,
    )
    assert bodies and all(row.body is None and row.erased_by is not None for row in bodies)
    assert (await house.admin.get("/conversations?view=personal"))["rows"] == []


async def test_a_label_becomes_a_link_and_an_odd_one_is_refused(house: House) -> None:
    await house.hears()
    found = await house.admin.get(f"/sources/{house.source_id}/link?label=spring_26")
    assert set(found) == {"url"}
    refused = await house.admin.call("GET", f"/sources/{house.source_id}/link?label=%3Cb%3E")
    assert (refused.status, refused.code) == (422, "bad_request")
