"""A client whose call was missed is told so where a window is open: once, in decent hours, by a robot that answers nothing."""

from __future__ import annotations

from typing import Any

import pytest

from channels.fakes import Act
from gateway import switchboard
from gateway.switchboard import Switchboard, windows_of
from storage import apologies, calls
from tests.gateway.test_calls import exchange, person, tasks
from tests.gateway.town import IGOR, MARIA, Town, until

WORDS = "Видим ваш звонок, перезвоним."


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is day where the clients are, and nobody waits for what may follow."""
    monkeypatch.setattr(switchboard, "asks_first", lambda zone, now: False)
    monkeypatch.setattr(apologies, "PAUSE", -1)


async def house(town: Town, words: str = WORDS) -> Any:
    fake = await exchange(town)
    await town.connect("messenger1")
    await person(town, "Анна", "101")
    live = town.gateway.sources.get(town.sources["phone"])
    assert live is not None
    await town.gateway.sources.change(live.row.id, settings={"missed_reply": words})
    await town.say("messenger1", "Здравствуйте")
    await town.fakes["messenger1"].act(Act(client=MARIA, doing="contact"))
    await town.opened()
    return fake


async def said(town: Town) -> list[Any]:
    return await town.rows("SELECT state, text FROM message WHERE author_kind = 'robot'")


async def test_it_is_said_once_however_often_they_call(town: Town) -> None:
    fake = await house(town)
    for _ in range(2):
        await fake.act(Act(client=MARIA, doing="call_missed", member="101"))
        await town.opened()

        async def sent() -> bool:
            return bool(await said(town))

        await until(sent)
        await Switchboard(town.gateway)._apologise()

    assert [row.text for row in await said(town)] == [WORDS]
    (task,) = await tasks(town)
    assert task.done_at is None, "a robot's words are no contact"
    waits = await town.one("SELECT count(*) FROM conversation WHERE waiting_since IS NOT NULL")
    assert waits > 0, "and no answer"


@pytest.mark.parametrize("hindrance", ["nothing_to_say", "night", "no_window", "already_tried"])
async def test_it_is_not_said(town: Town, monkeypatch: pytest.MonkeyPatch, hindrance: str) -> None:
    fake = await house(town, "" if hindrance == "nothing_to_say" else WORDS)
    if hindrance == "night":
        monkeypatch.setattr(switchboard, "asks_first", lambda zone, now: True)
    if hindrance == "already_tried":
        monkeypatch.setattr(apologies, "PAUSE", 10**12)
    who = IGOR if hindrance == "no_window" else MARIA
    await fake.act(Act(client=who, doing="call_missed", member="101"))
    await town.opened()
    await Switchboard(town.gateway)._apologise()
    assert len(await tasks(town)) == 1
    assert await said(town) == []


async def test_who_was_reached_in_that_very_moment_is_told_nothing(town: Town) -> None:
    """The premise is looked at again where the words are said."""
    fake = await house(town, "")
    await fake.act(Act(client=MARIA, doing="call_missed", member="101"))
    await town.opened()
    now = town.gateway.now()
    (task,) = await town.gateway.database.read(apologies.owed, town.sources["phone"], now)
    await town.gateway.database.write(calls.close_call_backs, task.contact_id, town.admin, "reached")
    windows = windows_of(town.gateway)
    assert await town.gateway.database.write(apologies.tell, task, WORDS, windows) is None
    assert await said(town) == []
