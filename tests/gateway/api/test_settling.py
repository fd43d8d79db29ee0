"""A responsible who owns none of the client's deals is settled as the company wants, with its reason and a way back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.gateway.api.house import PATIENCE, House, Person
from tests.gateway.api.test_attaching import change, contact_of, deal_of


async def policy(house: House, wanted: str) -> None:
    company = await house.admin.get("/company")
    body = {name: company[name] for name in ("name", "timezone", "hours", "public_url")}
    assert (await house.admin.put("/company", {**body, "mismatch": wanted}))["mismatch"] == wanted
    assert (await house.admin.put("/company", body))["mismatch"] == wanted, "unsaid it stays"


async def until(good: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await good():
            await asyncio.sleep(0.05)


async def apart(house: House, chat: str, responsible: Person, owner: Person) -> tuple[str, str]:
    """A client of this responsible whose deal the router gave to this owner; contact and deal."""
    ref = await house.hears(chat, "A table, please")
    deal, contact = await deal_of(house, ref), await contact_of(house, ref)
    await change(
        house, "UPDATE contact SET responsible_id = :who WHERE id = :id", id=contact, who=responsible.id
    )
    now = house.gateway.now()
    await house.gateway.database.write(_take, deal, owner.id, now)
    return contact, deal


def _take(tx: Any, deal_id: str, owner: str, now: int) -> None:
    from sqlalchemy import text

    sql = "UPDATE deal SET owner_id = :who, waiting = '', accepted_at = :now WHERE id = :id"
    tx.connection.execute(text(sql), {"who": owner, "now": now, "id": deal_id})
    tx.changed("deal", deal_id)


async def responsible_of(house: House, contact: str) -> str:
    return str((await house.admin.get(f"/contacts/{contact}"))["responsible"]["id"])


async def owner_of(house: House, deal: str) -> str:
    return str((await house.admin.get(f"/deals/{deal}"))["owner"]["id"])


@pytest.mark.parametrize("wins", ["deal", "contact"])
async def test_the_policy_settles_old_and_new_mismatches_and_says_why(house: House, wins: str) -> None:
    anna, petr = await house.person("manager", name="Anna"), await house.person("manager", name="Petr")
    old = await apart(house, "old", anna, petr)
    await policy(house, wins)
    new = await apart(house, "new", anna, petr)
    winner = petr.id if wins == "deal" else anna.id

    async def settled() -> bool:
        return not (await house.admin.get("/mismatches"))["items"]

    await until(settled)
    for contact, deal in (old, new):
        assert (await responsible_of(house, contact), await owner_of(house, deal)) == (winner, winner)
        (decision,) = [
            one
            for one in (await house.admin.get(f"/deals/{deal}/decisions"))["items"]
            if one["kind"] == "responsible"
        ]
        assert (decision["rule"], decision["chosen"]) == (f"{wins}_wins", winner)
        assert decision["facts"]["policy"] == wins
    audit = await house.rows(
        "SELECT facts FROM audit_log WHERE action = 'contact.responsible' AND member_id IS NULL"
    )
    assert len(audit) == 2


@pytest.mark.parametrize("wins", ["deal", "contact"])
async def test_whoever_takes_the_policys_work_back_is_asked_from_then_on(house: House, wins: str) -> None:
    anna, petr = await house.person("manager", name="Anna"), await house.person("manager", name="Petr")
    await policy(house, wins)
    contact, deal = await apart(house, "anna", anna, petr)

    async def settled() -> bool:
        return bool(await house.rows("SELECT id FROM decision WHERE kind = 'responsible'"))

    await until(settled)
    (act,) = await house.rows(
        "SELECT id FROM audit_log WHERE action = 'contact.responsible' AND member_id IS NULL"
    )
    assert (await house.admin.call("POST", f"/acts/{act.id}/undo", {})).status == 200
    # Another client's mismatch is settled after it: so this one was looked at, and left to people.
    other, _ = await apart(house, "boris", anna, petr)

    async def both() -> bool:
        return len(await house.rows("SELECT id FROM decision WHERE kind = 'responsible'")) == 2

    await until(both)
    assert [one["contact"]["id"] for one in (await house.admin.get("/mismatches"))["items"]] == [contact]
    assert (await responsible_of(house, contact), await owner_of(house, deal)) == (anna.id, petr.id)
    assert other != contact


async def test_what_a_head_gives_by_hand_stays_where_the_contact_wins(house: House) -> None:
    anna, petr = await house.person("manager", name="Anna"), await house.person("manager", name="Petr")
    await policy(house, "contact")
    contact, deal = await apart(house, "anna", anna, anna)
    await house.admin.post(f"/deals/{deal}/owner", {"member_id": petr.id, "contact": False})
    other, _ = await apart(house, "boris", anna, petr)

    async def settled() -> bool:
        return bool(
            await house.rows(
                "SELECT id FROM decision WHERE kind = 'responsible' AND contact_id = :id", id=other
            )
        )

    await until(settled)
    assert await owner_of(house, deal) == petr.id
    assert [one["contact"]["id"] for one in (await house.admin.get("/mismatches"))["items"]] == [contact]


async def test_nothing_is_settled_where_people_are_asked(house: House) -> None:
    anna, petr = await house.person("manager", name="Anna"), await house.person("manager", name="Petr")
    assert (await house.admin.get("/company"))["mismatch"] == "ask"
    contact, deal = await apart(house, "anna", anna, petr)
    await house.gateway.database.write(lambda tx: tx.ring("timers"))
    assert [one["contact"]["id"] for one in (await house.admin.get("/mismatches"))["items"]] == [contact]
    assert await owner_of(house, deal) == petr.id
    answer = await house.admin.call("PUT", "/company", {"mismatch": "coin"})
    assert answer.code == "bad_request"
