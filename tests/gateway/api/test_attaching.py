"""Which deal is it about: asked once, answered at one tap, taken back as a whole; nothing said is ever lost from the sum."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from routing.times import DAY, HOUR
from storage.transaction import Transaction
from tests.gateway.api.house import House


async def deal_of(house: House, conversation_id: str) -> str:
    row = (await house.admin.get(f"/conversations/{conversation_id}"))["row"]
    return str(row["deal"]["id"])


async def messages(house: House, conversation_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await house.admin.get(f"/conversations/{conversation_id}/messages"))[
        "items"
    ]
    return [item for item in items if item["kind"] not in ("note", "system")]


async def contact_of(house: House, conversation_id: str) -> str:
    return str((await house.admin.get(f"/conversations/{conversation_id}"))["row"]["contact"]["id"])


async def undo(house: House, answer: dict[str, Any]) -> int:
    how = answer["undo"]
    return (await house.admin.call(how["method"], how["path"].removeprefix("/api/v1"), how["body"])).status


async def change(house: House, sql: str, **values: Any) -> None:
    def work(tx: Transaction) -> None:
        tx.connection.execute(text(sql), values)

    await house.gateway.database.write(work)


async def second_deal(house: House, conversation_id: str) -> str:
    """Another open deal of the same client, made by moving one message and letting no pin stand."""
    item = (await messages(house, conversation_id))[-1]
    moved = await house.admin.post(f"/messages/{item['id']}/deal", {"deal_id": None, "scope": "one"})
    return str(moved["item"]["deal"]["id"])


async def test_of_two_close_deals_the_operator_is_asked_once_and_the_answer_is_remembered(
    house: House,
) -> None:
    ref = await house.hears("anna", "A table, please")
    first = await deal_of(house, ref)
    await house.hears("anna", "And a chair")
    second = await second_deal(house, ref)
    await house.hears("anna", "When will it be ready?")
    asked = (await house.admin.get(f"/conversations/{ref}/questions"))["items"]
    assert [(one["kind"], set(one["answers"])) for one in asked] == [("close", {first, second})]
    await house.hears("anna", "Hello?")
    assert len((await house.admin.get(f"/conversations/{ref}/questions"))["items"]) == 1
    answer = {"kind": "close", "about": "-", "answer": first}
    answered = await house.admin.post(f"/conversations/{ref}/questions", answer)
    assert (await house.admin.get(f"/conversations/{ref}/questions"))["items"] == []
    await house.hears("anna", "Thank you")
    said = await messages(house, ref)
    assert [item["deal"]["id"] for item in said[-3:]] == [first] * 3
    assert (await house.rows("SELECT count(*) AS n FROM question"))[0].n == 1
    assert await undo(house, answered) == 200
    row = (await house.admin.get(f"/conversations/{ref}"))["row"]
    assert row["deal"]["pinned"] is False
    again = await house.admin.call("POST", f"/conversations/{ref}/questions", answer)
    assert again.code == "not_now"


async def test_a_source_that_never_asks_asks_nothing(house: House) -> None:
    await house.connect()
    rules = await house.admin.get(f"/sources/{house.source_id}/attachment")
    assert rules["ask_within_hours"] == 24
    changed = await house.admin.put(
        f"/sources/{house.source_id}/attachment", {**rules, "ask_within_hours": 0, "evidence": ["reply"]}
    )
    assert (changed["ask_within_hours"], changed["evidence"]) == (0, ["reply"])
    ref = await house.hears("anna", "A table, please")
    await house.hears("anna", "And a chair")
    await second_deal(house, ref)
    await house.hears("anna", "When will it be ready?")
    assert (await house.admin.get(f"/conversations/{ref}/questions"))["items"] == []


async def test_an_old_deal_is_asked_about_and_yes_splits_the_conversation(house: House) -> None:
    ref = await house.hears("anna", "A table, please")
    old = await deal_of(house, ref)
    await change(house, "UPDATE deal SET created_at = 1, last_activity_at = 1 WHERE id = :id", id=old)
    await house.hears("anna", "Now I need a sofa")
    asked = (await house.admin.get(f"/conversations/{ref}/questions"))["items"]
    assert [(one["kind"], one["answers"]) for one in asked] == [("stale", ["yes", "no"])]
    answered = await house.admin.post(
        f"/conversations/{ref}/questions", {"kind": "stale", "about": old, "answer": "yes"}
    )
    said = await messages(house, ref)
    assert said[0]["deal"]["id"] == old != said[1]["deal"]["id"]
    assert await undo(house, answered) == 200
    assert {item["deal"]["id"] for item in await messages(house, ref)} == {old}
    assert (await house.rows("SELECT count(*) AS n FROM deal"))[0].n == 1


async def closed(house: House, deal_id: str, reason: str) -> None:
    await change(
        house,
        "UPDATE deal SET open = 0, stage_kind = 'lost', owner_id = :me, waiting = '', closed_at = :at, lost_reason = :why"
        " WHERE id = :id",
        id=deal_id, me=house.admin.id, at=house.gateway.now() - HOUR, why=reason,
    )  # fmt: skip


async def test_a_quiet_lead_goes_back_to_the_closed_deal_at_one_tap_and_returns(house: House) -> None:
    ref = await house.hears("anna", "A table, please")
    old = await deal_of(house, ref)
    await closed(house, old, "")
    await house.hears("anna", "Where is my receipt?")
    quiet = await deal_of(house, ref)
    asked = (await house.admin.get(f"/conversations/{ref}/questions"))["items"]
    assert (asked[0]["kind"], asked[0]["answers"]) == ("after_closed", ["of_last_deal", "new_enquiry"])
    done = await house.admin.post(f"/deals/{quiet}/outcome", {"choice": "of_deal", "deal_id": old})
    assert {item["deal"]["id"] for item in await messages(house, ref)} == {old}
    assert (await house.admin.get(f"/deals/{quiet}"))["stage_kind"] == "merged"
    assert await undo(house, done) == 200
    assert [item["deal"]["id"] for item in await messages(house, ref)] == [old, quiet]
    assert (await house.admin.get(f"/deals/{quiet}"))["stage_kind"] == "lead"


async def test_a_deal_lost_for_a_passing_reason_is_taken_up_again(house: House) -> None:
    ref = await house.hears("anna", "A table, please")
    old = await deal_of(house, ref)
    await closed(house, old, "too_expensive")
    await house.hears("anna", "All right, I take it")
    quiet = await deal_of(house, ref)
    done = await house.admin.post(f"/deals/{quiet}/outcome", {"choice": "revive", "deal_id": old})
    assert (await house.admin.get(f"/deals/{old}"))["closed_at"] is None
    assert (await deal_of(house, ref)) == old
    assert await undo(house, done) == 200
    assert (await house.admin.get(f"/deals/{old}"))["closed_at"] is not None


async def test_a_new_enquiry_is_a_lead_like_any_other(house: House) -> None:
    ref = await house.hears("anna", "A table, please")
    await closed(house, await deal_of(house, ref), "")
    await house.hears("anna", "And now a sofa")
    quiet = await deal_of(house, ref)
    assert (await house.admin.get(f"/deals/{quiet}"))["quiet"] is True
    await house.admin.post(f"/deals/{quiet}/outcome", {"choice": "new_enquiry"})
    assert (await house.admin.get(f"/deals/{quiet}"))["quiet"] is False
    assert (await house.rows("SELECT kind FROM task WHERE deal_id = :id", id=quiet))[0].kind == "stage"


async def test_spam_is_opened_anew_once_it_is_a_clients(house: House) -> None:
    ref = await house.hears("anna", "Buy our advertising")
    lead = await deal_of(house, ref)
    spam = await house.admin.post(f"/conversations/{ref}/nature", {"nature": "spam"})
    assert (await house.admin.get(f"/deals/{lead}"))["closed_at"] is not None
    assert await undo(house, spam) == 200
    assert (await house.admin.get(f"/deals/{lead}"))["closed_at"] is None
    await house.admin.post(f"/conversations/{ref}/nature", {"nature": "spam"})
    await house.hears("anna", "No, really, I want a table")
    assert (await messages(house, ref))[-1]["deal"] is None
    back = await house.admin.post(f"/conversations/{ref}/nature", {"nature": "client"})
    assert back["undo"] is not None
    async with asyncio.timeout(5):
        while (last := (await messages(house, ref))[-1])["deal"] is None:
            await asyncio.sleep(0.02)
    assert last["deal"]["stage_kind"] == "lead"
    assert (await house.admin.get(f"/conversations/{ref}"))["row"]["unanswered"] is True
    decided = await house.admin.get(f"/messages/{last['id']}/decisions")
    assert decided["items"][0]["chosen"] == last["deal"]["id"]


async def test_a_mismatch_is_listed_and_settled_at_one_click(house: House) -> None:
    ref = await house.hears("anna", "A table, please")
    deal, contact = await deal_of(house, ref), await contact_of(house, ref)
    petr, olga = await house.person("manager", name="Petr"), await house.person("manager", name="Olga")
    await change(house, "UPDATE deal SET owner_id = :who, waiting = '' WHERE id = :id", id=deal, who=petr.id)
    await house.admin.call("PUT", f"/contacts/{contact}/responsible", {"member_id": olga.id})
    found = (await house.admin.get("/mismatches"))["items"]
    assert [
        (one["contact"]["id"], one["responsible"]["id"], one["deals"][0]["owner"]["id"]) for one in found
    ] == [(contact, olga.id, petr.id)]
    assert (await house.admin.get(f"/contacts/{contact}/mismatch"))["items"] == found
    done = await house.admin.post(f"/contacts/{contact}/mismatch", {"policy": "contact"})
    assert (await house.admin.get(f"/deals/{deal}"))["owner"]["id"] == olga.id
    assert (await house.admin.get("/mismatches"))["items"] == []
    assert await undo(house, done) == 200
    assert (await house.admin.get(f"/deals/{deal}"))["owner"]["id"] == petr.id
    await house.admin.post(f"/contacts/{contact}/mismatch", {"policy": "deal"})
    assert (await house.admin.get(f"/contacts/{contact}"))["responsible"]["id"] == petr.id
    changes = (await house.admin.get(f"/contacts/{contact}/history"))["items"]
    assert [(one["field"], one["before"], one["after"]) for one in changes] == [
        ("responsible_id", olga.id, petr.id), ("responsible_id", None, olga.id),
    ]  # fmt: skip


async def test_a_link_bound_to_a_deal_is_evidence_where_the_source_counts_it(house: House) -> None:
    ref = await house.hears("anna", "A table, please")
    deal = await deal_of(house, ref)
    body = {"kind": "deep_link", "value": "spring", "deal_id": deal}
    assert (await house.admin.put(f"/sources/{house.source_id}/bindings", body))["items"] == [body]
    wrong = await house.admin.call(
        "PUT", f"/sources/{house.source_id}/bindings", {**body, "deal_id": "nothing"}
    )
    assert wrong.status == 404
    rules = await house.admin.get(f"/sources/{house.source_id}/attachment")
    evidence = [*rules["evidence"], "deep_link"]
    await house.admin.put(f"/sources/{house.source_id}/attachment", {**rules, "evidence": evidence})
    other = await house.hears("boris", "I come by the link", campaign="spring")
    assert await deal_of(house, other) == deal
    record = (await house.rows("SELECT rule FROM decision WHERE conversation_id = :id", id=other))[0]
    assert record.rule == "evidence"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["hear", "move", "many", "split", "whole", "undo", "spam", "client", "merge"]),
        st.integers(0, 9), st.integers(0, 9),
    ),
    max_size=14,
)  # fmt: skip


@pytest.mark.timeout(300)
async def test_the_sum_over_deals_is_all_messages_whatever_is_done(house: House) -> None:
    await _try(house, examples=4)


@pytest.mark.full
@pytest.mark.timeout(3000)
async def test_the_sum_over_deals_is_all_messages_at_length(house: House) -> None:
    await _try(house, examples=400)


async def _try(house: House, examples: int) -> None:
    loop = asyncio.get_running_loop()
    numbers = iter(range(1_000_000))

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(steps=STEPS)
    def each(steps: list[tuple[str, int, int]]) -> None:
        asyncio.run_coroutine_threadsafe(_walk(house, f"c{next(numbers)}", steps), loop).result()

    await asyncio.to_thread(each)


async def _walk(house: House, chat: str, steps: list[tuple[str, int, int]]) -> None:
    ref = await house.hears(chat, "first")
    acts: list[dict[str, Any]] = []
    for what, one, two in steps:
        await _step(house, chat, ref, what, one, two, acts)
        contact = await contact_of(house, ref)
        count = await house.admin.get(f"/contacts/{contact}/count")
        said = await messages(house, ref)
        assert count["messages"] == len(said)
        assert sum(deal["messages"] for deal in count["deals"]) + count["outside"] == count["messages"]
        assert all(deal["deal_id"] for deal in count["deals"]), "a client's message on no deal"
        lost = await house.rows(
            "SELECT m.id FROM message m LEFT JOIN deal d ON d.id = m.deal_id WHERE m.deal_id IS NOT NULL AND d.id IS NULL"
        )
        assert list(lost) == []


async def _step(
    house: House, chat: str, ref: str, what: str, one: int, two: int, acts: list[dict[str, Any]]
) -> None:
    said = await messages(house, ref)
    item = said[one % len(said)]
    contact = await contact_of(house, ref)
    deals = (await house.admin.get(f"/deals?contact={contact}"))["items"]
    target = None if two > 6 or not deals else deals[two % len(deals)]["id"]
    match what:
        case "hear":
            await house.hears(chat, f"more {one}", ago=DAY if two > 7 else 1_000_000)
        case "move" | "many" | "split" | "whole":
            scope = {"move": "one", "many": "one", "split": "following", "whole": "conversation"}[what]
            more = [other["id"] for other in said[:two]] if what == "many" else []
            body = {"deal_id": target, "scope": scope, "message_ids": more}
            acts.append(await house.admin.post(f"/messages/{item['id']}/deal", body))
        case "undo" if acts:
            await undo(house, acts.pop())
        case "spam" | "client":
            acts.append(await house.admin.post(f"/conversations/{ref}/nature", {"nature": what}))
            if acts[-1]["undo"] is None:
                acts.pop()
        case "merge" if target is not None and item["deal"] is not None:
            answer = await house.admin.call(
                "POST", f"/deals/{item['deal']['id']}/outcome", {"choice": "of_deal", "deal_id": target}
            )
            if answer.status == 200:
                acts.append(answer.json)
