"""Rules are drafted, checked, compared, published and rolled back; a dry run says what the router then does."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import text

from gateway.clock import new_id
from routing.times import DAY, HOUR
from storage.transaction import Transaction
from tests.gateway.api.house import House, Person
from tests.gateway.api.test_attaching import change, contact_of, deal_of


async def queue(house: House, name: str, *people: Person, strategy: str = "in_order") -> str:
    body = {
        "name": name, "strategy": strategy, "members": [one.id for one in people], "head_id": house.admin.id,
    }  # fmt: skip
    return str((await house.admin.post("/queues", body))["id"])


async def manager(house: House, name: str) -> Person:
    """Somebody on shift whom an offer reaches."""
    person = await house.person("manager", name=name)
    await change(
        house, "UPDATE member SET presence = 'on_shift', seen_at = :now, reachable_until = :far WHERE id = :id",
        id=person.id, now=house.gateway.now(), far=2**53,
    )  # fmt: skip
    return person


def rule(ref: str, queue_id: str, *when: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": ref, "when": list(when), "queue_id": queue_id, **more}


def says(*words: str) -> dict[str, Any]:
    return {"what": "text", "how": "contains", "values": list(words)}


async def publish(house: House, *rules: dict[str, Any], rest: str) -> dict[str, Any]:
    now = await house.admin.get("/routing")
    seen = now["draft"]["seen"] if now["draft"] else 0
    await house.admin.put("/routing/draft", {"rules": list(rules), "catch_all": rest, "seen": seen})
    found: dict[str, Any] = await house.admin.post("/routing/publish", {"note": "test"})
    return found


async def offered(house: House, deal_id: str) -> str:
    """To whom a lead is offered, once it is."""
    async with asyncio.timeout(20):
        while True:
            rows = await house.rows("SELECT member_id FROM offer WHERE deal_id = :id", id=deal_id)
            if rows:
                return str(rows[0].member_id)
            await asyncio.sleep(0.02)


async def offer_to(person: Person) -> str:
    """Somebody's open offer, once there is one."""
    async with asyncio.timeout(20):
        while not (items := (await person.get("/offers"))["items"]):
            await asyncio.sleep(0.02)
    return str(items[0]["id"])


async def test_a_lead_goes_where_its_words_send_it_and_the_decision_says_so(house: House) -> None:
    petr, olga = await manager(house, "Petr"), await manager(house, "Olga")
    retail, whole = await queue(house, "Retail", petr), await queue(house, "Wholesale", olga)
    await house.connect()
    await house.admin.patch(f"/sources/{house.source_id}", {"queue_id": retail})
    published = await publish(
        house, rule("big", whole, says("wholesale"), priority=5, name="Large orders"), rest=retail
    )
    assert (published["version"], published["findings"], published["draft"]) == (1, [], None)
    lead = {"source_id": house.source_id, "text": "A wholesale order"}
    dry = await house.admin.post("/routing/check", {"lead": lead})
    assert (dry["rules"]["chosen"], dry["route"]["chosen"]) == (whole, olga.id)
    before = await house.rows(
        "SELECT (SELECT count(*) FROM offer) AS o, (SELECT count(*) FROM decision) AS d"
    )
    big = await deal_of(house, await house.hears("anna", "A wholesale order"))
    assert await offered(house, big) == olga.id
    small = await deal_of(house, await house.hears("boris", "One chair"))
    assert await offered(house, small) == petr.id
    assert tuple(before[0]) == (0, 0), "the dry run left no trace"
    records = (await house.admin.get(f"/deals/{big}/decisions"))["items"]
    assert {(one["kind"], one["rule"]) for one in records} >= {("rules", "rule"), ("route", "in_order")}
    by_rule = next(one for one in records if one["kind"] == "rules")
    assert (by_rule["chosen_name"], by_rule["candidates"][0]["name"]) == ("Wholesale", "Large orders")
    assert (await house.rows("SELECT priority FROM deal WHERE id = :id", id=big))[0].priority == 5
    past = await house.admin.post("/routing/check", {"deal_id": big})
    assert (past["rules"]["chosen"], past["held"]) == (whole, {"big": [True]})
    assert (await house.admin.get("/routing"))["plan"]["rules"][0]["hits_today"] == 1


async def test_who_a_rule_names_is_asked_first(house: House) -> None:
    petr, olga = await manager(house, "Petr"), await manager(house, "Olga")
    both = await queue(house, "Both", petr, olga)
    await house.connect()
    await publish(house, rule("vip", both, says("vip"), member_id=olga.id, accept_seconds=60), rest=both)
    deal = await deal_of(house, await house.hears("anna", "vip order"))
    assert await offered(house, deal) == olga.id
    row = (
        await house.rows("SELECT expires_at - offered_at AS within FROM offer WHERE deal_id = :id", id=deal)
    )[0]
    assert row.within == 60_000_000


async def test_a_plan_that_would_lose_leads_is_not_published(house: House) -> None:
    petr = await manager(house, "Petr")
    good = await queue(house, "Good", petr)
    await house.admin.put(
        "/routing/draft", {"rules": [rule("1", "nothing", says("x"))], "catch_all": good, "seen": 0}
    )
    shown = (await house.admin.get("/routing"))["draft"]["findings"]
    assert {"rule_id": "1", "problem": "no_queue", "about": "nothing"} in shown
    refused = await house.admin.call("POST", "/routing/publish", {})
    assert (refused.status, refused.json["params"]["problem"]) == (422, "no_queue")
    stale = await house.admin.call("PUT", "/routing/draft", {"rules": [], "catch_all": good, "seen": 0})
    assert (stale.status, stale.code) == (409, "draft_conflict")
    twice = [rule("1", good, says("x")), rule("1", good, says("y"))]
    answer = await house.admin.call("PUT", "/routing/draft", {"rules": twice, "catch_all": good, "seen": 1})
    assert answer.status == 422


async def test_a_draft_is_compared_on_past_leads_and_an_old_version_comes_back(house: House) -> None:
    petr = await manager(house, "Petr")
    one, two = await queue(house, "One", petr), await queue(house, "Two", petr)
    await house.connect()
    await house.admin.patch(f"/sources/{house.source_id}", {"queue_id": one})
    await publish(house, rest=one)
    chair = await deal_of(house, await house.hears("anna", "A chair"))
    await house.hears("boris", "A table")
    draft = {"rules": [rule("1", two, says("chair"))], "catch_all": one, "seen": 0}
    await house.admin.put("/routing/draft", draft)
    found = await house.admin.get("/routing/compare?days=7")
    assert found["leads"] == 2
    assert [(row["deal_id"], row["before"], row["after"]) for row in found["changed"]] == [(chair, one, two)]
    drafted = (await house.admin.get("/routing"))["draft"]
    assert drafted["differences"] == [{"rule_id": "1", "kind": "added"}]
    assert (await house.admin.post("/routing/publish", {}))["version"] == 2
    back = await house.admin.post("/routing/rollback", {"version": 1})
    assert (back["version"], back["plan"]["rules"]) == (3, [])
    assert [row["version"] for row in back["versions"]] == [3, 2, 1]


async def test_the_ledger_sums_to_all_leads(house: House) -> None:
    petr, olga = await manager(house, "Petr"), await manager(house, "Olga")
    mine = await queue(house, "Mine", petr, olga)
    await house.connect()
    await house.admin.patch(f"/sources/{house.source_id}", {"queue_id": mine})
    for number in range(3):
        await house.hears(f"client{number}", "A table")
    await petr.post(f"/offers/{await offer_to(petr)}/decline", {"reason": "busy"})
    await olga.post(f"/offers/{await offer_to(olga)}/accept")
    book = await house.admin.get(f"/ledger?since=0&until={house.gateway.now() + HOUR}")
    owned = sum(line["owned"] for line in book["lines"])
    assert book["leads"] == 3 == owned + sum(book["unowned"].values())
    for line in book["lines"]:
        known = ("accepted", "declined", "expired", "missed", "open")
        assert line["offered"] == sum(line[name] for name in known)
    by = {line["member"]["id"]: line for line in book["lines"]}
    assert (by[petr.id]["declined"], by[olga.id]["accepted"], owned) == (1, 1, 1)
    assert by[olga.id]["by_hand"] == 0
    assert [line["member"]["id"] for line in (await petr.get("/ledger?since=0&until=9007199254740991"))["lines"]] in (
        [petr.id], [],
    )  # fmt: skip


async def test_a_lead_taken_or_given_by_hand_says_by_whom_and_is_in_the_ledger(house: House) -> None:
    petr, olga = await manager(house, "Petr"), await manager(house, "Olga")
    await house.connect()
    taken = await deal_of(house, await house.hears("anna", "A table"))
    given = await deal_of(house, await house.hears("boris", "A chair"))
    await house.admin.post(f"/deals/{taken}/take")
    await house.admin.post(f"/deals/{taken}/take")  # twice is once
    await house.admin.post(f"/deals/{given}/owner", {"member_id": olga.id})
    why = (await house.admin.get(f"/deals/{taken}/decisions"))["items"]
    (one,) = [one for one in why if one["rule"] == "by_hand"]
    assert (one["kind"], one["chosen_name"], one["at"] > 0) == ("route", "Admin", True)
    (one,) = [
        one for one in (await house.admin.get(f"/deals/{given}/decisions"))["items"] if one["rule"] == "given"
    ]
    assert [(person["name"], person["verdict"]) for person in one["candidates"]] == [
        ("Olga", "chosen"), ("Admin", "gave"),
    ]  # fmt: skip
    book = await house.admin.get(f"/ledger?since=0&until={house.gateway.now() + HOUR}")
    by = {line["member"]["id"]: line for line in book["lines"]}
    assert {ref: (by[ref]["by_hand"], by[ref]["owned"]) for ref in (house.admin.id, olga.id)} == {
        house.admin.id: (1, 1), olga.id: (1, 1),
    }  # fmt: skip
    assert petr.id not in by or by[petr.id]["owned"] == 0
    assert book["leads"] == 2 == sum(line["owned"] for line in book["lines"]) + sum(book["unowned"].values())


async def test_a_shift_that_begins_frees_a_waiting_lead_within_a_second(house: House) -> None:
    petr = await manager(house, "Petr")
    mine = await queue(house, "Mine", petr)
    await house.connect()
    await house.admin.patch(f"/sources/{house.source_id}", {"queue_id": mine})
    await change(
        house, "UPDATE member SET presence = 'break', presence_until = :at WHERE id = :id", id=petr.id,
        at=house.gateway.now() + 3_000_000,
    )  # fmt: skip
    deal = await deal_of(house, await house.hears("anna", "A table"))
    ends = (await house.rows("SELECT presence_until FROM member WHERE id = :id", id=petr.id))[
        0
    ].presence_until
    assert await offered(house, deal) == petr.id
    made = (await house.rows("SELECT offered_at FROM offer WHERE deal_id = :id", id=deal))[0].offered_at
    assert made >= (ends or 0)
    if ends:
        assert made - ends < 1_000_000


async def test_everything_goes_to_a_colleague_for_a_time_and_returns(house: House) -> None:
    petr, olga = await manager(house, "Petr"), await manager(house, "Olga")
    ref = await house.hears("anna", "A table")
    deal, contact = await deal_of(house, ref), await contact_of(house, ref)
    await house.admin.post(f"/deals/{deal}/owner", {"member_id": petr.id, "contact": True})
    await house.admin.post(f"/conversations/{ref}/assignee", {"member_id": petr.id})
    has = (await house.admin.get(f"/members/{petr.id}/handover"))["belongings"]
    assert (has["deal"], has["contact"], has["conversation"]) == (1, 1, 1)
    until = house.gateway.now() + DAY
    given = await house.admin.post(f"/members/{petr.id}/handover", {"to_id": olga.id, "until": until})
    assert given["belongings"]["deal"] == 0 and given["items"][0]["to"]["id"] == olga.id
    assert (await house.admin.get(f"/deals/{deal}"))["owner"]["id"] == olga.id
    again = await house.admin.call("POST", f"/members/{petr.id}/handover", {"to_id": olga.id, "until": until})
    assert again.code == "not_now"
    await house.admin.put(f"/contacts/{contact}/responsible", {"member_id": house.admin.id})
    await change(house, "UPDATE handover SET until = 1")
    house.gateway.bells.ring(["router"])
    async with asyncio.timeout(5):
        while (await house.admin.get(f"/deals/{deal}"))["owner"]["id"] != petr.id:
            await asyncio.sleep(0.02)
    assert (await house.admin.get(f"/contacts/{contact}"))["responsible"]["id"] == house.admin.id, (
        "changed since: stays"
    )
    assert (await house.admin.get(f"/conversations/{ref}"))["row"]["assignee"]["id"] == petr.id


async def test_a_substitute_of_somebody_with_nothing_on_their_hands_stands_down_in_time(house: House) -> None:
    petr, olga = await manager(house, "Petr"), await manager(house, "Olga")
    until = house.gateway.now() + DAY
    given = await house.admin.post(f"/members/{petr.id}/handover", {"to_id": olga.id, "until": until})
    ref = given["items"][0]["id"]
    assert (await house.admin.call("DELETE", f"/handovers/{ref}")).status == 204
    assert (await house.admin.get(f"/members/{petr.id}/handover"))["items"] == []
    await house.admin.post(f"/members/{petr.id}/handover", {"to_id": olga.id, "until": until})
    await change(house, "UPDATE handover SET until = 1 WHERE returned_at IS NULL")
    house.gateway.bells.ring(["router"])
    async with asyncio.timeout(20):
        while (await house.admin.get(f"/members/{petr.id}/handover"))["items"]:
            await asyncio.sleep(0.02)
    people = {one["id"]: one for one in (await house.admin.get("/members"))["items"]}
    assert people[petr.id]["substitute_id"] is None


async def test_who_leaves_leaves_nothing_behind(house: House) -> None:
    petr, olga = await manager(house, "Petr"), await manager(house, "Olga")
    mine = await queue(house, "Mine", petr)
    ref = await house.hears("anna", "A table")
    deal = await deal_of(house, ref)
    await house.admin.post(f"/deals/{deal}/owner", {"member_id": petr.id})
    refused = await house.admin.call("PATCH", f"/members/{petr.id}", {"active": False})
    assert (refused.status, refused.json["params"]["reason"], refused.json["params"]["deal"]) == (
        409,
        "has_work",
        1,
    )
    await house.admin.post(f"/members/{petr.id}/deactivate", {"hand_to": olga.id})
    assert (await house.admin.get(f"/deals/{deal}"))["owner"]["id"] == olga.id
    people = {one["id"]: one for one in (await house.admin.get("/queues"))["items"]}
    assert [one["id"] for one in people[mine]["members"]] == [olga.id]
    assert (await petr.call("GET", "/session")).status == 401
    left = await house.rows(
        "SELECT id FROM deal WHERE owner_id = :id AND open = 1 UNION ALL SELECT id FROM task WHERE owner_id = :id"
        " AND done_at IS NULL UNION ALL SELECT id FROM conversation WHERE assignee_id = :id AND state <> 'closed'",
        id=petr.id,
    )
    assert list(left) == []


async def test_a_head_lets_a_colleague_go_but_no_administrator(house: House) -> None:
    olga, head = await manager(house, "Olga"), await house.person("head", name="Head")
    both = await house.person("manager", "admin", name="Both")
    await queue(house, "Mine", olga, both)
    refused = await head.call("POST", f"/members/{both.id}/deactivate", {})
    assert (refused.status, refused.code) == (403, "forbidden")
    await head.post(f"/members/{olga.id}/deactivate", {})
    shown = {one["id"]: one["active"] for one in (await house.admin.get("/members"))["items"]}
    assert (shown[olga.id], shown[both.id]) == (False, True)
    assert (await head.call("POST", "/members/nobody/deactivate", {})).status == 404


async def test_two_join_one_queue_at_once_and_nobody_leaves_it_empty(house: House) -> None:
    petr, olga, ira = [await manager(house, name) for name in ("Petr", "Olga", "Ira")]
    mine = await queue(house, "Mine", petr)
    team_id = (await house.admin.post("/teams", {"name": "North"}))["items"][0]["id"]
    bodies = {one.id: {"queues": {mine: True}, "team_id": team_id} for one in (olga, ira)}
    await asyncio.gather(*(house.admin.patch(f"/members/{ref}", body) for ref, body in bodies.items()))

    async def people() -> set[str]:
        found = (await house.admin.get("/queues"))["items"]
        return {one["id"] for row in found if row["id"] == mine for one in row["members"]}

    assert await people() == {petr.id, olga.id, ira.id}
    shown = (await house.admin.get("/teams"))["items"][0]["members"]
    assert {one["id"] for one in shown} == {olga.id, ira.id}
    for one in (olga, ira):
        await house.admin.patch(f"/members/{one.id}", {"queues": {mine: False}, "team_id": None})
    last = await house.admin.call("PATCH", f"/members/{petr.id}", {"queues": {mine: False}})
    assert (last.status, last.code, await people()) == (422, "queue_empty", {petr.id})
    assert (await house.admin.get("/teams"))["items"][0]["members"] == []
    for wrong in ({"queues": {"none": True}}, {"team_id": "none"}):
        assert (await house.admin.call("PATCH", f"/members/{petr.id}", wrong)).status in (404, 422)


async def test_of_two_who_edit_one_schedule_the_second_is_told(house: House) -> None:
    petr = await manager(house, "Petr")
    path = f"/members/{petr.id}/schedule"
    seen = (await house.admin.get(path))["version"]
    week = {"timezone": "Europe/Moscow", "week": [[[540, 1080]]] * 7, "leave": [["2026-03-09", "2026-03-10"]]}
    bodies = [{**week, "seen": seen}, {**week, "leave": [], "seen": seen}]
    answers = await asyncio.gather(*(house.admin.call("PUT", path, body) for body in bodies))
    assert sorted(one.status for one in answers) == [200, 409]
    (late,) = [one for one in answers if one.status == 409]
    assert (late.code, late.json["params"]) == ("changed", {"field": "schedule"})
    now = await house.admin.get(path)
    assert now["version"] != seen
    assert now["leave"] == bodies[[one.status for one in answers].index(200)]["leave"]
    await house.admin.put(path, {**week, "seen": now["version"]})
    await house.admin.patch(f"/members/{petr.id}", {"skills": ["b2b", " b2b "]})
    assert (await house.admin.get(path))["leave"] == week["leave"], "skills change no hours"


async def test_a_schedule_with_leave_holds_leads_back(house: House) -> None:
    petr = await manager(house, "Petr")
    day = [[0, 1440]]
    week = {
        "timezone": "Europe/Moscow",
        "week": [day] * 7,
        "dated": {},
        "leave": [["2020-01-01", "2099-12-31"]],
    }
    stored = await house.admin.put(f"/members/{petr.id}/schedule", week)
    assert (stored["leave"], stored["own"]) == (week["leave"], True)
    mine = await queue(house, "Mine", petr)
    await house.connect()
    await house.admin.patch(f"/sources/{house.source_id}", {"queue_id": mine})
    dry = await house.admin.post("/routing/check", {"lead": {"source_id": house.source_id}})
    verdicts = {one["ref"]: one["verdict"] for one in dry["route"]["candidates"]}
    assert (dry["route"]["rule"], verdicts[petr.id]) == ("nobody", "on_leave")
    wrong = await house.admin.call("PUT", f"/members/{petr.id}/schedule", {**week, "week": [[[60, 10]]] * 7})
    assert wrong.status == 422


async def test_teams_are_a_tree(house: House) -> None:
    head = await house.person("head", name="Head")
    top = (await house.admin.post("/teams", {"name": "Sales", "head_id": head.id}))["items"][0]["id"]
    below = {"name": "Retail", "parent_id": top, "members": [house.admin.id]}
    items = (await house.admin.post("/teams", below))["items"]
    inner = next(one["id"] for one in items if one["name"] == "Retail")
    circle = await house.admin.call("PUT", f"/teams/{top}", {"name": "Sales", "parent_id": inner})
    assert (circle.status, circle.json["params"]["field"]) == (422, "parent_id")
    assert (await house.admin.call("DELETE", f"/teams/{top}")).status == 204
    rows = (await house.admin.get("/teams"))["items"]
    assert [(one["name"], one["parent_id"], len(one["members"])) for one in rows] == [("Retail", None, 1)]


async def test_one_thousand_dry_runs_are_the_next_real_decision(house: House) -> None:
    """Short form: forty leads, each asked about first and then really brought."""
    people = [await manager(house, f"M{number}") for number in range(4)]
    mine = await queue(house, "Mine", *people, strategy="evenly")
    await house.connect()
    await house.admin.patch(f"/sources/{house.source_id}", {"queue_id": mine})
    for number in range(40):
        dry = await house.admin.post("/routing/check", {"lead": {"source_id": house.source_id}})
        deal = await deal_of(house, await house.hears(f"c{new_id()}", "A table"))
        assert await offered(house, deal) == dry["route"]["chosen"], number

        def free(tx: Transaction, deal: str = deal) -> None:
            tx.connection.execute(
                text("UPDATE offer SET state = 'withdrawn' WHERE deal_id = :id"), {"id": deal}
            )
            tx.connection.execute(text("UPDATE deal SET waiting = '', open = 0 WHERE id = :id"), {"id": deal})

        await house.gateway.database.write(free)


async def test_single_days_change_without_touching_the_others_and_leave_alone_keeps_company_hours(
    house: House,
) -> None:
    petr = await manager(house, "Petr")
    workdays = [[[540, 1080]]] * 5 + [[], []]
    settings = {"name": "", "timezone": "Europe/Moscow", "hours": workdays, "public_url": ""}
    await house.admin.put("/company", settings)
    change_of = {"member_id": petr.id, "dated": {"2027-03-08": [[600, 960]]}}
    await house.admin.call("PATCH", "/schedules", {"changes": [change_of]})
    await house.admin.call(
        "PATCH", "/schedules", {"changes": [{"member_id": petr.id, "week": {"5": [[1320, 1800]]}}]}
    )
    found = await house.admin.get("/schedules?since=2027-03-08&until=2027-03-14")
    mine = next(one for one in found["items"] if one["member_id"] == petr.id)
    assert mine["week"] == [*workdays[:5], [[1320, 1800]], []], (
        "the company's hours, but for the day that changed"
    )
    assert (mine["dated"], mine["own"]) == ({"2027-03-08": [[600, 960]]}, True)
    assert (await house.admin.get("/schedules?since=2027-03-09"))["items"][0]["dated"] == {}
    usual = {"changes": [{"member_id": petr.id, "dated": {"2027-03-08": None}}]}
    assert (await house.admin.call("PATCH", "/schedules", usual)).status == 204
    assert (await house.admin.get(f"/members/{petr.id}/schedule"))["dated"] == {}
    wrong = {"changes": [{"member_id": petr.id, "dated": {"2027-03-40": []}}]}
    assert (await house.admin.call("PATCH", "/schedules", wrong)).status == 422
    nobody = {"changes": [{"member_id": "nobody", "dated": {"2027-03-08": []}}]}
    assert (await house.admin.call("PATCH", "/schedules", nobody)).status == 404
    away = {"week": [[] for _ in range(7)], "leave": [["2026-01-01", "2026-01-02"]]}
    await house.admin.put(f"/members/{petr.id}/schedule", away)
    shown = next(one for one in (await house.admin.get("/members"))["items"] if one["id"] == petr.id)
    assert shown["shift"]["closes_at"] - shown["shift"]["opens_at"] == 9 * HOUR


async def test_everybody_says_why_no_lead_would_come(house: House) -> None:
    petr = await manager(house, "Petr")
    await queue(house, "Mine", petr)
    people = {one["id"]: one for one in (await house.admin.get("/members"))["items"]}
    assert (people[petr.id]["held"], people[petr.id]["may_own"]) == ([], True)
    await petr.post("/me/presence", {"state": "dnd"})
    people = {one["id"]: one for one in (await house.admin.get("/members"))["items"]}
    assert people[petr.id]["held"] == ["do_not_disturb"]


async def test_a_dry_run_tells_who_follows_and_takes_another_day_as_planned(house: House) -> None:
    petr, olga = await manager(house, "Petr"), await manager(house, "Olga")
    both = await queue(house, "Both", petr, olga)
    await house.connect()
    await house.admin.patch(f"/sources/{house.source_id}", {"queue_id": both})
    lead = {"source_id": house.source_id, "text": "A chair"}
    now = await house.admin.post("/routing/check", {"lead": lead})
    assert now["route"]["chosen"] == petr.id and not now["supposed"]
    first, *_, last = now["then"]
    assert [one["id"] for one in first["to"]] == [olga.id]
    assert [one["id"] for one in last["to"]] == [house.admin.id], "the head keeps what nobody took"
    own = await house.admin.post("/routing/check", {"lead": {**lead, "manager_id": olga.id}})
    assert (own["route"]["rule"], own["route"]["chosen"]) == ("sticky", olga.id)
    await house.admin.call("PATCH", "/schedules", {"changes": [{"member_id": petr.id, "week": {"0": []}}]})
    monday = 1_798_448_400_000_000  # Monday 2026-12-28, noon in Moscow
    then = await house.admin.post("/routing/check", {"lead": lead, "at": monday})
    verdicts = {one["ref"]: one["verdict"] for one in then["route"]["candidates"]}
    assert (then["supposed"], then["route"]["chosen"], verdicts[petr.id]) == (True, olga.id, "off_hours")


async def test_only_the_draft_that_was_seen_is_published(house: House) -> None:
    petr = await manager(house, "Petr")
    mine = await queue(house, "Mine", petr)
    await house.connect()
    chair = await deal_of(house, await house.hears("anna", "A chair"))
    async with house.admin.live() as line:
        await house.admin.put("/routing/draft", {"rules": [], "catch_all": mine, "seen": 0})
        await line.next("routing.changed")
    await house.admin.put(
        "/routing/draft", {"rules": [rule("1", mine, says("chair"))], "catch_all": mine, "seen": 1}
    )
    stale = await house.admin.call("POST", "/routing/publish", {"seen": 1})
    assert (stale.status, stale.code) == (409, "draft_conflict")
    assert (await house.admin.post("/routing/publish", {"seen": 2}))["version"] == 1
    gone = await house.admin.call("PUT", "/routing/draft", {"rules": [], "catch_all": mine, "seen": 2})
    assert (gone.status, gone.code) == (409, "draft_conflict"), "it was published meanwhile"
    kept = (await house.admin.get("/routing/versions/1"))["plan"]["rules"]
    assert [one["id"] for one in kept] == ["1"]
    assert (await house.admin.call("GET", "/routing/versions/x")).status == 404
    assert [one["deal_id"] for one in (await house.admin.get("/routing/leads"))["items"]] == [chair]
