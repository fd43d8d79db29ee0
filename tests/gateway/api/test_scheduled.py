"""Answers written for later: they go once, when they may, and what may not go is told with its words kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway import clock, scheduling
from gateway.refusals import Refusal
from routing.times import DAY, HOUR, MINUTE, SECOND
from storage import scheduled
from tests.gateway.api.house import House, Person
from tests.gateway.api.test_deals import move, owned, stages
from tests.gateway.api.test_timers import told, turn
from tests.gateway.town import until


async def planned(
    house: House, ref: str, text: str = "good morning", *, by: Person | None = None, **more: Any
) -> dict[str, Any]:
    """An answer for an hour from now, or for when the client writes within two days."""
    at = house.gateway.now() + (2 * DAY if more.get("waits_for") == "client" else HOUR)
    body = {"id": clock.new_id(), "text": text, "waits_for": "time", "at": at, **more}
    found: dict[str, Any] = await (by or house.admin).post(f"/conversations/{ref}/scheduled", body)
    return found


async def shown(house: House, ref: str) -> list[tuple[str, str, str]]:
    """What stands there: text, state, reason."""
    items = (await house.admin.get(f"/conversations/{ref}/scheduled"))["items"]
    return [(one["text"], one["state"], one["reason"]) for one in items]


def shows(house: House, ref: str, *wanted: tuple[str, str, str]) -> Callable[[], Awaitable[bool]]:
    async def there() -> bool:
        return await shown(house, ref) == list(wanted)

    return there


def left(network: Any, *wanted: str) -> Callable[[], Awaitable[bool]]:
    async def there() -> bool:
        return [one.text for one in network.sent] == list(wanted)

    return there


async def lines(house: House, ref: str) -> list[dict[str, Any]]:
    items = (await house.admin.get(f"/conversations/{ref}/messages"))["items"]
    return [one["system"] for one in items if one["system"] and one["system"]["code"] == "scheduled_stopped"]


async def balanced(house: House) -> bool:
    """Whether what was accepted is what became of it."""
    rows = await house.rows(
        "SELECT sum(accepted) - sum(sent + undelivered + failed + unknown + cancelled) AS open FROM account"
        " WHERE side = 'out'"
    )
    pending = await house.rows(
        "SELECT count(*) AS n FROM outbox WHERE act = 'send' AND state IN ('held', 'queued', 'sending', 'postponed')"
    )
    return bool((rows[0].open or 0) == pending[0].n)


async def test_an_answer_goes_at_its_time_and_answers_only_then(house: House, network: Any) -> None:
    ref = await house.hears("anna")
    await house.admin.put(f"/drafts/{ref}/reply", {"text": "good morning", "version": 0})
    async with house.admin.live() as line:
        made = await planned(house, ref)
        frame = await line.next("scheduled.upsert", made["id"])
        assert frame["patch"] == made
    assert (made["state"], made["author"]["id"]) == ("waiting", house.admin.id)
    assert (await house.admin.get(f"/drafts/{ref}/reply"))["text"] == ""
    row = (await house.admin.get(f"/conversations/{ref}"))["row"]
    assert row["unanswered"] and row["last"]["text"] == "hello"
    await until(lambda: balanced(house))
    draft = await house.admin.put(f"/drafts/{ref}/reply", {"text": "something else", "version": 2})
    assert draft["text"] == "something else"
    async with house.admin.live() as line:
        await turn(house, HOUR + SECOND)
        await until(left(network, "good morning"))
        await line.next("scheduled.remove", made["id"])
    assert await shown(house, ref) == []
    assert not (await house.admin.get(f"/conversations/{ref}"))["row"]["unanswered"]
    assert (await house.admin.get(f"/drafts/{ref}/reply"))["text"] == "something else"
    items = (await house.admin.get(f"/conversations/{ref}/messages"))["items"]
    assert [(one["id"], one["author_name"] != "") for one in items if one["direction"] == "out"] == [
        (made["id"], True)
    ]
    await until(lambda: balanced(house))


async def test_an_answer_waits_for_the_client_past_a_closed_window(house: House, network: Any) -> None:
    ref = await house.hears("anna", ago=25 * HOUR)
    refused = await house.admin.call(
        "POST", f"/conversations/{ref}/scheduled",
        {"id": clock.new_id(), "text": "x", "waits_for": "time", "at": house.gateway.now() + HOUR},
    )  # fmt: skip
    assert refused.code == "window_closed"
    await planned(house, ref, waits_for="client")
    clock.turn(SECOND)
    await house.hears("anna", "still there?", ago=0)
    await turn(house, 4 * SECOND)
    await until(left(network, "good morning"))
    assert await shown(house, ref) == [] and await told(house, "scheduled_stopped") == []


async def test_what_the_author_had_not_seen_counts_as_said_since(house: House, network: Any) -> None:
    ref = await house.hears("anna")
    seen = (await house.admin.get(f"/conversations/{ref}/messages"))["items"][-1]["id"]
    clock.turn(SECOND)
    await house.hears("anna", "one more thing", ago=0)
    body = {"id": clock.new_id(), "text": "x", "waits_for": "time", "at": house.gateway.now() + HOUR}
    refused = await house.admin.call("POST", f"/conversations/{ref}/scheduled", {**body, "last_seen": seen})
    assert (refused.code, refused.json["params"]["text"]) == ("stale_context", "one more thing")
    await planned(house, ref, waits_for="client", last_seen=seen)
    await turn(house, 4 * SECOND)
    await until(left(network, "good morning"))


async def test_an_answer_is_asked_about_again_when_it_waited_long_or_in_vain(
    house: House, network: Any
) -> None:
    long, vain = await house.hears("anna", "hello"), await house.hears("boris", "hello")
    await planned(house, long, waits_for="client")
    at = house.gateway.now() + 26 * HOUR
    await planned(house, vain, waits_for="client", at=at)
    clock.turn(25 * HOUR)
    await house.hears("anna", "now I am back", ago=0)
    await turn(house, 4 * SECOND)
    await until(shows(house, long, ("good morning", "stopped", "too_old")))
    await turn(house, HOUR)
    await until(shows(house, vain, ("good morning", "stopped", "never_wrote")))
    assert network.sent == [] and await told(house, "scheduled_stopped") == [house.admin.id] * 2
    one = (await house.admin.get(f"/conversations/{long}/scheduled"))["items"][0]
    await house.admin.post(f"/scheduled/{one['id']}/send")
    await until(left(network, "good morning"))


async def wrote(house: House, ref: str, deal: str) -> None:
    clock.turn(SECOND)
    await house.hears("anna", "I thought it over", ago=0)


async def colleague(house: House, ref: str, deal: str) -> None:
    clock.turn(SECOND)
    operator = await house.person("operator")
    body = {"id": clock.new_id(), "text": "done", "hold_ms": 0, "anyway": True}
    await operator.post(f"/conversations/{ref}/messages", body)


async def lost(house: House, ref: str, deal: str) -> None:
    await move(house, deal, (await stages(house))["too_expensive"], comment="no")


async def spam(house: House, ref: str, deal: str) -> None:
    await house.admin.post(f"/conversations/{ref}/nature", {"nature": "spam"})


async def paused(house: House, ref: str, deal: str) -> None:
    await house.admin.post(f"/sources/{house.source_id}/pause")


async def overslept(house: House, ref: str, deal: str) -> None:
    clock.turn(3 * HOUR)


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (wrote, "client_wrote"), (colleague, "colleague_wrote"), (lost, "deal_closed"), (spam, "spam"),
        (paused, "source_down"), (overslept, "late"),
    ],
)  # fmt: skip
async def test_what_changed_stops_it_and_its_author_is_told(
    house: House, network: Any, happens: Callable[[House, str, str], Awaitable[None]], reason: str
) -> None:
    ref, deal = await owned(house)
    made = await planned(house, ref)
    await happens(house, ref, deal)
    await turn(house, HOUR + SECOND)
    await until(shows(house, ref, ("good morning", "stopped", reason)))
    assert "good morning" not in [one.text for one in network.sent]
    assert await told(house, "scheduled_stopped") == [house.admin.id]
    assert [(one["reason"], one["by"] != "") for one in await lines(house, ref)] == [(reason, True)]
    await until(lambda: balanced(house))
    notices = (await house.admin.get("/notices"))["items"]
    assert [one["code"] for one in notices].count("scheduled_stopped") == 1
    assert made["id"] not in [
        one["id"] for one in (await house.admin.get(f"/conversations/{ref}/messages"))["items"]
    ]


async def test_sent_though_the_client_wrote_it_answers_nothing(house: House, network: Any) -> None:
    ref = await house.hears("anna")
    await planned(house, ref, anyway=True)
    await wrote(house, ref, "")
    await turn(house, HOUR + SECOND)
    await until(left(network, "good morning"))
    assert (await house.admin.get(f"/conversations/{ref}"))["row"]["unanswered"]


async def test_who_stands_in_is_told_when_the_author_is_gone(house: House, network: Any) -> None:
    ref = await house.hears("anna")
    operator = await house.person("operator")
    await planned(house, ref, by=operator)
    await house.admin.post(f"/conversations/{ref}/assignee", {"member_id": house.admin.id})
    await house.admin.post(f"/members/{operator.id}/deactivate", {})
    await turn(house, HOUR + SECOND)
    await until(shows(house, ref, ("good morning", "stopped", "author_gone")))
    assert network.sent == [] and await told(house, "scheduled_stopped") == [house.admin.id]


async def test_it_is_changed_taken_back_and_brought_back(house: House, network: Any) -> None:
    ref = await house.hears("anna")
    made = await planned(house, ref)
    operator = await house.person("operator")
    path = f"/scheduled/{made['id']}"
    change = {"version": 0, "text": "good evening", "at": made["at"] + HOUR}
    assert (await operator.call("PATCH", path, change)).status == 403
    assert (await operator.call("POST", f"{path}/send", {})).status == 403
    changed = await house.admin.patch(path, change)
    assert (changed["text"], changed["at"], changed["version"]) == ("good evening", change["at"], 1)
    assert (await house.admin.call("PATCH", path, change)).code == "changed"
    assert (await house.admin.call("DELETE", path)).json["state"] == "cancelled"
    assert await shown(house, ref) == []
    assert (await house.admin.post(f"{path}/restore"))["state"] == "waiting"
    assert (await operator.call("DELETE", path)).json["state"] == "stopped"
    assert await shown(house, ref) == [("good evening", "stopped", "colleague_stopped")]
    assert await told(house, "scheduled_stopped") == [house.admin.id]
    assert (await operator.post(f"{path}/restore"))["state"] == "waiting"
    await turn(house, HOUR + MINUTE)
    assert await shown(house, ref) == [("good evening", "waiting", "")]
    await turn(house, HOUR)
    await until(left(network, "good evening"))
    assert (await house.admin.call("DELETE", path)).code == "too_late"
    assert (await house.admin.call("POST", f"{path}/restore", {})).code == "not_now"


async def test_one_that_was_brought_back_too_late_stays_stopped(house: House, network: Any) -> None:
    ref = await house.hears("anna")
    made = await planned(house, ref)
    await house.admin.call("DELETE", f"/scheduled/{made['id']}")
    await turn(house, 2 * HOUR)
    back = await house.admin.post(f"/scheduled/{made['id']}/restore")
    assert (back["state"], back["reason"]) == ("stopped", "late") and network.sent == []


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"at": 1}, "bad_request"), ({"at": 2**52}, "bad_request"), ({"text": ""}, "text_empty"),
        ({"hold_ms": 5}, "bad_request"), ({"override_reason": "x"}, "bad_request"), ({"waits_for": "rain"}, "bad_request"),
        ({"file_ids": ["nothing"]}, "bad_request"), ({"id": "1"}, "bad_request"),
    ],
)  # fmt: skip
async def test_what_cannot_go_is_refused_at_once(house: House, wish: dict[str, Any], code: str) -> None:
    ref = await house.hears("anna")
    body = {"id": clock.new_id(), "text": "x", "waits_for": "time", "at": house.gateway.now() + HOUR, **wish}
    answer = await house.admin.call("POST", f"/conversations/{ref}/scheduled", body)
    assert (answer.code, await shown(house, ref)) == (code, [])


async def test_a_time_behind_the_windows_end_is_refused(house: House) -> None:
    ref = await house.hears("anna")
    body = {"id": clock.new_id(), "text": "x", "waits_for": "time", "at": house.gateway.now() + 25 * HOUR}
    answer = await house.admin.call("POST", f"/conversations/{ref}/scheduled", body)
    assert (answer.code, answer.json["params"]["reason"]) == ("window_closed", "closes_before")


async def test_a_page_goes_on_where_it_ended_and_shows_what_one_may_see(house: House) -> None:
    ref = await house.hears("anna")
    now = house.gateway.now()
    for place in range(5):
        await planned(house, ref, f"words {place}", at=now + HOUR + place // 2)
    found, cursor = [], ""
    while cursor is not None:
        page = await house.admin.get(f"/conversations/{ref}/scheduled?limit=2&cursor={cursor}")
        found += [one["text"] for one in page["items"]]
        cursor = page["next"]
    assert found == [f"words {place}" for place in range(5)]
    manager = await house.person("manager")
    assert (await manager.call("GET", f"/conversations/{ref}/scheduled")).status == 404


async def test_it_goes_once_whoever_asks_and_whatever_dies(house: House, network: Any) -> None:
    ref = await house.hears("anna")
    made = await planned(house, ref)
    row = await house.gateway.database.read(scheduled.find, made["id"])
    assert row is not None
    version = row.version
    order, target = await scheduling._ordered(house.gateway, house.admin.id, ref, scheduling.wish_of(row))
    clock.turn(HOUR + SECOND)
    database = house.gateway.database

    def killed(tx: Any) -> None:
        assert scheduled.fire(tx, order, target, version, True) == ""
        raise RuntimeError("killed before the commit")

    with pytest.raises(RuntimeError):
        await database.write(killed)
    results = await asyncio.gather(
        *(database.write(scheduled.fire, order, target, version, True) for _ in range(4))
    )
    assert sorted(results).count("") <= 1 and set(results) <= {"", "later"}
    await until(left(network, "good morning"))
    assert len(await house.rows("SELECT id FROM outbox")) == 1
    await until(lambda: balanced(house))


async def test_taking_it_back_and_its_time_meet_once(house: House, network: Any) -> None:
    """Whichever is first, it either went or was taken back, never both."""
    ref = await house.hears("anna")
    made = [await planned(house, ref, f"words {place}") for place in range(4)]
    clock.turn(HOUR + SECOND)

    async def back(ref: str) -> str:
        return str((await house.admin.call("DELETE", f"/scheduled/{ref}")).json.get("state", "too_late"))

    answers, _ = await asyncio.gather(
        asyncio.gather(*(back(one["id"]) for one in made)), scheduling.fire_due(house.gateway)
    )

    async def settled() -> bool:
        return not await house.rows("SELECT id FROM scheduled WHERE state = 'waiting'")

    await until(settled)
    went = {row.id for row in await house.rows("SELECT id FROM scheduled WHERE state = 'sent'")}
    assert {one["id"] for one, answer in zip(made, answers, strict=True) if answer == "too_late"} == went
    assert {row.message_id for row in await house.rows("SELECT message_id FROM outbox")} == went


async def test_a_stale_reading_sends_nothing(house: House, network: Any) -> None:
    """The words were changed between the look and the act: the old ones do not go."""
    ref = await house.hears("anna")
    made = await planned(house, ref)
    row = await house.gateway.database.read(scheduled.find, made["id"])
    await house.admin.patch(f"/scheduled/{made['id']}", {"version": 0, "text": "other words"})
    clock.turn(HOUR + SECOND)
    await scheduling._fire(house.gateway, row)
    with pytest.raises(Refusal):
        await scheduling.send_now(house.gateway, house.admin.id, row)
    house.gateway.bells.ring(["timers"])
    await until(left(network, "other words"))
