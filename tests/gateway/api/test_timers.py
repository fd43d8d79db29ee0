"""What time does by itself: automatic acts look again at their reason, and each word is said once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from gateway import clock
from routing.times import DAY, HOUR, MINUTE, SECOND
from tests.gateway.api.house import House
from tests.gateway.api.test_deals import move, owned, stages
from tests.gateway.town import until


async def turn(house: House, microseconds: int) -> None:
    clock.turn(microseconds)
    house.gateway.bells.ring(["timers"])


async def told(house: House, code: str) -> list[str]:
    """Whom something was told, by name of the notification."""
    rows = await house.rows("SELECT object_id, audience FROM event WHERE type = 'notification' ORDER BY seq")
    return [row.audience.removeprefix("member:") for row in rows if row.object_id.partition(":")[0] == code]


async def automatic(house: House, *acts: dict[str, Any], chat: str = "anna") -> tuple[str, str]:
    """A deal on a stage that does these things by itself; its conversation and the deal."""
    ref, deal = await owned(house, chat)
    at = await stages(house)
    stage = at["Обрабатываем запрос"]
    await house.admin.patch(f"/stages/{stage}", {"automations": list(acts)})
    await move(house, deal, stage, values={"requirements": "x"})
    return ref, deal


async def plans(house: House, deal: str) -> list[tuple[str, str]]:
    items = (await house.admin.get(f"/deals/{deal}/automations"))["items"]
    return sorted((one["state"], one["reason"]) for one in items)


def plan(house: House, deal: str, *wanted: tuple[str, str]) -> Callable[[], Awaitable[bool]]:
    async def there() -> bool:
        return await plans(house, deal) == sorted(wanted)

    return there


async def by_day(house: House) -> None:
    """Turn the clock to the next noon in Moscow, less than a day on: a robot does not write at night."""
    clock.turn((9 * HOUR - house.gateway.now()) % DAY)


async def test_an_automatic_message_leaves_at_its_time_and_answers_nothing(
    house: House, network: Any
) -> None:
    await by_day(house)
    message = {"kind": "message", "minutes": 60, "text": "Shall we go on?"}
    task = {"kind": "task", "minutes": 30, "title": "look again", "due_minutes": 10}
    ref, deal = await automatic(house, message, task)
    assert await plans(house, deal) == [("waiting", ""), ("waiting", "")]
    await turn(house, 31 * MINUTE)
    await until(plan(house, deal, ("fired", ""), ("waiting", "")))
    titles = [one["title"] for one in (await house.admin.get(f"/deals/{deal}/tasks"))["items"]]
    assert "look again" in titles
    await turn(house, 30 * MINUTE)
    await until(plan(house, deal, ("fired", ""), ("fired", "")))

    async def left() -> bool:
        return [one.text for one in network.sent if one.automatic] == ["Shall we go on?"]

    await until(left)
    row = (await house.rows("SELECT waiting_since, answered_at FROM conversation WHERE id = :id", id=ref))[0]
    assert row.waiting_since is not None and row.answered_at == 0
    said = (await house.rows("SELECT author_kind, purpose, deal_id FROM message WHERE direction = 'out'"))[0]
    assert tuple(said) == ("robot", "service", deal)


async def test_an_automatic_message_is_dropped_when_the_client_wrote_or_the_deal_went_on(
    house: House, network: Any
) -> None:
    await by_day(house)
    message = {"kind": "message", "minutes": 60, "text": "Shall we go on?"}
    _, wrote = await automatic(house, message)
    clock.turn(SECOND)
    await house.hears("anna", "I am thinking about it", ago=0)
    _, went = await automatic(house, message, chat="boris")
    await move(house, went, (await stages(house))["too_expensive"], comment="no")
    await turn(house, 61 * MINUTE)
    await until(plan(house, wrote, ("dropped", "client_silent")))
    await until(plan(house, went, ("dropped", "left_stage")))
    assert network.sent == []


async def test_what_hangs_on_a_meeting_moves_with_it(house: House) -> None:
    await by_day(house)
    act = {"kind": "task", "minutes": -60, "anchor": "meeting_at", "title": "get ready"}
    _, deal = await automatic(house, act)
    assert await plans(house, deal) == []
    meeting = house.gateway.now() + 3 * HOUR
    await house.admin.patch(f"/deals/{deal}", {"values": {"meeting_at": meeting}})
    assert await plans(house, deal) == [("waiting", "")]
    await house.admin.patch(f"/deals/{deal}", {"values": {"meeting_at": meeting + 4 * HOUR}})
    await turn(house, 2 * HOUR + MINUTE)
    await house.admin.patch(f"/deals/{deal}", {"values": {"title": "Table"}})
    assert await plans(house, deal) == [("waiting", "")]
    await house.admin.patch(f"/deals/{deal}", {"values": {"meeting_at": None}})
    await turn(house, 5 * HOUR)
    await until(plan(house, deal, ("dropped", "moved")))


async def test_reminders_overdue_tasks_and_late_answers_are_told_once(house: House) -> None:
    ref, deal = await owned(house)
    me, now = house.admin.id, house.gateway.now()
    await house.admin.post(
        "/tasks",
        {"title": "call", "deal_id": deal, "due_at": now + 20 * MINUTE, "remind_at": now + 5 * MINUTE},
    )
    await turn(house, 6 * MINUTE)
    await until(is_told(house, "task_reminder", [me]))
    await turn(house, 5 * MINUTE)  # eleven of the fifteen minutes that an answer may take
    await until(is_told(house, "answer_soon", [me]))
    await turn(house, 10 * MINUTE)
    await until(is_told(house, "answer_late", [me]))
    await until(is_told(house, "task_overdue", [me]))
    house.gateway.bells.ring(["timers"])
    await house.admin.post(f"/conversations/{ref}/notes", {"id": clock.new_id(), "text": "seen"})
    assert (await told(house, "task_overdue"), await told(house, "answer_late")) == ([me], [me])


def is_told(house: House, code: str, whom: list[str]) -> Callable[[], Awaitable[bool]]:
    async def there() -> bool:
        return await told(house, code) == whom

    return there


async def test_a_source_has_its_own_targets(house: House) -> None:
    await house.connect()
    answering = {"first_minutes": 30, "next_minutes": 60, "closed_reply": ""}
    changed = await house.admin.patch(f"/sources/{house.source_id}", {"answering": answering})
    assert changed["answering"] == answering
    ref = await house.hears("anna", "hello")
    due = "SELECT due_at - waiting_since AS within FROM conversation WHERE id = :id"
    assert (await house.rows(due, id=ref))[0].within == 30 * MINUTE
    body = {"id": clock.new_id(), "text": "good day", "hold_ms": 0, "anyway": True}
    await house.admin.post(f"/conversations/{ref}/messages", body)
    clock.turn(SECOND)
    await house.hears("anna", "and the price?", ago=0)
    assert (await house.rows(due, id=ref))[0].within == 60 * MINUTE


async def nine_to_five(house: House, hour: int) -> int:
    """The company works from 9 to 17 where it is this hour of the day now; when the hour began."""
    now = house.gateway.now()
    ahead = (hour - now // HOUR + 11) % 24 - 11
    zone = f"Etc/GMT{-ahead:+d}"
    hours = [[[540, 1020]]] * 7
    await house.admin.put("/company", {"name": "x", "timezone": zone, "hours": hours, "public_url": ""})
    return now // HOUR * HOUR


async def test_closed_hours_are_answered_once_a_closed_period(house: House, network: Any) -> None:
    await house.connect()
    await nine_to_five(house, 18)
    await house.admin.patch(
        f"/sources/{house.source_id}", {"answering": {"closed_reply": "We are back {opening}"}}
    )
    ref = await house.hears("anna", "hello", ago=0)

    def left(count: int) -> Callable[[], Awaitable[bool]]:
        async def there() -> bool:
            return len(network.sent) == count

        return there

    await turn(house, 4 * SECOND)
    await until(left(1))
    assert network.sent[0].text.startswith("We are back ") and network.sent[0].text.endswith(", 09:00")
    await house.hears("anna", "anybody?", ago=0)
    await turn(house, 10 * MINUTE)
    await until(is_told(house, "answer_soon", []))
    assert len(network.sent) == 1
    assert (await house.rows("SELECT answered_at FROM conversation WHERE id = :id", id=ref))[
        0
    ].answered_at == 0
    clock.turn(DAY)
    await house.hears("anna", "still closed?", ago=0)
    await turn(house, 4 * SECOND)
    await until(left(2))


async def test_who_goes_away_rests_and_unspoken_leads_come_back(house: House) -> None:
    _, deal = await owned(house)
    seen = "UPDATE member SET seen_at = :now WHERE id = :id"

    def beat(tx: Any) -> None:
        from sqlalchemy import text

        tx.connection.execute(text(seen), {"now": tx.now, "id": house.admin.id})

    await house.gateway.database.write(beat)

    async def presence() -> str:
        return str((await house.admin.get("/session"))["presence"]["state"])

    await turn(house, 11 * MINUTE)

    async def resting() -> bool:
        return await presence() == "break"

    await until(resting)
    await turn(house, 31 * MINUTE)

    async def returned() -> bool:
        return (await house.admin.get(f"/deals/{deal}"))["owner"] is None

    await until(returned)
    assert await told(house, "lead_returned") == [house.admin.id]
    async with house.admin.live() as line:
        await line.say(type="active")

        async def back() -> bool:
            return await presence() == "on_shift"

        await until(back)


async def test_the_evening_gives_each_deal_without_a_task_one(house: House) -> None:
    _, deal = await owned(house)
    closes = await nine_to_five(house, 16) + HOUR
    await turn(house, closes + MINUTE - house.gateway.now())

    async def given() -> bool:
        items = (await house.admin.get(f"/deals/{deal}/tasks"))["items"]
        return [(one["kind"], one["due_at"]) for one in items] == [("contact", closes + 19 * HOUR)]

    await until(given)
    await turn(house, 2 * MINUTE)
    await until(given)
