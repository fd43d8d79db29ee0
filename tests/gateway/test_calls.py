"""A call's life in the house: who sees it ring, what a missed one asks for, what closes it (rules.md, section 5)."""

from __future__ import annotations

import asyncio
import time
from dataclasses import fields, replace
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Connection, text

from channels.base import RouteQuestion
from channels.email import Email
from channels.events import CallFact, Identity
from channels.fakes import Act, Client
from channels.telegram.fake import TelegramFake
from channels.telephony import fake_scenes as scenes
from channels.telephony.fake import Exchange
from channels.vk.fake import VKFake
from gateway import clock
from gateway.calls import desk_of, whom_to_ring
from gateway.opening.calls import fact_of, look_again
from gateway.rules import answering_of
from gateway.switchboard import repair, step_of
from routing.schedule import Schedule
from routing.times import MINUTE, SECOND
from storage import blocking, calls, history, natures
from storage.transaction import Transaction
from tests.drills.always import assert_always_true
from tests.gateway.town import IGOR, MARIA, Town, until


async def exchange(town: Town) -> Exchange:
    await town.connect("phone")
    fake = town.fakes["phone"]
    assert isinstance(fake, Exchange)
    return fake


async def person(town: Town, name: str, extension: str, *roles: str) -> str:
    member = await town.member(name, *(roles or ("manager",)))

    def give(tx: Transaction) -> None:
        tx.connection.execute(
            text("UPDATE member SET extension = :ext WHERE id = :id"), {"ext": extension, "id": member}
        )

    await town.gateway.database.write(give)
    return member


async def cards(town: Town) -> dict[str, str]:
    """member -> state of the card on their screen."""

    def read(connection: Connection) -> dict[str, str]:
        found = calls.current(connection, town.gateway.now())
        return {member: row.state for row in found.rows for member in calls.shown_to(found, row)}

    return await town.gateway.database.read(read)


async def tasks(town: Town) -> list[Any]:
    return await town.rows("SELECT * FROM task WHERE kind = 'call_back' ORDER BY created_at")


async def test_a_ringing_group_sees_the_card_until_one_of_them_answers(town: Town) -> None:
    fake = await exchange(town)
    anna, petr = await person(town, "Анна", "101"), await person(town, "Пётр", "102")
    scene = scenes.group(("101", "102"), "102")
    call = fake.new_call(MARIA, lasts=6)
    await fake.play(call, scene, order=range(4))
    await town.opened()
    assert await cards(town) == {anna: "ringing", petr: "ringing"}
    await fake.play(call, scene, order=range(4, 5))
    await town.opened()
    assert await cards(town) == {petr: "answered"}, "Anna's card is gone at once"
    await fake.play(call, scene)
    await town.opened()
    assert await cards(town) == {}
    (lead,) = await town.rows("SELECT owner_id FROM deal WHERE stage_kind = 'lead'")
    assert lead.owner_id == petr, "the lead of a stranger is hers who answered"


async def test_a_card_stays_when_the_call_was_missed_and_one_task_waits_for_the_client(town: Town) -> None:
    fake = await exchange(town)
    anna = await person(town, "Анна", "101")
    for _ in range(2):
        await fake.act(Act(client=MARIA, doing="call_missed", member="101"))
    await town.opened()
    assert await cards(town) == {anna: "missed"}
    (task,) = await tasks(town)
    assert (task.owner_id, task.done_at, task.attempted_at) == (anna, None, None)
    assert await town.one("SELECT count(*) FROM deal") == 1


async def test_a_try_stops_the_clock_and_a_talk_closes_the_call_back(town: Town) -> None:
    fake = await exchange(town)
    await person(town, "Анна", "101")
    await fake.act(Act(client=MARIA, doing="call_missed", member="101"))
    await town.opened()
    await fake.play(fake.new_call(MARIA), scenes.outgoing("101", taken=False))
    await town.opened()
    (task,) = await tasks(town)
    assert task.attempted_at is not None
    assert task.done_at is None
    await fake.play(fake.new_call(MARIA), scenes.outgoing("101"))
    await town.opened()
    (task,) = await tasks(town)
    assert task.done_at is not None
    assert await town.one("SELECT count(*) FROM deal") == 1, "an outgoing call makes no lead"


async def test_a_letter_in_another_channel_closes_it_and_owes_it_again_when_it_never_left(town: Town) -> None:
    fake = await exchange(town)
    await fake.act(Act(client=MARIA, doing="call_missed", member="101"))
    await town.opened()
    contact = await town.one("SELECT contact_id FROM task WHERE kind = 'call_back'")
    closed = await town.gateway.database.write(calls.close_call_backs, contact, town.admin, "wrote")
    assert len(closed) == 1
    await town.gateway.database.write(calls.owe_again, closed)
    (task,) = await tasks(town)
    assert task.done_at is None


def half_an_hour_ago(tx: Transaction) -> None:
    """The answer was written then, not now."""
    tx.connection.execute(text("UPDATE task SET done_at = done_at - :ago"), {"ago": 1_800 * SECOND})


async def test_a_client_who_rings_again_before_our_letter_fails_is_owed_one_call_and_as_early(
    town: Town,
) -> None:
    fake = await exchange(town)
    await fake.act(Act(client=MARIA, doing="call_missed", member="101"))
    await town.opened()
    (first,) = await tasks(town)
    closed = await town.gateway.database.write(calls.close_call_backs, first.contact_id, town.admin, "wrote")
    await town.gateway.database.write(half_an_hour_ago)
    await fake.act(Act(client=MARIA, doing="call_missed", member="101"))
    await town.opened()
    assert len(await tasks(town)) == 2
    await town.gateway.database.write(calls.owe_again, closed)
    (owed,) = [task for task in await tasks(town) if task.done_at is None]
    assert owed.id != first.id
    assert owed.due_at == first.due_at, "the client waits since the first call"


async def test_what_nobody_ends_settles_by_itself(town: Town) -> None:
    fake = await exchange(town)
    await person(town, "Анна", "101")
    scene = scenes.missed("101")[:-1]  # the summary is lost
    await fake.play(fake.new_call(MARIA, lasts=scenes.lasts(scene) + 60), scene)
    await town.opened()
    assert await town.one("SELECT state FROM message WHERE kind = 'call'") == "ringing", (
        "more may be on its way"
    )

    async def missed() -> bool:
        return bool(await town.one("SELECT count(*) FROM task WHERE kind = 'call_back'") == 1)

    clock.turn(30 * SECOND)
    try:
        town.gateway.bells.ring(["calls"])
        await until(missed)
    finally:
        clock.turn(-30 * SECOND)
    assert await town.one("SELECT state FROM message WHERE kind = 'call'") == "missed"


async def test_a_call_that_cannot_be_looked_at_holds_up_no_other(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = await exchange(town)
    scene = scenes.missed("101")[:-1]  # the summaries are lost
    bad, good = (
        fake.new_call(MARIA, lasts=scenes.lasts(scene)),
        fake.new_call(IGOR, lasts=scenes.lasts(scene)),
    )
    for call in (bad, good):
        await fake.play(call, scene)
    await town.opened()

    def fail(board: Any, house: Any, rules: Any, call: str, as_of: int) -> None:
        if call == bad.id:
            raise ZeroDivisionError
        look_again(board, house, rules, call, as_of)

    monkeypatch.setattr("gateway.switchboard.look_again", fail)

    async def settled() -> bool:
        rows = await town.rows("SELECT call, state FROM phone_call WHERE state = 'missed'")
        return [row.call for row in rows] == [good.id]

    clock.turn(30 * SECOND)
    try:
        town.gateway.bells.ring(["calls"])
        await until(settled)
        later = "SELECT look_at FROM phone_call WHERE call = :call"

        async def put_off() -> bool:
            return bool(await town.one(later, call=bad.id) > town.gateway.now())

        await until(put_off)
    finally:
        clock.turn(-30 * SECOND)


async def test_a_late_proof_takes_the_missed_call_and_its_task_back(town: Town) -> None:
    fake = await exchange(town)
    await person(town, "Анна", "101")
    scene = scenes.answered("101", recorded=False)
    call = fake.new_call(MARIA, lasts=scenes.lasts(scene))
    missed = [*scenes.missed("101")]
    await fake.play(call, missed)
    await town.opened()
    assert (await tasks(town))[0].done_at is None
    await fake.play(call, scene, order=[3, 4, 5])
    await town.opened()
    assert (await tasks(town))[0].done_at is not None
    assert await town.one("SELECT state FROM message WHERE kind = 'call'") == "finished"


async def test_who_tells_the_number_of_an_earlier_caller_keeps_their_own_deal(town: Town) -> None:
    fake = await exchange(town)
    await town.connect("messenger1")
    await fake.act(Act(client=MARIA, doing="call_missed", member="101"))
    await town.say("messenger1", "Здравствуйте")
    await town.opened()
    await town.fakes["messenger1"].act(Act(client=MARIA, doing="contact"))
    await town.opened()
    assert await town.one("SELECT count(*) FROM message WHERE kind = 'contact'") == 1
    strays = await town.rows(
        "SELECT m.id FROM message m JOIN deal d ON d.id = m.deal_id WHERE d.contact_id <> m.contact_id"
    )
    assert strays == [], "a message lies on a deal of the person whose timeline it is on"


async def test_the_client_of_a_call_is_the_same_whoever_is_named_later(town: Town) -> None:
    fake = await exchange(town)
    scene = scenes.missed("101")
    call = fake.new_call(MARIA, lasts=scenes.lasts(scene))
    await fake.play(call, scene, order=range(len(scene) - 1))
    await town.opened()
    other = scenes.Call(id=call.id, client="79169998877", line=call.line, began=call.began)
    await fake.play(other, scene, order=[len(scene) - 1])
    await town.opened()
    rows = await town.rows(
        "SELECT m.contact_id, d.contact_id AS of_deal, m.state FROM message m JOIN deal d ON d.id = m.deal_id"
    )
    assert [(row.contact_id == row.of_deal, row.state) for row in rows] == [(True, "missed")]


async def test_a_hidden_number_is_counted_only(town: Town) -> None:
    fake = await exchange(town)
    call = fake.new_call(MARIA)
    hidden = scenes.Call(id=call.id, client="", line=call.line, began=call.began)
    await fake.play(hidden, scenes.missed("101"))
    await town.opened()
    assert (
        await town.one("SELECT count(*) FROM phone_call WHERE message_id IS NULL AND state = 'missed'") == 1
    )
    assert await town.one("SELECT count(*) FROM message WHERE kind = 'call'") == 0


async def test_a_recording_named_twice_is_kept_once(town: Town) -> None:
    fake = await exchange(town)
    await fake.act(Act(client=MARIA, doing="call_answered", member="101"))
    await fake.again(3)
    await town.opened()
    assert await town.one("SELECT count(*) FROM attachment") == 1

    async def fetched() -> bool:
        return bool(await town.one("SELECT state FROM attachment") == "ready")

    await until(fetched)


async def test_the_call_that_a_button_placed_is_its_presser_s(town: Town) -> None:
    fake = await exchange(town)
    anna = await person(town, "Анна", "101")
    await fake.act(Act(client=MARIA, doing="call_missed", member="101"))
    await town.opened()
    contact = await town.one("SELECT contact_id FROM message WHERE kind = 'call'")
    live = town.gateway.sources.get(town.sources["phone"])
    assert live is not None
    number = await town.one("SELECT value FROM identity WHERE kind = 'phone'")
    order = calls.Order(
        id="018f0000-0000-7000-8000-0000000000c1", member_id=anna, extension="101", source_id=live.row.id,
        number=number, contact_id=contact, deal_id=None,
    )  # fmt: skip
    assert await town.gateway.database.write(calls.command, order) == (order.id, True)
    ref = await live.channel.call("101", number, order.id)
    await town.gateway.database.write(calls.commanded, order.id, "accepted", ref=ref)
    await fake.play_command(taken=False)
    await town.opened()
    rows = await town.rows("SELECT author_id, state, content FROM message WHERE direction = 'out'")
    assert [row.author_id for row in rows] == [anna]
    assert await town.one("SELECT state FROM call_command") == "linked"
    (task,) = await tasks(town)
    assert (task.attempted_at is not None, task.done_at) == (True, None), "her own leg is no answer"


async def test_a_command_that_no_call_follows_is_told_to_its_presser(town: Town) -> None:
    order = calls.Order(
        id="018f0000-0000-7000-8000-0000000000c2", member_id=town.admin, extension="1", source_id="s", number="+79160001122",
        contact_id=None, deal_id=None,
    )  # fmt: skip
    await town.gateway.database.write(calls.command, order)
    assert (await town.gateway.database.write(calls.command, order))[1] is False, "twice is once"
    await town.gateway.database.write(calls.give_up, -1)
    assert await town.one("SELECT state FROM call_command") == "expired"
    told = await town.one("SELECT audience FROM event WHERE object_id = 'call_not_placed'")
    assert told == f"member:{town.admin}"


async def test_history_brings_a_call_whose_events_were_lost_and_says_so(town: Town) -> None:
    fake = await exchange(town)
    await person(town, "Анна", "101")
    known, lost = fake.new_call(MARIA), fake.new_call(IGOR)
    await fake.play(known, scenes.answered("101", recorded=False))
    await town.opened()
    fake.history = [
        scenes.mango_row(known, scenes.answered("101", recorded=False)),
        scenes.mango_row(lost, scenes.missed("101")),
    ]
    live = town.gateway.sources.get(town.sources["phone"])
    assert live is not None
    for _ in range(2):
        await repair(town.gateway, live, town.gateway.now() - 30 * MINUTE, town.gateway.now())
        await town.opened()
    found = await town.rows("SELECT call, state, repaired FROM phone_call ORDER BY repaired")
    assert [(row.call, row.state, row.repaired) for row in found] == [
        (known.id, "finished", 0),
        (lost.id, "missed", 1),
    ]
    assert await town.one("SELECT count(*) FROM message WHERE kind = 'call'") == 2


async def test_the_question_is_answered_from_memory_and_leaves_a_record(town: Town) -> None:
    await exchange(town)
    anna = await person(town, "Анна", "101")
    live = town.gateway.sources.get(town.sources["phone"])
    assert live is not None
    asked = RouteQuestion(client=Identity(kind="phone", value="+79169990000"))
    answer = await whom_to_ring(town.gateway, live, asked)
    assert answer.members == ("101",)

    async def kept() -> bool:
        return bool(await town.one("SELECT count(*) FROM decision WHERE kind = 'call'") == 1)

    await until(kept)
    assert await town.one("SELECT chosen FROM decision WHERE kind = 'call'") == anna


async def test_a_silent_database_costs_the_question_less_than_a_second_and_then_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await exchange(town)
    live = town.gateway.sources.get(town.sources["phone"])
    assert live is not None

    async def never(*_: Any) -> None:
        await asyncio.sleep(30)

    asked = RouteQuestion(client=Identity(kind="phone", value="+79169990000"))
    monkeypatch.setattr("storage.database.Database.read", never)
    began = asyncio.get_running_loop().time()
    assert (await whom_to_ring(town.gateway, live, asked)).members == ()
    assert asyncio.get_running_loop().time() - began < 1.0
    began = asyncio.get_running_loop().time()
    assert (await whom_to_ring(town.gateway, live, asked)).members == ()
    assert asyncio.get_running_loop().time() - began < 0.1
    assert desk_of(town.gateway).resting_until > 0
    monkeypatch.undo()


def test_an_overdue_call_back_climbs_a_step_in_fifteen_working_minutes() -> None:
    always = Schedule(zone="UTC", week=((((0, 24 * 60)),),) * 7)
    due = 1_790_000_000 * SECOND
    steps = [step_of(always, due, due + late * MINUTE) for late in (-1, 0, 14, 15, 29, 30, 500)]
    assert steps == [0, 1, 1, 2, 2, 3, 3]


async def test_lines_are_told_apart_and_bring_their_campaigns(town: Town) -> None:
    fake = await exchange(town)
    await town.gateway.sources.change(
        town.sources["phone"], settings={"campaigns": "+74951234567 = Директ\n+78001234567 = Каталог"}
    )
    scene = scenes.missed("101")
    for client, line in ((MARIA, "74951234567"), (IGOR, "78001234567")):
        call = replace(fake.new_call(client, lasts=scenes.lasts(scene)), line=line)
        await fake.play(call, scene)
    await town.opened()
    touches = await town.rows("SELECT campaign FROM touch ORDER BY campaign")
    assert [row.campaign for row in touches] == ["Директ", "Каталог"]
    lines = await town.rows("SELECT line FROM phone_call ORDER BY line")
    assert [row.line for row in lines] == ["+74951234567", "+78001234567"]


async def test_an_earlier_talk_told_late_closes_nothing_when_the_client_was_missed_after_it(
    town: Town,
) -> None:
    fake = await exchange(town)
    await person(town, "Анна", "101")
    talk, missed = scenes.answered("101", recorded=False), scenes.missed("101")
    now = time.time()
    earlier = fake.new_call(MARIA, ended=now - 600, lasts=scenes.lasts(talk))
    await fake.play(fake.new_call(MARIA, ended=now - 300, lasts=scenes.lasts(missed)), missed)
    await town.opened()
    await fake.play(earlier, talk)
    await town.opened()
    assert [task.done_at for task in await tasks(town)] == [None]
    assert await town.one("SELECT state FROM conversation") == "open", "the client waits still"
    await fake.play(fake.new_call(MARIA, ended=now, lasts=scenes.lasts(talk)), talk)
    await town.opened()
    assert [task.done_at is None for task in await tasks(town)] == [False]
    assert await town.one("SELECT state FROM conversation") == "waiting"


async def test_a_missed_call_and_what_made_it_good_come_to_the_same_in_every_order(town: Town) -> None:
    fake = await exchange(town)
    talk, missed = scenes.answered("101", recorded=False), scenes.missed("101")
    now = time.time()
    ends = ((missed, now - 900), (talk, now - 600), (missed, now - 300))
    for number, places in enumerate(permutations(range(3))):
        client = Client(ref=f"c{number}", name="", phone=f"+7916000{number:04}")
        for place in places:
            scene, ended = ends[place]
            await fake.play(fake.new_call(client, ended=ended, lasts=scenes.lasts(scene)), scene)
            await town.opened()
    rows = await town.rows(
        "SELECT contact_id, due_at, done_at FROM task WHERE kind = 'call_back' ORDER BY contact_id, due_at"
    )
    by_client: dict[str, list[tuple[int, bool]]] = {}
    for row in rows:
        by_client.setdefault(row.contact_id, []).append((row.due_at, row.done_at is None))
    assert len(by_client) == 6
    assert len({tuple(one) for one in by_client.values()}) == 1, by_client
    assert [owed for _, owed in next(iter(by_client.values()))] == [False, True]


async def test_an_answer_written_in_the_networks_own_program_closes_the_call_back(town: Town) -> None:
    fake = await exchange(town)
    await town.connect("messenger2")
    vk = town.fakes["messenger2"]
    assert isinstance(vk, VKFake)
    await town.say("messenger2", "Здравствуйте", MARIA)
    await town.opened()
    contact = await town.one("SELECT contact_id FROM message")
    await fake.act(Act(client=MARIA, doing="call_missed", member="101"))
    await town.opened()
    await town.gateway.database.write(_same_person, contact)
    await vk.write(MARIA.ref, "Перезвоним через час")
    await town.opened()
    (task,) = await tasks(town)
    assert (task.done_at is None, task.owner_id) == (False, None)
    phone = town.sources["phone"]
    assert await town.one("SELECT waiting_since FROM conversation WHERE source_id = :id", id=phone) is None


async def test_the_owners_answer_on_a_lent_account_closes_the_call_back(town: Town) -> None:
    fake = await exchange(town)
    await town.connect("messenger1")
    telegram = town.fakes["messenger1"]
    assert isinstance(telegram, TelegramFake)
    key = await telegram.lend(IGOR)
    await telegram.privately(key, MARIA, "Хочу кухню")
    await town.opened()
    ref, contact = (await town.rows("SELECT id, contact_id FROM conversation"))[0]
    await town.gateway.database.write(
        natures.set_nature, ref, town.admin, "client", await answering_of(town.gateway)
    )
    await fake.act(Act(client=MARIA, doing="call_missed", member="101"))
    await town.opened()
    await town.gateway.database.write(_same_person, contact)
    await asyncio.sleep(1.1)  # Telegram tells whole seconds: the answer is after the call
    await telegram.privately(key, MARIA, "Перезвоню через час", by_owner=True)
    await town.opened()
    (task,) = await tasks(town)
    assert task.done_at is not None


async def test_a_letter_in_the_mailboxs_sent_folder_closes_the_call_back(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Email, "patience", replace(Email.patience, idle=0.5, poll=0.5))
    fake = await exchange(town)
    await town.connect("mail")
    mail: Any = town.fakes["mail"]
    await town.say("mail", "Сколько стоит кухня?", MARIA)

    async def came() -> bool:
        return bool(await town.one("SELECT count(*) FROM message WHERE direction = 'in'"))

    await until(came)
    await town.opened()
    contact = await town.one("SELECT contact_id FROM message")
    await fake.act(Act(client=MARIA, doing="call_missed", member="101"))
    await town.opened()
    await town.gateway.database.write(_same_person, contact)
    await asyncio.sleep(1.1)  # letters tell whole seconds
    await mail.write(MARIA, "Перезвоним через час")

    async def closed() -> bool:
        return (await tasks(town))[0].done_at is not None

    await until(closed)


async def test_what_a_number_marked_as_spam_calls_is_kept_as_spam_and_asks_for_nothing(town: Town) -> None:
    fake = await exchange(town)
    await fake.act(Act(client=MARIA, doing="call_missed", member="101"))
    await town.opened()
    ref = await town.one("SELECT id FROM conversation")
    await town.gateway.database.write(
        natures.set_nature, ref, town.admin, "spam", await answering_of(town.gateway)
    )
    for doing in ("call_missed", "call_answered"):
        await fake.act(Act(client=MARIA, doing=doing, member="101"))
        await town.opened()
    rows = await town.rows("SELECT nature, deal_id FROM message WHERE kind = 'call' ORDER BY nature")
    assert [(row.nature, row.deal_id is None) for row in rows] == [("client", False), *[("spam", True)] * 2]
    assert await town.one("SELECT count(*) FROM deal WHERE open = 1") == 0
    assert len(await tasks(town)) == 1, "of the first call alone"
    assert await town.one("SELECT state FROM conversation") == "closed"


async def test_a_blocked_caller_disturbs_nobody_and_is_called_when_we_want_to(town: Town) -> None:
    """Known by a messenger, blocked there; their telephone was never heard of before."""
    fake = await exchange(town)
    await town.connect("messenger1")
    await person(town, "Анна", "101")
    await town.fakes["messenger1"].act(Act(client=MARIA, doing="contact"))
    await town.opened()
    contact = await town.one("SELECT id FROM contact")
    await town.gateway.database.write(
        blocking.block, contact, town.admin, None, True, await answering_of(town.gateway)
    )
    live = town.gateway.sources.get(town.sources["phone"])
    assert live is not None
    asked = RouteQuestion(client=Identity(kind="phone", value=MARIA.phone))
    assert (await whom_to_ring(town.gateway, live, asked)).blocked
    call = fake.new_call(MARIA)
    await fake.play(call, scenes.rings(("101",)))
    await town.opened()
    assert await cards(town) == {}, "nobody's screen rings"
    await fake.act(Act(client=MARIA, doing="call_missed", member="101"))
    await fake.act(Act(client=MARIA, doing="call_answered", member="101"))
    await fake.play(fake.new_call(MARIA), scenes.outgoing("101"))
    await town.opened()
    assert await cards(town) == {}
    kept = await town.rows(
        "SELECT direction, nature, deal_id FROM message WHERE kind = 'call' ORDER BY direction"
    )
    assert [tuple(row) for row in kept] == [*[("in", "blocked", None)] * 3, ("out", "blocked", None)]
    assert await town.one("SELECT count(*) FROM deal WHERE open = 1") == 0
    assert await tasks(town) == []
    of_calls = "SELECT nature, waiting_since FROM conversation WHERE source_id = :id"
    (talk,) = await town.rows(of_calls, id=town.sources["phone"])
    assert tuple(talk) == ("blocked", None), "out of the queue from its first call on"


async def test_a_call_that_the_exchange_itself_turned_away_asks_for_nothing(town: Town) -> None:
    fake = await exchange(town)
    await person(town, "Анна", "101")
    scene = scenes.missed("101", reason=1151)
    await fake.play(fake.new_call(MARIA, lasts=scenes.lasts(scene)), scene)
    await town.opened()
    (said,) = await town.rows("SELECT nature, deal_id FROM message WHERE kind = 'call'")
    assert tuple(said) == ("spam", None)
    assert (await cards(town), await tasks(town)) == ({}, [])
    assert await town.one("SELECT outcome FROM phone_call") == "blocked"


async def test_a_call_that_began_earlier_than_it_seemed_hides_no_later_one(town: Town) -> None:
    """Its beginning is told last: until then it stands by the end of its ringing, after the call that came meanwhile."""
    fake = await exchange(town)
    await person(town, "Анна", "101")
    now = time.time()
    scene = scenes.ends(("101",), "", 0, 40)
    first = fake.new_call(MARIA, ended=now, lasts=40)
    await fake.play(first, scene, order=[0])
    later = fake.new_call(MARIA, ended=now - 10, lasts=10)
    await fake.play(later, scenes.rings(("101",)))
    await town.opened()
    await fake.play(first, scene, order=[1])
    await town.opened()
    shown = "SELECT m.external_id FROM conversation c JOIN message m ON m.id = c.last_message_id"
    assert await town.one(shown) == f"call:{later.id}"
    await assert_always_true(town.gateway, quiet=False)
    another = fake.new_call(MARIA, ended=now, lasts=5)
    await fake.play(another, scenes.rings(("101",)))
    await town.opened()
    assert await town.one(shown) == f"call:{another.id}"


async def test_a_short_ring_stays_one_whatever_is_told_of_it_later(town: Town) -> None:
    fake = await exchange(town)
    await person(town, "Анна", "101")
    scene = [*scenes.rings(("101",)), *scenes.ends(("101",), "", 0, 2)]
    call = fake.new_call(MARIA, ended=time.time() - 300, lasts=2)
    await fake.play(call, scene)
    await town.opened()
    fake.history = [scenes.mango_row(call, scene)]
    live = town.gateway.sources.get(town.sources["phone"])
    assert live is not None
    await repair(town.gateway, live, town.gateway.now() - 30 * MINUTE, town.gateway.now())
    await town.opened()
    assert await town.one("SELECT count(*) FROM call_fact") == len(scene) + 1
    (said,) = await town.rows("SELECT nature, deal_id, state FROM message WHERE kind = 'call'")
    assert tuple(said) == ("automatic", None, "missed")
    assert (await cards(town), await tasks(town)) == ({}, [])
    await assert_always_true(town.gateway, quiet=False)


async def test_which_way_a_call_went_may_be_told_late(town: Town) -> None:
    """Our own telephone rings first; until the end it looks like a client's call."""
    fake = await exchange(town)
    await person(town, "Анна", "101")
    scene = [
        replace(step, way="in") if step.at == 0 else step for step in scenes.outgoing("101", taken=False)
    ]
    call = fake.new_call(MARIA, lasts=scenes.lasts(scene))
    await fake.play(call, scene, order=[0])
    await town.opened()
    way = "SELECT m.direction, m.author_kind, c.inbound FROM message m JOIN conversation c ON c.id = m.conversation_id"
    assert [tuple(row) for row in await town.rows(way)] == [("in", "client", 1)]
    await fake.play(call, scene, order=range(1, len(scene)))
    await town.opened()
    assert [tuple(row) for row in await town.rows(way)] == [("out", "person", 0)]
    assert await town.one("SELECT count(*) FROM deal") == 0, "an outgoing call makes no lead"
    assert await tasks(town) == []


TURNED = [
    replace(step, way="out") if step.what == "ended" else step
    for step in scenes.answered("101", recorded=False)
    if step.leg != "ivr"
]
"""Her telephone rings and is taken up; only the end tells that it was she who called."""
LEFT = (
    "SELECT m.direction, m.author_kind, c.state, c.waiting_since, c.inbound, (SELECT count(*) FROM deal d WHERE"
    " d.contact_id = m.contact_id AND d.open = 1) AS leads, (SELECT count(*) FROM task t WHERE t.contact_id = m.contact_id"
    " AND t.done_at IS NULL) AS tasks, (SELECT count(*) FROM touch h WHERE h.contact_id = m.contact_id) AS touches,"
    " (SELECT count(*) FROM offer o JOIN deal d ON d.id = o.deal_id WHERE d.contact_id = m.contact_id AND o.state = 'open')"
    " AS offers FROM message m JOIN conversation c ON c.id = m.conversation_id WHERE m.kind = 'call'"
)


@pytest.mark.parametrize("by", ["101", "105"], ids=["one of ours", "nobody we know"])
async def test_a_call_answered_before_its_direction_was_told_comes_to_the_same_in_every_order(
    town: Town, by: str
) -> None:
    fake = await exchange(town)
    await person(town, "Анна", "101")
    scene = [replace(step, member=by) for step in TURNED]
    for number, order in enumerate(permutations(range(len(scene)))):
        client = Client(ref=f"c{number}", name="", phone=f"+7916000{number:04}")
        call = fake.new_call(client, lasts=scenes.lasts(scene))
        if number % 2:
            await fake.play(call, scene, order=order, times=2)
            continue
        for place in order:
            await fake.play(call, scene, order=[place])
            await town.opened()
    await town.opened()
    left = {tuple(row) for row in await town.rows(LEFT)}
    assert left == {("out", "person", "waiting", None, 0, 0, 0, 0, 0)}, "nobody called us"


async def test_a_missed_call_that_was_ours_asks_for_nothing_any_more(town: Town) -> None:
    fake = await exchange(town)
    await person(town, "Анна", "101")
    scene = scenes.missed("101")
    call = fake.new_call(MARIA, ended=time.time() - 300, lasts=scenes.lasts(scene))
    await fake.play(call, scene)
    await town.opened()
    assert [task.done_at for task in await tasks(town)] == [None]
    fake.history = [scenes.mango_row(call, [replace(step, way="out") for step in scene])]
    live = town.gateway.sources.get(town.sources["phone"])
    assert live is not None
    await repair(town.gateway, live, town.gateway.now() - 30 * MINUTE, town.gateway.now())
    await town.opened()
    (left,) = await town.rows(LEFT)
    assert tuple(left) == ("out", "person", "waiting", None, 0, 0, 0, 0, 0)
    (lead,) = await town.rows("SELECT stage_kind, lost_reason, waiting FROM deal")
    assert tuple(lead) == ("merged", "not_incoming", ""), "its number is not lost, and says why it ended"
    assert [task.result for task in await tasks(town)] == ["not_missed"]


async def test_a_lead_that_somebody_works_on_stays_though_the_call_was_ours(town: Town) -> None:
    fake = await exchange(town)
    anna = await person(town, "Анна", "101")
    scene = TURNED
    call = fake.new_call(MARIA, lasts=scenes.lasts(scene))
    await fake.play(call, scene, order=range(len(scene) - 1))
    await town.opened()
    deal = await town.one("SELECT id FROM deal")

    def name(tx: Transaction) -> None:
        act = history.Act(tx, anna, "deal.change")
        act.set("deal", deal, title="Кухня")
        act.close("deal", deal)

    await town.gateway.database.write(name)
    await fake.play(call, scene, order=[len(scene) - 1])
    await town.opened()
    assert await town.one("SELECT open FROM deal") == 1
    (way,) = await town.rows("SELECT direction, deal_id FROM message WHERE kind = 'call'")
    assert tuple(way) == ("out", deal)


async def test_a_call_that_turns_out_to_be_the_clients_makes_their_lead(town: Town) -> None:
    fake = await exchange(town)
    await person(town, "Анна", "101")
    scene = scenes.missed("101")
    call = fake.new_call(MARIA, ended=time.time() - 300, lasts=scenes.lasts(scene))
    await fake.play(call, scenes.outgoing("101", taken=False))
    await town.opened()
    assert await town.one("SELECT count(*) FROM deal") == 0
    fake.history = [scenes.mango_row(call, scene)]
    live = town.gateway.sources.get(town.sources["phone"])
    assert live is not None
    await repair(town.gateway, live, town.gateway.now() - 30 * MINUTE, town.gateway.now())
    await town.opened()
    (left,) = await town.rows(LEFT)
    assert tuple(left)[:3] == ("in", "client", "open")
    assert tuple(left)[4:8] == (1, 1, 1, 1)


async def test_a_call_from_a_members_own_number_is_internal(town: Town) -> None:
    """Where a mobile is somebody's extension, they are no client who calls."""
    fake = await exchange(town)
    await person(town, "Анна", MARIA.phone.removeprefix("+"))
    await fake.act(Act(client=MARIA, doing="call_missed", member="101"))
    await fake.act(Act(client=IGOR, doing="call_missed", member="101"))
    await town.opened()
    rows = await town.rows(
        "SELECT m.nature, i.value FROM message m JOIN conversation c ON c.id = m.conversation_id"
        " JOIN identity i ON i.id = c.identity_id WHERE m.kind = 'call'"
    )
    assert {row.value: row.nature for row in rows} == {MARIA.phone: "internal", IGOR.phone: "client"}
    assert await town.one("SELECT count(*) FROM deal") == 1
    assert len(await tasks(town)) == 1


def _same_person(tx: Transaction, contact: str) -> None:
    """Both their addresses are known to be one client's."""
    for table in ("conversation", "message", "task", "contact_identity", "phone_call"):
        tx.connection.execute(text(f"UPDATE {table} SET contact_id = :contact"), {"contact": contact})


async def test_a_call_whose_end_nobody_tells_is_called_back_like_a_missed_one(town: Town) -> None:
    fake = await exchange(town)
    await fake.play(fake.new_call(MARIA), scenes.rings(("101",)))
    await town.opened()
    assert await town.one("SELECT count(*) FROM deal") == 0, "it may still be answered"
    assert await town.one("SELECT inbound FROM conversation") == 1

    async def owed() -> bool:
        return len(await tasks(town)) == 1

    clock.turn(6 * MINUTE)
    try:
        town.gateway.bells.ring(["calls"])
        await until(owed)
    finally:
        clock.turn(-6 * MINUTE)
    assert await town.one("SELECT count(*) FROM deal") == 1
    assert await town.one("SELECT stale FROM phone_call") == 1


def test_nothing_of_a_fact_is_lost_on_the_way_to_the_rules() -> None:
    told = CallFact(
        key="k", call="c", at=1, authority="leg_end", phase="ended", direction="out", line="+7495", member="101",
        leg="leg", answered=False, started_at=2, answered_at=3, ended_at=4, talk_seconds=5, outcome="busy", command="d",
    )  # fmt: skip
    known = fact_of(told)
    for field in fields(known):
        if field.name not in ("client", "recording"):
            assert getattr(known, field.name) == getattr(told, field.name), field.name


async def test_a_call_that_hears_a_greeting_is_sent_on_to_its_person_once(town: Town) -> None:
    fake = await exchange(town)
    await person(town, "Анна", "101")
    scene, call = scenes.missed("101"), fake.new_call(MARIA)
    await fake.play(call, scene, order=[0], times=2)
    await town.opened()
    assert fake.routed == [], "nobody asked for it"
    await town.gateway.sources.change(town.sources["phone"], settings={"steer": "yes"})
    another = fake.new_call(IGOR)
    await fake.play(another, scene, order=[0], times=2)

    async def routed() -> bool:
        return len(fake.routed) > 0

    await until(routed)
    await fake.play(another, scene, order=[0, 1])
    await town.opened()
    assert [member for _, member in fake.routed] == ["101"]
    assert await town.one("SELECT count(*) FROM decision WHERE kind = 'call'") == 1
    fake.fail("refused")
    await fake.play(fake.new_call(MARIA), scene, order=[0])
    await town.opened()
    assert await town.one("SELECT count(*) FROM phone_call") == 3, (
        "what cannot be sent on is kept all the same"
    )
