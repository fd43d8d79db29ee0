"""Every lead has an owner, an open offer, or a place in a queue with a stated reason."""

from __future__ import annotations

import asyncio

import pytest

from gateway import clock, offers
from gateway.dryrun import dry_run
from gateway.refusals import Refusal
from gateway.rules import answering_of
from storage import natures
from tests.gateway.town import IGOR, Town, until

MINUTE = 60_000_000


async def offered(town: Town, count: int) -> bool:
    return int(await town.one("SELECT count(*) FROM offer WHERE state = 'open'")) == count


async def test_a_new_lead_is_offered_to_everybody_on_shift(town: Town) -> None:
    petr, olga = await town.member("petr", "manager"), await town.member("olga", "manager")
    await town.say("messenger1", "Сколько стоит шкаф?")
    await until(lambda: offered(town, 2))
    to = {row.member_id for row in await town.rows("SELECT member_id FROM offer")}
    assert to == {petr, olga}
    assert await town.one("SELECT rule FROM decision WHERE kind = 'route'") == "everyone"


async def test_a_lead_nobody_can_take_waits_with_its_reason_and_comes_with_who_is_freed(town: Town) -> None:
    await town.say("messenger1", "Сколько стоит шкаф?")
    await until(lambda: waiting(town, "nobody"))
    await town.member("petr", "manager")
    await until(lambda: offered(town, 1), seconds=20)


async def waiting(town: Town, reason: str) -> bool:
    found = await town.rows("SELECT waiting FROM deal")
    return bool(found) and found[0].waiting == reason


async def test_accepting_is_exclusive_and_gives_deal_conversation_and_task(town: Town) -> None:
    petr, olga = await town.member("petr", "manager"), await town.member("olga", "manager")
    await town.say("messenger1", "Сколько стоит шкаф?")
    await until(lambda: offered(town, 2))
    mine = {row.member_id: row.id for row in await town.rows("SELECT id, member_id FROM offer")}
    results = await asyncio.gather(
        offers.accept(town.gateway, petr, mine[petr]),
        offers.accept(town.gateway, olga, mine[olga]),
        offers.accept(town.gateway, petr, mine[petr]),
        return_exceptions=True,
    )
    refused = [result for result in results if isinstance(result, Refusal)]
    owner = await town.one("SELECT owner_id FROM deal")
    assert owner in (petr, olga)
    assert {refusal.code for refusal in refused} == {"taken"}
    assert len(refused) == (1 if owner == petr else 2)
    assert await town.one("SELECT assignee_id FROM conversation") == owner
    assert await town.one("SELECT owner_id FROM task WHERE kind = 'stage'") == owner
    assert await town.one("SELECT count(*) FROM offer WHERE state = 'open'") == 0


async def test_declining_passes_the_lead_on_and_keeps_the_reason(town: Town) -> None:
    petr, olga = await town.member("petr", "manager"), await town.member("olga", "manager")
    await town.say("messenger1", "Сколько стоит шкаф?")
    await until(lambda: offered(town, 2))
    mine = await town.one("SELECT id FROM offer WHERE member_id = :id", id=petr)
    await offers.decline(town.gateway, petr, mine, "busy", "")
    assert tuple((await town.rows("SELECT state, reason FROM offer WHERE id = :id", id=mine))[0]) == (
        "declined",
        "busy",
    )
    assert await town.one("SELECT member_id FROM offer WHERE state = 'open'") == olga


async def test_an_offer_nobody_takes_ends_with_the_head_as_keeper(town: Town) -> None:
    await town.member("petr", "manager")
    await town.say("messenger1", "Сколько стоит шкаф?")
    await until(lambda: offered(town, 1))
    clock.turn(4 * MINUTE)
    town.gateway.bells.ring(["router"])
    try:
        await until(lambda: waiting(town, "ladder_end"))
    finally:
        clock.turn(-4 * MINUTE)
    assert await town.one("SELECT count(*) FROM event WHERE type = 'notification'") >= 1


async def test_an_expired_offer_cannot_be_accepted(town: Town) -> None:
    petr = await town.member("petr", "manager")
    await town.say("messenger1", "Сколько стоит шкаф?")
    await until(lambda: offered(town, 1))
    mine = await town.one("SELECT id FROM offer")
    clock.turn(4 * MINUTE)
    try:
        with pytest.raises(Refusal) as refused:
            await offers.accept(town.gateway, petr, mine)
    finally:
        clock.turn(-4 * MINUTE)
    assert refused.value.code == "expired"


async def test_at_most_one_open_offer_a_member(town: Town) -> None:
    await town.member("petr", "manager")
    await town.say("messenger1", "Первый лид")
    await until(lambda: offered(town, 1))
    await town.say("messenger1", "Второй лид", IGOR)
    await town.opened()
    await asyncio.sleep(0.3)
    assert await offered(town, 1)


async def test_spam_withdraws_the_offer_and_later_words_make_no_lead(town: Town) -> None:
    await town.member("petr", "manager")
    await town.say("messenger1", "Купите рекламу")
    await until(lambda: offered(town, 1))
    ref = await town.one("SELECT id FROM conversation")
    await town.gateway.database.write(
        natures.set_nature, ref, town.admin, "spam", await answering_of(town.gateway)
    )
    await town.say("messenger1", "Ещё реклама")
    await town.opened()
    assert await town.one("SELECT state FROM offer") == "withdrawn"
    assert await town.one("SELECT count(*) FROM deal WHERE open = 1") == 0
    assert await town.one("SELECT nature FROM message ORDER BY at DESC, seq DESC LIMIT 1") == "spam"


async def test_a_dry_run_says_who_would_get_it_and_changes_nothing(town: Town) -> None:
    petr = await town.member("petr", "manager")
    before = await town.rows("SELECT * FROM member ORDER BY id")
    decision = await dry_run(town.gateway, town.sources["messenger1"])
    assert decision.chosen == (petr,)
    assert await town.rows("SELECT * FROM member ORDER BY id") == before
    assert await town.one("SELECT count(*) FROM offer") == 0


async def test_a_known_clients_message_goes_to_the_open_deal_and_its_owner(town: Town) -> None:
    petr = await town.member("petr", "manager")
    await town.say("messenger1", "Сколько стоит шкаф?")
    await until(lambda: offered(town, 1))
    await offers.accept(town.gateway, petr, await town.one("SELECT id FROM offer"))
    await town.say("messenger1", "И ещё полку")
    await town.opened()
    assert await town.one("SELECT count(*) FROM deal") == 1
    assert await town.one("SELECT count(DISTINCT deal_id) FROM message WHERE direction = 'in'") == 1
    assert (
        await town.one("SELECT rule FROM decision WHERE kind = 'attach' ORDER BY at DESC LIMIT 1")
        == "most_recent"
    )
