"""A link made for a deal brings who follows it into that deal, and nobody into another one."""

from __future__ import annotations

from typing import Any

import orjson

from routing.links import read
from tests.gateway.api.house import House
from tests.gateway.api.paper import SECRET
from tests.gateway.town import until


async def deal_of(house: House, ref: str) -> str:
    row = (await house.admin.get(f"/conversations/{ref}"))["row"]
    return str(row["deal"]["id"])


async def link_to(house: House, deal: str, label: str = "") -> str:
    """The payload of the link to a deal."""
    items = (await house.admin.post(f"/deals/{deal}/links", {"label": label}))["items"]
    assert [one["source"]["id"] for one in items] == [house.source_id]
    return str(items[0]["url"]).partition("code=")[2]


async def presses_start(house: House, chat: str, payload: str) -> None:
    """Somebody opens the chat by a link."""
    said = {"id": f"start-{chat}", "chat": chat, "start": payload, "at": house.gateway.now() - 2_000_000}
    async with house.http.post(
        house.base + house.hook, data=orjson.dumps(said), headers={"X-Paper": SECRET}
    ) as got:
        assert got.status == 200

    async def there() -> bool:
        return bool(await house.rows("SELECT id FROM conversation WHERE thread = :chat", chat=chat))

    await until(there)


async def decisions(house: House, ref: str) -> list[Any]:
    rows = await house.rows(
        "SELECT rule, record FROM decision WHERE conversation_id = :id AND kind = 'attach' ORDER BY id",
        id=ref,
    )
    return [(row.rule, orjson.loads(row.record)["facts"].get("evidence")) for row in rows]


async def test_who_follows_a_deal_s_link_speaks_in_that_deal_as_long_as_it_is_open(house: House) -> None:
    deal = await deal_of(house, await house.hears("anna", "A table, please"))
    payload = await link_to(house, deal, "invoice")
    await presses_start(house, "boris", payload)
    first = await house.hears("boris", "I am the accountant")
    again = await house.hears("boris", "Where is the invoice?")
    assert first == again
    assert await deal_of(house, first) == deal
    evidence = [{"kind": "deal_link", "deal": deal}]
    assert await decisions(house, first) == [("evidence", evidence), ("evidence", evidence)]
    assert len(await house.rows("SELECT id FROM deal")) == 1


async def test_the_campaign_is_the_label_and_the_token_is_shown_to_nobody(house: House) -> None:
    deal = await deal_of(house, await house.hears("anna", "A table, please"))
    payload = await link_to(house, deal, "invoice")
    await presses_start(house, "boris", payload)
    ref = await house.hears("vera", "Straight to it", campaign=payload)
    assert await deal_of(house, ref) == deal
    touches = await house.rows("SELECT campaign FROM touch WHERE campaign <> ''")
    assert [row.campaign for row in touches] == ["invoice", "invoice"]
    token = read(payload).token
    for table, column in (("message", "content"), ("conversation", "attribution"), ("touch", "attribution")):
        kept = await house.rows(f"SELECT {column} AS words FROM {table}")
        assert not [row for row in kept if token in str(row.words)], table
    bound = await house.admin.get(f"/sources/{house.source_id}/bindings")
    assert bound == {"items": []}


async def test_a_guessed_or_withdrawn_token_leads_to_no_deal_and_loses_nothing(house: House) -> None:
    deal = await deal_of(house, await house.hears("anna", "A table, please"))
    payload = await link_to(house, deal)
    guessed = payload[:-1] + ("A" if payload[-1] != "A" else "B")
    other = await house.hears("boris", "Hello", campaign=guessed)
    assert await deal_of(house, other) != deal
    gone = await house.admin.call("DELETE", f"/deals/{deal}/links")
    assert gone.status == 204
    third = await house.hears("vera", "Hello", campaign=payload)
    assert await deal_of(house, third) not in (deal, await deal_of(house, other))
    assert await link_to(house, deal) != payload


async def test_a_link_to_a_closed_deal_makes_a_lead_like_any_first_word(house: House) -> None:
    deal = await deal_of(house, await house.hears("anna", "A table, please"))
    payload = await link_to(house, deal, "invoice")

    def close(tx: Any) -> int:
        from sqlalchemy import text

        tx.connection.execute(text("UPDATE deal SET open = 0, closed_at = 1 WHERE id = :id"), {"id": deal})
        return 0

    await house.gateway.database.write(close)
    ref = await house.hears("boris", "Hello", campaign=payload)
    assert await deal_of(house, ref) != deal
    refused = await house.admin.call("POST", f"/deals/{deal}/links", {"label": ""})
    assert (refused.status, refused.code) == (422, "bad_request")


async def test_the_same_link_is_given_again_and_an_odd_label_is_refused(house: House) -> None:
    deal = await deal_of(house, await house.hears("anna", "A table, please"))
    assert read(await link_to(house, deal)).token == read(await link_to(house, deal, "x")).token
    refused = await house.admin.call("POST", f"/deals/{deal}/links", {"label": "весна"})
    assert (refused.status, refused.code) == (422, "bad_request")
