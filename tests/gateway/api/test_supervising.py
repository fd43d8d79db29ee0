"""Queues have their own clocks and shares, operators may be first, heads see how things stand, days off are the country's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import text

from gateway import clock
from gateway.calendar import days_of
from gateway.rules import setup_of
from routing.schedule import is_working
from routing.times import FOREVER, MINUTE, SECOND
from tests.gateway.api.house import House
from tests.gateway.api.test_attaching import deal_of
from tests.gateway.town import until


def test_the_russian_calendar_moves_days_and_the_company_has_the_last_word() -> None:
    hours = [[[540, 1080]]] * 5 + [[], []]
    days = days_of("RU", ["2026-12-30"], ["2027-01-08", "2026-12-05"], hours, 2026)
    assert "2026-12-30" in days["off"] and "2027-01-04" in days["off"] and "2027-01-08" not in days["off"]
    assert days["dated"] == {"2026-12-05": [[540, 1080]], "2027-02-20": [[540, 1080]]}
    assert date(2027, 2, 20).weekday() == 5


async def test_days_off_hold_for_the_company(house: House) -> None:
    hours = [[[540, 1080]]] * 5 + [[], []]
    body = {"name": "x", "timezone": "Europe/Moscow", "hours": hours, "public_url": ""}
    await house.admin.put("/company", body)
    found = await house.admin.put("/company/days", {"calendar": "RU", "off": [], "on": []})
    assert "2027-01-04" in found["rests"] and found["works"] == ["2027-02-20"]
    company = (await setup_of(house.gateway)).schedule

    def works(moment: str) -> bool:
        at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        return is_working(company, int(at.timestamp()) * SECOND)

    assert not works("2027-01-04 09:00") and works("2027-02-20 09:00") and works("2027-01-11 09:00")
    await house.admin.put("/company", {**body, "hours": [[[600, 1080]]] * 5 + [[], []]})
    company = (await setup_of(house.gateway)).schedule
    assert not works("2027-02-20 06:30") and works("2027-02-20 07:30")
    wrong = await house.admin.call(
        "PUT", "/company/days", {"calendar": "RU", "off": ["2027-02-30"], "on": []}
    )
    assert wrong.status == 422


async def test_a_queue_has_its_own_clocks_and_shares(house: House) -> None:
    queue = (await house.admin.get("/queues"))["items"][0]
    assert (queue["accept_seconds"], queue["singles"], queue["weights"], queue["hours"]) == (120, 3, {}, None)
    person = await house.person("manager")
    change = {
        "strategy": "least_loaded", "members": [house.admin.id, person.id], "weights": {person.id: 2.5},
        "singles": 5, "sticky_minutes": 0, "everyone_seconds": 60,
        "hours": {"timezone": "Europe/Moscow", "week": [[[540, 1080]]] * 7},
    }  # fmt: skip
    found = await house.admin.patch(f"/queues/{queue['id']}", change)
    assert found["weights"] == {person.id: 2.5} and found["singles"] == 5 and found["accept_seconds"] == 120
    assert found["hours"]["timezone"] == "Europe/Moscow"
    again = await house.admin.patch(f"/queues/{queue['id']}", {"accept_seconds": 30, "hours": None})
    assert (again["singles"], again["accept_seconds"], again["hours"]) == (5, 30, None)
    assert again["weights"] == {person.id: 2.5}
    for wrong in ({"weights": {person.id: 0}}, {"hours": {"timezone": "Mars/Base", "week": [[]] * 7}}):
        assert (await house.admin.call("PATCH", f"/queues/{queue['id']}", wrong)).status == 422


async def waits_for(house: House, deal: str, reason: str) -> None:
    async def there() -> bool:
        return (
            str((await house.rows("SELECT waiting FROM deal WHERE id = :id", id=deal))[0].waiting) == reason
        )

    await until(there)


async def reachable(house: House, member_id: str) -> None:
    def reach(tx: Any) -> None:
        tx.connection.execute(
            text("UPDATE member SET reachable_until = :forever WHERE id = :id"),
            {"forever": FOREVER, "id": member_id},
        )
        tx.ring("router")

    await house.gateway.database.write(reach)


async def test_operators_first_until_they_hand_over_or_their_time_is_over(house: House) -> None:
    await house.connect()
    await house.admin.patch(f"/sources/{house.source_id}", {"first_answer": "operator"})
    await reachable(house, house.admin.id)
    anna, boris = (
        await deal_of(house, await house.hears("anna")),
        await deal_of(house, await house.hears("boris")),
    )
    await waits_for(house, anna, "being_qualified")
    await waits_for(house, boris, "being_qualified")
    await house.admin.post(f"/deals/{anna}/managers")
    await waits_for(house, anna, "offered")
    assert (await house.admin.call("POST", f"/deals/{anna}/managers")).status == 409
    offer = (await house.rows("SELECT id FROM offer WHERE state = 'open'"))[0].id
    await house.admin.post(f"/offers/{offer}/accept")
    clock.turn(16 * MINUTE)
    house.gateway.bells.ring(["router"])
    await waits_for(house, boris, "offered")


async def test_a_mention_is_told_and_the_head_sees_how_things_stand(house: House) -> None:
    ref = await house.hears("anna")
    deal = await deal_of(house, ref)
    await waits_for(house, deal, "nobody")
    olga = await house.person("manager", name="Olga")
    note = {"id": clock.new_id(), "text": "@Olga have a look", "mentions": [olga.id]}
    await house.admin.post(f"/conversations/{ref}/notes", note)
    rows = await house.rows("SELECT object_id, audience FROM event WHERE type = 'notification'")
    assert (f"mention:{ref}", f"member:{olga.id}") in [tuple(row) for row in rows]
    wrong = {"id": clock.new_id(), "text": "x", "mentions": ["nobody"]}
    assert (await house.admin.call("POST", f"/conversations/{ref}/notes", wrong)).status == 422
    await house.admin.post(f"/conversations/{ref}/assignee", {"member_id": house.admin.id})
    now = await house.admin.get("/now")
    me = next(one for one in now["people"] if one["member"]["id"] == house.admin.id)
    assert (me["unanswered"], me["late"], me["absence"], me["reachable"]) == (1, 0, "", False)
    assert [(one["unanswered"], one["nobodys"]) for one in now["sources"]] == [(1, 0)]
    assert [(one["reason"], one["leads"]) for one in now["queues"]] == [("nobody", 1)]


async def test_a_freed_seat_takes_the_oldest_of_the_highest_priority_past_those_who_are_not_for_it(
    house: House,
) -> None:
    """Leads at the head of the queue that the freed person has declined hold up nobody behind them."""
    await house.connect()
    queue = (await house.admin.get("/queues"))["items"][0]["id"]

    stage = (await house.admin.get("/pipelines"))["items"][0]["stages"][0]["id"]

    def wait(tx: Any) -> None:
        for number in range(300):
            declined = number < 290
            ladder = f'{{"declined": ["{house.admin.id}"], "kept_since": 1}}' if declined else "{}"
            tx.connection.execute(
                text("INSERT INTO deal (id, number, contact_id, pipeline_id, stage_id, stage_kind, open, queue_id, waiting,"
                     " ladder, priority, created_at, last_activity_at, routed) VALUES (:id, :number, 'c', 'p', :stage, 'lead', 1,"
                     " :queue, 'nobody', :ladder, :priority, :at, :at, '{\"plan\": 0}')"),
                {
                    "id": f"lead{number:03}", "number": 5000 + number, "stage": stage, "queue": queue, "ladder": ladder,
                    "priority": int(number == 295), "at": number + 1,
                },
            )  # fmt: skip
        tx.connection.execute(
            text("INSERT INTO contact (id, name, created_at, updated_at) VALUES ('c', 'Many', 1, 1)")
        )

    await house.gateway.database.write(wait)
    await reachable(house, house.admin.id)

    async def offered() -> list[str]:
        return [row.deal_id for row in await house.rows("SELECT deal_id FROM offer ORDER BY offered_at, id")]

    async def first() -> bool:
        return await offered() == ["lead295"]

    await until(first)
    offer = (await house.rows("SELECT id FROM offer WHERE state = 'open'"))[0].id
    await house.admin.post(f"/offers/{offer}/accept")

    async def second() -> bool:
        return await offered() == ["lead295", "lead290"]

    await until(second)
